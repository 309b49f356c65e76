//! Any AD FS by a client that remembers: tokens for one resource at a time, and logins.
//!
//! MS-OAPX; see [`provider::adfs`](crate::provider::adfs).
//! Refuses a token without resource, which would be for AD FS' own userinfo.

use alloc::boxed::Box;
use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::grant::ClientCredentials;
use crate::protocol::profile::{Profile, Rules};
pub use crate::provider::adfs::KeyName;
use crate::provider::adfs::{RULES, demanded, issuer_of, named, profile, target};
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;
use crate::shell::native::tokens::TokenSource;

/// A client at an AD FS. A cheap clone, `Send + Sync`.
///
/// ```no_run
/// use samtykke::native::adfs::{Adfs, KeyName};
/// use samtykke::native::{SigningKey, Wanted};
/// # async fn token(key: SigningKey) -> samtykke::Result<()> {
/// # let http = samtykke::native::testing::Scripted::new();
/// # let settings = |client: samtykke::native::Builder| client.http(http);
/// # #[cfg(any())]
/// let settings = |client: samtykke::native::Builder| client;
/// // The key is of a PEM with the certificate that is registered.
/// let adfs = Adfs::with("adfs.example.org", "client-1", KeyName::X5t, key, settings)?;
/// let tokens = adfs.token_source().get(Wanted::new("read").resource("https://api.example.org/")).await?;
/// # let _ = tokens;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Adfs {
    client: Client,
}

impl Adfs {
    /// A client by the AD FS' host or issuer, with the key of its certificate or its secret; its addresses are those of the issuer.
    /// Settings of the caller's besides: the redirect URI, an HTTP client, a clock.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    pub fn with(
        issuer: &str,
        client_id: impl Into<String>,
        name: KeyName,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        Self::known(named(profile(&issuer_of(issuer)?), name), client_id, authentication, settings)
    }

    /// As [`with`](Self::with), by the addresses of the server's metadata, which are asked for now.
    ///
    /// # Errors
    /// As there; those of discovery and of the network.
    pub async fn connect(
        issuer: &str,
        client_id: impl Into<String>,
        name: KeyName,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        Self::discover(&issuer_of(issuer)?, &RULES, client_id, name, authentication, settings).await
    }

    pub(super) fn known(
        profile: Profile,
        client_id: impl Into<String>,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let builder = Client::with_profile(profile, client_id).authentication(authentication);
        Ok(Self { client: settings(builder).build_known()? })
    }

    pub(super) async fn discover(
        issuer: &str,
        rules: &'static Rules,
        client_id: impl Into<String>,
        name: KeyName,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let builder = Client::discover(issuer, client_id).rules(rules);
        let amend: fn(Profile) -> Profile = match name {
            KeyName::X5t => demanded,
            KeyName::Kid => |profile| named(demanded(profile), KeyName::Kid),
            KeyName::X5tAndKid => |profile| named(demanded(profile), KeyName::X5tAndKid),
        };
        let builder = builder.amend(amend).authentication(authentication);
        Ok(Self { client: settings(builder).build().await? })
    }

    /// The client beneath, with every verb of the protocol.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Tokens of the client's own, each for one API: a want without resource is refused.
    pub fn token_source(&self) -> TokenSource {
        let client = self.client.clone();
        TokenSource::with_request(&self.client, "", move |wanted| {
            let client = client.clone();
            Box::pin(async move {
                let others = !wanted.audience.is_empty() || !wanted.organisation.is_empty() || !wanted.subject.is_empty();
                let [resource] = &wanted.resource[..] else { return Err(one_resource()) };
                if others || !wanted.parameters.is_empty() {
                    return Err(one_resource());
                }
                client.client_credentials(&ClientCredentials::new(wanted.scope.as_str()), &target(resource)?).await
            })
        })
    }
}

fn one_resource() -> Error {
    Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("one resource, the identifier of the API, and a scope; no others")
}

impl AsRef<Client> for Adfs {
    fn as_ref(&self) -> &Client {
        &self.client
    }
}
