//! Spans of requests for the crate `tracing`: method, host, and what came of it.
//!
//! Refuses to name more: paths, queries, headers and bodies may hold a token, a code or a person.

use bytes::Bytes;
use tracing::Span;
use tracing::field::{Empty, display};

use crate::flow::machine::Failure;

/// The span of one sending.
pub(super) fn request(request: &http::Request<Bytes>) -> Span {
    let host = request.uri().host().unwrap_or_default();
    let span = tracing::debug_span!("samtykke.request", method = Empty, host, status = Empty, failure = Empty);
    span.record("method", display(request.method()));
    span
}

/// What came of it.
pub(super) fn answered(span: &Span, outcome: core::result::Result<http::StatusCode, Failure>) {
    match outcome {
        Ok(status) => span.record("status", status.as_u16()),
        Err(failure) => span.record("failure", tracing::field::debug(failure)),
    };
}
