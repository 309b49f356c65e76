//! Waiting for a client: until HelseID knows it, and until somebody has approved its access.
//!
//! NHN's samples: a new client takes up to 20 seconds in test; approval takes days. `Retry-After`: RFC 9110 section 10.2.3.
//! Refuses to ask on after its limit, and to take any error but `invalid_client` for "not yet".

use core::time::Duration;

use super::api::Api;
use super::client::CurrentClient;
use super::enrolment::Enrolment;
use super::key::Key;
use super::process::{Next, Order, Pause, Process, invalid_client, is_passing, used_error};
use super::refusal;
use crate::ground::error::{Error, OAuthError, Phase, Result, codes};
use crate::ground::http::Response;
use crate::provider::call::Call;

/// How a wait goes: pauses grow by half, from `first` to `longest`, and it ends at `limit`.
///
/// ```
/// use core::time::Duration;
/// use samtykke::provider::selvbetjening::Pacing;
/// let patient = Pacing::new(Duration::from_secs(1), Duration::from_secs(30), Duration::from_secs(600))?;
/// assert_ne!(patient, Pacing::USABLE);
/// assert!(Pacing::new(Duration::ZERO, Duration::from_secs(30), Duration::from_secs(600)).is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    first: Duration,
    longest: Duration,
    limit: Duration,
}

impl Pacing {
    /// For a client or a key that HelseID does not know yet: after 1 second, then longer, to 10; for 120.
    pub const USABLE: Self = Self { first: Duration::from_secs(1), longest: Duration::from_secs(10), limit: Duration::from_secs(120) };
    /// For approval by the API's owner: after a minute, then longer, to 15; for 30 days.
    pub const APPROVAL: Self =
        Self { first: Duration::from_secs(60), longest: Duration::from_secs(900), limit: Duration::from_secs(30 * 86_400) };

    /// A pacing of one's own.
    ///
    /// # Errors
    /// `invalid_parameter` for a time of nothing.
    pub fn new(first: Duration, longest: Duration, limit: Duration) -> Result<Self> {
        if [first, longest, limit].contains(&Duration::ZERO) {
            return Err(refusal("first, longest, limit: more than 0"));
        }
        Ok(Self { first, longest, limit })
    }

    /// This one, but for the times that are given: the first pause, the longest, the limit.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn or(self, [first, longest, limit]: [Option<Duration>; 3]) -> Result<Self> {
        Self::new(first.unwrap_or(self.first), longest.unwrap_or(self.longest), limit.unwrap_or(self.limit))
    }
}

/// How a wait goes on: what means "not yet", and the next pause.
#[derive(Debug)]
pub(crate) struct Pace {
    approval: bool,
    pacing: Pacing,
    /// The next pause.
    pub(crate) pause: Duration,
}

impl Pace {
    pub(crate) fn new(approval: bool, pacing: Pacing) -> Self {
        Self { approval, pacing, pause: pacing.first.min(pacing.longest) }
    }

    /// Whether an error means that it is too early.
    pub(crate) fn is_not_yet(&self, error: &Error) -> bool {
        if self.approval { is_passing(error) } else { invalid_client(error) }
    }

    /// The next pause, or the end. A server that says when to come again is not asked before.
    pub(crate) fn next(&mut self, elapsed: Duration, wanted: Option<u32>, oauth: Option<&OAuthError>) -> Result<Duration> {
        let pause = self.pause.max(Duration::from_secs(wanted.unwrap_or_default().into()));
        if elapsed.saturating_add(pause) > self.pacing.limit {
            let expected = if self.approval { "approval of all scopes and claims" } else { "a client that HelseID knows" };
            let late = Error::new(&codes::TIMEOUT).at(Phase::Api).expected(expected);
            return Err(match oauth {
                Some(oauth) => late.oauth_error(oauth.clone()),
                None => late,
            });
        }
        self.pause = self.pause.saturating_mul(3).checked_div(2).unwrap_or(self.pacing.longest).min(self.pacing.longest);
        Ok(pause)
    }
}

/// A wait. To break it off, ask no more: nothing is lost, and another can begin at any time.
///
/// ```
/// # use core::time::Duration;
/// # use samtykke::{Response, Result};
/// # use samtykke::provider::selvbetjening::{Enrolment, Environment, Key, Next, Pacing, Process, PublicKey, Wait};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// # let answers = core::cell::RefCell::new(vec!["ok", "pending"]);
/// # let call = |_| -> Result<Response> { Ok(Response::new(200, Some("application/json"), &format!(r#"{{"apiScopes":[{{"scope":"nhn:phr/mhd","status":"{}"}}]}}"#, answers.borrow_mut().pop().unwrap()))) };
/// let mut now = Duration::from_secs(1_700_000_000);
/// let mut wait = Wait::for_approval(&enrolment, Pacing::APPROVAL);
/// let client = loop {
///     match wait.step(now)? {
///         Next::Send(order) => wait.receive(call(order), now)?, // with a token of `order.key`
///         Next::Sleep(pause) => now += pause.duration,
///         Next::Done(client) => break client,
///         _ => unreachable!("nothing is stored"),
///     }
/// };
/// assert!(client.is_ready()); // or not: what is left can be a status that is not known
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Wait {
    call: Call<CurrentClient>,
    key: Key,
    approval: bool,
    pace: Pace,
    began: Option<Duration>,
    attempts: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Ask,
    Sleep { from: Duration, pause: Duration, client: Option<CurrentClient> },
    Found(CurrentClient),
    Over,
}

impl Wait {
    /// Until `HelseID` knows the client. Any other error than `invalid_client` ends the wait at once.
    pub fn until_usable(enrolment: &Enrolment, pacing: Pacing) -> Self {
        Self::new(enrolment, enrolment.key(), false, pacing)
    }

    /// Until nothing is pending any more; trouble that passes does not end it.
    pub fn for_approval(enrolment: &Enrolment, pacing: Pacing) -> Self {
        Self::new(enrolment, enrolment.key(), true, pacing)
    }

    /// Until `HelseID` knows a new key.
    pub(super) fn until_known(enrolment: &Enrolment, key: &Key, pacing: Pacing) -> Self {
        Self::new(enrolment, key, false, pacing)
    }

    fn new(enrolment: &Enrolment, key: &Key, approval: bool, pacing: Pacing) -> Self {
        let call = Api::new(enrolment.environment()).client();
        Self { call, key: key.clone(), approval, pace: Pace::new(approval, pacing), began: None, attempts: 0, state: State::Ask }
    }

    fn sleep(&mut self, now: Duration, client: Option<CurrentClient>, cause: Option<Error>) -> Result<()> {
        let cause = cause.as_ref();
        let wanted = cause.and_then(|cause| cause.retry_after_at(now.as_secs()));
        let pause = self.pace.next(self.elapsed(now), wanted, cause.and_then(Error::oauth))?;
        self.state = State::Sleep { from: now, pause, client };
        Ok(())
    }

    fn elapsed(&self, now: Duration) -> Duration {
        now.saturating_sub(self.began.unwrap_or(now))
    }
}

impl Process for Wait {
    type Done = CurrentClient;

    fn step(&mut self, now: Duration) -> Result<Next<CurrentClient>> {
        self.began.get_or_insert(now);
        if let State::Sleep { from, pause, client } = &self.state {
            // A clock that was put back makes no pause longer than it was.
            let duration = pause.saturating_sub(now.saturating_sub(*from));
            if duration > Duration::ZERO {
                let elapsed = self.elapsed(now);
                return Ok(Next::Sleep(Pause { duration, attempts: self.attempts, elapsed, client: client.clone() }));
            }
            self.state = State::Ask;
        }
        match core::mem::replace(&mut self.state, State::Over) {
            State::Ask => {
                self.state = State::Ask;
                Ok(Next::Send(Order { request: self.call.request.clone(), key: Some(self.key.clone()) }))
            }
            State::Found(client) => Ok(Next::Done(client)),
            _ => Err(used_error()),
        }
    }

    fn accept_stored(&mut self) -> Result<()> {
        Err(used_error())
    }

    fn receive(&mut self, answer: Result<Response>, now: Duration) -> Result<()> {
        let (State::Ask, Some(_)) = (&self.state, self.began) else { return Err(used_error()) };
        self.state = State::Over;
        self.attempts = self.attempts.saturating_add(1);
        match answer.and_then(|response| self.call.finish(&response)) {
            Ok(client) if self.approval && client.pending().next().is_some() => self.sleep(now, Some(client), None),
            Ok(client) => {
                self.state = State::Found(client);
                Ok(())
            }
            Err(error) if self.pace.is_not_yet(&error) => self.sleep(now, None, Some(error)),
            Err(error) => Err(error),
        }
    }
}
