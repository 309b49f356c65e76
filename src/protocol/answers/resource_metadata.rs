//! What an API says of itself: which servers' tokens it takes, which scopes, whether it wants DPoP.
//!
//! RFC 9728 sections 2, 3 and 5.1: found from a challenge, or at a well-known address.
//! Refuses the metadata of another resource, servers that are no issuers, and an API that does not name the caller's server.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::json::Value;
use crate::protocol::answer::Answer;
use crate::protocol::answers::metadata::{check_issuer, has, is_list, list};
use crate::protocol::challenge::Challenge;
use crate::protocol::endpoint::Local;
use crate::protocol::endpoint::{expectation, get, insert, is_endpoint, refusal};

/// An API's metadata that passed every check. It is the API's word, not the server's: never a reason to send credentials
/// anywhere they were not sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceMetadata {
    json: String,
}

/// Where an API that refused a request says its metadata is; `None` when no challenge says so.
///
/// # Errors
/// `endpoint_refused` when the address is not https on a public host.
///
/// ```
/// use samtykke::protocol::{challenge::Challenge, resource_metadata};
/// let challenges = Challenge::parse(r#"Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource""#)?;
/// let url = resource_metadata::address(&challenges, false)?;
/// assert_eq!(url.as_deref(), Some("https://api.example/.well-known/oauth-protected-resource"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn address<'l>(challenges: &[Challenge], development: impl Into<Local<'l>>) -> Result<Option<String>> {
    let Some(url) = challenges.iter().find_map(|challenge| challenge.parameter("resource_metadata")) else { return Ok(None) };
    if is_endpoint(url, development) { Ok(Some(url.into())) } else { Err(refusal("resource_metadata")) }
}

/// The well-known address of a resource's metadata (RFC 9728 section 3.1).
///
/// # Errors
/// `endpoint_refused` when the resource is not https on a public host.
///
/// ```
/// let url = samtykke::protocol::resource_metadata::well_known("https://api.example/v1/debt", false)?;
/// assert_eq!(url, "https://api.example/.well-known/oauth-protected-resource/v1/debt");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn well_known<'l>(resource: &str, development: impl Into<Local<'l>>) -> Result<String> {
    if is_endpoint(resource, development) {
        Ok(insert(resource, "/.well-known/oauth-protected-resource", ""))
    } else {
        Err(refusal("resource"))
    }
}

/// The request for an API's metadata, at the address of a challenge or the well-known one.
///
/// # Errors
/// `endpoint_refused`.
pub fn request<'l>(url: &str, development: impl Into<Local<'l>>) -> Result<Request> {
    if is_endpoint(url, development) { Ok(get(url.into())) } else { Err(refusal("resource_metadata")) }
}

impl ResourceMetadata {
    /// Judges an answer. `resource` is the identifier the address was made of; with an address from a challenge, the URL
    /// of the request that was refused (section 3.3). `issuer`, when given, is the server whose tokens are to be sent.
    ///
    /// # Errors
    /// `resource_mismatch`, `metadata_malformed`; or the answer's status and media type.
    ///
    /// ```
    /// use samtykke::Response;
    /// use samtykke::protocol::resource_metadata::ResourceMetadata;
    /// let body = r#"{"resource":"https://api.example","authorization_servers":["https://op.example"]}"#;
    /// let answer = Response::new(200, Some("application/json"), body);
    /// let found = ResourceMetadata::judge(&answer, "https://api.example", Some("https://op.example"), false)?;
    /// assert_eq!(found.list("authorization_servers"), ["https://op.example"]);
    /// assert!(ResourceMetadata::judge(&answer, "https://api.example", Some("https://other.example"), false).is_err());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge<'l>(response: &Response, resource: &str, issuer: Option<&str>, development: impl Into<Local<'l>>) -> Result<Self> {
        let development = development.into();
        let answer = Answer { response, malformed: &codes::METADATA_MALFORMED };
        answer.check_status(&[200], false)?;
        let document = answer.object()?;
        let found = document.text("resource").unwrap_or_default();
        if found != resource {
            return Err(answer.fail(&codes::RESOURCE_MISMATCH).expected(String::from(resource)).actual(shown_text(found)));
        }
        for name in ["authorization_servers", "scopes_supported", "resource_signing_alg_values_supported"] {
            if document.get(name).is_some_and(|value| !is_list(value) || has(value, "none")) {
                return Err(answer.wrong(expectation(name, ": a list of texts, none not among them")));
            }
        }
        let servers = document.get("authorization_servers").and_then(Value::as_array).unwrap_or_default();
        if servers.iter().filter_map(Value::as_str).any(|server| check_issuer(server, development).is_err()) {
            return Err(answer.wrong("authorization_servers: issuers, https URLs of public hosts without query or fragment"));
        }
        if document.get("dpop_bound_access_tokens_required").is_some_and(|value| value.as_bool().is_none()) {
            return Err(answer.wrong("dpop_bound_access_tokens_required: true or false"));
        }
        // Section 7.6: the API names servers, but only one that the caller trusts already gets its credentials.
        if issuer.is_some_and(|issuer| !servers.iter().any(|server| server.as_str() == Some(issuer))) {
            return Err(answer.fail(&codes::RESOURCE_MISMATCH).expected("authorization_servers: your own server among them"));
        }
        let json = response.body.expose();
        Ok(Self { json: json.strip_prefix('\u{feff}').unwrap_or(json).into() })
    }

    /// The whole document, one JSON object.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// A member that is a list of texts: `authorization_servers`, `scopes_supported`; empty when it is not there.
    pub fn list(&self, name: &str) -> Vec<String> {
        Value::parse(&self.json).and_then(|document| list(document.get(name)?)).unwrap_or_default()
    }

    /// Whether tokens must be bound to a DPoP key.
    pub fn requires_dpop(&self) -> bool {
        Value::parse(&self.json).and_then(|document| document.get("dpop_bound_access_tokens_required")?.as_bool()).unwrap_or_default()
    }
}
