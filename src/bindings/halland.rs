//! Operations on the gateway of Region Halland.

use alloc::string::String;

use super::text::push_line;
use super::{Lines, refused};
use crate::encoding::decimal;
use crate::error::Result;
use crate::jose::der;
use crate::provider::halland::check_header;

/// `header`; or `validity`, with PEM as the rest.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "header" => check_header(lines.next()),
        "validity" => {
            for time in <[i64; 2]>::from(der::validity(lines.0)?) {
                push_line(text, &decimal(u64::try_from(time).unwrap_or_default()));
            }
            Ok(())
        }
        _ => refused("a known operation"),
    }
}
