//! Text that must not be seen: verifiers, codes, tokens, client secrets.
//!
//! Wiped from memory when dropped; compared in constant time.
//! Refuses to be printed: there is no `Display`, and `Debug` shows a placeholder.

use alloc::string::String;

use zeroize::Zeroize;

use crate::ground::lean::NPM;

/// A secret text. Reading it takes a call that says so.
///
/// ```
/// let secret = samtykke::Secret::new("correct horse");
/// assert_eq!(secret.expose(), "correct horse");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
///
/// It cannot be printed by accident:
///
/// ```compile_fail
/// println!("{}", samtykke::Secret::new("correct horse"));
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a text over; the caller's copy, if any, is the caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An empty text with room for so many octets: as long as no more are pushed, nothing of it is left behind in memory.
    pub(crate) fn with_capacity(octets: usize) -> Self {
        Self(String::with_capacity(octets))
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// The text itself, for the one place that has to send or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        crate::ground::text::equal(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl Eq for Secret {}

// The npm wasm has no code for freeing; its loader drops the whole memory instead.
impl Drop for Secret {
    fn drop(&mut self) {
        if !NPM {
            self.0.zeroize();
        }
    }
}
