//! A client that remembers, on wasm: one registration at one server, with keys, nonces and the server's key set.
//!
//! It holds no value of JavaScript's and is `Send + Sync`, so it goes into a context of Leptos or Yew, or a static; its futures stay on
//! their thread. Every verb drives a machine of the core's, and decides nothing itself (RFC 6749, RFC 9126, RFC 9449, OIDC Core).
//! Refuses what the machines refuse; a token goes to the server's own endpoints and to the APIs that were named, nowhere else.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::decrypt::WebDecrypter;
use super::key::Key;
use super::webcrypto::AsyncSigner;
use super::{Keys, Storing, Transport, drawn, host};
use crate::flow::discovery::Discovery;
use crate::flow::keys::JwksTimes;
use crate::flow::login::Start;
use crate::flow::machine::Machine;
use crate::ground::error::Result;
use crate::protocol::answers::introspection::{Introspection, TokenHint};
use crate::protocol::answers::logout::Logout;
use crate::protocol::answers::metadata::Policy;
use crate::protocol::answers::userinfo::Subject;
use crate::protocol::authorization::request::RANDOM_OCTETS;
use crate::protocol::authorization::transaction::ResponseMode;
use crate::protocol::client::Registration;
use crate::protocol::dpop::{Nonces, Server};
use crate::protocol::grant::{JwtBearer, Refresh, Target, TokenExchange};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::profile::{Profile, STANDARD};
use crate::provider::helseid::{Session, SessionToken};
use crate::{
    AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Exchange, Login, Request, Response, Secret, Tokens,
    Transaction,
};

/// A client at one server. A cheap clone, `Send + Sync`; clones share what was learnt.
///
/// ```no_run,standalone_crate
/// use samtykke::fetch::Client;
/// use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, Result};
/// # async fn serve(callback_of: impl AsyncFn(&str) -> String) -> Result<()> {
/// let client = Client::discover("https://op.example", "client-1", "https://rp.example/cb").await?
///     .authentication(ClientAuthentication::secret_basic("correct horse"));
/// let login = client.begin(AuthorizationRequest::new("openid")).await?;
/// let callback = callback_of(&login.url).await;
/// let tokens = client.finish(login.transaction, Callback::Url(&callback)).await?;
/// println!("{:?}", client.userinfo(&tokens).await?.text("name"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

/// What clones share.
pub(super) struct Inner {
    pub(super) registration: Registration,
    pub(super) authentication: ClientAuthentication,
    pub(super) key: Option<Key>,
    pub(super) dpop: Option<Key>,
    decrypter: Option<WebDecrypter>,
    origins: Vec<String>,
    timeout: u32,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Default)]
struct Memory {
    nonces: Nonces,
    keys: Option<(String, JwksTimes)>,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client").field("client_id", &self.0.registration.client_id()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client as it is registered.
    pub fn new(registration: Registration) -> Self {
        Self(Arc::new(Inner {
            registration,
            authentication: ClientAuthentication::None,
            key: None,
            dpop: None,
            decrypter: None,
            origins: Vec::new(),
            timeout: 30,
            memory: Arc::default(),
        }))
    }

    /// A client of the server at this issuer, by its metadata. `redirect_uri` is empty for one that no person logs in with.
    ///
    /// # Errors
    /// Those of discovery and of the network; `invalid_configuration`.
    pub async fn discover(issuer: &str, client_id: &str, redirect_uri: &str) -> Result<Self> {
        Self::discover_with(issuer, client_id, redirect_uri, Policy::default()).await
    }

    /// As [`discover`](Self::discover), by a policy of the caller's: members that win over those of the metadata, http to this machine.
    ///
    /// # Errors
    /// As there.
    pub async fn discover_with(issuer: &str, client_id: &str, redirect_uri: &str, policy: Policy<'_>) -> Result<Self> {
        let development = policy.development;
        Self::discovered(issuer, client_id, redirect_uri, policy, |metadata| metadata.profile(&STANDARD, development)).await
    }

    /// As [`discover`](Self::discover), for a provider that demands more than its metadata say.
    pub(super) async fn discovered(
        issuer: &str,
        client_id: &str,
        redirect_uri: &str,
        policy: Policy<'_>,
        profile: impl FnOnce(&crate::protocol::answers::metadata::Metadata) -> Profile,
    ) -> Result<Self> {
        let metadata = Transport::new().drive(&mut Discovery::new(issuer, policy)?, &Keys::new()).await?;
        let profile = profile(&metadata);
        let profile = if redirect_uri.is_empty() { profile.for_machines() } else { profile };
        Registration::new(profile, client_id, redirect_uri).map(Self::new)
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let Inner { registration, authentication, key, dpop, decrypter, origins, timeout, memory } = &*self.0;
        let mut inner = Inner {
            registration: registration.clone(),
            authentication: authentication.clone(),
            key: key.clone(),
            dpop: dpop.clone(),
            decrypter: decrypter.clone(),
            origins: origins.clone(),
            timeout: *timeout,
            memory: memory.clone(),
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// How the client proves who it is; a public client unless given.
    #[must_use]
    pub fn authentication(self, authentication: ClientAuthentication) -> Self {
        self.with(|inner| inner.authentication = authentication)
    }

    /// Proves who it is by assertions signed with this key (RFC 7523 section 2.2), which signs grants too.
    #[must_use]
    pub fn key(self, key: Key) -> Self {
        self.with(|inner| {
            inner.authentication = ClientAuthentication::private_key_jwt(key.info().clone());
            inner.key = Some(key);
        })
    }

    /// Signs grants with this key, and proves nothing beside them.
    pub(super) fn grant_key(self, key: Key) -> Self {
        self.with(|inner| inner.key = Some(key))
    }

    /// Binds tokens to this key (RFC 9449).
    #[must_use]
    pub fn dpop(self, key: Key) -> Self {
        self.with(|inner| inner.dpop = Some(key))
    }

    /// Decrypts what the server encrypts for this client, where it is registered for that.
    #[must_use]
    pub fn decrypter(self, decrypter: WebDecrypter) -> Self {
        self.with(|inner| inner.decrypter = Some(decrypter))
    }

    /// An API that gets tokens, by its origin such as `https://api.example`. Repeatable.
    #[must_use]
    pub fn api(self, origin: &str) -> Self {
        self.with(|inner| inner.origins.push(origin.into()))
    }

    /// Seconds until a request is given up; 30 unless given.
    #[must_use]
    pub fn timeout(self, seconds: u32) -> Self {
        self.with(|inner| inner.timeout = seconds)
    }

    /// The provider's addresses, client id and redirect URI.
    pub fn registration(&self) -> &Registration {
        &self.0.registration
    }

    pub(super) fn transport(&self) -> Transport {
        Transport::new().timeout(self.0.timeout)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a login, as the provider wants it: pushed where it takes pushed requests, bound to the DPoP key where there is one.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `reserved_parameter`; where it is pushed, those of the server and of the network.
    pub async fn begin(&self, request: AuthorizationRequest) -> Result<Login> {
        let inner = &self.0;
        let mut random = Zeroizing::new([0; RANDOM_OCTETS]);
        drawn(&mut *random)?;
        let endpoint = inner.registration.profile().token_endpoint.as_str();
        let mut start = Start::new();
        if let Some(key) = &inner.dpop {
            start = start.dpop(key.info(), self.nonce(Server::Authorization, endpoint).as_deref());
        }
        let exchange = Exchange::login(&inner.registration, &inner.authentication, request, start, &random, host::now())?;
        self.run(exchange, Server::Authorization, endpoint).await
    }

    /// Judges what came back and exchanges the code. The code is sent once, whatever happens.
    ///
    /// # Errors
    /// Those of [`Transaction::finish`], of the server and of the network.
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>) -> Result<Tokens> {
        let inner = &self.0;
        let code = self.code(transaction, callback).await?;
        self.exchange(Exchange::authorization_code(&inner.registration, &inner.authentication, code)?).await
    }

    /// Judges what came back alone.
    ///
    /// # Errors
    /// Those of [`Transaction::finish`], and for a signed answer those of the keys.
    pub async fn code(&self, transaction: Transaction, callback: Callback<'_>) -> Result<crate::AuthorizationCode> {
        let registration = &self.0.registration;
        let signed = matches!(
            transaction.response_mode(),
            ResponseMode::Jwt | ResponseMode::QueryJwt | ResponseMode::FragmentJwt | ResponseMode::FormPostJwt
        );
        if !signed {
            return transaction.finish(registration, callback, host::now());
        }
        let exchange = transaction.finish_jarm(registration, callback, host::now())?;
        self.run(exchange, Server::Authorization, &registration.profile().token_endpoint).await
    }

    /// New tokens for these. In a worker, give the future to `wait_until`: the refresh token is spent once it is sent.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; those of the server and of the network.
    pub async fn refresh(&self, tokens: &Tokens) -> Result<Tokens> {
        let grant = Refresh::of(tokens)?;
        self.exchange(Exchange::refresh(&self.0.registration, &self.0.authentication, &grant)?).await
    }

    /// As [`refresh`](Self::refresh); a new refresh token is stored before the tokens are given out, and also where the rest of the answer
    /// is refused: the one before it is spent.
    ///
    /// # Errors
    /// As there; `store_failed` where `store` fails.
    pub async fn refresh_to(&self, tokens: &Tokens, store: impl AsyncFn(Secret) -> Result<()>) -> Result<Tokens> {
        let grant = Refresh::of(tokens)?;
        let exchange = Exchange::refresh(&self.0.registration, &self.0.authentication, &grant)?.with_store();
        let endpoint = self.0.registration.profile().token_endpoint.as_str();
        let exchange = self.bound_at(exchange, Server::Authorization, endpoint);
        self.run_storing(exchange, Server::Authorization, endpoint, Some(&|token| Box::pin(store(token)))).await
    }

    /// A token of the client's own.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`; those of the server and of the network.
    pub async fn client_credentials(&self, grant: &ClientCredentials, target: &Target) -> Result<Tokens> {
        self.exchange(Exchange::client_credentials(&self.0.registration, &self.0.authentication, grant)?.target(target)?).await
    }

    /// A token by a signed statement.
    ///
    /// # Errors
    /// As [`client_credentials`](Self::client_credentials).
    pub async fn jwt_bearer(&self, grant: &JwtBearer, target: &Target) -> Result<Tokens> {
        self.exchange(Exchange::jwt_bearer(&self.0.registration, &self.0.authentication, grant)?.target(target)?).await
    }

    /// A token for another token.
    ///
    /// # Errors
    /// As [`client_credentials`](Self::client_credentials).
    pub async fn token_exchange(&self, grant: &TokenExchange, target: &Target) -> Result<Tokens> {
        self.exchange(Exchange::token_exchange(&self.0.registration, &self.0.authentication, grant)?.target(target)?).await
    }

    /// The claims about the person whose tokens these are; of the login's `sub`, where there was an id_token.
    ///
    /// # Errors
    /// `endpoint_missing`, `subject_mismatch`, `userinfo_malformed`; those of the network.
    pub async fn userinfo(&self, tokens: &Tokens) -> Result<Claims> {
        let registration = &self.0.registration;
        let sub = tokens.claims.as_ref().and_then(|claims| claims.text("sub"));
        let subject = sub.as_deref().map_or(Subject::Unchecked, Subject::Is);
        let exchange = Exchange::userinfo(registration, &self.0.authentication, tokens, subject, None)?;
        let endpoint = registration.profile().endpoints.userinfo.clone().unwrap_or_default();
        self.run(self.bound_at(exchange, Server::Resource, &endpoint), Server::Resource, &endpoint).await
    }

    /// What the server says of a token.
    ///
    /// # Errors
    /// `endpoint_missing`, `introspection_malformed`, `oauth_error`; those of the network.
    pub async fn introspect(&self, token: &Secret, hint: Option<TokenHint>) -> Result<Introspection> {
        let exchange = Exchange::introspection(&self.0.registration, &self.0.authentication, token, hint)?;
        self.run(exchange, Server::Authorization, "").await
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// `endpoint_missing`, `revocation_failed`; those of the network.
    pub async fn revoke(&self, token: &Secret, hint: Option<TokenHint>) -> Result<()> {
        let exchange = Exchange::revocation(&self.0.registration, &self.0.authentication, token, hint)?;
        self.run(exchange, Server::Authorization, "").await
    }

    /// Where to send the browser to log out of the server too.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`.
    pub fn logout_url(&self, logout: &Logout) -> Result<String> {
        logout.url(&self.0.registration)
    }

    /// Calls an API with a token, to the origins that were named; any answer but a redirect is the outcome.
    ///
    /// # Errors
    /// `resource_refused`, `reserved_parameter`, `redirect_refused`; those of the network.
    pub async fn send(&self, tokens: &Tokens, request: Request) -> Result<Response> {
        let origins: Vec<&str> = self.0.origins.iter().map(String::as_str).collect();
        self.send_to(tokens, &origins, request).await
    }

    pub(super) async fn send_to(&self, tokens: &Tokens, origins: &[&str], request: Request) -> Result<Response> {
        let url = request.url.clone();
        let exchange = Exchange::resource(&self.0.registration, tokens, origins, request)?;
        self.run(self.bound_at(exchange, Server::Resource, &url), Server::Resource, &url).await
    }

    pub(super) fn origins(&self) -> Vec<&str> {
        self.0.origins.iter().map(String::as_str).collect()
    }

    /// Drives a machine of the core's to its end with this client's keys, such as Altinn's exchange of tokens.
    ///
    /// # Errors
    /// Those of the machine, of the signers and of the network.
    pub async fn drive<M: Machine>(&self, machine: &mut M) -> Result<M::Output> {
        self.transport().drive(machine, &self.keys()).await
    }

    /// Drives an exchange with the authorization server: bound to the DPoP key where there is one, and its nonce kept.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub async fn exchange<T>(&self, exchange: Exchange<T>) -> Result<T> {
        let endpoint = self.0.registration.profile().token_endpoint.as_str();
        self.run(self.bound_at(exchange, Server::Authorization, endpoint), Server::Authorization, endpoint).await
    }

    pub(super) fn keys(&self) -> Keys<'_> {
        let mut keys = Keys::new();
        if let Some(key) = &self.0.key {
            keys = keys.client_async(key).grant_async(key);
        }
        if let Some(key) = &self.0.dpop {
            keys = keys.dpop_async(key);
        }
        if let Some(decrypter) = &self.0.decrypter {
            keys = keys.decrypter(decrypter);
        }
        keys
    }

    pub(super) fn nonce(&self, server: Server, url: &str) -> Option<String> {
        self.memory().nonces.of(server, url).map(ToOwned::to_owned)
    }

    fn bound_at<T>(&self, exchange: Exchange<T>, server: Server, url: &str) -> Exchange<T> {
        match &self.0.dpop {
            Some(key) => exchange.dpop(key.info(), self.nonce(server, url).as_deref()),
            None => exchange,
        }
    }

    /// Drives an exchange, and learns from it, whatever came of it.
    pub(super) async fn run<T>(&self, exchange: Exchange<T>, server: Server, url: &str) -> Result<T> {
        self.run_storing(exchange, server, url, None).await
    }

    async fn run_storing<T>(&self, exchange: Exchange<T>, server: Server, url: &str, store: Option<Storing<'_>>) -> Result<T> {
        let known = self.memory().keys.clone();
        let mut exchange = match known {
            Some((set, times)) => exchange.jwks_at(set, times),
            None => exchange,
        };
        let outcome = self.transport().drive_storing(&mut exchange, &self.keys(), store).await;
        self.learn(server, url, exchange.dpop_nonce(), exchange.known_jwks_at());
        outcome
    }

    /// Drives a session of HelseID's, and learns from it.
    pub(super) async fn run_session(&self, session: Session, store: Storing<'_>) -> Result<SessionToken> {
        let known = self.memory().keys.clone();
        let mut session = match known {
            Some((set, times)) => session.jwks_at(set, times),
            None => session,
        };
        let outcome = self.transport().drive_storing(&mut session, &self.keys(), Some(store)).await;
        let endpoint = self.0.registration.profile().token_endpoint.as_str();
        self.learn(Server::Authorization, endpoint, session.nonce(), session.known_jwks_at());
        outcome
    }

    fn learn(&self, server: Server, url: &str, nonce: Option<&str>, keys: Option<(&str, JwksTimes)>) {
        let mut memory = self.memory();
        if let Some(nonce) = nonce {
            memory.nonces.keep(server, url, nonce);
        }
        if let Some((set, times)) = keys
            && memory.keys.as_ref().is_none_or(|(_, kept)| times.fetched >= kept.fetched)
        {
            memory.keys = Some((set.to_owned(), times));
        }
    }
}

// It goes where frameworks want what any thread may hold.
const _: () = {
    const fn held<T: Send + Sync + 'static>() {}
    held::<Client>();
    held::<Key>();
};
