//! Operations on the gateway of Region Halland.

use alloc::string::String;

use super::text::response;
use super::{Lines, refused, some};
use crate::error::Result;
use crate::provider::halland::{check_header, refusal_error};
use crate::secret::Secret;

/// `header`, or `refused`: status, media type, `Retry-After`, `WWW-Authenticate`, then the body; always fails, with what it says.
pub(super) fn call(mut lines: Lines<'_>) -> Result<()> {
    match lines.next() {
        "header" => check_header(lines.next()),
        "refused" => {
            let mut response = response(&mut lines);
            response.www_authenticate = some(lines.next()).map(String::from);
            response.body = Secret::new(lines.0);
            Err(refusal_error(&response))
        }
        _ => refused("a known operation"),
    }
}
