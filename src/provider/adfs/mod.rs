//! Any AD FS: tokens and logins for clients with a certificate, a secret or neither, one resource at a time.
//!
//! MS-OAPX, and windowsserverdocs (ad-fs-openid-connect-oauth-concepts, ad-fs-openid-connect-oauth-flows-scenarios).
//! Refuses signatures other than RS256, an odd issuer, and an empty resource, whose token would be for AD FS' own userinfo.

mod certificate;
mod data;
mod msis;

pub use certificate::{Current, current};
pub use data::RULES;
pub use msis::Msis;

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::ground::uri::is_web;
use crate::protocol::answers::metadata::Metadata;
use crate::protocol::endpoint::Local;
use crate::protocol::grant::Target;
use crate::protocol::profile::{Presence, Profile};
use crate::protocol::token::Tokens;
use crate::provider::table::{join, row};

/// The header by which AD FS logs a request: a UUID, new for each (MS-OAPX section 3.2.5.2). [`Exchange`](crate::Exchange) sends it;
/// give it to calls of the APIs too, and quote it to whoever runs the server.
pub const REQUEST_ID: &str = "client-request-id";

/// How an assertion names the certificate that it is signed with: servers in use differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyName {
    /// By `x5t`, the certificate's SHA-1 in base64url.
    #[default]
    X5t,
    /// By `kid`, which is the key's own: give the key the one that the server knows it by, such as the SHA-1 in capital hexadecimal.
    Kid,
    /// By both.
    X5tAndKid,
}

impl KeyName {
    /// Its name in a configuration: `x5t`, `kid`, `x5t_kid`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X5t => "x5t",
            Self::Kid => "kid",
            Self::X5tAndKid => "x5t_kid",
        }
    }
}

/// The issuer of the AD FS at a host, such as `adfs.example.org`; an issuer is taken as it is.
///
/// # Errors
/// `invalid_configuration` for what is neither, or ends with a slash.
///
/// ```
/// use samtykke::provider::adfs::issuer_of;
/// assert_eq!(issuer_of("adfs.example.org")?, "https://adfs.example.org/adfs");
/// assert_eq!(issuer_of("https://adfs.example.org/adfs")?, "https://adfs.example.org/adfs");
/// assert!(issuer_of("https://adfs.example.org/adfs/").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn issuer_of(text: &str) -> Result<String> {
    let host = !text.is_empty() && !text.contains(['/', '?', '#', '@']);
    let issuer = if host { join(&join("https://", text), "/adfs") } else { text.into() };
    if is_web(&issuer, true) && !issuer.ends_with('/') && !issuer.contains('?') {
        return Ok(issuer);
    }
    Err(Error::new(&codes::INVALID_CONFIGURATION).expected("issuer: https://…/adfs, without a slash at its end, or a host"))
}

/// A profile whose assertions name their certificate so.
///
/// ```
/// use samtykke::protocol::profile::Presence;
/// use samtykke::provider::adfs::{self, KeyName};
/// let profile = adfs::named(adfs::profile("https://adfs.example.org/adfs"), KeyName::Kid);
/// assert_eq!((profile.requests.assertion.kid, profile.requests.assertion.x5t), (Presence::Always, Presence::Never));
/// ```
#[must_use]
pub fn named(mut profile: Profile, name: KeyName) -> Profile {
    let assertion = &mut profile.requests.assertion;
    if let Some([_, kid, x5t]) = row(data::KEY_NAMES, name.as_str()) {
        [assertion.kid, assertion.x5t] = [kid, x5t].map(|text| if *text == "always" { Presence::Always } else { Presence::Never });
    }
    profile
}

/// Addresses and rules of an AD FS, by its issuer, such as `https://adfs.example.se/adfs`.
///
/// `token_endpoint` is the one posted to and the `aud` of each assertion; change the field for a server that insists on the
/// form without a slash at its end.
///
/// ```
/// use samtykke::provider::adfs;
/// use samtykke::protocol::profile::Audience;
/// let profile = adfs::profile("https://adfs.example.se/adfs");
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
/// use samtykke::{Response, provider::adfs};
/// use samtykke::protocol::{metadata::{Metadata, Policy}, profile::Audience};
/// let body = r#"{"issuer":"https://adfs.example.se/adfs","authorization_endpoint":"https://adfs.example.se/adfs/oauth2/authorize/","token_endpoint":"https://adfs.example.se/adfs/oauth2/token/"}"#;
/// let metadata = Metadata::judge(&Response::new(200, Some("application/json"), body), "https://adfs.example.se/adfs", &Policy::default())?;
/// let profile = adfs::profile_of(&metadata, false);
/// assert_eq!(profile.token_endpoint, "https://adfs.example.se/adfs/oauth2/token/");
/// assert_eq!(profile.requests.assertion.audience, Audience::Endpoint);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn profile_of<'l>(metadata: &Metadata, development: impl Into<Local<'l>>) -> Profile {
    demanded(metadata.profile(&RULES, development))
}

/// What AD FS demands of requests, whoever made the profile.
pub(crate) fn demanded(profile: Profile) -> Profile {
    Profile { requests: data::requests(), ..profile }
}

/// Whose name the server's access tokens bear: `http`, and not the issuer. Told for APIs; a client reads no access token.
///
/// ```
/// assert_eq!(samtykke::provider::adfs::access_token_issuer("https://adfs.example.se/adfs"), "http://adfs.example.se/adfs/services/trust");
/// ```
pub fn access_token_issuer(issuer: &str) -> String {
    let host = issuer.strip_prefix("https").unwrap_or_default();
    join(&join("http", host), data::ACCESS_TOKEN_ISSUER)
}

/// The API a token is for: the identifier it is registered with (at Region Halland, its resursid), byte for byte. A token without one would be for AD FS' own userinfo.
///
/// # Errors
/// `invalid_parameter` for an empty one.
///
/// ```
/// use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Registration, provider::adfs};
/// # fn key() -> ClientAuthentication { ClientAuthentication::secret_basic("x") }
/// let target = adfs::target("hsainfoapi.regionhalland.se")?;
/// assert!(adfs::target("").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn target(resource: &str) -> Result<Target> {
    if resource.is_empty() {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("resource: the identifier of the API"));
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
/// use samtykke::provider::adfs::join_scope;
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
/// use samtykke::{Response, provider::adfs::refresh_expires_in};
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
