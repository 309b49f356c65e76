//! What a step of this folder's machines comes to: a call of the API, a record stored.
//!
//! Sans-IO as the whole crate; RFC 9110. Refuses what nobody asked for, and to take an answer that is missing for one that says no.

use super::key::Key;
use crate::flow::machine::{Failure, Input, Kind};
use crate::flow::step::{CallRequest, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;

/// Whether `HelseID` does not know the client, or its key, yet or any more.
pub(super) fn invalid_client(error: &Error) -> bool {
    error.oauth().is_some_and(|oauth| oauth.is("invalid_client"))
}

/// Whether no answer came at all.
fn silent(error: &Error) -> bool {
    [&codes::NETWORK_ERROR, &codes::TIMEOUT].iter().any(|kind| error.code() == kind.code())
}

/// Whether a request may have been carried out although no proper answer came.
pub(super) fn unclear(error: &Error) -> bool {
    silent(error) || error.code() == codes::API_RESPONSE_MALFORMED.code() || error.status().is_some_and(|status| status >= 500)
}

/// Whether it is trouble that passes: of the network's, or the other side's.
pub(super) fn is_passing(error: &Error) -> bool {
    silent(error) || error.retryable() || error.status().is_some_and(|status| status == 429 || status >= 500)
}

/// A call with a token of this key's.
pub(super) fn call<T>(request: Request, key: &Key) -> Step<T> {
    Step::Call(CallRequest { request, key: key.reference().into() })
}

/// This record to be stored, in place of the one before.
pub(super) fn store<T>(record: impl Into<alloc::string::String>) -> Step<T> {
    Step::Store(Secret::new(record))
}

/// What a call came to.
///
/// # Errors
/// `transaction_used` where the input is of none.
pub(super) fn came(input: Input) -> Result<Result<Response>> {
    match input {
        Input::Response(response) => Ok(Ok(response)),
        Input::Refused(error) => Ok(Err(error)),
        Input::Failed(failure) if failure.is_of(Kind::Send) => Ok(Err(failed(failure))),
        _ => Err(used_error()),
    }
}

/// What became of a record to be stored.
///
/// # Errors
/// `transaction_used` where the input says nothing of that.
pub(super) fn stored(input: &Input) -> Result<Result<()>> {
    match input {
        Input::Stored => Ok(Ok(())),
        Input::Failed(failure) if failure.is_of(Kind::Store) => Ok(Err(failed(*failure))),
        _ => Err(used_error()),
    }
}

/// The error of a step that came to this.
pub(super) fn failed(failure: Failure) -> Error {
    failure.error(Phase::Api, false)
}

#[cold]
pub(super) fn used_error() -> Error {
    Error::new(&codes::TRANSACTION_USED).at(Phase::Api)
}
