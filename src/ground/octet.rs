//! Classes of octets that the standards allow in one place or another, in one table.
//!
//! RFC 3986 sections 2.2 and 2.3, RFC 6749 appendix A. One table and one loop: a loop of comparisons for each class
//! would be most of what a check weighs in the wasm.
//! Refuses nothing itself; whoever judges a text asks how far it keeps to its class.

/// `A-Z a-z 0-9 - . _ ~` (RFC 3986 section 2.3).
pub(crate) const UNRESERVED: u8 = 1;
/// What a URI may hold, percent included; a backslash or a tab changes what a browser would see (RFC 3986 section 2).
pub(crate) const URI: u8 = 2;
/// What an address is made of that can hold no parameters: letters, digits and marks of scheme, host, port and path.
pub(crate) const PLACE: u8 = 4;
/// Visible ASCII and the space (RFC 6749 appendix A, VSCHAR).
pub(crate) const VSCHAR: u8 = 8;
/// As VSCHAR, without `"` and `\` (RFC 6749 appendix A, NQSCHAR).
pub(crate) const NQSCHAR: u8 = 16;
/// As NQSCHAR, without the space (RFC 6749 appendix A, NQCHAR).
pub(crate) const NQCHAR: u8 = 32;

/// What a host and its port are made of, IPv6 included (RFC 3986 section 3.2.2); no userinfo.
pub(crate) const AUTHORITY: u8 = 64;
/// As URI, without the mark of a fragment.
pub(crate) const ADDRESS: u8 = 128;

static CLASSES: [u8; 128] = classes();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler, which refuses to build on a fault")]
const fn classes() -> [u8; 128] {
    let mut classes = [0; 128];
    let mut octet = 0u8;
    loop {
        let mut class = 0;
        if matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~') {
            class |= UNRESERVED;
        }
        if matches!(octet, b'!' | b'#'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~') {
            class |= URI | if octet == b'#' { 0 } else { ADDRESS };
        }
        if matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' | b'[' | b']') {
            class |= AUTHORITY;
        }
        if class & AUTHORITY != 0 || octet == b'/' {
            class |= PLACE;
        }
        if matches!(octet, b'!'..=b'~') {
            class |= if matches!(octet, b'"' | b'\\') { 0 } else { NQCHAR };
        }
        if matches!(octet, b' '..=b'~') {
            class |= VSCHAR | if matches!(octet, b'"' | b'\\') { 0 } else { NQSCHAR };
        }
        classes[octet as usize] = class;
        if octet == 127 {
            return classes;
        }
        octet += 1;
    }
}

/// How many octets at the start of a text belong to a class.
#[inline(never)]
pub(crate) fn run(text: &[u8], class: u8) -> usize {
    text.iter().position(|octet| CLASSES.get(usize::from(*octet)).is_none_or(|classes| classes & class == 0)).unwrap_or(text.len())
}

/// Whether a text is not empty, and all of it belongs to a class.
pub(crate) fn is_all(text: impl AsRef<[u8]>, class: u8) -> bool {
    let octets = text.as_ref();
    !octets.is_empty() && run(octets, class) == octets.len()
}

/// Whether a text is visible ASCII and not empty: what a header or an address can hold.
pub(crate) fn is_visible(text: &str) -> bool {
    is_all(text, VSCHAR) && !text.as_bytes().contains(&b' ')
}
