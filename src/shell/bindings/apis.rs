//! Operations on the providers' own APIs: each provider's wasm has its own, and what any of them may be asked.

use alloc::string::String;

use super::text::response;
use super::{Lines, refused, some};
use crate::ground::error::{Error, Result};
use crate::ground::secret::Secret;
use crate::provider::halland::refusal_error;

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        #[cfg(samtykke_entry = "helseid")]
        "helseid" => super::helseid::call(lines, text),
        #[cfg(samtykke_entry = "maskinporten")]
        "maskinporten" => super::maskinporten::call(lines, text),
        #[cfg(any(samtykke_entry = "acmidm", samtykke_entry = "halland"))]
        "refused" => Err(refusal(lines)),
        #[cfg(samtykke_operation = "altinn")]
        "altinn" => super::altinn::call(lines, text),
        #[cfg(samtykke_entry = "acmidm")]
        "acmidm" => super::acmidm::call(lines, text),
        #[cfg(any(samtykke_entry = "adfs", samtykke_operation = "adfs"))]
        "adfs" => super::adfs::call(lines, text),
        #[cfg(samtykke_entry = "halland")]
        "halland" => super::halland::call(lines),
        #[cfg(samtykke_entry = "norskgjeld")]
        "norskgjeld" => super::norskgjeld::call(lines, text),
        #[cfg(samtykke_entry = "selvbetjening")]
        "selvbetjening" => super::selvbetjening::call(lines, text),
        _ => refused("a known operation"),
    }
}

/// What a refused answer says of token and subscription key: status, media type, `Retry-After`, `WWW-Authenticate`, then the body.
fn refusal(mut lines: Lines<'_>) -> Error {
    let mut answer = response(&mut lines);
    answer.www_authenticate = some(lines.next()).map(String::from);
    answer.body = Secret::new(lines.0);
    refusal_error(&answer)
}
