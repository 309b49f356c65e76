//! ACM/IDM Vlaanderen by a client that remembers: logins, machine tokens, delegated tokens, and the API of eLys.
//!
//! Facts of authenticatie.vlaanderen.be/docs; see [`provider::acmidm`](crate::provider::acmidm).
//! Refuses mixed environments, a token on its way to another origin than eLys', and redirects.

use alloc::string::String;
use core::time::Duration;

use bytes::Bytes;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Request;
use crate::ground::uuid::uuid;
use crate::protocol::authorization::request::{AuthorizationRequest, Login, RANDOM_OCTETS};
use crate::protocol::authorization::response::Callback;
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::token::Tokens;
use crate::provider::acmidm::{Delegation, ElysApi, Expected, Mismatch, Trace, policy, profile};
pub use crate::provider::acmidm::{ElysEnvironment, Environment, Ping};
use crate::provider::call::Call;
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;
use crate::shell::native::driver::{header_value, random};
use crate::shell::native::tokens::TokenSource;

/// A client at ACM/IDM. A cheap clone, `Send + Sync`.
///
/// ```no_run
/// use samtykke::native::SigningKey;
/// use samtykke::native::acmidm::{AcmIdm, ElysEnvironment, Environment};
/// use samtykke::native::Wanted;
/// use samtykke::provider::acmidm::Actor;
/// # async fn ping(key: SigningKey) -> samtykke::Result<()> {
/// # let http = samtykke::native::testing::Scripted::new();
/// let beta = ElysEnvironment::from_name("beta")?;
/// # #[cfg(feature = "reqwest")]
/// let acm = AcmIdm::new(Environment::ti(), "client-1", key)?;
/// # #[cfg(not(feature = "reqwest"))]
/// # let acm = AcmIdm::with(Environment::ti(), "client-1", key, |client| client.http(http))?;
/// let wanted = Wanted::new(beta.scope(Actor::Lbbs)?).audience(beta.api_client_id().unwrap_or_default());
/// let tokens = acm.token_source().get(wanted).await?;
/// let (ping, mismatches) = acm.elys(&beta, &tokens)?.ping("0123.456.789", &beta.scope(Actor::Lbbs)?).await?;
/// assert!(mismatches.is_empty(), "{ping:?} {mismatches:?}");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AcmIdm {
    client: Client,
    environment: Environment,
}

impl AcmIdm {
    /// A client of an environment that no person logs in with: its key, or its secret.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    #[cfg(feature = "reqwest")]
    pub fn new(environment: Environment, client_id: impl Into<String>, authentication: impl Into<Authentication>) -> Result<Self> {
        Self::with(environment, client_id, authentication, |builder| builder)
    }

    /// As `new`, with settings of the caller's: the redirect URI for logins, an HTTP client, a clock.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    pub fn with(
        environment: Environment,
        client_id: impl Into<String>,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let builder = Client::with_profile(profile(&environment), client_id).authentication(authentication);
        Ok(Self { client: settings(builder).build_known()?, environment })
    }

    /// The client beneath, with every verb of the protocol.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a login; the scope is usually `openid vo profile`, the `acr_values` are those of
    /// [`LoginMeans`](crate::provider::acmidm::LoginMeans). Finish it at once when the browser is back: the code lives 30 seconds.
    ///
    /// # Errors
    /// As [`Client::begin`].
    pub async fn begin(&self, request: AuthorizationRequest) -> Result<Login> {
        self.client.begin(request).await
    }

    /// Judges what came back and exchanges the code.
    ///
    /// # Errors
    /// As [`Client::finish`].
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>) -> Result<Tokens> {
        self.client.finish(transaction, callback).await
    }

    /// A token for another API in the name of the person whose tokens these are: `api` is its ClientID, `scope` what is wanted of it
    /// beside, which may be nothing.
    ///
    /// # Errors
    /// `invalid_parameter`, `invalid_scope`, `resource_refused`; `token_invalid` where the person's token was refused; as
    /// [`finish`](Self::finish).
    pub async fn delegate(&self, tokens: &Tokens, api: &str, scope: &str) -> Result<Tokens> {
        let (registration, driver) = (self.client.registration(), &self.client.0.driver);
        let delegation = Delegation::begin(registration, api, scope, &*random::<RANDOM_OCTETS>()?, driver.now())?;
        let request = delegation.request(registration, &tokens.access_token)?;
        let answer = driver.once(&request).await?.map_err(|lost| lost.error(Phase::Authorization, false))?;
        self.client.exchange(delegation.finish(registration, &answer, driver.now())?).await
    }

    /// Tokens of the client's own. One whose end the server does not say serves those who wait for it, and nobody later.
    pub fn token_source(&self) -> TokenSource {
        TokenSource::new(&self.client).unknown_life(Duration::from_millis(policy().unknown_life))
    }

    /// The API of eLys, with a token for it.
    ///
    /// # Errors
    /// `invalid_configuration` for an environment that takes tokens of another server.
    pub fn elys<'a>(&'a self, environment: &'a ElysEnvironment, tokens: &'a Tokens) -> Result<Elys<'a>> {
        environment.check(&self.environment)?;
        let id = || random::<16>().map(|octets| uuid(&octets));
        Ok(Elys { acm: self, environment, tokens, correlation_id: id()?, tracing_id: id()? })
    }
}

impl AsRef<Client> for AcmIdm {
    fn as_ref(&self) -> &Client {
        &self.client
    }
}

/// eLys' API in one environment, with one token: [`AcmIdm::elys`].
#[derive(Clone, Debug)]
pub struct Elys<'a> {
    acm: &'a AcmIdm,
    environment: &'a ElysEnvironment,
    tokens: &'a Tokens,
    correlation_id: String,
    tracing_id: String,
}

impl Elys<'_> {
    /// Names the business process and the chain of calls by UUIDs of the caller's; random ones for each value of this type unless
    /// given.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn traced(self, correlation_id: &str, tracing_id: &str) -> Result<Self> {
        Trace { correlation_id, tracing_id, request_id: correlation_id }.check()?;
        Ok(Self { correlation_id: correlation_id.into(), tracing_id: tracing_id.into(), ..self })
    }

    /// Calls the API at a path of its own, such as of `http::Request::get("/v1/…")`, with the headers that every call must have, and
    /// reads the answer whole.
    ///
    /// # Errors
    /// As [`Client::send`]; `invalid_parameter` for a path that is none.
    pub async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        // The core's own judgement of path, token and ids; the method is the caller's.
        let request = self.request(path)?;
        parts.uri = request.url.parse().map_err(|_| Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("a path of the API"))?;
        for (name, value) in request.headers.iter().filter(|(name, _)| name.starts_with("x-")) {
            parts.headers.insert(*name, header_value(name, value)?);
        }
        let origins = [self.environment.origin()];
        self.acm.client.send_to(self.tokens, &origins, http::Request::from_parts(parts, body)).await
    }

    fn request(&self, path: &str) -> Result<Request> {
        let request_id = uuid(&*random::<16>()?);
        let trace = Trace { correlation_id: &self.correlation_id, tracing_id: &self.tracing_id, request_id: &request_id };
        ElysApi::new(self.environment, &self.tokens.access_token).request("GET", path, &trace)
    }

    /// What the API sees of the token, and what of that is not as it should be: your organisation's code (may be empty) and the scopes
    /// that must have been granted.
    ///
    /// # Errors
    /// `token_invalid`, `unauthorized`, `api_error`, `api_response_malformed`; those of the network.
    pub async fn ping(&self, organisation_code: &str, scope: &str) -> Result<(Ping, alloc::vec::Vec<Mismatch>)> {
        let registration = self.acm.client.registration();
        let expected =
            Expected { client_id: registration.client_id(), organisation_code, scope, issuer: registration.profile().issuer.as_str() };
        let ping = self.acm.client.0.driver.call(Call::new(self.request("/health/v1/ping")?, None, Ping::judge)).await?;
        let mismatches = ping.compare(&expected);
        Ok((ping, mismatches))
    }
}
