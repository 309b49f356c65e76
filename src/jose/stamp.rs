//! What is new in every statement: its `jti`, its times, a proof's nonce.
//!
//! RFC 7519 sections 4.1.4 to 4.1.7, RFC 9449 section 4.2.
//! Refuses nothing: what is not base64url or a UUID never comes here as a `jti`.

use alloc::string::String;

use crate::ground::text::decimal;

/// When and as what a statement is made.
#[derive(Clone, Copy)]
pub(crate) struct Stamp<'a> {
    /// Unique, unguessable, never used before: base64url or a UUID.
    pub(crate) jti: &'a str,
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Stamp<'_> {
    /// `jti`, the time and the end, so many seconds later, as JSON.
    pub(crate) fn texts(self, lifetime: u32) -> [String; 3] {
        let mut jti = String::from("\"");
        jti.push_str(self.jti);
        jti.push_str("\"");
        [jti, decimal(self.now), decimal(self.now.saturating_add(u64::from(lifetime)))]
    }
}
