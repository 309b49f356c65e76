//! A person's session: one token for each audience and organisation, got by refresh, in one process or in many.
//!
//! HelseID ends a session whose spent refresh token it sees again (RFC 9700 section 4.14.2), so processes that share one refresh in
//! turns, under a store's lock, and each takes what another's refresh brought. The refresh token that comes is stored before
//! anything else of the answer is judged. Refuses to refresh without the lock, unless told that it may; whatever ends it early, it
//! stores what it got and gives the lock back.

use alloc::boxed::Box;
use alloc::string::String;

use super::saved::{KnownTokens, Saved, quoted, read, record};
use super::{Granted, HelseId, TokenRequest, resources_of};
use crate::flow::exchange::Exchange;
use crate::flow::judge::used_error;
use crate::flow::keys::JwksTimes;
use crate::flow::machine::{Failure, Input, Kind, Machine, Moment, Spends};
use crate::flow::step::{Place, Record, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::uuid::uuid;
use crate::jose::thumbprint;
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::grant::Refresh;
use crate::protocol::id_token::claims::Claims;

/// A token of a session, and where it is from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionToken {
    /// It came in an answer.
    New(Box<Granted>),
    /// Another process got it: it is among what [`Step::Adopt`] handed out last, under the key of the request.
    Shared,
}

/// One token for a session, which is stored as it changes: [`Step::Store`] hands out its text. Made by [`HelseId::begin_session`] and
/// [`HelseId::session`].
///
/// ```
/// # use samtykke::flow::machine::{Input, Machine, Moment};
/// # use samtykke::provider::helseid::{HelseId, TokenRequest};
/// # use samtykke::Step;
/// # fn next(helseid: &HelseId, stored: &str, moment: &Moment<'_>) -> samtykke::Result<()> {
/// let mut session = helseid.session(stored, TokenRequest::new().resource("nhn:kj"), None)?;
/// match session.advance(Input::Start, moment)? {
///     Step::Sign(assertion) => { /* sign it, and give the machine the signature */ }
///     Step::Store(text) => { /* store the session, encrypted, in place of the one before */ }
///     _ => { /* as for every machine */ }
/// }
/// # Ok(()) }
/// ```
pub struct Session {
    helseid: HelseId,
    nonce: Option<String>,
    saved: Saved,
    request: TokenRequest,
    key: String,
    known: KnownTokens,
    shared: bool,
    optional: bool,
    loads: bool,
    outside: bool,
    jwks: Option<(String, JwksTimes)>,
    behind: i64,
    exchange: Option<Box<Exchange<Granted>>>,
    locked: bool,
    changed: bool,
    at: At,
}

enum At {
    New,
    /// The store's record is read, its lock waited for, what the caller has stored read.
    Looking,
    Locking,
    Loading,
    /// What was found is taken over: before the lock, under it, or from the caller.
    Adopting(Found),
    Exchanging,
    Renewing,
    Saving(Box<Granted>),
    /// The lock is given back; then it is over, like this.
    Ending(Result<SessionToken>),
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Before,
    Locked,
    Own,
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Session(…)")
    }
}

impl HelseId {
    /// Begins a session with a checked code: the tokens of the first audience, or of the one that is asked for.
    ///
    /// # Errors
    /// As [`authorization_code`](Self::authorization_code).
    pub fn begin_session(&self, code: AuthorizationCode, mut request: TokenRequest, nonce: Option<&str>) -> Result<Session> {
        let mut saved = Saved::default();
        saved.set_text("scope", code.scope());
        if request.resource.is_none() {
            request.resource = resources_of(code.scope()).first().map(|resource| String::from(*resource));
        }
        saved.set_text("id", "");
        if let Some(resource) = &request.resource {
            saved.set_text("resource", resource);
        }
        saved.set_text("issuer", &self.client().profile.issuer);
        saved.set_text("clientId", &self.client().client_id);
        let exchange = self.authorization_code(code, &request, nonce)?;
        Ok(Session { exchange: Some(Box::new(exchange)), ..Session::of(self, saved, request, nonce) })
    }

    /// One token of a session that was stored: for another audience or organisation, or in place of one that ends. Let one process
    /// at a time work with a session, unless they share a store ([`Session::shared`]).
    ///
    /// # Errors
    /// `session_invalid`; `invalid_configuration` for one of another client or environment.
    pub fn session(&self, stored: &str, mut request: TokenRequest, nonce: Option<&str>) -> Result<Session> {
        let saved = self.restored(stored)?;
        if request.resource.is_none() {
            request.resource = saved.text("resource");
        }
        Ok(Session::of(self, saved, request, nonce))
    }

    fn restored(&self, stored: &str) -> Result<Saved> {
        Saved::restored(stored, &self.client().profile.issuer, &self.client().client_id)
    }
}

impl Session {
    fn of(helseid: &HelseId, saved: Saved, request: TokenRequest, nonce: Option<&str>) -> Self {
        Self {
            helseid: helseid.clone(),
            nonce: nonce.map(String::from),
            saved,
            key: request.key(),
            request,
            known: KnownTokens::default(),
            shared: false,
            optional: false,
            loads: false,
            outside: false,
            jwks: None,
            behind: 0,
            exchange: None,
            locked: false,
            changed: false,
            at: At::New,
        }
    }

    /// Shares the session with other processes, by a store's lock. `known` are tokens that this one has, as [`Step::Adopt`] hands
    /// them out after its first line: a line each of [`TokenRequest::key`], end in seconds since 1970, and facts as JSON, with tabs
    /// between. `optional`: refreshes also where the store does not answer, at the risk of losing the session.
    #[must_use]
    pub fn shared(mut self, known: &str, optional: bool) -> Self {
        self.known = KnownTokens::parse(known);
        self.shared = self.saved.text("id").is_some_and(|id| !id.is_empty());
        self.optional = optional;
        self
    }

    /// The name by which the shell knows what is asked for, where that is not [`TokenRequest::key`].
    #[must_use]
    pub fn named(mut self, key: &str) -> Self {
        self.key = key.into();
        self
    }

    /// Reads what the caller stored last before each refresh under the lock: that of a process that was killed after it had stored.
    #[must_use]
    pub fn loading(mut self) -> Self {
        self.loads = true;
        self
    }

    /// Leaves the server's keys, SHA-384 and SHA-512 to the shell ([`Exchange::keys_outside`], [`Exchange::digests_outside`]).
    #[must_use]
    pub fn keys_outside(mut self) -> Self {
        self.outside = true;
        self
    }

    /// Begins with the server's key set of before, as [`Exchange::jwks_at`] does.
    #[must_use]
    pub fn jwks_at(mut self, json: impl Into<String>, times: JwksTimes) -> Self {
        self.jwks = Some((json.into(), times));
        self
    }

    /// The server's key set, for the next machine, as [`Exchange::known_jwks_at`].
    pub fn known_jwks_at(&self) -> Option<(&str, JwksTimes)> {
        self.exchange.as_ref()?.known_jwks_at()
    }

    /// Seconds by which the clock of what is stored is behind the one of the moments: where a machine's clock is known to be wrong.
    #[must_use]
    pub fn behind(mut self, seconds: i64) -> Self {
        self.behind = seconds;
        self
    }

    /// The session as it is to be stored. Holds the refresh token.
    pub fn state(&self) -> Secret {
        Secret::new(self.saved.json())
    }

    /// The name by which processes find the session in their store; the store need not learn it, a digest will do.
    fn name(&self) -> String {
        let mut name = String::from("[\"helseid session\"");
        let text = |name| self.saved.text(name).unwrap_or_default();
        for part in [text("issuer"), text("clientId"), thumbprint(&self.helseid.dpop().public), text("id")] {
            name.push_str(",");
            name.push_str(&quoted(&part));
        }
        name.push_str("]");
        name
    }

    fn now(&self, moment: &Moment<'_>) -> u64 {
        moment.now.saturating_add_signed(self.behind.saturating_neg())
    }

    fn begin(&mut self, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        if self.exchange.is_some() {
            let id = uuid(moment.random.first_chunk().unwrap_or(&[0; 16]));
            self.saved.set_text("id", &id);
            return self.send(moment);
        }
        if !self.shared {
            return self.refresh(moment);
        }
        self.at = At::Looking;
        Ok(Step::Load(Place::Shared(self.name())))
    }

    fn lock(&mut self) -> Result<Step<SessionToken>> {
        self.at = At::Locking;
        Ok(Step::Lock(self.name()))
    }

    /// Takes over what a record says, where it says something.
    fn adopt(&mut self, record: Option<Record>, found: Found, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        let now = self.now(moment);
        let Some((saved, known)) = record.as_ref().and_then(read) else { return self.adopted(found, moment) };
        self.saved.follow(saved);
        let new = self.known.join(known, now);
        self.at = At::Adopting(found);
        Ok(self.adopting(&new))
    }

    fn adopting(&self, new: &KnownTokens) -> Step<SessionToken> {
        let mut text = self.saved.json();
        text.push_str("\n");
        text.push_str(&new.lines());
        Step::Adopt(Secret::new(text))
    }

    fn adopted(&mut self, found: Found, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        if found != Found::Own && self.known.is_good(&self.key, self.now(moment)) {
            return self.end(Ok(SessionToken::Shared), moment);
        }
        match found {
            Found::Before => self.lock(),
            Found::Locked => self.load(moment),
            Found::Own => self.refresh(moment),
        }
    }

    fn load(&mut self, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        if !self.loads {
            return self.refresh(moment);
        }
        self.at = At::Loading;
        Ok(Step::Load(Place::Own))
    }

    fn loaded(&mut self, record: Option<Record>, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        let Some(record) = record else { return self.refresh(moment) };
        match self.helseid.restored(record.text.expose()).map(|saved| self.saved.follow(saved)) {
            Ok(true) => {
                self.at = At::Adopting(Found::Own);
                Ok(self.adopting(&KnownTokens::default()))
            }
            Ok(false) => self.refresh(moment),
            Err(error) => self.end(Err(error), moment),
        }
    }

    fn refresh(&mut self, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        match self.refreshing() {
            Ok(exchange) => {
                self.exchange = Some(Box::new(exchange));
                self.send(moment)
            }
            Err(error) => self.end(Err(error), moment),
        }
    }

    /// The login's whole scope bounds what a refresh may bring, not that of the last token, which is one audience's.
    fn refreshing(&self) -> Result<Exchange<Granted>> {
        let Some(token) = self.saved.text("refreshToken").filter(|token| !token.is_empty()) else {
            let expected = "offline_access in the login's scope: without it there is no further token";
            return Err(Error::new_expected(&codes::INVALID_PARAMETER, expected).at(Phase::Token));
        };
        let mut refresh = Refresh::new(token).with_granted_scope(self.saved.text("scope").unwrap_or_default());
        if let Some(claims) = self.saved.claims() {
            refresh = refresh.claims(Claims::from_stored(claims)?);
        }
        Ok(self.helseid.refresh(&refresh, &self.request, self.nonce.as_deref())?.with_store())
    }

    fn send(&mut self, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        if let Some(mut exchange) = self.exchange.take() {
            if let Some((set, times)) = self.jwks.take() {
                *exchange = exchange.jwks_at(set, times);
            }
            self.exchange = Some(if self.outside { Box::new(exchange.keys_outside().digests_outside()) } else { exchange });
        }
        self.exchanged(Input::Start, moment, true)
    }

    fn exchanged(&mut self, input: Input, moment: &Moment<'_>, asking: bool) -> Result<Step<SessionToken>> {
        let Some(exchange) = &mut self.exchange else { return Err(used_error()) };
        match exchange.advance(input, moment).map(Step::undone) {
            Ok(Ok(Step::Store(token))) => {
                self.saved.renew(&token);
                self.changed = true;
                self.at = At::Renewing;
                Ok(Step::Store(self.state()))
            }
            Ok(Ok(step)) => {
                self.at = At::Exchanging;
                Ok(step)
            }
            Ok(Err(granted)) => {
                let now = self.now(moment);
                self.saved.take(&granted, now);
                self.known.take(&self.key, &granted, now);
                self.changed = true;
                self.at = At::Saving(Box::new(granted));
                Ok(Step::Store(self.state()))
            }
            // An input out of turn changes nothing.
            Err(error) if error.code() == codes::TRANSACTION_USED.code() && !exchange.flow.is_over() => {
                self.at = if asking { At::Exchanging } else { At::Renewing };
                Err(error)
            }
            Err(error) => self.end(Err(error), moment),
        }
    }

    /// What the caller's own store came to; what cannot be asked for again goes with the error.
    fn unstored(&mut self, failure: Failure, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        let error = failure.error(Phase::Session, false);
        let error = self.exchange.as_ref().map_or(error.clone(), |exchange| exchange.flow.held(error));
        self.end(Err(error), moment)
    }

    /// Whatever came of it: what there is to hand on is handed on, and the lock given back.
    fn end(&mut self, outcome: Result<SessionToken>, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        if !self.locked {
            return outcome.map(Step::Done);
        }
        self.at = At::Ending(outcome);
        Ok(if self.changed { Step::Keep(record(&self.saved, &self.known, self.now(moment))) } else { Step::Unlock })
    }
}

fn unlockable(failure: Failure) -> Error {
    match failure {
        Failure::Store => Error::new_expected(&codes::SESSION_UNAVAILABLE, "an answer of the session store").at(Phase::Session),
        other => other.error(Phase::Token, true),
    }
}

impl Machine for Session {
    type Output = SessionToken;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        if let Input::Failed(failure) = &input
            && !matches!(self.at, At::Exchanging)
            && !failure.is_of(Kind::Store)
        {
            return Err(used_error());
        }
        match (core::mem::replace(&mut self.at, At::Over), input) {
            (At::New, Input::Start) => self.begin(moment),
            (At::Looking, Input::Loaded(record)) => self.adopt(record, Found::Before, moment),
            (At::Looking, Input::Failed(Failure::Aborted)) => Err(Failure::Aborted.error(Phase::Token, false)),
            (At::Looking, Input::Failed(_)) => self.lock(),
            (At::Locking, Input::Locked(record)) => {
                self.locked = true;
                self.adopt(record, Found::Locked, moment)
            }
            (At::Locking, Input::Failed(Failure::Store)) if self.optional => self.load(moment),
            (At::Locking, Input::Failed(failure)) => Err(unlockable(failure)),
            (At::Loading, Input::Loaded(record)) => self.loaded(record, moment),
            (At::Adopting(found), Input::Adopted) => self.adopted(found, moment),
            (At::Exchanging, input) => self.exchanged(input, moment, true),
            (At::Renewing, input @ (Input::Stored | Input::Failed(_))) => self.exchanged(input, moment, false),
            (At::Saving(granted), Input::Stored) => self.end(Ok(SessionToken::New(granted)), moment),
            (At::Loading | At::Saving(_), Input::Failed(failure)) => self.unstored(failure, moment),
            (At::Ending(outcome), Input::Unlocked | Input::Failed(_)) => outcome.map(Step::Done),
            (at, _) => {
                self.at = at;
                Err(used_error())
            }
        }
    }

    fn nonce(&self) -> Option<&str> {
        self.exchange.as_ref()?.dpop_nonce()
    }

    fn keeps(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.keeps())
    }

    fn spends(&self) -> Option<Spends<'_>> {
        self.exchange.as_ref()?.spends()
    }
}
