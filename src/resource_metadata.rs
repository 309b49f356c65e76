//! What an API says of itself: which servers' tokens it takes, which scopes, whether it wants DPoP.
//!
//! RFC 9728 sections 2, 3 and 5.1: found from a challenge, or at a well-known address.
//! Refuses the metadata of another resource, servers that are no issuers, and an API that does not name the caller's server.

use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::Answer;
use crate::callback::shown;
use crate::challenge::Challenge;
use crate::endpoint::{expected, get, insert, is_endpoint, refused};
use crate::error::{Error, Result, codes};
use crate::http::{Request, Response};
use crate::json::Value;
use crate::metadata::check_issuer;

/// An API's metadata that passed every check. It is the API's word, not the server's: never a reason to send credentials
/// anywhere they were not sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceMetadata {
    /// The resource identifier, as asked for.
    pub resource: String,
    /// Issuers whose tokens the API takes.
    pub authorization_servers: Vec<String>,
    /// Scopes to ask for; empty when none are named.
    pub scopes: Vec<String>,
    /// Whether tokens must be bound to a DPoP key.
    pub dpop_required: bool,
    /// The whole document as JSON text.
    pub json: String,
}

/// Where an API that refused a request says its metadata is; `None` when no challenge says so.
///
/// # Errors
/// `endpoint_refused` when the address is not https on a public host.
///
/// ```
/// use samtykke::{challenge::Challenge, resource_metadata};
/// let challenges = Challenge::parse(r#"Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource""#)?;
/// let url = resource_metadata::address(&challenges, false)?;
/// assert_eq!(url.as_deref(), Some("https://api.example/.well-known/oauth-protected-resource"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn address(challenges: &[Challenge], development: bool) -> Result<Option<String>> {
    let Some(url) = challenges.iter().find_map(|challenge| challenge.parameter("resource_metadata")) else { return Ok(None) };
    if is_endpoint(url, development) { Ok(Some(url.into())) } else { Err(refused("resource_metadata")) }
}

/// The well-known address of a resource's metadata (RFC 9728 section 3.1).
///
/// # Errors
/// `endpoint_refused` when the resource is not https on a public host.
///
/// ```
/// let url = samtykke::resource_metadata::well_known("https://api.example/v1/debt", false)?;
/// assert_eq!(url, "https://api.example/.well-known/oauth-protected-resource/v1/debt");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn well_known(resource: &str, development: bool) -> Result<String> {
    if is_endpoint(resource, development) {
        Ok(insert(resource, "/.well-known/oauth-protected-resource", ""))
    } else {
        Err(refused("resource"))
    }
}

/// The request for an API's metadata, at the address of a challenge or the well-known one.
///
/// # Errors
/// `endpoint_refused`.
pub fn request(url: &str, development: bool) -> Result<Request> {
    if is_endpoint(url, development) { Ok(get(url.into())) } else { Err(refused("resource_metadata")) }
}

impl ResourceMetadata {
    /// Judges an answer. `resource` is the identifier the address was made of; with an address from a challenge, the URL
    /// of the request that was refused (section 3.3). `issuer`, when given, is the server whose tokens are to be sent.
    ///
    /// # Errors
    /// `resource_mismatch`, `metadata_malformed`; or the answer's status and media type.
    ///
    /// ```
    /// use samtykke::{Response, resource_metadata::ResourceMetadata};
    /// let body = r#"{"resource":"https://api.example","authorization_servers":["https://op.example"]}"#;
    /// let answer = Response::new(200, Some("application/json"), body);
    /// let found = ResourceMetadata::judge(&answer, "https://api.example", Some("https://op.example"), false)?;
    /// assert_eq!(found.authorization_servers, ["https://op.example"]);
    /// assert!(ResourceMetadata::judge(&answer, "https://api.example", Some("https://other.example"), false).is_err());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response, resource: &str, issuer: Option<&str>, development: bool) -> Result<Self> {
        let answer = Answer { response, malformed: &codes::METADATA_MALFORMED };
        answer.check_status(&[200], false)?;
        let document = answer.object()?;
        let Some(found) = document.get("resource").and_then(Value::as_str) else { return Err(answer.wrong("resource: a text")) };
        if found != resource {
            return Err(answer.fail(&codes::RESOURCE_MISMATCH).expected(String::from(resource)).actual(shown(found)));
        }
        let texts = |name| match document.get(name) {
            None => Ok(Vec::new()),
            Some(value) => crate::metadata::list(value).ok_or_else(|| answer.wrong(expected(name, ": a list of texts"))),
        };
        let (authorization_servers, scopes) = (texts("authorization_servers")?, texts("scopes_supported")?);
        if authorization_servers.iter().any(|server| check_issuer(server, development).is_err()) {
            return Err(answer.wrong("authorization_servers: issuers, https URLs of public hosts without query or fragment"));
        }
        if texts("resource_signing_alg_values_supported")?.iter().any(|alg| alg == "none") {
            return Err(answer.wrong("resource_signing_alg_values_supported: none is not one"));
        }
        let dpop_required = match document.get("dpop_bound_access_tokens_required") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| answer.wrong("dpop_bound_access_tokens_required: true or false"))?,
        };
        // Section 7.6: the API names servers, but only one that the caller trusts already gets its credentials.
        if issuer.is_some_and(|issuer| !authorization_servers.iter().any(|server| server == issuer)) {
            return Err(Error::new(&codes::RESOURCE_MISMATCH).expected("authorization_servers: your own server among them"));
        }
        let json = response.body.expose();
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        Ok(Self { resource: found.into(), authorization_servers, scopes, dpop_required, json: json.into() })
    }
}
