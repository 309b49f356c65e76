//! An id_token: every claim checked, and nothing of it released before its signature is verified.
//!
//! OIDC Core sections 2, 3.1.3.6 to 3.1.3.8, 3.3.2.11 and 12.2; RFC 8725; policy of the project where these leave room.
//! Refuses other issuers and audiences, stale or replayed tokens, logout and access tokens passed off as one.

pub mod claims;
pub mod logout_token;
pub mod rules;

use alloc::string::String;

use crate::ground::error::Result;
use crate::ground::json::Value;
use crate::ground::lean::NPM;
use crate::ground::sha256;
use crate::ground::text::{base64url, cut, equal};
use crate::jose::alg::{Algorithm, RS256};
use crate::protocol::id_token::claims::{Claims, NONCE, Terms, Typed, Unverified, clock};

/// What a client gets that registers no algorithm (OIDC Registration section 2).
static DEFAULT_ALGORITHMS: &[&Algorithm] = &[&RS256];

/// What a token must say.
#[derive(Clone, Copy)]
pub struct IdTokenExpectation<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// This client.
    pub client_id: &'a str,
    /// The algorithms it may be signed with: those registered with the server; RS256 unless changed (OIDC Registration section 2).
    pub algorithms: &'a [&'static Algorithm],
    /// Other audiences that may stand beside the client.
    pub trusted_audiences: &'a [&'a str],
    /// The nonce that was sent; `None` when none was, and then none may come back.
    pub nonce: Option<&'a str>,
    /// `max_age` that was sent, in seconds: `auth_time` must then be there and be as fresh.
    pub max_age: Option<u32>,
    /// The `acr` values, spaces between them, of which one is demanded; empty when none is.
    pub acr_values: &'a str,
    /// The access token that came along, for `at_hash`.
    pub access_token: Option<&'a str>,
    /// The code it was exchanged for, for `c_hash`.
    pub code: Option<&'a str>,
    /// The `state` that was sent, for `s_hash`.
    pub state: Option<&'a str>,
    /// Seconds by which the clocks may differ; at most 60.
    pub skew: u32,
    /// The claims of the login, when this token came with a refresh.
    pub refresh_of: Option<&'a Claims>,
    /// Whether `auth_time` may be an RFC 3339 text, as AD FS may write it, and not only a number (OIDC Core section 2).
    pub auth_time_text: bool,
    /// Whether access token, code and state are the halves that such a claim holds already, for a token whose hash is not SHA-256:
    /// made by a shell that has the hash where the core has not.
    pub hashes_given: bool,
    /// Whether a logout token may lack `exp`, which some servers leave out and Back-Channel Logout 1.0 section 2.4 demands: it must
    /// then have been issued within the last two minutes.
    pub logout_token_without_exp: bool,
    /// Claims, spaces between them, and the text that one of them must be: what the request asked for and the provider repeats.
    pub echoed: Option<(&'a str, &'a str)>,
}

impl<'a> IdTokenExpectation<'a> {
    /// The usual: RS256, no nonce, ten seconds of skew.
    pub fn new(issuer: &'a str, client_id: &'a str) -> Self {
        Self {
            issuer,
            client_id,
            algorithms: DEFAULT_ALGORITHMS,
            trusted_audiences: &[],
            nonce: None,
            max_age: None,
            acr_values: "",
            access_token: None,
            code: None,
            state: None,
            skew: claims::DEFAULT_SKEW,
            refresh_of: None,
            auth_time_text: false,
            hashes_given: false,
            logout_token_without_exp: false,
            echoed: None,
        }
    }

    /// What a token of any kind from this server is judged by.
    pub(crate) fn terms(&self, now: u64) -> Terms<'a> {
        let Self { issuer, client_id, algorithms, trusted_audiences, skew, auth_time_text, .. } = *self;
        Terms { issuer, client_id, trusted_audiences, algorithms, now, skew, dated: true, auth_time_text, endless: false }
    }
}

impl core::fmt::Debug for IdTokenExpectation<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IdTokenExpectation").field("issuer", &self.issuer).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Reads a token and checks all of it but the signature.
///
/// # Errors
/// `jws_malformed`, `algorithm_refused`, `signature_invalid` (its length), `claim_refused`, `jwt_expired`, `nonce_mismatch`.
///
/// ```
/// use samtykke::protocol::id_token::{IdTokenExpectation, check};
/// let expectation = IdTokenExpectation::new("https://op.example", "client-1");
/// let token = "eyJhbGciOiJub25lIn0.e30.AAAA"; // {"alg":"none"}
/// assert_eq!(check(token, &expectation, 1_700_000_000).unwrap_err().code(), "algorithm_refused");
/// ```
pub fn check(token: &str, expectation: &IdTokenExpectation<'_>, now: u64) -> Result<Unverified> {
    let before = expectation.refresh_of.map(|before| Typed::read(before.json(), true)).transpose()?;
    claims::check(token, "JWT", &expectation.terms(now), &|found, alg| {
        login(found, before.as_ref(), expectation, now)
            .or_else(|| hashes(found, expectation, alg))
            .or_else(|| refresh(found, before.as_ref()?))
    })
}

/// Who was authenticated, when and how, for whom and for which login: what is expected and not so.
fn login(found: &Typed<'_>, before: Option<&Typed<'_>>, expected: &IdTokenExpectation<'_>, now: u64) -> Option<&'static str> {
    let (now, skew) = clock(now, expected.skew);
    let azp = found.text("azp");
    let authenticated = found.seconds("auth_time");
    // Absent counts as less than any time; without `max_age` there is no time to be less than.
    let earliest = expected.max_age.map(|age| now.saturating_sub(i64::from(age)).saturating_sub(skew));
    // Where no nonce is named for a refresh, the login's own; on a refresh it may be left out (OIDC Core section 12.2).
    let nonce_fits = match (found.text("nonce"), expected.nonce.or_else(|| before?.text("nonce"))) {
        (Some(found), Some(sent)) => equal(found, sent),
        (found, sent) => found.is_none() && (sent.is_none() || before.is_some()),
    };
    Some(if azp.map_or(found.audiences().len() > 1, |azp| azp != expected.client_id) {
        "azp: this client, where it is there or there are several audiences"
    } else if !found.text("sub").is_some_and(|sub| (1..=255).contains(&sub.len()) && sub.is_ascii()) {
        "sub: 1 to 255 characters of ASCII"
    } else if found.get("events").is_some() {
        "events: not in an id_token"
    } else if !nonce_fits {
        NONCE
    } else if authenticated > Some(now.saturating_add(skew)) {
        "auth_time: not in the future"
    } else if authenticated < earliest {
        "auth_time: within max_age"
    } else if !expected.acr_values.is_empty() && !found.text("acr").is_some_and(|acr| contains(expected.acr_values, acr)) {
        "acr: one of those demanded"
    } else if expected.echoed.is_some_and(|(claims, sent)| !claims.split(' ').any(|name| found.text(name) == Some(sent))) {
        "the claim that repeats what the request asked for"
    } else {
        return None;
    })
}

/// Whether a value stands in a list with spaces between.
fn contains(list: &str, value: &str) -> bool {
    let mut rest = Some(list);
    while let Some(left) = rest {
        let (piece, after) = cut(left, b' ');
        if piece == value {
            return true;
        }
        rest = after;
    }
    false
}

/// The left half of a value's digest, where the claim is there and the value is known (OIDC Core section 3.1.3.6).
fn hashes(found: &Typed<'_>, expected: &IdTokenExpectation<'_>, alg: &Algorithm) -> Option<&'static str> {
    let rows = [
        ("at_hash", expected.access_token, "at_hash: that of the access token"),
        ("c_hash", expected.code, "c_hash: that of the code"),
        ("s_hash", expected.state, "s_hash: that of the state"),
    ];
    for (name, value, fault) in rows {
        if let (Some(hash), Some(value)) = (found.text(name), value)
            && !equal(hash, half(alg, value, expected.hashes_given))
        {
            return Some(fault);
        }
    }
    None
}

/// The left half of a value's digest; the value itself where the shell has made that already.
fn half(alg: &Algorithm, value: &str, given: bool) -> String {
    if (NPM || given) && alg.hash.octets() > 32 {
        return value.into();
    }
    if NPM {
        return base64url(sha256::digest(value.as_bytes()).get(..16).unwrap_or_default());
    }
    let digest = alg.hash.digest(value.as_bytes());
    base64url(digest.get(..alg.hash.octets() / 2).unwrap_or_default())
}

/// The same person at the same server (OIDC Core section 12.2).
fn refresh(found: &Typed<'_>, before: &Typed<'_>) -> Option<&'static str> {
    let changed = |name| found.text(name) != before.text(name);
    let moved = |name| found.get(name).is_some() && before.get(name).is_some() && changed(name);
    let still_for = |then: &Value<'_>| found.audiences().iter().any(|now| now.as_str() == then.as_str());
    let (then, now) = (before.seconds("auth_time"), found.seconds("auth_time"));
    Some(if changed("iss") || changed("sub") {
        "iss and sub: as in the login"
    } else if !before.audiences().iter().all(still_for) {
        "aud: all of the login's"
    } else if found.seconds("iat") < before.seconds("iat") {
        "iat: not before the login's"
    } else if moved("azp") || (then.is_some() && now.is_some() && then != now) {
        "azp and auth_time: as in the login"
    } else {
        return None;
    })
}
