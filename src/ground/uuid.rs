//! The id by which a server logs a request, for its support: a UUID under a header that the provider names.
//!
//! RFC 9562 section 5.4 (version 4); MS-OAPX section 3.2.5.2 for `client-request-id`. It says nothing of who asks, nor for what.
//! Refuses nothing: an error that has an id of the server's own keeps it.

use alloc::string::String;

use crate::ground::error::Error;

/// A UUID of 16 random octets.
pub(crate) fn uuid(random: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, octet) in random.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let octet = match at {
            6 => octet & 0x0f | 0x40,
            8 => octet & 0x3f | 0x80,
            _ => *octet,
        };
        for digit in [octet >> 4, octet & 0x0f] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    text
}

/// The error with the id of the request that it answers.
pub(crate) fn with_trace_id(error: Error, id: Option<&str>) -> Error {
    match id {
        Some(id) if error.trace_id().is_none() => {
            let code = error.provider_code().map(String::from);
            error.provider(code, Some(id.into()))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn version_and_variant_are_those_of_random_ones() {
        assert_eq!(uuid(&[0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(&[0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(b"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"), "01234567-89ab-4def-8123-456789abcdef");
    }
}
