//! A login: what is pushed to `/connect/par` before the person is sent away with a reference.
//!
//! HelseID "PAR-endepunktet", "Styre innlogging", "Organisasjonsnumre"; RFC 9126, RFC 8707, RFC 9101.
//! Refuses logins whose level could not be judged, texts that are empty or hold control characters.

use alloc::string::String;
use alloc::vec::Vec;

use super::{ASSERTION_LIFETIME, Details, check_login, resources_of};
use crate::ground::error::{Error, Result, codes};
use crate::jose::KeyInfo;
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::authorization::request::AuthorizationRequest;

/// What a person is asked to log in for.
///
/// ```
/// use samtykke::provider::helseid::LoginRequest;
/// let request = LoginRequest::new("openid profile offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read")
///     .acr_values("Level4")
///     .prompt("login");
/// ```
#[derive(Clone, Debug)]
pub struct LoginRequest {
    scope: String,
    resources: Option<Vec<String>>,
    parameters: Vec<(&'static str, String)>,
    details: Option<Details>,
    lifetime: Option<u32>,
}

impl LoginRequest {
    /// Asks for a scope, and for the audiences of its APIs unless [`resource`](Self::resource) names others.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), resources: None, parameters: Vec::new(), details: None, lifetime: None }
    }

    /// An audience a token will be asked for, such as `nhn:phr`. Repeatable.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.get_or_insert_default().push(resource.into());
        self
    }

    /// Asks for the audiences that [`resource`](Self::resource) names alone, and for none where it names none.
    #[must_use]
    pub fn named_resources(mut self) -> Self {
        self.resources.get_or_insert_default();
        self
    }

    /// How the person logs in: `Level4`, `idp:idporten-oidc`, `idp:buypass-oidc bp:amr:sc`, …
    #[must_use]
    pub fn acr_values(self, values: impl Into<String>) -> Self {
        self.parameter("acr_values", values)
    }

    /// `login`, `select_account`, or `none` for no question at all.
    #[must_use]
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        self.parameter("prompt", prompt)
    }

    /// On whose behalf the login is.
    #[must_use]
    pub fn on_behalf_of(self, whom: impl Into<String>) -> Self {
        self.parameter("on_behalf_of", whom)
    }

    /// Languages for the login pages, the best one first, single spaces between them (OpenID Connect Core section 3.1.2.1).
    #[must_use]
    pub fn ui_locales(self, tags: impl Into<String>) -> Self {
        self.parameter("ui_locales", tags)
    }

    fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// Details for the whole login, in a signed request object beside the parameters. To change the organisation without a
    /// new login, give them to each refresh instead.
    #[must_use]
    pub fn details(mut self, details: Details) -> Self {
        self.details = Some(details);
        self
    }

    /// Seconds until the transaction expires; an hour unless given.
    #[must_use]
    pub fn lifetime(mut self, seconds: u32) -> Self {
        self.lifetime = Some(seconds);
        self
    }

    /// The request's parameters. `least` is the level the login will be judged by.
    pub(super) fn request(&self, least: u8) -> Result<AuthorizationRequest> {
        check_login(&self.scope, least)?;
        // HelseID's `acr_values` choose how to log in; the level is told, and judged, by a claim of its own.
        let mut request = AuthorizationRequest::new(self.scope.clone()).acr_optional();
        let own = || resources_of(&self.scope).into_iter().map(String::from).collect();
        for resource in self.resources.clone().unwrap_or_else(own) {
            request = request.parameter("resource", resource);
        }
        for (name, value) in &self.parameters {
            if !crate::protocol::grant::is_text(value) {
                return Err(Error::new_expected(&codes::INVALID_PARAMETER, "a text, not empty, without control characters").actual(name));
            }
            request = request.parameter(*name, value.clone());
        }
        Ok(match self.lifetime {
            Some(seconds) => request.lifetime(seconds),
            None => request,
        })
    }

    /// The request object that carries the details, when there are some.
    pub(super) fn object(&self, key: &KeyInfo) -> Result<Option<RequestObject>> {
        let Some(details) = &self.details else { return Ok(None) };
        let object = RequestObject::new(key.clone()).lifetime(ASSERTION_LIFETIME).beside();
        Ok(Some(object.claim("authorization_details", details.json()?)))
    }
}
