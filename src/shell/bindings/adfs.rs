//! Operations on the keys of an AD FS.

use alloc::string::String;

use super::text::push_line;
use super::{Lines, some};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::text::base64;
use crate::jose::{Algorithm, certified};

/// Algorithm, kid, x5t, then the key set: the key and its certificate, whose SHA-1 the shell compares.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [alg, kid, x5t] = lines.take();
    let Some(alg) = Algorithm::from_name(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED).at(Phase::Token)) };
    let found = certified::find(lines.0, alg, some(kid), some(x5t))?;
    push_line(text, &found.key.required_json());
    push_line(text, &base64(&found.certificate.unwrap_or_default()));
    Ok(())
}
