//! Compact JWS: read strictly, and put together.
//!
//! RFC 7515 sections 3.1, 4, 5 and 7.1, RFC 7797 section 7, RFC 8725 sections 3.1 and 3.10.
//! Refuses other serialisations, sloppy base64url, members given twice, `crit`, `b64`, compression, encryption, and sizes no server sends.
//! Keys and addresses in a header (`jwk`, `jku`, `x5c`, `x5u`) are the sender's, whoever that is: never used, never fetched.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::{Parts, base64url, base64url_decode, cut};
use crate::jose::alg::Algorithm;

/// Characters of a whole token.
const MAX_TOKEN: usize = 256 << 10;
/// Characters of an encoded header.
const MAX_HEADER: usize = 16 << 10;
/// Octets of a signature: RSA of 8192 bits.
const MAX_SIGNATURE: usize = 1024;

const REFUSED: &str = "crit b64 zip enc";

/// A compact JWS that was read, not verified: nothing in it can be believed yet.
///
/// ```
/// use samtykke::jose::Compact;
/// let token = Compact::parse("eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjMSJ9.e30.AAAA")?;
/// assert_eq!((token.alg(), token.kid(), token.payload()), ("ES256", Some("ec1"), &b"{}"[..]));
/// assert!(Compact::parse("eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjMSJ9.e30=.AAAA").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct Compact<'a> {
    header: String,
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    input: &'a str,
}

impl<'a> Compact<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// `jws_malformed`, naming what was expected.
    pub fn parse(token: &'a str) -> Result<Self> {
        if token.len() > MAX_TOKEN {
            return Err(malformed("a token of at most 256 KiB"));
        }
        let (head, rest) = cut(token, b'.');
        let (body, tail) = cut(rest.unwrap_or_default(), b'.');
        let Some(tail) = tail.filter(|tail| cut(tail, b'.').1.is_none()) else {
            return Err(malformed("three parts: header, payload, signature"));
        };
        if head.len() > MAX_HEADER {
            return Err(malformed("a header of at most 16 KiB"));
        }
        let [Some(header), Some(payload), Some(signature)] = [head, body, tail].map(base64url_decode) else {
            return Err(malformed("base64url without padding, white space or spare bits"));
        };
        if signature.len() > MAX_SIGNATURE {
            return Err(malformed("a signature of at most 1024 octets"));
        }
        let Ok(header) = String::from_utf8(header) else { return Err(malformed("a header in UTF-8")) };
        let [alg, kid, typ] = read_header(&header)?;
        let Some(alg) = alg else { return Err(malformed("alg: a text")) };
        let input = token.get(..head.len().saturating_add(body.len()).saturating_add(1)).unwrap_or_default();
        Ok(Self { header, alg, kid, typ, payload, signature, input })
    }

    /// The header's JSON text.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// `alg`, as the header names it. Never by itself a reason to use that algorithm.
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// `kid`: a name to look up, nothing else.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The payload's octets. Not to be believed before the signature is verified.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature's octets.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What was signed: header and payload as they stood, with the dot between them.
    pub fn signing_input(&self) -> &'a str {
        self.input
    }

    /// The algorithm of the header, when the caller allows it and the signature has its length.
    ///
    /// # Errors
    /// `algorithm_refused`, naming the algorithm found; `signature_invalid` for a length that cannot be right.
    pub fn algorithm(&self, allowed: &[&'static Algorithm]) -> Result<&'static Algorithm> {
        let Some(alg) = allowed.iter().copied().find(|alg| alg.is(&self.alg)) else {
            return Err(Error::new(&codes::ALGORITHM_REFUSED).actual(crate::ground::error::shown::shown_text(&self.alg)));
        };
        if self.signature.is_empty() || (alg.signature_octets != 0 && alg.signature_octets != self.signature.len()) {
            return Err(Error::new_expected(&codes::SIGNATURE_INVALID, "a signature as long as the algorithm makes them"));
        }
        Ok(alg)
    }
}

#[cold]
#[inline(never)]
fn malformed(expected: &'static str) -> Error {
    Error::new_expected(&codes::JWS_MALFORMED, expected)
}

/// `alg`, `kid` and `typ` of a header without extensions.
fn read_header(header: &str) -> Result<[Option<String>; 3]> {
    let Some(object @ Value::Object(_)) = Value::parse(header) else {
        return Err(malformed("a header that is one JSON object, no member twice"));
    };
    // Extensions change what is signed, or what it means: refused whole, an empty one too.
    if Parts(Some(REFUSED), b' ').any(|name| object.member(name).is_some()) {
        return Err(malformed("a header without crit, b64, zip and enc"));
    }
    let mut texts = [None, None, None];
    for (text, name) in texts.iter_mut().zip(["alg", "kid", "typ"]) {
        *text = match object.get(name) {
            None => None,
            // Any text is a key id (section 4.1.4); an empty one names nothing.
            Some(Value::String(found)) if name == "kid" => Some(String::from(&**found)).filter(|kid| !kid.is_empty()),
            Some(Value::String(found)) if !found.is_empty() => Some(String::from(&**found)),
            Some(_) => return Err(malformed("alg, kid and typ: texts, alg and typ not empty")),
        };
    }
    Ok(texts)
}

impl core::fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Compact(…)")
    }
}

/// What is to be signed: header and payload, encoded, with a dot between them (RFC 7515 section 5.1).
///
/// ```
/// assert_eq!(samtykke::jose::signing_input("{}", "{}"), "e30.e30");
/// ```
pub fn signing_input(header_json: &str, payload_json: &str) -> String {
    let mut text = base64url(header_json.as_bytes());
    text.push('.');
    text.push_str(&base64url(payload_json.as_bytes()));
    text
}

/// The whole token: what was signed, and its signature.
///
/// ```
/// assert_eq!(samtykke::jose::append_signature("e30.e30", &[255]).expose(), "e30.e30._w");
/// ```
pub fn append_signature(signing_input: &str, signature: &[u8]) -> Secret {
    let mut text = String::from(signing_input);
    text.push('.');
    text.push_str(&base64url(signature));
    Secret::new(text)
}
