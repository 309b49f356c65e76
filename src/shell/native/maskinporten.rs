//! Maskinporten by a client that remembers: tokens by a signed grant, and calls to the self-service API.
//!
//! docs.digdir.no; see [`provider::maskinporten`](crate::provider::maskinporten).
//! Refuses other keys than RSA, and a grant used twice: each question is signed anew.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;

use crate::flow::exchange::Exchange;
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::jose::thumbprint;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::grant::Target;
use crate::protocol::token::Tokens;
use crate::provider::call::Call;
pub use crate::provider::maskinporten::Environment;
use crate::provider::maskinporten::{Again, OrganisationNumber, Problem, SelfService, TokenRequest, profile};
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;
use crate::shell::native::keys::SigningKey;
use crate::shell::native::tokens::{TokenSource, Wanted};

/// A client of Maskinporten's. A cheap clone, `Send + Sync`.
///
/// ```no_run
/// use samtykke::jose::Algorithm;
/// use samtykke::native::{SigningKey, maskinporten::Maskinporten};
/// use samtykke::provider::maskinporten::Environment;
/// # async fn token(pem: &str) -> samtykke::Result<()> {
/// # #[cfg(all(feature = "reqwest", feature = "aws-lc-rs"))] {
/// let key = SigningKey::from_pem(pem, Algorithm::RS256)?.with_kid("key-1");
/// let source = Maskinporten::new(Environment::test(), "client-1", key)?.token_source();
/// let tokens = source.get("idporten:scopes.write").await?; // kept and shared
/// # }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Maskinporten {
    client: Client,
    environment: Arc<Environment>,
    key: SigningKey,
}

impl Maskinporten {
    /// A client of an environment, with its registered key, or a key with the organisation's certificate.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    #[cfg(feature = "reqwest")]
    pub fn new(environment: Environment, client_id: impl Into<String>, key: SigningKey) -> Result<Self> {
        Self::with(environment, client_id, key, |builder| builder)
    }

    /// As `new`, with settings of the caller's: an HTTP client, a clock.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    pub fn with(
        environment: Environment,
        client_id: impl Into<String>,
        key: SigningKey,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        // The grant authenticates the client: its key signs, and there is no other proof.
        let authentication = Authentication::grant_alone(key.clone());
        let builder = Client::with_profile(profile(&environment), client_id).authentication(authentication);
        Ok(Self { client: settings(builder).build_known()?, environment: Arc::new(environment), key })
    }

    /// The client beneath.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// One token, by one question with a new assertion; another one where Maskinporten says that the grant was used before.
    ///
    /// # Errors
    /// `token_error`, of which [`Problem::of`] says what it means; `invalid_scope`, `invalid_parameter`; those of the network.
    pub async fn token(&self, request: &TokenRequest) -> Result<Tokens> {
        self.token_with(request, &Target::new()).await
    }

    /// As [`token`](Self::token), with further form parameters: Maskinporten itself takes none, a server that stands in for it may
    /// want the `client_id` there.
    ///
    /// # Errors
    /// As [`token`](Self::token); `reserved_parameter`.
    pub async fn token_with(&self, request: &TokenRequest, more: &Target) -> Result<Tokens> {
        let mut again = true;
        loop {
            let grant = request.grant(self.key.info().clone())?;
            let exchange = Exchange::jwt_bearer(self.client.registration(), &ClientAuthentication::None, &grant)?.target(more)?;
            let error = match self.client.run_detached(exchange).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            match Problem::of(&error).again {
                Again::Once if again => again = false,
                Again::Later => return Err(error.advise(Action::TryLater)),
                _ => return Err(error),
            }
        }
    }

    /// Tokens for whoever wants one, kept until shortly before they end. The want's `organisation` is the customer (`consumer_org`),
    /// its `subject` the person (`pid`).
    pub fn token_source(&self) -> TokenSource {
        let maskinporten = self.clone();
        TokenSource::with_request(&self.client, &thumbprint(&self.key.info().public), move |wanted| {
            let maskinporten = maskinporten.clone();
            Box::pin(async move {
                let more = wanted.parameters.iter().fold(Target::new(), |more, (name, value)| more.parameter(name, value));
                maskinporten.token_with(&to_request(&wanted)?, &more).await
            })
        })
    }

    /// The self-service API's calls, with a token for it; [`call`](Self::call) sends one.
    pub fn self_service<'a>(&'a self, tokens: &'a Tokens) -> SelfService<'a> {
        SelfService::new(&self.environment, &tokens.access_token)
    }

    /// Sends a call of the self-service API's, again after trouble where it may be repeated.
    ///
    /// # Errors
    /// `token_invalid`, `unauthorized`, `not_found`, `registration_conflict`, `api_error`; those of the network.
    pub async fn call<T>(&self, call: Call<T>) -> Result<T> {
        self.client.0.driver.call(call).await
    }
}

/// What is asked for a want.
fn to_request(wanted: &Wanted) -> Result<TokenRequest> {
    if !wanted.audience.is_empty() {
        let error = Error::new(&codes::INVALID_PARAMETER).at(Phase::Token);
        return Err(error.expected("scope, resource, organisation and subject: Maskinporten takes no audience"));
    }
    let mut request = TokenRequest::new(wanted.scope.as_str());
    for resource in &wanted.resource {
        request = request.resource(resource.as_str());
    }
    if !wanted.organisation.is_empty() {
        request = request.consumer(&OrganisationNumber::parse(&wanted.organisation)?);
    }
    if !wanted.subject.is_empty() {
        request = request.person(wanted.subject.as_str());
    }
    Ok(request)
}
