//! Norsk Gjeldsinformasjon by a client that remembers: logins, the debt, consents, the feed.
//!
//! Facts of norsk-gjeldsinformasjon/api-docs; see [`provider::norskgjeld`](crate::provider::norskgjeld).
//! Refuses to repeat a lookup: a consent without days is spent by one.

use alloc::string::String;
use alloc::sync::Arc;

use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::protocol::authorization::request::Login;
use crate::protocol::authorization::response::Callback;
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::token::Tokens;
use crate::provider::call::Call;
use crate::provider::norskgjeld::{
    Agreement, Api, Batch, ConsentStatus, DebtInformation, Environment, FeedCall, Reading, RegisteredConsent, Revoked, Scope, Service,
    profile,
};
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;
use crate::shell::native::keys::Keys;
use crate::shell::native::tokens::{TokenSource, Wanted};

/// A client at Norsk Gjeldsinformasjon. A cheap clone, `Send + Sync`.
///
/// ```no_run
/// use samtykke::native::norskgjeld::Norskgjeld;
/// use samtykke::provider::norskgjeld::{Environment, Purpose, Scope};
/// use samtykke::{Callback, ClientAuthentication};
/// # async fn lookup(callback_of: impl AsyncFn(&str) -> String) -> samtykke::Result<()> {
/// # let http = samtykke::native::testing::Scripted::new();
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// # #[cfg(feature = "reqwest")]
/// let norskgjeld = Norskgjeld::new(Environment::preprod(), "client-1", "https://app.example.no/callback", secret)?;
/// # #[cfg(not(feature = "reqwest"))]
/// # let norskgjeld = Norskgjeld::with(Environment::preprod(), "client-1", secret, |builder| builder.http(http))?;
/// let login = norskgjeld.begin(&Scope::new(Purpose::Presentation).days(100)?).await?;
/// let callback = callback_of(&login.url).await;
/// let tokens = norskgjeld.finish(login.transaction, Callback::Url(&callback)).await?;
/// println!("{} loans", norskgjeld.api(&tokens).debt().await?.loans.len());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Norskgjeld {
    client: Client,
    environment: Arc<Environment>,
}

impl Norskgjeld {
    /// A client of an environment, with its secret.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    #[cfg(feature = "reqwest")]
    pub fn new(
        environment: Environment,
        client_id: impl Into<String>,
        redirect_uri: impl Into<String>,
        authentication: impl Into<Authentication>,
    ) -> Result<Self> {
        Self::with(environment, client_id, authentication, |builder| builder.redirect_uri(redirect_uri))
    }

    /// As `new`, with settings of the caller's: the redirect URI, an HTTP client, a clock.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    pub fn with(
        environment: Environment,
        client_id: impl Into<String>,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let builder = Client::with_profile(profile(&environment), client_id).authentication(authentication).api(environment.api());
        Ok(Self { client: settings(builder).build_known()?, environment: Arc::new(environment) })
    }

    /// The client beneath, with every verb of the protocol.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a flow: sends a person to give consent.
    ///
    /// # Errors
    /// As [`Client::begin`].
    pub async fn begin(&self, scope: &Scope) -> Result<Login> {
        self.client.begin(scope.request()).await
    }

    /// Judges what came back and exchanges the code.
    ///
    /// # Errors
    /// As [`Client::finish`].
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>) -> Result<Tokens> {
        self.client.finish(transaction, callback).await
    }

    /// The APIs, with a token for them: a person's, or of [`token_source`](Self::token_source).
    pub fn api<'a>(&'a self, tokens: &'a Tokens) -> NorskgjeldApi<'a> {
        NorskgjeldApi { client: &self.client, environment: &self.environment, token: &tokens.access_token }
    }

    /// Tokens of the client's own, for [`want`](Self::want).
    pub fn token_source(&self) -> TokenSource {
        TokenSource::new(&self.client)
    }

    /// What a token for a service is asked for, beside its scope.
    pub fn want(&self, service: Service, scope: &str) -> Wanted {
        Wanted::new(scope).audience(self.environment.audience(service))
    }
}

impl AsRef<Client> for Norskgjeld {
    fn as_ref(&self) -> &Client {
        &self.client
    }
}

/// The APIs of one environment, with one token.
#[derive(Clone, Copy, Debug)]
pub struct NorskgjeldApi<'a> {
    client: &'a Client,
    environment: &'a Environment,
    token: &'a Secret,
}

impl NorskgjeldApi<'_> {
    fn calls(&self) -> Api<'_> {
        Api::new(self.environment, self.token)
    }

    async fn call<T>(&self, call: Call<T>) -> Result<T> {
        self.client.0.driver.call(call).await
    }

    /// The person's debt, of a token that a consent gave. Sent once.
    ///
    /// # Errors
    /// `consent_inactive`, `token_invalid`, `api_error`; those of the network.
    pub async fn debt(&self) -> Result<DebtInformation> {
        self.call(self.calls().debt()).await
    }

    /// The debt behind a consent, with a token of the client's own. Sent once.
    ///
    /// # Errors
    /// As [`debt`](Self::debt); `invalid_parameter`.
    pub async fn debt_by_id(&self, consent_id: &str) -> Result<DebtInformation> {
        self.call(self.calls().debt_by_id(consent_id)?).await
    }

    /// Whether a consent is active, and until when.
    ///
    /// # Errors
    /// As [`debt_by_id`](Self::debt_by_id).
    pub async fn status(&self, consent_id: &str) -> Result<ConsentStatus> {
        self.call(self.calls().status(consent_id)?).await
    }

    /// Withdraws a consent; mandatory when the person withdraws it with you.
    ///
    /// # Errors
    /// As [`debt_by_id`](Self::debt_by_id).
    pub async fn revoke(&self, consent_id: &str) -> Result<Revoked> {
        self.call(self.calls().revoke(consent_id)?).await
    }

    /// Registers a consent that the client collected itself.
    ///
    /// # Errors
    /// `conflict`, `invalid_parameter`; as [`debt`](Self::debt).
    pub async fn register(&self, agreement: &Agreement) -> Result<RegisteredConsent> {
        self.call(self.calls().register(agreement)?).await
    }

    /// The feed of consent events from after `cursor` to its end, in pages of `limit`.
    ///
    /// # Errors
    /// As [`debt`](Self::debt).
    pub async fn feed(&self, cursor: u64, limit: u32) -> Result<Batch> {
        let api = self.calls();
        let mut page = self.page(FeedCall::new(&api, cursor, limit)).await?;
        let mut batch = page.batch;
        while let Some(next) = page.next {
            page = self.page(FeedCall::resume(&api, &next)?).await?;
            batch.extend(page.batch);
        }
        Ok(batch)
    }

    async fn page(&self, mut call: FeedCall) -> Result<Reading> {
        self.client.0.driver.drive(&mut call, &Keys::new()).await
    }
}
