//! A draft of a client, which a person confirms in the portal.
//!
//! Body of `POST /v1/client-drafts`: camelCase, absent rather than null, the public JWK as a JSON string.
//! Refuses odd organisation numbers, scopes, redirect URIs and keys before anything is sent.

use alloc::string::String;
use alloc::vec::Vec;

use super::key::PublicKey;
use super::lists::{Claim, Lists, check_organizations, key_and_value, list, text};
use super::{SCOPE, refusal};
use crate::ground::error::Result;
use crate::ground::error::shown::shown_text;
use crate::ground::json::{Value, Writer};
use crate::ground::uri::Uri;

/// What a draft may hold, but for its key.
const MEMBERS: [&str; 7] = [
    "organizationNumber",
    "apiScopes",
    "audienceSpecificClientClaims",
    "redirectUris",
    "postLogoutRedirectUris",
    "childOrganizationNumbers",
    "postClientConfirmationRedirectUri",
];

/// A draft. Lists that are `None` are not sent: the template's own hold then.
///
/// ```
/// use samtykke::provider::selvbetjening::{Draft, PublicKey, SCOPE};
/// let key = PublicKey::parse(r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#)?;
/// let mut draft = Draft::new("999977774", key);
/// draft.api_scopes = Some(vec![SCOPE.into()]);
/// assert!(draft.json()?.starts_with(r#"{"organizationNumber":"999977774","publicJwk":"{\"crv\":"#));
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Draft {
    /// The organisation's number: nine digits.
    pub organization_number: String,
    /// The client's public key.
    pub public_key: PublicKey,
    /// Scopes of APIs; with [`SCOPE`] among them.
    pub api_scopes: Option<Vec<String>>,
    /// Claims for single APIs.
    pub claims: Option<Vec<Claim>>,
    /// Where logins may end.
    pub redirect_uris: Option<Vec<String>>,
    /// Where logouts may end.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Child organisations: nine digits each.
    pub child_organization_numbers: Option<Vec<String>>,
    /// Where the portal sends the person after the confirmation: https, or http on loopback; no query, no fragment.
    pub confirmation_redirect_uri: Option<String>,
}

impl Draft {
    /// A draft with what every one has.
    pub fn new(organization_number: &str, public_key: PublicKey) -> Self {
        Self {
            organization_number: organization_number.into(),
            public_key,
            api_scopes: None,
            claims: None,
            redirect_uris: None,
            post_logout_redirect_uris: None,
            child_organization_numbers: None,
            confirmation_redirect_uri: None,
        }
    }

    /// A draft from JSON in the API's own names, such as a settings file; `publicJwk` is not among them.
    ///
    /// # Errors
    /// `invalid_parameter` for a member that is not known, of another type, or absent where every draft has it.
    pub fn from_json(json: &str, public_key: PublicKey) -> Result<Self> {
        let wrong = || refusal("a draft: organizationNumber, and the lists and the address that a draft can have");
        let value = Value::parse(json).ok_or_else(wrong)?;
        if let Some(member) = value.members().iter().find(|member| !MEMBERS.contains(&&*member.name)) {
            return Err(wrong().actual(shown_text(&member.name)));
        }
        let texts = |name| list(&value, name, text).ok_or_else(wrong);
        let confirmation_redirect_uri = match value.get("postClientConfirmationRedirectUri") {
            None => None,
            Some(uri) => Some(text(uri).ok_or_else(wrong)?),
        };
        Ok(Self {
            organization_number: value.get("organizationNumber").and_then(text).ok_or_else(wrong)?,
            public_key,
            api_scopes: texts("apiScopes")?,
            claims: list(&value, "audienceSpecificClientClaims", key_and_value).ok_or_else(wrong)?,
            redirect_uris: texts("redirectUris")?,
            post_logout_redirect_uris: texts("postLogoutRedirectUris")?,
            child_organization_numbers: texts("childOrganizationNumbers")?,
            confirmation_redirect_uri,
        })
    }

    /// The body that is sent.
    ///
    /// # Errors
    /// `invalid_parameter`, naming the field and what was expected.
    pub fn json(&self) -> Result<String> {
        check_organizations(core::slice::from_ref(&self.organization_number))?;
        let lists = Lists {
            api_scopes: self.api_scopes.as_deref(),
            claims: self.claims.as_deref(),
            redirect_uris: self.redirect_uris.as_deref(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.as_deref(),
            child_organization_numbers: self.child_organization_numbers.as_deref(),
        };
        if self.api_scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| scope == SCOPE)) {
            return Err(refusal("apiScopes: none at all, or nhn:selvbetjening/client among them"));
        }
        let mut json = Writer::new();
        json.string("organizationNumber", &self.organization_number).string("publicJwk", self.public_key.json());
        lists.write(&mut json, false)?;
        if let Some(uri) = &self.confirmation_redirect_uri {
            let fits = Uri::parse(uri).is_some_and(|uri| uri.is_secure(true) && uri.query.is_none() && uri.fragment.is_none());
            if !fits {
                return Err(refusal("postClientConfirmationRedirectUri: https, or http on loopback, without query and fragment"));
            }
            json.string("postClientConfirmationRedirectUri", uri);
        }
        Ok(json.take())
    }
}
