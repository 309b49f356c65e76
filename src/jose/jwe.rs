//! Compact JWE: read strictly; who holds the key decrypts, and what comes out must be signed.
//!
//! RFC 7516 sections 3.1, 4, 5.2 and 7.1, RFC 7519 section 5.2, OIDC Core sections 10.2 and 16.14.
//! Refuses algorithms and encodings that the client did not register, RSA1_5 and passwords, `zip`, `crit`, and an unsigned content.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Value;
use crate::ground::text::{Parts, base64url_decode, word};

/// Characters of a whole token.
const MAX_TOKEN: usize = 256 << 10;
/// Characters of an encoded header.
const MAX_HEADER: usize = 16 << 10;

/// Extensions, and what would have to be unpacked before anybody knows how much it is.
const REFUSED: &str = "crit b64 zip";

/// How the server encrypts for this client: the `alg` and `enc` values that it is registered with.
///
/// ```
/// use samtykke::jose::Encryption;
/// assert!(Encryption::new(&["RSA-OAEP-256"], &["A256GCM"]).is_ok());
/// assert!(Encryption::new(&["RSA1_5"], &["A256GCM"]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    algorithms: Vec<String>,
    contents: Vec<String>,
}

impl Encryption {
    /// The values of `alg` (`id_token_encrypted_response_alg`, that of userinfo) and of `enc`.
    ///
    /// # Errors
    /// `invalid_configuration` for an empty list, and for RSA1_5 and those by a password, which are never taken.
    pub fn new(algorithms: &[&str], contents: &[&str]) -> Result<Self> {
        let odd = |name: &&str| name.is_empty() || *name == "RSA1_5" || name.starts_with("PBES2");
        if algorithms.is_empty() || contents.is_empty() || algorithms.iter().any(odd) {
            return Err(Error::new_expected(
                &codes::INVALID_CONFIGURATION,
                "encryption: alg and enc as registered, such as RSA-OAEP-256 and A256GCM; no RSA1_5",
            ));
        }
        let texts = |list: &[&str]| list.iter().map(|name| String::from(*name)).collect();
        Ok(Self { algorithms: texts(algorithms), contents: texts(contents) })
    }
}

/// An encrypted token, as far as its header says how.
#[derive(Debug)]
pub(crate) struct Encrypted {
    pub(crate) header: String,
    pub(crate) alg: String,
    pub(crate) enc: String,
    pub(crate) kid: Option<String>,
}

impl Encrypted {
    /// Reads a token, and its header as the client allows it.
    pub(crate) fn parse(token: &str, allowed: &Encryption) -> Result<Self> {
        if token.len() > MAX_TOKEN {
            return Err(malformed("a token of at most 256 KiB"));
        }
        let mut parts = Parts(Some(token), b'.');
        let mut header = None;
        for at in 0..5 {
            let part = parts.next().unwrap_or_default();
            // A key that was agreed on has no key encrypted beside it.
            if (at == 0 && part.len() > MAX_HEADER) || (at != 1 && part.is_empty()) {
                return Err(malformed("header, content and its marks, none of them empty"));
            }
            let Some(octets) = base64url_decode(part) else {
                return Err(malformed("base64url without padding, white space or spare bits"));
            };
            if at == 0 {
                header = String::from_utf8(octets).ok();
            }
        }
        let Some(header) = header else { return Err(malformed("a header in UTF-8")) };
        let [alg, enc, kid] = read(&header)?;
        let fits = |list: &[String], name: &Option<String>| name.as_ref().is_some_and(|name| list.contains(name));
        match (alg, enc) {
            (alg, enc) if !fits(&allowed.algorithms, &alg) || !fits(&allowed.contents, &enc) => {
                let mut found = alg.unwrap_or_default();
                found.push_str(" ");
                found.push_str(&enc.unwrap_or_default());
                let error = Error::new(&codes::ALGORITHM_REFUSED).actual(shown_text(&found));
                let error = error.expected("alg and enc of those that the client is registered with for encryption");
                Err(error.with_hint("Name alg and enc with which the server encrypts for this client, if they are the registered ones."))
            }
            (Some(alg), Some(enc)) => Ok(Self { header, alg, enc, kid }),
            _ => Err(malformed("alg and enc: texts")),
        }
    }
}

/// `alg`, `enc` and `kid`.
fn read(header: &str) -> Result<[Option<String>; 3]> {
    let Some(object @ Value::Object(_)) = Value::parse(header) else {
        return Err(malformed("a header that is one JSON object, no member twice"));
    };
    if object.members().iter().any(|member| word(REFUSED, member.name.as_bytes()).is_some()) {
        return Err(malformed("a header without crit, b64 and zip"));
    }
    Ok(["alg", "enc", "kid"].map(|name| object.text(name).map(String::from).filter(|text| !text.is_empty())))
}

/// What came out, if it is a token that is signed: three parts.
pub(crate) fn nested_jws(plain: &[u8]) -> Result<&str> {
    let text = core::str::from_utf8(plain).ok();
    let signed = text.filter(|text| text.bytes().filter(|octet| *octet == b'.').count() == 2 && !text.starts_with('{'));
    signed.ok_or_else(|| malformed("a token that is signed, inside the encrypted one"))
}

#[cold]
#[inline(never)]
fn malformed(expected: &'static str) -> Error {
    Error::new_expected(&codes::JWS_MALFORMED, expected)
}
