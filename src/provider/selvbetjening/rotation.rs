//! A key replaced in two phases: the new one is added, proven by a token and a call of its own, and only then the old one goes.
//!
//! `POST` and `GET /v1/client-secret`; RFC 7638. Where an answer is lost, the service's list tells by the thumbprint.
//! Refuses to give up the old key before the new one is proven, and a second new key while one is on its way.

use alloc::boxed::Box;
use core::time::Duration;

use super::enrolment::Enrolment;
use super::key::{Key, SecretBody};
use super::process::{Next, Order, Process, used_error};
use super::refusal;
use super::registration::Registration;
use super::wait::{Pacing, Wait};
use crate::ground::error::{Error, Result, codes};
use crate::ground::http::Response;

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
/// [`Abandon`](super::Abandon).
///
/// ```
/// # use core::time::Duration;
/// # use samtykke::{Response, Result};
/// # use samtykke::provider::selvbetjening::{Enrolment, Environment, Key, Next, Pacing, Process, PublicKey, Rotation};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let other = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
/// # let call = |order: samtykke::provider::selvbetjening::Order| -> Result<Response> { Ok(Response::new(200, None, if order.request.method == "POST" { "" } else { r#"{"apiScopes":[]}"# })) };
/// # let now = Duration::from_secs(1_700_000_000);
/// # let (mut file, sleep) = (String::new(), |_| {});
/// # let mut enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// let next = Key::new("key-2", PublicKey::parse(other)?)?; // its private part is safe already
/// let mut rotation = match enrolment.next_key() {
///     Some(_) => Rotation::resume(&mut enrolment)?,
///     None => Rotation::begin(&mut enrolment, next)?,
/// };
/// let rotated = loop {
///     match rotation.step(now)? {
///         Next::Store(record) => {
///             file = record;
///             rotation.accept_stored()?;
///         }
///         Next::Send(order) => rotation.receive(call(order), now)?, // with a token of `order.key`: the old one's or the new one's
///         Next::Sleep(pause) => sleep(pause.duration),
///         Next::Done(rotated) => break rotated,
///         _ => unreachable!("no other step"),
///     }
/// };
/// assert_eq!((enrolment.key(), rotated.retired.reference()), (&rotated.key, "key-1"));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Rotation<'e> {
    enrolment: &'e mut Enrolment,
    key: Key,
    registration: Registration,
    pacing: Pacing,
    state: State,
}

#[derive(Debug)]
enum State {
    StoreNext,
    Register,
    Prove(Box<Wait>),
    StoreProven,
    End,
    Over,
}

impl<'e> Rotation<'e> {
    /// Begins, with a new key whose private part is safe already. First the record is stored, so that it is not lost.
    ///
    /// # Errors
    /// `transaction_used` while another new key is on its way: it may be registered. `invalid_parameter` for the present key.
    pub fn begin(enrolment: &'e mut Enrolment, next: Key) -> Result<Self> {
        if enrolment.next.is_some() {
            return Err(used_error().expected("the new key that is on its way, resumed"));
        }
        let same = |old: &Key| old.reference() == next.reference() || old.public().thumbprint() == next.public().thumbprint();
        if same(&enrolment.key) {
            return Err(refusal("a new key, with a name of its own"));
        }
        Ok(Self::new(enrolment, next, State::StoreNext))
    }

    /// Goes on with the new key of the record. Before it is registered a second time, it is looked for in the service's list.
    ///
    /// # Errors
    /// `transaction_missing` when none is on its way.
    pub fn resume(enrolment: &'e mut Enrolment) -> Result<Self> {
        let next = enrolment.next.clone().ok_or_else(|| Error::new(&codes::TRANSACTION_MISSING).expected("a new key on its way"))?;
        Ok(Self::new(enrolment, next, State::Register))
    }

    fn new(enrolment: &'e mut Enrolment, key: Key, state: State) -> Self {
        let registration = Registration::new(&enrolment.environment, enrolment.key.clone(), key.clone());
        let registration = if matches!(state, State::Register) { registration.resumed() } else { registration };
        Self { enrolment, key, registration, pacing: Pacing::USABLE, state }
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

    /// The enrolment with the new key on its way, or in its place.
    fn record(&self, proven: bool) -> Enrolment {
        let mut record = self.enrolment.clone();
        if proven {
            record.key = self.key.clone();
            record.key_expires_at = self.registration.expires_at;
            record.next = None;
        } else {
            record.next = Some(self.key.clone());
        }
        record
    }
}

impl Process for Rotation<'_> {
    type Done = Rotated;

    fn step(&mut self, now: Duration) -> Result<Next<Rotated>> {
        if matches!(self.state, State::Register) {
            if let Some((request, key)) = self.registration.next()? {
                return Ok(Next::Send(Order { request, key: Some(key) }));
            }
            self.state = State::Prove(Box::new(Wait::until_known(self.enrolment, &self.key, self.pacing)));
        }
        match &mut self.state {
            State::StoreNext => Ok(Next::Store(self.record(false).serialize())),
            State::StoreProven => Ok(Next::Store(self.record(true).serialize())),
            State::Prove(wait) => match wait.step(now)? {
                Next::Send(order) => Ok(Next::Send(order)),
                Next::Sleep(pause) => Ok(Next::Sleep(pause)),
                // The new key has a token, and the API takes it.
                _ => {
                    self.state = State::StoreProven;
                    Ok(Next::Store(self.record(true).serialize()))
                }
            },
            State::End => {
                self.state = State::Over;
                let Self { enrolment, key, registration, .. } = self;
                let retired = core::mem::replace(key, enrolment.key.clone());
                let (expires_at, recovered) = (registration.expires_at, registration.recovered);
                Ok(Next::Done(Rotated { key: enrolment.key.clone(), retired, expires_at, recovered }))
            }
            State::Register | State::Over => Err(used_error()),
        }
    }

    fn accept_stored(&mut self) -> Result<()> {
        match self.state {
            State::StoreNext => {
                *self.enrolment = self.record(false);
                self.state = State::Register;
            }
            State::StoreProven => {
                let proven = self.record(true);
                self.key = self.enrolment.key.clone();
                *self.enrolment = proven;
                self.state = State::End;
            }
            _ => return Err(used_error()),
        }
        Ok(())
    }

    fn receive(&mut self, answer: Result<Response>, now: Duration) -> Result<()> {
        self.state = match core::mem::replace(&mut self.state, State::Over) {
            State::Prove(mut wait) => {
                wait.receive(answer, now)?;
                State::Prove(wait)
            }
            State::Register => {
                self.registration.take(answer)?;
                State::Register
            }
            other => {
                self.state = other;
                return Err(used_error());
            }
        };
        Ok(())
    }
}
