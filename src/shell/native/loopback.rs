//! The browser's way back to a command line: a listener on this machine for one answer.
//!
//! RFC 8252 section 7.3. Refuses other hosts than loopback, other paths and methods, heads over 16 KiB, and to wait for ever.

use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Instant;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::uri::Uri;

/// Octets of a request's head.
const MAX_HEAD: u64 = 16_384;
/// How long one connection may take.
const CONNECTION: Duration = Duration::from_secs(5);
/// Connections that are read at once; a browser opens some that it never uses.
const MOST: usize = 16;
/// How often the listener looks whether it is wanted still.
const PACE: Duration = Duration::from_millis(20);

/// Waits on this machine for the browser to come back from a login. Bind it before the person is sent away, so that no answer is
/// missed.
///
/// ```
/// use std::time::Duration;
/// use samtykke::native::Loopback;
/// let loopback = Loopback::bind("http://127.0.0.1:0/callback")?; // port 0: whichever is free
/// let redirect_uri = loopback.redirect_uri().to_owned(); // for the client
/// # std::thread::spawn({ let uri = redirect_uri.clone(); move || { use std::io::Write;
/// #     let place = uri.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
/// #     write!(std::net::TcpStream::connect(place).unwrap(), "GET /callback?code=c&state=s HTTP/1.1\r\n\r\n").unwrap() } });
/// let callback = loopback.wait(Duration::from_secs(300))?; // in async code: `callback(…).await`
/// assert_eq!(callback, format!("{redirect_uri}?code=c&state=s"));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    redirect_uri: String,
    /// What stands before the path.
    origin: String,
    path: String,
    page: String,
}

fn wrong(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_CONFIGURATION).expected(expected)
}

impl Loopback {
    /// Listens at a redirect URI: `http`, the host `127.0.0.1`, `[::1]` or `localhost`, a port (0 for any that is free), a path.
    ///
    /// # Errors
    /// `invalid_configuration`, also where somebody else listens there.
    pub fn bind(redirect_uri: &str) -> Result<Self> {
        let expected = "redirect_uri: http on 127.0.0.1, [::1] or localhost, with a port and a path, without a query";
        let uri = Uri::parse(redirect_uri).filter(|uri| uri.is_scheme("http") && uri.query.is_none() && uri.fragment.is_none());
        let uri = uri.ok_or_else(|| wrong(expected))?;
        let host = uri.host.filter(|host| ["127.0.0.1", "[::1]", "localhost"].contains(host)).ok_or_else(|| wrong(expected))?;
        let port: u16 = uri.port.unwrap_or("80").parse().map_err(|_| wrong(expected))?;
        if !uri.path.starts_with('/') {
            return Err(wrong(expected));
        }
        let taken = |cause| wrong("a port on this machine that nobody listens at").because(Some(cause));
        let listener = TcpListener::bind((host.trim_matches(['[', ']']), port)).map_err(taken)?;
        listener.set_nonblocking(true).map_err(taken)?;
        let port = listener.local_addr().map_err(taken)?.port();
        let origin = alloc::format!("http://{host}:{port}");
        // As it was written where it is whole: a redirect URI is compared octet by octet.
        let redirect_uri = if uri.port == Some("0") { alloc::format!("{origin}{}", uri.path) } else { redirect_uri.into() };
        let origin = redirect_uri.strip_suffix(uri.path).unwrap_or(&origin).into();
        Ok(Self { listener, origin, path: uri.path.into(), redirect_uri, page: "You can close this page.\n".into() })
    }

    /// What the person sees when they are back, as plain text.
    #[must_use]
    pub fn page(self, text: impl Into<String>) -> Self {
        Self { page: text.into(), ..self }
    }

    /// The redirect URI, with the port that was found.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the browser, and gives the address that it came to, for [`Callback::Url`](crate::Callback::Url). Blocks the thread.
    ///
    /// # Errors
    /// `timeout` when nobody came; `invalid_configuration` where the listener fails.
    pub fn wait(self, timeout: Duration) -> Result<String> {
        self.serve(timeout, &AtomicBool::new(false))
    }

    /// As [`wait`](Self::wait), in a thread of its own, which ends when the future is dropped.
    ///
    /// # Errors
    /// As there.
    pub async fn callback(self, timeout: Duration) -> Result<String> {
        let unwanted = Unwanted(Arc::new(AtomicBool::new(false)));
        let flag = unwanted.0.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = tell.send(self.serve(timeout, &flag));
        });
        told.await.unwrap_or_else(|_| Err(wrong("a listener that goes on")))
    }

    fn serve(self, timeout: Duration, unwanted: &AtomicBool) -> Result<String> {
        let start = Instant::now();
        let (tell, told) = channel();
        let served = Arc::new((self.path, self.page));
        let open = Arc::new(AtomicUsize::new(0));
        while start.elapsed() < timeout && !unwanted.load(Ordering::Relaxed) {
            match self.listener.accept() {
                Ok((stream, _)) if open.load(Ordering::Relaxed) < MOST => {
                    let (tell, served, open) = (tell.clone(), served.clone(), open.clone());
                    open.fetch_add(1, Ordering::Relaxed);
                    std::thread::spawn(move || {
                        let _ = answer(&stream, &served.0, &served.1, &tell);
                        open.fetch_sub(1, Ordering::Relaxed);
                    });
                }
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(wrong("a listener that goes on").because(Some(error))),
            }
            match told.recv_timeout(PACE) {
                Ok(target) => {
                    let target: String = target;
                    return Ok([self.origin.as_str(), target.as_str()].concat());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Err(Error::new(&codes::TIMEOUT).at(Phase::Callback).expected("the browser, back from the login"))
    }
}

/// Says so when the future is dropped.
struct Unwanted(Arc<AtomicBool>);

impl Drop for Unwanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers one request; tells the target of one for the path.
fn answer(mut stream: &TcpStream, path: &str, page: &str, tell: &Sender<String>) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(CONNECTION))?;
    stream.set_write_timeout(Some(CONNECTION))?;
    let end = Instant::now();
    let mut lines = BufReader::new(stream).take(MAX_HEAD).lines();
    let line = lines.next().transpose()?.unwrap_or_default();
    // To the end of the headers, so that the browser gets the answer; one that drips is left alone.
    for line in lines {
        if line?.is_empty() || end.elapsed() > CONNECTION {
            break;
        }
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let ours = method == "GET" && target.split('?').next() == Some(path);
    let (status, text) = if ours { ("200 OK", page) } else { ("404 Not Found", "") };
    let headers = "content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close";
    let shown = write!(stream, "HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    // Whoever closed the page at once has come back all the same.
    if ours {
        let _ = tell.send(target.into());
    }
    shown
}
