//! A receiver on loopback for the portal's answer: one GET on a path that nobody can guess.
//!
//! Its path is in the draft, so what arrives there belongs to that draft.
//! Refuses other paths, methods and names of this machine, and to wait for ever.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::Outcome;

/// A receiver that listens.
pub(crate) struct Listener {
    listener: TcpListener,
    port: u16,
    path: String,
}

impl Listener {
    pub(crate) fn open(port: u16, path: &str) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port, path: path.into() })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{}", self.port, self.path)
    }

    /// The address that the browser arrives at; other requests, such as for an icon, are answered and forgotten.
    pub(crate) fn wait(self, limit: Duration) -> Outcome<String> {
        let began = Instant::now();
        while began.elapsed() < limit {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            stream.set_nonblocking(false)?;
            let Some((method, target, host)) = head(&mut stream) else { continue };
            let (status, text) = if host != format!("localhost:{}", self.port) && host != format!("127.0.0.1:{}", self.port) {
                ("421 Misdirected Request", "")
            } else if target.split('?').next() != Some(&self.path) {
                ("404 Not Found", "")
            } else if method != "GET" {
                ("405 Method Not Allowed", "")
            } else {
                ("200 OK", "Thank you. You can close this page.\n")
            };
            // A browser that has gone is no reason to stop.
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
                text.len()
            );
            if status.starts_with("200") {
                return Ok(format!("http://localhost:{}{target}", self.port));
            }
        }
        Err("timeout: nobody confirmed. Nothing is lost: run this again to go on".into())
    }
}

/// Method, target and host of a request. Headers are read to their end, so that the browser gets the answer.
fn head(stream: &mut TcpStream) -> Option<(String, String, String)> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0 && head.len() < 65_536)?;
        head.extend_from_slice(part.get(..length)?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"))?.1;
    Some((method.into(), target.into(), host.trim().into()))
}
