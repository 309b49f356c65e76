//! Operations of all but the page: one dispatch.

use alloc::string::String;

use super::text::host_error;
use super::{Lines, operations};
use crate::ground::error::Result;

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    // A page has no room for the table.
    if operation == "error" && cfg!(not(samtykke_entry = "exchange")) {
        return host_error(lines);
    }
    operations!(operation, {
        // Of all that follows: a name that tells nothing of what it names.
        "digest" => {
            text.push_str(&crate::ground::text::base64url(&crate::ground::sha256::digest(lines.0.as_bytes())));
            Ok(())
        },
    }, super::jose::call(operation, lines, text))
}
