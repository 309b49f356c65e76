//! The gateway before the APIs: its Subscriber Key, and its refusals told from those of a token.
//!
//! Azure API Management's documented answers (SupportArticles-docs `unauthorized-errors-invoke-apis`), RFC 6750 section 3.
//! Refuses to send the key to an origin that was not named, under a header of another meaning, or with odd letters.

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::json::Value;
use crate::ground::octet::is_visible;
use crate::ground::secret::Secret;
use crate::protocol::endpoint::Local;

/// The key of a subscription. Two are given out, so that one can be renewed while the other serves.
#[derive(Clone, Debug)]
pub struct SubscriberKey {
    header: &'static str,
    key: Secret,
}

/// Headers that mean something else.
const TAKEN: &str = "authorization dpop cookie host content-length content-type connection transfer-encoding";

impl SubscriberKey {
    /// A key under its usual header.
    ///
    /// # Errors
    /// `invalid_configuration` for a key that is empty or not visible ASCII.
    pub fn new(key: &str) -> Result<Self> {
        Self::under(super::default_header(), key)
    }

    /// A key under a header that the publisher named.
    ///
    /// # Errors
    /// `invalid_configuration`.
    pub fn under(header: &'static str, key: &str) -> Result<Self> {
        check_header(header)?;
        if !is_visible(key) {
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("subscriber key: visible ASCII, not empty"));
        }
        Ok(Self { header, key: Secret::new(key) })
    }

    /// Adds the key to a call of one of the APIs, whose origins are `https://api.example` and the like. Give the result to
    /// [`Exchange::resource`](crate::Exchange::resource).
    ///
    /// # Errors
    /// `resource_refused` for an address elsewhere; `reserved_parameter` when the header is there already.
    ///
    /// ```
    /// use samtykke::{Request, provider::halland::SubscriberKey};
    /// let call = Request { method: "GET", url: "https://api.example.se/v1/units".into(), headers: vec![], body: None, repeatable: true };
    /// let key = SubscriberKey::new("0123456789abcdef")?;
    /// assert_eq!(key.add(call.clone(), &["https://api.example.se"], false)?.headers.len(), 1);
    /// assert_eq!(key.add(call, &["https://other.example.se"], false).unwrap_err().code(), "resource_refused");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn add<'l>(&self, mut request: Request, origins: &[&str], development: impl Into<Local<'l>>) -> Result<Request> {
        request.url = crate::flow::resource::encode_url(&request.url);
        crate::flow::resource::check(&request.url, origins, development.into())?;
        if request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(self.header)) {
            return Err(Error::new(&codes::RESERVED_PARAMETER).at(Phase::Api).actual(self.header));
        }
        request.headers.push((self.header, self.key.clone()));
        Ok(request)
    }
}

/// Judges the name of a header for the key.
pub(crate) fn check_header(name: &str) -> Result<()> {
    let token = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet));
    if token && !TAKEN.split(' ').any(|taken| name.eq_ignore_ascii_case(taken)) {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_CONFIGURATION).expected("the name of a header of its own for the subscriber key"))
}

/// What a 401 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The gateway saw no Subscriber Key. A new token would not help.
    KeyMissing,
    /// The gateway does not know the Subscriber Key, or its subscription is not active. A new token would not help.
    KeyInvalid,
    /// The token: get a new one, at most once for a call.
    Token,
}

/// What a 401 is about; `None` for any other status.
///
/// ```
/// use samtykke::{Response, provider::halland::{Refusal, refusal}};
/// let body = r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#;
/// assert_eq!(refusal(&Response::new(401, Some("application/json"), body)), Some(Refusal::KeyMissing));
/// assert_eq!(refusal(&Response::new(401, None, "")), Some(Refusal::Token));
/// ```
pub fn refusal(response: &Response) -> Option<Refusal> {
    if response.status != 401 {
        return None;
    }
    let body = response.body.expose();
    let parsed = if body.len() > MAX_BODY { None } else { Value::parse(body) };
    let message =
        parsed.as_ref().filter(|body| body.get("statusCode").is_some()).and_then(|body| body.get("message")).and_then(Value::as_str);
    let says = |words: &str| message.is_some_and(|message| contains(message, words));
    let asks = response.www_authenticate.as_deref().is_some_and(|header| contains(header, "AzureApiManagementKey"));
    Some(match () {
        () if says("subscription key") && says("missing") => Refusal::KeyMissing,
        () if says("subscription key") => Refusal::KeyInvalid,
        // A gateway whose texts were changed still says in the header what it wants.
        () if asks => Refusal::KeyInvalid,
        () => Refusal::Token,
    })
}

fn contains(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|window| window.eq_ignore_ascii_case(words.as_bytes()))
}

/// The error of a 401: `subscription_key_refused`, with `missing` or `invalid` as the provider's code, or `token_invalid`.
pub fn refusal_error(response: &Response) -> Error {
    let (kind, code, expected) = match refusal(response) {
        Some(Refusal::KeyMissing) => {
            (&codes::SUBSCRIPTION_KEY_REFUSED, Some("missing"), "the subscriber key, under the header that the publisher named")
        }
        Some(Refusal::KeyInvalid) => {
            (&codes::SUBSCRIPTION_KEY_REFUSED, Some("invalid"), "the key of an active subscription for this very API")
        }
        _ => (&codes::TOKEN_INVALID, None, "a token for this very API: its resource, asked for with permission, and not expired"),
    };
    Error::new(kind).at(Phase::Api).expected(expected).http(response).provider(code.map(String::from), None)
}
