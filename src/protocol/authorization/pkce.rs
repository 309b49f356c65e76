//! Proof Key for Code Exchange, S256 (RFC 7636).
//!
//! The verifier stays with whoever began the flow; the challenge travels in the authorization request.
//! Refuses verifiers outside 43 to 128 unreserved characters; the method `plain` does not exist here.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::octet::{UNRESERVED, is_all};
use crate::ground::secret::Secret;
use crate::ground::text::base64url;

/// A `code_verifier`: 43 to 128 unreserved characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier(Secret);

impl Verifier {
    /// A verifier of 43 characters from 32 random octets (RFC 7636 section 4.1).
    pub fn from_random(octets: &[u8]) -> Self {
        Self(Secret::new(base64url(octets)))
    }

    /// A verifier that was made elsewhere; it must be as unguessable as one made here, and used once.
    ///
    /// # Errors
    /// `invalid_parameter` when it is not 43 to 128 characters of `A-Z a-z 0-9 - . _ ~`.
    pub fn parse(text: &str) -> Result<Self> {
        if !is_verifier(text) {
            return Err(Error::new(&codes::INVALID_PARAMETER).expected("a code_verifier of 43 to 128 unreserved characters"));
        }
        Ok(Self(Secret::new(text)))
    }

    /// The S256 challenge: base64url of the SHA-256 of the verifier, 43 characters (RFC 7636 section 4.2).
    ///
    /// ```
    /// let verifier = samtykke::protocol::authorization::pkce::Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
    /// assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn challenge(&self) -> String {
        base64url(&crate::ground::sha256::digest(self.0.expose().as_bytes()))
    }

    /// The text, for the token request.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

pub(crate) fn is_verifier(text: &str) -> bool {
    is_unreserved(text, 43)
}

/// At least so many and at most 128 unreserved characters (RFC 3986 section 2.3).
pub(crate) fn is_unreserved(text: &str, least: usize) -> bool {
    text.len() >= least && text.len() <= 128 && is_all(text, UNRESERVED)
}
