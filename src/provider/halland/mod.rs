//! Region Halland: AD FS issues tokens to clients with a certificate, and a gateway asks for a Subscriber Key besides.
//!
//! Facts of design.regionhalland.se (OAuth2 Client Credentials Grant, Att anropa våra API:er) and of AD FS' documentation.
//! Refuses a Subscriber Key on its way anywhere but to the APIs named, other signatures than RS256, and a token without resource.

mod certificate;
mod data;
pub(crate) mod gateway;
mod msis;

pub use certificate::{Current, current};
pub use data::RULES;
pub use gateway::{Refusal, SubscriberKey, refusal, refusal_error};
pub use msis::Msis;

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::protocol::answers::metadata::Metadata;
use crate::protocol::grant::Target;
use crate::protocol::profile::Profile;
use crate::protocol::token::Tokens;
use crate::provider::table::join;

/// The header by which AD FS logs a request: a UUID, new for each (MS-OAPX section 3.2.5.2). [`Exchange`](crate::Exchange) sends it;
/// give it to calls of the APIs too, and quote it to the service desk.
pub const REQUEST_ID: &str = "client-request-id";

/// The name of the Subscriber Key's header, unless the publisher renamed it.
///
/// ```
/// assert_eq!(samtykke::provider::halland::default_header(), "Ocp-Apim-Subscription-Key");
/// ```
pub fn default_header() -> &'static str {
    data::SUBSCRIBER_KEY_HEADER
}

/// Addresses and rules of an AD FS, by its issuer, such as `https://adfs.example.se/adfs`.
///
/// `token_endpoint` is the one posted to and the `aud` of each assertion; change the field for a server that insists on the
/// form without a slash at its end.
///
/// ```
/// use samtykke::provider::halland;
/// use samtykke::protocol::profile::Audience;
/// let profile = halland::profile("https://adfs.example.se/adfs");
/// assert_eq!(profile.token_endpoint, "https://adfs.example.se/adfs/oauth2/token/");
/// assert_eq!(profile.requests.assertion.audience, Audience::Endpoint);
/// ```
pub fn profile(issuer: &str) -> Profile {
    data::profile(issuer)
}

/// As [`profile`], with the addresses of the server's metadata (`/.well-known/openid-configuration` after the issuer), as they
/// stand there: a slash at the end of the token endpoint is part of each assertion's `aud`.
///
/// ```
/// use samtykke::{Response, provider::halland};
/// use samtykke::protocol::{metadata::{Metadata, Policy}, profile::Audience};
/// let body = r#"{"issuer":"https://adfs.example.se/adfs","authorization_endpoint":"https://adfs.example.se/adfs/oauth2/authorize/","token_endpoint":"https://adfs.example.se/adfs/oauth2/token/"}"#;
/// let metadata = Metadata::judge(&Response::new(200, Some("application/json"), body), "https://adfs.example.se/adfs", &Policy::default())?;
/// let profile = halland::profile_of(&metadata, false);
/// assert_eq!(profile.token_endpoint, "https://adfs.example.se/adfs/oauth2/token/");
/// assert_eq!(profile.requests.assertion.audience, Audience::Endpoint);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn profile_of(metadata: &Metadata, development: bool) -> Profile {
    demanded(metadata.profile(&RULES, development))
}

/// What AD FS demands of requests, whoever made the profile.
pub(crate) fn demanded(profile: Profile) -> Profile {
    Profile { requests: data::requests(), ..profile }
}

/// Whose name the server's access tokens bear: `http`, and not the issuer. Told for APIs; a client reads no access token.
///
/// ```
/// assert_eq!(samtykke::provider::halland::access_token_issuer("https://adfs.example.se/adfs"), "http://adfs.example.se/adfs/services/trust");
/// ```
pub fn access_token_issuer(issuer: &str) -> String {
    let host = issuer.strip_prefix("https").unwrap_or_default();
    join(&join("http", host), data::ACCESS_TOKEN_ISSUER)
}

/// The API a token is for: its resursid, byte for byte. A token without one would be for AD FS' own userinfo.
///
/// # Errors
/// `invalid_parameter` for an empty one.
///
/// ```
/// use samtykke::{Client, ClientAuthentication, ClientCredentials, Exchange, provider::halland};
/// # fn key() -> ClientAuthentication { ClientAuthentication::secret_basic("x") }
/// let target = halland::target("hsainfoapi.regionhalland.se")?;
/// assert!(halland::target("").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn target(resource: &str) -> Result<Target> {
    if resource.is_empty() {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("resource: the resursid of the API"));
    }
    Ok(Target::new().resource(resource))
}

/// The scope of a token for one API where the resource stands before each scope, as `resource/scope`: for servers of 2019 that
/// are set up so, in the place of [`target`].
///
/// # Errors
/// `invalid_parameter` for an empty resource, or without a scope to write it before.
///
/// ```
/// use samtykke::provider::halland::join_scope;
/// let scope = join_scope("hsainfoapi.regionhalland.se", "hsainfoapi.read hsainfoapi.write")?;
/// assert_eq!(scope, "hsainfoapi.regionhalland.se/hsainfoapi.read hsainfoapi.regionhalland.se/hsainfoapi.write");
/// assert!(join_scope("hsainfoapi.regionhalland.se", " ").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn join_scope(resource: &str, scope: &str) -> Result<String> {
    target(resource)?;
    let mut text = String::new();
    for one in scope.split(' ').filter(|one| !one.is_empty()) {
        for piece in [if text.is_empty() { "" } else { " " }, resource, "/", one] {
            text.push_str(piece);
        }
    }
    if text.is_empty() {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("scope: at least one, to write the resource before"));
    }
    Ok(text)
}

/// Seconds the refresh token of an answer lives from then on (`refresh_token_expires_in`), where AD FS says so.
///
/// ```
/// use samtykke::{Response, provider::halland::refresh_expires_in};
/// use samtykke::protocol::token::{Expectation, Tokens};
/// let body = r#"{"access_token":"x.y","token_type":"bearer","refresh_token":"r","refresh_token_expires_in":28800}"#;
/// let tokens = Tokens::judge(&Response::new(200, Some("application/json"), body), &Expectation::default())?;
/// assert_eq!(refresh_expires_in(&tokens), Some(28_800));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn refresh_expires_in(tokens: &Tokens) -> Option<u32> {
    let seconds = Value::parse(tokens.other("refresh_token_expires_in")?)?.as_integer()?;
    u32::try_from(seconds).ok()
}
