//! What is new in every statement: its `jti`, its times, a proof's nonce.
//!
//! RFC 7519 sections 4.1.4 to 4.1.7, RFC 9449 section 4.2. A shell that signs one statement after the other has these left
//! open, and fills them in itself: the rest is then worded once.
//! Refuses nothing; no string of JSON holds a mark as it stands, so nothing else can be taken for one.

use alloc::string::String;

use crate::ground::text::decimal;

/// When and as what a statement is made.
#[derive(Clone, Copy)]
pub(crate) enum Stamp<'a> {
    /// With this `jti`, base64url or a UUID, at this time in seconds since 1970.
    Made {
        /// Unique, unguessable, never used before.
        jti: &'a str,
        /// Seconds since 1970.
        now: u64,
    },
    /// Left open: U+0001 stands for the `jti`, U+0002 for the time, U+0003 for the end, U+0004 for the nonce.
    #[allow(dead_code, reason = "the npm package's shell alone fills in what is open")]
    Open,
}

impl Stamp<'_> {
    /// `jti`, the time and the end, so many seconds later, as JSON.
    pub(crate) fn texts(self, lifetime: u32) -> [String; 3] {
        match self {
            Self::Made { jti, now } => {
                let mut quoted = String::from("\"");
                quoted.push_str(jti);
                quoted.push_str("\"");
                [quoted, decimal(now), decimal(now.saturating_add(u64::from(lifetime)))]
            }
            Self::Open => ["\"\u{1}\"", "\u{2}", "\u{3}"].map(String::from),
        }
    }

    /// A nonce as JSON.
    pub(crate) fn nonce(self, nonce: &str) -> String {
        let mut quoted = String::from("\"");
        match self {
            Self::Made { .. } => quoted.push_str(nonce),
            Self::Open => quoted.push_str("\u{4}"),
        }
        quoted.push_str("\"");
        quoted
    }
}
