//! A client that remembers: one registration at one server, with keys, nonces and the server's key set.
//!
//! RFC 6749, RFC 9126, RFC 9449, OIDC Core. Every verb drives a machine of the core's, and decides nothing itself.
//! Refuses what the machines refuse; a token goes to the server's own endpoints and to the APIs that were named, nowhere else.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::flow::exchange::Exchange;
use crate::flow::keys::JwksTimes;
use crate::flow::login::Start;
use crate::flow::machine::Machine as _;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::base64url;
use crate::protocol::answers::introspection::{Introspection, TokenHint};
use crate::protocol::answers::logout::Logout;
use crate::protocol::answers::userinfo::Subject;
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::authorization::request::{AuthorizationRequest, Login, RANDOM_OCTETS};
use crate::protocol::authorization::response::{AuthorizationCode, Callback};
use crate::protocol::authorization::transaction::{ResponseMode, Transaction};
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::dpop::{Nonces, Server};
use crate::protocol::grant::{ClientCredentials, JwtBearer, Refresh, Target, TokenExchange};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::id_token::rules::IdTokenRules;
use crate::protocol::token::Tokens;
use crate::provider::helseid::{Session, SessionToken};
use crate::shell::native::driver::{Driver, random};
use crate::shell::native::flights::Flights;
use crate::shell::native::keys::Keys;
use crate::shell::native::sending::BoxFuture;
use crate::shell::native::store::TokenStore;
use crate::shell::spent::Spent;

/// A client at one server. A cheap clone, `Send + Sync`; clones share what was learnt.
///
/// ```no_run
/// use samtykke::native::Client;
/// use samtykke::{AuthorizationRequest, Callback, ClientAuthentication};
/// # async fn serve(callback_of: impl AsyncFn(&str) -> String) -> samtykke::Result<()> {
/// let client = Client::discover("https://op.example", "client-1")
///     .redirect_uri("https://rp.example/cb")
///     .authentication(ClientAuthentication::secret_basic("correct horse"))
/// #   .http(samtykke::native::testing::Scripted::new())
///     .build()
///     .await?;
/// let login = client.begin(AuthorizationRequest::new("openid")).await?;
/// let callback = callback_of(&login.url).await; // the person's browser comes back
/// let tokens = client.finish(login.transaction, Callback::Url(&callback)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

/// How long a flow is remembered as claimed: longer than any code lives.
const CLAIMED: core::time::Duration = core::time::Duration::from_secs(3_600);

/// What clones share.
pub(crate) struct Inner {
    pub(crate) registration: Registration,
    pub(crate) authentication: ClientAuthentication,
    pub(crate) keys: Keys,
    pub(crate) driver: Driver,
    /// Origins of APIs that get tokens.
    pub(crate) origins: Vec<String>,
    pub(crate) object: Option<RequestObject>,
    pub(crate) userinfo_signed: bool,
    pub(crate) memory: Arc<Mutex<Memory>>,
    pub(crate) spent: Arc<Spent>,
    pub(crate) refreshes: Flights<Tokens>,
    /// Where the metadata are asked for anew, for a client that was discovered.
    pub(crate) reread: Option<Reread>,
}

/// How long metadata are good: a day.
const METADATA: u64 = 86_400_000;
/// How long they are left alone after they could not be read.
const AGAIN: u64 = 60_000;

/// The same client by the metadata of now.
pub(crate) type Again = alloc::boxed::Box<dyn Fn(&Client) -> BoxFuture<'static, Result<Client>> + Send + Sync>;

/// A client by its metadata, and when they were read.
pub(crate) struct Reread {
    pub(crate) again: Again,
    /// Milliseconds, and the client by newer metadata than the first.
    pub(crate) newest: Mutex<(u64, Option<Client>)>,
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// What a client learnt.
#[derive(Default)]
pub(crate) struct Memory {
    nonces: Nonces,
    keys: Option<(String, JwksTimes)>,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client").field("client_id", &self.0.registration.client_id()).finish_non_exhaustive()
    }
}

impl AsRef<Self> for Client {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Client {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This client by metadata that are not older than a day. While they are asked for, and where they cannot be read, the last ones
    /// serve.
    pub(crate) async fn current(&self) -> Self {
        let Some(reread) = &self.0.reread else { return self.clone() };
        let locked = || reread.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.driver.ticks();
        let (read, newer) = locked().clone();
        let known = newer.unwrap_or_else(|| self.clone());
        if now.saturating_sub(read) < METADATA {
            return known;
        }
        let Ok(_turn) = reread.turn.try_lock() else { return known };
        match (reread.again)(self).await {
            Ok(client) => {
                *locked() = (now, Some(client.clone()));
                client
            }
            Err(_) => {
                locked().0 = now.saturating_sub(METADATA).saturating_add(AGAIN);
                known
            }
        }
    }

    /// The provider's addresses, client id and redirect URI; of a client that was discovered, as they were when it was built.
    pub fn registration(&self) -> &Registration {
        &self.0.registration
    }

    /// Begins a login, as the provider wants it: pushed where it takes pushed requests, signed where the client was built so, bound to
    /// the DPoP key where there is one. Keep the transaction where only this browser can bring it back.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `reserved_parameter`; where it is pushed, those of the server and of the network.
    pub async fn begin(&self, request: AuthorizationRequest) -> Result<Login> {
        let this = self.current().await;
        let inner = &this.0;
        let random = random::<RANDOM_OCTETS>()?;
        let mut start = Start::new();
        if let Some(object) = &inner.object {
            start = start.object(object.clone());
        }
        let endpoint = inner.registration.profile().token_endpoint.as_str();
        if let Some(key) = inner.keys.dpop_info() {
            let nonce = this.nonce(Server::Authorization, endpoint);
            start = start.dpop(key, nonce.as_deref());
        }
        let exchange = Exchange::login(&inner.registration, &inner.authentication, request, start, &random, inner.driver.now())?;
        this.run(exchange, Server::Authorization, endpoint, None).await
    }

    /// Judges what came back and exchanges the code. It goes on when the caller's future is dropped, and a code is never sent twice.
    ///
    /// # Errors
    /// Those of [`Transaction::finish`], of the server and of the network; `transaction_used` for a code that was sent.
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>) -> Result<Tokens> {
        let code = self.code(transaction, callback).await?;
        self.exchange(code).await
    }

    /// As [`finish`](Self::finish), where callbacks arrive at several processes: the first one claims the flow in the store that they
    /// share, and no other exchanges its code.
    ///
    /// # Errors
    /// As there; `transaction_used` where another process was first, `store_failed` where the store gives no answer.
    pub async fn finish_once(&self, transaction: Transaction, callback: Callback<'_>, store: &dyn TokenStore) -> Result<Tokens> {
        let registration = &self.0.registration;
        let flow = ["claim", &registration.profile().issuer, registration.client_id(), transaction.state()].join("\n");
        let name = base64url(&crate::ground::sha256::digest(flow.as_bytes()));
        let code = self.code(transaction, callback).await?;
        let claimed = store.compare_and_set(&name, None, &Secret::new("1"), CLAIMED).await;
        match claimed.map_err(|cause| Error::new(&codes::STORE_FAILED).because(Some(cause)))? {
            true => self.exchange(code).await,
            false => Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Callback)),
        }
    }

    /// Judges what came back alone; the code that it gives goes to [`exchange`](Self::exchange).
    ///
    /// # Errors
    /// Those of [`Transaction::finish`], and for a signed answer those of the keys.
    pub async fn code(&self, transaction: Transaction, callback: Callback<'_>) -> Result<AuthorizationCode> {
        let this = self.current().await;
        let inner = &this.0;
        let signed = matches!(
            transaction.response_mode(),
            ResponseMode::Jwt | ResponseMode::QueryJwt | ResponseMode::FragmentJwt | ResponseMode::FormPostJwt
        );
        let now = inner.driver.now();
        if !signed {
            return transaction.finish(&inner.registration, callback, now);
        }
        let exchange = transaction.finish_jarm(&inner.registration, callback, now)?;
        let endpoint = inner.registration.profile().token_endpoint.clone();
        this.run(exchange, Server::Authorization, &endpoint, None).await
    }

    /// Exchanges a checked code, as [`finish`](Self::finish) does.
    ///
    /// # Errors
    /// As there.
    pub async fn exchange(&self, code: AuthorizationCode) -> Result<Tokens> {
        let this = self.current().await;
        let exchange = Exchange::authorization_code(&this.0.registration, &this.0.authentication, code)?;
        this.run_detached(exchange).await
    }

    /// As [`exchange`](Self::exchange), with what the tokens are for and further parameters.
    ///
    /// # Errors
    /// As there; `invalid_parameter`, `reserved_parameter`.
    pub async fn exchange_for(&self, code: AuthorizationCode, target: &Target) -> Result<Tokens> {
        let this = self.current().await;
        let exchange = Exchange::authorization_code(&this.0.registration, &this.0.authentication, code)?.target(target)?;
        this.run_detached(exchange).await
    }

    /// New tokens for these. All who ask at once with one refresh token share one request, which goes on when they are gone; who asks
    /// again within ten minutes gets what came.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token; those of the server and of the network; `transaction_used` for a refresh token
    /// for which an answer came that was lost.
    pub async fn refresh(&self, tokens: &Tokens) -> Result<Tokens> {
        self.refresh_with(Refresh::of(tokens)?, None).await
    }

    /// As [`refresh`](Self::refresh); a new refresh token is stored before anything else of the answer is judged.
    ///
    /// # Errors
    /// As there; `store_failed`.
    pub async fn refresh_to<F>(&self, tokens: &Tokens, store: impl Fn(Secret) -> F + Send + Sync + 'static) -> Result<Tokens>
    where
        F: core::future::Future<Output = Result<()>> + Send + 'static,
    {
        self.refresh_with(Refresh::of(tokens)?, Some(Arc::new(move |token| alloc::boxed::Box::pin(store(token))))).await
    }

    /// As [`refresh`](Self::refresh), with a grant of the caller's, such as of a refresh token that was stored without its answer.
    ///
    /// # Errors
    /// As [`refresh_to`](Self::refresh_to).
    pub async fn refresh_with(&self, grant: Refresh, store: Option<RefreshStore>) -> Result<Tokens> {
        let this = self.current().await;
        let name = base64url(&crate::ground::sha256::digest(grant.token.expose().as_bytes()));
        let exchange = Exchange::refresh(&this.0.registration, &this.0.authentication, &grant)?;
        let exchange = if store.is_some() { exchange.with_store() } else { exchange };
        let client = this.clone();
        this.0
            .refreshes
            .join(&this.0.driver, name, move || async move {
                let endpoint = client.0.registration.profile().token_endpoint.clone();
                client.run(client.bound(exchange), Server::Authorization, &endpoint, store).await
            })
            .await
    }

    /// A token of the client's own.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`, `invalid_configuration`; those of the server and of the network.
    pub async fn client_credentials(&self, grant: &ClientCredentials, target: &Target) -> Result<Tokens> {
        let this = self.current().await;
        let exchange = Exchange::client_credentials(&this.0.registration, &this.0.authentication, grant)?.target(target)?;
        this.run_detached(exchange).await
    }

    /// A token by a signed statement.
    ///
    /// # Errors
    /// As [`client_credentials`](Self::client_credentials).
    pub async fn jwt_bearer(&self, grant: &JwtBearer, target: &Target) -> Result<Tokens> {
        let this = self.current().await;
        let exchange = Exchange::jwt_bearer(&this.0.registration, &this.0.authentication, grant)?.target(target)?;
        this.run_detached(exchange).await
    }

    /// A token for another token.
    ///
    /// # Errors
    /// As [`client_credentials`](Self::client_credentials).
    pub async fn token_exchange(&self, grant: &TokenExchange, target: &Target) -> Result<Tokens> {
        let this = self.current().await;
        let exchange = Exchange::token_exchange(&this.0.registration, &this.0.authentication, grant)?.target(target)?;
        this.run_detached(exchange).await
    }

    /// The claims about the person whose tokens these are; of the login's `sub`, where there was an id_token.
    ///
    /// # Errors
    /// `endpoint_missing`, `subject_mismatch`, `userinfo_malformed`, `token_invalid`; those of the network.
    pub async fn userinfo(&self, tokens: &Tokens) -> Result<Claims> {
        let this = self.current().await;
        let inner = &this.0;
        let registration = &inner.registration;
        let sub = tokens.claims.as_ref().and_then(|claims| claims.text("sub"));
        let subject = sub.as_deref().map_or(Subject::Unchecked, Subject::Is);
        let rules = || IdTokenRules::new(registration.profile().issuer.as_str(), registration.client_id());
        let signed = inner.userinfo_signed.then(rules);
        let exchange = Exchange::userinfo(registration, &inner.authentication, tokens, subject, signed)?;
        let endpoint = registration.profile().endpoints.userinfo.clone().unwrap_or_default();
        this.run(this.bound_at(exchange, Server::Resource, &endpoint), Server::Resource, &endpoint, None).await
    }

    /// What the server says of a token.
    ///
    /// # Errors
    /// `endpoint_missing`, `introspection_malformed`, `oauth_error`; those of the network.
    pub async fn introspect(&self, token: &Secret, hint: Option<TokenHint>) -> Result<Introspection> {
        let this = self.current().await;
        let exchange = Exchange::introspection(&this.0.registration, &this.0.authentication, token, hint)?;
        this.run(exchange, Server::Authorization, "", None).await
    }

    /// Revokes a token. It withdraws no consent: that is a provider's own call.
    ///
    /// # Errors
    /// `endpoint_missing`, `revocation_failed`; those of the network.
    pub async fn revoke(&self, token: &Secret, hint: Option<TokenHint>) -> Result<()> {
        let this = self.current().await;
        let exchange = Exchange::revocation(&this.0.registration, &this.0.authentication, token, hint)?;
        this.run(exchange, Server::Authorization, "", None).await
    }

    /// The claims of a logout token that the server posted (OIDC Back-Channel Logout 1.0). Whether its `jti` was seen before is the
    /// caller's to remember.
    ///
    /// # Errors
    /// `jws_malformed`, `signature_invalid`, `claim_refused`, `jwt_expired`; those of the keys and of the network.
    pub async fn logout_token(&self, token: &str) -> Result<Claims> {
        let this = self.current().await;
        let exchange = Exchange::<Claims>::logout_token(&this.0.registration, token);
        this.run(exchange, Server::Authorization, "", None).await
    }

    /// Where to send the browser to log out of the server too.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`.
    pub fn logout_url(&self, logout: &Logout) -> Result<String> {
        logout.url(&self.0.registration)
    }

    /// The newest nonce of a server.
    pub(crate) fn nonce(&self, server: Server, url: &str) -> Option<String> {
        self.memory().nonces.of(server, url).map(ToOwned::to_owned)
    }

    /// Binds an exchange with the authorization server to the DPoP key, where there is one.
    pub(crate) fn bound<T>(&self, exchange: Exchange<T>) -> Exchange<T> {
        let endpoint = self.0.registration.profile().token_endpoint.as_str();
        self.bound_at(exchange, Server::Authorization, endpoint)
    }

    pub(crate) fn bound_at<T>(&self, exchange: Exchange<T>, server: Server, url: &str) -> Exchange<T> {
        match self.0.keys.dpop_info() {
            Some(key) => exchange.dpop(key, self.nonce(server, url).as_deref()),
            None => exchange,
        }
    }

    /// Keeps what an exchange learnt, whatever came of it.
    pub(crate) fn learn(&self, server: Server, url: &str, nonce: Option<&str>, keys: Option<(&str, JwksTimes)>) {
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

    /// With the server's key set, where one is known; how old it may be is the exchange's to judge.
    pub(crate) fn with_keys<T>(&self, exchange: Exchange<T>) -> Exchange<T> {
        let kept = self.memory().keys.clone();
        match kept {
            Some((set, times)) => exchange.jwks_at(set, times),
            None => exchange,
        }
    }

    /// Drives an exchange in a task of its own.
    pub(crate) async fn run_detached<T: Send + 'static>(&self, exchange: Exchange<T>) -> Result<T> {
        let client = self.clone();
        self.0
            .driver
            .run_detached(async move {
                let endpoint = client.0.registration.profile().token_endpoint.clone();
                client.run(client.bound(exchange), Server::Authorization, &endpoint, None).await
            })
            .await
    }

    /// Drives an exchange, and learns from it.
    pub(crate) async fn run<T>(&self, exchange: Exchange<T>, server: Server, url: &str, store: Option<RefreshStore>) -> Result<T> {
        let inner = &self.0;
        let mut exchange = self.with_keys(exchange);
        let outcome = inner.driver.drive_once(&mut exchange, &inner.keys, store.as_deref(), &inner.spent).await;
        self.learn(server, url, exchange.dpop_nonce(), exchange.known_jwks_at());
        outcome
    }

    /// Drives a session of HelseID's, and learns from it.
    pub(crate) async fn run_session(&self, session: Session, store: &RefreshStore) -> Result<SessionToken> {
        let kept = self.memory().keys.clone();
        let mut session = match kept {
            Some((set, times)) => session.jwks_at(set, times),
            None => session,
        };
        let inner = &self.0;
        let outcome = inner.driver.drive_once(&mut session, &inner.keys, Some(&**store), &inner.spent).await;
        let endpoint = inner.registration.profile().token_endpoint.as_str();
        self.learn(Server::Authorization, endpoint, session.nonce(), session.known_jwks_at());
        outcome
    }
}

/// Where a refresh token that came is put: see [`Client::refresh_to`].
pub type RefreshStore = Arc<dyn Fn(Secret) -> BoxFuture<'static, Result<()>> + Send + Sync>;
