//! HelseID: logins and machine tokens of the Norwegian health sector, FAPI 2.0 in practice.
//!
//! The security profile of utviklerportal.nhn.no (sikkerhetsprofil, par, token, dpop, organisasjonsnumre); RFC 9126, 9449, 8707.
//! Refuses what the profile does, whatever the metadata says: front-channel requests, secrets, Bearer tokens, EdDSA keys.

mod cache;
mod client;
mod data;
mod details;
mod grant;
pub(crate) mod granted;
mod login;
pub(crate) mod saved;
pub(crate) mod scope;
mod session;

pub use cache::TokenCache;
pub use client::HelseId;
pub use data::RULES;
pub use details::{Details, Organization};
pub use grant::TokenRequest;
pub use granted::{Granted, error_number, with_provider_code};
pub use login::LoginRequest;
pub use scope::{SECURITY_LEVEL, check_level, resource_of, resources_of};
pub(crate) use scope::{check_login, check_machine};
pub use session::{Session, SessionToken};

use crate::provider::table::row;
use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::uri::Uri;
use crate::jose::Algorithm;
use crate::protocol::answers::metadata::{Metadata, Policy};
use crate::protocol::endpoint::is_endpoint;
use crate::protocol::profile::Profile;

/// Seconds a client assertion may live at most.
pub const MAX_ASSERTION_LIFETIME: u32 = 60;
/// Seconds a client assertion and a request object live unless the caller says otherwise.
pub const ASSERTION_LIFETIME: u32 = data::ASSERTION_LIFETIME;

/// One of the two environments, or a local server for development: its issuer, from which all else follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    issuer: String,
    development: bool,
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(data::ENVIRONMENTS, &self.issuer)
    }

    /// The test environment, where people and organisations are synthetic.
    pub fn test() -> Self {
        Self::of("test")
    }

    /// The production environment.
    pub fn production() -> Self {
        Self::of("production")
    }

    fn of(name: &str) -> Self {
        Self { issuer: row(data::ENVIRONMENTS, name).map_or("", |[_, issuer]| *issuer).into(), development: false }
    }

    /// A server of one's own: its issuer, without a slash at the end; https, or http on loopback.
    ///
    /// # Errors
    /// `invalid_configuration`.
    ///
    /// ```
    /// use samtykke::provider::helseid::Environment;
    /// assert!(Environment::custom("http://localhost:4500").is_ok());
    /// assert!(Environment::custom("https://helseid-sts.test.nhn.no/").is_err());
    /// ```
    pub fn custom(issuer: &str) -> Result<Self> {
        if is_endpoint(issuer, true) && !issuer.ends_with('/') && Uri::parse(issuer).is_some_and(|uri| uri.query.is_none()) {
            return Ok(Self { issuer: issuer.into(), development: true });
        }
        Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "environment: test, production, or an issuer without a slash at its end"))
    }

    /// The environment of a name: `test`, `production`, or the issuer of a server of one's own.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn named(name: &str) -> Result<Self> {
        if row(data::ENVIRONMENTS, name).is_some() { Ok(Self::of(name)) } else { Self::custom(name) }
    }

    /// The issuer, byte for byte.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the environment's metadata is judged by: what the profile demands wins over what the document calls optional.
    ///
    /// ```
    /// use samtykke::{Response, provider::helseid::{self, Environment}};
    /// use samtykke::protocol::metadata::Metadata;
    /// let body = r#"{"issuer":"https://helseid-sts.test.nhn.no","authorization_endpoint":"https://helseid-sts.test.nhn.no/connect/authorize",
    ///   "token_endpoint":"https://helseid-sts.test.nhn.no/connect/token","pushed_authorization_request_endpoint":"https://helseid-sts.test.nhn.no/connect/par",
    ///   "jwks_uri":"https://helseid-sts.test.nhn.no/.well-known/openid-configuration/jwks","require_pushed_authorization_requests":false}"#;
    /// let test = Environment::test();
    /// let metadata = Metadata::judge(&Response::new(200, Some("application/json"), body), test.issuer(), &test.policy())?;
    /// assert!(helseid::profile_of(&metadata, &test).requests.pushed);
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn policy(&self) -> Policy<'static> {
        Policy { profile: data::METADATA, origins: None, development: self.development.into() }
    }
}

/// Addresses and rules of an environment, by the addresses that are documented. [`profile_of`] takes the server's own word.
///
/// ```
/// use samtykke::provider::helseid::{self, Environment};
/// let profile = helseid::profile(&Environment::test());
/// assert_eq!(profile.token_endpoint, "https://helseid-sts.test.nhn.no/connect/token");
/// assert!(profile.requests.pushed && profile.requests.dpop && profile.iss_parameter);
/// ```
pub fn profile(environment: &Environment) -> Profile {
    Profile { development: environment.development.into(), ..data::profile(&environment.issuer) }
}

/// As [`profile`], with the addresses of the server's metadata, judged by [`Environment::policy`]. Keep it for a day.
pub fn profile_of(metadata: &Metadata, environment: &Environment) -> Profile {
    enforce(metadata.profile(&RULES, environment.development))
}

/// What the security profile demands, whoever made the profile and whatever a document says.
pub(crate) fn enforce(profile: Profile) -> Profile {
    Profile { rules: &RULES, iss_parameter: true, requests: data::requests(), ..profile }
}

/// Whether a client may sign with an algorithm: assertions and proofs alike.
///
/// # Errors
/// `algorithm_refused`: EdDSA, among others.
///
/// ```
/// use samtykke::{jose::Algorithm, provider::helseid::check_algorithm};
/// assert!(check_algorithm(Algorithm::from_name("PS256").unwrap()).is_ok());
/// assert!(check_algorithm(Algorithm::from_name("EdDSA").unwrap()).is_err());
/// ```
pub fn check_algorithm(alg: &Algorithm) -> Result<()> {
    check_name(alg.name)
}

pub(crate) fn check_name(alg: &str) -> Result<()> {
    if data::ALGORITHMS.contains(&alg) {
        return Ok(());
    }
    let error = Error::new_expected(&codes::ALGORITHM_REFUSED, "RS, PS or ES with 256, 384 or 512");
    Err(error.at(crate::ground::error::Phase::Configuration).actual(alg))
}
