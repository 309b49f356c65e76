//! The answer to a pushed authorization request: a reference to send the browser away with.
//!
//! RFC 9126 sections 2.2 and 2.3. A 200 is taken for the 201 the standard asks for.
//! Refuses references that are no absolute URI of visible ASCII or that a browser would run, lifetimes that are not positive, and redirects.

use alloc::string::String;

use crate::ground::error::{Result, codes};
use crate::ground::http::Response;
use crate::ground::octet::is_visible;
use crate::ground::uri::Uri;
use crate::protocol::answer::Answer;
use crate::protocol::token::lifetime;

/// A day: longer than any pushed request is kept, and no sum overflows.
const MAX_EXPIRES_IN: i64 = 86_400;
/// The longest reference, in octets; browsers and servers take URLs of this length.
const MAX_REQUEST_URI: usize = 2048;

/// A pushed authorization request that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedRequest {
    /// What stands for the request in the browser's URL; percent-encode it there. Used once.
    pub request_uri: String,
    /// Seconds it lives from the answer on.
    pub expires_in: u32,
}

impl PushedRequest {
    /// Judges an answer of the pushed authorization request endpoint. `expires_in_string` also takes a string of digits,
    /// for servers that break the standard there.
    ///
    /// # Errors
    /// `oauth_error` with [`Error::oauth`](crate::Error::oauth) for an OAuth error; otherwise what is wrong with the answer.
    ///
    /// ```
    /// use samtykke::Response;
    /// use samtykke::protocol::authorization::par::PushedRequest;
    /// let answer = Response::new(201, Some("application/json"), r#"{"request_uri":"urn:example:x","expires_in":60}"#);
    /// assert_eq!(PushedRequest::judge(&answer, false)?.request_uri, "urn:example:x");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response, expires_in_string: bool) -> Result<Self> {
        let answer = Answer { response, malformed: &codes::PAR_RESPONSE_MALFORMED };
        let object = answer.success(&[201, 200])?;
        let request_uri = object.text("request_uri").filter(|uri| is_request_uri(uri));
        let request_uri = request_uri.ok_or_else(|| answer.wrong("request_uri: an absolute URI"))?;
        let seconds = object.get("expires_in").and_then(|value| lifetime(value, expires_in_string));
        let seconds = seconds.filter(|seconds| (1..=MAX_EXPIRES_IN).contains(seconds)).and_then(|seconds| u32::try_from(seconds).ok());
        let expires_in = seconds.ok_or_else(|| answer.wrong("expires_in: whole seconds, 1 to a day"))?;
        Ok(Self { request_uri: request_uri.into(), expires_in })
    }
}

fn is_request_uri(text: &str) -> bool {
    // Never what a browser would run or read, were it ever taken for an address; RFC 9126 section 2.2 leaves the form to the server.
    let harmful = ["javascript", "data", "blob", "vbscript", "file"];
    let fits = |uri: Uri<'_>| uri.fragment.is_none() && !harmful.iter().any(|scheme| uri.is_scheme(scheme));
    let is_empty = |uri: Uri<'_>| uri.host.is_none() && uri.path.is_empty();
    Uri::parse(text).is_some_and(|uri| fits(uri) && !is_empty(uri)) && is_visible(text) && text.len() <= MAX_REQUEST_URI
}
