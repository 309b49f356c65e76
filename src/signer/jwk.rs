//! Public keys to and from the types of the crate `jose-jwk`.
//!
//! RFC 7517 section 4. The checks of [`Jwk`] hold for keys that come from there, too.
//! Refuses private and symmetric keys, and curves this library does not sign with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use jose_jwk::jose_b64::serde::Bytes;
use jose_jwk::jose_jwa::{Algorithm as Registered, Signing};
use jose_jwk::{Class, Ec, EcCurves, Key, Okp, OkpCurves, Operations, Parameters, Rsa};

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::text::base64url;
use crate::jose::jwk::Jwk;

/// The names of the table, as that crate has them.
const NAMES: &[(&str, Signing)] = &[
    ("RS256", Signing::Rs256),
    ("RS384", Signing::Rs384),
    ("RS512", Signing::Rs512),
    ("PS256", Signing::Ps256),
    ("PS384", Signing::Ps384),
    ("PS512", Signing::Ps512),
    ("ES256", Signing::Es256),
    ("ES384", Signing::Es384),
    ("ES512", Signing::Es512),
    ("EdDSA", Signing::EdDsa),
];

fn refusal(expected: &'static str) -> Error {
    Error::new(&codes::KEY_REFUSED).expected(expected)
}

/// ```
/// use samtykke::jose::Jwk;
/// let key = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}"#)?;
/// let theirs = jose_jwk::Jwk::from(&key);
/// assert_eq!(Jwk::try_from(&theirs)?, key);
/// # Ok::<(), samtykke::Error>(())
/// ```
impl From<&Jwk> for jose_jwk::Jwk {
    fn from(key: &Jwk) -> Self {
        let (one, two) = key.octets();
        let bytes = |octets: Vec<u8>| Bytes::<Box<[u8]>>::from(octets.into_boxed_slice());
        let (x, y) = (bytes(one), bytes(two));
        let ec = |crv, x, y| Key::Ec(Ec { crv, x, y, d: None });
        let kind = match key.crv() {
            "P-256" => ec(EcCurves::P256, x, y),
            "P-384" => ec(EcCurves::P384, x, y),
            "P-521" => ec(EcCurves::P521, x, y),
            "Ed25519" => Key::Okp(Okp { crv: OkpCurves::Ed25519, x, d: None }),
            _ => Key::Rsa(Rsa { n: x, e: y, prv: None }),
        };
        let alg = key.alg().and_then(|alg| NAMES.iter().find(|(name, _)| *name == alg));
        let alg = alg.map(|(_, alg)| Registered::Signing(*alg));
        Self { key: kind, prm: Parameters { alg, kid: key.kid().map(String::from), ..Parameters::default() } }
    }
}

impl TryFrom<&jose_jwk::Jwk> for Jwk {
    type Error = Error;

    fn try_from(key: &jose_jwk::Jwk) -> Result<Self> {
        let mut json = Writer::new();
        let private = || refusal("a public key, without private members");
        match &key.key {
            Key::Ec(ec) if ec.d.is_none() => {
                let crv = match ec.crv {
                    EcCurves::P256 => "P-256",
                    EcCurves::P384 => "P-384",
                    EcCurves::P521 => "P-521",
                    _ => return Err(refusal("crv: P-256, P-384 or P-521")),
                };
                json.string("kty", "EC").string("crv", crv).string("x", &base64url(&ec.x)).string("y", &base64url(&ec.y));
            }
            Key::Okp(okp) if okp.d.is_none() => {
                if okp.crv != OkpCurves::Ed25519 {
                    return Err(refusal("crv: Ed25519"));
                }
                json.string("kty", "OKP").string("crv", "Ed25519").string("x", &base64url(&okp.x));
            }
            Key::Rsa(rsa) if rsa.prv.is_none() => {
                json.string("kty", "RSA").string("n", &base64url(&rsa.n)).string("e", &base64url(&rsa.e));
            }
            _ => return Err(private()),
        }
        if let Some(Registered::Signing(alg)) = key.prm.alg {
            let known = NAMES.iter().find(|(_, known)| *known == alg).ok_or_else(|| refusal("alg: a signature algorithm"))?;
            json.string("alg", known.0);
        }
        if key.prm.cls.is_some_and(|class| class != Class::Signing) {
            json.string("use", "enc");
        }
        if key.prm.ops.as_ref().is_some_and(|ops| !ops.contains(&Operations::Verify)) {
            json.raw("key_ops", "[]");
        }
        json.some("kid", key.prm.kid.as_deref());
        Self::parse(&json.take())
    }
}
