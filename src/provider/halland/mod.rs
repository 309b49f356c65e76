//! Region Halland: an AD FS that takes certificates alone, and a gateway that asks for a Subscriber Key besides.
//!
//! Facts of design.regionhalland.se (OAuth2 Client Credentials Grant, Att anropa våra API:er); all else is [`adfs`].
//! Refuses a Subscriber Key on its way anywhere but to the APIs named, and a client without a certificate.

mod data;
pub(crate) mod gateway;

pub use data::RULES;
pub use gateway::{Refusal, SubscriberKey, refusal, refusal_error};

use crate::protocol::answers::metadata::Metadata;
use crate::protocol::endpoint::Local;
use crate::protocol::profile::Profile;
use crate::provider::adfs;

/// The name of the Subscriber Key's header, unless the publisher renamed it.
///
/// ```
/// assert_eq!(samtykke::provider::halland::default_header(), "Ocp-Apim-Subscription-Key");
/// ```
pub fn default_header() -> &'static str {
    data::SUBSCRIBER_KEY_HEADER
}

/// Addresses and rules of the region's AD FS by its issuer, otherwise as [`adfs::profile`].
///
/// ```
/// use samtykke::provider::halland;
/// let profile = halland::profile("https://adfs.example.se/adfs");
/// assert_eq!(profile.token_endpoint, "https://adfs.example.se/adfs/oauth2/token/");
/// assert_eq!(profile.rules.client_authentication, ["private_key_jwt"]);
/// ```
pub fn profile(issuer: &str) -> Profile {
    Profile { rules: &RULES, ..adfs::profile(issuer) }
}

/// As [`profile`], with the addresses of the server's metadata, as [`adfs::profile_of`].
///
/// ```
/// use samtykke::{Response, provider::halland};
/// use samtykke::protocol::metadata::{Metadata, Policy};
/// let body = r#"{"issuer":"https://adfs.example.se/adfs","authorization_endpoint":"https://adfs.example.se/adfs/oauth2/authorize/","token_endpoint":"https://adfs.example.se/adfs/oauth2/token/"}"#;
/// let metadata = Metadata::judge(&Response::new(200, Some("application/json"), body), "https://adfs.example.se/adfs", &Policy::default())?;
/// let profile = halland::profile_of(&metadata, false);
/// assert_eq!(profile.token_endpoint, "https://adfs.example.se/adfs/oauth2/token/");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn profile_of<'l>(metadata: &Metadata, development: impl Into<Local<'l>>) -> Profile {
    adfs::demanded(metadata.profile(&RULES, development))
}
