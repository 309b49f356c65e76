//! A client that blocks: one registration at one server, with keys, nonces and the server's key set.
//!
//! RFC 6749, RFC 9126, RFC 9449, OIDC Core. Every verb drives a machine of the core's, and decides nothing itself.
//! Refuses what the machines refuse; two threads refresh one after the other.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::driver::{Http, Store, drive, drive_once, now, random};
use super::keys::Keys;
use super::ureq::Ureq;
use crate::flow::discovery::Discovery;
use crate::flow::exchange::Exchange;
use crate::flow::keys::JwksTimes;
use crate::flow::login::Start;
use crate::ground::error::Result;
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::protocol::answers::logout::Logout;
use crate::protocol::answers::metadata::Policy;
use crate::protocol::answers::userinfo::Subject;
use crate::protocol::authorization::request::{AuthorizationRequest, Login, RANDOM_OCTETS};
use crate::protocol::authorization::response::Callback;
use crate::protocol::authorization::transaction::{ResponseMode, Transaction};
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::dpop::{Nonces, Server};
use crate::protocol::grant::{ClientCredentials, JwtBearer, Refresh, Target};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::profile::{Profile, STANDARD};
use crate::protocol::token::Tokens;
use crate::shell::spent::Spent;

/// A client at one server. A cheap clone, `Send + Sync`; clones share what was learnt.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    registration: Registration,
    authentication: ClientAuthentication,
    keys: Keys,
    http: Arc<dyn Http>,
    memory: Arc<Mutex<Memory>>,
    spent: Arc<Spent>,
    refreshing: Arc<Mutex<()>>,
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// A client as it is registered, how it proves who it is, and its keys.
    pub fn new(registration: Registration, authentication: ClientAuthentication, keys: Keys) -> Self {
        let http: Arc<dyn Http> = Arc::new(Ureq::new());
        Self(Arc::new(Inner {
            registration,
            authentication,
            keys,
            http,
            memory: Arc::default(),
            spent: Arc::default(),
            refreshing: Arc::default(),
        }))
    }

    /// Asks a server for its metadata: the profile for a [`Registration`](crate::Registration).
    ///
    /// # Errors
    /// Those of discovery and of the network.
    pub fn discover(issuer: &str, http: &dyn Http) -> Result<Profile> {
        let metadata = drive(&mut Discovery::new(issuer, Policy::default())?, http, &Keys::new())?;
        Ok(metadata.profile(&STANDARD, false))
    }

    /// The same client, sending by another than ureq with its own settings. What was learnt stays.
    #[must_use]
    pub fn http(self, http: impl Http + 'static) -> Self {
        let Inner { registration, authentication, keys, memory, spent, refreshing, .. } = &*self.0;
        Self(Arc::new(Inner {
            registration: registration.clone(),
            authentication: authentication.clone(),
            keys: keys.clone(),
            http: Arc::new(http),
            memory: memory.clone(),
            spent: spent.clone(),
            refreshing: refreshing.clone(),
        }))
    }

    /// The provider's addresses, client id and redirect URI.
    pub fn registration(&self) -> &Registration {
        &self.0.registration
    }

    /// Begins a login, as the provider wants it: pushed where it takes pushed requests, bound to the DPoP key where there is one. Keep
    /// the transaction where only this browser can bring it back.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `reserved_parameter`; where it is pushed, those of the server and of the network.
    pub fn begin(&self, request: AuthorizationRequest) -> Result<Login> {
        let inner = &self.0;
        let random = random::<RANDOM_OCTETS>()?;
        let endpoint = inner.registration.profile().token_endpoint.as_str();
        let mut start = Start::new();
        if let Some(key) = inner.keys.dpop_info() {
            start = start.dpop(key, self.nonce(Server::Authorization, endpoint).as_deref());
        }
        let exchange = Exchange::login(&inner.registration, &inner.authentication, request, start, &random, now())?;
        self.run(exchange, Server::Authorization, endpoint, None)
    }

    /// Judges what came back and exchanges the code; a code is never sent twice.
    ///
    /// # Errors
    /// Those of [`Transaction::finish`], of the server and of the network; `transaction_used` for a code that was sent.
    pub fn finish(&self, transaction: Transaction, callback: Callback<'_>) -> Result<Tokens> {
        let inner = &self.0;
        let signed = matches!(
            transaction.response_mode(),
            ResponseMode::Jwt | ResponseMode::QueryJwt | ResponseMode::FragmentJwt | ResponseMode::FormPostJwt
        );
        let code = if signed {
            let exchange = transaction.finish_jarm(&inner.registration, callback, now())?;
            self.run(exchange, Server::Authorization, &inner.registration.profile().token_endpoint, None)?
        } else {
            transaction.finish(&inner.registration, callback, now())?
        };
        self.token(Exchange::authorization_code(&inner.registration, &inner.authentication, code)?, None)
    }

    /// New tokens for these. A thread that asks while another does so waits, and is told `transaction_used` where its refresh token is
    /// spent by then.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; those of the server and of the network.
    pub fn refresh(&self, tokens: &Tokens) -> Result<Tokens> {
        self.refreshed(tokens, None)
    }

    /// As [`refresh`](Self::refresh); a new refresh token is stored before anything else of the answer is judged.
    ///
    /// # Errors
    /// As there; `store_failed`.
    pub fn refresh_to(&self, tokens: &Tokens, store: impl Fn(Secret) -> Result<()>) -> Result<Tokens> {
        self.refreshed(tokens, Some(&store))
    }

    fn refreshed(&self, tokens: &Tokens, store: Option<Store<'_>>) -> Result<Tokens> {
        let _turn = locked(&self.0.refreshing);
        let exchange = Exchange::refresh(&self.0.registration, &self.0.authentication, &Refresh::of(tokens)?)?;
        self.token(if store.is_some() { exchange.with_store() } else { exchange }, store)
    }

    /// A token of the client's own.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`; those of the server and of the network.
    pub fn client_credentials(&self, grant: &ClientCredentials, target: &Target) -> Result<Tokens> {
        self.token(Exchange::client_credentials(&self.0.registration, &self.0.authentication, grant)?.target(target)?, None)
    }

    /// A token by a signed statement.
    ///
    /// # Errors
    /// As [`client_credentials`](Self::client_credentials).
    pub fn jwt_bearer(&self, grant: &JwtBearer, target: &Target) -> Result<Tokens> {
        self.token(Exchange::jwt_bearer(&self.0.registration, &self.0.authentication, grant)?.target(target)?, None)
    }

    /// The claims about the person whose tokens these are; of the login's `sub`, where there was an id_token.
    ///
    /// # Errors
    /// `endpoint_missing`, `subject_mismatch`, `userinfo_malformed`; those of the network.
    pub fn userinfo(&self, tokens: &Tokens) -> Result<Claims> {
        let registration = &self.0.registration;
        let sub = tokens.claims.as_ref().and_then(|claims| claims.text("sub"));
        let subject = sub.as_deref().map_or(Subject::Unchecked, Subject::Is);
        let exchange = Exchange::userinfo(registration, &self.0.authentication, tokens, subject, None)?;
        let endpoint = registration.profile().endpoints.userinfo.clone().unwrap_or_default();
        self.run(self.bound(exchange, Server::Resource, &endpoint), Server::Resource, &endpoint, None)
    }

    /// Calls an API with a token; `origins` are those the token is for, such as `https://api.example`, and it goes nowhere else.
    ///
    /// # Errors
    /// `resource_refused`, `invalid_parameter`, `redirect_refused`; those of the network. Any other answer is the outcome.
    pub fn call(&self, tokens: &Tokens, origins: &[&str], request: Request) -> Result<Response> {
        let url = request.url.clone();
        let exchange = Exchange::resource(&self.0.registration, tokens, origins, request)?;
        self.run(self.bound(exchange, Server::Resource, &url), Server::Resource, &url, None)
    }

    /// Where to send the browser to log out of the server too.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`.
    pub fn logout_url(&self, logout: &Logout) -> Result<String> {
        logout.url(&self.0.registration)
    }

    fn nonce(&self, server: Server, url: &str) -> Option<String> {
        locked(&self.0.memory).nonces.of(server, url).map(ToOwned::to_owned)
    }

    fn bound<T>(&self, exchange: Exchange<T>, server: Server, url: &str) -> Exchange<T> {
        match self.0.keys.dpop_info() {
            Some(key) => exchange.dpop(key, self.nonce(server, url).as_deref()),
            None => exchange,
        }
    }

    fn token(&self, exchange: Exchange, store: Option<Store<'_>>) -> Result<Tokens> {
        let endpoint = self.0.registration.profile().token_endpoint.as_str();
        self.run(self.bound(exchange, Server::Authorization, endpoint), Server::Authorization, endpoint, store)
    }

    /// Drives an exchange, and learns from it, whatever came of it.
    fn run<T>(&self, exchange: Exchange<T>, server: Server, url: &str, store: Option<Store<'_>>) -> Result<T> {
        let inner = &self.0;
        let known = locked(&inner.memory).keys.clone();
        let mut exchange = match known {
            Some((set, times)) => exchange.jwks_at(set, times),
            None => exchange,
        };
        let outcome = drive_once(&mut exchange, &*inner.http, &inner.keys, store, &inner.spent);
        let mut memory = locked(&inner.memory);
        if let Some(nonce) = exchange.dpop_nonce() {
            memory.nonces.keep(server, url, nonce);
        }
        if let Some((set, times)) = exchange.known_jwks_at()
            && memory.keys.as_ref().is_none_or(|(_, kept)| times.fetched >= kept.fetched)
        {
            memory.keys = Some((set.to_owned(), times));
        }
        outcome
    }
}
