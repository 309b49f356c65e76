//! A key's name, made of the key itself.
//!
//! RFC 7638: SHA-256 over the required members in lexicographic order, as base64url; `jkt` and `dpop_jkt` of RFC 9449.
//! Refuses nothing: a [`Jwk`] is checked already, so its thumbprint is the only one.

use alloc::string::String;

use crate::ground::text::base64url;
use crate::jose::jwk::Jwk;

/// The thumbprint of a key (RFC 7638 section 3), 43 characters.
///
/// ```
/// use samtykke::jose::{Jwk, thumbprint};
/// let key = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); // RFC 8037 appendix A.3
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn thumbprint(key: &Jwk) -> String {
    base64url(&crate::ground::sha256::digest(key.required_json().as_bytes()))
}
