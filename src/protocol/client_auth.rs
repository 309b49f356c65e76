//! Client authentication: a secret, a signed assertion, or a certificate of the connection's.
//!
//! RFC 6749 section 2.3.1, RFC 7523 section 2.2, OIDC Core section 9, RFC 8705 section 2.
//! Refuses a method the provider does not take; one method a request, by construction.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::form::Form;
use crate::ground::secret::Secret;
use crate::ground::text::{base64, cut, push_form};
use crate::jose::KeyInfo;
use crate::protocol::client::Registration;
use crate::protocol::profile::{AssertionRules, Profile, Rules};

/// How a client proves who it is. One value, one method: two cannot be combined.
///
/// A private key is never in here: what signs is asked for by the [`Sign`](crate::Step::Sign) step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A public client: `client_id` in the body, no proof but PKCE.
    None,
    /// HTTP Basic with form-encoded id and secret.
    SecretBasic(Secret),
    /// `client_id` and `client_secret` in the body; only where a server takes nothing better.
    SecretPost(Secret),
    /// An assertion under a shared secret, HS256 (`client_secret_jwt`).
    SecretJwt(Secret),
    /// An assertion signed with a private key (`private_key_jwt`).
    PrivateKeyJwt(Box<PrivateKeyJwt>),
    /// The certificate of the connection (`tls_client_auth`); for HTTP clients that present one.
    Tls,
}

/// What is known of a signed assertion's key, and how the assertion looks.
#[derive(Clone, Debug)]
pub struct PrivateKeyJwt {
    /// The key.
    pub key: KeyInfo,
    /// How the assertion looks; `None` for the provider's own rules.
    pub rules: Option<AssertionRules>,
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

    /// An assertion under a client secret of at least 32 octets.
    pub fn secret_jwt(secret: impl Into<String>) -> Self {
        Self::SecretJwt(Secret::new(secret))
    }

    /// An assertion signed with this key, as the provider's rules say.
    pub fn private_key_jwt(key: KeyInfo) -> Self {
        Self::PrivateKeyJwt(Box::new(PrivateKeyJwt { key, rules: None }))
    }

    /// An assertion signed with this key, by rules of the caller's own.
    pub fn private_key_jwt_with(key: KeyInfo, rules: AssertionRules) -> Self {
        Self::PrivateKeyJwt(Box::new(PrivateKeyJwt { key, rules: Some(rules) }))
    }

    /// The method's registered name.
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic(_) => "client_secret_basic",
            Self::SecretPost(_) => "client_secret_post",
            Self::SecretJwt(_) => "client_secret_jwt",
            Self::PrivateKeyJwt(_) => "private_key_jwt",
            Self::Tls => "tls_client_auth",
        }
    }

    /// The rules of the assertion, for the methods that have one.
    pub(crate) fn rules<'a>(&'a self, client: &'a Registration) -> Option<&'a AssertionRules> {
        match self {
            Self::SecretJwt(_) => Some(&client.profile.requests.assertion),
            Self::PrivateKeyJwt(own) => Some(own.rules.as_ref().unwrap_or(&client.profile.requests.assertion)),
            _ => None,
        }
    }

    /// Whether the client names itself in the body: whoever has no other way does (RFC 6749 section 2.3.1, RFC 8705
    /// section 2), and whoever's rules say so.
    pub(crate) fn is_named(&self, client: &Registration) -> bool {
        !matches!(self, Self::SecretBasic(_)) && self.rules(client).is_none_or(|rules| rules.client_id)
    }

    /// Adds to a request what every one of its attempts has in common; an assertion is made for each.
    pub(crate) fn apply(&self, client: &Registration, headers: &mut Vec<(&'static str, Secret)>, form: &mut Form) -> Result<()> {
        check_method(self.method(), client.profile.rules)?;
        match self {
            Self::SecretBasic(secret) | Self::SecretPost(secret) | Self::SecretJwt(secret) if secret.expose().is_empty() => {
                return Err(no_secret());
            }
            Self::SecretBasic(secret) => {
                headers.push(("authorization", basic_with(&client.client_id, secret.expose(), client.profile.requests.raw_basic)))
            }
            Self::SecretPost(secret) => {
                form.push("client_secret", secret.expose());
            }
            Self::None | Self::SecretJwt(_) | Self::PrivateKeyJwt(_) | Self::Tls => {}
        }
        Ok(())
    }
}

impl Profile {
    /// An endpoint by its metadata name; a client that presents a certificate, to authenticate itself or to have tokens bound to
    /// it, is sent to the alias for those, where there is one (RFC 8705 section 5). Empty where the server has none.
    pub fn endpoint(&self, name: &str, authentication: &ClientAuthentication) -> &str {
        if (matches!(authentication, ClientAuthentication::Tls) || self.requests.certificate_bound)
            && let Some((_, alias)) = self.endpoints.mtls_aliases.iter().find(|(known, _)| known == name)
        {
            return alias;
        }
        let own = match name {
            "token_endpoint" => return &self.token_endpoint,
            "pushed_authorization_request_endpoint" => &self.endpoints.pushed_authorization_request,
            "device_authorization_endpoint" => &self.endpoints.device_authorization,
            "userinfo_endpoint" => &self.endpoints.userinfo,
            "introspection_endpoint" => &self.endpoints.introspection,
            "revocation_endpoint" => &self.endpoints.revocation,
            _ => &None,
        };
        own.as_deref().unwrap_or_default()
    }
}

/// Refuses a method the provider does not take.
pub(crate) fn check_method(method: &str, rules: &Rules) -> Result<()> {
    let allowed = rules.client_authentication;
    if allowed.is_empty() || allowed.contains(&method) {
        return Ok(());
    }
    let expected = allowed.first().copied().unwrap_or_default();
    Err(Error::new_expected(&codes::INVALID_CONFIGURATION, expected).actual(method))
}

/// The error of a secret that is none.
pub(crate) fn no_secret() -> Error {
    Error::new_expected(&codes::INVALID_CONFIGURATION, "a client secret, not empty")
}

/// The `Authorization` value of HTTP Basic for an OAuth client: id and secret are form-encoded first, so that `%`, `+` and `:` in
/// them survive. Letters, digits and `*-._~` stay as they are, which all decoders read alike.
///
/// ```
/// let header = samtykke::protocol::client_auth::basic("eksempelbank-client", "a%b+c d:e/f~g");
/// // eksempelbank-client:a%25b%2Bc+d%3Ae%2Ff~g
/// assert_eq!(header.expose(), "Basic ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmfmc=");
/// ```
pub fn basic(client_id: &str, secret: &str) -> Secret {
    basic_with(client_id, secret, false)
}

/// As [`basic`]; `raw` sends both as they are.
pub(crate) fn basic_with(client_id: &str, secret: &str, raw: bool) -> Secret {
    // Room for all that may come, so that no copy of the secret is left behind by growing.
    let room = client_id.len().saturating_add(secret.len()).saturating_mul(3).saturating_add(1);
    let mut pair = String::with_capacity(room);
    push_pair(&mut pair, client_id, raw);
    pair.push(':');
    push_pair(&mut pair, secret, raw);
    let pair = Secret::new(pair);
    let encoded = Secret::new(base64(pair.expose().as_bytes()));
    let mut header = Secret::with_capacity(encoded.expose().len().saturating_add(6));
    header.push_str("Basic ");
    header.push_str(encoded.expose());
    header
}

fn push_pair(out: &mut String, text: &str, raw: bool) {
    if raw {
        return out.push_str(text);
    }
    // The form encoding of the URL standard, but for `~`, leaves `*` as it is.
    let mut rest = Some(text);
    while let Some(left) = rest {
        let (part, after) = cut(left, b'*');
        push_form(out, part);
        if after.is_some() {
            out.push('*');
        }
        rest = after;
    }
}
