//! Logins and sessions for servers: handlers and a layer for axum, with cookies and stores in the package's own format.
//!
//! docs/formats.md, docs/sessions.md. Neither token nor verifier reaches a page (RFC 9700, OAuth 2.0 for Browser-Based Applications
//! section 6.1). Refuses other sites' requests, cookies that no key opens, and to take a store that is down for a missing session.

mod answer;
mod axum;
mod cookies;
mod keeper;
mod kept;
mod login;
mod logout;
mod pack;
mod refresh;
mod renewal;
mod session;
mod site;
mod turns;

pub use self::axum::{EdgeLayer, EdgeService, NoSession, SetCookies};
pub use session::Session;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use http::request::Parts;

use crate::ground::error::{Error, Result, codes};
use crate::protocol::authorization::request::AuthorizationRequest;
use crate::shell::native::client::Client;
use crate::shell::native::seal::SealKeys;
use crate::shell::native::store::TokenStore;
use kept::Lives;
use site::{ErrorPage, LoginRequest, OnSession, Site, cookie_name, split};

/// Handlers and sessions of one client. A cheap clone, `Send + Sync`.
///
/// ```
/// use axum::{Router, routing::get};
/// use samtykke::native::edge::{Edge, Session};
/// use samtykke::native::{Client, MemoryStore, SealKeys};
/// use samtykke::{AuthorizationRequest, ClientAuthentication, Profile};
///
/// async fn home(session: Session) -> String {
///     session.claims().and_then(|claims| claims.text("name")).unwrap_or_default()
/// }
///
/// # fn app(http: samtykke::native::testing::Scripted) -> samtykke::Result<Router> {
/// # let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Client::with_profile(profile, "client-1")
///     .redirect_uri("https://rp.example/callback")
///     .authentication(ClientAuthentication::secret_basic("correct horse"))
/// #   .http(http)
///     .build_known()?;
/// let keys: SealKeys = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".parse()?; // 32 octets from your settings
/// let edge = Edge::builder(client, keys)
///     .login("/login", |_| Ok(AuthorizationRequest::new("openid profile")))
///     .logout("/logout")
///     .store(MemoryStore::new()) // or Redis, which processes share
///     .build()?;
/// Ok(edge.protect(Router::new().route("/", get(home))))
/// # }
/// ```
#[derive(Clone)]
pub struct Edge(Arc<Site>);

impl core::fmt::Debug for Edge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Edge").field("binding", &self.0.binding).finish_non_exhaustive()
    }
}

/// An edge in the making: [`Edge::builder`].
pub struct EdgeBuilder {
    client: Client,
    keys: SealKeys,
    login: Option<(String, LoginRequest)>,
    logout: Option<String>,
    post_logout: Option<String>,
    backchannel: Option<String>,
    store: Option<Arc<dyn TokenStore>>,
    base_path: String,
    home: Option<String>,
    lives: Lives,
    cookie_budget: usize,
    renews: bool,
    behind_proxy: bool,
    cross_site_start: bool,
    insecure_localhost: bool,
    on_error: Box<dyn Fn(&Error) + Send + Sync>,
    on_session: Option<OnSession>,
    error_page: Option<ErrorPage>,
}

impl core::fmt::Debug for EdgeBuilder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EdgeBuilder").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Edge {
    /// An edge of a client with a redirect URI, whose path is the callback's. The first key seals, all open.
    pub fn builder(client: impl AsRef<Client>, keys: SealKeys) -> EdgeBuilder {
        EdgeBuilder {
            client: client.as_ref().clone(),
            keys,
            login: None,
            logout: None,
            post_logout: None,
            backchannel: None,
            store: None,
            base_path: "/".into(),
            home: None,
            lives: Lives { max_age: 43_200, idle: 3_600 },
            cookie_budget: 3_800,
            renews: false,
            behind_proxy: false,
            cross_site_start: false,
            insecure_localhost: false,
            on_error: Box::new(|_| {}),
            on_session: None,
            error_page: None,
        }
    }

    /// The client beneath.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

impl EdgeBuilder {
    /// Begins logins at this path, with what this function asks for; a query `returnTo` says where the person goes afterwards.
    #[must_use]
    pub fn login(mut self, path: &str, request: impl Fn(&Parts) -> Result<AuthorizationRequest> + Send + Sync + 'static) -> Self {
        self.login = Some((path.into(), Box::new(request)));
        self
    }

    /// Ends sessions at this path, by a POST of this origin.
    #[must_use]
    pub fn logout(mut self, path: &str) -> Self {
        self.logout = Some(path.into());
        self
    }

    /// Where the server sends a browser that it logged out; registered there. Without it a logout ends the session here alone.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: &str) -> Self {
        self.post_logout = Some(uri.into());
        self
    }

    /// Takes the server's logout tokens at this path; needs a store.
    #[must_use]
    pub fn backchannel_logout(mut self, path: &str) -> Self {
        self.backchannel = Some(path.into());
        self
    }

    /// Keeps sessions in a store; without one, they lie sealed in cookies.
    #[must_use]
    pub fn store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Where the application lies on its origin, `/` unless given.
    #[must_use]
    pub fn base_path(mut self, path: &str) -> Self {
        self.base_path = path.into();
        self
    }

    /// Where people go after a login or logout, the base path unless given.
    #[must_use]
    pub fn home(mut self, path: &str) -> Self {
        self.home = Some(path.into());
        self
    }

    /// A session's longest life; twelve hours unless given.
    #[must_use]
    pub fn max_age(mut self, life: Duration) -> Self {
        self.lives.max_age = life.as_secs();
        self
    }

    /// A session's life without use; an hour unless given.
    #[must_use]
    pub fn idle(mut self, life: Duration) -> Self {
        self.lives.idle = life.as_secs();
        self
    }

    /// What one response's cookies may take, in octets; 3,800 unless given, which every proxy takes.
    #[must_use]
    pub fn cookie_budget(mut self, octets: usize) -> Self {
        self.cookie_budget = octets;
        self
    }

    /// Renews tokens of sessions in cookies too, once for each process. With a store they always are, exactly once.
    #[must_use]
    pub fn best_effort_refresh(mut self) -> Self {
        self.renews = true;
        self
    }

    /// Does not compare the request's origin with the redirect URI's: for servers behind a proxy that rewrites it.
    #[must_use]
    pub fn behind_proxy(mut self) -> Self {
        self.behind_proxy = true;
        self
    }

    /// Lets other sites link straight to the login.
    #[must_use]
    pub fn cross_site_start(mut self) -> Self {
        self.cross_site_start = true;
        self
    }

    /// Cookies without `Secure` and `__Host-` on http to this machine, for browsers that refuse those there.
    #[must_use]
    pub fn insecure_localhost(mut self) -> Self {
        self.insecure_localhost = true;
        self
    }

    /// Hears of every failure; nothing of it holds a secret.
    #[must_use]
    pub fn on_error(mut self, hear: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Box::new(hear);
        self
    }

    /// Does this with each new session before the person goes on, such as looking them up; what it answers is kept with the session as
    /// the application's own: JSON, which [`Session::data`] gives back. Where it fails there is no session, and its refresh token is
    /// revoked.
    ///
    /// ```
    /// # fn hooked(builder: samtykke::native::edge::EdgeBuilder) -> samtykke::native::edge::EdgeBuilder {
    /// builder.on_session(|session| async move {
    ///     let sub = session.claims().and_then(|claims| claims.text("sub")).unwrap_or_default();
    ///     Ok(Some(format!(r#"{{"visits":1,"known":{}}}"#, !sub.is_empty())))
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn on_session<F>(mut self, hook: impl Fn(Session) -> F + Send + Sync + 'static) -> Self
    where
        F: core::future::Future<Output = Result<Option<String>>> + Send + 'static,
    {
        self.on_session = Some(Box::new(move |session| Box::pin(hook(session))));
        self
    }

    /// Answers a person whose login, callback or logout failed, in place of JSON; scripts get JSON all the same. `None` leaves an error
    /// to the edge.
    #[must_use]
    pub fn error_page(mut self, page: impl Fn(&Error, &Parts) -> Option<::axum::response::Response> + Send + Sync + 'static) -> Self {
        self.error_page = Some(Box::new(page));
        self
    }

    /// Makes the edge.
    ///
    /// # Errors
    /// `invalid_configuration`, `return_to_refused`.
    pub fn build(self) -> Result<Edge> {
        let wrong = |expected: &'static str| Error::new(&codes::INVALID_CONFIGURATION).expected(expected);
        let registration = self.client.registration();
        let (origin, callback) = split(registration.redirect_uri()).ok_or_else(|| wrong("a client with a redirect_uri"))?;
        if self.backchannel.is_some() && self.store.is_none() {
            return Err(wrong("back-channel logout with a store, which all processes share"));
        }
        if self.client.0.keys.is_ephemeral() && self.store.as_ref().is_some_and(|store| store.is_shared()) {
            return Err(wrong("a DPoP key that all processes have, with a store that they share"));
        }
        let post_logout = match self.post_logout {
            None => None,
            Some(uri) => {
                let path = split(&uri).map(|(_, path)| String::from(path)).ok_or_else(|| wrong("post_logout_redirect_uri: an address"))?;
                Some((uri, path))
            }
        };
        let own = [self.login.as_ref().map(|(path, _)| path), self.logout.as_ref(), self.backchannel.as_ref(), Some(&self.base_path)];
        if own.into_iter().flatten().any(|path| !path.starts_with('/') || path.starts_with("//") || path.contains(['?', '#', '\\'])) {
            return Err(wrong("paths that begin with one slash"));
        }
        let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
        let is_local = local.iter().any(|local| origin.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        let secure = !(self.insecure_localhost && is_local);
        let binding = format!("{} {} {}", registration.profile().issuer, registration.client_id(), self.base_path);
        let site = Site {
            name: cookie_name(&binding, secure),
            binding,
            secure,
            origin: origin.into(),
            callback: callback.into(),
            home: self.home.unwrap_or_else(|| self.base_path.clone()),
            base_path: self.base_path,
            login: self.login,
            logout: self.logout,
            post_logout,
            backchannel: self.backchannel,
            store: self.store,
            renewals: Default::default(),
            lives: self.lives,
            cookie_budget: self.cookie_budget,
            renews: self.renews,
            behind_proxy: self.behind_proxy,
            cross_site_start: self.cross_site_start,
            on_error: self.on_error,
            on_session: self.on_session,
            error_page: self.error_page,
            client: self.client,
            keys: self.keys,
        };
        site.check_return(&site.home)?;
        Ok(Edge(Arc::new(site)))
    }
}
