//! The grammar of what travels: client ids, scopes, codes, errors and redirect URIs.
//!
//! RFC 6749 appendix A, RFC 8252 section 7.1.
//! Refuses what no sender may write, and a redirect URI that holds parameters of the answer.

use crate::ground::error::{Error, Result, codes};
use crate::ground::lean::LEAN;
use crate::ground::octet::{ADDRESS, AUTHORITY, NQCHAR, NQSCHAR, UNRESERVED, VSCHAR, is_all, run};
use crate::ground::text::{Parts, cut, form_octets, pairs, word};
use crate::ground::uri::{Uri, is_web};

/// The parameters an authorization response may carry, and those that must not be in one. Each at most once.
pub(crate) const RESPONSE_PARAMETERS: &str = "state iss code error error_description error_uri scope response access_token id_token token";

/// Whether a text is ASCII without controls, spaces included, and not empty (RFC 6749 appendix A): an id, a secret, a code, a token.
pub(crate) fn is_vschar(text: &str) -> bool {
    is_all(text, VSCHAR)
}

/// Whether a token can stand in an `Authorization` header: token68 (RFC 6750 section 2.1, RFC 9110 section 11.2).
pub(crate) fn is_token68(token: &str) -> bool {
    let (digits, end) = cut(token, b'=');
    let padded = end.unwrap_or_default().bytes().all(|octet| octet == b'=');
    padded && !digits.is_empty() && digits.bytes().all(|octet| matches!(octet, b'+' | b'/') || run(&[octet], UNRESERVED) == 1)
}

/// A code is visible ASCII; a space inside is legal (RFC 6749 appendix A.11).
pub(crate) fn is_code(code: &[u8]) -> bool {
    is_all(code, VSCHAR)
}

/// `error` is NQSCHAR, not empty (RFC 6749 appendix A.7); 256 characters are plenty.
pub(crate) fn is_error_code(error: impl AsRef<[u8]>) -> bool {
    let error = error.as_ref();
    error.len() <= 256 && is_all(error, NQSCHAR)
}

/// Scope tokens of NQCHAR, single spaces between them (RFC 6749 section 3.3 and appendix A.4).
pub(crate) fn is_scope(scope: &[u8]) -> bool {
    let mut rest = scope;
    loop {
        let token = run(rest, NQCHAR);
        match rest.get(token..) {
            Some([]) => return token > 0 || scope.is_empty(),
            Some([b' ', after @ ..]) if token > 0 => rest = after,
            _ => return false,
        }
    }
}

pub(crate) fn check_scope(scope: &str) -> Result<()> {
    if is_scope(scope.as_bytes()) {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_SCOPE).expected("scope: visible ASCII, single spaces"))
}

/// Path segments that mean this one and the one above, in all spellings (WHATWG URL section 4.1).
const DOTS: &str = ". .. %2e %2E .%2e .%2E %2e. %2E. %2e%2e %2e%2E %2E%2e %2E%2E";

/// Whether a `redirect_uri` may be used: https; http for `localhost` and loopback literals; or a private-use scheme
/// named after a domain (RFC 8252 section 7.1). No fragment, no userinfo, and no response parameter in its query.
///
/// ```
/// use samtykke::protocol::syntax::is_redirect_uri;
/// assert!(is_redirect_uri("https://rp.example/cb"));
/// assert!(is_redirect_uri("http://127.0.0.1:51004/cb"));
/// assert!(is_redirect_uri("com.example.app:/cb"));
/// assert!(is_redirect_uri("app.x:///cb"));
/// assert!(!is_redirect_uri("http://rp.example/cb"));
/// assert!(!is_redirect_uri("javascript:alert(1)"));
/// ```
pub fn is_redirect_uri(text: &str) -> bool {
    if LEAN {
        // The dot of a domain: no scheme that a browser runs has one.
        let (scheme, rest) = cut(text, b':');
        let named = rest.is_some() && cut(scheme, b'.').1.is_some();
        return is_web(text, true) || (named && is_all(scheme, AUTHORITY) && is_all(text, ADDRESS));
    }
    // A private-use scheme may have an empty authority, as the platforms write it: `app.x:///cb` is `app.x:/cb` (RFC 8252 section 7.1).
    let (scheme, rest) = cut(text, b':');
    let rest = rest.and_then(|rest| rest.strip_prefix("//")).filter(|rest| rest.starts_with('/') && scheme.contains('.'));
    let plain = rest.map(|rest| [scheme, ":", rest].concat());
    let Some(uri) = Uri::parse(plain.as_deref().unwrap_or(text)) else { return false };
    let private_use = uri.scheme.bytes().any(|octet| octet == b'.') && (!uri.path.is_empty() || uri.host.is_some());
    // A browser resolves these, so that what comes back stands at another path than the one that was registered.
    let dotted = Parts(Some(uri.path), b'/').any(|part| word(DOTS, part.as_bytes()).is_some());
    let query_fits = !names_any(uri.query, RESPONSE_PARAMETERS);
    uri.fragment.is_none() && query_fits && !dotted && (uri.is_secure(true) || private_use)
}

/// Whether a query holds one of these names, or one that cannot be read.
#[inline(never)]
pub(crate) fn names_any(query: Option<&str>, names: &str) -> bool {
    // In a page such a query does no harm: the answer is refused for the doubled parameter.
    !LEAN && pairs(query.unwrap_or_default()).any(|(name, _)| form_octets(name).is_none_or(|name| word(names, &name).is_some()))
}
