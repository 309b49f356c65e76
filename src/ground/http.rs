//! HTTP requests and responses as plain values: what the core hands out and takes back.
//!
//! The caller sends a [`Request`] by any HTTP client and returns a [`Response`]; the core does no I/O.
//! Refuses nothing itself; each protocol part judges the response it asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::secret::Secret;
use crate::ground::text::{Parts, essence, number};
use crate::ground::time::http_date;

/// The largest response body that is read, in octets (1 MiB).
pub const MAX_BODY: usize = 1 << 20;

/// A request to send: follow no redirect, send no cookie, keep no cached answer.
///
/// The body and the header values can hold secrets, so `Debug` shows neither.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// Absolute URL; never holds a secret.
    pub url: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body, for methods that have one.
    pub body: Option<Secret>,
    /// Whether the same request may be sent again after a failure whose effect is unknown.
    pub repeatable: bool,
}

impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A response as it came, at most [`MAX_BODY`] octets of body.
///
/// ```
/// let response = samtykke::Response::new(200, Some("application/json"), "{}");
/// assert_eq!(response.status, 200);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// `Content-Type`, as received.
    pub content_type: Option<String>,
    /// `Retry-After`, as received.
    pub retry_after: Option<String>,
    /// `DPoP-Nonce`, as received; several are joined by a comma and a space, and refused (RFC 9449 section 8).
    pub dpop_nonce: Option<String>,
    /// `WWW-Authenticate`, as received; several are joined by a comma and a space.
    pub www_authenticate: Option<String>,
    /// `Cache-Control`, as received; several are joined by a comma. Read of key sets alone.
    pub cache_control: Option<String>,
    /// The body as text; octets that are not UTF-8 are the shell's to refuse.
    pub body: Secret,
}

impl Response {
    /// A response from its status, its headers as they came, and its body: all that the core reads of them, and a header that came
    /// in several lines as one list (RFC 9110 section 5.3).
    ///
    /// ```
    /// use samtykke::Response;
    /// let headers = [("Content-Type", "application/json"), ("DPoP-Nonce", "n-1"), ("Server", "x")];
    /// let response = Response::with_headers(400, headers, r#"{"error":"use_dpop_nonce"}"#);
    /// assert_eq!(response.dpop_nonce.as_deref(), Some("n-1"));
    /// ```
    pub fn with_headers<N: AsRef<str>, V: AsRef<str>>(status: u16, headers: impl IntoIterator<Item = (N, V)>, body: &str) -> Self {
        let mut response = Self::new(status, None, body);
        for (name, value) in headers {
            let slot = match name.as_ref() {
                name if name.eq_ignore_ascii_case("content-type") => &mut response.content_type,
                name if name.eq_ignore_ascii_case("retry-after") => &mut response.retry_after,
                name if name.eq_ignore_ascii_case("dpop-nonce") => &mut response.dpop_nonce,
                name if name.eq_ignore_ascii_case("www-authenticate") => &mut response.www_authenticate,
                name if name.eq_ignore_ascii_case("cache-control") => &mut response.cache_control,
                _ => continue,
            };
            match slot {
                Some(list) => {
                    list.push_str(", ");
                    list.push_str(value.as_ref());
                }
                None => *slot = Some(value.as_ref().into()),
            }
        }
        response
    }

    /// A response without the headers that only some answers have: for one whose headers matter, [`with_headers`](Self::with_headers),
    /// or nonce and challenge are lost.
    pub fn new(status: u16, content_type: Option<&str>, body: &str) -> Self {
        Self {
            status,
            content_type: content_type.map(String::from),
            retry_after: None,
            dpop_nonce: None,
            www_authenticate: None,
            cache_control: None,
            body: Secret::new(body),
        }
    }

    /// Whether the media type is `application/json`, in any case, parameters allowed (RFC 9110 section 8.3.1).
    pub fn is_json(&self) -> bool {
        self.is_media("application/json")
    }

    /// Whether the media type is this one, as [`is_json`](Self::is_json).
    #[inline(never)]
    pub(crate) fn is_media(&self, name: &str) -> bool {
        // Some servers say it twice, and a list of header lines is joined by commas: what all of them say is meant.
        Parts(Some(self.content_type.as_deref().unwrap_or_default()), b',').all(|one| essence(one).eq_ignore_ascii_case(name))
    }

    /// Whether the answer sends elsewhere; 304 says that nothing has changed (RFC 9110 section 15.4.5).
    pub(crate) fn is_redirect(&self) -> bool {
        matches!(self.status, 300..=303 | 305..=399)
    }

    /// `Retry-After` in seconds, when it was given as a number (RFC 9110 section 10.2.3).
    pub fn retry_after_seconds(&self) -> Option<u32> {
        u32::try_from(number(essence(self.retry_after.as_deref()?))?).ok()
    }

    /// `Retry-After` in seconds since 1970, when it was given as a date (RFC 9110 section 10.2.3).
    pub fn retry_at(&self) -> Option<u64> {
        http_date(essence(self.retry_after.as_deref()?)).and_then(|at| u64::try_from(at).ok())
    }
}

impl core::fmt::Debug for Response {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("content_type", &self.content_type).finish_non_exhaustive()
    }
}
