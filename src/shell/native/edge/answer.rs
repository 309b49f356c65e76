//! What the handlers answer: never cached, never telling the next page where it came from; failures as code, action and status.
//!
//! RFC 9700 section 4.2.4. Refuses to show anything else of an error.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Action, Error};
use crate::ground::json::Writer;
use crate::ground::text::decimal;

/// An answer of a handler's.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) allow: Option<&'static str>,
    pub(crate) cookies: Vec<String>,
    pub(crate) json: Option<String>,
}

impl Answer {
    pub(crate) fn of(status: u16) -> Self {
        Self { status, location: None, allow: None, cookies: Vec::new(), json: None }
    }

    /// Sends the browser on, by GET.
    pub(crate) fn to(location: impl Into<String>, cookies: Vec<String>) -> Self {
        Self { location: Some(location.into()), cookies, ..Self::of(303) }
    }

    /// A failure, with cookies that are deleted all the same.
    pub(crate) fn from_error(error: &Error, cookies: Vec<String>) -> Self {
        Self { cookies, json: Some(told(error)), ..Self::of(status(error)) }
    }
}

/// The status of an error's answer.
pub(crate) fn status(error: &Error) -> u16 {
    match error.code() {
        "origin_refused" => 403,
        "method_refused" => 405,
        "session_unavailable" => 503,
        "session_stale" | "session_missing" => 401,
        _ if error.action() == Action::TryLater => 502,
        _ => 400,
    }
}

/// Code, action and status, as JSON.
pub(crate) fn told(error: &Error) -> String {
    let mut json = Writer::new();
    json.string("code", error.code()).string("action", error.action().as_str()).raw("status", &decimal(status(error).into()));
    json.take()
}
