//! What the operations of the protocol's and the providers' wasm read and write.

use alloc::string::String;

use super::{Lines, some};
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, number};

/// The error of a code that the host found.
pub(super) fn host_error(mut lines: Lines<'_>) -> Result<()> {
    let [code, phase, action] = lines.take();
    let known = codes::ALL.iter().find(|kind| kind.code() == code);
    let mut error = Error::new(known.unwrap_or(&&codes::INVALID_PARAMETER));
    if let Some(phase) = Phase::named(phase) {
        error = error.at(phase);
    }
    Err(match Action::named(action) {
        Some(action) => error.advise(action),
        None => error,
    })
}

pub(super) fn push_line(text: &mut String, value: &str) {
    let (first, mut rest) = cut(value, b'\n');
    text.push_str(first);
    while let Some(more) = rest {
        text.push_str(" ");
        let (next, after) = cut(more, b'\n');
        text.push_str(next);
        rest = after;
    }
    text.push_str("\n");
}

/// Repeatable or not, method, URL, headers as `name: value`, an empty line, the body as the rest.
pub(super) fn push_request(text: &mut String, request: &Request) {
    push_line(text, if request.repeatable { "1" } else { "" });
    push_line(text, request.method);
    push_line(text, &request.url);
    for (name, value) in &request.headers {
        text.push_str(name);
        text.push_str(": ");
        push_line(text, value.expose());
    }
    text.push('\n');
    text.push_str(request.body.as_ref().map_or("", Secret::expose));
}

/// What stands in a list, without its empty parts.
#[inline(never)]
pub(super) fn listed(list: &str, mark: u8) -> alloc::vec::Vec<&str> {
    let mut found = alloc::vec::Vec::new();
    let mut rest = Some(list);
    while let Some(list) = rest {
        let (one, after) = cut(list, mark);
        if !one.is_empty() {
            found.push(one);
        }
        rest = after;
    }
    found
}

/// Status, media type, `Retry-After`.
pub(super) fn response(lines: &mut Lines<'_>) -> Response {
    let status = number(lines.next()).and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let mut response = Response::new(status, some(lines.next()), "");
    response.retry_after = some(lines.next()).map(String::from);
    response
}
