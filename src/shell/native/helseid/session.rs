//! A person's login at HelseID: one token for each audience and organisation, got by refresh, one refresh at a time.
//!
//! HelseID "Token-endepunktet", FK3; RFC 6749 section 6. What is done in which order, and what is stored when, the core's machine
//! decides ([`Session`](crate::provider::helseid::Session)). Refuses two refreshes at once.

use alloc::string::String;
use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Granted, HelseId, TokenRequest, token_nonce};
use crate::flow::judge::used_error;
use crate::ground::error::{Error, Result, codes};
use crate::ground::secret::Secret;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;
use crate::provider::helseid::saved::Saved;
use crate::provider::helseid::{Session, SessionToken, TokenCache};
use crate::shell::native::client::{Client, RefreshStore};
use crate::shell::native::sending::BoxFuture;

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
    pub(super) fn new(helseid: &HelseId, saved: Saved, save: Option<SaveSession>) -> Self {
        let (saved, kept) = (Mutex::new(saved), Mutex::default());
        Self(Arc::new(Inner { helseid: helseid.clone(), save, saved, kept, turn: tokio::sync::Mutex::default() }))
    }

    pub(super) fn stored(helseid: &HelseId, text: &str, save: Option<SaveSession>) -> Result<Self> {
        Ok(Self::new(helseid, read(helseid, text)?, save))
    }

    fn saved(&self) -> MutexGuard<'_, Saved> {
        self.0.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, TokenCache> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims of the login's id_token, verified. Personal data.
    pub fn claims(&self) -> Option<Claims> {
        Claims::from_stored(self.saved().claims()?).ok()
    }

    /// When the refresh token ends, in seconds since 1970; unknown where HelseID does not say: take it for ended.
    pub fn refresh_expires_at(&self) -> Option<u64> {
        self.saved().number("refreshExpiresAt")
    }

    /// The session as text, for [`HelseId::session`]. Holds the refresh token.
    pub fn serialize(&self) -> Secret {
        Secret::new(self.saved().json())
    }

    /// The token for an audience, and for the organisation of the details: the one that is still good, or a new one by refresh.
    /// Refreshes run one after the other, each in a task that goes on when the caller's future is dropped.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; `token_error` with HelseID's number as provider code (`invalid_grant`: log in
    /// again); `claim_refused` for a token of another key or audience; `store_failed`; those of the network.
    pub async fn tokens(&self, request: &TokenRequest) -> Result<Granted> {
        let asked = self.asked(request);
        let driver = &self.0.helseid.client().0.driver;
        if let Some(granted) = self.kept().get(&asked, driver.now()) {
            return Ok(granted.clone());
        }
        let session = self.clone();
        driver.run_detached(async move { session.refreshed(&asked).await }).await
    }

    /// The request with the audience that it is for.
    fn asked(&self, request: &TokenRequest) -> TokenRequest {
        match (request.audience(), self.saved().text("resource")) {
            (None, Some(resource)) => request.clone().resource(resource),
            _ => request.clone(),
        }
    }

    async fn refreshed(&self, asked: &TokenRequest) -> Result<Granted> {
        let _turn = self.0.turn.lock().await;
        let (client, rules) = self.0.helseid.now().await?;
        if let Some(granted) = self.kept().get(asked, client.0.driver.now()) {
            return Ok(granted.clone());
        }
        let machine = rules.session(self.serialize().expose(), asked.clone(), token_nonce(&client).as_deref())?;
        self.ran(&client, machine, Some(asked)).await
    }

    /// Carries a machine to its end, and keeps the token that came; without a request, that of the login's own audience.
    pub(super) async fn ran(&self, client: &Client, machine: Session, asked: Option<&TokenRequest>) -> Result<Granted> {
        let session = self.clone();
        let store: RefreshStore = Arc::new(move |text| {
            let session = session.clone();
            alloc::boxed::Box::pin(async move { session.store(text).await })
        });
        // Nothing is shared with other processes here.
        let SessionToken::New(granted) = client.run_session(machine, &store).await? else { return Err(used_error()) };
        let asked = asked.cloned().unwrap_or_else(|| self.asked(&TokenRequest::new()));
        self.kept().put(&asked, &granted, client.0.driver.now());
        Ok(*granted)
    }

    /// Kept here first: a store that fails must not lose the one refresh token that is good.
    async fn store(&self, text: Secret) -> Result<()> {
        *self.saved() = read(&self.0.helseid, text.expose())?;
        match &self.0.save {
            Some(save) => save(text).await,
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
        let hint = self.saved().text("idToken").map(Secret::new);
        let missing = || Error::new(&codes::ID_TOKEN_MISSING);
        super::rules(self.0.helseid.client(), 0)?.logout_url(&hint.ok_or_else(missing)?, returns)
    }
}

fn read(helseid: &HelseId, text: &str) -> Result<Saved> {
    let registration = helseid.client().registration();
    Saved::restored(text, &registration.profile().issuer, registration.client_id())
}
