//! The one key of a set that verifies a token.
//!
//! RFC 7517 sections 4.2 to 4.5 and 5, OIDC Core section 10.1, FAPI 2.0 section 5.6.3.
//! Refuses a set of over 100 keys or with one that is not public, no key or two that fit, and a fitting key that is weak or malformed.

use alloc::string::String;
use alloc::vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::uri::{Local, Uri};
use crate::jose::alg::Algorithm;
use crate::jose::jwk::{Jwk, is_private};

/// More keys than any server publishes.
const MAX_KEYS: usize = 100;

/// The keys of a set: at most 100 objects, none of them private or symmetric. Who publishes a secret has lost it, so none of the
/// others can be trusted either.
pub(crate) fn keys<'v, 'a>(set: Option<&'v Value<'a>>) -> Option<&'v [Value<'a>]> {
    let keys = set?.get("keys")?.as_array()?;
    let public = |key: &Value<'_>| matches!(key, Value::Object(_)) && key.text("kty") != Some("oct") && !is_private(key);
    (keys.len() <= MAX_KEYS && keys.iter().all(public)).then_some(keys)
}

/// What a key set must be.
pub(crate) const KEYS: &str = "keys: an array of at most 100 public keys";

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
/// let alg = Algorithm::from_name("EdDSA").unwrap();
/// assert_eq!(select(set, alg, Some("a"))?.kid(), Some("a"));
/// assert_eq!(select(set, alg, Some("b")).unwrap_err().code(), "key_not_found");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn select(jwks_json: &str, alg: &'static Algorithm, kid: Option<&str>) -> Result<Jwk> {
    let set = Value::parse(jwks_json);
    let Some(keys) = keys(set.as_ref()) else { return Err(Error::new(&codes::JWKS_MALFORMED).expected(KEYS)) };
    let Some(key) = only(keys, &|key| is_candidate(key, alg, kid))? else {
        return Err(Error::new_expected(&codes::KEY_NOT_FOUND, "a key with the token's kid, for its algorithm and for signatures"));
    };
    let key = Jwk::from_value(key).map_err(|error| error.at(Phase::Token))?;
    // Nothing is left to differ; should a reader of keys ever be laxer than the choice, the choice holds.
    if key.fits(alg) { Ok(key) } else { Err(Error::new(&codes::KEY_NOT_FOUND)) }
}

/// The one key that fits; one key that stands in the set twice counts once (RFC 7638).
pub(crate) fn only<'v, 'a>(keys: &'v [Value<'a>], fits: &dyn Fn(&Value<'a>) -> bool) -> Result<Option<&'v Value<'a>>> {
    let mut found: Option<&Value<'a>> = None;
    for key in keys {
        if fits(key) {
            match found {
                Some(first) if !is_same(first, key) => {
                    return Err(Error::new_expected(&codes::KEY_AMBIGUOUS, "one key that fits the token"));
                }
                Some(_) => {}
                None => found = Some(key),
            }
        }
    }
    Ok(found)
}

/// Whether two entries are one key, whatever else they say (RFC 7638 section 3).
pub(crate) fn is_same(one: &Value<'_>, two: &Value<'_>) -> bool {
    let required = |key| Jwk::from_value(key).map(|key| key.required_json()).ok();
    required(one).is_some_and(|one| required(two) == Some(one))
}

/// By what a key says of itself, read before the key is.
pub(crate) fn is_candidate(key: &Value<'_>, alg: &Algorithm, kid: Option<&str>) -> bool {
    let text = |name| key.text(name);
    let absent_or = |name, fits: &dyn Fn(&str) -> bool| key.get(name).is_none_or(|value| value.as_str().is_some_and(fits));
    let names = key.get("key_ops").and_then(Value::as_array).unwrap_or_default();
    let verifies = names.is_empty() || names.iter().any(|name| name.as_str() == Some("verify"));
    kid.is_none_or(|kid| text("kid") == Some(kid))
        && text("kty") == Some(alg.kty)
        && text("crv").unwrap_or_default() == alg.crv
        && absent_or("alg", &|name| name.is_empty() || name == alg.kty || alg.is(name))
        && absent_or("use", &|name| name.is_empty() || name == "sig")
        && verifies
}

/// The request for a key set.
///
/// # Errors
/// `invalid_configuration` unless the address is https, of a public host, without fragment; `development` allows loopback.
pub fn request<'l>(jwks_uri: &str, development: impl Into<Local<'l>>) -> Result<Request> {
    let local = development.into();
    let fits = Uri::parse(jwks_uri).is_some_and(|uri| {
        uri.is_secure(local) && uri.fragment.is_none() && (local.takes(&uri) || !crate::ground::address::is_private(&uri))
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
        _ if response.is_redirect() => return Err(fail(&codes::REDIRECT_REFUSED)),
        _ => return Err(fail(&codes::HTTP_STATUS_UNEXPECTED)),
    }
    if !response.is_json() && !response.is_media("application/jwk-set+json") {
        return Err(fail(&codes::CONTENT_TYPE_UNEXPECTED).expected("application/json or application/jwk-set+json"));
    }
    let text = response.body.expose();
    let set = if text.len() > MAX_BODY { None } else { Value::parse(text) };
    if keys(set.as_ref()).is_none() {
        return Err(fail(&codes::JWKS_MALFORMED).expected(KEYS));
    }
    Ok(text.into())
}
