//! Whether a point lies on its curve: sums modulo a prime, nothing else.
//!
//! SP 800-186 section 3.2.1 (P-256, P-384, P-521: y² = x³ − 3x + b), RFC 8725 section 3.4.
//! Refuses coordinates that are not below the prime; the point at infinity has no coordinates and so never comes here.

use crate::ground::text::base64url_decode;

/// 544 bits, least significant first: room for P-521 and one carry.
type Number = [u32; 17];

/// The prime and `b` of a curve, as base64url like every number around a key.
static CURVES: &[(&str, &str, &str)] = &[
    ("P-256", "_____wAAAAEAAAAAAAAAAAAAAAD_______________8", "WsY12Ko6k-ez671VdpiGvGUdBrDMU7D2O848PifSYEs"),
    (
        "P-384",
        "__________________________________________7_____AAAAAAAAAAD_____",
        "szEvp-I-5-SYjgVr4_gtGRgdnG7-gUESAxQIj1ATh1rGVjmNii7RnSqFyO3T7Crv",
    ),
    (
        "P-521",
        "Af______________________________________________________________________________________",
        "AFGVPrlhjhyaH5KaIaC2hUDuotpyW5mzFfO4tImRjvEJ4VYZOVHsfpN7FlLAvTuxvwc1c9-IPSw08e9FH9RrUD8A",
    ),
];

/// Whether the coordinates are a point of the curve; `false` for a curve that is not known here.
// Public values, so that the time it takes may depend on them; a key is read once and kept.
pub(crate) fn holds(crv: &str, x: &[u8], y: &[u8]) -> bool {
    let read = |text| base64url_decode(text).map(|octets| number(&octets));
    let found = CURVES.iter().find(|(name, ..)| *name == crv);
    let Some((Some(p), Some(b))) = found.map(|(_, p, b)| (read(p), read(b))) else { return false };
    let (x, y) = (number(x), number(y));
    if !(below(&x, &p) && below(&y, &p)) {
        return false;
    }
    // y² + 3x = x³ + b, so that nothing is subtracted.
    let triple = sum(&sum(&x, &x, &p), &x, &p);
    let left = sum(&product(&y, &y, &p), &triple, &p);
    let right = sum(&product(&product(&x, &x, &p), &x, &p), &b, &p);
    left == right
}

fn number(octets: &[u8]) -> Number {
    let mut limbs = Number::default();
    for (limb, chunk) in limbs.iter_mut().zip(octets.rchunks(4)) {
        *limb = chunk.iter().fold(0, |value, octet| value << 8 | u32::from(*octet));
    }
    limbs
}

fn below(left: &Number, right: &Number) -> bool {
    left.iter().rev().lt(right.iter().rev())
}

/// The sum of two numbers below the prime, below the prime.
#[inline(never)]
fn sum(left: &Number, right: &Number, prime: &Number) -> Number {
    let mut total = *left;
    let mut carry = 0u64;
    for (limb, other) in total.iter_mut().zip(right) {
        carry = carry.wrapping_add(u64::from(*limb)).wrapping_add(u64::from(*other));
        *limb = carry as u32;
        carry >>= 32;
    }
    if !below(&total, prime) {
        let mut borrow = 0u64;
        for (limb, other) in total.iter_mut().zip(prime) {
            let rest = u64::from(*limb).wrapping_sub(u64::from(*other)).wrapping_sub(borrow);
            *limb = rest as u32;
            borrow = rest >> 63;
        }
    }
    total
}

/// The product by doubling and adding: slow, small, and quick enough for a key that is read once.
fn product(left: &Number, right: &Number, prime: &Number) -> Number {
    let mut total = Number::default();
    for limb in right.iter().rev() {
        for bit in (0..32).rev() {
            total = sum(&total, &total, prime);
            if limb >> bit & 1 == 1 {
                total = sum(&total, left, prime);
            }
        }
    }
    total
}
