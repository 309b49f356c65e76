//! JOSE: algorithms as a table, public keys, compact signatures.
//!
//! RFC 7515 (JWS), RFC 7517 and 7518 (JWK, JWA), RFC 7638 (thumbprint), RFC 8037 (Ed25519), RFC 8725 (best practice).
//! Refuses what it does not know: other serialisations, `crit`, `none`, keys that do not fit their algorithm.

pub mod alg;
pub mod certified;
mod curve;
pub mod der;
pub mod hmac;
pub mod jwe;
pub mod jwk;
pub mod jwks;
pub mod jws;
pub mod key;
mod stamp;
pub mod thumbprint;

pub use alg::Algorithm;
pub use jwe::Encryption;
pub use jwk::Jwk;
pub use jws::{Compact, append_signature, signing_input};
pub use key::{KeyInfo, Signer, Verifier};
pub(crate) use stamp::Stamp;
pub use thumbprint::thumbprint;

/// Whether a token is encrypted: five parts where a signed one has three (RFC 7516 section 3.1).
pub(crate) fn is_encrypted(token: &str) -> bool {
    token.bytes().filter(|octet| *octet == b'.').count() == 4
}
