//! Listens on loopback for the portal's answer; what counts as one, `Loopback` judges.
//!
//! Other requests, such as for an icon, are answered and forgotten.
//! Refuses to wait for ever.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use samtykke::provider::selvbetjening::Loopback;

use crate::io::Outcome;

/// A receiver that listens.
pub(crate) struct Listener {
    listener: TcpListener,
    receiver: Loopback,
}

impl Listener {
    pub(crate) fn open(port: u16, path: &str) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let receiver = Loopback::new(listener.local_addr()?.port(), path)?;
        Ok(Self { listener, receiver })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        self.receiver.redirect_uri()
    }

    /// The address that the browser arrives at.
    pub(crate) fn wait(mut self, limit: Duration) -> Outcome<String> {
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
            let answer = self.receiver.answer(&method, &target, &host);
            let (status, text) = match &answer {
                Ok(_) => (200, "Thank you. You can close this page.\n"),
                Err(status) => (*status, ""),
            };
            // A browser that has gone is no reason to stop.
            let _ = write!(
                stream,
                "HTTP/1.1 {status} \r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n{text}",
                text.len()
            );
            if let Ok(url) = answer {
                return Ok(url);
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
