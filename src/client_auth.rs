//! Client authentication at the token endpoint (RFC 6749 section 2.3.1).
//!
//! `client_secret_basic` form-encodes id and secret before base64; `client_secret_post` puts them in the body.
//! Refuses a method the provider does not take; one method a request, by construction.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::Client;
use crate::encoding::{Form, base64};
use crate::error::{Error, Result, codes};
use crate::secret::Secret;

/// How a client proves who it is. One value, one method: two cannot be combined.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// A public client: `client_id` in the body, no proof but PKCE.
    None,
    /// HTTP Basic with form-encoded id and secret.
    SecretBasic(Secret),
    /// `client_id` and `client_secret` in the body; only where a server takes nothing better.
    SecretPost(Secret),
}

impl ClientAuthentication {
    /// HTTP Basic with a client secret.
    pub fn secret_basic(secret: impl Into<String>) -> Self {
        Self::SecretBasic(Secret::new(secret))
    }

    /// A client secret in the body.
    pub fn secret_post(secret: impl Into<String>) -> Self {
        Self::SecretPost(Secret::new(secret))
    }

    /// The method's registered name.
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic(_) => "client_secret_basic",
            Self::SecretPost(_) => "client_secret_post",
        }
    }

    /// Adds the proof to a token request.
    pub(crate) fn apply(&self, client: &Client, headers: &mut Vec<(&'static str, Secret)>, form: &mut Form) -> Result<()> {
        let allowed = client.profile.rules.client_authentication;
        if !allowed.is_empty() && !allowed.contains(&self.method()) {
            let expected = allowed.first().copied().unwrap_or_default();
            return Err(Error::new(&codes::INVALID_CONFIGURATION).expected(expected).actual(self.method()));
        }
        match self {
            Self::None => {}
            Self::SecretBasic(secret) | Self::SecretPost(secret) if secret.expose().is_empty() => {
                return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("a client secret, not empty"));
            }
            Self::SecretBasic(secret) => headers.push(("authorization", basic(&client.client_id, secret.expose()))),
            Self::SecretPost(secret) => {
                form.push("client_secret", secret.expose());
            }
        }
        Ok(())
    }
}

/// The `Authorization` value of HTTP Basic for an OAuth client: id and secret are form-encoded first, so that
/// `%`, `+` and `:` in them survive; every mark is escaped, which all decoders read alike.
///
/// ```
/// let header = samtykke::client_auth::basic("eksempelbank-client", "a%b+c d:e/f");
/// assert_eq!(header.expose(), "Basic ZWtzZW1wZWxiYW5rJTJEY2xpZW50OmElMjViJTJCYytkJTNBZSUyRmY=");
/// ```
pub fn basic(client_id: &str, secret: &str) -> Secret {
    let mut pair = String::new();
    push_strict(&mut pair, client_id);
    pair.push(':');
    push_strict(&mut pair, secret);
    let pair = Secret::new(pair);
    let mut header = String::from("Basic ");
    header.push_str(&base64(pair.expose().as_bytes()));
    Secret::new(header)
}

fn push_strict(out: &mut String, text: &str) {
    let mut encoded = String::new();
    crate::encoding::push_form(&mut encoded, text);
    for letter in encoded.chars() {
        match letter {
            '-' => out.push_str("%2D"),
            '.' => out.push_str("%2E"),
            '_' => out.push_str("%5F"),
            '~' => out.push_str("%7E"),
            other => out.push(other),
        }
    }
    zeroize::Zeroize::zeroize(&mut encoded);
}
