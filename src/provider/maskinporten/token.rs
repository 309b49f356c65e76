//! A token as a machine: an assertion of its own for each attempt, and as many attempts as the errors allow.
//!
//! docs.digdir.no `maskinporten_feilsoking` (which errors pass), RFC 7523 section 2.1. Refuses to send an assertion twice, and to wait
//! longer than half a minute at a time.

use core::time::Duration;

use super::problem::{Again, Problem};
use crate::flow::exchange::Exchange;
use crate::flow::judge::used_error;
use crate::flow::machine::{Failure, Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::grant::{JwtBearer, Target};
use crate::protocol::token::Tokens;
use crate::provider::call::{LONGEST_PAUSE, RETRIES, pause};

/// Milliseconds between two attempts with what was registered a moment ago.
const REGISTERED: u64 = 5000;

/// Asks for a token: again after trouble of server or network, ever more slowly; once more after an assertion that was used
/// (`MP-012`); and for as long as told after a registration that is not known yet (`MP-100`, `MP-124`, `MP-200`).
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::provider::maskinporten::{Environment, TokenCall, TokenRequest, profile};
/// use samtykke::{Registration, Response, Step};
/// # use samtykke::jose::{Algorithm, Jwk, KeyInfo};
/// # let modulus = format!("u{}w", "7".repeat(340));
/// # let public = Jwk::parse(&format!(r#"{{"kty":"RSA","e":"AQAB","n":"{modulus}","kid":"key-1"}}"#))?;
/// # let key = KeyInfo::new(Algorithm::from_name("RS256").unwrap(), public)?;
/// # fn sign(_: &str) -> Vec<u8> { vec![1; 256] }
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer","expires_in":119}"#) }
/// let client = Registration::new(profile(&Environment::test()), "238259d7-f0ab-4bd5-b253-0f0159375096", "")?;
/// let mut call = TokenCall::new(&client, TokenRequest::new("difitest:api3").grant(key)?)?;
/// let mut input = Input::Start;
/// let tokens = loop {
///     input = match call.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
///         Step::Sign(request) => Input::Signature(sign(&request.input)),
///         Step::Send(request) => Input::Response(http(request)),
///         Step::Sleep(_) => Input::Slept, // when the time is over
///         Step::Done(tokens) => break tokens,
///         _ => unreachable!("no other step"),
///     };
/// };
/// assert_eq!(tokens.expires_in, Some(119));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct TokenCall {
    client: Registration,
    grant: JwtBearer,
    target: Target,
    exchange: Option<Exchange<Tokens>>,
    state: State,
    retries: u32,
    /// Milliseconds.
    patience: u64,
    /// When the first attempt was made, in seconds since 1970.
    began: u64,
    /// Milliseconds that were slept.
    waited: u64,
    /// How often it was asked for again after trouble.
    later: u32,
    /// Whether it was asked for again after an assertion that was used.
    once: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// An attempt is on its way, yet unsent.
    Trying,
    /// Its request is out.
    Sent,
    Sleeping,
    Over,
}

impl core::fmt::Debug for TokenCall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TokenCall").finish_non_exhaustive()
    }
}

impl TokenCall {
    /// By this grant ([`TokenRequest::grant`](super::TokenRequest::grant)).
    ///
    /// # Errors
    /// `invalid_configuration`, `invalid_scope`.
    pub fn new(client: &Registration, grant: JwtBearer) -> Result<Self> {
        // What is wrong with it shows here, and not at the first attempt.
        Exchange::jwt_bearer(client, &ClientAuthentication::None, &grant)?;
        let (client, retries, target) = (client.clone(), RETRIES, Target::new());
        Ok(Self {
            client,
            grant,
            target,
            exchange: None,
            state: State::Ready,
            retries,
            patience: 0,
            began: 0,
            waited: 0,
            later: 0,
            once: false,
        })
    }

    /// How often it is asked for again after trouble: [`RETRIES`] unless told.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// For how long what was registered a moment ago is waited for: not at all unless told; Maskinporten needs up to 120 seconds.
    #[must_use]
    pub fn patience(mut self, most: Duration) -> Self {
        self.patience = most.as_secs().saturating_mul(1000).saturating_add(u64::from(most.subsec_millis()));
        self
    }

    /// What goes with each attempt besides.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    fn attempt(&mut self, moment: &Moment<'_>) -> Result<Step<Tokens>> {
        let exchange = Exchange::jwt_bearer(&self.client, &ClientAuthentication::None, &self.grant)?.target(&self.target)?;
        self.exchange.insert(exchange).advance(Input::Start, moment)
    }

    /// What an attempt's error asks for: another attempt, now or later, or nothing.
    fn failed(&mut self, error: Error, moment: &Moment<'_>) -> Result<Step<Tokens>> {
        let sent = self.state == State::Sent;
        self.state = State::Over;
        // A clock of seconds alone would let short waits follow each other for a second.
        let since = moment.now.saturating_sub(self.began).saturating_mul(1000).max(self.waited);
        let left = self.patience.saturating_sub(since);
        let wait = match Problem::of(&error).again {
            // A signer's own trouble.
            _ if !sent => return Err(error),
            Again::Once if !self.once => {
                self.once = true;
                self.state = State::Trying;
                return self.attempt(moment);
            }
            Again::AfterRegistration if left > 0 => left.min(REGISTERED),
            Again::Later if self.later < self.retries => {
                self.later = self.later.saturating_add(1);
                pause(&error, self.later.saturating_sub(1), moment)
            }
            _ => return Err(error),
        };
        match u32::try_from(wait) {
            Ok(milliseconds) if wait <= LONGEST_PAUSE => {
                self.waited = self.waited.saturating_add(wait);
                self.state = State::Sleeping;
                Ok(Step::Sleep(milliseconds))
            }
            _ => Err(error),
        }
    }
}

impl Machine for TokenCall {
    type Output = Tokens;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<Tokens>> {
        match (self.state, input) {
            (State::Ready, Input::Start) => {
                (self.state, self.began) = (State::Trying, moment.now);
                self.attempt(moment)
            }
            (State::Sleeping, Input::Slept) => {
                self.state = State::Trying;
                self.attempt(moment)
            }
            (State::Sleeping, Input::Failed(failure @ Failure::Aborted)) => {
                self.state = State::Over;
                Err(failure.error(Phase::Token, false))
            }
            (State::Trying | State::Sent, input) => {
                let Some(exchange) = &mut self.exchange else { return Err(used_error()) };
                match exchange.advance(input, moment) {
                    Ok(step) => {
                        self.state = if matches!(step, Step::Send(_)) { State::Sent } else { State::Trying };
                        Ok(step)
                    }
                    Err(error) if error.code() == codes::TRANSACTION_USED.code() => Err(error),
                    Err(error) => self.failed(error, moment),
                }
            }
            _ => Err(used_error()),
        }
    }
}
