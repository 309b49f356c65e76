//! A logout token: the server ends a session behind the person's back.
//!
//! OIDC Back-Channel Logout 1.0 sections 2.4 and 2.6; RFC 8417 for `events`.
//! Refuses id_tokens passed off as one (a nonce, no event), and tokens that name neither person nor session.

use crate::ground::error::{Phase, Result};
use crate::ground::json::Value;
use crate::protocol::id_token::IdTokenExpectation;
use crate::protocol::id_token::claims::{self, Terms, Typed, Unverified};

/// The event a logout token tells of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Reads a token and checks all of it but the signature. Of the expectation, the issuer, the client, the algorithms,
/// the trusted audiences and the skew count. Whether its `jti` was seen before is the caller's to remember.
///
/// # Errors
/// `jws_malformed`, `algorithm_refused`, `signature_invalid` (its length), `claim_refused`, `jwt_expired`.
///
/// ```
/// use samtykke::protocol::id_token::IdTokenExpectation;
/// use samtykke::protocol::id_token::logout_token::check;
/// let expectation = IdTokenExpectation::new("https://op.example", "client-1");
/// assert!(check("eyJhbGciOiJSUzI1NiJ9.e30.AAAA", &expectation, 1_700_000_000).is_err());
/// ```
pub fn check(token: &str, expectation: &IdTokenExpectation<'_>, now: u64) -> Result<Unverified> {
    let terms = Terms { endless: expectation.logout_token_without_exp, ..expectation.terms(now) };
    claims::check(token, "logout+jwt", &terms, &|found, _| event(found)).map_err(|error| error.at(Phase::Session).with_hint(HINT))
}

/// Nobody logs in here: what is wrong is the server's, or the client's settings.
const HINT: &str = "Answer 400 (Back-Channel Logout 1.0 section 2.4). Where the server sends no exp: logoutTokenWithoutExp.";

/// What is expected of the event and not so.
fn event(found: &Typed<'_>) -> Option<&'static str> {
    let given = |name| found.text(name).is_some_and(|text| !text.is_empty());
    let event = found.get("events").and_then(|events| events.get(EVENT));
    Some(if !given("jti") {
        "jti: a text"
    } else if !matches!(event, Some(Value::Object(_))) {
        "events: the back-channel logout, an object"
    } else if found.get("nonce").is_some() {
        "nonce: not in a logout token"
    } else if !given("sub") && !given("sid") {
        "sub or sid: a text"
    } else {
        return None;
    })
}
