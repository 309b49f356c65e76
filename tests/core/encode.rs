//! base64 for the tests, by the crate that is standard for it.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};

pub(crate) fn base64url(octets: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(octets)
}

pub(crate) fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

pub(crate) fn base64(octets: &[u8]) -> String {
    Base64::encode_string(octets)
}
