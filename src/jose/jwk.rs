//! A public key: read from JSON with every check, written back.
//!
//! RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2, RFC 8725 section 3.4.
//! Refuses private members, other key types, points off the curve, RSA below 2048 bits and exponents that are even or 1.

use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::base64url_decode;
use crate::error::{Error, Result, codes};
use crate::jose::alg::Algorithm;
use crate::json::{Value, Writer};

/// The members that only a private or symmetric key has (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1; `priv` of RFC 9964).
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// The key types and curves: octets of a coordinate, and whether there is a `y`.
static KINDS: &[Kind] = &[
    Kind { kty: "EC", crv: "P-256", octets: 32 },
    Kind { kty: "EC", crv: "P-384", octets: 48 },
    Kind { kty: "EC", crv: "P-521", octets: 66 },
    Kind { kty: "OKP", crv: "Ed25519", octets: 32 },
    Kind { kty: "RSA", crv: "", octets: 0 },
];

struct Kind {
    kty: &'static str,
    crv: &'static str,
    octets: usize,
}

/// A checked public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    /// `x`, or `n` of an RSA key: base64url.
    one: String,
    /// `y`, or `e` of an RSA key: base64url; empty where there is none.
    two: String,
    kid: Option<String>,
    alg: Option<String>,
    signs: bool,
}

impl Jwk {
    /// Reads a public key.
    ///
    /// # Errors
    /// `key_refused`, naming what was expected.
    ///
    /// ```
    /// use samtykke::jose::Jwk;
    /// let key = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// assert_eq!((key.kty(), key.crv()), ("OKP", "Ed25519"));
    /// assert!(Jwk::parse(r#"{"kty":"oct","k":"AAAA"}"#).is_err());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn parse(json: &str) -> Result<Self> {
        let Some(value) = Value::parse(json) else { return Err(refused("one JSON object, no member twice")) };
        Self::from_value(&value)
    }

    /// As [`parse`](Self::parse), from JSON that was read.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value<'_>) -> Result<Self> {
        if PRIVATE.iter().any(|name| value.get(name).is_some()) {
            return Err(refused("a public key, without private members"));
        }
        Self::public_part(value)
    }

    /// The public part of a key; private members, if any, are left where they are.
    pub(crate) fn public_part(value: &Value<'_>) -> Result<Self> {
        let text = |name| match value.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(&**text)),
            Some(_) => Err(refused("kty, crv, kid, alg, use and the key's own members: texts")),
        };
        let (kty, crv) = (text("kty")?.unwrap_or_default(), text("crv")?.unwrap_or_default());
        let kind = KINDS.iter().find(|kind| kind.kty == kty && (kind.crv == crv || kind.crv.is_empty()));
        let Some(kind) = kind else { return Err(refused("kty and crv: EC with P-256, P-384 or P-521, OKP with Ed25519, or RSA")) };
        let names = match kind.kty {
            "RSA" => ["n", "e"],
            "EC" => ["x", "y"],
            _ => ["x", ""],
        };
        let [one, two] = names.map(|name| text(name).map(Option::unwrap_or_default));
        let (one, two) = (one?, two?);
        let decode = |part| base64url_decode(part).ok_or_else(|| refused("base64url without padding or spare bits"));
        let (first, second) = (decode(one)?, decode(two)?);
        if kind.octets == 0 {
            check_rsa(&first, &second)?;
        } else if first.len() != kind.octets || (kind.kty == "EC" && second.len() != kind.octets) {
            return Err(refused("coordinates as long as the curve asks"));
        } else if kind.kty == "EC" && !crate::jose::curve::holds(kind.crv, &first, &second) {
            return Err(refused("x and y: a point of the curve"));
        }
        let own = |name| text(name).map(|found| found.map(String::from));
        let alg = own("alg")?;
        let signs = match text("use")? {
            None | Some("sig") => operations(value)?,
            Some(_) => false,
        };
        let (kty, crv) = (kind.kty, kind.crv);
        let kid = own("kid")?;
        Ok(Self { kty, crv, one: one.into(), two: two.into(), kid, alg, signs })
    }

    /// `kty`: `EC`, `OKP` or `RSA`.
    pub fn kty(&self) -> &'static str {
        self.kty
    }

    /// `crv`; empty for RSA.
    pub fn crv(&self) -> &'static str {
        self.crv
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `alg`: the one algorithm the key is for, when it says so.
    pub fn alg(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// The key's octets: `x` and `y` of a point (`y` empty for Ed25519), `n` and `e` of RSA.
    pub fn octets(&self) -> (Vec<u8>, Vec<u8>) {
        (base64url_decode(&self.one).unwrap_or_default(), base64url_decode(&self.two).unwrap_or_default())
    }

    /// Whether the key may verify signatures of an algorithm: by its type, curve, `alg`, `use` and `key_ops`.
    pub fn fits(&self, alg: &Algorithm) -> bool {
        self.signs && self.kty == alg.kty && self.crv == alg.crv && self.alg.as_deref().is_none_or(|own| own == alg.name)
    }

    /// The same key under another id, for another algorithm.
    #[must_use]
    pub fn named(mut self, kid: Option<&str>, alg: Option<&'static Algorithm>) -> Self {
        self.kid = kid.map(String::from);
        self.alg = alg.map(|alg| String::from(alg.name));
        self
    }

    /// The required members alone, in lexicographic order: what a thumbprint hashes, and the `jwk` of a DPoP proof.
    pub fn required_json(&self) -> String {
        let mut json = Writer::new();
        self.write_required(&mut json);
        json.take()
    }

    fn write_required(&self, json: &mut Writer) {
        match self.kty {
            "RSA" => json.string("e", &self.two).string("kty", self.kty).string("n", &self.one),
            _ => json.string("crv", self.crv).string("kty", self.kty).string("x", &self.one),
        };
        if self.kty == "EC" {
            json.string("y", &self.two);
        }
    }

    /// The key as JSON, its id and algorithm included.
    pub fn to_json(&self) -> String {
        let mut json = Writer::new();
        self.write_required(&mut json);
        json.some("kid", self.kid()).some("alg", self.alg());
        json.take()
    }
}

fn refused(expected: &'static str) -> Error {
    Error::new(&codes::KEY_REFUSED).expected(expected)
}

/// `key_ops` allows verifying (RFC 7517 section 4.3): texts, none twice; an absent one allows all.
fn operations(value: &Value<'_>) -> Result<bool> {
    let Some(operations) = value.get("key_ops") else { return Ok(true) };
    let names: Option<Vec<&str>> = operations.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
    let Some(names) = names.filter(|names| names.iter().enumerate().all(|(at, name)| !names.iter().take(at).any(|other| other == name)))
    else {
        return Err(refused("key_ops: an array of texts, none twice"));
    };
    Ok(names.iter().any(|name| matches!(*name, "verify" | "sign")))
}

/// A modulus of 2048 to 8192 bits, odd, no zero before it; an odd exponent of at least 3 and at most 64 bits.
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<()> {
    let bits =
        |octets: &[u8]| octets.first().map_or(0, |first| octets.len().saturating_mul(8).saturating_sub(first.leading_zeros() as usize));
    let odd = |octets: &[u8]| octets.last().is_some_and(|last| last % 2 == 1);
    if modulus.first() == Some(&0) || !(2048..=8192).contains(&bits(modulus)) || !odd(modulus) {
        return Err(refused("n: an odd modulus of 2048 to 8192 bits"));
    }
    if exponent.first() == Some(&0) || !(2..=64).contains(&bits(exponent)) || !odd(exponent) {
        return Err(refused("e: an odd exponent of at least 3"));
    }
    Ok(())
}
