//! ID-porten and Ansattporten by a client that remembers: logins of persons, and of those who act for an organisation.
//!
//! docs.digdir.no; see [`provider::idporten`](crate::provider::idporten).
//! Refuses a lower level than was asked for, and an id_token for another customer.

use alloc::string::String;

use crate::ground::error::Result;
use crate::protocol::authorization::request::Login;
use crate::protocol::authorization::response::Callback;
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::token::Tokens;
use crate::provider::idporten::profile;
pub use crate::provider::idporten::{Environment, LoginRequest};
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;

/// A client at ID-porten or Ansattporten. A cheap clone, `Send + Sync`.
///
/// ```no_run
/// use samtykke::native::SigningKey;
/// use samtykke::native::idporten::{Environment, IdPorten, LoginRequest};
/// use samtykke::Callback;
/// # async fn login(key: SigningKey, callback_of: impl AsyncFn(&str) -> String) -> samtykke::Result<()> {
/// # let http = samtykke::native::testing::Scripted::new();
/// let settings = |client: samtykke::native::Builder| client.redirect_uri("https://app.example.no/callback");
/// # let settings = |client: samtykke::native::Builder| settings(client).http(http);
/// let idporten = IdPorten::with(Environment::test(), "client-1", key, settings)?;
/// let login = idporten.begin(LoginRequest::new("openid profile").acr_values("idporten-loa-high")).await?;
/// let callback = callback_of(&login.url).await;
/// let tokens = idporten.finish(login.transaction, Callback::Url(&callback)).await?;
/// println!("{}", tokens.claims.is_some());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct IdPorten {
    client: Client,
}

impl IdPorten {
    /// A client of an environment, with its key or its secret.
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
        let builder = Client::with_profile(profile(&environment), client_id).authentication(authentication);
        Ok(Self { client: settings(builder).build_known()? })
    }

    /// The client beneath, with every verb of the protocol: refresh, userinfo, logout.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a login: pushed, and then a short address to send the person to.
    ///
    /// # Errors
    /// As [`Client::begin`].
    pub async fn begin(&self, request: LoginRequest) -> Result<Login> {
        self.client.begin(request.request()).await
    }

    /// Judges what came back and exchanges the code.
    ///
    /// # Errors
    /// As [`Client::finish`].
    pub async fn finish(&self, transaction: Transaction, callback: Callback<'_>) -> Result<Tokens> {
        self.client.finish(transaction, callback).await
    }
}

impl AsRef<Client> for IdPorten {
    fn as_ref(&self) -> &Client {
        &self.client
    }
}
