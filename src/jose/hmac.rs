//! HMAC over the SHA-2 hashes: for `client_secret_jwt`.
//!
//! RFC 2104, RFC 7518 section 3.2, checked with RFC 4231 and Wycheproof.
//! Refuses secrets shorter than the hash, which RFC 7518 forbids.

use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::text::push;
use crate::jose::alg::{Algorithm, Family, Hash};

/// The HMAC of some octets under a secret, for an algorithm of [`Algorithm::symmetric`].
///
/// # Errors
/// `key_refused` for a secret shorter than the hash; `algorithm_refused` for an algorithm that is no HMAC.
///
/// ```
/// use samtykke::jose::{Algorithm, hmac::sign};
/// let hs256 = Algorithm::symmetric("HS256").unwrap();
/// assert_eq!(sign(hs256, &[7; 32], b"input")?.len(), 32);
/// assert!(sign(hs256, b"too short", b"input").is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn sign(alg: &Algorithm, secret: &[u8], input: &[u8]) -> Result<Vec<u8>> {
    if alg.family != Family::Hmac {
        return Err(Error::new(&codes::ALGORITHM_REFUSED).actual(alg.name));
    }
    let block = if alg.hash == Hash::Sha256 { 64 } else { 128 };
    hmac(secret, input, alg.hash.octets(), block, |octets| alg.hash.digest(octets))
}

/// As [`sign`], with SHA-256.
pub(crate) fn sign_256(secret: &[u8], input: &[u8]) -> Result<Vec<u8>> {
    hmac(secret, input, 32, 64, |octets| crate::ground::sha256::digest(octets).into())
}

fn hmac(secret: &[u8], input: &[u8], least: usize, block: usize, digest: impl Fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>> {
    if secret.len() < least {
        return Err(Error::new(&codes::KEY_REFUSED).expected("a secret of at least as many octets as the hash has"));
    }
    let mut key = if secret.len() > block { digest(secret) } else { secret.into() };
    key.resize(block, 0);
    let padded = |mask: u8, message: &[u8]| {
        let mut octets: Vec<u8> = key.clone();
        for octet in &mut octets {
            *octet ^= mask;
        }
        push(&mut octets, message);
        digest(&octets)
    };
    Ok(padded(0x5c, &padded(0x36, input)))
}
