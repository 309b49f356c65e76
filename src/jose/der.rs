//! Public keys out of PEM and DER: SubjectPublicKeyInfo, and the certificate around it.
//!
//! RFC 7468 (PEM), RFC 5280 sections 4.1 and 4.1.2.7, RFC 5480, RFC 3279 section 2.3.1, RFC 8410; X.690 section 10 (DER).
//! Refuses lengths that are not the shortest, anything left over, other key types, and blocks that are no public key.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::text::{base64url, base64url_decode};
use crate::jose::jwk::Jwk;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT: u8 = 0x06;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Key types by the octets of their algorithm, and of their curve.
static KEYS: &[(&[u8], &[u8], &str, &str)] = &[
    (b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x03\x01\x07", "EC", "P-256"),
    (b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2b\x81\x04\x00\x22", "EC", "P-384"),
    (b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2b\x81\x04\x00\x23", "EC", "P-521"),
    (b"\x2b\x65\x70", b"", "OKP", "Ed25519"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"", "RSA", ""),
];

fn refusal(expected: &'static str) -> Error {
    Error::new(&codes::KEY_REFUSED).expected(expected)
}

/// A block of PEM: its label, and what is in it.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    /// Empty for a private key in the encryption before PKCS#8.
    pub(crate) der: Vec<u8>,
}

/// The blocks of a PEM text; text around them is skipped, as RFC 7468 section 2 allows, and a line break may be written as a
/// backslash and a letter, as secret managers and environment files keep it.
pub(crate) fn blocks(pem: &str) -> Result<Vec<Block<'_>>> {
    let wrong = || refusal("PEM: blocks from -----BEGIN to -----END, base64 between");
    let mut found = Vec::new();
    let mut rest = pem;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or_else(wrong)?;
        let (body, after) = after.split_once("-----END ").ok_or_else(wrong)?;
        rest = after.strip_prefix(label).and_then(|after| after.strip_prefix("-----")).ok_or_else(wrong)?;
        // RFC 1421 section 4.6.1.1: the encryption before PKCS#8, whose key is one round of MD5. Told apart by its empty content.
        let older = body.contains("Proc-Type: 4,ENCRYPTED");
        let der = if older { Vec::new() } else { content(body).ok_or_else(wrong)? };
        found.push(Block { label, der });
    }
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

/// What is in a block: base64 of something, in lines.
fn content(body: &str) -> Option<Vec<u8>> {
    let mut text = String::with_capacity(body.len());
    let mut letters = body.chars().filter(|letter| !letter.is_ascii_whitespace()).peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // One backslash or several, and the letter that says which break it is.
            '\\' => {
                while letters.next_if_eq(&'\\').is_some() {}
                letters.next_if(|letter| matches!(letter, 'n' | 'r'))?;
            }
            // The other alphabet, and padding: the strict reader sees to the remainder.
            '+' => text.push('-'),
            '/' => text.push('_'),
            '-' | '_' => return None,
            other => text.push(other),
        }
    }
    let plain = text.trim_end_matches('=');
    base64url_decode(plain).filter(|der| !der.is_empty() && text.len().is_multiple_of(4))
}

/// The public key of a PEM text: of its only block, `PUBLIC KEY`, or of its first, `CERTIFICATE`.
///
/// # Errors
/// `key_refused`.
///
/// ```
/// let pem = "-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
/// -----END PUBLIC KEY-----"; // RFC 8410 section 10.1
/// let key = samtykke::jose::der::public_key(pem)?;
/// assert_eq!((key.kty(), key.crv()), ("OKP", "Ed25519"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn public_key(pem: &str) -> Result<Jwk> {
    match &blocks(pem)?[..] {
        [Block { label: "PUBLIC KEY", der }] => spki(der),
        [Block { label: "CERTIFICATE", der }, ..] => certificate(der),
        _ => Err(refusal("PEM of one PUBLIC KEY, or of CERTIFICATEs")),
    }
}

/// The certificates of a PEM text, in order, as DER.
///
/// # Errors
/// `key_refused` when there is another block among them.
pub fn certificates(pem: &str) -> Result<Vec<Vec<u8>>> {
    let found = blocks(pem)?;
    if found.iter().any(|block| block.label != "CERTIFICATE") {
        return Err(refusal("PEM of CERTIFICATEs alone"));
    }
    Ok(found.into_iter().map(|block| block.der).collect())
}

/// The public key of a SubjectPublicKeyInfo in DER.
///
/// # Errors
/// `key_refused`.
pub fn spki(der: &[u8]) -> Result<Jwk> {
    let mut outer = Der(der);
    let key = outer.take(SEQUENCE).filter(|_| outer.0.is_empty()).and_then(key_json);
    Jwk::parse(&key.ok_or_else(|| refusal("a public key in DER: EC, Ed25519 or RSA"))?)
}

/// The public key of a certificate in DER. Its signature, names and dates are not judged here.
///
/// # Errors
/// `key_refused`.
pub fn certificate(der: &[u8]) -> Result<Jwk> {
    Jwk::parse(&certificate_name(der).ok_or_else(|| refusal("a certificate in DER, of an EC, Ed25519 or RSA key"))?)
}

fn certificate_name(der: &[u8]) -> Option<String> {
    key_json(Certificate::read(der)?.key)
}

/// What a certificate states: each part without its own tag and length.
struct Certificate<'a> {
    issuer: &'a [u8],
    validity: &'a [u8],
    subject: &'a [u8],
    key: &'a [u8],
}

impl<'a> Certificate<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Der(der);
        let mut certificate = Der(outer.take(SEQUENCE).filter(|_| outer.0.is_empty())?);
        let mut inner = Der(certificate.take(SEQUENCE)?);
        certificate.take(SEQUENCE)?;
        certificate.take(BIT_STRING).filter(|_| certificate.0.is_empty())?;
        if inner.0.first() == Some(&VERSION) {
            inner.take(VERSION)?;
        }
        inner.take(INTEGER)?;
        inner.take(SEQUENCE)?;
        Some(Self {
            issuer: inner.take(SEQUENCE)?,
            validity: inner.take(SEQUENCE)?,
            subject: inner.take(SEQUENCE)?,
            key: inner.take(SEQUENCE)?,
        })
    }

    /// From when to when it is valid, in seconds since 1970 (RFC 5280 section 4.1.2.5).
    fn times(&self) -> Option<(i64, i64)> {
        let mut validity = Der(self.validity);
        let times = (validity.time()?, validity.time()?);
        validity.0.is_empty().then_some(times)
    }
}

/// From when to when the first certificate of a PEM text is valid, in seconds since 1970 (RFC 5280 section 4.1.2.5).
///
/// # Errors
/// `key_refused`.
pub fn validity(pem: &str) -> Result<(i64, i64)> {
    let found = certificates(pem)?;
    let times = found.first().and_then(|der| Certificate::read(der)?.times());
    times.ok_or_else(|| refusal("a certificate in DER, with its validity"))
}

/// Certificates that lead from a key's own to a root are not more than these.
const MAX_CHAIN: usize = 10;

/// Where in a list the certificate of a key stands, then where those stand that lead to a root: the issuer of each is the subject
/// of the next, octet for octet (RFC 5280 section 4.1.2.4). What leads nowhere is left out. And when the first is valid.
pub(crate) fn chain(list: &[Vec<u8>], key: &str) -> Result<(Vec<usize>, (i64, i64))> {
    let read: Vec<_> = list.iter().map(|der| Certificate::read(der)).collect();
    let of_key = |der: &Vec<u8>| certificate(der).is_ok_and(|own| own.required_json() == key);
    let own = list.iter().position(of_key);
    let at = |place: usize| read.get(place).and_then(Option::as_ref);
    let Some((own, times)) = own.and_then(|own| Some((own, at(own)?.times()?))) else {
        return Err(refusal("PEM of CERTIFICATEs, one of them this very key's, with its validity"));
    };
    let mut order = alloc::vec![own];
    let mut last = at(own);
    while let Some(one) = last.filter(|one| one.issuer != one.subject && order.len() < MAX_CHAIN) {
        let next = (0..list.len()).find(|place| !order.contains(place) && at(*place).is_some_and(|other| other.subject == one.issuer));
        last = next.and_then(at);
        order.extend(next);
    }
    Ok((order, times))
}

/// What is inside a SubjectPublicKeyInfo, as a JWK.
fn key_json(content: &[u8]) -> Option<String> {
    let mut info = Der(content);
    let mut algorithm = Der(info.take(SEQUENCE)?);
    let bits = info.take(BIT_STRING).filter(|_| info.0.is_empty())?.strip_prefix(&[0])?;
    let name = algorithm.take(OBJECT)?;
    let curve = if algorithm.0.first() == Some(&OBJECT) { algorithm.take(OBJECT)? } else { &[] };
    // RSA has a NULL there, Ed25519 nothing.
    if !matches!(algorithm.0, [] | [5, 0]) {
        return None;
    }
    let (_, _, kty, crv) = KEYS.iter().find(|row| row.0 == name && row.1 == curve)?;
    let mut json = Writer::new();
    json.string("kty", kty);
    match *kty {
        "EC" => {
            let point = bits.strip_prefix(&[4])?;
            let (x, y) = point.split_at_checked(point.len() / 2)?;
            json.string("crv", crv).string("x", &base64url(x)).string("y", &base64url(y));
        }
        "RSA" => {
            let mut outer = Der(bits);
            let mut numbers = Der(outer.take(SEQUENCE).filter(|_| outer.0.is_empty())?);
            for name in ["n", "e"] {
                let number = numbers.take(INTEGER)?;
                // A zero keeps the number from being negative; a JWK has none.
                json.string(name, &base64url(number.strip_prefix(&[0]).unwrap_or(number)));
            }
            if !numbers.0.is_empty() {
                return None;
            }
        }
        _ => {
            json.string("crv", crv).string("x", &base64url(bits));
        }
    }
    Some(json.take())
}

/// DER, read value by value.
struct Der<'a>(&'a [u8]);

/// Whether a file in PKCS#12 has a MAC: the third of its parts, after a version and the content (RFC 7292 section 4).
#[cfg(all(feature = "pkcs12", not(target_arch = "wasm32")))]
pub(crate) fn has_mac(file: &[u8]) -> bool {
    let parts = |inner: &mut Der<'_>| inner.take(INTEGER).and(inner.take(SEQUENCE)).and(inner.take(SEQUENCE)).is_some();
    Der(file).take(SEQUENCE).is_some_and(|inner| parts(&mut Der(inner)))
}

impl<'a> Der<'a> {
    /// A time, as a certificate writes it: in UTC, to the second, its year in two digits up to 2049.
    fn time(&mut self) -> Option<i64> {
        let (century, digits) = match self.0.first() {
            Some(&UTC_TIME) => {
                let digits = core::str::from_utf8(self.take(UTC_TIME)?).ok()?;
                (if digits.as_bytes().first()? < &b'5' { "20" } else { "19" }, digits)
            }
            _ => ("", core::str::from_utf8(self.take(GENERALIZED_TIME)?).ok()?),
        };
        let mut text = String::from(century);
        text.push_str(digits);
        let parts = [text.get(..4)?, text.get(4..6)?, text.get(6..8)?, text.get(8..10)?, text.get(10..12)?, text.get(12..)?];
        let mut iso = String::new();
        for (part, mark) in parts.into_iter().zip(["-", "-", "T", ":", ":", ""]) {
            iso.push_str(part);
            iso.push_str(mark);
        }
        crate::ground::time::rfc3339(&iso).filter(|_| iso.len() == 20)
    }

    /// The next value, when it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x83 => {
                let (octets, rest) = rest.split_at_checked(usize::from(*first & 3))?;
                let length = octets.iter().fold(0usize, |value, octet| value << 8 | usize::from(*octet));
                // The shortest form alone: one octet more is for lengths that need it.
                let least = if octets.len() == 1 { 0x80 } else { 1usize << (octets.len().saturating_sub(1).saturating_mul(8)) };
                (Some(length).filter(|length| *length >= least)?, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
}
