//! Claims of a token that came from a server, and the checks that all such tokens share.
//!
//! RFC 7519 sections 4.1 and 7.2, RFC 8725 sections 3.8 to 3.11; used by id_tokens, logout tokens and signed answers.
//! Refuses a claim of the wrong type as loudly as a wrong one: a malformed `exp` never counts as absent.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Action, Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::lean::NPM;
use crate::ground::time::rfc3339;
use crate::jose::alg::Algorithm;
use crate::jose::jwk::Jwk;
use crate::jose::jws::Compact;
use crate::jose::key::Verifier;

/// Seconds by which two clocks may differ, unless the caller says otherwise.
pub const DEFAULT_SKEW: u32 = 10;
/// Seconds by which a caller may let them differ; more counts as this much.
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
    pub fn from_stored(json: &str) -> Result<Self> {
        Ok(Self { json: Typed::read(json, true)?.json(json) })
    }

    /// The claims as JSON text: one object, no member twice.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// A claim that is a text.
    ///
    /// ```
    /// let claims = samtykke::protocol::id_token::claims::Claims::from_stored(r#"{"sub":"248289761001"}"#)?;
    /// assert_eq!(claims.text("sub").as_deref(), Some("248289761001"));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn text(&self, name: &str) -> Option<String> {
        Value::parse(&self.json)?.get(name)?.as_str().map(String::from)
    }

    /// A claim that is a time, in seconds since 1970: a number, or the RFC 3339 text that some servers write as `auth_time`.
    ///
    /// ```
    /// let claims = samtykke::protocol::id_token::claims::Claims::from_stored(r#"{"auth_time":"2020-03-14T18:52:01.180Z"}"#)?;
    /// assert_eq!(claims.time("auth_time"), Some(1_584_211_921));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn time(&self, name: &str) -> Option<i64> {
        seconds(Value::parse(&self.json)?.get(name)?)
    }

    /// A claim that is a whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        Value::parse(&self.json)?.get(name)?.as_integer()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Claims {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        Value::parse(&self.json).unwrap_or(Value::Null).serialize(serializer)
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
    pub(crate) fn new(token: &Compact<'_>, alg: &'static Algorithm, claims: String) -> Self {
        let (input, signature) = (token.signing_input().into(), token.signature().into());
        Self { alg, kid: token.kid().map(String::from), input, signature, claims }
    }

    /// The algorithm to verify with; an allowed one.
    pub fn alg(&self) -> &'static Algorithm {
        self.alg
    }

    /// The id of the key to verify with, for [`crate::jose::jwks::select`].
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The SHA-1 of the certificate to verify with, for [`crate::jose::certified::select`]; none where the token has none.
    ///
    /// # Errors
    /// `jws_malformed` for an `x5t` that is no text.
    pub fn x5t(&self) -> Result<Option<String>> {
        let header = crate::ground::text::base64url_decode(crate::ground::text::cut(&self.input, b'.').0).unwrap_or_default();
        match Value::parse(core::str::from_utf8(&header).unwrap_or_default()).as_ref().and_then(|header| header.get("x5t")) {
            None => Ok(None),
            Some(Value::String(x5t)) if !x5t.is_empty() => Ok(Some(String::from(&**x5t))),
            Some(_) => Err(Error::new(&codes::JWS_MALFORMED).expected("x5t: a text, not empty")),
        }
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
    #[allow(dead_code, reason = "the npm package's shell alone reads them unreleased")]
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
            return Err(Error::new_expected(&codes::KEY_REFUSED, "a key for the token's algorithm"));
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
#[cold]
#[inline(never)]
pub(crate) fn refusal(expected: &'static str) -> Error {
    let kind = match expected {
        EXPIRED => &codes::JWT_EXPIRED,
        NONCE => &codes::NONCE_MISMATCH,
        _ => &codes::CLAIM_REFUSED,
    };
    Error::new_expected(kind, expected)
}

/// What an expired token fails.
const EXPIRED: &str = "exp: in the future";
/// What a token of another login fails.
pub(crate) const NONCE: &str = "nonce: the one that was sent, or none";

/// A text claim that is not the one expected; both are public.
#[cold]
#[inline(never)]
fn wrong(name: &str, expected: &str, found: Option<&str>) -> Error {
    let mut text = String::from(name);
    text.push_str(expected);
    let error = Error::new(&codes::CLAIM_REFUSED).expected(text);
    error.actual(shown_text(found.unwrap_or_default()))
}

/// The time, and by how much clocks may differ, as numbers that can be compared with claims.
pub(crate) fn clock(now: u64, skew: u32) -> (i64, i64) {
    (i64::try_from(now).unwrap_or(i64::MAX), i64::from(skew.min(MAX_SKEW)))
}

/// Claims whose types are right: what is read from them is there or is not, and never something else.
pub(crate) struct Typed<'a> {
    claims: Value<'a>,
    repeated: bool,
}

/// Claims that are texts (RFC 7519 section 4.1, OIDC Core section 2, OIDC Back-Channel Logout section 2.4).
const TEXTS: &str = "iss sub azp nonce acr at_hash c_hash s_hash jti sid";
/// Claims that are times.
const TIMES: &str = "exp iat nbf auth_time";

fn is(names: &str, name: &str) -> bool {
    crate::ground::text::word(names, name.as_bytes()).is_some()
}

impl<'a> Typed<'a> {
    /// A payload: one JSON object in UTF-8, and no known claim of a wrong type.
    pub(crate) fn parse(json: &'a str) -> Result<Self> {
        Self::read(json, false)
    }

    /// As [`parse`](Self::parse); `auth_time` may be a date as text where `dates` says so.
    pub(crate) fn read(json: &'a str, dates: bool) -> Result<Self> {
        let (claims, repeated) = match Value::parse_claims(json) {
            Ok((claims @ Value::Object(_), repeated)) => (claims, repeated),
            // No login begun anew will mend what the server writes.
            Err(name) if !name.is_empty() => return Err(wrong(name, ": once, or with one value", None).advise(Action::FixConfiguration)),
            _ => return Err(refusal("claims: one JSON object")),
        };
        for member in claims.members() {
            let name = &*member.name;
            let fits = match &member.value {
                // As if it were not there.
                Value::Null => true,
                value @ Value::String(_) => {
                    if name == "auth_time" {
                        dates && seconds(value).is_some()
                    } else {
                        !is(TIMES, name) && name != "amr"
                    }
                }
                value => {
                    if is(TIMES, name) {
                        value.as_seconds().is_some_and(|time| time >= 0)
                    } else if matches!(name, "amr" | "aud") {
                        value.as_array().is_some_and(are_texts)
                    } else {
                        !is(TEXTS, name)
                    }
                }
            };
            if !fits {
                return Err(wrong("the right type of ", name, None));
            }
        }
        Ok(Self { claims, repeated })
    }

    /// All of them.
    pub(crate) fn value(&self) -> &Value<'a> {
        &self.claims
    }

    /// The text they were read from, each of them once.
    pub(crate) fn json(&self, text: &str) -> String {
        // JavaScript takes the last of equal ones.
        if NPM || !self.repeated {
            return text.into();
        }
        let mut json = Writer::new();
        for member in self.claims.members() {
            json.raw(&member.name, member.raw);
        }
        json.take()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.claims.get(name)
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A claim that is a time, in seconds since 1970.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        seconds(self.get(name)?)
    }

    /// What stands in `aud`: its items, or the one value.
    pub(crate) fn audiences(&self) -> &[Value<'a>] {
        match self.get("aud") {
            Some(Value::Array(items)) => items,
            Some(one) => core::slice::from_ref(one),
            None => &[],
        }
    }
}

/// A time that [`Typed`] let pass.
fn seconds(value: &Value<'_>) -> Option<i64> {
    value.as_seconds().or_else(|| rfc3339(value.as_str()?))
}

fn are_texts(items: &[Value<'_>]) -> bool {
    items.iter().all(|item| matches!(item, Value::String(_)))
}

/// What a token of any kind is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) trusted_audiences: &'a [&'a str],
    pub(crate) algorithms: &'a [&'static Algorithm],
    pub(crate) now: u64,
    pub(crate) skew: u32,
    /// Whether `iat` must be there.
    pub(crate) dated: bool,
    /// Whether `auth_time` may be a date as text.
    pub(crate) auth_time_text: bool,
    /// Whether `exp` may be left out, and `iat` counts in its place.
    pub(crate) endless: bool,
}

/// Seconds for which a token without an end is good.
const ENDLESS: i64 = 120;

/// Reads a token of a kind (its `typ`, besides `JWT`), checks what all kinds share, then what is `more`: the latter answers
/// what it expected and did not find.
pub(crate) fn check(
    token: &str,
    kind: &str,
    terms: &Terms<'_>,
    more: &dyn Fn(&Typed<'_>, &Algorithm) -> Option<&'static str>,
) -> Result<Unverified> {
    let token = Compact::parse(token)?;
    media_type(token.typ(), kind)?;
    let alg = token.algorithm(terms.algorithms)?;
    let json = payload(&token)?;
    let found = Typed::read(json, terms.auth_time_text)?;
    issuer(&found, terms)?;
    audience(&found, terms)?;
    match times(&found, terms).or_else(|| more(&found, alg)) {
        Some(expected) => Err(refusal(expected)),
        None => Ok(Unverified::new(&token, alg, found.json(json))),
    }
}

/// A token's payload as text; a byte order mark before it is ignored.
pub(crate) fn payload<'a>(token: &'a Compact<'_>) -> Result<&'a str> {
    let Ok(json) = core::str::from_utf8(token.payload()) else { return Err(refusal("claims in UTF-8")) };
    Ok(json.strip_prefix('\u{feff}').unwrap_or(json))
}

/// `iss`, compared code point by code point.
pub(crate) fn issuer(claims: &Typed<'_>, terms: &Terms<'_>) -> Result<()> {
    let found = claims.text("iss");
    if found == Some(terms.issuer) { Ok(()) } else { Err(wrong("iss: ", terms.issuer, found)) }
}

/// More audiences than any token has; it bounds what they are compared with.
const MAX_AUDIENCES: usize = 100;

/// `aud`: the client, and no other that is not trusted.
pub(crate) fn audience(claims: &Typed<'_>, terms: &Terms<'_>) -> Result<()> {
    if claims.audiences().len() > MAX_AUDIENCES {
        return Err(refusal("aud: at most 100"));
    }
    let (mut this, mut other) = (false, None);
    for audience in claims.audiences() {
        let name = audience.as_str().unwrap_or_default();
        if name == terms.client_id {
            this = true;
        } else if !terms.trusted_audiences.contains(&name) {
            other = Some(name);
        }
    }
    if this && other.is_none() { Ok(()) } else { Err(wrong("aud: this client and those trusted: ", terms.client_id, other)) }
}

/// `exp`, `nbf` and `iat` against the clock: what is expected and not so.
pub(crate) fn times(claims: &Typed<'_>, terms: &Terms<'_>) -> Option<&'static str> {
    let (now, skew) = clock(terms.now, terms.skew);
    let latest = Some(now.saturating_add(skew));
    let issued = claims.seconds("iat");
    let own = issued.filter(|_| terms.endless).map(|issued| issued.saturating_add(ENDLESS));
    let expires = claims.seconds("exp").or(own);
    // Absent counts as less than any time.
    Some(if expires <= Some(now.saturating_sub(skew)) {
        if expires.is_none() { "exp: seconds since 1970" } else { EXPIRED }
    } else if expires > Some(now.saturating_add(MAX_LIFETIME)) {
        "exp: seconds, within fifty years"
    } else if claims.seconds("nbf") > latest {
        "nbf: not in the future"
    } else if terms.dated && issued.is_none() {
        "iat: seconds since 1970"
    } else if issued > latest {
        "iat: not in the future"
    } else if issued > expires {
        "iat: not after exp"
    } else if issued.is_some_and(|issued| issued < now.saturating_sub(MAX_AGE)) {
        "iat: within the last day"
    } else {
        return None;
    })
}

/// `typ` of a header: absent, `JWT`, or the one the kind of token has, in any case, with or without `application/`.
pub(crate) fn media_type(typ: Option<&str>, own: &str) -> Result<()> {
    let Some(found) = typ else { return Ok(()) };
    // Eleven letters and the slash.
    let short = match found.split_at_checked(12) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => found,
    };
    if short.eq_ignore_ascii_case("JWT") || short.eq_ignore_ascii_case(own) {
        return Ok(());
    }
    Err(wrong("typ: JWT or ", own, typ))
}
