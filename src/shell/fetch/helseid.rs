//! HelseID on wasm: logins, sessions with a token for each audience, and machine tokens.
//!
//! The security profile of utviklerportal.nhn.no; see [`provider::helseid`](crate::provider::helseid).
//! Refuses what the profile does, two refreshes at once, and to give a token out before its session is stored.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::client::Client;
use super::key::Key;
use super::webcrypto::AsyncSigner;
use super::{drawn, host};
use crate::flow::judge::used_error;
use crate::ground::error::Result;
use crate::protocol::authorization::request::RANDOM_OCTETS;
use crate::protocol::client::Registration;
use crate::protocol::dpop::Server;
use crate::protocol::id_token::claims::Claims;
use crate::provider::helseid::saved::Saved;
use crate::provider::helseid::{
    self as provider, Environment, Granted, LoginRequest, RULES, SessionToken, TokenCache, TokenRequest, enforce, with_provider_code,
};
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
        let nonce = self.token_nonce();
        client.run(rules.login(request, nonce.as_deref(), &random, host::now())?, Server::Authorization, endpoint).await
    }

    /// Judges what came back, exchanges the code for the token of one audience, and judges the login's level (4).
    ///
    /// # Errors
    /// Those of [`Transaction::finish`]; those of the server and of the network.
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>, request: &TokenRequest) -> Result<HelseIdSession> {
        let Inner { client, rules, .. } = &*self.0;
        let code = client.code(transaction, callback).await.map_err(with_provider_code)?;
        let machine = rules.begin_session(code, request.clone(), self.token_nonce().as_deref())?;
        let session = HelseIdSession::new(self, Saved::default());
        session.ran(machine, None, &async |_| Ok(())).await?;
        Ok(session)
    }

    /// A session that was stored, by this package in either language.
    ///
    /// # Errors
    /// `session_invalid`; `invalid_configuration` for one of another client or environment.
    pub fn session(&self, stored: &str) -> Result<HelseIdSession> {
        Ok(HelseIdSession::new(self, self.read(stored)?))
    }

    fn read(&self, stored: &str) -> Result<Saved> {
        let registration = self.0.client.registration();
        Saved::restored(stored, &registration.profile().issuer, registration.client_id())
    }

    /// The newest nonce of the token endpoint's.
    fn token_nonce(&self) -> Option<String> {
        self.0.client.nonce(Server::Authorization, &self.0.client.registration().profile().token_endpoint)
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
pub struct HelseIdSession(Arc<Held>);

struct Held {
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
        Self(Arc::new(Held { helseid: helseid.clone(), saved, kept, turn: Turn::default() }))
    }

    /// The claims of the login's id_token, verified. Personal data.
    pub fn claims(&self) -> Option<Claims> {
        Claims::from_stored(locked(&self.0.saved).claims()?).ok()
    }

    /// The session as text, for [`HelseId::session`]. Holds the refresh token: encrypt it.
    pub fn serialize(&self) -> Secret {
        Secret::new(locked(&self.0.saved).json())
    }

    /// The token for an audience, and for the organisation of the details: the one that is still good, or a new one by refresh. `save`
    /// stores the session's text before it is given out: with the new refresh token before anything else, and with the rest when it is
    /// verified. In a worker, give the future to `wait_until`: the
    /// refresh token is spent once it is sent.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; `token_error` with HelseID's number as provider code; `claim_refused`;
    /// `store_failed` where `save` fails; those of the network.
    pub async fn tokens(&self, request: &TokenRequest, save: impl AsyncFn(Secret) -> Result<()>) -> Result<Granted> {
        let Inner { rules, .. } = &*self.0.helseid.0;
        let asked = self.asked(request);
        let _turn = self.0.turn.take().await;
        if let Some(granted) = locked(&self.0.kept).get(&asked, host::now()) {
            return Ok(granted.clone());
        }
        let nonce = self.0.helseid.token_nonce();
        let machine = rules.session(self.serialize().expose(), asked.clone(), nonce.as_deref())?;
        self.ran(machine, Some(&asked), &save).await
    }

    /// The request with the audience that it is for.
    fn asked(&self, request: &TokenRequest) -> TokenRequest {
        match (request.audience(), locked(&self.0.saved).text("resource")) {
            (None, Some(resource)) => request.clone().resource(resource),
            _ => request.clone(),
        }
    }

    /// Carries a machine to its end, and keeps the token that came; without a request, that of the login's own audience.
    async fn ran(
        &self,
        machine: provider::Session,
        asked: Option<&TokenRequest>,
        save: &impl AsyncFn(Secret) -> Result<()>,
    ) -> Result<Granted> {
        let store = async |text: Secret| {
            // Kept here first: a store that fails must not lose the one refresh token that is good.
            *locked(&self.0.saved) = self.0.helseid.read(text.expose())?;
            save(text).await
        };
        let outcome = self.0.helseid.0.client.run_session(machine, &|text| Box::pin(store(text))).await?;
        // Nothing is shared with other processes here.
        let SessionToken::New(granted) = outcome else { return Err(used_error()) };
        let asked = asked.cloned().unwrap_or_else(|| self.asked(&TokenRequest::new()));
        locked(&self.0.kept).put(&asked, &granted, host::now());
        Ok(*granted)
    }
}

const _: () = {
    const fn held<T: Send + Sync + 'static>() {}
    held::<HelseId>();
    held::<HelseIdSession>();
};
