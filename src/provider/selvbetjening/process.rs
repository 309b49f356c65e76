//! What every process of this folder says next: store this, send that, wait, done.
//!
//! Sans-IO as the whole crate: the caller stores, signs, sends and sleeps; to break off, it asks no more.
//! Refuses answers nobody asked for, and to hand out a second time what may have been carried out already.

use alloc::string::String;
use core::time::Duration;

use super::client::CurrentClient;
use super::key::Key;
use crate::flow::machine::{Input, Kind};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};

/// What to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Next<T> {
    /// Store this record in place of the one before; when it is safe, say [`accept_stored`](Process::accept_stored). It holds no secret.
    Store(String),
    /// Send this, and hand what came of it to [`receive`](Process::receive).
    Send(Order),
    /// Wait that long, then ask again.
    Sleep(Pause),
    /// The outcome.
    Done(T),
}

/// A request, and whose token goes with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Order {
    /// The request, without token and proof. `repeatable` says whether it may be sent again after an unclear failure.
    pub request: Request,
    /// The key that the token (of [`RESOURCE`](super::RESOURCE), [`SCOPE`](super::SCOPE)) is got with and bound to; `None`: no
    /// token, as the API key is in the request.
    pub key: Option<Key>,
}

/// A pause of a wait, for progress.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pause {
    /// How long, from now.
    pub duration: Duration,
    /// How often was asked so far.
    pub attempts: u32,
    /// Since the wait began.
    pub elapsed: Duration,
    /// The last answer, where there was one.
    pub client: Option<CurrentClient>,
}

/// Something that takes several requests, and can be taken up again after each: [`Drafting`](super::Drafting),
/// [`Wait`](super::Wait), [`Rotation`](super::Rotation), [`Abandon`](super::Abandon), [`Update`](super::Update).
///
/// Times are since 1970, by the caller's clock. One loop drives them all:
///
/// ```
/// use core::time::Duration;
/// use samtykke::{Response, Result};
/// use samtykke::provider::selvbetjening::{Next, Order, Process};
///
/// fn drive<P: Process>(
///     mut process: P,
///     now: impl Fn() -> Duration,
///     store: impl Fn(&str),                          // a file that is replaced whole, a row
///     send: impl Fn(Order) -> Result<Response>,      // with a token of the order's key, and a proof
///     sleep: impl Fn(Duration),
/// ) -> Result<P::Done> {
///     loop {
///         match process.step(now())? {
///             Next::Store(record) => {
///                 store(&record);
///                 process.accept_stored()?;
///             }
///             Next::Send(order) => process.receive(send(order), now())?,
///             Next::Sleep(pause) => sleep(pause.duration),
///             Next::Done(done) => return Ok(done),
///             _ => unreachable!("no other step"),
///         }
///     }
/// }
/// ```
pub trait Process {
    /// The outcome.
    type Done;

    /// What to do next.
    ///
    /// # Errors
    /// `transaction_used` when a request that must not be sent twice is out, or all is over.
    fn step(&mut self, now: Duration) -> Result<Next<Self::Done>>;

    /// The record of [`Next::Store`] is safe.
    ///
    /// # Errors
    /// `transaction_used` unless one was to be stored.
    fn accept_stored(&mut self) -> Result<()>;

    /// Takes what came of the request of [`Next::Send`]: the API's answer, whatever its status; or the error of the token's
    /// request; or, when no answer came, `network_error` or `timeout` ([`codes`](crate::ground::error::codes)).
    ///
    /// # Errors
    /// Those of the call, when they end the process. `transaction_used` unless a request is out.
    fn receive(&mut self, answer: Result<Response>, now: Duration) -> Result<()>;
}

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

/// What a call came to, where this input is of one.
pub(super) fn came(input: Input) -> Option<Result<Response>> {
    Some(match input {
        Input::Response(response) => Ok(response),
        Input::Refused(error) => Err(error),
        Input::Failed(failure) if failure.is_of(Kind::Send) => Err(failure.error(Phase::Api, false)),
        _ => return None,
    })
}

#[cold]
pub(super) fn used_error() -> Error {
    Error::new(&codes::TRANSACTION_USED).at(Phase::Api)
}
