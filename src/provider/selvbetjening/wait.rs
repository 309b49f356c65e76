//! Waiting for a client: until HelseID knows it, and until somebody has approved its access.
//!
//! NHN's samples: a new client takes up to 20 seconds in test; approval takes days. `Retry-After`: RFC 9110 section 10.2.3.
//! Refuses to ask on after its limit, and to take any error but `invalid_client` for "not yet".

use alloc::string::String;
use core::time::Duration;

use super::api::Api;
use super::calls::{came, failed, invalid_client, is_passing, used_error};
use super::client::CurrentClient;
use super::enrolment::Enrolment;
use super::key::Key;
use super::{Environment, refusal};
use crate::flow::machine::{Input, Kind, Machine, Moment};
use crate::flow::step::{CallRequest, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::ground::text::{decimal, number};

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
    // In nanoseconds.
    first: u64,
    longest: u64,
    limit: u64,
}

const SECOND: u64 = 1_000_000_000;

/// Nanoseconds; 584 years at most.
fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(SECOND).saturating_add(time.subsec_nanos().into())
}

impl Pacing {
    /// For a client or a key that HelseID does not know yet: after 1 second, then longer, to 10; for 120.
    pub const USABLE: Self = Self { first: SECOND, longest: 10 * SECOND, limit: 120 * SECOND };
    /// For approval by the API's owner: after a minute, then longer, to 15; for 30 days.
    pub const APPROVAL: Self = Self { first: 60 * SECOND, longest: 900 * SECOND, limit: 30 * 86_400 * SECOND };

    /// A pacing of one's own.
    ///
    /// # Errors
    /// `invalid_parameter` for a time of nothing.
    pub fn new(first: Duration, longest: Duration, limit: Duration) -> Result<Self> {
        Self::of([first, longest, limit].map(nanoseconds))
    }

    fn of(times: [u64; 3]) -> Result<Self> {
        if times.contains(&0) {
            return Err(refusal("first, longest, limit: more than 0"));
        }
        let [first, longest, limit] = times;
        Ok(Self { first, longest, limit })
    }

    /// This one, but for the times that are given: the first pause, the longest, the limit.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn or(self, [first, longest, limit]: [Option<Duration>; 3]) -> Result<Self> {
        let or = |time: Option<Duration>, usual| time.map_or(usual, nanoseconds);
        Self::of([or(first, self.first), or(longest, self.longest), or(limit, self.limit)])
    }
}

/// How a wait goes on: what means "not yet", and the next pause.
#[derive(Debug)]
struct Pace {
    approval: bool,
    pacing: Pacing,
    /// The next pause, in nanoseconds.
    pause: u64,
}

impl Pace {
    fn new(approval: bool, pacing: Pacing) -> Self {
        Self { approval, pacing, pause: pacing.first.min(pacing.longest) }
    }

    /// Whether an error means that it is too early.
    fn is_not_yet(&self, error: &Error) -> bool {
        if self.approval { is_passing(error) } else { invalid_client(error) }
    }

    /// The next pause, or the end. A server that says when to come again is not asked before.
    fn next(&mut self, elapsed: u64, wanted: Option<u32>, cause: Option<&Error>) -> Result<u64> {
        let pause = self.pause.max(u64::from(wanted.unwrap_or_default()).saturating_mul(SECOND));
        if elapsed.saturating_add(pause) > self.pacing.limit {
            let expected = if self.approval { "approval of all scopes and claims" } else { "a client that HelseID knows" };
            let late = Error::new(&codes::TIMEOUT).at(Phase::Api).expected(expected);
            return Err(match cause {
                Some(cause) => late.after(cause),
                None => late,
            });
        }
        self.pause = self.pause.saturating_add(self.pause / 2).min(self.pacing.longest);
        Ok(pause)
    }
}

/// A pause of a wait, for progress.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pause {
    /// How long.
    pub duration: Duration,
    /// How often was asked so far.
    pub attempts: u32,
    /// Since the wait began.
    pub elapsed: Duration,
    /// The last answer, where there was one.
    pub client: Option<CurrentClient>,
}

/// A wait: it asks, and sleeps by [`Step::Sleep`] in between. To break it off, ask no more: nothing is lost, and another can begin at
/// any time. One of days need not stay in memory: at each pause [`serialize`](Self::serialize) tells where it stands.
///
/// ```
/// # use samtykke::{Response, Step};
/// # use samtykke::flow::machine::{Input, Machine, Moment};
/// # use samtykke::provider::selvbetjening::{Enrolment, Environment, Key, Pacing, PublicKey, Wait};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// # let answers = core::cell::RefCell::new(vec!["ok", "pending"]);
/// # let call = |_| Response::new(200, Some("application/json"), &format!(r#"{{"apiScopes":[{{"scope":"nhn:phr/mhd","status":"{}"}}]}}"#, answers.borrow_mut().pop().unwrap()));
/// let mut now = 1_700_000_000;
/// let mut wait = Wait::for_approval(&enrolment, Pacing::APPROVAL);
/// let mut input = Input::Start;
/// let client = loop {
///     input = match wait.advance(input, &Moment { now, random: &[7; 32] })? {
///         Step::Call(wanted) => Input::Response(call(wanted)), // with a token of the key of this name
///         Step::Sleep(milliseconds) => {
///             now += u64::from(milliseconds / 1000);
///             Input::Slept
///         }
///         Step::Done(client) => break client,
///         _ => unreachable!("nothing is stored"),
///     };
/// };
/// assert!(client.is_ready()); // or not: what is left can be a status that is not known
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Wait {
    environment: Environment,
    key: String,
    pace: Pace,
    began: Option<u64>,
    /// The pauses so far, in nanoseconds: a clock tells seconds alone, and can be put back.
    slept: u64,
    attempts: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Begin,
    Ask,
    Sleep(Pause),
    Over,
}

/// A step of a wait.
pub(crate) enum Turn {
    Call(CallRequest),
    Sleep(u32),
    Found(CurrentClient),
}

impl Wait {
    /// Until `HelseID` knows the client. Any other error than `invalid_client` ends the wait at once.
    pub fn until_usable(enrolment: &Enrolment, pacing: Pacing) -> Self {
        Self::of(enrolment.environment(), enrolment.key().reference(), false, pacing)
    }

    /// Until nothing is pending any more; trouble that passes does not end it.
    pub fn for_approval(enrolment: &Enrolment, pacing: Pacing) -> Self {
        Self::of(enrolment.environment(), enrolment.key().reference(), true, pacing)
    }

    /// Until `HelseID` knows a new key.
    pub(super) fn until_known(enrolment: &Enrolment, key: &Key, pacing: Pacing) -> Self {
        Self::of(enrolment.environment(), key.reference(), false, pacing)
    }

    /// A wait by the caller's name of a key.
    pub(crate) fn of(environment: &Environment, key: &str, approval: bool, pacing: Pacing) -> Self {
        let (pace, environment, key) = (Pace::new(approval, pacing), environment.clone(), key.into());
        Self { environment, key, pace, began: None, slept: 0, attempts: 0, state: State::Begin }
    }

    /// The pause that it is in.
    pub fn pause(&self) -> Option<&Pause> {
        match &self.state {
            State::Sleep(pause) => Some(pause),
            _ => None,
        }
    }

    /// Where it stands once this pause is over, for [`resume`](Self::resume).
    pub fn serialize(&self) -> String {
        let Pace { approval, pacing: Pacing { first, longest, limit }, pause } = &self.pace;
        let mut text = String::from(if *approval { "1" } else { "0" });
        let began = self.began.unwrap_or_default();
        for number in [*first, *longest, *limit, *pause, self.slept, began, self.attempts.into()] {
            text.push(' ');
            text.push_str(&decimal(number));
        }
        text
    }

    /// Goes on with a wait after its pause.
    ///
    /// # Errors
    /// `transaction_malformed` for a text that is not of [`serialize`](Self::serialize).
    pub fn resume(enrolment: &Enrolment, text: &str) -> Result<Self> {
        Self::again(enrolment.environment(), enrolment.key().reference(), text)
    }

    /// As [`resume`](Self::resume), by the caller's name of a key.
    pub(crate) fn again(environment: &Environment, key: &str, text: &str) -> Result<Self> {
        let mut numbers = [0; 8];
        let mut parts = text.split(' ');
        for place in &mut numbers {
            *place = parts.next().and_then(number).ok_or_else(malformed)?;
        }
        let [approval, first, longest, limit, pause, slept, began, attempts] = numbers;
        if approval > 1 || parts.next().is_some() {
            return Err(malformed());
        }
        let mut wait = Self::of(environment, key, approval == 1, Pacing::of([first, longest, limit]).map_err(|_| malformed())?);
        wait.pace.pause = pause;
        wait.slept = slept;
        wait.began = Some(began);
        wait.attempts = u32::try_from(attempts).map_err(|_| malformed())?;
        Ok(wait)
    }

    /// As [`advance`](Machine::advance), for whoever makes a step of it.
    pub(crate) fn turn(&mut self, input: Input, now: u64) -> Result<Turn> {
        match (&self.state, input) {
            (State::Begin, Input::Start) => {
                self.began.get_or_insert(now);
                Ok(self.ask())
            }
            (State::Ask, input) => {
                let answer = came(input)?;
                self.state = State::Over;
                self.judge(answer, now)
            }
            (State::Sleep(_), Input::Slept) => Ok(self.ask()),
            (State::Sleep(_), Input::Failed(failure)) if failure.is_of(Kind::Other) => {
                self.state = State::Over;
                Err(failed(failure))
            }
            _ => Err(used_error()),
        }
    }

    fn ask(&mut self) -> Turn {
        self.state = State::Ask;
        Turn::Call(CallRequest { request: Api::new(&self.environment).client().request, key: self.key.clone() })
    }

    fn judge(&mut self, answer: Result<Response>, now: u64) -> Result<Turn> {
        self.attempts = self.attempts.saturating_add(1);
        match answer.and_then(|response| Api::new(&self.environment).client().finish(&response)) {
            Ok(client) if self.pace.approval && client.pending().next().is_some() => self.sleep(now, Some(client), None),
            Ok(client) => Ok(Turn::Found(client)),
            Err(error) if self.pace.is_not_yet(&error) => self.sleep(now, None, Some(&error)),
            Err(error) => Err(error),
        }
    }

    fn sleep(&mut self, now: u64, client: Option<CurrentClient>, cause: Option<&Error>) -> Result<Turn> {
        let wanted = cause.and_then(|cause| cause.retry_after_at(now));
        // The second in which it began may have been almost over.
        let clock = now.saturating_sub(self.began.unwrap_or(now)).saturating_sub(1);
        let elapsed = self.slept.max(clock.saturating_mul(SECOND));
        let pause = self.pace.next(elapsed, wanted, cause)?;
        self.slept = self.slept.saturating_add(pause);
        let [duration, elapsed] = [pause, elapsed].map(Duration::from_nanos);
        self.state = State::Sleep(Pause { duration, attempts: self.attempts, elapsed, client });
        Ok(Turn::Sleep(u32::try_from(pause.div_ceil(1_000_000)).unwrap_or(u32::MAX)))
    }
}

impl Machine for Wait {
    type Output = CurrentClient;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<CurrentClient>> {
        Ok(match self.turn(input, moment.now)? {
            Turn::Call(call) => Step::Call(call),
            Turn::Sleep(milliseconds) => Step::Sleep(milliseconds),
            Turn::Found(client) => Step::Done(client),
        })
    }
}

#[cold]
fn malformed() -> Error {
    Error::new(&codes::TRANSACTION_MALFORMED)
}
