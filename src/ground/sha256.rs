//! SHA-256 of a whole text at once (FIPS 180-4).
//!
//! The compression is the `sha2` crate's. The padding around it is here, because that crate's own, made for data that
//! comes in pieces, is as large as the compression, and what is hashed for a flow is a few hundred octets.
//! Refuses nothing: every text has a hash.

use alloc::vec::Vec;

use crate::ground::text::push;

const ZEROS: [u8; 64] = [0; 64];

/// The hash of these octets.
#[inline(never)]
pub(crate) fn digest(octets: &[u8]) -> [u8; 32] {
    let mut state = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19u32];
    // The text, the bit that ends it, zeros, and in the last eight octets its length in bits.
    let mut padded = Vec::new();
    push(&mut padded, octets);
    push(&mut padded, &[0x80]);
    push(&mut padded, ZEROS.get(..119usize.wrapping_sub(octets.len() & 63) & 63).unwrap_or_default());
    push(&mut padded, &(octets.len() as u64).wrapping_mul(8).to_be_bytes());
    for block in padded.as_chunks::<64>().0 {
        sha2::compress256(&mut state, core::slice::from_ref(block.into()));
    }
    let mut digest = [0; 32];
    for (place, word) in digest.as_chunks_mut().0.iter_mut().zip(&state) {
        *place = word.to_be_bytes();
    }
    digest
}
