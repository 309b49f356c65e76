//! Compact JWS: read strictly, and put together.
//!
//! RFC 7515 sections 3.1, 4, 5 and 7.1, RFC 7797 section 7, RFC 8725 sections 3.1 and 3.10.
//! Refuses other serialisations, sloppy base64url, members given twice, `crit`, `b64`, keys in the header, and sizes no server sends.

use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::{base64url, base64url_decode};
use crate::error::{Error, Result, codes};
use crate::jose::alg::Algorithm;
use crate::json::Value;
use crate::secret::Secret;

/// Characters of a whole token.
const MAX_TOKEN: usize = 256 << 10;
/// Characters of an encoded header.
const MAX_HEADER: usize = 16 << 10;
/// Octets of a signature: RSA of 8192 bits.
const MAX_SIGNATURE: usize = 1024;

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
        let wrong = |expected: &'static str| Error::new(&codes::JWS_MALFORMED).expected(expected);
        if token.len() > MAX_TOKEN {
            return Err(wrong("a token of at most 256 KiB"));
        }
        let mut parts = token.splitn(4, '.');
        let (Some(head), Some(body), Some(tail), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("three parts: header, payload, signature"));
        };
        if head.len() > MAX_HEADER {
            return Err(wrong("a header of at most 16 KiB"));
        }
        let decode = |part| base64url_decode(part).ok_or_else(|| wrong("base64url without padding, white space or spare bits"));
        let (header, payload, signature) = (decode(head)?, decode(body)?, decode(tail)?);
        if signature.len() > MAX_SIGNATURE {
            return Err(wrong("a signature of at most 1024 octets"));
        }
        let Ok(header) = String::from_utf8(header) else { return Err(wrong("a header in UTF-8")) };
        let (alg, kid, typ) = {
            let object = Value::parse(&header).filter(|value| matches!(value, Value::Object(_)));
            let Some(object) = object else { return Err(wrong("a header that is one JSON object, no member twice")) };
            // Extensions are refused whole; a key or an address in the header is the sender's, whoever that is.
            if ["crit", "b64", "jwk", "jku", "x5u", "zip", "enc"].iter().any(|name| object.get(name).is_some()) {
                return Err(wrong("a header without crit, b64, jwk, jku, x5u, zip and enc"));
            }
            let text = |name| match object.get(name) {
                None => Ok(None),
                Some(Value::String(text)) => Ok(Some(String::from(&**text))),
                Some(_) => Err(wrong("alg, kid, typ and cty: texts")),
            };
            if text("cty")?.is_some() {
                return Err(wrong("a header without cty: no token inside the token"));
            }
            let Some(alg) = text("alg")? else { return Err(wrong("alg: a text")) };
            (alg, text("kid")?, text("typ")?)
        };
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
        let Some(alg) = allowed.iter().copied().find(|alg| alg.name == self.alg) else {
            return Err(Error::new(&codes::ALGORITHM_REFUSED).actual(crate::callback::shown(&self.alg)));
        };
        if self.signature.is_empty() || (alg.signature_octets != 0 && alg.signature_octets != self.signature.len()) {
            return Err(Error::new(&codes::SIGNATURE_INVALID).expected("a signature as long as the algorithm makes them"));
        }
        Ok(alg)
    }
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
