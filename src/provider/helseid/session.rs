//! A person's session: one token for each audience and organisation, got by refresh, in one process or in many.
//!
//! HelseID ends a session whose spent refresh token it sees again (RFC 9700 section 4.14.2), so processes that share one refresh in
//! turns, by the machine that renews whatever is shared. What is HelseID's own: one session has many tokens, and each process takes
//! those that another's refresh brought. Refuses a refresh without a refresh token.

use alloc::boxed::Box;
use alloc::string::String;

use super::saved::{KnownTokens, Saved, quoted, read, record};
use super::{Granted, HelseId, TokenRequest, resources_of};
use crate::flow::exchange::{Exchange, Flow};
use crate::flow::judge::used_error;
use crate::flow::keys::JwksTimes;
use crate::flow::machine::{Input, Machine, Moment, Spends};
use crate::flow::renewal::{Found, Next, Renewable, Renewal};
use crate::flow::step::{Record, Step};
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
    renewal: Renewal,
    own: Own,
}

/// What is HelseID's own of it.
struct Own {
    helseid: HelseId,
    nonce: Option<String>,
    saved: Saved,
    request: TokenRequest,
    key: String,
    known: KnownTokens,
    outside: bool,
    jwks: Option<(String, JwksTimes)>,
    behind: i64,
    exchange: Option<Box<Exchange<Granted>>>,
    granted: Option<Box<Granted>>,
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
        let mut session = Session::of(self, saved, request, nonce);
        session.own.exchange = Some(Box::new(exchange));
        Ok(session)
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
        let own = Own {
            helseid: helseid.clone(),
            nonce: nonce.map(String::from),
            saved,
            key: request.key(),
            request,
            known: KnownTokens::default(),
            outside: false,
            jwks: None,
            behind: 0,
            exchange: None,
            granted: None,
        };
        Self { renewal: Renewal::new(), own }
    }

    /// Shares the session with other processes, by a store's lock. `known` are tokens that this one has, as [`Step::Adopt`] hands
    /// them out after its first line: a line each of [`TokenRequest::key`], end in seconds since 1970, and facts as JSON, with tabs
    /// between. `optional`: refreshes also where the store does not answer, at the risk of losing the session.
    #[must_use]
    pub fn shared(mut self, known: &str, optional: bool) -> Self {
        self.own.known = KnownTokens::parse(known);
        self.renewal.shared = self.own.saved.text("id").is_some_and(|id| !id.is_empty());
        self.renewal.optional = optional;
        self
    }

    /// The name by which the shell knows what is asked for, where that is not [`TokenRequest::key`].
    #[must_use]
    pub fn named(mut self, key: &str) -> Self {
        self.own.key = key.into();
        self
    }

    /// Reads what the caller stored last before each refresh under the lock: that of a process that was killed after it had stored.
    #[must_use]
    pub fn loading(mut self) -> Self {
        self.renewal.loads = true;
        self
    }

    /// Leaves the server's keys, SHA-384 and SHA-512 to the shell ([`Exchange::keys_outside`], [`Exchange::digests_outside`]).
    #[must_use]
    pub fn keys_outside(mut self) -> Self {
        self.own.outside = true;
        self
    }

    /// Begins with the server's key set of before, as [`Exchange::jwks_at`] does.
    #[must_use]
    pub fn jwks_at(mut self, json: impl Into<String>, times: JwksTimes) -> Self {
        self.own.jwks = Some((json.into(), times));
        self
    }

    /// The server's key set, for the next machine, as [`Exchange::known_jwks_at`].
    pub fn known_jwks_at(&self) -> Option<(&str, JwksTimes)> {
        self.own.exchange.as_ref()?.known_jwks_at()
    }

    /// Seconds by which the clock of what is stored is behind the one of the moments: where a machine's clock is known to be wrong.
    #[must_use]
    pub fn behind(mut self, seconds: i64) -> Self {
        self.own.behind = seconds;
        self
    }

    /// The session as it is to be stored. Holds the refresh token.
    pub fn state(&self) -> Secret {
        Secret::new(self.own.saved.json())
    }
}

impl Own {
    fn now(&self, moment: &Moment<'_>) -> u64 {
        moment.now.saturating_add_signed(self.behind.saturating_neg())
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

    /// The exchange, with the keys as the shell has them.
    fn ready(&mut self, exchange: Exchange<Granted>) {
        let exchange = match self.jwks.take() {
            Some((set, times)) => exchange.jwks_at(set, times),
            None => exchange,
        };
        self.exchange = Some(Box::new(if self.outside { exchange.keys_outside().digests_outside() } else { exchange }));
    }
}

impl Renewable for Own {
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

    fn adopt(&mut self, record: Option<Record>, found: Found, moment: &Moment<'_>) -> Result<Option<Secret>> {
        let Some(record) = record else { return Ok(None) };
        let new = if found == Found::Own {
            if !self.saved.follow(self.helseid.restored(record.text.expose())?) {
                return Ok(None);
            }
            KnownTokens::default()
        } else {
            let Some((saved, known)) = read(&record) else { return Ok(None) };
            self.saved.follow(saved);
            self.known.join(known, self.now(moment))
        };
        let mut text = self.saved.json();
        text.push_str("\n");
        text.push_str(&new.lines());
        Ok(Some(Secret::new(text)))
    }

    fn is_served(&self, moment: &Moment<'_>) -> bool {
        self.known.is_good(&self.key, self.now(moment))
    }

    fn ask(&mut self) -> Result<()> {
        let exchange = self.refreshing()?;
        self.ready(exchange);
        Ok(())
    }

    fn flow(&self) -> Option<&Flow> {
        Some(&self.exchange.as_ref()?.flow)
    }

    fn carry(&mut self, input: Input, moment: &Moment<'_>) -> Next {
        let Some(exchange) = &mut self.exchange else { return Err(used_error()) };
        match exchange.advance(input, moment)?.undone() {
            Ok(Step::Store(token)) => {
                self.saved.renew(&token);
                Ok(Step::Store(Secret::new(self.saved.json())))
            }
            Ok(step) => Ok(step),
            Err(granted) => {
                let now = self.now(moment);
                self.saved.take(&granted, now);
                self.known.take(&self.key, &granted, now);
                self.granted = Some(Box::new(granted));
                Ok(Step::Done(self.saved.json()))
            }
        }
    }

    fn record(&self, moment: &Moment<'_>) -> Option<Record> {
        Some(record(&self.saved, &self.known, self.now(moment)))
    }
}

impl Session {
    /// The next step; at the end [`take`](Self::take) has the outcome.
    pub(crate) fn next(&mut self, input: Input, moment: &Moment<'_>) -> Next {
        let Self { renewal, own } = self;
        if matches!(input, Input::Start)
            && renewal.is_new()
            && let Some(exchange) = own.exchange.take()
        {
            // The login's own: from here on processes find the session by this.
            own.saved.set_text("id", &uuid(moment.random.first_chunk().unwrap_or(&[0; 16])));
            own.ready(*exchange);
        }
        renewal.advance(own, input, moment)
    }

    /// What came for this process, once it is over.
    pub(crate) fn take(&mut self) -> Option<Box<Granted>> {
        self.own.granted.take()
    }
}

impl Machine for Session {
    type Output = SessionToken;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<SessionToken>> {
        let step = self.next(input, moment)?.undone();
        Ok(step.unwrap_or_else(|_| Step::Done(self.take().map_or(SessionToken::Shared, SessionToken::New))))
    }

    fn nonce(&self) -> Option<&str> {
        self.own.exchange.as_ref()?.dpop_nonce()
    }

    fn keeps(&self) -> bool {
        self.own.exchange.as_ref().is_some_and(|exchange| exchange.keeps())
    }

    fn spends(&self) -> Option<Spends<'_>> {
        self.own.exchange.as_ref()?.spends()
    }
}
