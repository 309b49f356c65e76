//! The one key of a set for a token that names it by its certificate: `x5t`, the certificate's SHA-1.
//!
//! RFC 7515 section 4.1.7, RFC 7517 sections 4.7 and 4.8. SHA-1 is a name here: the signature proves what is to be proved.
//! Refuses names that contradict each other, two keys of one name, and a certificate that is not the key's or not the one named.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::jose::alg::Algorithm;
use crate::jose::der;
use crate::jose::jwk::Jwk;
use crate::jose::jwks::{self, is_candidate};

/// A key that was found, and its certificate in DER where the set has it: whose SHA-1 must yet be the `x5t`.
pub(crate) struct Found {
    pub(crate) key: Jwk,
    pub(crate) certificate: Option<Vec<u8>>,
}

/// The key for a token that names `kid`, `x5t`, both or neither.
pub(crate) fn find(jwks_json: &str, alg: &'static Algorithm, kid: Option<&str>, x5t: Option<&str>) -> Result<Found> {
    let Some(x5t) = x5t else { return Ok(Found { key: jwks::select(jwks_json, alg, kid)?, certificate: None }) };
    let set = Value::parse(jwks_json);
    let Some(keys) = jwks::keys(set.as_ref()) else { return Err(Error::new(&codes::JWKS_MALFORMED).expected(jwks::KEYS)) };
    // AD FS names its keys by their certificates, in `kid` as in `x5t`; another server may have the one or the other.
    let certified = |key: &Value<'_>| key.text("x5t").or(key.text("kid")) == Some(x5t);
    let named = |key: &Value<'_>| if kid.is_some() { key.text("kid") == kid } else { certified(key) };
    let Some(chosen) = jwks::only(keys, &|key| is_candidate(key, alg, None) && named(key))? else {
        return Err(Error::new_expected(&codes::KEY_NOT_FOUND, "a key with the token's kid or x5t, for its algorithm and for signatures"));
    };
    let another = keys.iter().any(|key| certified(key) && key != chosen && !jwks::is_same(chosen, key));
    if another || chosen.text("x5t").is_some_and(|own| own != x5t) {
        return Err(refusal("kid and x5t: names of one key"));
    }
    let key = Jwk::from_value(chosen).map_err(|error| error.at(Phase::Token))?;
    let chain = chosen.get("x5c").filter(|chain| chain.as_array() != Some(&[]));
    let certificate = chain.map(|chain| certificate(chain, &key)).transpose()?;
    if key.fits(alg) { Ok(Found { key, certificate }) } else { Err(Error::new(&codes::KEY_NOT_FOUND)) }
}

/// The first certificate of a chain, which must be the key's (RFC 7517 section 4.7).
fn certificate(chain: &Value<'_>, key: &Jwk) -> Result<Vec<u8>> {
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    pem.push_str(chain.as_array().and_then(|chain| chain.first()).and_then(Value::as_str).unwrap_or_default());
    pem.push_str("\n-----END CERTIFICATE-----");
    let own = der::certificates(&pem).ok().and_then(|found| found.into_iter().next());
    let own = own.filter(|der| der::certificate(der).is_ok_and(|of| of.required_json() == key.required_json()));
    own.ok_or_else(|| refusal("x5c: the certificate of this very key first"))
}

/// What is wrong with a key that a server published.
fn refusal(expected: &'static str) -> Error {
    Error::new(&codes::KEY_REFUSED).at(Phase::Token).expected(expected)
}

/// Chooses the key for a token that names `kid`, `x5t`, both or neither, and is signed with `alg`.
///
/// By `kid` where there is one, else by `x5t`: a key of the set has it as `x5t`, or, without that, as `kid`, as AD FS does. A
/// certificate in the set (`x5c`) must be the key's, and the one that `x5t` names.
///
/// # Errors
/// As [`jwks::select`]; `key_refused` also for names that contradict each other, and for another's certificate.
///
/// ```
/// use samtykke::jose::{Algorithm, certified::select};
/// let key = |x: &str| format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#);
/// let (one, two) = (key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), key("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"));
/// let set = format!(r#"{{"keys":[{{{one},"kid":"a"}},{{{two},"kid":"b","x5t":"hOBcHZi846VCHSJbFAs26Go9VTQ"}}]}}"#);
/// let alg = Algorithm::from_name("EdDSA").unwrap();
/// assert_eq!(select(&set, alg, None, Some("hOBcHZi846VCHSJbFAs26Go9VTQ"))?.kid(), Some("b"));
/// assert_eq!(select(&set, alg, None, None).unwrap_err().code(), "key_ambiguous");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn select(jwks_json: &str, alg: &'static Algorithm, kid: Option<&str>, x5t: Option<&str>) -> Result<Jwk> {
    use sha1::Digest;
    let Found { key, certificate } = find(jwks_json, alg, kid, x5t)?;
    let other = certificate.is_some_and(|der| Some(&*crate::ground::text::base64url(&sha1::Sha1::digest(der))) != x5t);
    if other { Err(refusal(OTHER)) } else { Ok(key) }
}

const OTHER: &str = "x5t: the SHA-1 of the key's certificate";
