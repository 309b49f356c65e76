//! A logout token: the server ends a session behind the person's back.
//!
//! OIDC Back-Channel Logout 1.0 sections 2.4 and 2.6; RFC 8417 for `events`.
//! Refuses id_tokens passed off as one (a nonce, no event), and tokens that name neither person nor session.

use crate::claims::{self, Unverified, refused, text};
use crate::error::Result;
use crate::id_token::IdTokenExpectation;
use crate::jose::jws::Compact;
use crate::json::Value;

/// The event a logout token tells of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Reads a token and checks all of it but the signature. Of the expectation, the issuer, the client, the algorithms,
/// the trusted audiences and the skew count. Whether its `jti` was seen before is the caller's to remember.
///
/// # Errors
/// `jws_malformed`, `algorithm_refused`, `signature_invalid` (its length), `claim_refused`, `jwt_expired`.
///
/// ```
/// use samtykke::{id_token::IdTokenExpectation, logout_token::check};
/// let expectation = IdTokenExpectation::new("https://op.example", "client-1");
/// assert!(check("eyJhbGciOiJSUzI1NiJ9.e30.AAAA", &expectation, 1_700_000_000).is_err());
/// ```
pub fn check(token: &str, expectation: &IdTokenExpectation, now: u64) -> Result<Unverified> {
    let token = Compact::parse(token)?;
    claims::media_type(token.typ(), "logout+jwt")?;
    let alg = token.algorithm(&expectation.algorithms)?;
    let json = claims::payload(token.payload())?;
    let found = claims::parse(json)?;
    claims::issuer(&found, &expectation.issuer)?;
    claims::audience(&found, &expectation.client_id, &expectation.trusted_audiences)?;
    claims::times(&found, now, expectation.skew, true)?;
    if text(&found, "jti")?.is_none_or(str::is_empty) {
        return Err(refused("jti: a text"));
    }
    let event = found.get("events").and_then(|events| events.get(EVENT));
    if !matches!(event, Some(Value::Object(_))) {
        return Err(refused("events: the back-channel logout, an object"));
    }
    if found.get("nonce").is_some() {
        return Err(refused("nonce: not in a logout token"));
    }
    let (subject, session) = (text(&found, "sub")?, text(&found, "sid")?);
    if subject.or(session).is_none_or(str::is_empty) {
        return Err(refused("sub or sid: a text"));
    }
    Ok(Unverified::new(&token, alg, json))
}
