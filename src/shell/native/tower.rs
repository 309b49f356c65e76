//! Any tower service as the client that sends: hyper's, or a stack of layers of the caller's own.
//!
//! Refuses nothing itself: what a service must do is what [`testing::conformance`](crate::native::testing) asks of it.

use alloc::boxed::Box;
use core::future::poll_fn;

use bytes::Bytes;
use tower_service::Service;

use crate::shell::native::sending::{Body, BoxFuture, Http, TransportError};

/// Sends by a tower service, a clone of it for each request.
///
/// ```
/// use samtykke::native::{Client, Tower, bytes::Bytes, http};
/// # use std::{convert::Infallible, future::{Ready, ready}, task::{Context, Poll}};
/// # #[derive(Clone)]
/// # struct Stack;
/// # struct Empty;
/// # impl http_body::Body for Empty {
/// #     type Data = Bytes;
/// #     type Error = Infallible;
/// #     fn poll_frame(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> { Poll::Ready(None) }
/// # }
/// # impl tower_service::Service<http::Request<Bytes>> for Stack {
/// #     type Response = http::Response<Empty>;
/// #     type Error = Infallible;
/// #     type Future = Ready<Result<Self::Response, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
/// #     fn call(&mut self, _: http::Request<Bytes>) -> Self::Future { ready(Ok(http::Response::new(Empty))) }
/// # }
/// # fn made(stack: Stack) {
/// let builder = Client::discover("https://op.example", "client-1").http(Tower::new(stack));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tower<S>(S);

impl<S> Tower<S> {
    /// Sends by this service.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, B> Http for Tower<S>
where
    S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + Sync,
    S::Future: Send,
    S::Error: Into<Box<dyn core::error::Error + Send + Sync>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn core::error::Error + Send + Sync>>,
{
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, core::result::Result<http::Response<Body>, TransportError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|context| service.poll_ready(context)).await.map_err(TransportError::new)?;
            Ok(service.call(request).await.map_err(TransportError::new)?.map(Body::new))
        })
    }
}
