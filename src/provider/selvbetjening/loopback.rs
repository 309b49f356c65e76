//! A receiver on loopback for the portal's answer, as far as it judges: one GET, on one path, from this machine's own names.
//!
//! RFC 8252 sections 7.3 and 8.3; the listening is the caller's, on 127.0.0.1 alone.
//! Refuses other names (DNS rebinding), paths and methods, and a second answer.

use alloc::string::String;

use super::refusal;
use crate::ground::error::Result;
use crate::ground::octet::{UNRESERVED, is_all};
use crate::ground::text::{cut, decimal};
use crate::provider::table::join;

/// A receiver, on a port that the caller listens on.
///
/// ```
/// use samtykke::provider::selvbetjening::Loopback;
/// let mut receiver = Loopback::new(8080, "/confirmed/8fdK")?; // confirmation_path makes one that nobody can guess
/// assert_eq!(receiver.redirect_uri(), "http://localhost:8080/confirmed/8fdK");
/// assert_eq!(receiver.answer("GET", "/favicon.ico", "localhost:8080"), Err(404));
/// let url = receiver.answer("GET", "/confirmed/8fdK?status=Success", "localhost:8080");
/// assert_eq!(url.as_deref(), Ok("http://localhost:8080/confirmed/8fdK?status=Success"));
/// assert_eq!(receiver.answer("GET", "/confirmed/8fdK?status=Success", "localhost:8080"), Err(409));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone)]
pub struct Loopback {
    port: String,
    path: String,
    used: bool,
}

// Its path is nobody else's to know.
impl core::fmt::Debug for Loopback {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Loopback").field("port", &self.port).field("used", &self.used).finish_non_exhaustive()
    }
}

impl Loopback {
    /// A receiver for a port and a path. A fixed path binds the answer to no draft: only where a template demands it.
    ///
    /// # Errors
    /// `invalid_parameter` for port 0, and for a path that is not a slash, then letters, digits, `-`, `.`, `_`, `~`.
    pub fn new(port: u16, path: &str) -> Result<Self> {
        let plain = path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|part| is_all(part, UNRESERVED)));
        if port == 0 || !plain {
            return Err(refusal("port: 1 to 65535; path: a slash, then letters, digits, - . _ ~"));
        }
        Ok(Self { port: decimal(port.into()), path: path.into(), used: false })
    }

    /// For the draft.
    pub fn redirect_uri(&self) -> String {
        self.at(&self.path)
    }

    fn at(&self, target: &str) -> String {
        join(&join("http://localhost:", &self.port), target)
    }

    /// Judges a request by its method, its target (path and query) and its `Host`. Answers the URL for
    /// [`Enrolment::confirm`](super::Enrolment::confirm), however it turns out, with which the receiver is used.
    ///
    /// # Errors
    /// The HTTP status to answer with: 421 for another host, 404 for another path, 405 for another method, 409 for a second
    /// answer. None of them ends the waiting.
    pub fn answer(&mut self, method: &str, target: &str, host: &str) -> core::result::Result<String, u16> {
        let (name, port) = cut(host, b':');
        if !matches!(name, "localhost" | "127.0.0.1") || port != Some(&self.port) {
            return Err(421);
        }
        if cut(target, b'?').0 != self.path {
            return Err(404);
        }
        if method != "GET" {
            return Err(405);
        }
        if core::mem::replace(&mut self.used, true) {
            return Err(409);
        }
        Ok(self.at(target))
    }
}
