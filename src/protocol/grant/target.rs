//! What a token is for: resources, audiences, details, and whatever else a provider lets a request say.
//!
//! RFC 8707 (`resource`), RFC 8693 section 2.1 (`audience`), RFC 9396 (`authorization_details`).
//! Refuses parameters of the grant's own, empty ones, resources that are no absolute URIs unless the provider's are free texts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::json::Value;
use crate::ground::text::word;
use crate::ground::uri::Uri;

/// Parameters of a token request that the library sets itself.
const RESERVED: &str = "grant_type client_id client_secret client_assertion client_assertion_type code \
    code_verifier redirect_uri refresh_token assertion device_code subject_token subject_token_type actor_token \
    actor_token_type requested_token_type scope resource audience authorization_details request request_uri username password";

/// What a token is asked for, beside its scope. Goes with every grant.
///
/// ```
/// use samtykke::protocol::grant::Target;
/// let target = Target::new().resource("https://api.example/v1").resource("https://api.example/v2").audience("api-client");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub(crate) resources: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) details: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) claims: Vec<(String, String)>,
}

impl Target {
    /// Nothing in particular.
    pub fn new() -> Self {
        Self::default()
    }

    /// A service the token is for, as a URI; any text where the provider's profile says so. Repeatable.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// A service the token is for, by its name with the provider. Repeatable.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Rich authorization details: a JSON array of objects, each with a `type`.
    #[must_use]
    pub fn authorization_details(mut self, json: impl Into<String>) -> Self {
        self.details = Some(json.into());
        self
    }

    /// Another parameter of the provider's.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// A claim of this request's client assertion: a name and JSON.
    #[must_use]
    pub fn assertion_claim(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        self.claims.push((name.into(), json.into()));
        self
    }

    /// Adds all of it to a form. `named`: whether the form says already who the client is; saying so once more changes nothing.
    pub(crate) fn push(&self, free_resource: bool, client_id: &str, mut named: bool, form: &mut Form) -> Result<()> {
        for resource in &self.resources {
            push_resource(form, resource, free_resource)?;
        }
        for audience in &self.audiences {
            push_audience(form, audience)?;
        }
        if let Some(details) = &self.details {
            push_details(form, details)?;
        }
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            if name == "client_id" && value == client_id {
                if !core::mem::replace(&mut named, true) {
                    form.push(name, value);
                }
                continue;
            }
            push_parameter(form, name, value, self.parameters.iter().take(at).any(|(earlier, _)| earlier == name))?;
        }
        Ok(())
    }
}

#[cold]
#[inline(never)]
fn wrong(expected: &'static str) -> Error {
    Error::new_expected(&codes::INVALID_PARAMETER, expected).at(Phase::Token)
}

/// Adds a resource: an absolute URI, or any text where those are `free`.
pub(crate) fn push_resource(form: &mut Form, resource: &str, free: bool) -> Result<()> {
    let uri = Uri::parse(resource).is_some_and(|uri| uri.fragment.is_none());
    if !(uri || free && is_text(resource)) {
        return Err(wrong("resource: an absolute URI without fragment"));
    }
    form.push("resource", resource);
    Ok(())
}

/// Adds an audience.
pub(crate) fn push_audience(form: &mut Form, audience: &str) -> Result<()> {
    if !is_text(audience) {
        return Err(wrong("audience: a text, not empty"));
    }
    form.push("audience", audience);
    Ok(())
}

/// Adds authorization details.
pub(crate) fn push_details(form: &mut Form, details: &str) -> Result<()> {
    if !is_details(details) {
        return Err(wrong("authorization_details: a JSON array of objects, each with a type"));
    }
    form.push("authorization_details", details);
    Ok(())
}

/// Adds a parameter of the provider's.
pub(crate) fn push_parameter(form: &mut Form, name: &str, value: &str, again: bool) -> Result<()> {
    if word(RESERVED, name.as_bytes()).is_some() {
        return Err(Error::new(&codes::RESERVED_PARAMETER).at(Phase::Token).actual(name));
    }
    if name.is_empty() || value.is_empty() || again {
        return Err(wrong("a name and a value, once").actual(name));
    }
    form.push(name, value);
    Ok(())
}

/// Not empty, no control characters.
pub(crate) fn is_text(text: &str) -> bool {
    !text.is_empty() && !text.bytes().any(|octet| octet < b' ' || octet == 0x7f)
}

/// An array of one or more.
fn is_details(json: &str) -> bool {
    let value = Value::parse(json);
    value.is_some_and(|value| are_details(&value) && value.as_array() != Some(&[]))
}

/// RFC 9396 sections 2 and 7: an array of objects, each with a `type` that is a text.
pub(crate) fn are_details(value: &Value<'_>) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(|item| item.text("type").is_some()))
}
