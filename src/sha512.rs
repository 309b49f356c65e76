//! SHA-384 and SHA-512 of a whole text at once (FIPS 180-4).
//!
//! The compression is the `sha2` crate's; the padding around it is here, as for [`sha256`](crate::sha256).
//! Refuses nothing: every text has a hash.

use alloc::vec::Vec;

use crate::encoding::push;

const SHA384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];
const SHA512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
const ZEROS: [u8; 135] = [0; 135];

/// The first so many octets of the hash: 48 is SHA-384, 64 is SHA-512.
pub(crate) fn digest(octets: &[u8], length: usize) -> Vec<u8> {
    let mut state = if length == 48 { SHA384 } else { SHA512 };
    // The text, the bit that ends it, at least eight zeros, and its length in bits: sixteen octets, of which eight are always zero.
    let mut padded = Vec::new();
    push(&mut padded, octets);
    push(&mut padded, &[0x80]);
    push(&mut padded, ZEROS.get(..(239usize.wrapping_sub(octets.len() & 127) & 127).wrapping_add(8)).unwrap_or_default());
    push(&mut padded, &(octets.len() as u64).wrapping_mul(8).to_be_bytes());
    for block in padded.as_chunks::<128>().0 {
        sha2::compress512(&mut state, core::slice::from_ref(block.into()));
    }
    let mut digest = Vec::new();
    for word in state {
        push(&mut digest, &word.to_be_bytes());
    }
    digest.truncate(length);
    digest
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha384, Sha512};

    #[test]
    fn agrees_with_the_crate_at_every_length() {
        let text = [0xa5; 400];
        for length in 0..text.len() {
            let text = text.get(..length).unwrap_or_default();
            assert_eq!(super::digest(text, 48), Sha384::digest(text).as_slice(), "{length}");
            assert_eq!(super::digest(text, 64), Sha512::digest(text).as_slice(), "{length}");
        }
    }
}
