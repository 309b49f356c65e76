//! Claims of a token that came from a server, and the checks that all such tokens share.
//!
//! RFC 7519 sections 4.1 and 7.2, RFC 8725 sections 3.8 to 3.11; used by id_tokens, logout tokens and signed answers.
//! Refuses a claim of the wrong type as loudly as a wrong one: a malformed `exp` never counts as absent.

use alloc::string::String;
use alloc::vec::Vec;

use crate::callback::shown;
use crate::error::{Error, Result, codes};
use crate::jose::alg::Algorithm;
use crate::jose::jwk::Jwk;
use crate::jose::jws::Compact;
use crate::jose::key::Verifier;
use crate::json::Value;

/// Seconds by which two clocks may differ, unless the caller says otherwise.
pub const DEFAULT_SKEW: u32 = 10;
/// Seconds by which a caller may let them differ.
pub const MAX_SKEW: u32 = 60;
/// No token is valid for fifty years; a time in milliseconds is taken for one that is.
const MAX_LIFETIME: i64 = 1_577_880_000;
/// A token older than a day was not made for this login.
const MAX_AGE: i64 = 86_400;

/// Claims of a verified token, as JSON text.
///
/// Only made when the signature was verified and every check passed.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    json: String,
}

impl Claims {
    /// The claims of a token verified before, such as a caller has stored: checked to be a JSON object, nothing more.
    ///
    /// # Errors
    /// `claim_refused`.
    pub fn stored(json: &str) -> Result<Self> {
        parse(json)?;
        Ok(Self { json: json.into() })
    }

    /// The claims as JSON text: one object, no member twice.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// A claim that is a text.
    ///
    /// ```
    /// let claims = samtykke::claims::Claims::stored(r#"{"sub":"248289761001"}"#)?;
    /// assert_eq!(claims.text("sub").as_deref(), Some("248289761001"));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn text(&self, name: &str) -> Option<String> {
        Value::parse(&self.json)?.get(name)?.as_str().map(String::from)
    }

    /// A claim that is a whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        Value::parse(&self.json)?.get(name)?.as_integer()
    }
}

impl core::fmt::Debug for Claims {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Claims(…)")
    }
}

/// A token whose claims passed, and whose signature is still to be verified. It gives nothing of its claims away.
pub struct Unverified {
    alg: &'static Algorithm,
    kid: Option<String>,
    input: String,
    signature: Vec<u8>,
    claims: String,
}

impl Unverified {
    /// What is left of a token whose `typ`, algorithm and claims passed.
    pub(crate) fn new(token: &Compact<'_>, alg: &'static Algorithm, json: &str) -> Self {
        let (input, signature) = (token.signing_input().into(), token.signature().into());
        Self { alg, kid: token.kid().map(String::from), input, signature, claims: json.into() }
    }

    /// The algorithm to verify with; an allowed one.
    pub fn alg(&self) -> &'static Algorithm {
        self.alg
    }

    /// The id of the key to verify with, for [`crate::jose::jwks::select`].
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What was signed.
    pub fn signing_input(&self) -> &str {
        &self.input
    }

    /// The signature's octets.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The claims, for the npm shell, which releases them itself once WebCrypto has verified the signature.
    #[cfg(all(feature = "bindings-full", target_arch = "wasm32"))]
    pub(crate) fn unreleased(&self) -> &str {
        &self.claims
    }

    /// The claims, once someone has verified the signature over [`signing_input`](Self::signing_input) and says so.
    ///
    /// # Errors
    /// `signature_invalid` when it was not.
    pub fn release(self, signature_valid: bool) -> Result<Claims> {
        if !signature_valid {
            return Err(Error::new(&codes::SIGNATURE_INVALID));
        }
        Ok(Claims { json: self.claims })
    }

    /// Verifies the signature and gives the claims.
    ///
    /// # Errors
    /// `signature_invalid`, `key_refused` for a key that is not for this algorithm, or the verifier's own.
    pub fn verify(self, key: &Jwk, verifier: &dyn Verifier) -> Result<Claims> {
        if !key.fits(self.alg) {
            return Err(Error::new(&codes::KEY_REFUSED).expected("a key for the token's algorithm"));
        }
        let valid = verifier.verify(self.alg, key, self.input.as_bytes(), &self.signature)?;
        self.release(valid)
    }
}

impl core::fmt::Debug for Unverified {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Unverified(…)")
    }
}

/// The error of a claim; `expected` begins with its name.
#[inline(never)]
pub(crate) fn refused(expected: impl Into<alloc::borrow::Cow<'static, str>>) -> Error {
    Error::new(&codes::CLAIM_REFUSED).expected(expected)
}

/// A payload as one JSON object.
pub(crate) fn parse(json: &str) -> Result<Value<'_>> {
    Value::parse(json).filter(|value| matches!(value, Value::Object(_))).ok_or_else(|| refused("one JSON object, no claim twice"))
}

/// A payload's octets as JSON text, without a byte order mark.
pub(crate) fn payload(octets: &[u8]) -> Result<&str> {
    let text = core::str::from_utf8(octets).map_err(|_| refused("claims in UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A claim that is a text where it is there at all.
pub(crate) fn text<'v>(claims: &'v Value<'_>, name: &'static str) -> Result<Option<&'v str>> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| wrong_type(name, ": a text")),
    }
}

#[cold]
fn wrong_type(name: &str, what: &str) -> Error {
    let mut expected = String::from(name);
    expected.push_str(what);
    refused(expected)
}

/// A NumericDate that is not negative, where it is there at all.
pub(crate) fn seconds(claims: &Value<'_>, name: &'static str) -> Result<Option<i64>> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_seconds().filter(|time| *time >= 0).map(Some).ok_or_else(|| wrong_type(name, ": seconds since 1970")),
    }
}

/// `iss`, compared code point by code point.
pub(crate) fn issuer(claims: &Value<'_>, expected: &str) -> Result<()> {
    match text(claims, "iss")? {
        Some(found) if found == expected => Ok(()),
        found => Err(wrong("iss", expected, found)),
    }
}

/// A text claim that is not the one expected; both are public.
#[cold]
pub(crate) fn wrong(name: &str, expected: &str, found: Option<&str>) -> Error {
    let mut text = String::from(name);
    text.push_str(": ");
    text.push_str(expected);
    let error = refused(text);
    match found {
        Some(found) => error.actual(shown(found)),
        None => error,
    }
}

/// `aud`: a text or an array of texts, the client among them, and no other that is not trusted. Answers how many.
pub(crate) fn audience(claims: &Value<'_>, client_id: &str, trusted: &[String]) -> Result<usize> {
    let one;
    let audiences = match claims.get("aud") {
        Some(Value::Array(items)) => &items[..],
        Some(value) => {
            one = [value.clone()];
            &one
        }
        None => &[],
    };
    let names: Option<Vec<&str>> = audiences.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(|| refused("aud: a text or an array of texts"))?;
    if !names.contains(&client_id) {
        return Err(wrong("aud", client_id, names.first().copied()));
    }
    if let Some(other) = names.iter().find(|name| **name != client_id && !trusted.iter().any(|known| known == *name)) {
        return Err(refused("aud: no audience but this client and those trusted").actual(shown(other)));
    }
    Ok(names.len())
}

/// `exp`, `nbf` and `iat` against the clock. `exp` must be there, `iat` when `dated`.
pub(crate) fn times(claims: &Value<'_>, now: u64, skew: u32, dated: bool) -> Result<()> {
    if skew > MAX_SKEW {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("skew: at most 60 seconds"));
    }
    let (now, skew) = (i64::try_from(now).unwrap_or(i64::MAX), i64::from(skew));
    let expires = seconds(claims, "exp")?.ok_or_else(|| refused("exp: seconds since 1970"))?;
    if expires.saturating_add(skew) <= now {
        return Err(Error::new(&codes::JWT_EXPIRED).expected("exp: in the future"));
    }
    if expires > now.saturating_add(MAX_LIFETIME) {
        return Err(refused("exp: seconds, within fifty years"));
    }
    if seconds(claims, "nbf")?.is_some_and(|from| from > now.saturating_add(skew)) {
        return Err(refused("nbf: not in the future"));
    }
    match seconds(claims, "iat")? {
        None if dated => Err(refused("iat: seconds since 1970")),
        Some(issued) if issued > now.saturating_add(skew) => Err(refused("iat: not in the future")),
        Some(issued) if issued > expires => Err(refused("iat: not after exp")),
        Some(issued) if issued < now.saturating_sub(MAX_AGE) => Err(refused("iat: within the last day")),
        _ => Ok(()),
    }
}

/// `typ` of a header: absent, `JWT`, or the one the kind of token has, in any case, with or without `application/`.
pub(crate) fn media_type(typ: Option<&str>, own: &str) -> Result<()> {
    let Some(found) = typ else { return Ok(()) };
    let short = match found.split_at_checked(12) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => found,
    };
    if short.eq_ignore_ascii_case("JWT") || short.eq_ignore_ascii_case(own) {
        return Ok(());
    }
    Err(refused("typ: that of another kind of token is refused").actual(shown(found)))
}
