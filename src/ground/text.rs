//! base64url, percent and form encoding.
//!
//! RFC 4648 section 5 (unpadded), RFC 3986 section 2.1, and the form encoding that RFC 6749 appendix B asks for.
//! Refuses padding, white space, non-canonical trailing bits, broken escapes and octets that are not UTF-8.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::octet::{UNRESERVED, run};

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends octets. The one place where a text grows: each other way to grow one costs the wasm a function of its own.
#[inline(never)]
pub(crate) fn push(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(octets);
}

/// Octets as unpadded base64url (RFC 4648 section 5).
pub(crate) fn base64url(octets: &[u8]) -> String {
    let mut text = Vec::new();
    push_base64url(&mut text, octets);
    ascii(text)
}

/// Appends octets as [`base64url`].
pub(crate) fn push_base64url(out: &mut Vec<u8>, octets: &[u8]) {
    base64_with(out, octets, BASE64URL);
}

/// Text of octets written here, all of them ASCII.
fn ascii(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_default()
}

/// Octets as padded base64 (RFC 4648 section 4), the form that HTTP Basic asks for.
pub(crate) fn base64(octets: &[u8]) -> String {
    // Four digits for three octets, all at once: a secret that is encoded leaves no copies behind.
    let mut text = Vec::with_capacity(octets.len().div_ceil(3).saturating_mul(4));
    base64_with(&mut text, octets, BASE64);
    while !text.len().is_multiple_of(4) {
        text.push(b'=');
    }
    ascii(text)
}

#[inline(never)]
fn base64_with(text: &mut Vec<u8>, octets: &[u8], alphabet: &[u8; 64]) {
    // The mask keeps the index inside the table; `get` keeps the panic out of the binary.
    let digit = |bits: u32| alphabet.get((bits & 63) as usize).copied().unwrap_or_default();
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, octet| (bits << 8) | u32::from(*octet))
            << 8u32.wrapping_mul(3u32.wrapping_sub(group.len() as u32));
        let digits = [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)];
        push(text, digits.get(..=group.len()).unwrap_or_default());
    }
}

/// Strict unpadded base64url to octets; `None` for padding, other characters, an impossible length
/// or trailing bits that are not zero (one text for each value, RFC 4648 section 3.5).
#[inline(never)]
pub(crate) fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            bits = bits << 6
                | u32::from(match digit {
                    b'A'..=b'Z' => digit.wrapping_sub(b'A'),
                    b'a'..=b'z' => digit.wrapping_sub(b'a').wrapping_add(26),
                    b'0'..=b'9' => digit.wrapping_sub(b'0').wrapping_add(52),
                    b'-' => 62,
                    b'_' => 63,
                    _ => return None,
                });
        }
        // A short last group: one digit is none, and bits that no octet holds would be another text for the same octets.
        let missing = 4u32.wrapping_sub(group.len() as u32);
        let bits = bits << 6u32.wrapping_mul(missing);
        let [_, whole @ ..] = bits.to_be_bytes();
        let (whole, spare) = whole.split_at_checked(3usize.wrapping_sub(missing as usize))?;
        if whole.is_empty() || spare.iter().any(|octet| *octet != 0) {
            return None;
        }
        push(&mut octets, whole);
    }
    Some(octets)
}

/// Appends `text` percent-encoded: everything but the unreserved characters of RFC 3986 becomes `%XX`.
pub(crate) fn push_percent(out: &mut String, text: &str) {
    let mut octets = core::mem::take(out).into_bytes();
    push_escaped(&mut octets, text.as_bytes(), false);
    *out = ascii(octets);
}

/// Appends `text` form-encoded: as [`push_percent`], with a space written `+` (RFC 6749 appendix B).
pub(crate) fn push_form(out: &mut String, text: &str) {
    let mut octets = core::mem::take(out).into_bytes();
    push_escaped(&mut octets, text.as_bytes(), true);
    *out = ascii(octets);
}

/// Appends octets with all but the unreserved characters escaped; with `plus`, a space is written `+`.
#[inline(never)]
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &[u8], plus: bool) {
    let mut rest = text;
    loop {
        // Whole runs of unreserved characters at once: most text has nothing to escape.
        let Some((plain, after)) = rest.split_at_checked(run(rest, UNRESERVED)) else { return };
        push(out, plain);
        let Some((octet, after)) = after.split_first() else { return };
        let digit = |nibble: u8| nibble.wrapping_add(if nibble > 9 { b'A'.wrapping_sub(10) } else { b'0' });
        if plus && *octet == b' ' {
            push(out, b"+");
        } else {
            push(out, &[b'%', digit(octet >> 4), digit(octet & 15)]);
        }
        rest = after;
    }
}

/// Form-decodes one name or value; `None` for a broken escape or octets that are not UTF-8.
pub(crate) fn form_decode(text: &str) -> Option<String> {
    String::from_utf8(form_octets(text)?.into_owned()).ok()
}

/// As [`form_decode`], whatever the octets say, and without a copy where nothing is encoded.
pub(crate) fn form_octets(text: &str) -> Option<Cow<'_, [u8]>> {
    form_octets_into(text, Vec::new())
}

/// As [`form_octets`], into what has room for it already: what is decoded is no longer than what it is decoded from, so a secret
/// that is never grows, and leaves no copy behind.
pub(crate) fn form_octets_into(text: &str, mut out: Vec<u8>) -> Option<Cow<'_, [u8]>> {
    if cut(text, b'%').1.is_none() && cut(text, b'+').1.is_none() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        push(
            &mut out,
            &[match octet {
                b'+' => b' ',
                b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
                other => other,
            }],
        );
    }
    Some(Cow::Owned(out))
}

fn hex(digit: u8) -> Option<u8> {
    Some(char::from(digit).to_digit(16)? as u8)
}

/// The pairs of a query or form body, raw: split at `&` and the first `=`, empty pieces skipped, nothing decoded.
pub(crate) fn pairs(text: &str) -> Pairs<'_> {
    Pairs(Some(text))
}

/// Iterator of [`pairs`].
#[derive(Clone)]
pub(crate) struct Pairs<'a>(Option<&'a str>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (piece, rest) = cut(self.0?, b'&');
            self.0 = rest;
            if !piece.is_empty() {
                let (name, value) = cut(piece, b'=');
                return Some((name, value.unwrap_or_default()));
            }
        }
    }
}

/// What stands before the first `at` (an ASCII character), and what after it, if it is there.
// One small function for what the standard library does in many generic ones: it is the hot brick of the small wasm.
#[inline(never)]
pub(crate) fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match find(text.as_bytes(), at).and_then(|found| text.split_at_checked(found)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (text, None),
    }
}

/// What stands behind the last `at`; all of it where there is none.
#[inline(never)]
pub(crate) fn last(text: &str, at: u8) -> &str {
    let mut last = text;
    while let Some(after) = cut(last, at).1 {
        last = after;
    }
    last
}

/// Which word of a list this is: words with single spaces between them, counted from 0.
// A list in one text, where a slice of texts would cost the wasm an address and a length for each.
#[inline(never)]
pub(crate) fn word(list: &str, wanted: &[u8]) -> Option<usize> {
    let mut rest = Some(list);
    let mut at = 0usize;
    while let Some(text) = rest {
        let (one, after) = cut(text, b' ');
        if one.as_bytes() == wanted {
            return Some(at);
        }
        at = at.wrapping_add(1);
        rest = after;
    }
    None
}

/// Where an octet stands first. Eight octets at a time: a finish reads its answer and its transaction mostly here.
fn find(text: &[u8], at: u8) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let (words, rest) = text.as_chunks::<8>();
    let wanted = ONES.wrapping_mul(u64::from(at));
    let mut before = 0usize;
    for word in words {
        // An octet that is wanted becomes zero, and only below the first zero are the others' top bits surely clear.
        let word = u64::from_le_bytes(*word) ^ wanted;
        let zeros = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if zeros != 0 {
            return Some(before.wrapping_add((zeros.trailing_zeros() >> 3) as usize));
        }
        before = before.wrapping_add(8);
    }
    rest.iter().position(|octet| *octet == at).map(|found| before.wrapping_add(found))
}

/// The parts of a list, with one mark between them; all parts, the empty ones too.
pub(crate) struct Parts<'a>(pub(crate) Option<&'a str>, pub(crate) u8);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let (one, after) = cut(self.0?, self.1);
        self.0 = after;
        Some(one)
    }
}

/// A media type without its parameters, or another header's value without the space around it (RFC 9110 section 5.6.3).
#[inline(never)]
pub(crate) fn essence(value: &str) -> &str {
    let mut text = cut(value, b';').0;
    while let [b' ' | b'\t', ..] = text.as_bytes() {
        text = text.get(1..).unwrap_or_default();
    }
    while let [.., b' ' | b'\t'] = text.as_bytes() {
        text = text.get(..text.len().wrapping_sub(1)).unwrap_or_default();
    }
    text
}

/// Cuts pieces off the front of `rest`, one for each place; a piece that is not there is empty.
#[inline(never)]
pub(crate) fn take<'a>(rest: &mut &'a str, pieces: &mut [&'a str], at: u8) {
    for piece in pieces {
        let (one, after) = cut(rest, at);
        *piece = one;
        *rest = after.unwrap_or_default();
    }
}

/// Digits as a number; `None` for anything else, a sign included, or from 2^53 on, where JavaScript cannot count.
#[inline(never)]
pub(crate) fn number(text: &str) -> Option<u64> {
    let mut value: u64 = 0;
    for digit in text.bytes() {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 || value > 900_719_925_474_099 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (!text.is_empty() && value < 1 << 53).then_some(value)
}

/// Digits of a number, without the formatting machinery.
pub(crate) fn decimal(mut number: u64) -> String {
    let mut digits = [0; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
        count = 1usize.wrapping_add(count);
        if number == 0 {
            break;
        }
    }
    let mut text = Vec::new();
    push(&mut text, digits.get(20usize.wrapping_sub(count)..).unwrap_or_default());
    ascii(text)
}

/// Whether octets are equal, in a time that depends on their lengths alone.
///
/// Used for `state`, `nonce` and hashes, so that an answer's timing tells nothing of the stored value.
pub(crate) fn equal(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> bool {
    let (left, right) = (left.as_ref(), right.as_ref());
    if left.len() != right.len() {
        return false;
    }
    let difference = left.iter().zip(right).fold(0u8, |seen, (a, b)| seen | (a ^ b));
    core::hint::black_box(difference) == 0
}
