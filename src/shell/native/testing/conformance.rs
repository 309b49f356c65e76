//! What an adapter must do, asked of it over loopback: each rule of [`Http`] is one exchange with a small server.
//!
//! RFC 9110, RFC 9700 section 4.12. Refuses an adapter at the first rule that it breaks, saying which.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::shell::native::sending::{Body, Http};

type Outcome<T> = core::result::Result<T, String>;

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks of an adapter what every [`Http`] must do, by a server on loopback that this function runs. Needs tokio's runtime.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # #[cfg(feature = "reqwest")]
/// samtykke::native::testing::conformance(&samtykke::native::Reqwest::with(|builder| builder.no_proxy())?).await?;
/// # Ok(()) }) }
/// ```
///
/// # Errors
/// The first rule that is broken, in words.
pub async fn conformance(http: &dyn Http) -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let asking = Asking { http, listener, port };
    asking.sends_as_it_is().await?;
    asking.follows_nothing().await?;
    asking.keeps_every_value().await?;
    asking.keeps_no_cookie().await?;
    asking.undoes_no_coding().await?;
    asking.answers_with_the_head().await?;
    asking.tells_a_cut().await?;
    asking.repeats_nothing().await?;
    asking.ends_when_dropped().await
}

struct Asking<'a> {
    http: &'a dyn Http,
    listener: TcpListener,
    port: u16,
}

impl Asking<'_> {
    fn request(&self, path: &str) -> http::Request<Bytes> {
        let uri = format!("http://127.0.0.1:{}{path}", self.port);
        http::Request::builder().uri(uri).body(Bytes::new()).unwrap_or_default()
    }

    /// Takes one request from the wire, and answers these octets; the connection is given back.
    async fn serve(&self, answer: &[u8]) -> Outcome<(String, TcpStream)> {
        let (mut stream, _) = self.listener.accept().await.map_err(|error| error.to_string())?;
        let head = receive(&mut stream).await?;
        stream.write_all(answer).await.map_err(|error| error.to_string())?;
        Ok((head, stream))
    }

    /// Sends, serves, and gives both sides.
    async fn exchange(&self, request: http::Request<Bytes>, answer: &[u8]) -> Outcome<(String, http::Response<Body>)> {
        let both = both(self.http.send(request), self.serve(answer));
        let (answered, served) = timeout(PATIENCE, both).await.map_err(|_| "no answer in time".to_owned())?;
        let (head, _) = served?;
        Ok((head, answered.map_err(|error| format!("an answer was refused: {error}"))?))
    }

    async fn sends_as_it_is(&self) -> Outcome<()> {
        let mut request = self.request("/a%2Fb?c=%20d");
        *request.method_mut() = http::Method::POST;
        *request.body_mut() = Bytes::from_static(b"one=two");
        request.headers_mut().insert("content-type", http::HeaderValue::from_static("application/x-www-form-urlencoded"));
        let (head, answer) = self.exchange(request, &closed("200 OK", "content-length: 2", "ok")).await?;
        holds(head.starts_with("POST /a%2Fb?c=%20d HTTP/1.1\r\n"), "method and target are sent as they are")?;
        holds(head.ends_with("\r\n\r\none=two"), "the body is sent as it is")?;
        holds(answer.status() == http::StatusCode::OK && whole(answer).await? == b"ok", "status and body come as they are")
    }

    async fn follows_nothing(&self) -> Outcome<()> {
        let location = format!("location: http://127.0.0.1:{}/elsewhere\r\ncontent-length: 0", self.port);
        let (_, answer) = self.exchange(self.request("/"), &closed("302 Found", &location, "")).await?;
        holds(answer.status() == http::StatusCode::FOUND, "a redirect is an answer, and is not followed")
    }

    async fn keeps_every_value(&self) -> Outcome<()> {
        let headers = "www-authenticate: DPoP error=\"invalid_token\"\r\nwww-authenticate: Bearer\r\ncontent-length: 0";
        let (_, answer) = self.exchange(self.request("/"), &closed("401 Unauthorized", headers, "")).await?;
        holds(answer.headers().get_all("www-authenticate").iter().count() == 2, "a header that comes twice is kept twice")
    }

    async fn keeps_no_cookie(&self) -> Outcome<()> {
        self.exchange(self.request("/"), &closed("200 OK", "set-cookie: a=b; path=/\r\ncontent-length: 0", "")).await?;
        let (head, _) = self.exchange(self.request("/"), &closed("200 OK", "content-length: 0", "")).await?;
        holds(!head.to_ascii_lowercase().contains("\r\ncookie:"), "no cookie is kept and sent")
    }

    async fn undoes_no_coding(&self) -> Outcome<()> {
        let (head, answer) =
            self.exchange(self.request("/"), &closed("200 OK", "content-encoding: gzip\r\ncontent-length: 3", "raw")).await?;
        holds(!head.to_ascii_lowercase().contains("\r\naccept-encoding:"), "no coding is asked for")?;
        holds(whole(answer).await? == b"raw", "no coding is undone")
    }

    async fn answers_with_the_head(&self) -> Outcome<()> {
        let sent = self.http.send(self.request("/"));
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nha";
        let (answer, served) =
            timeout(PATIENCE, both(sent, self.serve(head))).await.map_err(|_| "the answer is given once its head is there".to_owned())?;
        let (_, mut stream) = served?;
        let mut body = answer.map_err(|error| error.to_string())?.into_body();
        let first = timeout(PATIENCE, body.chunk()).await.map_err(|_| "parts of a body are given as they come".to_owned())?;
        holds(matches!(first, Some(Ok(part)) if &part[..] == b"ha"), "parts of a body are given as they come")?;
        stream.write_all(b"lf").await.map_err(|error| error.to_string())?;
        let rest = timeout(PATIENCE, body.chunk()).await.map_err(|_| "the rest of a body is given".to_owned())?;
        holds(matches!(rest, Some(Ok(part)) if &part[..] == b"lf"), "the rest of a body is given")
    }

    async fn tells_a_cut(&self) -> Outcome<()> {
        let (_, answer) = self.exchange(self.request("/"), &closed("200 OK", "content-length: 9", "cut")).await?;
        holds(whole(answer).await.is_err(), "a body that breaks off is an error, never a short body")
    }

    async fn repeats_nothing(&self) -> Outcome<()> {
        let sent = self.http.send(self.request("/"));
        let served = async {
            // Closed without a word, which some clients take for leave to try again.
            drop(self.serve(b"").await?.1);
            Outcome::Ok(timeout(Duration::from_millis(300), self.serve(b"")).await.is_ok())
        };
        let (answer, again) = timeout(PATIENCE, both(sent, served)).await.map_err(|_| "no answer in time".to_owned())?;
        holds(answer.is_err(), "a connection that closes without an answer is an error")?;
        holds(!again?, "nothing is sent twice")
    }

    async fn ends_when_dropped(&self) -> Outcome<()> {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
        let sent = self.http.send(self.request("/"));
        let (answer, served) = timeout(PATIENCE, both(sent, self.serve(head))).await.map_err(|_| "no answer in time".to_owned())?;
        let (_, mut stream) = served?;
        drop(answer);
        let mut left = [0; 16];
        let ended = timeout(PATIENCE, stream.read(&mut left)).await;
        holds(matches!(ended, Ok(Ok(0) | Err(_))), "a body that is dropped ends its connection")
    }
}

/// What two futures give, carried on side by side.
async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(value) = one.as_mut().poll(context)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = other.as_mut().poll(context)
        {
            second = Some(value);
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

fn holds(is: bool, rule: &str) -> Outcome<()> {
    if is { Ok(()) } else { Err(rule.to_owned()) }
}

/// An answer after which the connection is closed.
fn closed(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

/// Head and body of a request, as they came.
async fn receive(stream: &mut TcpStream) -> Outcome<String> {
    let mut octets = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(text);
            }
        }
        let read = stream.read(&mut part).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("a request that breaks off".to_owned());
        }
        octets.extend_from_slice(part.get(..read).unwrap_or_default());
    }
}

async fn whole(answer: http::Response<Body>) -> Outcome<Vec<u8>> {
    let mut body = answer.into_body();
    let mut octets = Vec::new();
    while let Some(part) = timeout(PATIENCE, body.chunk()).await.map_err(|_| "a body that does not end".to_owned())? {
        octets.extend_from_slice(&part.map_err(|error| error.to_string())?);
    }
    Ok(octets)
}
