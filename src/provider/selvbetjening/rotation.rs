//! A key replaced in two phases: the new one is added, proven by a token and a call of its own, and only then the old one goes.
//!
//! `POST` and `GET /v1/client-secret`; RFC 7638. Where an answer is lost, the service's list tells by the thumbprint.
//! Refuses to give up the old key before the new one is proven, and a second new key while one is on its way.

use alloc::boxed::Box;
use core::borrow::BorrowMut;

use super::calls::{call, came, store, stored, used_error};
use super::enrolment::Enrolment;
use super::key::{Key, SecretBody};
use super::refusal;
use super::registration::Registration;
use super::wait::{Pacing, Turn, Wait};
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Result, codes};

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotated {
    /// The new key: the enrolment's present one.
    pub key: Key,
    /// The old key. Its private part may go, with the tokens that were got with it.
    pub retired: Key,
    /// When the new key ends, in seconds since 1970, if the service says so.
    pub expires_at: Option<i64>,
    /// Whether the new key was registered by a request whose answer had been lost.
    pub recovered: bool,
}

/// A rotation. Whenever it ends early, by an error, a crash, or because it is asked no more, [`resume`](Self::resume) goes on with
/// the same new key; until it is done, the old one stays the enrolment's. A key that the service will not take is given up by
/// [`Abandon`](super::Abandon). The enrolment is yours or borrowed; it changes with each record that is stored.
///
/// ```
/// # use samtykke::{Response, Step};
/// # use samtykke::flow::machine::{Input, Machine, Moment};
/// # use samtykke::flow::step::CallRequest;
/// # use samtykke::provider::selvbetjening::{Enrolment, Environment, Key, PublicKey, Rotation};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let other = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
/// # let call = |wanted: CallRequest| Response::new(200, None, if wanted.request.method == "POST" { "" } else { r#"{"apiScopes":[]}"# });
/// # let (mut file, sleep) = (String::new(), |_: u32| {});
/// # let mut enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// let next = Key::new("key-2", PublicKey::parse(other)?)?; // its private part is safe already
/// let mut rotation = match enrolment.next_key() {
///     Some(_) => Rotation::resume(&mut enrolment)?,
///     None => Rotation::begin(&mut enrolment, next)?,
/// };
/// let mut input = Input::Start;
/// let rotated = loop {
///     input = match rotation.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
///         Step::Store(record) => {
///             file = record.expose().into();
///             Input::Stored
///         }
///         Step::Call(wanted) => Input::Response(call(wanted)), // with a token of the key of this name: the old one or the new one
///         Step::Sleep(milliseconds) => {
///             sleep(milliseconds);
///             Input::Slept
///         }
///         Step::Done(rotated) => break rotated,
///         _ => unreachable!("no other step"),
///     };
/// };
/// assert_eq!((enrolment.key(), rotated.retired.reference()), (&rotated.key, "key-1"));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Rotation<E> {
    enrolment: E,
    key: Key,
    registration: Registration,
    pacing: Pacing,
    state: State,
}

#[derive(Debug)]
enum State {
    Begin { resumed: bool },
    StoreNext,
    Register,
    Prove(Box<Wait>),
    StoreProven,
    Over,
}

impl<E: BorrowMut<Enrolment>> Rotation<E> {
    /// Begins, with a new key whose private part is safe already. First the record is stored, so that it is not lost.
    ///
    /// # Errors
    /// `transaction_used` while another new key is on its way: it may be registered. `invalid_parameter` for the present key.
    pub fn begin(enrolment: E, next: Key) -> Result<Self> {
        let Enrolment { key: old, next: other, .. } = enrolment.borrow();
        if other.is_some() {
            return Err(used_error().expected("the new key that is on its way, resumed"));
        }
        if old.reference() == next.reference() || old.public().thumbprint() == next.public().thumbprint() {
            return Err(refusal("a new key, with a name of its own"));
        }
        Ok(Self::new(enrolment, next, false))
    }

    /// Goes on with the new key of the record. Before it is registered a second time, it is looked for in the service's list.
    ///
    /// # Errors
    /// `transaction_missing` when none is on its way.
    pub fn resume(enrolment: E) -> Result<Self> {
        let next = enrolment.borrow().next.clone();
        let next = next.ok_or_else(|| Error::new(&codes::TRANSACTION_MISSING).expected("a new key on its way"))?;
        Ok(Self::new(enrolment, next, true))
    }

    fn new(enrolment: E, key: Key, resumed: bool) -> Self {
        let kept = enrolment.borrow();
        let registration = Registration::new(&kept.environment, &kept.key, &key, resumed);
        Self { enrolment, key, registration, pacing: Pacing::USABLE, state: State::Begin { resumed } }
    }

    /// How long the proof of the new key is waited for: [`Pacing::USABLE`] unless given.
    #[must_use]
    pub fn with_pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// How the new key stands in its request: as a text unless given.
    #[must_use]
    pub fn body(mut self, body: SecretBody) -> Self {
        self.registration.body = body;
        self
    }

    /// The wait for `HelseID` to know the new key, for progress; none before and after it.
    pub fn proof(&self) -> Option<&Wait> {
        match &self.state {
            State::Prove(wait) => Some(wait),
            _ => None,
        }
    }

    /// The enrolment with the new key on its way, or in its place.
    fn record(&self, proven: bool) -> Enrolment {
        let mut record = self.enrolment.borrow().clone();
        if proven {
            record.key = self.key.clone();
            record.key_expires_at = self.registration.expires_at;
            record.next = None;
        } else {
            record.next = Some(self.key.clone());
        }
        record
    }

    /// The call of the registration that is due; the first of the proof after it.
    fn register<T>(&mut self, now: u64) -> Result<Step<T>> {
        if let Some((request, key)) = self.registration.next()? {
            self.state = State::Register;
            return Ok(call(request, &key));
        }
        let wait = Wait::until_known(self.enrolment.borrow(), &self.key, self.pacing);
        self.state = State::Prove(Box::new(wait));
        self.prove(Input::Start, now)
    }

    fn prove<T>(&mut self, input: Input, now: u64) -> Result<Step<T>> {
        let State::Prove(wait) = &mut self.state else { return Err(used_error()) };
        Ok(match wait.turn(input, now)? {
            Turn::Call(call) => Step::Call(call),
            Turn::Sleep(milliseconds) => Step::Sleep(milliseconds),
            // The new key has a token, and the API takes it.
            Turn::Found(_) => {
                self.state = State::StoreProven;
                store(self.record(true).serialize())
            }
        })
    }

    fn rotated(&mut self) -> Rotated {
        let record = self.record(true);
        let before = core::mem::replace(self.enrolment.borrow_mut(), record);
        let Registration { expires_at, recovered, .. } = self.registration;
        Rotated { key: self.key.clone(), retired: before.key, expires_at, recovered }
    }

    /// As [`advance`](Machine::advance); `done` says what becomes of the outcome.
    pub(crate) fn step<T>(&mut self, input: Input, now: u64, done: fn(Rotated) -> T) -> Result<Step<T>> {
        match (&self.state, input) {
            (State::Begin { resumed: true }, Input::Start) => self.register(now),
            (State::Begin { .. }, Input::Start) => {
                self.state = State::StoreNext;
                Ok(store(self.record(false).serialize()))
            }
            (State::StoreNext, input) => {
                let kept = stored(&input)?;
                self.state = State::Over;
                kept?;
                let record = self.record(false);
                *self.enrolment.borrow_mut() = record;
                self.register(now)
            }
            (State::Register, input) => {
                let answer = came(input)?;
                self.state = State::Over;
                self.registration.take(answer)?;
                self.register(now)
            }
            (State::Prove(_), input) => self.prove(input, now),
            (State::StoreProven, input) => {
                let kept = stored(&input)?;
                self.state = State::Over;
                kept?;
                Ok(Step::Done(done(self.rotated())))
            }
            (State::Begin { .. } | State::Over, _) => Err(used_error()),
        }
    }
}

impl<E: BorrowMut<Enrolment> + Send + Sync> Machine for Rotation<E> {
    type Output = Rotated;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<Rotated>> {
        self.step(input, moment.now, |rotated| rotated)
    }
}
