//! A form being written (RFC 6749 appendix B). It may hold codes, tokens and secrets: what it leaves behind is wiped.

use alloc::string::String;

use zeroize::Zeroize;

use crate::ground::lean::NPM;
use crate::ground::text::push_form;

/// A form body or query being written: `name=value` pairs joined by `&`.
#[derive(Default)]
pub(crate) struct Form {
    text: String,
}

impl Form {
    /// An empty form.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Makes room for what may come. A text that grows leaves itself behind in memory, secrets and all: here it is wiped first.
    fn reserve(&mut self, octets: usize) {
        let wanted = self.text.len().saturating_add(octets);
        if NPM || self.text.capacity() >= wanted {
            return;
        }
        let mut text = String::with_capacity(wanted.saturating_mul(2));
        text.push_str(&self.text);
        self.text.zeroize();
        self.text = text;
    }

    /// Adds a pair; both sides are form-encoded.
    pub(crate) fn push(&mut self, name: &str, value: &str) -> &mut Self {
        self.reserve(name.len().saturating_add(value.len()).saturating_mul(3).saturating_add(2));
        if !self.text.is_empty() {
            self.text.push('&');
        }
        push_form(&mut self.text, name);
        self.text.push('=');
        push_form(&mut self.text, value);
        self
    }

    /// Adds a pair when there is a value.
    pub(crate) fn push_some(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.push(name, value);
        }
        self
    }

    /// Adds pairs that are encoded already.
    pub(crate) fn append(&mut self, encoded: &str) -> &mut Self {
        self.reserve(encoded.len().saturating_add(1));
        if !self.text.is_empty() && !encoded.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(encoded);
        self
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text: a body of `application/x-www-form-urlencoded`.
    pub(crate) fn into_string(mut self) -> String {
        core::mem::take(&mut self.text)
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        if !NPM {
            self.text.zeroize();
        }
    }
}
