//! Absolute URIs, as far as an OAuth client has to judge them (RFC 3986).
//!
//! Splits and checks, never normalises: what the caller registered is sent byte for byte.
//! Refuses white space, controls, non-ASCII, userinfo, an empty host, odd ports and hosts that are private addresses.

use crate::ground::lean::{LEAN, NPM};
use crate::ground::octet::{ADDRESS, AUTHORITY, URI, is_all};
use crate::ground::text::{Parts, cut, number};

/// The parts of an absolute URI, borrowed from its text.
#[derive(Clone, Copy)]
pub(crate) struct Uri<'a> {
    /// Before the colon, as written.
    pub scheme: &'a str,
    /// Host without port and userinfo; IPv6 with its brackets; `None` for a scheme without `//`.
    pub host: Option<&'a str>,
    /// Port digits, when given.
    pub port: Option<&'a str>,
    /// Path, possibly empty.
    pub path: &'a str,
    /// After `?`, when there is one.
    pub query: Option<&'a str>,
    /// After `#`, when there is one.
    pub fragment: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Splits `text`; `None` when it is not an absolute URI or carries userinfo.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if !is_all(text, URI) {
            return None;
        }
        let (scheme, rest) = cut(text, b':');
        let rest = rest?;
        let mut letters = scheme.bytes();
        if !letters.next()?.is_ascii_alphabetic() || !letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.')) {
            return None;
        }
        let (rest, fragment) = cut(rest, b'#');
        let (rest, query) = cut(rest, b'?');
        let Some(hierarchy) = rest.strip_prefix("//") else {
            return Some(Self { scheme, host: None, port: None, path: rest, query, fragment });
        };
        let (authority, _) = cut(hierarchy, b'/');
        let path = hierarchy.get(authority.len()..)?;
        // The colons of an IPv6 address stand in brackets.
        let (bracket, after) = cut(authority, b']');
        let (host, port, host_fits) = match after {
            Some(after) => {
                let host = authority.get(..bracket.len().wrapping_add(1))?;
                let digits = bracket.strip_prefix('[')?;
                let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
                (host, port, crate::ground::ip::ipv6(digits).is_some())
            }
            None => {
                let (host, port) = cut(authority, b':');
                // No `@` among these: userinfo cannot hide in a host.
                // The package's shell has the host's own reader of URLs for this.
                (host, port, is_name(host) && (NPM || crate::ground::ip::is_host(host)))
            }
        };
        let host_fits = host_fits && !host.is_empty();
        let port_fits = port.is_none_or(|digits| digits.len() <= 5 && number(digits).is_some_and(|port| port <= 65535));
        (host_fits && port_fits).then_some(Self { scheme, host: Some(host), port, path, query, fragment })
    }

    /// Whether the scheme is `name`, in any case.
    pub(crate) fn is_scheme(&self, name: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(name)
    }

    /// Whether the host is `localhost` or a loopback literal, `127.0.0.1` or `[::1]` (RFC 8252 section 7.3).
    pub(crate) fn is_loopback(&self) -> bool {
        self.host.is_some_and(|host| host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]")
    }

    /// Whether this is https with a host, or http to loopback when `loopback` allows it.
    pub(crate) fn is_secure(&self, loopback: bool) -> bool {
        self.host.is_some() && (self.is_scheme("https") || (loopback && self.is_scheme("http") && self.is_loopback()))
    }

    /// Whether both have the same scheme, host and port (RFC 6454), default ports counted as given.
    pub(crate) fn same_origin(&self, other: &Uri<'_>) -> bool {
        let same_host = match (self.host, other.host) {
            (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
            (None, None) => true,
            _ => false,
        };
        same_host && self.is_scheme(other.scheme) && self.effective_port() == other.effective_port()
    }

    fn effective_port(&self) -> Option<&'a str> {
        match self.port {
            Some(digits) => Some(digits),
            None if self.is_scheme("https") => Some("443"),
            None if self.is_scheme("http") => Some("80"),
            None => None,
        }
    }
}

/// Letters, digits and marks of a host's name; what a browser would have to decode (`xn--`) must hold something.
fn is_name(host: &str) -> bool {
    let fits = |label: &str| {
        !matches!(label.as_bytes(), [b'x' | b'X', b'n' | b'N', b'-', b'-'] | [b'x' | b'X', b'n' | b'N', b'-', b'-', .., b'-'])
    };
    host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_')) && Parts(Some(host), b'.').all(fits)
}

/// Whether a text is a web address to trust: https, or http to loopback when `loopback` allows it; no userinfo,
/// no fragment.
pub(crate) fn is_web(text: &str, loopback: bool) -> bool {
    if LEAN {
        return is_plain_web(text, loopback);
    }
    Uri::parse(text).is_some_and(|uri| uri.is_secure(loopback) && uri.fragment.is_none())
}

/// As the other, for the browser entry: the browser itself refuses odd ports and hosts.
#[inline(never)]
fn is_plain_web(text: &str, loopback: bool) -> bool {
    let (scheme, rest) = cut(text, b':');
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("//")) else { return false };
    let authority = cut(rest, b'/').0;
    let host = cut(authority, b':').0;
    let local = || host == "localhost" || host == "127.0.0.1" || authority.starts_with("[::1]");
    let fits = scheme == "https" || (loopback && scheme == "http" && local());
    fits && is_all(authority, AUTHORITY) && is_all(text, ADDRESS)
}
