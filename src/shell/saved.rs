//! A session of HelseID's as it is stored, in the form that the npm package has too: JSON, with names of its own.
//!
//! Refuses a text of another form, and a session of another client or environment.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::protocol::id_token::claims::Claims;
use crate::provider::helseid::Granted;

/// What a session is made of. `Debug` is of whoever holds it.
#[derive(Clone, Default)]
pub(crate) struct Saved {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The scope of the login, over all audiences.
    pub(crate) scope: String,
    /// The audience of the login's own tokens.
    pub(crate) resource: Option<String>,
    pub(crate) refresh_token: Option<Secret>,
    /// Seconds since 1970.
    pub(crate) refresh_expires_at: Option<u64>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) claims: Option<Claims>,
    /// By which processes know that they have the same session.
    pub(crate) id: Option<String>,
    /// How many refresh tokens there were before: the highest is the newest.
    pub(crate) turn: u64,
}

impl Saved {
    pub(crate) fn text(&self) -> Secret {
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

    /// Takes over what an answer says of the session.
    pub(crate) fn take(&mut self, granted: &Granted, now: u64) {
        let tokens = &granted.tokens;
        self.refresh_token = tokens.refresh_token.clone().or_else(|| self.refresh_token.take());
        self.refresh_expires_at = granted.refresh_expires_in.map(|seconds| now.saturating_add(seconds.into()));
        self.id_token = tokens.id_token.clone().or_else(|| self.id_token.take());
        self.claims = tokens.claims.clone().or_else(|| self.claims.take());
    }

    pub(crate) fn parse(text: &str, issuer: &str, client_id: &str) -> Result<Self> {
        let invalid = || Error::new(&codes::SESSION_INVALID);
        let value = Value::parse(text).ok_or_else(invalid)?;
        let some = |name: &str| value.text(name).map(String::from);
        let time = |name: &str| value.get(name)?.as_integer().and_then(|time| u64::try_from(time).ok());
        let claims = value.members().iter().find(|member| &*member.name == "claims").map(|member| Claims::from_stored(member.raw));
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
