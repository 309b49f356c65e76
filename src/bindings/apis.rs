//! Operations on the providers' own APIs, one dispatch for each provider.

use alloc::string::String;

use super::text::host_error;
use super::{Lines, browser, helseid, maskinporten, norskgjeld, refused, selvbetjening};
use crate::error::Result;

pub(super) fn call(operation: &str, mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        // So that a provider can be made, and a host's error be worded, where this is the only wasm.
        "C" => browser::client(&mut lines).map(|_| ()),
        "error" => host_error(lines),
        "helseid" => helseid::call(lines, text),
        "maskinporten" => maskinporten::call(lines, text),
        "norskgjeld" => norskgjeld::call(lines, text),
        "selvbetjening" => selvbetjening::call(lines, text),
        _ => refused("a known operation"),
    }
}
