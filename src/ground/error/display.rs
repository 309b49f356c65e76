//! An error as a message: code, phase, the server's words cut short, what was expected and found, the hint.
//!
//! Refuses to show more than a line of what a server wrote.

use alloc::string::String;

use super::Error;

/// Characters of a server's own words that a message shows.
const LINE: usize = 200;

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let inner = &self.0;
        write!(f, "{} in the {} phase", inner.kind.code(), inner.phase.as_str())?;
        if let Some(oauth) = &inner.oauth {
            write!(f, ": the server answered {:?}", oauth.error)?;
            if let Some(words) = &oauth.description {
                let words = core::str::from_utf8(words.as_ref()).unwrap_or_default();
                write!(f, ", {:?}", words.chars().take(LINE).collect::<String>())?;
            }
        }
        if let Some(status) = self.status() {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(expected) = self.expected_value() {
            write!(f, "; expected {expected}")?;
        }
        if let Some(actual) = &inner.actual {
            write!(f, "; found {actual:?}")?;
        }
        write!(f, ". {} [{}]", self.hint(), self.doc())
    }
}

impl core::fmt::Debug for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(self.0.cause.as_deref()?)
    }
}
