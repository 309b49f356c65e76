//! An id_token: every claim checked, and nothing of it released before its signature is verified.
//!
//! OIDC Core sections 2, 3.1.3.6 to 3.1.3.8, 3.3.2.11 and 12.2; RFC 8725; policy of the project where these leave room.
//! Refuses other issuers and audiences, stale or replayed tokens, logout and access tokens passed off as one.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::claims::{self, Claims, Unverified, refused, seconds, text};
use crate::encoding::{base64url, equal};
use crate::error::{Error, Result, codes};
use crate::jose::alg::Algorithm;
use crate::jose::jws::Compact;
use crate::json::Value;
use crate::secret::Secret;

/// What a token must say.
#[derive(Clone)]
pub struct IdTokenExpectation {
    /// The issuer, byte for byte.
    pub issuer: String,
    /// This client.
    pub client_id: String,
    /// The algorithms it may be signed with: those registered with the server; RS256 unless changed (OIDC Registration section 2).
    pub algorithms: Vec<&'static Algorithm>,
    /// Other audiences that may stand beside the client.
    pub trusted_audiences: Vec<String>,
    /// The nonce that was sent; `None` when none was, and then none may come back.
    pub nonce: Option<String>,
    /// `max_age` that was sent, in seconds: `auth_time` must then be there and be as fresh.
    pub max_age: Option<u32>,
    /// The `acr` values of which one is demanded; empty when none is.
    pub acr: Vec<String>,
    /// The access token that came along, for `at_hash`.
    pub access_token: Option<Secret>,
    /// The code it was exchanged for, for `c_hash`.
    pub code: Option<Secret>,
    /// The `state` that was sent, for `s_hash`.
    pub state: Option<String>,
    /// Seconds by which the clocks may differ; at most 60.
    pub skew: u32,
    /// The claims of the login, when this token came with a refresh.
    pub refresh_of: Option<Claims>,
}

impl IdTokenExpectation {
    /// The usual: RS256, no nonce, ten seconds of skew.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            algorithms: Algorithm::named("RS256").map_or_else(Vec::new, |alg| vec![alg]),
            trusted_audiences: Vec::new(),
            nonce: None,
            max_age: None,
            acr: Vec::new(),
            access_token: None,
            code: None,
            state: None,
            skew: claims::DEFAULT_SKEW,
            refresh_of: None,
        }
    }
}

impl core::fmt::Debug for IdTokenExpectation {
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
/// use samtykke::id_token::{IdTokenExpectation, check};
/// let expectation = IdTokenExpectation::new("https://op.example", "client-1");
/// let token = "eyJhbGciOiJub25lIn0.e30.AAAA"; // {"alg":"none"}
/// assert_eq!(check(token, &expectation, 1_700_000_000).unwrap_err().code(), "algorithm_refused");
/// ```
pub fn check(token: &str, expectation: &IdTokenExpectation, now: u64) -> Result<Unverified> {
    let token = Compact::parse(token)?;
    claims::media_type(token.typ(), "JWT")?;
    let alg = token.algorithm(&expectation.algorithms)?;
    let json = claims::payload(token.payload())?;
    check_claims(&claims::parse(json)?, alg, expectation, now)?;
    Ok(Unverified::new(&token, alg, json))
}

fn check_claims(found: &Value<'_>, alg: &Algorithm, expected: &IdTokenExpectation, now: u64) -> Result<()> {
    claims::issuer(found, &expected.issuer)?;
    let audiences = claims::audience(found, &expected.client_id, &expected.trusted_audiences)?;
    match text(found, "azp")? {
        Some(azp) if azp != expected.client_id => return Err(claims::wrong("azp", &expected.client_id, Some(azp))),
        None if audiences > 1 => return Err(refused("azp: this client, where there are several audiences")),
        _ => {}
    }
    claims::times(found, now, expected.skew, true)?;
    let subject = text(found, "sub")?.filter(|sub| (1..=255).contains(&sub.len()) && sub.is_ascii());
    if subject.is_none() {
        return Err(refused("sub: 1 to 255 characters of ASCII"));
    }
    if found.get("events").is_some() {
        return Err(refused("events: not in an id_token"));
    }
    check_nonce(found, expected)?;
    check_authentication(found, expected, now)?;
    check_hash(found, "at_hash", expected.access_token.as_ref().map(Secret::expose), alg)?;
    check_hash(found, "c_hash", expected.code.as_ref().map(Secret::expose), alg)?;
    check_hash(found, "s_hash", expected.state.as_deref(), alg)?;
    match &expected.refresh_of {
        Some(before) => check_refresh(found, &claims::parse(before.json())?),
        None => Ok(()),
    }
}

/// The nonce that was sent; on a refresh it may be absent, but not another (OIDC Core section 12.2).
fn check_nonce(found: &Value<'_>, expected: &IdTokenExpectation) -> Result<()> {
    let fits = match (text(found, "nonce")?, &expected.nonce) {
        (Some(found), Some(sent)) => equal(found, sent),
        (None, None) => true,
        (None, Some(_)) => expected.refresh_of.is_some(),
        // Without the nonce that was sent, the one of the login is what it is compared with.
        (Some(found), None) => match &expected.refresh_of {
            Some(before) => before.text("nonce").is_some_and(|before| equal(found, &before)),
            None => false,
        },
    };
    if fits { Ok(()) } else { Err(Error::new(&codes::NONCE_MISMATCH).expected("nonce: the one that was sent, or none")) }
}

/// When and how the person was authenticated.
fn check_authentication(found: &Value<'_>, expected: &IdTokenExpectation, now: u64) -> Result<()> {
    let skew = i64::from(expected.skew);
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let authenticated = seconds(found, "auth_time")?;
    if authenticated.is_some_and(|time| time > now.saturating_add(skew)) {
        return Err(refused("auth_time: not in the future"));
    }
    if let Some(age) = expected.max_age {
        let earliest = now.saturating_sub(i64::from(age)).saturating_sub(skew);
        if authenticated.is_none_or(|time| time < earliest) {
            return Err(refused("auth_time: within max_age"));
        }
    }
    let is_texts = |methods: &[Value<'_>]| methods.iter().all(|method| method.as_str().is_some());
    if found.get("amr").is_some_and(|amr| !amr.as_array().is_some_and(is_texts)) {
        return Err(refused("amr: an array of texts"));
    }
    let acr = text(found, "acr")?;
    if !expected.acr.is_empty() && !acr.is_some_and(|acr| expected.acr.iter().any(|wanted| wanted == acr)) {
        return Err(refused("acr: one of those demanded"));
    }
    Ok(())
}

/// The left half of a value's digest, where the claim is there and the value is known (OIDC Core section 3.1.3.6).
fn check_hash(found: &Value<'_>, name: &'static str, value: Option<&str>, alg: &Algorithm) -> Result<()> {
    let (Some(hash), Some(value)) = (text(found, name)?, value) else { return Ok(()) };
    let digest = alg.hash.digest(value.as_bytes());
    let half = digest.get(..alg.hash.octets() / 2).unwrap_or_default();
    if equal(hash, &base64url(half)) {
        return Ok(());
    }
    Err(refused(match name {
        "at_hash" => "at_hash: that of the access token",
        "c_hash" => "c_hash: that of the code",
        _ => "s_hash: that of the state",
    }))
}

/// The same person at the same server (OIDC Core section 12.2).
fn check_refresh(found: &Value<'_>, before: &Value<'_>) -> Result<()> {
    for (name, expected) in [("iss", "iss: as in the login"), ("sub", "sub: as in the login")] {
        if text(found, name)? != text(before, name)? {
            return Err(refused(expected));
        }
    }
    let names = |claims: &Value<'_>| match claims.get("aud") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(String::from).collect(),
        Some(Value::String(name)) => vec![String::from(&**name)],
        _ => Vec::new(),
    };
    let audiences = names(found);
    if names(before).iter().any(|name| !audiences.contains(name)) {
        return Err(refused("aud: all of the login's"));
    }
    if seconds(before, "iat")?.is_some_and(|before| seconds(found, "iat").is_ok_and(|now| now.is_some_and(|now| now < before))) {
        return Err(refused("iat: not before the login's"));
    }
    for (name, expected) in [("auth_time", "auth_time: as in the login"), ("azp", "azp: as in the login")] {
        let (now, then) = (found.get(name), before.get(name));
        if now.is_some() && then.is_some() && now != then {
            return Err(refused(expected));
        }
    }
    Ok(())
}
