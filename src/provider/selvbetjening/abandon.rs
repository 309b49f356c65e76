//! A new key given up: one that the service refuses for good, or that is lost, so that another can take its place.
//!
//! `GET /v1/client-secret`; RFC 7638. The old key reads the list first, which shows that the client can do without the new one.
//! Refuses to drop the new key where the old one is not taken any more: it may be the only one that the client has left.

use core::borrow::BorrowMut;

use super::api::Api;
use super::calls::{call, came, store, stored, used_error};
use super::enrolment::Enrolment;
use super::key::{Key, find_secret};
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Result, codes};

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
/// # use samtykke::Response;
/// # use samtykke::provider::selvbetjening::{Abandon, Enrolment, Environment, Key, PublicKey, Rotation};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let other = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
/// # let call = |_| Response::new(200, None, "[]");
/// # let moment = Moment { now: 1_700_000_000, random: &[7; 32] };
/// # let mut file = String::new();
/// # let mut enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// # let mut rotation = Rotation::begin(&mut enrolment, Key::new("key-2", PublicKey::parse(other)?)?)?;
/// # rotation.advance(Input::Start, &moment)?;
/// # rotation.advance(Input::Stored, &moment)?;
/// use samtykke::Step;
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// let mut abandon = Abandon::new(&mut enrolment)?;
/// let mut input = Input::Start;
/// let abandoned = loop {
///     input = match abandon.advance(input, &moment)? {
///         Step::Call(wanted) => Input::Response(call(wanted)), // with a token of the key of this name
///         Step::Store(record) => {
///             file = record.expose().into();
///             Input::Stored
///         }
///         Step::Done(abandoned) => break abandoned,
///         _ => unreachable!("nothing to wait for"),
///     };
/// };
/// assert_eq!((abandoned.key.reference(), abandoned.registered, enrolment.next_key()), ("key-2", false, None));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Abandon<E> {
    enrolment: E,
    key: Key,
    state: State,
}

#[derive(Debug)]
enum State {
    Begin,
    Look,
    Store { registered: bool },
    Over,
}

impl<E: BorrowMut<Enrolment>> Abandon<E> {
    /// Forget the tokens that are kept for the old key first: one that was got before the new key was registered outlives the
    /// old one, and says nothing of it. The enrolment is yours or borrowed; it changes when the record is stored.
    ///
    /// # Errors
    /// `transaction_missing` when no new key is on its way.
    pub fn new(enrolment: E) -> Result<Self> {
        let key =
            enrolment.borrow().next.clone().ok_or_else(|| Error::new(&codes::TRANSACTION_MISSING).expected("a new key on its way"))?;
        Ok(Self { enrolment, key, state: State::Begin })
    }

    /// As [`advance`](Machine::advance); `done` says what becomes of the outcome.
    pub(crate) fn step<T>(&mut self, input: Input, done: fn(Abandoned) -> T) -> Result<Step<T>> {
        match (&self.state, input) {
            (State::Begin, Input::Start) => {
                self.state = State::Look;
                let enrolment = self.enrolment.borrow();
                Ok(call(Api::new(&enrolment.environment).secrets().request, &enrolment.key))
            }
            (State::Look, input) => {
                let answer = came(input)?;
                self.state = State::Over;
                let enrolment = self.enrolment.borrow();
                let list = Api::new(&enrolment.environment).secrets().finish(&answer?)?;
                self.state = State::Store { registered: find_secret(&list, self.key.public()).is_some() };
                Ok(store(Enrolment { next: None, ..enrolment.clone() }.serialize()))
            }
            (&State::Store { registered }, input) => {
                let kept = stored(&input)?;
                self.state = State::Over;
                kept?;
                self.enrolment.borrow_mut().next = None;
                Ok(Step::Done(done(Abandoned { key: self.key.clone(), registered })))
            }
            _ => Err(used_error()),
        }
    }
}

impl<E: BorrowMut<Enrolment> + Send + Sync> Machine for Abandon<E> {
    type Output = Abandoned;

    fn advance(&mut self, input: Input, _: &Moment<'_>) -> Result<Step<Abandoned>> {
        self.step(input, |abandoned| abandoned)
    }
}
