//! The one key of a set that verifies a token.
//!
//! RFC 7517 sections 4.2 to 4.5 and 5, OIDC Core section 10.1, FAPI 2.0 section 5.6.3.
//! Refuses a set of over 100 keys, no key or two that fit, and a fitting key that is weak, private or malformed.

use alloc::string::String;
use alloc::vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::uri::Uri;
use crate::jose::alg::Algorithm;
use crate::jose::jwk::Jwk;

/// More keys than any server publishes.
pub(crate) const MAX_KEYS: usize = 100;

/// Chooses the key for a token that names `kid` (or nothing) and is signed with `alg`.
///
/// Keys of another type, curve, algorithm, use or id are no candidates, whatever else is wrong with them.
///
/// # Errors
/// `jwks_malformed`; `key_not_found`, after which the set may be fetched again once; `key_ambiguous` when two fit;
/// `key_refused` when the one that fits may not be used.
///
/// ```
/// use samtykke::jose::{Algorithm, jwks::select};
/// let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let alg = Algorithm::named("EdDSA").unwrap();
/// assert_eq!(select(set, alg, Some("a"))?.kid(), Some("a"));
/// assert_eq!(select(set, alg, Some("b")).unwrap_err().code(), "key_not_found");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn select(jwks_json: &str, alg: &'static Algorithm, kid: Option<&str>) -> Result<Jwk> {
    let set = Value::parse(jwks_json);
    let Some(keys) = set.as_ref().and_then(|set| set.get("keys")).and_then(Value::as_array).filter(|keys| keys.len() <= MAX_KEYS) else {
        return Err(Error::new(&codes::JWKS_MALFORMED).expected("keys: an array of at most 100"));
    };
    let mut fitting = None;
    for key in keys {
        if is_candidate(key, alg, kid) && fitting.replace(key).is_some() {
            return Err(Error::wanted(&codes::KEY_AMBIGUOUS, "one key that fits the token"));
        }
    }
    let Some(key) = fitting else {
        return Err(Error::wanted(&codes::KEY_NOT_FOUND, "a key with the token's kid, for its algorithm and for signatures"));
    };
    let key = Jwk::from_value(key).map_err(|error| error.at(Phase::Token))?;
    // Nothing is left to differ; should a reader of keys ever be laxer than the choice, the choice holds.
    if key.fits(alg) { Ok(key) } else { Err(Error::new(&codes::KEY_NOT_FOUND)) }
}

/// By what a key says of itself, read before the key is.
pub(crate) fn is_candidate(key: &Value<'_>, alg: &Algorithm, kid: Option<&str>) -> bool {
    let text = |name| key.text(name);
    let absent_or = |name, wanted: &str| key.get(name).is_none_or(|value| value.as_str() == Some(wanted));
    let verifies =
        key.get("key_ops").and_then(Value::as_array).is_none_or(|names| names.iter().any(|name| name.as_str() == Some("verify")));
    kid.is_none_or(|kid| text("kid") == Some(kid))
        && text("kty") == Some(alg.kty)
        && text("crv").unwrap_or_default() == alg.crv
        && absent_or("alg", alg.name)
        && absent_or("use", "sig")
        && verifies
}

/// The request for a key set.
///
/// # Errors
/// `invalid_configuration` unless the address is https, of a public host, without fragment; `development` allows loopback.
pub fn request(jwks_uri: &str, development: bool) -> Result<Request> {
    let fits = Uri::parse(jwks_uri).is_some_and(|uri| {
        let local = development && uri.is_loopback();
        uri.is_secure(development) && uri.fragment.is_none() && (local || !crate::ground::address::is_private(&uri))
    });
    if !fits {
        return Err(Error::new(&codes::INVALID_CONFIGURATION)
            .at(Phase::Token)
            .expected("jwks_uri: an https URL of a public host, no fragment"));
    }
    let headers = vec![("accept", Secret::new("application/json, application/jwk-set+json"))];
    Ok(Request { method: "GET", url: jwks_uri.into(), headers, body: None, repeatable: true })
}

/// Judges the answer and gives the set's JSON text, to keep and to [`select`] from.
///
/// # Errors
/// `redirect_refused`, `http_status_unexpected`, `content_type_unexpected`, `jwks_malformed`.
pub fn judge(response: &Response) -> Result<String> {
    let fail = |kind| Error::new(kind).http(response);
    match response.status {
        200 => {}
        300..=399 => return Err(fail(&codes::REDIRECT_REFUSED)),
        _ => return Err(fail(&codes::HTTP_STATUS_UNEXPECTED)),
    }
    if !response.is_json() && !response.is_media("application/jwk-set+json") {
        return Err(fail(&codes::CONTENT_TYPE_UNEXPECTED).expected("application/json or application/jwk-set+json"));
    }
    let text = response.body.expose();
    let set = if text.len() > MAX_BODY { None } else { Value::parse(text) };
    let keys = set.as_ref().and_then(|set| set.get("keys")).and_then(Value::as_array);
    if keys.is_none_or(|keys| keys.len() > MAX_KEYS) {
        return Err(fail(&codes::JWKS_MALFORMED).expected("keys: an array of at most 100"));
    }
    Ok(text.into())
}
