//! A call to a provider's own API as a machine: a token asked for, the request sent, the answer judged.
//!
//! RFC 6750 section 3.1 (a refused token), RFC 9110 sections 9.2.2 and 10.2.3 (what is repeated, and when). Refuses to send a refused
//! token again, a second other one, and to repeat what need not be harmless twice.

use alloc::boxed::Box;
use alloc::string::String;

use crate::flow::judge::used_error;
use crate::flow::machine::{Failure, Input, Kind, Machine, Moment};
use crate::flow::step::{BearerRequest, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::protocol::syntax::is_token68;

/// The first pause before a call is repeated, in milliseconds; it doubles, and half of it is chance, so that many callers do not
/// come back at once.
const PAUSE: u64 = 500;
/// The longest pause; a server that wants a longer one has its error handed on.
const LONGEST_PAUSE: u64 = 30_000;

/// How often a repeatable call is repeated after trouble unless told otherwise.
pub const RETRIES: u32 = 2;

/// Judges an answer.
type Judge<T> = Box<dyn Fn(&Response) -> Result<T> + Send + Sync>;

/// A call on its way: another token once where the API refuses one, and again after a network failure, 429 or 5xx where that does
/// no harm.
///
/// Made by a provider's own API. It asks for a token before each sending.
pub struct ApiCall<T> {
    calling: Calling,
    judge: Judge<T>,
}

impl<T> core::fmt::Debug for ApiCall<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ApiCall").field("request", &self.calling.request).finish_non_exhaustive()
    }
}

impl<T> ApiCall<T> {
    pub(crate) fn new(calling: Calling, judge: impl Fn(&Response) -> Result<T> + Send + Sync + 'static) -> Self {
        Self { calling, judge: Box::new(judge) }
    }

    /// How often it is repeated at most, where it may be: [`RETRIES`] unless told.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.calling.retries = retries;
        self
    }
}

impl<T> Machine for ApiCall<T> {
    type Output = T;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<T>> {
        Ok(match self.calling.advance(input, moment)? {
            Turn::Asked(asked) => asked.step(),
            Turn::Answer(response) => match (self.judge)(&response) {
                Ok(outcome) => Step::Done(outcome),
                Err(error) => self.calling.refused(error, moment)?.step(),
            },
        })
    }
}

/// What becomes of a turn.
pub(crate) enum Turn {
    /// Something is to be done first.
    Asked(Asked),
    /// An answer to be judged; where that fails, [`Calling::refused`] says what is next.
    Answer(Response),
}

/// What is to be done.
pub(crate) enum Asked {
    Token(BearerRequest),
    Send(Request),
    Sleep(u32),
}

impl Asked {
    pub(crate) fn step<T>(self) -> Step<T> {
        match self {
            Self::Token(request) => Step::Token(request),
            Self::Send(request) => Step::Send(request),
            Self::Sleep(milliseconds) => Step::Sleep(milliseconds),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    TokenWanted,
    Sent,
    Sleeping,
    Over,
}

/// The part of a call that is the same whatever comes of it.
pub(crate) struct Calling {
    /// Without a token.
    pub(crate) request: Request,
    /// Whether a token goes with it.
    authorized: bool,
    /// The scope that the token needs, where that is known.
    scope: Option<&'static str>,
    pub(crate) retries: u32,
    /// How often it was repeated.
    repeated: u32,
    token: Secret,
    /// The token that was refused, and how.
    refused: Option<(Secret, Error)>,
    state: State,
}

impl Calling {
    /// `scope`: nothing where none is known, an empty one for a call that anyone may make.
    pub(crate) fn new(request: Request, scope: Option<&'static str>) -> Self {
        let (token, state) = (Secret::new(""), State::Ready);
        Self { request, authorized: scope != Some(""), scope, retries: RETRIES, repeated: 0, token, refused: None, state }
    }

    /// Another call after it, as if none had been made before.
    pub(crate) fn next(&mut self, request: Request, scope: Option<&'static str>) {
        let retries = self.retries;
        *self = Self { retries, ..Self::new(request, scope) };
    }

    pub(crate) fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Turn> {
        Ok(match (self.state, input) {
            (State::Ready, Input::Start) | (State::Sleeping, Input::Slept) => Turn::Asked(self.begin()),
            (State::TokenWanted, Input::Token(token)) => Turn::Asked(self.authorize(token)?),
            (State::Sent, Input::Response(response)) => {
                self.state = State::Over;
                Turn::Answer(response)
            }
            (State::Sent, Input::Failed(failure)) if failure.is_of(Kind::Send) => {
                Turn::Asked(self.repeat(failure.error(Phase::Api, self.request.repeatable), moment)?)
            }
            (State::TokenWanted, Input::Failed(failure)) if failure.is_of(Kind::Store) => return self.over(failure),
            // It cannot fail by itself.
            (State::Sleeping, Input::Failed(failure @ Failure::Aborted)) => return self.over(failure),
            _ => return Err(used_error()),
        })
    }

    fn over<T>(&mut self, failure: Failure) -> Result<T> {
        self.state = State::Over;
        Err(failure.error(Phase::Api, false))
    }

    /// The first thing to be done.
    pub(crate) fn begin(&mut self) -> Asked {
        if !self.authorized {
            return self.send(self.request.clone());
        }
        self.state = State::TokenWanted;
        let refused = self.refused.as_ref().map(|(token, _)| token.clone());
        Asked::Token(BearerRequest { scope: self.scope.map(String::from), refused })
    }

    fn send(&mut self, request: Request) -> Asked {
        self.state = State::Sent;
        Asked::Send(request)
    }

    fn authorize(&mut self, token: Secret) -> Result<Asked> {
        self.state = State::Over;
        if !is_token68(token.expose()) {
            return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("an access token: token68"));
        }
        if let Some((refused, error)) = &self.refused
            && refused.expose() == token.expose()
        {
            return Err(error.clone());
        }
        let mut bearer = String::from("Bearer ");
        bearer.push_str(token.expose());
        let mut request = self.request.clone();
        request.headers.push(("authorization", Secret::new(bearer)));
        self.token = token;
        Ok(self.send(request))
    }

    /// The answer was judged to be an error: what is next, or the error.
    pub(crate) fn refused(&mut self, error: Error, moment: &Moment<'_>) -> Result<Asked> {
        // A call that was refused for its token did nothing, so any may be sent again with another: once.
        if error.code() == codes::TOKEN_INVALID.code() && self.authorized && self.refused.is_none() {
            self.refused = Some((self.token.clone(), error));
            return Ok(self.begin());
        }
        self.repeat(error, moment)
    }

    fn repeat(&mut self, error: Error, moment: &Moment<'_>) -> Result<Asked> {
        self.state = State::Over;
        if !error.retryable() || !self.request.repeatable || self.repeated >= self.retries {
            return Err(error);
        }
        let [low, high, ..] = *moment.random;
        let half = (PAUSE / 2) << self.repeated.min(16);
        let pause = half.saturating_add((half.saturating_mul(u64::from(u16::from_le_bytes([low, high])))) >> 16);
        let wish = u64::from(error.retry_after().unwrap_or_default()).saturating_mul(1000);
        let pause = pause.max(wish);
        match u32::try_from(pause) {
            Ok(milliseconds) if pause <= LONGEST_PAUSE => {
                self.repeated = self.repeated.saturating_add(1);
                self.state = State::Sleeping;
                Ok(Asked::Sleep(milliseconds))
            }
            _ => Err(error),
        }
    }
}
