//! What the core knows of a signing key, and the two traits by which others sign and verify.
//!
//! RFC 7515 sections 4.1.4 to 4.1.8 (key ids), RFC 7518. The private key itself stays with whoever signs.
//! Refuses to invent a key id: a header gets one only when the caller set it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::text::{base64, base64url};
use crate::jose::alg::Algorithm;
use crate::jose::alg::Hash;
use crate::jose::der;
use crate::jose::jwk::Jwk;

/// What is known of a signing key; nothing in it is secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyInfo {
    /// What it signs with.
    pub alg: &'static Algorithm,
    /// The id its headers name, when the caller set one.
    pub kid: Option<String>,
    /// SHA-1 of its certificate, base64url (RFC 7515 section 4.1.7).
    pub x5t: Option<String>,
    /// SHA-256 of its certificate, base64url (RFC 7515 section 4.1.8).
    pub x5t_s256: Option<String>,
    /// Its certificate first, then those that lead to a root: base64 of DER (RFC 7515 section 4.1.6).
    pub x5c: Vec<String>,
    /// From when to when its certificate is valid, in seconds since 1970. A statement that names the certificate is refused
    /// before and after, without a request.
    pub valid: Option<(i64, i64)>,
    /// The public key.
    pub public: Jwk,
}

impl KeyInfo {
    /// What is known of a key without id and certificate.
    ///
    /// # Errors
    /// `key_refused` when the key is not for the algorithm.
    ///
    /// ```
    /// use samtykke::jose::{Algorithm, Jwk, KeyInfo};
    /// let key = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// assert!(KeyInfo::new(Algorithm::from_name("ES256").unwrap(), key.clone()).is_err());
    /// assert_eq!(KeyInfo::new(Algorithm::from_name("EdDSA").unwrap(), key)?.kid, None);
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn new(alg: &'static Algorithm, public: Jwk) -> Result<Self> {
        if !public.fits(alg) {
            return Err(Error::new(&codes::KEY_REFUSED).expected("a key whose type, curve, alg, use and key_ops fit the algorithm"));
        }
        Ok(Self { alg, kid: public.kid().map(String::from), x5t: None, x5t_s256: None, x5c: Vec::new(), valid: None, public })
    }

    /// The id its headers name.
    #[must_use]
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Its certificate, and those that lead to a root, as PEM, in any order; others among them are left out.
    ///
    /// # Errors
    /// `key_refused` when none of them is this key's.
    pub fn certificates(self, pem: &str) -> Result<Self> {
        self.with_certificates(&der::certificates(pem)?)
    }

    /// As [`certificates`](Self::certificates), from DER.
    pub(crate) fn with_certificates(mut self, list: &[Vec<u8>]) -> Result<Self> {
        use sha1::Digest;
        let (order, times) = der::chain(list, &self.public.required_json())?;
        let chain: Vec<&[u8]> = order.into_iter().filter_map(|place| list.get(place)).map(Vec::as_slice).collect();
        let own = chain.first().copied().unwrap_or_default();
        self.x5t = Some(base64url(&sha1::Sha1::digest(own)));
        self.x5t_s256 = Some(base64url(&Hash::Sha256.digest(own)));
        self.x5c = chain.into_iter().map(base64).collect();
        self.valid = Some(times);
        Ok(self)
    }
}

/// Whoever holds a private key: software, or a module that never gives it away.
///
/// A signer that has to wait (KMS, HSM) is driven by the caller instead, through the `Sign` step of the machines; on wasm the
/// shell drives one (`fetch::AsyncSigner`).
pub trait Signer {
    /// The key it signs with.
    fn info(&self) -> &KeyInfo;

    /// Signs octets as its algorithm says: for ECDSA the octets of R and S, never DER.
    ///
    /// # Errors
    /// `signing_failed`.
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>>;
}

/// Whoever can check a signature.
pub trait Verifier {
    /// Whether `signature` over `input` is one of `key`'s by `alg`. The lengths and the key were checked before.
    ///
    /// # Errors
    /// `algorithm_refused` when it cannot do `alg`; a wrong signature is `Ok(false)`.
    fn verify(&self, alg: &'static Algorithm, key: &Jwk, input: &[u8], signature: &[u8]) -> Result<bool>;
}
