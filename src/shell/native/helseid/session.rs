//! A person's login at HelseID: one token for each audience and organisation, got by refresh, one refresh at a time.
//!
//! HelseID "Token-endepunktet", FK3; RFC 6749 section 6. The refresh token is spent by each, so the new one is stored before the token
//! that came with it is given out. Refuses two refreshes at once.

use alloc::string::String;
use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Granted, HelseId, TokenRequest};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::secret::Secret;
use crate::protocol::dpop::Server;
use crate::protocol::grant::Refresh;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;
use crate::provider::helseid::TokenCache;
use crate::shell::native::client::RefreshStore;
use crate::shell::native::sending::BoxFuture;
use crate::shell::saved::Saved;

/// Stores a session's text ([`HelseIdSession::serialize`]): at the login, and at each refresh before anything else of the answer is
/// judged. Encrypt it; let one process at a time work with a session.
pub type SaveSession = Arc<dyn Fn(Secret) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A person's login. A cheap clone, `Send + Sync`; clones are the same session.
#[derive(Clone)]
pub struct HelseIdSession(Arc<Inner>);

struct Inner {
    helseid: HelseId,
    save: Option<SaveSession>,
    saved: Mutex<Saved>,
    kept: Mutex<TokenCache>,
    /// One refresh at a time.
    turn: tokio::sync::Mutex<()>,
}

impl core::fmt::Debug for HelseIdSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HelseIdSession(…)")
    }
}

impl HelseIdSession {
    fn new(helseid: &HelseId, saved: Saved, save: Option<SaveSession>) -> Self {
        let (saved, kept) = (Mutex::new(saved), Mutex::default());
        Self(Arc::new(Inner { helseid: helseid.clone(), save, saved, kept, turn: tokio::sync::Mutex::default() }))
    }

    /// What the code's exchange gave, stored.
    pub(super) async fn begun(helseid: &HelseId, request: &TokenRequest, granted: Granted, save: Option<SaveSession>) -> Result<Self> {
        let registration = helseid.client().registration();
        let saved = Saved {
            issuer: registration.profile().issuer.clone(),
            client_id: registration.client_id().into(),
            scope: granted.login_scope.clone(),
            resource: request.audience().map(String::from),
            ..Saved::default()
        };
        let session = Self::new(helseid, saved, save);
        session.take(&granted);
        session.store().await?;
        session.kept().put(request, &granted, helseid.client().0.driver.now());
        Ok(session)
    }

    pub(super) fn stored(helseid: &HelseId, text: &str, save: Option<SaveSession>) -> Result<Self> {
        let registration = helseid.client().registration();
        let saved = Saved::parse(text, &registration.profile().issuer, registration.client_id())?;
        Ok(Self::new(helseid, saved, save))
    }

    fn saved(&self) -> MutexGuard<'_, Saved> {
        self.0.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, TokenCache> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims of the login's id_token, verified. Personal data.
    pub fn claims(&self) -> Option<Claims> {
        self.saved().claims.clone()
    }

    /// When the refresh token ends, in seconds since 1970; unknown where HelseID does not say: take it for ended.
    pub fn refresh_expires_at(&self) -> Option<u64> {
        self.saved().refresh_expires_at
    }

    /// The session as text, for [`HelseId::session`]. Holds the refresh token.
    pub fn serialize(&self) -> Secret {
        self.saved().text()
    }

    /// The token for an audience, and for the organisation of the details: the one that is still good, or a new one by refresh.
    /// Refreshes run one after the other, each in a task that goes on when the caller's future is dropped.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; `token_error` with HelseID's number as provider code (`invalid_grant`: log in
    /// again); `claim_refused` for a token of another key or audience; `store_failed`; those of the network.
    pub async fn tokens(&self, request: &TokenRequest) -> Result<Granted> {
        let asked = match (request.audience(), self.saved().resource.clone()) {
            (None, Some(resource)) => request.clone().resource(resource),
            _ => request.clone(),
        };
        let driver = &self.0.helseid.client().0.driver;
        if let Some(granted) = self.kept().get(&asked, driver.now()) {
            return Ok(granted.clone());
        }
        let session = self.clone();
        driver.run_detached(async move { session.refreshed(&asked).await }).await
    }

    async fn refreshed(&self, asked: &TokenRequest) -> Result<Granted> {
        let _turn = self.0.turn.lock().await;
        let (client, rules) = self.0.helseid.now().await?;
        let now = client.0.driver.now();
        if let Some(granted) = self.kept().get(asked, now) {
            return Ok(granted.clone());
        }
        let exchange = rules.refresh(&self.grant()?, asked, None)?.with_store();
        let endpoint = client.registration().profile().token_endpoint.clone();
        let session = self.clone();
        let store: RefreshStore = Arc::new(move |token| {
            let session = session.clone();
            alloc::boxed::Box::pin(async move {
                {
                    let mut saved = session.saved();
                    saved.refresh_token = Some(token);
                    saved.turn = saved.turn.saturating_add(1);
                }
                session.store().await
            })
        });
        let granted = client.run(client.bound(exchange), Server::Authorization, &endpoint, Some(store)).await?;
        self.take(&granted);
        self.store().await?;
        self.kept().put(asked, &granted, client.0.driver.now());
        Ok(granted)
    }

    /// The refresh, bounded by the login's whole scope and its claims.
    fn grant(&self) -> Result<Refresh> {
        let saved = self.saved();
        let missing = || {
            let error = Error::new(&codes::INVALID_PARAMETER).at(Phase::Token);
            error.expected("offline_access in the login's scope: without it there is no further token")
        };
        let token = saved.refresh_token.as_ref().ok_or_else(missing)?;
        let grant = Refresh::new(token.expose()).with_granted_scope(saved.scope.clone());
        Ok(match &saved.claims {
            Some(claims) => grant.claims(claims.clone()),
            None => grant,
        })
    }

    /// Takes over what an answer says of the session.
    fn take(&self, granted: &Granted) {
        let now = self.0.helseid.client().0.driver.now();
        self.saved().take(granted, now);
    }

    async fn store(&self) -> Result<()> {
        match &self.0.save {
            Some(save) => save(self.serialize()).await,
            None => Ok(()),
        }
    }

    /// Calls an API, of those the client was built with, with the audience's token and a fresh proof.
    ///
    /// # Errors
    /// As [`tokens`](Self::tokens) and [`Client::send`](crate::native::Client::send).
    pub async fn send(&self, request: &TokenRequest, call: http::Request<bytes::Bytes>) -> Result<http::Response<bytes::Bytes>> {
        let granted = self.tokens(request).await?;
        self.0.helseid.client().send(&granted.tokens, call).await
    }

    /// The claims about the person, compared with the login's `sub`.
    ///
    /// # Errors
    /// As [`tokens`](Self::tokens); `subject_mismatch`, `userinfo_malformed`.
    pub async fn userinfo(&self) -> Result<Claims> {
        let granted = self.tokens(&TokenRequest::new()).await?;
        let claims = granted.tokens.claims.clone().or_else(|| self.claims());
        self.0.helseid.userinfo(&Tokens { claims, ..granted.tokens.clone() }).await
    }

    /// Where to send the browser to log the person out, with the newest id_token as hint: and with an address that is registered, and
    /// a `state` that comes back with it, where it is to return.
    ///
    /// # Errors
    /// As [`Logout::url`](crate::protocol::logout::Logout::url).
    pub fn logout_url(&self, returns: Option<(&str, &str)>) -> Result<String> {
        let hint = self.saved().id_token.clone();
        let missing = || Error::new(&codes::ID_TOKEN_MISSING);
        super::rules(self.0.helseid.client(), 0)?.logout_url(&hint.ok_or_else(missing)?, returns)
    }
}
