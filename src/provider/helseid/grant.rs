//! What one token is asked for: one audience, a scope, and on whose behalf.
//!
//! HelseID "Token-endepunktet", "Organisasjonsnumre" (FK5); RFC 8707 section 2.2.
//! Refuses details with a code (HID-1009) and a scope with one, a person's scopes with a machine's grant.

use alloc::string::String;
use alloc::vec::Vec;

use super::saved::quoted;
use super::{Details, check_machine, data};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::grant::Target;

/// What a token is for. Goes with every grant.
///
/// ```
/// use samtykke::provider::helseid::{Details, Organization, TokenRequest};
/// let child = Details::new().organization(&Organization::child("999977776")?);
/// let request = TokenRequest::new().resource("nhn:phr").scope("nhn:phr/mhd/read-document").details(child);
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    pub(super) resource: Option<String>,
    pub(super) scope: String,
    pub(super) details: Option<Details>,
    /// Further claims of the client assertion, as names and JSON.
    pub(crate) claims: Vec<(String, String)>,
}

impl TokenRequest {
    /// For whatever the client may have.
    pub fn new() -> Self {
        Self::default()
    }

    /// The one audience, such as `nhn:phr`.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// The scope: with `client_credentials`, and part of the granted one at a refresh.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Whom the client acts for in this request, and whatever else its assertion says.
    #[must_use]
    pub fn details(mut self, details: Details) -> Self {
        self.details = Some(details);
        self
    }

    /// The audience, where one is named.
    pub fn audience(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// A name for what is asked for: requests for the same token have the same, whatever order their scopes stand in.
    ///
    /// ```
    /// use samtykke::provider::helseid::TokenRequest;
    /// let request = TokenRequest::new().resource("nhn:phr").scope("nhn:phr/write nhn:phr/read nhn:phr/write");
    /// assert_eq!(request.key(), r#"["nhn:phr","nhn:phr/read nhn:phr/write",null]"#);
    /// ```
    pub fn key(&self) -> String {
        let mut scopes: Vec<&str> = self.scope.split(' ').filter(|scope| !scope.is_empty()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let details = self.details.as_ref().and_then(|details| details.json().ok());
        let mut key = String::from("[");
        key.push_str(&self.resource.as_deref().map_or_else(|| String::from("null"), quoted));
        for part in [",", &quoted(&scopes.join(" ")), ",", details.as_deref().unwrap_or("null"), "]"] {
            key.push_str(part);
        }
        key
    }

    /// Whether both ask for the same token: scopes are a set, in whatever order they stand.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let holds = |all: &str, some: &str| some.split(' ').all(|one| one.is_empty() || all.split(' ').any(|found| found == one));
        let scopes = holds(&self.scope, &other.scope) && holds(&other.scope, &self.scope);
        scopes && self.resource == other.resource && self.details == other.details
    }

    /// With a code neither may be sent.
    pub(super) fn check_code(&self) -> Result<()> {
        let error = |expected| Err(Error::new_expected(&codes::INVALID_PARAMETER, expected).at(Phase::Token));
        if self.details.is_some() {
            return error("details with a refresh or in the login, never with a code (HID-1009)");
        }
        if !self.scope.is_empty() {
            return error("no scope with a code: it was asked for at the login");
        }
        Ok(())
    }

    pub(super) fn check_machine(&self) -> Result<()> {
        check_machine(&self.scope)
    }

    pub(super) fn target(&self) -> Result<Target> {
        let mut target = Target::new();
        if let Some(resource) = &self.resource {
            target = target.resource(resource.clone());
        }
        if let Some(details) = &self.details {
            target = target.assertion_claim(data::ASSERTION_DETAILS, details.json().map_err(|error| error.at(Phase::Token))?);
        }
        target.claims.extend(self.claims.iter().cloned());
        Ok(target)
    }
}
