//! The HTTP client of the caller's choice, behind one small trait; requests and answers as the crate `http` has them.
//!
//! RFC 9110. What an adapter must do is what [`testing::conformance`](crate::native::testing) asks of it.
//! Refuses nothing itself: the driver bounds time and octets, the core judges what came.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};

use bytes::Bytes;

/// A future that can be held and sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests: reqwest, hyper, a tower service, a client of your own.
///
/// It sends each request once, as it is: it follows no redirect, repeats nothing, keeps and sends no cookie, takes no answer from a
/// cache, and undoes no coding of the body. It answers as soon as the head is there, the body being read by the driver, which has a
/// clock and a limit of its own. A dropped future, or a dropped body, ends the request.
///
/// ```
/// use samtykke::native::{Body, BoxFuture, Http, TransportError, bytes::Bytes, http};
///
/// struct Nobody;
///
/// impl Http for Nobody {
///     fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
///         Box::pin(async { Err(TransportError::new("nobody is there")) })
///     }
/// }
/// let http: std::sync::Arc<dyn Http> = std::sync::Arc::new(Nobody);
/// ```
pub trait Http: Send + Sync {
    /// Sends a request once, and answers once the head of the answer is there, whatever its status.
    ///
    /// # Errors
    /// When there is no connection, or none that brings a head.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, core::result::Result<http::Response<Body>, TransportError>>;

    /// Whether connections present a client certificate (RFC 8705): then requests go to the server's addresses for those, and a client
    /// may authenticate by it.
    fn has_certificate(&self) -> bool {
        false
    }
}

/// Why no answer came, or not the whole of one. What it shows is the cause, never a header or a body.
#[derive(Clone, Debug)]
pub struct TransportError(Arc<dyn core::error::Error + Send + Sync>);

impl TransportError {
    /// An error with its cause.
    pub fn new(cause: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

impl core::fmt::Display for TransportError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

impl core::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}

type Frames = Pin<Box<dyn http_body::Body<Data = Bytes, Error = TransportError> + Send>>;

/// The body of an answer: octets that come in parts.
pub struct Body(Option<Frames>);

impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Body(…)")
    }
}

impl Body {
    /// No octets.
    pub fn empty() -> Self {
        Self(None)
    }

    /// A body of another crate's, such as reqwest's or hyper's.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn core::error::Error + Send + Sync>>,
    {
        Self(Some(Box::pin(Foreign(Box::pin(body)))))
    }

    /// The next octets; `None` at the end.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn chunk(&mut self) -> Option<core::result::Result<Bytes, TransportError>> {
        loop {
            let frame = poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut *self), context)).await?;
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(octets)) => return Some(Ok(octets)),
                // Trailers, of which nothing is read.
                Ok(Err(_)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl From<Bytes> for Body {
    fn from(octets: Bytes) -> Self {
        Self(Some(Box::pin(Whole(Some(octets).filter(|octets| !octets.is_empty())))))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<core::result::Result<http_body::Frame<Bytes>, TransportError>>> {
        self.0.as_mut().map_or(Poll::Ready(None), |body| body.as_mut().poll_frame(context))
    }
}

/// Octets that are there.
struct Whole(Option<Bytes>);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<core::result::Result<http_body::Frame<Bytes>, TransportError>>> {
        Poll::Ready(self.0.take().map(|octets| Ok(http_body::Frame::data(octets))))
    }
}

/// Another crate's body, its errors taken over.
struct Foreign<B>(Pin<Box<B>>);

impl<B> http_body::Body for Foreign<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn core::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<core::result::Result<http_body::Frame<Bytes>, TransportError>>> {
        self.0.as_mut().poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(TransportError::new)))
    }
}
