//! Answers that are not what was begun: of another client, by another way, signed where none was asked for, or the other way round.
//!
//! Says what differs and what to call (OAuth 2.0 Multiple Response Type Encoding Practices, JARM section 2.3). A page has no room for it.

use alloc::string::String;

use crate::ground::error::shown::display_text;
use crate::ground::error::{Action, Error, Kind, codes};
use crate::ground::lean::LEAN;

/// Says what differs between this client and the one that began a flow: issuer, client id, redirect URI. A page says that it does.
pub(crate) fn mismatch(ours: [&str; 3], begun: [&str; 3]) -> Error {
    let error = Error::new(&codes::TRANSACTION_MISMATCH);
    if LEAN {
        return error;
    }
    let pairs = ["issuer ", "client_id ", "redirect_uri "].into_iter().zip(ours.into_iter().zip(begun));
    match pairs.into_iter().find(|(_, (one, other))| one != other) {
        Some((name, (one, other))) => error.expected([name, one].concat()).found(display_text([name, other].concat().as_bytes())),
        None => error,
    }
}

/// The error of an answer that is handed to the judge of another kind.
pub(super) fn other_finish(expected: &'static str, mode: &str) -> Error {
    let error = Error::new(&codes::CALLBACK_MALFORMED).expected(expected).advise(Action::FixConfiguration);
    error.actual(mode).with_hint("The flow was begun with another response_mode than this finishes.")
}

/// The error of an answer that is signed though none was asked for.
pub(super) fn signed() -> Error {
    let error =
        Error::new_expected(&codes::STATE_MISSING, "an answer that is not signed; a signed one goes to finishJarm (in Rust finish_jarm)");
    error
        .advise(Action::FixConfiguration)
        .with_hint("The server signs its answers to this client: begin with response_mode jwt, and finish so.")
}

/// The error of an answer that travels otherwise than it was asked to.
pub(super) fn misplaced(kind: &'static Kind, mode: &str, found: &'static str) -> Error {
    if LEAN {
        return Error::new(kind);
    }
    let mut expected = String::from("an answer by ");
    expected.push_str(mode);
    expected.push_str(", the response_mode that was asked for");
    let error = Error::new(kind).expected(expected).actual(found).advise(Action::FixConfiguration);
    error.with_hint("The server ignores response_mode: begin with the way in which it answers, and hand on what came in that way.")
}
