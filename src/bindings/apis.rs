//! Operations on the providers' own APIs, one dispatch for each provider.

use alloc::string::String;
use alloc::vec::Vec;

use super::text::host_error;
use super::{Lines, acmidm, browser, halland, helseid, maskinporten, norskgjeld, refused, selvbetjening};
use crate::error::{Error, Phase, Result, codes};

pub(super) fn call(operation: &str, mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        // So that a provider can be made, and a host's error be worded, where this is the only wasm.
        "C" => browser::client(&mut lines).map(|_| ()),
        "error" => host_error(lines),
        "helseid" => helseid::call(lines, text),
        "maskinporten" => maskinporten::call(lines, text),
        // A call with a token, for where this is the only wasm too.
        "resource" => resource(lines, text),
        "acmidm" => acmidm::call(lines, text),
        "halland" => halland::call(lines, text),
        "norskgjeld" => norskgjeld::call(lines, text),
        "selvbetjening" => selvbetjening::call(lines, text),
        _ => refused("a known operation"),
    }
}

/// As the protocol's operation of this name, for a bearer token: address, method, development, origins, type, token; answers
/// the header.
fn resource(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [url, _, development, origins, token_type, token] = lines.take();
    let origins: Vec<&str> = origins.split(' ').collect();
    crate::resource::check(url, &origins, !development.is_empty())?;
    if token_type != "Bearer" || !crate::client::is_vschar(token) {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("an access token: visible ASCII"));
    }
    text.push_str("Bearer ");
    text.push_str(token);
    text.push('\n');
    Ok(())
}
