//! How a client is made: from an issuer alone, or from a profile; with what it is registered as, and what it is held to.
//!
//! OIDC Discovery, RFC 8414; FAPI 2.0 Security Profile section 5.3.3.
//! Refuses settings that do not go together before anything is sent.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::flow::discovery::Discovery;
use crate::ground::error::{Error, Result, codes};
use crate::ground::uri::Uri;
use crate::jose::Verifier;
use crate::protocol::answers::metadata::Policy;
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::endpoint::{Development, Local};
use crate::protocol::profile::{Profile, Rules, STANDARD};
use crate::shell::native::client::{Client, Inner, Reread};
use crate::shell::native::driver::Driver;
use crate::shell::native::keys::{Keys, SigningKey};
use crate::shell::native::runtime::{Runtime, Tokio};
use crate::shell::native::sending::{BoxFuture, Http};

/// How a client proves who it is, with the key that it needs for that.
#[derive(Clone, Debug)]
pub struct Authentication {
    method: ClientAuthentication,
    key: Option<SigningKey>,
}

impl Authentication {
    /// An assertion signed with this key (RFC 7523 section 2.2).
    pub fn private_key_jwt(key: SigningKey) -> Self {
        Self { method: ClientAuthentication::private_key_jwt(key.info().clone()), key: Some(key) }
    }

    /// No authentication beside grants that are signed with this key.
    pub(crate) fn grant_alone(key: SigningKey) -> Self {
        Self { method: ClientAuthentication::None, key: Some(key) }
    }
}

impl From<ClientAuthentication> for Authentication {
    fn from(method: ClientAuthentication) -> Self {
        Self { method, key: None }
    }
}

impl From<SigningKey> for Authentication {
    fn from(key: SigningKey) -> Self {
        Self::private_key_jwt(key)
    }
}

/// Where the server's addresses come from.
#[derive(Clone)]
enum Source {
    Issuer(String),
    Profile(Box<Profile>),
}

/// A client in the making: [`Client::discover`], [`Client::with_profile`].
#[derive(Clone)]
pub struct Builder {
    source: Source,
    client_id: String,
    redirect_uri: String,
    authentication: Authentication,
    keys: Keys,
    apis: Vec<String>,
    http: Option<Arc<dyn Http>>,
    runtime: Arc<dyn Runtime>,
    timeout: Duration,
    rules: &'static Rules,
    metadata: String,
    algorithms: Vec<String>,
    signed_requests: bool,
    userinfo_signed: bool,
    development: Development,
    fapi2: bool,
    /// What a provider demands, wherever the addresses come from.
    amend: Option<fn(Profile) -> Profile>,
}

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builder").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What FAPI 2.0 lets sign (Security Profile section 5.4.1).
const FAPI2_ALGORITHMS: &[&str] = &["PS256", "ES256", "EdDSA"];

fn wrong(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_CONFIGURATION).expected(expected)
}

impl Client {
    /// A client of the server at this issuer, whose metadata are asked for when the client is built.
    pub fn discover(issuer: impl Into<String>, client_id: impl Into<String>) -> Builder {
        Builder::new(Source::Issuer(issuer.into()), client_id.into())
    }

    /// A client of a server whose addresses are known; nothing is asked for.
    pub fn with_profile(profile: Profile, client_id: impl Into<String>) -> Builder {
        Builder::new(Source::Profile(Box::new(profile)), client_id.into())
    }
}

impl Builder {
    fn new(source: Source, client_id: String) -> Self {
        Self {
            source,
            client_id,
            redirect_uri: String::new(),
            authentication: ClientAuthentication::None.into(),
            keys: Keys::new(),
            apis: Vec::new(),
            http: None,
            runtime: Arc::new(Tokio),
            timeout: Duration::from_secs(30),
            rules: &STANDARD,
            metadata: String::new(),
            algorithms: Vec::new(),
            signed_requests: false,
            userinfo_signed: false,
            development: Development::default(),
            fapi2: false,
            amend: None,
        }
    }

    /// The redirect URI, byte for byte as it is registered. A client that no person logs in with has none.
    #[must_use]
    pub fn redirect_uri(mut self, redirect_uri: impl Into<String>) -> Self {
        self.redirect_uri = redirect_uri.into();
        self
    }

    /// How the client proves who it is; a public client unless given.
    #[must_use]
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.authentication = authentication.into();
        self
    }

    /// Binds tokens to this key (RFC 9449).
    #[must_use]
    pub fn dpop(mut self, key: SigningKey) -> Self {
        self.keys = self.keys.dpop(key);
        self
    }

    /// An API that gets tokens, by any address on its origin. Repeatable; no other origin gets one.
    #[must_use]
    pub fn api(mut self, address: impl AsRef<str>) -> Self {
        self.apis.push(address.as_ref().into());
        self
    }

    /// Sends by this client; reqwest with its own settings unless given, where the feature `reqwest` is on.
    #[must_use]
    pub fn http(mut self, http: impl Http + 'static) -> Self {
        self.http = Some(Arc::new(http));
        self
    }

    /// Other tasks, timers and clocks than tokio's.
    #[must_use]
    pub fn runtime(mut self, runtime: impl Runtime + 'static) -> Self {
        self.runtime = Arc::new(runtime);
        self
    }

    /// How long one request may take, to the end of its body; 30 seconds unless given.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What the provider does differently.
    #[must_use]
    pub fn rules(mut self, rules: &'static Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Members that win over those of the server's metadata: a JSON object, `null` for "not there".
    #[must_use]
    pub fn metadata(mut self, json: impl Into<String>) -> Self {
        self.metadata = json.into();
        self
    }

    /// Algorithms that the server signs with; RS256 alone unless given. The server's own list widens nothing.
    #[must_use]
    pub fn signing_algorithms(mut self, names: &[&str]) -> Self {
        self.algorithms = names.iter().map(|name| (*name).into()).collect();
        self
    }

    /// Signs authorization requests with the client's key (RFC 9101).
    #[must_use]
    pub fn signed_requests(mut self) -> Self {
        self.signed_requests = true;
        self
    }

    /// Userinfo comes signed, as registered (`userinfo_signed_response_alg`).
    #[must_use]
    pub fn userinfo_signed(mut self) -> Self {
        self.userinfo_signed = true;
        self
    }

    /// Verifies what the server signed by this, and not by the crypto that was compiled in.
    #[must_use]
    pub fn verifier(mut self, verifier: impl Verifier + Send + Sync + 'static) -> Self {
        self.keys = self.keys.verifier(verifier);
        self
    }

    /// Allows http to this machine, for development.
    #[must_use]
    pub fn development(mut self) -> Self {
        self.development = true.into();
        self
    }

    /// Allows http to this machine, and to the servers at these origins, such as `http://keycloak:8080`, for development. What is no
    /// origin is refused when the client is made.
    #[must_use]
    pub fn development_origins<S: AsRef<str>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        self.development = Development::origins(origins);
        self
    }

    /// Holds client and server to FAPI 2.0: pushed requests, `iss` in callbacks, PS256, ES256 or EdDSA, a key or certificate that
    /// proves who the client is, tokens bound to a DPoP key or to the certificate.
    #[must_use]
    pub fn fapi2(mut self) -> Self {
        self.fapi2 = true;
        self
    }

    /// Has the profile changed to what a provider demands.
    pub(crate) fn amend(mut self, amend: fn(Profile) -> Profile) -> Self {
        self.amend = Some(amend);
        self
    }

    /// Binds tokens to the client's own key, unless another was given.
    pub(crate) fn bound(mut self) -> Self {
        if let (None, Some(key)) = (self.keys.dpop_info(), &self.authentication.key) {
            self.keys = self.keys.dpop(key.clone());
        }
        self
    }

    /// Makes the client; asks for the server's metadata where an issuer was given.
    ///
    /// # Errors
    /// `invalid_configuration` naming the setting; those of discovery and of the network.
    pub async fn build(self) -> Result<Client> {
        let Source::Issuer(_) = &self.source else { return self.build_known() };
        let driver = self.driver()?;
        let mut inner = self.clone().found(&driver).await?;
        let newest = std::sync::Mutex::new((driver.ticks(), None));
        let again = move |old: &Client| -> BoxFuture<'static, Result<Client>> {
            let (builder, old) = (self.clone(), old.clone());
            Box::pin(async move { builder.again(&old.0).await })
        };
        inner.reread = Some(Reread { again: Box::new(again), newest, turn: tokio::sync::Mutex::default() });
        Ok(Client(Arc::new(inner)))
    }

    /// The same client by the server's metadata of now, with all that the old one has learnt.
    pub(crate) async fn again(self, old: &Inner) -> Result<Client> {
        let mut inner = self.found(&old.driver).await?;
        inner.memory = old.memory.clone();
        inner.spent = old.spent.clone();
        inner.refreshes = old.refreshes.clone();
        Ok(Client(Arc::new(inner)))
    }

    async fn found(mut self, driver: &Driver) -> Result<Inner> {
        if let Source::Issuer(issuer) = &self.source {
            self.source = Source::Profile(Box::new(discover_profile(driver, issuer, &self).await?));
        }
        self.made()
    }

    /// As [`build`](Self::build), where the addresses are known.
    ///
    /// # Errors
    /// `invalid_configuration`, also for a client that was to be discovered.
    pub fn build_known(self) -> Result<Client> {
        self.made().map(|inner| Client(Arc::new(inner)))
    }

    fn made(mut self) -> Result<Inner> {
        let driver = self.driver()?;
        let Source::Profile(profile) = &self.source else { return Err(wrong("build().await for a client that is discovered")) };
        let mut profile = (**profile).clone();
        if self.development.is_on() {
            profile.development = self.development.clone();
        }
        if let Some(amend) = self.amend {
            profile = amend(profile);
        }
        if !self.algorithms.is_empty() {
            profile.requests.signing_algorithms = core::mem::take(&mut self.algorithms);
        }
        if self.redirect_uri.is_empty() {
            profile = profile.for_machines();
        }
        if matches!(self.authentication.method, ClientAuthentication::Tls) && !driver.has_certificate() {
            return Err(wrong("http: a client that presents a certificate, and says so (has_certificate)"));
        }
        if self.fapi2 {
            self.hold_to_fapi2(&mut profile)?;
        }
        // A connection with a certificate goes where the server takes one (RFC 8705 section 5).
        profile.requests.certificate_bound |= driver.has_certificate() && !profile.endpoints.mtls_aliases.is_empty();
        let Authentication { method, key } = self.authentication;
        let object = match (&key, self.signed_requests || profile.requests.request_object) {
            (_, false) => None,
            (Some(key), true) => Some(RequestObject::new(key.info().clone())),
            (None, true) => return Err(wrong("a key of the client's, to sign requests with")),
        };
        let keys = match key {
            Some(key) => self.keys.client(key),
            None => self.keys,
        };
        let origins = self.apis.iter().map(|address| origin(address, (&profile.development).into())).collect::<Result<_>>()?;
        Ok(Inner {
            registration: Registration::new(profile, &self.client_id, &self.redirect_uri)?,
            authentication: method,
            keys,
            driver,
            origins,
            object,
            userinfo_signed: self.userinfo_signed,
            memory: Default::default(),
            spent: Default::default(),
            refreshes: Default::default(),
            reread: None,
        })
    }

    fn driver(&self) -> Result<Driver> {
        let http = match &self.http {
            Some(http) => http.clone(),
            None => usual_http()?,
        };
        Ok(Driver::from_shared(http).runtime(self.runtime.clone()).timeout(self.timeout))
    }

    fn hold_to_fapi2(&self, profile: &mut Profile) -> Result<()> {
        let signs = |name: &str| FAPI2_ALGORITHMS.contains(&name);
        let proves = match (&self.authentication.method, &self.authentication.key) {
            (ClientAuthentication::Tls, _) => true,
            (_, Some(key)) => signs(key.info().alg.name),
            _ => false,
        };
        let bound = self.keys.dpop_info().is_some_and(|key| signs(key.alg.name)) || profile.requests.certificate_bound;
        let expected = if profile.endpoints.pushed_authorization_request.is_none() {
            "FAPI 2.0: a server with a pushed_authorization_request_endpoint"
        } else if !profile.iss_parameter {
            "FAPI 2.0: a server that names itself in callbacks (RFC 9207)"
        } else if !proves {
            "FAPI 2.0: a client with a certificate, or a key for PS256, ES256 or EdDSA"
        } else if !bound {
            "FAPI 2.0: tokens bound to a DPoP key for PS256, ES256 or EdDSA, or to a certificate"
        } else if profile.requests.signing_algorithms.iter().any(|name| !signs(name)) {
            "FAPI 2.0: a server that signs with PS256, ES256 or EdDSA"
        } else {
            profile.requests.pushed = true;
            if profile.requests.signing_algorithms.is_empty() {
                profile.requests.signing_algorithms = FAPI2_ALGORITHMS.iter().map(ToString::to_string).collect();
            }
            return Ok(());
        };
        Err(wrong(expected))
    }
}

/// The profile of a server that says where its endpoints are.
async fn discover_profile(driver: &Driver, issuer: &str, builder: &Builder) -> Result<Profile> {
    let policy = Policy { profile: &builder.metadata, origins: None, development: (&builder.development).into() };
    let metadata = driver.drive(&mut Discovery::new(issuer, policy)?, &Keys::new()).await?;
    Ok(metadata.profile(builder.rules, &builder.development))
}

/// The origin of an address.
fn origin(address: &str, development: Local<'_>) -> Result<String> {
    let expected = "api: an https address";
    let uri = Uri::parse(address).filter(|uri| uri.is_secure(development) && uri.host.is_some()).ok_or_else(|| wrong(expected))?;
    let host = address.find("//").and_then(|at| address.get(at.saturating_add(2)..)).ok_or_else(|| wrong(expected))?;
    let authority = host.split(['/', '?', '#']).next().unwrap_or_default();
    let mut origin = String::from(uri.scheme);
    origin.push_str("://");
    origin.push_str(authority);
    Ok(origin)
}

#[cfg(feature = "reqwest")]
fn usual_http() -> Result<Arc<dyn Http>> {
    Ok(Arc::new(crate::shell::native::reqwest::Reqwest::new()?))
}

#[cfg(not(feature = "reqwest"))]
fn usual_http() -> Result<Arc<dyn Http>> {
    Err(wrong("http: a client that sends, or the feature reqwest"))
}
