//! Operations on the gateway of Region Halland.

use alloc::string::String;

use super::text::push_line;
use super::{Lines, refused, some};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::text::{base64, decimal};
use crate::jose::{Algorithm, certified, der};
use crate::provider::halland::gateway::check_header;

/// `header`; `validity`, with PEM as the rest; or `key`: algorithm, kid, x5t, then the key set, answered with the key and with its
/// certificate, whose SHA-1 the shell compares.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "header" => check_header(lines.next()),
        "validity" => {
            for time in <[i64; 2]>::from(der::validity(lines.0)?) {
                push_line(text, &decimal(u64::try_from(time).unwrap_or_default()));
            }
            Ok(())
        }
        "key" => {
            let [alg, kid, x5t] = lines.take();
            let Some(alg) = Algorithm::named(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED).at(Phase::Token)) };
            let found = certified::find(lines.0, alg, some(kid), some(x5t))?;
            push_line(text, &found.key.required_json());
            push_line(text, &base64(&found.certificate.unwrap_or_default()));
            Ok(())
        }
        _ => refused("a known operation"),
    }
}
