//! ID-porten and Ansattporten: logins of persons and of those who act for an organisation, for Norwegian public services.
//!
//! docs.digdir.no (`oidc_protocol_authorize`, `oidc_protocol_par`, `oidc_protocol_id_token`, `oidc_func_onbehalfof`,
//! `ansattporten_guide`). Refuses a lower level than was asked for, an id_token for another customer, and issuers with a slash.

mod data;

pub use data::RULES;

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::uri::is_web;
use crate::protocol::authorization::request::AuthorizationRequest;
use crate::protocol::profile::Profile;
use crate::provider::table::row;

/// One of the four environments, or a server of one's own.
///
/// ```
/// use samtykke::provider::idporten::Environment;
/// assert_eq!(Environment::from_name("ansattporten-test")?.issuer(), "https://test.ansattporten.no");
/// assert!(Environment::from_name("ver2").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    name: &'static str,
    issuer: String,
    login: String,
}

impl Environment {
    /// Texts that may stand for it, best first.
    #[cfg(feature = "serde")]
    pub(crate) fn texts(&self) -> alloc::vec::Vec<String> {
        crate::provider::table::texts(data::ENVIRONMENTS, &self.issuer)
    }

    /// ID-porten's test environment.
    pub fn test() -> Self {
        Self::find("test").unwrap_or_default()
    }

    /// ID-porten.
    pub fn production() -> Self {
        Self::find("production").unwrap_or_default()
    }

    /// Ansattporten's test environment.
    pub fn ansattporten_test() -> Self {
        Self::find("ansattporten-test").unwrap_or_default()
    }

    /// Ansattporten.
    pub fn ansattporten_production() -> Self {
        Self::find("ansattporten-production").unwrap_or_default()
    }

    fn find(name: &str) -> Option<Self> {
        row(data::ENVIRONMENTS, name).map(|[name, issuer, login]| Self { name, issuer: (*issuer).into(), login: (*login).into() })
    }

    /// The environment of a name: `test`, `production`, `ansattporten-test`, `ansattporten-production`.
    ///
    /// # Errors
    /// `invalid_configuration` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::find(name).ok_or_else(|| {
            let expected =
                "environment: test, production, ansattporten-test, ansattporten-production, or an issuer without a slash at its end";
            Error::new(&codes::INVALID_CONFIGURATION).expected(expected)
        })
    }

    /// A server of one's own, such as a local one for development, by its issuer: https, or http on loopback. Its logins are there too.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn custom(issuer: &str) -> Result<Self> {
        if !is_web(issuer, true) || issuer.contains('?') || issuer.ends_with('/') {
            return Self::from_name("");
        }
        Ok(Self { name: "", issuer: issuer.into(), login: issuer.into() })
    }

    /// The environment's name; empty for a server of one's own.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The issuer identifier, byte for byte: it ends in no slash.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// Addresses and rules of an environment. Logins are pushed (RFC 9126), since the address for that is known.
///
/// ```
/// use samtykke::provider::idporten::{self, Environment};
/// let profile = idporten::profile(&Environment::production());
/// assert_eq!(profile.authorization_endpoint, "https://login.idporten.no/authorize");
/// assert_eq!(profile.token_endpoint, "https://idporten.no/token");
/// assert!(idporten::profile(&Environment::ansattporten_test()).endpoints.userinfo.is_none());
/// ```
pub fn profile(environment: &Environment) -> Profile {
    let mut profile = data::profile(&environment.issuer, &environment.login);
    profile.development = environment.name.is_empty().into();
    if environment.name.starts_with("ansattporten") {
        profile.endpoints.userinfo = None;
    }
    profile
}

/// A login at ID-porten or Ansattporten.
///
/// ```
/// use samtykke::provider::idporten::LoginRequest;
/// let request = LoginRequest::new("openid profile").acr_values("idporten-loa-high").on_behalf_of("leikanger_kommune").ui_locales("nn");
/// let request = request.request();
/// # let _ = request;
/// ```
#[derive(Clone, Debug)]
pub struct LoginRequest(AuthorizationRequest);

impl Default for LoginRequest {
    /// For `openid profile`.
    fn default() -> Self {
        Self::new(data::DEFAULT_SCOPE)
    }
}

impl LoginRequest {
    /// For a scope, such as `openid profile`.
    pub fn new(scope: impl Into<String>) -> Self {
        Self(AuthorizationRequest::new(scope))
    }

    /// The lowest level of assurance that will do: `idporten-loa-substantial` or `idporten-loa-high` at ID-porten, `substantial` or
    /// `high` at Ansattporten. The id_token's `acr` must not be below it.
    #[must_use]
    pub fn acr_values(self, values: impl Into<String>) -> Self {
        self.parameter("acr_values", values)
    }

    /// The customer for whom a supplier's client logs the person in, as registered. The id_token must name the same one.
    #[must_use]
    pub fn on_behalf_of(self, customer: impl Into<String>) -> Self {
        self.parameter(RULES.echoed.0, customer)
    }

    /// The language: `nb`, `nn`, `en` or `se`.
    #[must_use]
    pub fn ui_locales(self, locales: impl Into<String>) -> Self {
        self.parameter("ui_locales", locales)
    }

    /// What the person is to represent an organisation for (RFC 9396), as JSON: types such as `ansattporten:altinn:service`.
    #[must_use]
    pub fn authorization_details(self, json: impl Into<String>) -> Self {
        self.parameter("authorization_details", json)
    }

    fn parameter(self, name: &str, value: impl Into<String>) -> Self {
        Self(self.0.parameter(name, value))
    }

    /// The authorization request, for [`Exchange::login`](crate::Exchange::login).
    pub fn request(self) -> AuthorizationRequest {
        self.0
    }
}
