//! Absolute URIs, as far as an OAuth client has to judge them (RFC 3986).
//!
//! Splits and checks, never normalises: what the caller registered is sent byte for byte.
//! Refuses white space, controls, non-ASCII, userinfo, an empty host, odd ports and hosts that are private addresses.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::lean::{LEAN, NPM};
use crate::ground::octet::{ADDRESS, AUTHORITY, URI, is_all};
use crate::ground::text::{Parts, cut, last, number, word};

/// The parts of an absolute URI, borrowed from its text.
#[derive(Clone, Copy)]
pub(crate) struct Uri<'a> {
    /// Scheme, host and port as written; empty without a host.
    pub origin: &'a str,
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
            return Some(Self { origin: "", scheme, host: None, port: None, path: rest, query, fragment });
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
        let origin = text.get(..scheme.len().wrapping_add(authority.len()).wrapping_add(3))?;
        (host_fits && port_fits).then_some(Self { origin, scheme, host: Some(host), port, path, query, fragment })
    }

    /// Whether the scheme is `name`, in any case.
    pub(crate) fn is_scheme(&self, name: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(name)
    }

    /// Whether the host is this machine: `localhost`, a name under it (RFC 6761 section 6.3), 127.0.0.0/8 or `[::1]` (RFC 8252
    /// section 7.3).
    pub(crate) fn is_loopback(&self) -> bool {
        self.host.is_some_and(is_loopback)
    }

    /// Whether this is https with a host, or http to a server that is taken in development.
    pub(crate) fn is_secure<'l>(&self, local: impl Into<Local<'l>>) -> bool {
        let local = local.into();
        self.host.is_some() && (self.is_scheme("https") || (self.is_scheme("http") && local.takes(self)))
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

/// Whether a host is this machine. What is no address although it looks like one is no host either, here or in a browser.
fn is_loopback(host: &str) -> bool {
    let is_digits = || host.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    last(host, b'.').eq_ignore_ascii_case("localhost") || host == "[::1]" || (host.starts_with("127.") && is_digits())
}

/// Whether a text is a web address to trust: https, or http to a server that is taken in development; no userinfo,
/// no fragment.
pub(crate) fn is_web<'l>(text: &str, local: impl Into<Local<'l>>) -> bool {
    let local = local.into();
    if LEAN {
        return is_plain_web(text, local.is_on());
    }
    Uri::parse(text).is_some_and(|uri| uri.is_secure(local) && uri.fragment.is_none())
}

/// As the other, for the browser entry: the browser itself refuses odd ports and hosts.
#[inline(never)]
fn is_plain_web(text: &str, local: bool) -> bool {
    let (scheme, rest) = cut(text, b':');
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("//")) else { return false };
    let authority = cut(rest, b'/').0;
    let host = cut(authority, b':').0;
    let own = || host == "localhost" || host == "127.0.0.1" || authority.starts_with("[::1]");
    let fits = scheme == "https" || (local && scheme == "http" && own());
    fits && is_all(authority, AUTHORITY) && is_all(text, ADDRESS)
}

/// Which servers beside public ones over https are taken, in development: none; those of this machine, by http too; and, beside
/// these, those at origins that are named, whatever the host.
///
/// ```
/// use samtykke::protocol::endpoint::{Development, is_endpoint};
/// let containers = Development::origins(["http://keycloak:8080"]);
/// assert!(is_endpoint("http://keycloak:8080/token", &containers));
/// assert!(is_endpoint("http://localhost:4400/token", &containers));
/// assert!(!is_endpoint("http://keycloak/token", &containers));
/// ```
// As a shell's marks have it: `d`, and behind it the origins, spaces between all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Development(Option<String>);

/// The mark for servers of this machine.
const ON: &str = "d";

impl Development {
    /// Servers of this machine, and those at these origins, such as `http://keycloak:8080`. What is no origin is refused where a
    /// client is made or a server looked for.
    pub fn origins<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Self {
        let mut list = String::from(ON);
        for origin in origins {
            list.push(' ');
            list.push_str(origin.as_ref());
        }
        Self(Some(list))
    }

    /// Whether any such server is taken.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }
}

impl From<bool> for Development {
    fn from(on: bool) -> Self {
        Self(on.then(|| ON.into()))
    }
}

impl From<Local<'_>> for Development {
    fn from(local: Local<'_>) -> Self {
        Self(local.0.map(String::from))
    }
}

/// A [`Development`], borrowed; also made of `true` or `false`, for the servers of this machine or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Local<'a>(Option<&'a str>);

impl From<bool> for Local<'_> {
    fn from(on: bool) -> Self {
        Self(on.then_some(ON))
    }
}

impl<'a> From<&'a Development> for Local<'a> {
    fn from(development: &'a Development) -> Self {
        Self(development.0.as_deref())
    }
}

impl<'a> Local<'a> {
    /// What a shell's marks say: `d` for servers of this machine, and behind it further origins, spaces between all.
    #[allow(dead_code, reason = "the npm package's shell alone has marks")]
    pub(crate) fn marked(marks: &'a str) -> Self {
        Self::of(cut(cut(marks, b' ').0, b'd').1.is_some(), marks)
    }

    /// The origins that stand in such marks, where the mark was found in them.
    pub(crate) fn of(on: bool, marks: &'a str) -> Self {
        // A page has no room for origins.
        Self(on.then_some(if LEAN { ON } else { marks }))
    }

    /// Whether any such server is taken.
    pub(crate) fn is_on(self) -> bool {
        self.0.is_some()
    }

    /// Whether this one is.
    pub(crate) fn takes(self, uri: &Uri<'_>) -> bool {
        self.0.is_some_and(|list| uri.is_loopback() || word(list, uri.origin.as_bytes()).is_some())
    }

    /// Refuses what is no origin.
    pub(crate) fn check(self) -> Result<()> {
        let is_origin = |text| Uri::parse(text).is_some_and(|uri| uri.origin == text && uri.is_secure(self));
        match self.0 {
            Some(list) if !Parts(Some(list), b' ').skip(1).all(is_origin) => {
                Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "development: origins such as http://keycloak:8080"))
            }
            _ => Ok(()),
        }
    }
}
