//! A grant exchanged for tokens, a request pushed, an answer verified: step by step, without I/O.
//!
//! The machine hands out requests, octets to sign and signatures to verify, and takes what comes back (RFC 6749 section 4,
//! RFC 7523, RFC 9126, RFC 9449). Refuses to hand the same request out twice: a code that may have been sent is never sent
//! again, but for the one retry that a DPoP nonce challenge asks for.

use crate::flow::judge::{Context, Judge, Reader, names, used_error};
use crate::flow::keys::{self, COOLDOWN, Choice, JwksTimes, KeySet, unkeyed_error};
use alloc::boxed::Box;
use alloc::string::String;

use crate::flow::attempt::{Attempt, Next};
use crate::flow::step::{FindRequest, Step, VerifyRequest};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::ground::lean::{LOGINS, NPM};
use crate::jose::{KeyInfo, jwks};
use crate::protocol::authorization::transaction::has_openid;
use crate::protocol::client::Registration;
use crate::protocol::dpop::{self, Server};
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::id_token::rules::IdTokenRules;
use crate::protocol::token::{Expectation, TokenType, Tokens};

/// A flow that needs the network, and perhaps keys: tokens, a pushed request, a device's codes, a signed callback.
///
/// As every [`Machine`](crate::flow::machine::Machine) it is driven by `advance`: give each step fresh randomness and the time, do
/// what it says, and hand back what came of it:
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Profile, Registration, Response, Step};
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer"}"#) }
/// # fn random() -> [u8; 32] { [7; 32] }
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// let mut exchange = Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read"))?;
/// let mut input = Input::Start;
/// let tokens = loop {
///     input = match exchange.advance(input, &Moment { now: 1_700_000_000, random: &random() })? {
///         Step::Send(request) => Input::Response(http(request)),
///         Step::Done(tokens) => break tokens,
///         _ => unreachable!("a secret signs nothing, and no id_token was asked for"),
///     };
/// };
/// assert_eq!(tokens.requested_scope, "read");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct Exchange<T = Tokens> {
    pub(crate) flow: Flow,
    pub(super) judge: Box<dyn Judge<T>>,
}

/// All of an exchange but what it ends with: compiled once, whatever that is.
pub(crate) struct Flow {
    pub(super) state: State,
    pub(crate) attempt: Option<Box<Attempt>>,
    // Apart, so that handing a machine on moves no more than addresses.
    pub(crate) context: Box<Context>,
}

pub(super) enum State {
    Trying,
    /// With the answer that is judged once its refresh token is stored.
    Storing(Box<Response>),
    StoreWanted(Box<Response>),
    Judging,
    DecryptWanted,
    DigestWanted(usize),
    FindWanted(Box<Unverified>),
    /// With the time the keys were asked for.
    KeysWanted(Box<Unverified>, u64),
    VerdictWanted(Box<Unverified>),
    Keyed(Box<Unverified>),
    Verified(Claims),
    Over,
}

impl<T> core::fmt::Debug for Exchange<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Exchange(…)")
    }
}

impl<T> Exchange<T> {
    pub(crate) fn new(client: &Registration, attempt: Option<Box<Attempt>>, judge: impl Judge<T> + 'static) -> Self {
        let state = if attempt.is_some() { State::Trying } else { State::Judging };
        Self { flow: Flow { state, attempt, context: Context::new(client) }, judge: Box::new(judge) }
    }

    /// Binds the tokens to this key: every request carries a proof, and a token of another type is refused (RFC 9449).
    /// `nonce` is the newest one of this server's, when there is one ([`dpop::Nonces`]).
    #[must_use]
    pub fn dpop(mut self, key: &KeyInfo, nonce: Option<&str>) -> Self {
        self.flow.context.expectation.token_type = TokenType::DPoP;
        if let Some(attempt) = self.flow.attempt.as_mut().filter(|attempt| attempt.bound) {
            attempt.dpop = Some(key.clone());
            attempt.nonce = nonce.map(String::from);
        }
        self
    }

    /// Has a refresh token that comes stored by [`Step::Store`], before anything else of the answer is judged.
    #[must_use]
    pub fn with_store(mut self) -> Self {
        self.flow.context.storing = true;
        self
    }

    /// Leaves the server's keys to the shell: it is asked by [`Step::Find`] to find one and to verify with it.
    #[must_use]
    pub fn keys_outside(mut self) -> Self {
        self.flow.context.keys_outside = true;
        self
    }

    /// Leaves SHA-384 and SHA-512 to the shell: it is asked by [`Step::Digest`] for what a token signed with these is checked by.
    #[must_use]
    pub fn digests_outside(mut self) -> Self {
        self.flow.context.digests_outside = true;
        self.flow.context.id_token.hashes_given = true;
        self
    }

    /// The newest nonce the server gave, to be kept for its next request.
    pub fn dpop_nonce(&self) -> Option<&str> {
        self.flow.attempt.as_ref()?.nonce.as_deref()
    }

    /// The server's key set, so that it is not fetched; when no key in it fits, it is fetched once all the same.
    #[must_use]
    pub fn jwks(mut self, json: impl Into<String>) -> Self {
        self.flow.context.jwks = Some(json.into());
        self
    }

    /// As [`jwks`](Self::jwks), with the times of [`known_jwks_at`](Self::known_jwks_at): within a minute of a fetch that an
    /// unknown key id caused there is no other, so that made-up key ids do not make a client knock at the server's door all the
    /// time. A set that is older than its life is fetched anew.
    #[must_use]
    pub fn jwks_at(mut self, json: impl Into<String>, times: JwksTimes) -> Self {
        self.flow.context.jwks_at = Some(times);
        self.jwks(json)
    }

    /// The key set that was used, to be kept.
    pub fn known_jwks(&self) -> Option<&str> {
        self.flow.context.jwks.as_deref()
    }

    /// The key set that was used and its times, to be kept for [`jwks_at`](Self::jwks_at), in memory or in a store that many
    /// share, also where the flow failed; `None` where it was given without.
    pub fn known_jwks_at(&self) -> Option<(&str, JwksTimes)> {
        Some((self.known_jwks()?, self.flow.context.jwks_at?))
    }

    /// Where in the flow the request is that was handed out.
    pub fn phase(&self) -> Phase {
        self.flow.phase()
    }

    /// The id of the last request, by which the server logs it, where the profile has one: for the server's support, also when no
    /// answer came. Errors of an answer have it as [`Error::trace_id`].
    pub fn request_id(&self) -> Option<&str> {
        self.flow.attempt.as_ref()?.request_id.as_deref()
    }

    /// The step, and at the end the outcome.
    pub(super) fn finish(&mut self, step: Step<Option<Claims>>, now: u64) -> Result<Step<T>> {
        step.undone().or_else(|claims| self.judge.finish(claims, now).map(Step::Done))
    }

    /// The same exchange, its answer judged by another judge over the one it has.
    pub(crate) fn map_judge<U, J: Judge<U> + 'static>(self, over: impl FnOnce(Box<dyn Judge<T>>) -> J) -> Exchange<U> {
        Exchange { flow: self.flow, judge: Box::new(over(self.judge)) }
    }

    /// What a signed token of the server's will be judged against, to be made stricter: `acr`, trusted audiences, skew.
    pub fn id_token_expectation(&mut self) -> &mut IdTokenRules {
        &mut self.flow.context.id_token
    }

    pub(crate) fn expect(&mut self, change: impl FnOnce(&mut Expectation)) {
        change(&mut self.flow.context.expectation);
    }
}

impl Flow {
    pub(super) fn phase(&self) -> Phase {
        self.attempt.as_ref().map_or(Phase::Token, |attempt| attempt.phase())
    }

    /// The next step; at the end the claims of what was verified.
    pub(super) fn step(&mut self, reader: &mut dyn Reader, random: &[u8; 32], now: u64) -> Result<Step<Option<Claims>>> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Trying => {
                self.check_settings()?;
                let Some(attempt) = &mut self.attempt else { return Err(used_error()) };
                let next = attempt.step(random, now);
                // A step out of turn is refused, and changes nothing.
                self.state = State::Trying;
                Ok(match next? {
                    Next::Sign(request) => Step::Sign(request),
                    Next::Send(request) => Step::Send(request),
                    Next::Made(object) => {
                        self.state = State::Over;
                        reader.set_signed(object.expose());
                        Step::Done(None)
                    }
                })
            }
            State::Storing(answer) => {
                let token = self.context.renewed.clone().ok_or_else(used_error)?;
                self.state = State::StoreWanted(answer);
                Ok(Step::Store(token))
            }
            State::Judging => {
                if let Some(request) = self.decrypt_request(reader)? {
                    self.state = State::DecryptWanted;
                    return Ok(Step::Decrypt(request));
                }
                if !LOGINS {
                    return Ok(Step::Done(None));
                }
                if let Some((hash, value, place)) = self.context.take_undigested(reader.token()) {
                    self.state = State::DigestWanted(place);
                    return Ok(Step::Digest(hash, value));
                }
                match reader.take_unverified(&self.context, now)? {
                    Some(token) => self.choose(Box::new(token), now),
                    None => Ok(Step::Done(None)),
                }
            }
            State::Keyed(token) if LOGINS => self.choose(token, now),
            State::Verified(claims) => Ok(Step::Done(Some(claims))),
            other => {
                self.state = other;
                Err(used_error())
            }
        }
    }

    /// What must hold before anything is sent: a code that was sent cannot be sent again.
    fn check_settings(&self) -> Result<()> {
        // Also where a provider may leave the id_token out: one that comes for a login is verified, or the code is not sent.
        let login = self.context.id_token.code.is_some() && has_openid(&self.context.expectation.scope);
        if (self.context.expectation.id_token || login) && !self.context.is_keyed() {
            return Err(unkeyed_error());
        }
        let Some(attempt) = &self.attempt else { return Ok(()) };
        if (self.context.id_token.code.is_some() || attempt.has_details())
            && let Some(name) = attempt.claim_in(&attempt.client.profile.requests.not_with_code)
        {
            let error = Error::new(&codes::INVALID_PARAMETER).at(attempt.phase()).actual(name);
            return Err(error.expected("client assertion: a claim that goes neither with a code nor with a request's details"));
        }
        let wanted = match attempt.server {
            Server::Authorization => attempt.client.profile.requests.dpop && attempt.bound && !attempt.unsent,
            Server::Resource => attempt.bound,
        };
        if wanted && attempt.dpop.is_none() {
            let error = Error::new(&codes::INVALID_CONFIGURATION).at(attempt.phase());
            return Err(error.expected("a DPoP key: the provider binds its tokens to one"));
        }
        match (&attempt.dpop, attempt.server) {
            (Some(key), Server::Authorization) => dpop::check_algorithm(key.alg, &names(&attempt.client.profile.requests.dpop_algorithms))
                .map_err(|error| error.at(attempt.phase())),
            _ => Ok(()),
        }
    }

    /// The key for a token, or the request for the key set.
    fn choose(&mut self, token: Box<Unverified>, now: u64) -> Result<Step<Option<Claims>>> {
        let context = &mut self.context;
        // The npm package's shell has the keys, always.
        if NPM || context.keys_outside {
            let (alg, kid, input, signature) =
                (token.alg(), token.kid().map(String::from), token.signing_input().into(), token.signature().into());
            self.state = State::FindWanted(token);
            return Ok(Step::Find(FindRequest { alg, kid, input, signature }));
        }
        let kept = context.jwks.as_deref().map(|set| (set, context.jwks_at));
        let uri = context.jwks_uri.as_deref().filter(|_| !context.fetched);
        match keys::choose(kept, uri.map(|_| COOLDOWN), now, |set| context.select(set, &token))? {
            Choice::Key(key) => {
                let (alg, input, signature) = (token.alg(), token.signing_input().into(), token.signature().into());
                self.state = State::VerdictWanted(token);
                Ok(Step::Verify(VerifyRequest { alg, key, input, signature }))
            }
            Choice::Fetch(times) => {
                let request = jwks::request(uri.unwrap_or_default(), &context.development)?;
                context.jwks_at = times;
                context.fetched = true;
                self.state = State::KeysWanted(token, now);
                Ok(Step::Send(request))
            }
        }
    }

    pub(super) fn signed(&mut self, signature: &[u8]) -> Result<()> {
        match (&self.state, &mut self.attempt) {
            (State::Trying, Some(attempt)) => {
                let signed = attempt.accept_signature(signature);
                // One that nobody asked for changes nothing; a wrong one ends the flow.
                if signed.as_ref().is_err_and(|error| error.code() != codes::TRANSACTION_USED.code()) {
                    self.state = State::Over;
                }
                signed
            }
            _ => Err(used_error()),
        }
    }

    /// Judges an answer that is there to stay.
    pub(super) fn judge(&mut self, answer: &Response, reader: &mut dyn Reader) -> Result<()> {
        self.state = State::Over;
        let told = self.context.told;
        let judged = reader.answer(answer, &mut self.context);
        // The package's shell keeps the answer itself.
        let once = !NPM && self.attempt.as_ref().is_some_and(|attempt| !attempt.request.repeatable) && (200..300).contains(&answer.status);
        judged.map_err(told).map_err(|error| {
            let error = self.attempt.as_ref().map_or_else(used_error, |attempt| attempt.with_trace_id(error));
            if once { error.with_raw_answer(answer) } else { error }
        })?;
        self.context.answer = once.then(|| answer.body.clone());
        self.state = State::Judging;
        Ok(())
    }

    pub(super) fn verified(&mut self, right: bool) -> Result<()> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::VerdictWanted(token) | State::FindWanted(token) => {
                self.state = State::Verified(token.release(right)?);
                Ok(())
            }
            other => {
                self.state = other;
                Err(used_error())
            }
        }
    }

    pub(super) fn receive(&mut self, response: Response, reader: &mut dyn Reader) -> Result<()> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Trying => {
                let Some(attempt) = &mut self.attempt else { return Err(used_error()) };
                let answer = match attempt.receive(response) {
                    Ok(answer) => answer,
                    Err(error) => {
                        // An answer out of turn is refused, and changes nothing.
                        if !attempt.is_answered() || error.code() == codes::TRANSACTION_USED.code() {
                            self.state = State::Trying;
                        }
                        return Err(attempt.with_trace_id(error));
                    }
                };
                self.state = State::Trying;
                let Some(answer) = answer else { return Ok(()) };
                self.context.renew(&answer);
                if self.context.storing && self.context.renewed.is_some() {
                    self.state = State::Storing(Box::new(answer));
                    return Ok(());
                }
                self.judge(&answer, reader)
            }
            State::KeysWanted(token, at) if !NPM => {
                let KeySet { jwks, times } = KeySet::judge(&response, at)?;
                let unknown = self.context.jwks_at.and_then(|times| times.unknown);
                self.context.jwks = Some(jwks);
                self.context.jwks_at = Some(JwksTimes { unknown, ..times });
                self.state = State::Keyed(token);
                Ok(())
            }
            other => {
                self.state = other;
                Err(used_error())
            }
        }
    }
}
