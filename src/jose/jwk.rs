//! A public key: read from JSON with every check, written back.
//!
//! RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2, RFC 8725 section 3.4.
//! Refuses private members, other key types, points off the curve, RSA below 2048 bits and exponents that are even or 1.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::text::{Parts, base64url_decode};
use crate::jose::alg::Algorithm;

/// The members that only a private or symmetric key has (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1; `priv` of RFC 9964).
pub(crate) const PRIVATE: &str = "d p q dp dq qi oth k priv";

/// The key types and curves: octets of a coordinate, and the members that hold the key.
static KINDS: &[Kind] = &[
    Kind { kty: "EC", crv: "P-256", octets: 32, members: ["x", "y"] },
    Kind { kty: "EC", crv: "P-384", octets: 48, members: ["x", "y"] },
    Kind { kty: "EC", crv: "P-521", octets: 66, members: ["x", "y"] },
    Kind { kty: "OKP", crv: "Ed25519", octets: 32, members: ["x", ""] },
    Kind { kty: "RSA", crv: "", octets: 0, members: ["n", "e"] },
];

struct Kind {
    kty: &'static str,
    crv: &'static str,
    octets: usize,
    members: [&'static str; 2],
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
        let Some(value) = Value::parse(json) else { return Err(refusal("one JSON object, no member twice")) };
        Self::from_value(&value)
    }

    /// As [`parse`](Self::parse), from JSON that was read.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(value: &Value<'_>) -> Result<Self> {
        if is_private(value) {
            return Err(refusal("a public key, without private members"));
        }
        Self::public_part(value)
    }

    /// A public key of the client's own, which was judged when its signer was made: its arithmetic is not done again for each request
    /// (250 µs of wasm for P-256).
    #[allow(dead_code, reason = "the npm package's shell alone makes a key anew for each request")]
    pub(crate) fn parse_own(json: &str) -> Result<Self> {
        let value = Value::parse(json).unwrap_or(Value::Null);
        if is_private(&value) { Err(refusal("a public key, without private members")) } else { Self::read(&value, true) }
    }

    /// The public part of a key; private members, if any, are left where they are.
    pub(crate) fn public_part(value: &Value<'_>) -> Result<Self> {
        Self::read(value, false)
    }

    fn read(value: &Value<'_>, judged: bool) -> Result<Self> {
        let [kty, crv, kid, alg, purpose] = texts(value, ["kty", "crv", "kid", "alg", "use"])?;
        let kind = KINDS.iter().find(|kind| kind.kty == kty && kind.crv == crv);
        let Some(kind) = kind else { return Err(refusal("kty and crv: EC with P-256, P-384 or P-521, OKP with Ed25519, or RSA")) };
        let [one, two] = texts(value, kind.members)?;
        let [Some(first), Some(second)] = [one, two].map(base64url_decode) else {
            return Err(refusal("base64url without padding or spare bits"));
        };
        if judged {
            // Only its form is read.
        } else if kind.octets == 0 {
            check_rsa(&first, &second)?;
        } else if first.len() != kind.octets || (!kind.members[1].is_empty() && second.len() != kind.octets) {
            return Err(refusal("coordinates as long as the curve asks"));
        } else if kind.kty == "EC" && !crate::jose::curve::holds(kind.crv, &first, &second) {
            return Err(refusal("x and y: a point of the curve"));
        }
        let signs = verifies(value)? && matches!(purpose, "" | "sig");
        let own = |text: &str| (!text.is_empty()).then(|| String::from(text));
        // Some tools write the key's type where its algorithm belongs (`RSA`): that names none.
        Ok(Self {
            kty: kind.kty,
            crv: kind.crv,
            one: one.into(),
            two: two.into(),
            kid: own(kid),
            alg: own(alg).filter(|alg| alg != kind.kty),
            signs,
        })
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
        self.signs && self.kty == alg.kty && self.crv == alg.crv && self.alg.as_deref().is_none_or(|own| alg.is(own))
    }

    /// The same key under another id, for another algorithm.
    #[must_use]
    pub fn with_name(mut self, kid: Option<&str>, alg: Option<&'static Algorithm>) -> Self {
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

#[cold]
#[inline(never)]
fn refusal(expected: &'static str) -> Error {
    Error::new_expected(&codes::KEY_REFUSED, expected)
}

/// A member; an empty list counts as absent, as some tools write them all.
fn member<'v, 'a>(value: &'v Value<'a>, name: &str) -> Option<&'v Value<'a>> {
    value.get(name).filter(|found| found.as_array() != Some(&[]))
}

/// Whether a key is a private or a symmetric one.
pub(crate) fn is_private(value: &Value<'_>) -> bool {
    Parts(Some(PRIVATE), b' ').any(|name| member(value, name).is_some())
}

/// Members that are texts; empty for those that are not there.
fn texts<'v, const COUNT: usize>(value: &'v Value<'_>, names: [&str; COUNT]) -> Result<[&'v str; COUNT]> {
    let mut texts = [""; COUNT];
    for (text, name) in texts.iter_mut().zip(names) {
        match member(value, name) {
            Some(Value::String(found)) => *text = found,
            Some(_) => return Err(refusal("kty, crv, kid, alg, use and the key's own members: texts")),
            None => {}
        }
    }
    Ok(texts)
}

/// More operations than there are names for (RFC 7517 section 4.3); it bounds the look for doubles.
const MAX_OPERATIONS: usize = 16;

/// Whether `key_ops` allows signatures (RFC 7517 section 4.3): texts, none twice; an absent one allows all.
fn verifies(value: &Value<'_>) -> Result<bool> {
    let Some(operations) = member(value, "key_ops") else { return Ok(true) };
    let wrong = || refusal("key_ops: an array of at most 16 texts, none twice");
    let names = operations.as_array().filter(|names| names.len() <= MAX_OPERATIONS).ok_or_else(wrong)?;
    let mut found = false;
    for (at, name) in names.iter().enumerate() {
        let name = name.as_str();
        if name.is_none() || names.iter().take(at).any(|other| other.as_str() == name) {
            return Err(wrong());
        }
        found |= matches!(name, Some("verify" | "sign"));
    }
    Ok(found)
}

fn bits(octets: &[u8]) -> usize {
    octets.first().map_or(0, |first| octets.len().saturating_mul(8).saturating_sub(first.leading_zeros() as usize))
}

/// Primes for which the powers of 65537 are few: for a random modulus one in 2^27 lies among them for all.
const TELLING: &[u8] = &[11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether a modulus was made of powers of 65537, as a broken generator of smart cards did, so that it can be factored
/// (CVE-2017-15361, "ROCA").
fn is_power_like(modulus: &[u8]) -> bool {
    TELLING.iter().all(|&prime| {
        let prime = u32::from(prime);
        let residue = modulus
            .iter()
            .fold(0, |rest: u32, octet| rest.wrapping_mul(256).wrapping_add(u32::from(*octet)).checked_rem(prime).unwrap_or(0));
        let mut power = 1u32;
        (0..prime).any(|_| {
            power = power.wrapping_mul(65537).checked_rem(prime).unwrap_or(0);
            power == residue
        })
    })
}

/// A modulus of 2048 to 8192 bits, odd, no zero before it, not of a generator known to be broken; an odd exponent of at least
/// 3 and at most 64 bits.
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<()> {
    let sane = |octets: &[u8]| octets.first() != Some(&0) && octets.last().is_some_and(|last| last % 2 == 1);
    if !sane(modulus) || !(2048..=8192).contains(&bits(modulus)) {
        return Err(refusal("n: an odd modulus of 2048 to 8192 bits"));
    }
    if is_power_like(modulus) {
        return Err(refusal("n: no modulus of a broken generator (CVE-2017-15361)"));
    }
    if !sane(exponent) || !(2..=64).contains(&bits(exponent)) {
        return Err(refusal("e: an odd exponent of at least 3"));
    }
    Ok(())
}
