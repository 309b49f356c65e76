//! HelseID on wasm: logins, sessions with a token for each audience, and machine tokens.
//!
//! The security profile of utviklerportal.nhn.no; see [`provider::helseid`](crate::provider::helseid).
//! Refuses what the profile does, two refreshes at once, and to give a token out before its session is stored.

use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::client::Client;
use super::key::Key;
use super::webcrypto::AsyncSigner;
use super::{drawn, host};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::authorization::request::RANDOM_OCTETS;
use crate::protocol::client::Client as Registration;
use crate::protocol::dpop::Server;
use crate::protocol::grant::Refresh;
use crate::protocol::id_token::claims::Claims;
use crate::provider::helseid::{
    self as provider, Environment, Granted, LoginRequest, RULES, TokenCache, TokenRequest, enforce, with_provider_code,
};
use crate::shell::saved::Saved;
use crate::{Callback, Login, Secret, Transaction};

/// A client at HelseID, for a worker: its key proves who it is. A cheap clone, `Send + Sync`.
///
/// ```no_run,standalone_crate
/// use samtykke::fetch::{HelseId, Key};
/// use samtykke::jose::Algorithm;
/// use samtykke::provider::helseid::{Environment, LoginRequest, TokenRequest};
/// # async fn begin(jwk: &str) -> samtykke::Result<samtykke::Login> {
/// let key = Key::from_jwk(jwk, Algorithm::ES256).await?;
/// let helseid = HelseId::connect(&Environment::test(), "5b1d7b4e", "https://journal.example.no/callback", key).await?;
/// let own = helseid.machine(&TokenRequest::new().resource("nhn:kj").scope("nhn:kj/api")).await?;
/// # let _ = own;
/// helseid.begin(&LoginRequest::new("openid offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read")).await
/// # }
/// ```
#[derive(Clone)]
pub struct HelseId(Arc<Inner>);

struct Inner {
    client: Client,
    rules: provider::HelseId,
    own: Mutex<TokenCache>,
    asking: Turn,
}

impl core::fmt::Debug for HelseId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HelseId").field("client", &self.0.client).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One at a time, by the host's timers.
#[derive(Default)]
struct Turn(AtomicBool);

struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

impl Turn {
    async fn take(&self) -> Taken<'_> {
        while self.0.swap(true, Ordering::AcqRel) {
            host::pause(20).await;
        }
        Taken(self)
    }
}

impl HelseId {
    /// A client of an environment, by the server's metadata. `key` signs assertions, request objects and the proofs to which tokens are
    /// bound; `redirect_uri` is empty for one that no person logs in with.
    ///
    /// # Errors
    /// `invalid_configuration`, `algorithm_refused`; those of discovery and of the network.
    pub async fn connect(environment: &Environment, client_id: &str, redirect_uri: &str, key: Key) -> Result<Self> {
        let policy = environment.policy();
        let development = policy.development;
        let profile = |metadata: &crate::protocol::metadata::Metadata| enforce(metadata.profile(&RULES, development));
        let client = Client::discovered(environment.issuer(), client_id, redirect_uri, policy, profile).await?;
        Self::of(client.key(key.clone()).dpop(key.clone()), &key)
    }

    /// As [`connect`](Self::connect), by the addresses that are documented; nothing is asked for.
    ///
    /// # Errors
    /// `invalid_configuration`, `algorithm_refused`.
    pub fn with(environment: &Environment, client_id: &str, redirect_uri: &str, key: Key) -> Result<Self> {
        let profile = provider::profile(environment);
        let profile = if redirect_uri.is_empty() { profile.for_machines() } else { profile };
        let client = Client::new(Registration::new(profile, client_id, redirect_uri)?);
        Self::of(client.key(key.clone()).dpop(key.clone()), &key)
    }

    fn of(client: Client, key: &Key) -> Result<Self> {
        let registration = client.registration();
        let (id, uri) = (registration.client_id(), registration.redirect_uri());
        let rules = provider::HelseId::new(registration.profile().clone(), id, uri, key.info().clone(), key.info().clone())?;
        Ok(Self(Arc::new(Inner { client, rules, own: Mutex::default(), asking: Turn::default() })))
    }

    /// The client beneath; name the APIs of its calls by [`Client::api`] before, or call with [`Client::send`].
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// Begins a login: pushed, its code bound to the key.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`; those of the server and of the network.
    pub async fn begin(&self, request: &LoginRequest) -> Result<Login> {
        let Inner { client, rules, .. } = &*self.0;
        let endpoint = client.registration().profile().token_endpoint.as_str();
        let mut random = Zeroizing::new([0; RANDOM_OCTETS]);
        drawn(&mut *random)?;
        let nonce = client.nonce(Server::Authorization, endpoint);
        client.run(rules.login(request, nonce.as_deref(), &random, host::now())?, Server::Authorization, endpoint).await
    }

    /// Judges what came back, exchanges the code for the token of one audience, and judges the login's level (4).
    ///
    /// # Errors
    /// Those of [`Transaction::finish`]; those of the server and of the network.
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>, request: &TokenRequest) -> Result<HelseIdSession> {
        let Inner { client, rules, .. } = &*self.0;
        let code = client.code(transaction, callback).await.map_err(with_provider_code)?;
        let granted = client.exchange(rules.authorization_code(code, request, None)?).await?;
        let registration = client.registration();
        let saved = Saved {
            issuer: registration.profile().issuer.clone(),
            client_id: registration.client_id().into(),
            scope: granted.login_scope.clone(),
            resource: request.audience().map(String::from),
            ..Saved::default()
        };
        let session = HelseIdSession::new(self, saved);
        session.take(request, &granted);
        Ok(session)
    }

    /// A session that was stored, by this package in either language.
    ///
    /// # Errors
    /// `session_invalid`; `invalid_configuration` for one of another client or environment.
    pub fn session(&self, stored: &str) -> Result<HelseIdSession> {
        let registration = self.0.client.registration();
        let saved = Saved::parse(stored, &registration.profile().issuer, registration.client_id())?;
        Ok(HelseIdSession::new(self, saved))
    }

    /// A token of the client's own: one that came and is good for a while yet, else a new one. Callers that ask at once share it (FK3).
    ///
    /// # Errors
    /// `invalid_scope` for a person's scope, `invalid_parameter`; those of the server and of the network.
    pub async fn machine(&self, request: &TokenRequest) -> Result<Granted> {
        let _turn = self.0.asking.take().await;
        if let Some(granted) = locked(&self.0.own).get(request, host::now()) {
            return Ok(granted.clone());
        }
        let granted = self.0.client.exchange(self.0.rules.client_credentials(request, None)?).await?;
        locked(&self.0.own).put(request, &granted, host::now());
        Ok(granted)
    }
}

/// A person's login at HelseID. A cheap clone, `Send + Sync`; clones are the same session.
#[derive(Clone)]
pub struct HelseIdSession(Arc<Session>);

struct Session {
    helseid: HelseId,
    saved: Mutex<Saved>,
    kept: Mutex<TokenCache>,
    turn: Turn,
}

impl core::fmt::Debug for HelseIdSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HelseIdSession(…)")
    }
}

impl HelseIdSession {
    fn new(helseid: &HelseId, saved: Saved) -> Self {
        let (saved, kept) = (Mutex::new(saved), Mutex::default());
        Self(Arc::new(Session { helseid: helseid.clone(), saved, kept, turn: Turn::default() }))
    }

    /// The claims of the login's id_token, verified. Personal data.
    pub fn claims(&self) -> Option<Claims> {
        locked(&self.0.saved).claims.clone()
    }

    /// The session as text, for [`HelseId::session`]. Holds the refresh token: encrypt it.
    pub fn serialize(&self) -> Secret {
        locked(&self.0.saved).text()
    }

    /// The token for an audience, and for the organisation of the details: the one that is still good, or a new one by refresh, which
    /// `save` stores before it is given out ([`serialize`](Self::serialize)'s text). In a worker, give the future to `wait_until`: the
    /// refresh token is spent once it is sent.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; `token_error` with HelseID's number as provider code; `claim_refused`;
    /// `store_failed` where `save` fails; those of the network.
    pub async fn tokens(&self, request: &TokenRequest, save: impl AsyncFn(Secret) -> Result<()>) -> Result<Granted> {
        let session = &self.0;
        let asked = match (request.audience(), locked(&session.saved).resource.clone()) {
            (None, Some(resource)) => request.clone().resource(resource),
            _ => request.clone(),
        };
        let _turn = session.turn.take().await;
        if let Some(granted) = locked(&session.kept).get(&asked, host::now()) {
            return Ok(granted.clone());
        }
        let exchange = session.helseid.0.rules.refresh(&self.grant()?, &asked, None)?;
        let (outcome, renewed) = session.helseid.0.client.renewing(exchange).await;
        // Kept here first: neither a store that fails nor an answer that is refused must lose the one refresh token that is good.
        if let Ok(granted) = &outcome {
            self.take(&asked, granted);
        } else if let Some(token) = renewed {
            locked(&session.saved).refresh_token = Some(token);
        } else {
            return outcome;
        }
        save(self.serialize()).await.map_err(|_| Error::new(&codes::STORE_FAILED))?;
        outcome
    }

    fn grant(&self) -> Result<Refresh> {
        let saved = locked(&self.0.saved);
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

    /// Takes over what an answer says of the session, and keeps its token.
    fn take(&self, request: &TokenRequest, granted: &Granted) {
        locked(&self.0.saved).take(granted, host::now());
        locked(&self.0.kept).put(request, granted, host::now());
    }
}

const _: () = {
    const fn held<T: Send + Sync + 'static>() {}
    held::<HelseId>();
    held::<HelseIdSession>();
};
