//! Endpoints that may be sent tokens and client credentials, and requests for public documents.
//!
//! RFC 6749 sections 2.3 and 3.2, RFC 8414 section 2: https on a public host, no fragment, no userinfo.
//! Refuses loopback without the development option, and private addresses in every spelling.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;

use crate::ground::address::is_private;
use crate::ground::error::{Error, Result, codes};
use crate::ground::http::Request;
use crate::ground::secret::Secret;
use crate::ground::text::cut;
use crate::ground::uri::Uri;
pub use crate::ground::uri::{Development, Local};

/// Whether secrets may be sent to this URL: https on a public host, no fragment; with `development` also http and https
/// to this machine, or to the origins named.
///
/// ```
/// use samtykke::protocol::endpoint::is_endpoint;
/// assert!(is_endpoint("https://op.example/token", false));
/// assert!(!is_endpoint("https://169.254.169.254/token", false));
/// assert!(!is_endpoint("http://localhost:4400/token", false));
/// assert!(is_endpoint("http://localhost:4400/token", true));
/// ```
pub fn is_endpoint<'l>(url: &str, development: impl Into<Local<'l>>) -> bool {
    let local = development.into();
    Uri::parse(url).is_some_and(|uri| uri.is_secure(local) && uri.fragment.is_none() && (local.takes(&uri) || !is_private(&uri)))
}

/// What to do about an address of this machine that is taken for a public one.
pub(crate) const LOCAL: &str = "A server on this machine, by http or not, is taken by the option development alone.";

/// Whether an address is one of this machine.
pub(crate) fn is_local(url: &str) -> bool {
    Uri::parse(url).is_some_and(|uri| uri.is_loopback())
}

/// The error of an endpoint that is none.
pub(crate) fn refusal(name: &str) -> Error {
    Error::new(&codes::ENDPOINT_REFUSED).expected(expectation(name, ": an https URL of a public host, no fragment"))
}

/// A member's name and what it should be.
pub(crate) fn expectation(name: &str, what: &str) -> Cow<'static, str> {
    let mut text = String::from(name);
    text.push_str(what);
    Cow::Owned(text)
}

/// Refuses an endpoint that is not there, or may not be sent secrets; `name` is its name in the metadata.
pub(crate) fn check(name: &'static str, url: &str, development: Local<'_>) -> Result<()> {
    if url.is_empty() {
        return Err(Error::new(&codes::ENDPOINT_MISSING).expected(name));
    }
    if is_endpoint(url, development) { Ok(()) } else { Err(refusal(name)) }
}

/// A URL with something put before its path and after it; a slash at the path's end is left out.
pub(crate) fn insert(url: &str, before: &str, after: &str) -> String {
    let path = Uri::parse(url).map_or("", |uri| uri.path);
    let (base, query) = cut(url, b'?');
    let mut out = String::from(base.strip_suffix(path).unwrap_or(base));
    out.push_str(before);
    out.push_str(path.strip_suffix('/').unwrap_or(path));
    out.push_str(after);
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    out
}

/// A request for a public JSON document.
pub(crate) fn get(url: String) -> Request {
    Request { method: "GET", url, headers: vec![("accept", Secret::new("application/json"))], body: None, repeatable: true }
}
