//! ES256 in pure Rust: a signer without randomness, and a verifier, native and on wasm.
//!
//! RFC 7518 section 3.4, RFC 6979 (the nonce is made from key and message, so none is drawn).
//! Refuses keys of other curves, and private members that are not those of the public point.

use alloc::vec::Vec;

use ::p256::SecretKey;
use ::p256::ecdsa::signature::{Signer as _, Verifier as _};
use ::p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use ::p256::pkcs8::DecodePrivateKey;

use super::private::{self, refusal};
use crate::ground::error::{Error, Result, codes};
use crate::jose::alg::Algorithm;
use crate::jose::jwk::Jwk;
use crate::jose::key::{KeyInfo, Signer, Verifier};

const NAME: &str = "ES256";

/// An ES256 key in memory.
///
/// ```
/// use samtykke::jose::{Signer, Verifier};
/// use samtykke::signer::p256::{P256Key, P256Verifier};
/// let key = P256Key::from_random(&[7; 32])?; // 32 octets of your generator
/// let signature = key.sign(b"input")?;
/// assert!(P256Verifier.verify(key.info().alg, &key.info().public, b"input", &signature)?);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct P256Key {
    info: KeyInfo,
    key: SigningKey,
}

impl P256Key {
    /// A private key from its JWK.
    ///
    /// # Errors
    /// `key_refused`.
    pub fn from_jwk(json: &str) -> Result<Self> {
        let members = private::Members::parse(json)?;
        let public = members.public()?;
        let key = SigningKey::from_slice(&members.member("d")?).map_err(|_| refusal("d: 32 octets, below the order of P-256"))?;
        let made = Self::new(key)?;
        if made.info.public.required_json() != public.required_json() {
            return Err(refusal("d that belongs to x and y"));
        }
        Ok(Self { info: KeyInfo::new(made.info.alg, public)?, key: made.key })
    }

    /// A private key from PEM, not encrypted: PKCS#8 or SEC1 (`EC PRIVATE KEY`), with text around it. Certificates in the same
    /// text are the key's.
    ///
    /// # Errors
    /// `key_refused`.
    pub fn from_pem(pem: &str) -> Result<Self> {
        Self::found(&private::read(pem, None)?)
    }

    /// As [`from_pem`](Self::from_pem), of an `ENCRYPTED PRIVATE KEY` too: PBES2 with PBKDF2, at most ten million rounds, and
    /// AES-CBC.
    ///
    /// # Errors
    /// `key_refused`.
    #[cfg(feature = "encrypted-keys")]
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8]) -> Result<Self> {
        Self::found(&private::read(pem, Some(passphrase))?)
    }

    fn found(found: &private::Found) -> Result<Self> {
        let other = || refusal("a P-256 key").actual(found.label);
        let key = match found.label {
            "EC PRIVATE KEY" => SecretKey::from_sec1_der(&found.der).map_err(|_| other())?.into(),
            _ => SigningKey::from_pkcs8_der(&found.der).map_err(|_| other())?,
        };
        Self::new(key)?.with(|info| found.with_name(info))
    }

    /// A new key, made of 32 octets that nobody else knows.
    ///
    /// # Errors
    /// `key_refused` for the one value in four billion that is no key: draw again.
    pub fn from_random(random: &[u8; 32]) -> Result<Self> {
        Self::new(SigningKey::from_slice(random).map_err(|_| refusal("octets below the order of P-256"))?)
    }

    fn new(key: SigningKey) -> Result<Self> {
        let public = private::point("P-256", key.verifying_key().to_encoded_point(false).as_bytes())?;
        let alg = Algorithm::from_name(NAME).ok_or_else(|| refusal(NAME))?;
        Ok(Self { info: KeyInfo::new(alg, public)?, key })
    }

    /// The same key, with an id or certificate: [`KeyInfo::kid`], [`KeyInfo::certificates`].
    ///
    /// # Errors
    /// What `change` gives.
    pub fn with(self, change: impl FnOnce(KeyInfo) -> Result<KeyInfo>) -> Result<Self> {
        Ok(Self { info: change(self.info)?, key: self.key })
    }
}

impl core::fmt::Debug for P256Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("P256Key(…)")
    }
}

impl Signer for P256Key {
    fn info(&self) -> &KeyInfo {
        &self.info
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>> {
        let signature: Signature = self.key.try_sign(input).map_err(|_| Error::new(&codes::SIGNING_FAILED))?;
        Ok(signature.to_bytes().to_vec())
    }
}

/// Verifies ES256, and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct P256Verifier;

impl Verifier for P256Verifier {
    fn verify(&self, alg: &'static Algorithm, key: &Jwk, input: &[u8], signature: &[u8]) -> Result<bool> {
        if alg.name != NAME {
            return Err(Error::new(&codes::ALGORITHM_REFUSED).expected(NAME).actual(alg.name));
        }
        let (x, y) = key.octets();
        let point = [&[4][..], &x, &y].concat();
        let Ok(key) = VerifyingKey::from_sec1_bytes(&point) else { return Err(refusal("a point of P-256")) };
        Ok(Signature::from_slice(signature).is_ok_and(|signature| key.verify(input, &signature).is_ok()))
    }
}
