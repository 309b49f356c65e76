//! What the core knows of a signing key, and the two traits by which others sign and verify.
//!
//! RFC 7515 sections 4.1.4 to 4.1.8 (key ids), RFC 7518. The private key itself stays with whoever signs.
//! Refuses to invent a key id: a header gets one only when the caller set it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Result;
use crate::jose::alg::Algorithm;
use crate::jose::jwk::Jwk;

/// What is known of a signing key; nothing in it is secret.
#[derive(Clone, Debug)]
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
    /// The public key.
    pub public: Jwk,
}

/// Whoever holds a private key: software, or a module that never gives it away.
///
/// A signer that has to wait (KMS, HSM) is driven by the caller instead, through the `Sign` step of the machines.
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
