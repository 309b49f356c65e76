//! A new key given up: one that the service refuses for good, or that is lost, so that another can take its place.
//!
//! `GET /v1/client-secret`; RFC 7638. The old key reads the list first, which shows that the client can do without the new one.
//! Refuses to drop the new key where the old one is not taken any more: it may be the only one that the client has left.

use core::time::Duration;

use super::api::Api;
use super::enrolment::Enrolment;
use super::key::Key;
use super::key::find_secret;
use super::process::{Next, Order, Process, used_error};
use crate::ground::error::{Error, Result, codes};
use crate::ground::http::Response;

/// A key that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abandoned {
    /// The key. Its private part may go.
    pub key: Key,
    /// Whether the service's list names it: then it stays registered until it ends, or somebody takes it away in the portal.
    pub registered: bool,
}

/// Gives up the new key of a [`Rotation`](super::Rotation) that cannot be brought to its end. The old key stays the enrolment's.
///
/// ```
/// # use core::time::Duration;
/// # use samtykke::{Response, Result};
/// # use samtykke::provider::selvbetjening::{Abandon, Enrolment, Environment, Key, Next, Order, Process, PublicKey, Rotation};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let other = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
/// # let call = |_: Order| -> Result<Response> { Ok(Response::new(200, None, "[]")) };
/// # let now = Duration::from_secs(1_700_000_000);
/// # let mut file = String::new();
/// # let mut enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// # let mut rotation = Rotation::begin(&mut enrolment, Key::new("key-2", PublicKey::parse(other)?)?)?;
/// # if let Next::Store(_) = rotation.step(now)? { rotation.accept_stored()?; }
/// let mut abandon = Abandon::new(&mut enrolment)?;
/// let abandoned = loop {
///     match abandon.step(now)? {
///         Next::Send(order) => abandon.receive(call(order), now)?,
///         Next::Store(record) => {
///             file = record;
///             abandon.accept_stored()?;
///         }
///         Next::Done(abandoned) => break abandoned,
///         _ => unreachable!("nothing to wait for"),
///     }
/// };
/// assert_eq!((abandoned.key.reference(), abandoned.registered, enrolment.next_key()), ("key-2", false, None));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Abandon<'e> {
    enrolment: &'e mut Enrolment,
    key: Key,
    state: State,
}

#[derive(Debug)]
enum State {
    Look,
    Store { registered: bool },
    End { registered: bool },
    Over,
}

impl<'e> Abandon<'e> {
    /// Forget the tokens that are kept for the old key first: one that was got before the new key was registered outlives the
    /// old one, and says nothing of it.
    ///
    /// # Errors
    /// `transaction_missing` when no new key is on its way.
    pub fn new(enrolment: &'e mut Enrolment) -> Result<Self> {
        let key = enrolment.next.clone().ok_or_else(|| Error::new(&codes::TRANSACTION_MISSING).expected("a new key on its way"))?;
        Ok(Self { enrolment, key, state: State::Look })
    }

    fn record(&self) -> Enrolment {
        Enrolment { next: None, ..self.enrolment.clone() }
    }
}

impl Process for Abandon<'_> {
    type Done = Abandoned;

    fn step(&mut self, _: Duration) -> Result<Next<Abandoned>> {
        match self.state {
            State::Look => {
                let request = Api::new(&self.enrolment.environment).secrets().request;
                Ok(Next::Send(Order { request, key: Some(self.enrolment.key.clone()) }))
            }
            State::Store { .. } => Ok(Next::Store(self.record().serialize())),
            State::End { registered } => {
                self.state = State::Over;
                Ok(Next::Done(Abandoned { key: self.key.clone(), registered }))
            }
            State::Over => Err(used_error()),
        }
    }

    fn accept_stored(&mut self) -> Result<()> {
        let State::Store { registered } = self.state else { return Err(used_error()) };
        self.enrolment.next = None;
        self.state = State::End { registered };
        Ok(())
    }

    /// As [`Process::receive`]; after an error the new key is still on its way, and the list may be asked for again.
    fn receive(&mut self, answer: Result<Response>, _: Duration) -> Result<()> {
        if !matches!(self.state, State::Look) {
            return Err(used_error());
        }
        let list = Api::new(&self.enrolment.environment).secrets().finish(&answer?)?;
        self.state = State::Store { registered: find_secret(&list, self.key.public()).is_some() };
        Ok(())
    }
}
