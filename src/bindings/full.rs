//! Operations of the full package: one dispatch, and the client that most of them begin with.

use alloc::string::String;

use super::text::host_error;
use super::{Lines, browser};
use crate::client::{Client, Profile};
use crate::error::Result;

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "error" => host_error(lines),
        // Of all that follows: a name that tells nothing of what it names.
        "digest" => {
            text.push_str(&crate::encoding::base64url(&crate::sha256::digest(lines.0.as_bytes())));
            Ok(())
        }
        "jwk" | "der" | "key" | "id_token" | "logout_token" | "jwks_request" | "jwks_answer" => super::jose::call(operation, lines, text),
        _ => super::judges::call(operation, lines, text),
    }
}

/// As [`browser::client`], as a value of the public type.
pub(super) fn client(lines: &mut Lines<'_>) -> Result<Client> {
    let token_endpoint = Lines(lines.0).take::<4>()[3];
    let found = browser::client(lines)?;
    let mut profile = Profile::new(found.issuer, found.authorization_endpoint, token_endpoint);
    profile.rules = found.rules;
    profile.iss_parameter = found.iss_parameter;
    profile.development = found.development;
    Ok(Client { profile, client_id: found.client_id.into(), redirect_uri: found.redirect_uri.into() })
}
