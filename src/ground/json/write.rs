//! JSON written: strings, and objects member by member (RFC 8259).
//!
//! Refuses nothing: values that are JSON already are taken as they are.

use alloc::string::String;

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push_str("\"");
    let mut rest = text;
    // Whole runs at once: most text has nothing to escape.
    while let Some((run, after)) = rest.split_at_checked(plain(rest)) {
        out.push_str(run);
        let Some(octet) = after.bytes().next() else { break };
        if octet < b' ' {
            out.push_str(if octet < 16 { "\\u000" } else { "\\u001" });
            let digit = usize::from(octet & 15);
            out.push_str("0123456789abcdef".get(digit..=digit).unwrap_or_default());
        } else {
            out.push_str(if octet == b'"' { "\\\"" } else { "\\\\" });
        }
        rest = after.get(1..).unwrap_or_default();
    }
    out.push_str("\"");
}

/// Octets before the first that a string of JSON cannot hold as it is.
#[inline(never)]
pub(super) fn plain(text: &str) -> usize {
    text.bytes().position(|octet| matches!(octet, b'"' | b'\\' | 0..b' ')).unwrap_or(text.len())
}

/// A JSON object being written, member by member.
pub(crate) struct Writer {
    text: String,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// An empty object.
    pub(crate) fn new() -> Self {
        Self { text: String::from("{") }
    }

    /// Adds a member whose value is already JSON.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        if self.text.len() > 1 {
            self.text.push_str(",");
        }
        push_string(&mut self.text, name);
        self.text.push_str(":");
        self.text.push_str(json);
        self
    }

    /// Adds a string member.
    pub(crate) fn string(&mut self, name: &str, value: &str) -> &mut Self {
        let mut json = String::new();
        push_string(&mut json, value);
        self.raw(name, &json)
    }

    /// Adds a string member when there is a value.
    pub(crate) fn some(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.string(name, value);
        }
        self
    }

    /// The finished text; the writer is empty afterwards.
    pub(crate) fn take(&mut self) -> String {
        let mut text = core::mem::replace(&mut self.text, String::from("{"));
        text.push_str("}");
        text
    }
}
