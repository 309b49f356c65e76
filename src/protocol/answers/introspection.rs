//! What a server says of a token: whether it is active, whose it is, what it is for.
//!
//! RFC 7662. `scope` as an array and times as texts are taken too: servers write them so.
//! Refuses an answer without `active`, wrong types, and to release anything of a token that is not active.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::Response;
use crate::ground::json::{Member, Value, Writer};
use crate::ground::text::decimal;
use crate::ground::time::seconds;
use crate::protocol::answer::Answer;
use crate::protocol::answers::metadata::{is_list, list};
use crate::protocol::endpoint::expectation;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::syntax::is_vschar;

/// What kind a token is, to help the server find it (RFC 7009 section 2.1). It may look elsewhere too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenHint {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
}

impl TokenHint {
    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The hint of a registered name; none for an empty one.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn from_name(name: &str) -> Result<Option<Self>> {
        match name {
            "" => Ok(None),
            "access_token" => Ok(Some(Self::AccessToken)),
            "refresh_token" => Ok(Some(Self::RefreshToken)),
            _ => Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("a hint: access_token or refresh_token")),
        }
    }
}

/// The form that names a token, for introspection and revocation alike.
///
/// # Errors
/// `invalid_parameter` for a token that is none.
pub(crate) fn form(token: &str, hint: Option<TokenHint>) -> Result<Form> {
    if !is_vschar(token) {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("token: ASCII, not empty"));
    }
    let mut form = Form::new();
    form.push("token", token).push_some("token_type_hint", hint.map(TokenHint::as_str));
    Ok(form)
}

/// A token's state.
#[derive(Clone, Debug)]
pub struct Introspection {
    active: bool,
    members: Claims,
}

#[cfg(feature = "serde")]
impl serde::Serialize for Introspection {
    /// As the server's answer has it: `active`, and the members of an active token.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let members = Value::parse(self.members.json()).unwrap_or(Value::Null);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("active", &self.active)?;
        for member in members.members().iter().filter(|member| member.name != "active") {
            map.serialize_entry(&*member.name, &member.value)?;
        }
        map.end()
    }
}

impl Introspection {
    /// Judges an answer of the introspection endpoint.
    ///
    /// # Errors
    /// `oauth_error` with [`Error::oauth`] for an OAuth error; otherwise what is wrong with the answer.
    ///
    /// ```
    /// use samtykke::Response;
    /// use samtykke::protocol::introspection::Introspection;
    /// let answer = Response::new(200, Some("application/json"), r#"{"active":true,"scope":["a","b"],"aud":"api-1","exp":1700000000}"#);
    /// let token = Introspection::judge(&answer)?;
    /// assert_eq!((token.active(), token.scope().as_deref(), token.audience()), (true, Some("a b"), vec!["api-1".into()]));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response) -> Result<Self> {
        let answer = Answer { response, malformed: &codes::INTROSPECTION_MALFORMED };
        let object = answer.success(&[200])?;
        let Some(active) = object.get("active").and_then(Value::as_bool) else { return Err(answer.wrong("active: true or false")) };
        let mut json = Writer::new();
        // Nothing is told of a token that is not active.
        for Member { name, value, raw } in if active { object.members() } else { &[] } {
            if matches!(value, Value::Null) {
                continue;
            }
            let what = match &**name {
                "scope" | "aud" if value.as_str().is_none() && !is_list(value) => ": a text or a list of texts",
                "scope" if value.as_str().is_none() => {
                    let mut scope = String::new();
                    for token in value.as_array().unwrap_or_default().iter().filter_map(Value::as_str) {
                        if !scope.is_empty() {
                            scope.push(' ');
                        }
                        scope.push_str(token);
                    }
                    json.string(name, &scope);
                    continue;
                }
                "exp" | "iat" | "nbf" => match seconds(value).and_then(|seconds| u64::try_from(seconds).ok()) {
                    Some(seconds) => {
                        json.raw(name, &decimal(seconds));
                        continue;
                    }
                    None => ": seconds since 1970",
                },
                "client_id" | "token_type" | "sub" | "iss" if value.as_str().is_none() => ": a text",
                _ => {
                    json.raw(name, raw);
                    continue;
                }
            };
            return Err(answer.wrong(expectation(name, what)));
        }
        Ok(Self { active, members: Claims::from_stored(&json.take())? })
    }

    /// Whether the token is good now, as far as the server knows.
    pub fn active(&self) -> bool {
        self.active
    }

    /// All members as JSON: `scope` one text, times in seconds since 1970; empty for a token that is not active.
    pub fn members(&self) -> &Claims {
        &self.members
    }

    /// Scope tokens, single spaces between them.
    pub fn scope(&self) -> Option<String> {
        self.members.text("scope")
    }

    /// Who the token is for; check that you are among them.
    pub fn audience(&self) -> Vec<String> {
        let members = Value::parse(self.members.json()).unwrap_or(Value::Null);
        match members.get("aud") {
            Some(Value::String(one)) => alloc::vec![String::from(&**one)],
            Some(several) => list(several).unwrap_or_default(),
            None => Vec::new(),
        }
    }
}
