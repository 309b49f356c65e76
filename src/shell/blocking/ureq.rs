//! ureq as the client that sends: built by this library, so that it keeps to what an [`Http`] must do.
//!
//! Refuses redirects, cookies and the undoing of codings, whatever the caller's own settings say.

use alloc::string::String;
use core::time::Duration;

use zeroize::Zeroize;

use super::driver::Http;
use crate::flow::machine::Failure;
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::secret::Secret;

/// Headers that tell nothing; all others are marked as secrets.
const OPEN: &[&str] = &["accept", "content-type", "x-request-id", "x-trace-id"];

/// Sends by ureq. A cheap clone, which shares its connections.
#[derive(Clone, Debug)]
pub struct Ureq(ureq::Agent);

impl Default for Ureq {
    fn default() -> Self {
        Self::new()
    }
}

impl Ureq {
    /// With ureq's own settings: proxies of the environment, the roots of the TLS that was compiled in; 30 seconds for a request.
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// With settings of the caller's: a proxy, roots, a client certificate, a time limit. What must hold is set after them.
    ///
    /// ```
    /// use std::time::Duration;
    /// let http = samtykke::blocking::Ureq::with(|settings| settings.proxy(None).timeout_global(Some(Duration::from_secs(5))));
    /// ```
    pub fn with(
        settings: impl FnOnce(
            ureq::config::ConfigBuilder<ureq::typestate::AgentScope>,
        ) -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope>,
    ) -> Self {
        #[cfg(feature = "rustls")]
        crate::shell::tls::provide();
        let builder = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30)));
        let config =
            settings(builder).max_redirects(0).max_redirects_will_error(false).http_status_as_error(false).accept_encoding("identity");
        Self(config.build().into())
    }
}

impl Http for Ureq {
    fn send(&self, request: &Request) -> core::result::Result<Response, Failure> {
        let mut outgoing = ureq::http::Request::builder().method(request.method).uri(&request.url);
        for (name, value) in &request.headers {
            let mut value = ureq::http::HeaderValue::from_str(value.expose()).map_err(|_| Failure::Network)?;
            value.set_sensitive(!OPEN.contains(name));
            outgoing = outgoing.header(*name, value);
        }
        let answer = match &request.body {
            Some(body) => self.0.run(outgoing.body(body.expose()).map_err(|_| Failure::Network)?),
            None => self.0.run(outgoing.body(()).map_err(|_| Failure::Network)?),
        };
        let (head, mut body) = answer.map_err(|error| failure(&error, 0))?.into_parts();
        let status = head.status.as_u16();
        let octets = body.with_config().limit(MAX_BODY as u64).read_to_vec().map_err(|error| failure(&error, status))?;
        // What is not text counts as no body; the status says the rest.
        let text = String::from_utf8(octets).unwrap_or_else(|error| {
            error.into_bytes().zeroize();
            String::new()
        });
        let header = |name: &str| joined(&head.headers, name);
        let mut response = Response::new(status, header("content-type").as_deref(), "");
        response.retry_after = header("retry-after");
        response.dpop_nonce = header("dpop-nonce");
        response.cache_control = header("cache-control");
        response.www_authenticate = header("www-authenticate");
        response.body = Secret::new(text);
        Ok(response)
    }
}

/// All values of a header that came in several lines, as one list (RFC 9110 section 5.3).
fn joined(headers: &ureq::http::HeaderMap, name: &str) -> Option<String> {
    let mut text: Option<String> = None;
    for value in headers.get_all(name) {
        let value = value.as_bytes().iter().map(|octet| char::from(*octet));
        match &mut text {
            None => text = Some(value.collect()),
            Some(text) => {
                text.push_str(", ");
                text.extend(value);
            }
        }
    }
    text
}

fn failure(error: &ureq::Error, status: u16) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::Timeout,
        ureq::Error::BodyExceedsLimit(_) => Failure::TooLarge(status),
        _ if status > 0 => Failure::Cut(status),
        _ => Failure::Network,
    }
}
