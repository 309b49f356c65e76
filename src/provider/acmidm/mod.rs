//! ACM/IDM Vlaanderen: tokens for machines and logins for the Flemish public APIs, and eLys (formerly DAO) behind it.
//!
//! Facts of authenticatie.vlaanderen.be/docs (client-authenticatie, aanvraag-access-token, refresh-token, afmelden, aanvraag-code).
//! Refuses other signatures than RS256 and mixed environments; discovery, which omits what the server does, decides nothing.

mod data;
pub(crate) mod delegated;
mod elys;
mod ping;

pub use data::RULES;
pub use delegated::{Delegation, delegated_scope};
pub use elys::{Actor, ElysApi, ElysEnvironment, Trace};
pub use ping::{Expected, Mismatch, Ping, Point};

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::uri::is_web;
use crate::protocol::answers::introspection::Introspection;
use crate::protocol::answers::logout::Logout;
use crate::protocol::profile::Profile;
use crate::protocol::token_cache::Policy;
use crate::provider::table::row;

/// One of the two environments, or a local server for development. A client belongs to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    name: &'static str,
    issuer: String,
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(data::ENVIRONMENTS, &self.issuer)
    }

    /// Test and integration, `authenticatie-ti.vlaanderen.be`.
    pub fn ti() -> Self {
        Self::find("ti")
    }

    /// Production, `authenticatie.vlaanderen.be`.
    pub fn production() -> Self {
        Self::find("production")
    }

    fn find(name: &str) -> Self {
        let [name, issuer] = row(data::ENVIRONMENTS, name).copied().unwrap_or_default();
        Self { name, issuer: issuer.into() }
    }

    /// A server of one's own, such as a local one for development, by its issuer: https, or http on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn custom(issuer: &str) -> Result<Self> {
        if !is_web(issuer, true) || issuer.contains('?') || issuer.ends_with('/') {
            return Err(
                Error::new(&codes::INVALID_CONFIGURATION).expected("issuer: an https URL without query and without a slash at its end")
            );
        }
        Ok(Self { name: "", issuer: issuer.into() })
    }

    /// The environment of a name: `ti`, `production`, or the issuer of a server of one's own.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn named(name: &str) -> Result<Self> {
        if row(data::ENVIRONMENTS, name).is_some() { Ok(Self::find(name)) } else { Self::custom(name) }
    }

    /// `ti`, `production`, or empty for a server of one's own.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The issuer identifier, byte for byte: it has a path and no slash at its end.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// How a [`TokenCache`](crate::protocol::token_cache::TokenCache) keeps ACM/IDM's tokens: one whose `expires_in` is not said serves those who
/// wait for it, and nobody later.
///
/// ```
/// use samtykke::provider::acmidm;
/// use samtykke::protocol::token_cache::TokenCache;
/// let cache = TokenCache::new(acmidm::policy());
/// assert_eq!(acmidm::policy().unknown_life, 0);
/// ```
pub fn policy() -> Policy {
    Policy { unknown_life: data::UNKNOWN_LIFE, ..Policy::default() }
}

/// Addresses and rules of an environment.
///
/// ```
/// use samtykke::provider::acmidm::{self, Environment};
/// let profile = acmidm::profile(&Environment::ti());
/// assert_eq!(profile.token_endpoint, "https://authenticatie-ti.vlaanderen.be/op/v1/token");
/// assert_eq!(profile.requests.assertion.lifetime, 300);
/// ```
pub fn profile(environment: &Environment) -> Profile {
    Profile { development: environment.name.is_empty().into(), ..data::profile(&environment.issuer) }
}

/// A means by which a person logs in, as one of the `acr_values`. Only when one is asked for does the id_token have an `acr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginMeans {
    /// The electronic identity card.
    Eid,
    /// itsme.
    Itsme,
    /// A one-time code of CSAM.
    CsamTotp,
}

impl LoginMeans {
    /// The URN for `acr_values`.
    pub fn urn(self) -> &'static str {
        match self {
            Self::Eid => "urn:be:vlaanderen:authmech:eid",
            Self::Itsme => "urn:be:vlaanderen:authmech:itsme",
            Self::CsamTotp => "urn:be:vlaanderen:authmech:csamtotp",
        }
    }
}

/// Whom an opaque token is for. The token endpoint takes an unknown `audience` without a word, and then aims the token at
/// the client itself; the API refuses it later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantedAudience {
    /// APIs, by their client ids.
    Apis(Vec<String>),
    /// The client itself: `audience` or `resource` was missing, or the server does not know it.
    ClientItself,
    /// The server does not say.
    Unknown,
}

/// Whom a token is for, by its introspection.
///
/// ```
/// use samtykke::{Response, provider::acmidm::{GrantedAudience, granted_audience}};
/// use samtykke::protocol::introspection::Introspection;
/// let answer = Response::new(200, Some("application/json"), r#"{"active":true,"aud":"my-client"}"#);
/// assert_eq!(granted_audience(&Introspection::judge(&answer)?, "my-client"), GrantedAudience::ClientItself);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn granted_audience(token: &Introspection, client_id: &str) -> GrantedAudience {
    let mut audience = token.audience();
    if audience.is_empty() {
        return GrantedAudience::Unknown;
    }
    audience.retain(|one| one != client_id);
    if audience.is_empty() { GrantedAudience::ClientItself } else { GrantedAudience::Apis(audience) }
}

/// A logout after which the person chooses another identity: the logout endpoint with the valueless parameter `switch`.
/// `state` is 22 to 128 unreserved characters, unguessable, used once.
///
/// ```
/// use samtykke::{Registration, provider::acmidm::{self, Environment}};
/// let client = Registration::new(acmidm::profile(&Environment::ti()), "my-client", "https://app.example.be/callback")?;
/// let url = acmidm::switch_identity("https://app.example.be/", "0123456789abcdefghijkl").url(&client)?;
/// assert!(url.starts_with("https://authenticatie-ti.vlaanderen.be/op/v1/logout?client_id=my-client&"));
/// assert!(url.ends_with("&switch"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn switch_identity(post_logout_redirect_uri: &str, state: &str) -> Logout {
    Logout {
        post_logout_redirect_uri: Some(post_logout_redirect_uri.into()),
        state: Some(state.into()),
        parameters: vec![("switch".into(), None)],
        ..Logout::default()
    }
}
