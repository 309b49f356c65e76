//! Tokens as a program stores them, and as it shows them where it means to: by two calls that say so.
//!
//! The text is opaque and has its version first. Refuses a text of another version or form; there is no other way to serialise tokens.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::ground::time::seconds;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::{TokenType, Tokens};

/// What stands before the JSON.
const VERSION: &str = "1 ";
/// Members that have two words.
const SNAKE: [&str; 6] = ["access_token", "token_type", "expires_in", "requested_scope", "refresh_token", "id_token"];
/// The same, as the package names them.
#[cfg(all(feature = "axum", not(target_arch = "wasm32")))]
const CAMEL: [&str; 6] = ["accessToken", "tokenType", "expiresIn", "requestedScope", "refreshToken", "idToken"];

impl Tokens {
    /// As text, to be stored encrypted. [`expires_in`](Self::expires_in) stays what it was when the answer came: keep the time of that
    /// beside it.
    ///
    /// ```
    /// use samtykke::{Tokens, protocol::token::TokenType};
    /// let tokens = Tokens::bare("x.y", TokenType::Bearer);
    /// let stored = tokens.serialize();
    /// assert_eq!(Tokens::restore(stored.expose())?.access_token, tokens.access_token);
    /// assert_eq!(Tokens::restore("x.y").unwrap_err().code(), "session_invalid");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn serialize(&self) -> Secret {
        let mut text = Secret::new(VERSION);
        let mut json = Writer::new();
        json.string("access_token", self.access_token.expose()).string("token_type", self.token_type.as_str());
        if let Some(seconds) = self.expires_in {
            json.raw("expires_in", &decimal(u64::from(seconds)));
        }
        json.some("scope", self.scope.as_deref()).string("requested_scope", &self.requested_scope);
        json.some("refresh_token", self.refresh_token.as_ref().map(Secret::expose));
        json.some("id_token", self.id_token.as_ref().map(Secret::expose));
        if let Some(claims) = &self.claims {
            json.raw("claims", claims.json());
        }
        let mut others = Writer::new();
        for (name, value) in &self.others {
            others.raw(name, value.expose());
        }
        text.push_str(Secret::new(json.raw("others", &others.take()).take()).expose());
        text
    }

    /// The tokens of a text of [`serialize`](Self::serialize). What was verified then counts as verified: keep it where nobody else
    /// writes.
    ///
    /// # Errors
    /// `session_invalid` for a text of another version, or of none.
    pub fn restore(text: &str) -> Result<Self> {
        let invalid = || Error::new(&codes::SESSION_INVALID).expected("tokens as this version of the crate stored them");
        let value = text.strip_prefix(VERSION).and_then(Value::parse).ok_or_else(invalid)?;
        Self::read(&value, SNAKE).ok_or_else(invalid)
    }

    fn read(
        value: &Value<'_>,
        [access_token, token_type, expires_in, requested_scope, refresh_token, id_token]: [&str; 6],
    ) -> Option<Self> {
        let types = [TokenType::Bearer, TokenType::DPoP, TokenType::NotApplicable];
        let token_type = types.into_iter().find(|known| Some(known.as_str()) == value.text(token_type))?;
        let mut tokens = Self::bare(value.text(access_token)?, token_type);
        if let Some(seconds) = value.get(expires_in) {
            tokens.expires_in = Some(seconds.as_integer().and_then(|seconds| u32::try_from(seconds).ok())?);
        }
        let secret = |name: &str| value.text(name).map(Secret::new);
        tokens.scope = value.text("scope").map(String::from);
        tokens.requested_scope = value.text(requested_scope)?.into();
        (tokens.refresh_token, tokens.id_token) = (secret(refresh_token), secret(id_token));
        for member in value.members() {
            match &*member.name {
                "claims" => tokens.claims = Some(Claims::from_stored(member.raw).ok()?),
                "others" => {
                    let others = member.value.members().iter();
                    tokens.others = others.map(|other| (String::from(&*other.name), Secret::new(other.raw))).collect();
                }
                _ => {}
            }
        }
        Some(tokens)
    }

    /// The tokens of what [`members`](Self::members) wrote; nothing for less than that.
    #[cfg(all(feature = "axum", not(target_arch = "wasm32")))]
    pub(crate) fn of_members(value: &Value<'_>) -> Option<Self> {
        Self::read(value, CAMEL)
    }

    /// The tokens as serde may write them, secrets and all: for an answer to whoever they belong to. Nothing else of this crate lets
    /// serde write a token.
    ///
    /// ```
    /// # #[cfg(feature = "serde")] {
    /// use samtykke::{Tokens, protocol::token::TokenType};
    /// let tokens = Tokens::bare("x.y", TokenType::Bearer);
    /// assert_eq!(serde_json::to_value(tokens.exposed()).unwrap()["access_token"], "x.y");
    /// # }
    /// ```
    #[cfg(feature = "serde")]
    pub fn exposed(&self) -> Exposed<'_> {
        Exposed(self)
    }
}

/// Tokens that serde may write: [`Tokens::exposed`].
#[cfg(feature = "serde")]
#[derive(Clone, Copy, Debug)]
pub struct Exposed<'a>(&'a Tokens);

#[cfg(feature = "serde")]
impl serde::Serialize for Exposed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let tokens = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("access_token", tokens.access_token.expose())?;
        map.serialize_entry("token_type", tokens.token_type.as_str())?;
        let maybe = [("scope", tokens.scope.as_deref()), ("refresh_token", tokens.refresh_token.as_ref().map(Secret::expose))];
        for (name, value) in maybe.into_iter().chain([("id_token", tokens.id_token.as_ref().map(Secret::expose))]) {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(seconds) = tokens.expires_in {
            map.serialize_entry("expires_in", &seconds)?;
        }
        for (name, json) in &tokens.others {
            map.serialize_entry(name, &Value::parse(json.expose()).unwrap_or(Value::Null))?;
        }
        map.end()
    }
}

impl Tokens {
    /// As JSON that names its members as the package does: what machines hand to a shell.
    pub(crate) fn members(&self) -> String {
        let mut json = Writer::new();
        json.string("accessToken", self.access_token.expose()).string("tokenType", self.token_type.as_str());
        if let Some(seconds) = self.expires_in {
            json.raw("expiresIn", &decimal(u64::from(seconds)));
        }
        json.some("scope", self.scope.as_deref()).string("requestedScope", &self.requested_scope);
        json.some("refreshToken", self.refresh_token.as_ref().map(Secret::expose));
        json.some("idToken", self.id_token.as_ref().map(Secret::expose));
        let mut others = Writer::new();
        for (name, value) in &self.others {
            others.raw(name, value.expose());
        }
        json.raw("others", &others.take());
        if let Some(claims) = &self.claims {
            json.raw("claims", &dated(claims));
        }
        json.take()
    }
}

/// Claims with `auth_time` as a number, where a server writes it as a date.
fn dated(claims: &Claims) -> String {
    match Value::parse(claims.json()) {
        Some(value) if value.text("auth_time").is_some() => {
            let mut json = Writer::new();
            for member in value.members() {
                match seconds(&member.value).and_then(|time| u64::try_from(time).ok()).filter(|_| member.name == "auth_time") {
                    Some(time) => json.raw(&member.name, &decimal(time)),
                    None => json.raw(&member.name, member.raw),
                };
            }
            json.take()
        }
        _ => claims.json().into(),
    }
}
