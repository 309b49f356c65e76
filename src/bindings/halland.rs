//! Operations on the gateway of Region Halland.

use alloc::string::String;

use super::text::{push_line, response};
use super::{Lines, refused, some};
use crate::encoding::decimal;
use crate::error::Result;
use crate::jose::der;
use crate::provider::halland::{check_header, refusal_error};
use crate::secret::Secret;

/// `header`; `validity` with PEM as the rest; or `refused`: status, media type, `Retry-After`, `WWW-Authenticate`, then the body; always fails, with what it says.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "header" => check_header(lines.next()),
        "validity" => {
            for time in <[i64; 2]>::from(der::validity(lines.0)?) {
                push_line(text, &decimal(u64::try_from(time).unwrap_or_default()));
            }
            Ok(())
        }
        "refused" => {
            let mut response = response(&mut lines);
            response.www_authenticate = some(lines.next()).map(String::from);
            response.body = Secret::new(lines.0);
            Err(refusal_error(&response))
        }
        _ => refused("a known operation"),
    }
}
