//! A session as it is stored, in the form that the npm package has too: JSON, with names of its own.
//!
//! Refuses a text of another form, and a session of another client or environment.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::protocol::id_token::claims::Claims;

/// What a session is made of. `Debug` is of whoever holds it.
#[derive(Clone, Default)]
pub(super) struct Saved {
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// The scope of the login, over all audiences.
    pub(super) scope: String,
    /// The audience of the login's own tokens.
    pub(super) resource: Option<String>,
    pub(super) refresh_token: Option<Secret>,
    /// Seconds since 1970.
    pub(super) refresh_expires_at: Option<u64>,
    pub(super) id_token: Option<Secret>,
    pub(super) claims: Option<Claims>,
    /// By which processes know that they have the same session.
    pub(super) id: Option<String>,
    /// How many refresh tokens there were before: the highest is the newest.
    pub(super) turn: u64,
}

impl Saved {
    pub(super) fn text(&self) -> Secret {
        let mut json = Writer::new();
        json.string("issuer", &self.issuer).string("clientId", &self.client_id).string("scope", &self.scope);
        json.some("resource", self.resource.as_deref()).some("refreshToken", self.refresh_token.as_ref().map(Secret::expose));
        if let Some(end) = self.refresh_expires_at {
            json.raw("refreshExpiresAt", &decimal(end));
        }
        json.some("idToken", self.id_token.as_ref().map(Secret::expose));
        if let Some(claims) = &self.claims {
            json.raw("claims", claims.json());
        }
        json.some("id", self.id.as_deref()).raw("turn", &decimal(self.turn));
        Secret::new(json.take())
    }

    pub(super) fn parse(text: &str, issuer: &str, client_id: &str) -> Result<Self> {
        let invalid = || Error::new(&codes::SESSION_INVALID);
        let value = Value::parse(text).ok_or_else(invalid)?;
        let some = |name: &str| value.text(name).map(String::from);
        let time = |name: &str| value.get(name)?.as_integer().and_then(|time| u64::try_from(time).ok());
        let claims = value.members().iter().find(|member| &*member.name == "claims").map(|member| Claims::stored(member.raw));
        let saved = Self {
            issuer: some("issuer").ok_or_else(invalid)?,
            client_id: some("clientId").ok_or_else(invalid)?,
            scope: some("scope").ok_or_else(invalid)?,
            resource: some("resource"),
            refresh_token: some("refreshToken").map(Secret::new),
            refresh_expires_at: time("refreshExpiresAt"),
            id_token: some("idToken").map(Secret::new),
            claims: claims.transpose().map_err(|_| invalid())?,
            id: some("id"),
            turn: time("turn").unwrap_or_default(),
        };
        if saved.issuer == issuer && saved.client_id == client_id {
            return Ok(saved);
        }
        Err(Error::new(&codes::INVALID_CONFIGURATION).expected("a session of this client and environment"))
    }
}
