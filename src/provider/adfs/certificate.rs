//! Which of a client's certificates to sign with: one that is valid now, and whether it ends soon.
//!
//! AD FS refuses an assertion of a certificate that is not registered, or out of its time (RFC 5280 section 4.1.2.5).
//! Refuses a list without a certificate that is valid now.

use crate::ground::error::{Error, Result, codes};
use crate::jose::der::validity;

/// The certificate to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Current {
    /// Its place in the list.
    pub index: usize,
    /// From when it is valid, in seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// Whether less than the seconds asked for are left: time to renew it and have the new one registered.
    pub expires_soon: bool,
}

/// The first of your certificates, each a PEM text, that is valid now. Put a renewed one after the old one until it is registered,
/// and first from then on. `now` is in seconds since 1970, `warn` in seconds before the end, such as thirty days.
///
/// # Errors
/// `key_refused` when none is valid, or one is no certificate.
///
/// ```
/// use samtykke::provider::adfs::current;
/// assert_eq!(current(&["-----BEGIN CERTIFICATE-----"], 1_800_000_000, 30 * 86_400).unwrap_err().code(), "key_refused");
/// ```
pub fn current(certificates: &[&str], now: i64, warn: u32) -> Result<Current> {
    for (index, pem) in certificates.iter().enumerate() {
        let (not_before, not_after) = validity(pem)?;
        if not_before <= now && now <= not_after {
            return Ok(Current { index, not_before, not_after, expires_soon: not_after.saturating_sub(now) < i64::from(warn) });
        }
    }
    Err(Error::new(&codes::KEY_REFUSED).expected("a certificate that is valid now"))
}
