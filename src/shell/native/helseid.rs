//! HelseID by a client that remembers: logins, sessions with a token for each audience, and machine tokens.
//!
//! The security profile of utviklerportal.nhn.no; see [`provider::helseid`](crate::provider::helseid).
//! Refuses what the profile does: requests that are not pushed, keys that HelseID does not take, tokens of another key or audience.

mod session;

pub use session::{HelseIdSession, SaveSession};

use alloc::string::String;
use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use crate::ground::error::{Error, Result, codes};
use crate::protocol::authorization::request::{Login, RANDOM_OCTETS};
use crate::protocol::authorization::response::Callback;
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::dpop::Server;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;
use crate::provider::helseid::saved::Saved;
use crate::provider::helseid::{self as provider, RULES, TokenCache, enforce, profile, with_provider_code};
pub use crate::provider::helseid::{Environment, Granted, LoginRequest, TokenRequest};
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;
use crate::shell::native::driver::random;
use crate::shell::native::keys::SigningKey;

/// A client at HelseID. A cheap clone, `Send + Sync`; clones share the machine's tokens, which are kept until they end (FK3).
///
/// ```no_run
/// use samtykke::native::SigningKey;
/// use samtykke::native::helseid::{Environment, HelseId, LoginRequest, TokenRequest};
/// use samtykke::Callback;
/// # async fn serve(key: SigningKey, callback_of: impl AsyncFn(&str) -> String) -> samtykke::Result<()> {
/// # let http = samtykke::native::testing::Scripted::new();
/// let settings = |client: samtykke::native::Builder| client.redirect_uri("https://journal.example.no/callback");
/// # let settings = |client: samtykke::native::Builder| settings(client).http(http);
/// let helseid = HelseId::connect(Environment::test(), "5b1d7b4e", key, settings).await?;
/// let own = helseid.machine(&TokenRequest::new().resource("nhn:kj").scope("nhn:kj/api")).await?;
/// let request = LoginRequest::new("openid offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api");
/// let login = helseid.begin(&request).await?;
/// let callback = callback_of(&login.url).await;
/// let session = helseid.finish(login.transaction, Callback::Url(&callback), &TokenRequest::new().resource("nhn:phr")).await?;
/// let other = session.tokens(&TokenRequest::new().resource("nhn:kj")).await?; // by refresh, one at a time
/// # let _ = (own, other);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct HelseId(Arc<Inner>);

struct Inner {
    client: Client,
    /// The level a login must have.
    least: u8,
    own: Mutex<TokenCache>,
    /// One question at a time, so that whoever waits finds what came.
    asking: tokio::sync::Mutex<()>,
}

impl core::fmt::Debug for HelseId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HelseId").field("client", &self.0.client).finish_non_exhaustive()
    }
}

impl HelseId {
    /// A client of an environment, by the addresses that are documented; nothing is asked for. Its key signs assertions, request
    /// objects and, unless the settings give another for that, the proofs to which tokens are bound. Settings of the caller's besides:
    /// a redirect URI for logins, the APIs, an HTTP client, a clock.
    ///
    /// # Errors
    /// `invalid_configuration`, `algorithm_refused`.
    pub fn with(
        environment: &Environment,
        client_id: impl Into<String>,
        key: SigningKey,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let builder = Client::with_profile(profile(environment), client_id).amend(enforce);
        Self::of(settings(builder.authentication(Authentication::private_key_jwt(key))).bound().build_known()?)
    }

    /// As [`with`](Self::with), by the server's metadata, which are asked for now and again after a day (FK2).
    ///
    /// # Errors
    /// As there; those of discovery and of the network.
    pub async fn connect(
        environment: Environment,
        client_id: impl Into<String>,
        key: SigningKey,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let policy = environment.policy();
        let builder = Client::discover(environment.issuer(), client_id).rules(&RULES).metadata(policy.profile).amend(enforce);
        let builder = if policy.development.is_on() { builder.development() } else { builder };
        Self::of(settings(builder.authentication(Authentication::private_key_jwt(key))).bound().build().await?)
    }

    fn of(client: Client) -> Result<Self> {
        rules(&client, 4)?;
        Ok(Self(Arc::new(Inner { client, least: 4, own: Mutex::default(), asking: tokio::sync::Mutex::default() })))
    }

    /// The client by metadata of today, and the profile's rules for it (FK2).
    async fn now(&self) -> Result<(Client, provider::HelseId)> {
        let client = self.0.client.current().await;
        let rules = rules(&client, self.0.least)?;
        Ok((client, rules))
    }

    /// The level a login must have: 2, 3 or 4 (4 unless given); 0 judges none.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn security_level(self, least: u8) -> Result<Self> {
        rules(&self.0.client, least)?;
        Ok(Self(Arc::new(Inner { client: self.0.client.clone(), least, own: Mutex::default(), asking: tokio::sync::Mutex::default() })))
    }

    /// The client beneath, with every verb of the protocol.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// Begins a login: pushed, its code bound to the DPoP key.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`; those of the server, with HelseID's number as provider code, and of the network.
    pub async fn begin(&self, request: &LoginRequest) -> Result<Login> {
        let (client, rules) = self.now().await?;
        let endpoint = client.registration().profile().token_endpoint.as_str();
        let nonce = token_nonce(&client);
        let random = random::<RANDOM_OCTETS>()?;
        let exchange = rules.login(request, nonce.as_deref(), &random, client.0.driver.now())?;
        client.run(exchange, Server::Authorization, endpoint, None).await
    }

    /// Judges what came back, exchanges the code for the token of one audience, and judges the login's level. It goes on when the
    /// caller's future is dropped.
    ///
    /// # Errors
    /// Those of [`Transaction::finish`]; `security_level_insufficient`; those of the server and of the network.
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>, request: &TokenRequest) -> Result<HelseIdSession> {
        self.finish_to(transaction, callback, request, None).await
    }

    /// As [`finish`](Self::finish); the session is stored by this whenever its refresh token is another, before anything that came
    /// with it is given out.
    ///
    /// # Errors
    /// As there; `store_failed`.
    pub async fn finish_to(
        &self,
        transaction: Transaction,
        callback: Callback<'_>,
        request: &TokenRequest,
        save: Option<SaveSession>,
    ) -> Result<HelseIdSession> {
        let (client, rules) = self.now().await?;
        let code = client.code(transaction, callback).await.map_err(with_provider_code)?;
        let machine = rules.begin_session(code, request.clone(), token_nonce(&client).as_deref())?;
        let session = HelseIdSession::new(self, Saved::default(), save);
        // The session is stored by the very task that spends the code.
        let driver = client.0.driver.clone();
        driver.run_detached(async move { session.ran(&client, machine, None).await.map(|_| session) }).await
    }

    /// A session that was stored ([`HelseIdSession::serialize`]), by this package in either language.
    ///
    /// # Errors
    /// `session_invalid`; `invalid_configuration` for one of another client or environment.
    pub fn session(&self, stored: &str, save: Option<SaveSession>) -> Result<HelseIdSession> {
        HelseIdSession::stored(self, stored, save)
    }

    /// A token of the client's own: one that came and is good for a while yet, else a new one. Callers that ask at once share it.
    ///
    /// # Errors
    /// `invalid_scope` for a person's scope, `invalid_parameter`; those of the server and of the network.
    pub async fn machine(&self, request: &TokenRequest) -> Result<Granted> {
        if let Some(granted) = self.own().get(request, self.0.client.0.driver.now()) {
            return Ok(granted.clone());
        }
        let (helseid, request) = (self.clone(), request.clone());
        self.0.client.0.driver.run_detached(async move { helseid.asked(&request).await }).await
    }

    async fn asked(&self, request: &TokenRequest) -> Result<Granted> {
        let _turn = self.0.asking.lock().await;
        let (client, rules) = self.now().await?;
        if let Some(granted) = self.own().get(request, client.0.driver.now()) {
            return Ok(granted.clone());
        }
        let granted = client.run_detached(rules.client_credentials(request, None)?).await?;
        self.own().put(request, &granted, client.0.driver.now());
        Ok(granted)
    }

    fn own(&self) -> std::sync::MutexGuard<'_, TokenCache> {
        self.0.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims about the person, `helseid://claims/hpr/hpr_details` among them.
    pub(crate) async fn userinfo(&self, tokens: &Tokens) -> Result<Claims> {
        let (client, rules) = self.now().await?;
        let endpoint = client.registration().profile().endpoints.userinfo.clone().unwrap_or_default();
        let nonce = client.nonce(Server::Resource, &endpoint);
        client.run(rules.userinfo(tokens, nonce.as_deref())?, Server::Resource, &endpoint, None).await
    }
}

/// The newest nonce of the token endpoint's.
fn token_nonce(client: &Client) -> Option<String> {
    client.nonce(Server::Authorization, &client.registration().profile().token_endpoint)
}

/// The profile's rules for a client, with its keys.
fn rules(client: &Client, least: u8) -> Result<provider::HelseId> {
    let (registration, keys) = (client.registration(), &client.0.keys);
    let missing = || Error::new(&codes::INVALID_CONFIGURATION).expected("a key of the client's, and one for DPoP");
    let key = keys.client_info().ok_or_else(missing)?.clone();
    let dpop = keys.dpop_info().ok_or_else(missing)?.clone();
    let profile = registration.profile().clone();
    provider::HelseId::new(profile, registration.client_id(), registration.redirect_uri(), key, dpop)?.security_level(least)
}

impl AsRef<Client> for HelseId {
    fn as_ref(&self) -> &Client {
        &self.0.client
    }
}
