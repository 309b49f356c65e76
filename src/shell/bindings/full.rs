//! Operations of the full package: one dispatch.

use alloc::string::String;

use super::Lines;
use super::text::host_error;
use crate::ground::error::Result;

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "error" => host_error(lines),
        // Of all that follows: a name that tells nothing of what it names.
        "digest" => {
            text.push_str(&crate::ground::text::base64url(&crate::ground::sha256::digest(lines.0.as_bytes())));
            Ok(())
        }
        "jwk" | "der" | "chain" | "key" | "choose" => super::jose::call(operation, lines, text),
        _ => super::judges::call(operation, lines, text),
    }
}
