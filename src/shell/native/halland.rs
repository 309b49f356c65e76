//! Region Halland by a client that remembers: tokens of its AD FS, and calls through the gateway with the Subscriber Key.
//!
//! Facts of design.regionhalland.se; see [`provider::halland`](crate::provider::halland).
//! Refuses a token without resource, and the key on its way anywhere but to the APIs that were named.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Request;
use crate::ground::secret::Secret;
use crate::protocol::token::Tokens;
use crate::provider::halland::{RULES, SubscriberKey, profile, refusal_error};
use crate::shell::native::adfs::{Adfs, KeyName};
use crate::shell::native::builder::{Authentication, Builder};
use crate::shell::native::client::Client;
use crate::shell::native::driver::{header_value, response};
use crate::shell::native::tokens::TokenSource;

/// A client at Region Halland's AD FS. A cheap clone, `Send + Sync`.
///
/// ```no_run
/// use samtykke::native::http::Request;
/// use samtykke::native::{SigningKey, Wanted, bytes::Bytes, halland::Halland};
/// use samtykke::provider::halland::SubscriberKey;
/// # async fn units(key: SigningKey) -> samtykke::Result<()> {
/// # let http = samtykke::native::testing::Scripted::new();
/// let settings = |client: samtykke::native::Builder| client.api("https://api.example.se");
/// # let settings = |client: samtykke::native::Builder| settings(client).http(http);
/// // The key is of a PEM with the certificate that is registered.
/// let halland = Halland::with("https://adfs.example.se/adfs", "client-1", key, settings)?.subscriber_key(SubscriberKey::new("0123")?);
/// let tokens = halland.token_source().get(Wanted::new("").resource("hsainfoapi.regionhalland.se")).await?;
/// let request = Request::get("https://api.example.se/v1/units").body(Bytes::new()).unwrap();
/// let answer = halland.send(&tokens, request).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Halland {
    adfs: Adfs,
    key: Option<SubscriberKey>,
}

impl Halland {
    /// A client by the AD FS' issuer, with the key of its certificate; its addresses are those of the issuer. Settings of the caller's
    /// besides: the APIs, a redirect URI, an HTTP client, a clock.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    pub fn with(
        issuer: &str,
        client_id: impl Into<String>,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        Ok(Self { adfs: Adfs::known(profile(issuer), client_id, authentication, settings)?, key: None })
    }

    /// As [`with`](Self::with), by the addresses of the server's metadata, which are asked for now.
    ///
    /// # Errors
    /// As there; those of discovery and of the network.
    pub async fn connect(
        issuer: &str,
        client_id: impl Into<String>,
        authentication: impl Into<Authentication>,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        Ok(Self { adfs: Adfs::discover(issuer, &RULES, client_id, KeyName::X5t, authentication, settings).await?, key: None })
    }

    /// The key that the gateway asks for, for the APIs that the client was built with.
    #[must_use]
    pub fn subscriber_key(self, key: SubscriberKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The client beneath, with every verb of the protocol.
    pub fn client(&self) -> &Client {
        self.adfs.client()
    }

    /// Tokens of the client's own, as [`Adfs::token_source`]: each for one API, by its resursid.
    pub fn token_source(&self) -> TokenSource {
        self.adfs.token_source()
    }

    /// Calls an API through the gateway: with the token and the Subscriber Key, to the origins that the client was built with.
    ///
    /// # Errors
    /// As [`Client::send`]; for a 401 `subscription_key_refused` or `token_invalid`.
    pub async fn send(&self, tokens: &Tokens, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let origins = self.client().origins();
        if let Some(key) = &self.key {
            let development = self.client().registration().profile().development.clone();
            let url = alloc::string::ToString::to_string(request.uri());
            let keyed =
                key.add(Request { method: "GET", url, headers: Vec::new(), body: None, repeatable: false }, &origins, &development)?;
            for (name, value) in keyed.headers {
                if request.headers().contains_key(name) {
                    return Err(Error::new(&codes::RESERVED_PARAMETER).at(Phase::Api).actual(name));
                }
                request.headers_mut().insert(name_of(name)?, header_value(name, &value)?);
            }
        }
        let (head, body) = self.client().send_to(tokens, &origins, request).await?.into_parts();
        if head.status != 401 {
            return Ok(http::Response::from_parts(head, body));
        }
        let mut told = response(&head);
        told.body = Secret::new(String::from_utf8_lossy(&body).into_owned());
        Err(refusal_error(&told))
    }
}

/// A header's name in small letters, as HTTP/2 has them.
fn name_of(name: &str) -> Result<http::HeaderName> {
    http::HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api).expected("the name of a header"))
}

impl AsRef<Client> for Halland {
    fn as_ref(&self) -> &Client {
        self.client()
    }
}
