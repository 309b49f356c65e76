//! A call to a provider's own API: its request and how the answer is judged; and as a machine: a token asked for, the request
//! sent, the answer judged.
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
use crate::ground::text::base64url;
use crate::protocol::syntax::is_token68;

/// The first pause before a call is repeated, in milliseconds; it doubles, and half of it is chance, so that many callers do not
/// come back at once.
const PAUSE: u64 = 500;
/// The longest pause; a server that wants a longer one has its error handed on.
pub(crate) const LONGEST_PAUSE: u64 = 30_000;

/// How often a repeatable call is repeated after trouble unless told otherwise.
pub const RETRIES: u32 = 2;

/// Judges an answer.
type Judge<T> = Box<dyn Fn(&Response) -> Result<T> + Send + Sync>;

/// A call to a provider's API that is ready to be sent, and knows how to judge its answer. The provider's API makes it.
///
/// ```
/// use samtykke::{Response, Secret};
/// use samtykke::provider::norskgjeld::{Api, Environment};
/// let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
/// let call = Api::new(&environment, &token).first_sequence_number();
/// assert_eq!(call.request.url, "https://api-preprod.norskgjeld.no/feed/v1/consent/firstSequenceNr");
/// assert_eq!(call.finish(&Response::new(200, Some("application/json"), r#"{"firstSequenceNr":7}"#))?, 7);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct Call<T> {
    /// The request. `repeatable` says whether it may be sent again after an unclear failure.
    pub request: Request,
    scope: Option<&'static str>,
    trace: Option<&'static str>,
    judge: Judge<T>,
}

impl<T> core::fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Call").field("request", &self.request).field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl<T> Call<T> {
    /// `scope`: nothing where none is known, an empty one for a call that anyone may make.
    pub(crate) fn new(
        request: Request,
        scope: Option<&'static str>,
        judge: impl Fn(&Response) -> Result<T> + Send + Sync + 'static,
    ) -> Self {
        Self { request, scope, trace: None, judge: Box::new(judge) }
    }

    /// Names a header by which the API's support can find the call: the machine draws its value, where the request has none.
    pub(crate) fn traced(mut self, header: &'static str) -> Self {
        self.trace = Some(header);
        self
    }

    /// The same call, with something else made of what its answer says; the answer comes along.
    ///
    /// ```
    /// use samtykke::provider::norskgjeld::{Api, Environment};
    /// let call = Api::tokenless(&Environment::preprod()).debt().map(|debt, _| Ok(debt.loans.len()));
    /// let answer = samtykke::Response::new(200, Some("application/json"), r#"{"ssn":"14842249091","loans":[]}"#);
    /// assert_eq!(call.finish(&answer)?, 0);
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn map<U>(self, read: impl Fn(T, &Response) -> Result<U> + Send + Sync + 'static) -> Call<U>
    where
        T: 'static,
    {
        let Self { request, scope, trace, judge } = self;
        Call { request, scope, trace, judge: Box::new(move |response| read(judge(response)?, response)) }
    }

    /// The scope that the call's token needs, where its operation names one; an empty one where it takes no token.
    pub fn scope(&self) -> Option<&'static str> {
        self.scope
    }

    /// Judges the response to [`request`](Self::request).
    ///
    /// # Errors
    /// An `api` error, with the provider's code and trace id where it gave them. `token_invalid`: get a new token, once;
    /// `unauthorized`; `redirect_refused`; `api_response_malformed`; `api_error`, and what the provider's documentation names.
    pub fn finish(&self, response: &Response) -> Result<T> {
        (self.judge)(response)
    }

    /// The call as a machine. It goes with the token that it was made with; one that was made without a token asks for bearer tokens.
    pub fn machine(self) -> ApiCall<T> {
        let mut calling = Calling::new(self.request, self.scope);
        calling.trace = self.trace;
        ApiCall { calling, judge: self.judge }
    }
}

/// The header that carries a token.
pub(crate) const AUTHORIZATION: &str = "authorization";

/// A call on its way: another token once where the API refuses one, and again after a network failure, 429 or 5xx where that does
/// no harm.
///
/// Made by [`Call::machine`]. A call that has no token of its own asks for one before each sending.
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

fn has(request: &Request, header: &str) -> bool {
    request.headers.iter().any(|(name, _)| *name == header)
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
    pub(crate) request: Request,
    /// Whether a token is to be asked for.
    authorized: bool,
    /// The scope that the token needs, where that is known.
    scope: Option<&'static str>,
    pub(crate) retries: u32,
    /// A header to be filled with a random id.
    pub(crate) trace: Option<&'static str>,
    id: Option<Secret>,
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
        let authorized = scope != Some("") && !has(&request, AUTHORIZATION);
        Self { request, authorized, scope, retries: RETRIES, trace: None, id: None, repeated: 0, token, refused: None, state }
    }

    /// Another call after it, as if none had been made before.
    pub(crate) fn next(&mut self, request: Request, scope: Option<&'static str>) {
        let (retries, trace, id) = (self.retries, self.trace, self.id.take());
        *self = Self { retries, trace, id, ..Self::new(request, scope) };
        self.add_trace();
    }

    pub(crate) fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Turn> {
        Ok(match (self.state, input) {
            (State::Ready, Input::Start) => {
                self.id = moment.random.get(..16).map(|octets| Secret::new(base64url(octets)));
                self.add_trace();
                Turn::Asked(self.begin())
            }
            (State::Sleeping, Input::Slept) => Turn::Asked(self.begin()),
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

    fn add_trace(&mut self) {
        if let (Some(name), Some(id)) = (self.trace, &self.id)
            && !has(&self.request, name)
        {
            self.request.headers.push((name, id.clone()));
        }
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
        request.headers.push((AUTHORIZATION, Secret::new(bearer)));
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
        let pause = pause(&error, self.repeated, moment);
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

/// Milliseconds until the next try after so many: the server's own wish, or doubling, with jitter.
pub(crate) fn pause(error: &Error, repeated: u32, moment: &Moment<'_>) -> u64 {
    let [low, high, ..] = *moment.random;
    let half = (PAUSE / 2) << repeated.min(16);
    let pause = half.saturating_add((half.saturating_mul(u64::from(u16::from_le_bytes([low, high])))) >> 16);
    let wish = u64::from(error.retry_after().unwrap_or_default()).saturating_mul(1000);
    pause.max(wish)
}
