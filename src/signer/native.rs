//! Every algorithm of the table in native Rust, by aws-lc-rs.
//!
//! RFC 7518 section 3, RFC 8037; RSA signs here in constant time, which the crate `rsa` does not (RUSTSEC-2023-0071).
//! Refuses private keys whose halves do not belong together, and RSA below 2048 bits.

use alloc::vec;
use alloc::vec::Vec;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeyPairComponents, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::private::{self, refusal};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use zeroize::Zeroizing;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::secret::Secret;
use crate::ground::text::base64url;
use crate::jose::alg::{Algorithm, Family};
use crate::jose::jwk::Jwk;
use crate::jose::key::{KeyInfo, Signer, Verifier};

/// What the library calls an algorithm, by its name in the table.
struct Row {
    name: &'static str,
    how: How,
}

enum How {
    Rsa(&'static dyn lc::RsaEncoding, &'static lc::RsaParameters),
    Ecdsa(&'static lc::EcdsaSigningAlgorithm, &'static lc::EcdsaVerificationAlgorithm),
    Ed25519,
}

static ROWS: &[Row] = &[
    Row { name: "RS256", how: How::Rsa(&lc::RSA_PKCS1_SHA256, &lc::RSA_PKCS1_2048_8192_SHA256) },
    Row { name: "RS384", how: How::Rsa(&lc::RSA_PKCS1_SHA384, &lc::RSA_PKCS1_2048_8192_SHA384) },
    Row { name: "RS512", how: How::Rsa(&lc::RSA_PKCS1_SHA512, &lc::RSA_PKCS1_2048_8192_SHA512) },
    Row { name: "PS256", how: How::Rsa(&lc::RSA_PSS_SHA256, &lc::RSA_PSS_2048_8192_SHA256) },
    Row { name: "PS384", how: How::Rsa(&lc::RSA_PSS_SHA384, &lc::RSA_PSS_2048_8192_SHA384) },
    Row { name: "PS512", how: How::Rsa(&lc::RSA_PSS_SHA512, &lc::RSA_PSS_2048_8192_SHA512) },
    Row { name: "ES256", how: How::Ecdsa(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, &lc::ECDSA_P256_SHA256_FIXED) },
    Row { name: "ES384", how: How::Ecdsa(&lc::ECDSA_P384_SHA384_FIXED_SIGNING, &lc::ECDSA_P384_SHA384_FIXED) },
    Row { name: "ES512", how: How::Ecdsa(&lc::ECDSA_P521_SHA512_FIXED_SIGNING, &lc::ECDSA_P521_SHA512_FIXED) },
    Row { name: "EdDSA", how: How::Ed25519 },
    Row { name: "Ed25519", how: How::Ed25519 },
];

fn row(alg: &Algorithm) -> Result<&'static How> {
    let found = ROWS.iter().find(|row| row.name == alg.name);
    found.map(|row| &row.how).ok_or_else(|| Error::new(&codes::ALGORITHM_REFUSED).actual(alg.name))
}

enum Pair {
    Rsa(RsaPair, &'static dyn lc::RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key in memory.
///
/// ```
/// use samtykke::jose::{Algorithm, Signer, Verifier};
/// use samtykke::signer::native::{NativeKey, NativeVerifier};
/// let key = NativeKey::generate(Algorithm::from_name("ES256").unwrap())?;
/// let signature = key.sign(b"input")?;
/// assert!(NativeVerifier.verify(key.info().alg, &key.info().public, b"input", &signature)?);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct NativeKey {
    info: KeyInfo,
    pair: Pair,
}

impl NativeKey {
    /// A private key from its JWK, to sign with an algorithm that fits it.
    ///
    /// # Errors
    /// `key_refused`.
    pub fn from_jwk(json: &str, alg: &'static Algorithm) -> Result<Self> {
        let members = private::Members::parse(json)?;
        let public = members.public()?;
        let info = KeyInfo::new(alg, public)?;
        let (one, two) = info.public.octets();
        let apart = |_| refusal("private members that belong to the public ones");
        let pair = match row(alg)? {
            How::Rsa(encoding, _) => {
                let [d, p, q, dp, dq, qi] = ["d", "p", "q", "dp", "dq", "qi"].map(|name| members.member(name));
                let (d, p, q, dp, dq, qi) = (d?, p?, q?, dp?, dq?, qi?);
                let public_key = PublicKeyComponents { n: &one[..], e: &two[..] };
                let components = KeyPairComponents { public_key, d: &d[..], p: &p[..], q: &q[..], dP: &dp[..], dQ: &dq[..], qInv: &qi[..] };
                Pair::Rsa(RsaPair::from_components(&components).map_err(apart)?, *encoding)
            }
            How::Ecdsa(signing, _) => {
                let point = [&[4][..], &one, &two].concat();
                Pair::Ecdsa(EcdsaKeyPair::from_private_key_and_public_key(signing, &members.member("d")?, &point).map_err(apart)?)
            }
            How::Ed25519 => Pair::Ed25519(Ed25519KeyPair::from_seed_and_public_key(&members.member("d")?, &one).map_err(apart)?),
        };
        Ok(Self { info, pair })
    }

    /// A private key from PEM, not encrypted, to sign with an algorithm that fits it: PKCS#8, PKCS#1 (`RSA PRIVATE KEY`) or SEC1
    /// (`EC PRIVATE KEY`), with text around it. Certificates in the same text are the key's.
    ///
    /// # Errors
    /// `key_refused`.
    pub fn from_pem(pem: &str, alg: &'static Algorithm) -> Result<Self> {
        Self::found(&private::read(pem, None)?, alg)
    }

    /// As [`from_pem`](Self::from_pem), of an `ENCRYPTED PRIVATE KEY` too: PBES2 with PBKDF2, at most ten million rounds, and
    /// AES-CBC.
    ///
    /// # Errors
    /// `key_refused`.
    #[cfg(feature = "encrypted-keys")]
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8], alg: &'static Algorithm) -> Result<Self> {
        Self::found(&private::read(pem, Some(passphrase))?, alg)
    }

    fn found(found: &private::Found, alg: &'static Algorithm) -> Result<Self> {
        let other = |_| refusal("a key for this algorithm").actual(found.label);
        let der = &found.der[..];
        let pair = match (row(alg)?, found.label) {
            (How::Rsa(encoding, _), "RSA PRIVATE KEY") => Pair::Rsa(RsaPair::from_der(der).map_err(other)?, *encoding),
            (How::Rsa(encoding, _), _) => Pair::Rsa(RsaPair::from_pkcs8(der).map_err(other)?, *encoding),
            (How::Ecdsa(signing, _), _) => Pair::Ecdsa(EcdsaKeyPair::from_private_key_der(signing, der).map_err(other)?),
            (How::Ed25519, _) => Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(other)?),
        };
        Self::new(pair, alg)?.with(|info| found.with_name(info))
    }

    /// A new key; RSA of 3072 bits.
    ///
    /// # Errors
    /// `signing_failed` when the system gives no randomness.
    pub fn generate(alg: &'static Algorithm) -> Result<Self> {
        let failed = |_| Error::new(&codes::SIGNING_FAILED);
        let pair = match row(alg)? {
            How::Rsa(encoding, _) => Pair::Rsa(RsaPair::generate(KeySize::Rsa3072).map_err(failed)?, *encoding),
            How::Ecdsa(signing, _) => Pair::Ecdsa(EcdsaKeyPair::generate(signing).map_err(failed)?),
            How::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
        };
        Self::new(pair, alg)
    }

    /// The private key as PEM (PKCS#8), to be stored encrypted: [`from_pem`](Self::from_pem) reads it. Copies that the crypto library
    /// makes on the way are its to wipe.
    ///
    /// # Errors
    /// `signing_failed` where it cannot be written.
    pub fn to_pem(&self) -> Result<Secret> {
        let failed = |_| Error::new(&codes::SIGNING_FAILED);
        let der = Zeroizing::new(match &self.pair {
            Pair::Rsa(pair, _) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map_err(failed)?.as_ref().to_vec(),
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        });
        let mut pem = Secret::new("-----BEGIN PRIVATE KEY-----\n");
        let text = Zeroizing::new(crate::ground::text::base64(&der));
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
            pem.push_str(line);
            pem.push_str("\n");
            rest = after;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    fn new(pair: Pair, alg: &'static Algorithm) -> Result<Self> {
        let public = match &pair {
            Pair::Ecdsa(pair) => private::point(alg.crv, pair.public_key().as_ref())?,
            Pair::Rsa(pair, _) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                let [n, e] = [n, e].map(|number| base64url(number.big_endian_without_leading_zero()));
                Jwk::parse(&Writer::new().string("kty", "RSA").string("n", &n).string("e", &e).take())?
            }
            Pair::Ed25519(pair) => {
                let x = base64url(pair.public_key().as_ref());
                Jwk::parse(&Writer::new().string("kty", "OKP").string("crv", "Ed25519").string("x", &x).take())?
            }
        };
        Ok(Self { info: KeyInfo::new(alg, public)?, pair })
    }

    /// The same key, with an id or certificate: [`KeyInfo::kid`], [`KeyInfo::certificates`].
    ///
    /// # Errors
    /// What `change` gives.
    pub fn with(self, change: impl FnOnce(KeyInfo) -> Result<KeyInfo>) -> Result<Self> {
        Ok(Self { info: change(self.info)?, pair: self.pair })
    }
}

impl core::fmt::Debug for NativeKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NativeKey(…)")
    }
}

impl Signer for NativeKey {
    fn info(&self) -> &KeyInfo {
        &self.info
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::new(&codes::SIGNING_FAILED);
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, input, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => Ok(pair.sign(&random, input).map_err(failed)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.try_sign(input).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

/// Verifies every algorithm of the table.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeVerifier;

impl Verifier for NativeVerifier {
    fn verify(&self, alg: &'static Algorithm, key: &Jwk, input: &[u8], signature: &[u8]) -> Result<bool> {
        if key.kty() != alg.kty || key.crv() != alg.crv || alg.family == Family::Hmac {
            return Err(refusal("a key for the algorithm"));
        }
        let (one, two) = key.octets();
        Ok(match row(alg)? {
            How::Rsa(_, parameters) => PublicKeyComponents { n: &one[..], e: &two[..] }.verify(parameters, input, signature).is_ok(),
            How::Ecdsa(_, verification) => {
                let point = [&[4][..], &one, &two].concat();
                UnparsedPublicKey::new(*verification, &point).verify(input, signature).is_ok()
            }
            How::Ed25519 => UnparsedPublicKey::new(&lc::ED25519, &one).verify(input, signature).is_ok(),
        })
    }
}
