//! What an edge is: its client, keys and paths, and what follows from them.
//!
//! docs/formats.md; RFC 9700 section 4.11.1 (where a person may be sent). Refuses paths that lead elsewhere.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use http::HeaderMap;
use http::request::Parts;

use super::kept::Lives;
use super::renewal::Came;
use super::session::Session;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::text::base64url;
use crate::protocol::authorization::request::AuthorizationRequest;
use crate::shell::native::client::Client;
use crate::shell::native::flights::Flights;
use crate::shell::native::seal::SealKeys;
use crate::shell::native::sending::BoxFuture;
use crate::shell::native::store::TokenStore;

/// What a login asks for, of the request that wants one.
pub(crate) type LoginRequest = Box<dyn Fn(&Parts) -> Result<AuthorizationRequest> + Send + Sync>;

/// What is done with a new session, and what of the application's is kept with it.
pub(crate) type OnSession = Box<dyn Fn(Session) -> BoxFuture<'static, Result<Option<String>>> + Send + Sync>;

/// What a person sees of a failure.
pub(crate) type ErrorPage = Box<dyn Fn(&Error, &Parts) -> Option<axum::response::Response> + Send + Sync>;

/// An edge's settings, and what is derived from them.
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) keys: SealKeys,
    /// What is sealed is bound to this: a cookie of another client or application, under the same keys, does not open here.
    pub(crate) binding: String,
    /// What cookies' names begin with.
    pub(crate) name: String,
    pub(crate) secure: bool,
    /// The origin that people see.
    pub(crate) origin: String,
    pub(crate) base_path: String,
    pub(crate) home: String,
    pub(crate) login: Option<(String, LoginRequest)>,
    pub(crate) callback: String,
    pub(crate) logout: Option<String>,
    pub(crate) post_logout: Option<(String, String)>,
    pub(crate) backchannel: Option<String>,
    pub(crate) store: Option<Arc<dyn TokenStore>>,
    /// Renewals of sessions that no store keeps, by their refresh token: what came, and when.
    pub(crate) renewals: Flights<Vec<(Came, u64)>>,
    pub(crate) lives: Lives,
    pub(crate) cookie_budget: usize,
    pub(crate) renews: bool,
    pub(crate) behind_proxy: bool,
    pub(crate) cross_site_start: bool,
    pub(crate) on_error: Box<dyn Fn(&Error) + Send + Sync>,
    pub(crate) on_session: Option<OnSession>,
    pub(crate) error_page: Option<ErrorPage>,
}

/// The origin and the path of an address.
pub(crate) fn split(address: &str) -> Option<(&str, &str)> {
    let host = address.find("//")?.saturating_add(2);
    let rest = address.get(host..)?;
    let at = rest.find(['/', '?', '#']).map_or(address.len(), |at| host.saturating_add(at));
    let (origin, path) = address.split_at_checked(at)?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    Some((origin, if path.is_empty() { "/" } else { path }))
}

/// What cookies' names begin with.
pub(crate) fn cookie_name(binding: &str, secure: bool) -> String {
    let digest = crate::ground::sha256::digest(binding.as_bytes());
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}samtykke-{}", base64url(digest.get(..6).unwrap_or_default()))
}

pub(crate) fn trouble(kind: &'static crate::ground::error::Kind, expected: &str) -> Error {
    let error = Error::new(kind).at(Phase::Session);
    if expected.is_empty() { error } else { error.expected(expected) }
}

impl Site {
    pub(crate) fn now(&self) -> u64 {
        self.client.0.driver.now()
    }

    /// Tells of a failure, and hands it on.
    pub(crate) fn problem(&self, error: Error) -> Error {
        (self.on_error)(&error);
        error
    }

    pub(crate) fn key(&self) -> Option<String> {
        self.client.0.keys.dpop_info().map(|key| crate::jose::thumbprint(&key.public))
    }

    /// The names of a session's cookies.
    pub(crate) fn session_names(&self) -> Vec<String> {
        (0..super::cookies::PIECES).map(|at| format!("{}-session-{at}", self.name)).collect()
    }

    /// Checks that a path leads to this origin, stays there however often it is decoded, and is no handler of the edge's.
    ///
    /// # Errors
    /// `return_to_refused`.
    pub(crate) fn check_return(&self, path: &str) -> Result<()> {
        let refused = || trouble(&codes::RETURN_TO_REFUSED, "a path of the application on this origin, in visible ASCII");
        if path.len() > 2048 || !path.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(refused());
        }
        let mut path = String::from(path);
        loop {
            let fits = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.chars().any(char::is_control);
            if !fits || !self.is_inside(&path) {
                return Err(refused());
            }
            let decoded = decode(&path);
            if decoded == path {
                return Ok(());
            }
            path = decoded;
        }
    }

    /// Where a browser arrives, after `..` and the like; a slash at the end makes no other place.
    fn is_inside(&self, path: &str) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut places: Vec<&str> = Vec::new();
        for place in path.split('/').skip(1) {
            match place {
                "." => {}
                ".." => {
                    places.pop();
                }
                _ => places.push(place),
            }
        }
        let arrived = format!("/{}", places.join("/"));
        let (path, base) = (arrived.trim_end_matches('/'), self.base_path.trim_end_matches('/'));
        let handlers = [
            self.login.as_ref().map(|(path, _)| path.as_str()),
            Some(self.callback.as_str()),
            self.logout.as_deref(),
            self.post_logout.as_ref().map(|(_, path)| path.as_str()),
            self.backchannel.as_deref(),
        ];
        let under = path == base || path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        // `//` at the front of what is left would be another host.
        under && !arrived.starts_with("//") && !handlers.into_iter().flatten().any(|handler| handler.trim_end_matches('/') == path)
    }
}

/// With its escapes undone, one by one, because a broken one must not end the looking.
fn decode(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| after.as_bytes().first() != Some(&b'+')) {
            Some(octet) => {
                out.push(char::from(octet));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A browser that fetches ahead asks for nothing: a code it spent would be gone when the person comes.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    let says = |name| header(headers, name).is_some_and(|text| text.to_ascii_lowercase().contains("prefetch"));
    says("sec-purpose") || says("purpose")
}

/// Whether a person looks at the answer, and not a script.
pub(crate) fn is_navigation(headers: &HeaderMap) -> bool {
    match header(headers, "sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => header(headers, "accept").is_some_and(|accept| accept.contains("text/html")),
    }
}
