//! What a program keeps between two steps of a flow, or hands to another: texts with the version of their form before them.
//!
//! Refuses texts of a version that it does not know. Those of the npm package have none, and are read too.

use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::authorization::transaction::Transaction;

/// What stands before the fields of a text that this crate's user stores. No state and no issuer begins so.
const VERSION: &str = "1 ";

/// Fields with the version of their form before them.
fn marked(fields: &Secret) -> Secret {
    let mut text = Secret::with_capacity(VERSION.len().saturating_add(fields.expose().len()));
    text.push_str(VERSION);
    text.push_str(fields.expose());
    text
}

/// The fields of such a text; of one without a version it is the whole.
fn unmarked(text: &str) -> &str {
    text.strip_prefix(VERSION).unwrap_or(text)
}

impl Transaction {
    /// As text, to be stored: opaque, its version first. It holds the verifier: keep it from logs and URLs.
    pub fn serialize(&self) -> Secret {
        marked(self.text())
    }

    /// Reads what [`serialize`](Self::serialize) wrote, or the npm package, whose texts have no version.
    ///
    /// # Errors
    /// `transaction_missing` for an empty text, `transaction_malformed` for anything that is not one.
    pub fn restore(text: &str) -> Result<Self> {
        Self::parse(unmarked(text))
    }
}

impl AuthorizationCode {
    /// As text, for the page that hands its code to a worker over https. It holds code and verifier: send it once,
    /// in a POST body, and keep it from logs and URLs. Opaque, its version first.
    pub fn serialize(&self) -> Secret {
        marked(self.text())
    }

    /// Reads what [`serialize`](Self::serialize) wrote, or a page of the npm package's, whose texts have no version: the worker's end
    /// of a flow that a page began and checked. The exchange then checks that issuer, client and redirect URI are the worker's own.
    ///
    /// # Errors
    /// `code_malformed`.
    pub fn restore(text: &str) -> Result<Self> {
        Self::parse(unmarked(text))
    }
}
