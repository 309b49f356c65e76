//! Foreign text in errors, made fit to be shown: what a server says of itself is nobody's to trust.
//!
//! RFC 6749 sections 4.1.2.1 and 5.2.
//! Refuses control characters, invisible direction marks, long texts, and links that are not https.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::OAuthError;
use crate::ground::lean::{LEAN, Text, fit};
use crate::ground::text::push;
use crate::ground::uri::Uri;

/// An OAuth error with its texts made harmless: no control characters, a bounded length, no URI but https.
pub(crate) fn oauth_error(error: &[u8], description: Option<&[u8]>, uri: Option<&[u8]>) -> OAuthError {
    OAuthError {
        error: display_text(error),
        description: description.filter(|text| !text.is_empty()).map(display_text),
        uri: uri.and_then(link),
    }
}

/// The server's link, if it is one that may be shown. A page is not given it.
fn link(uri: &[u8]) -> Option<Text> {
    if LEAN {
        return None;
    }
    core::str::from_utf8(uri).ok().filter(|uri| Uri::parse(uri).is_some_and(|uri| uri.is_secure(false))).map(Text::from)
}

/// Foreign octets fit to be shown, as [`shown_text`]; pkg/src/core/error.ts does it for a page.
pub(crate) fn display_text(octets: &[u8]) -> Text {
    fit(octets, shown_text)
}

/// Foreign text fit to be shown: at most 512 characters, controls and invisible direction marks replaced.
pub(crate) fn shown_text(text: &str) -> String {
    let harmful = |letter| matches!(letter, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = Vec::new();
    for letter in text.chars().take(512) {
        push(&mut shown, if harmful(letter) { '\u{fffd}' } else { letter }.encode_utf8(&mut [0; 4]).as_bytes());
    }
    String::from_utf8(shown).unwrap_or_default()
}
