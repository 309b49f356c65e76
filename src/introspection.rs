//! What a server says of a token: whether it is active, whose it is, what it is for.
//!
//! RFC 7662. `scope` as an array and times as texts are taken too: servers write them so.
//! Refuses an answer without `active`, wrong types, and to release anything of a token that is not active.

use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::Answer;
use crate::client::{Client, is_vschar};
use crate::client_auth::ClientAuthentication;
use crate::encoding::Form;
use crate::endpoint::{expected, post};
use crate::error::{Error, Phase, Result, codes};
use crate::http::{Request, Response};
use crate::json::Value;
use crate::secret::Secret;
use crate::time::seconds;

/// What kind a token is, to help the server find it (RFC 7009 section 2.1). It may look elsewhere too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// The form that names a token, for introspection and revocation alike.
///
/// # Errors
/// `invalid_parameter` for a token that is none.
pub(crate) fn form(token: &Secret, hint: Option<TokenHint>) -> Result<Form> {
    if !is_vschar(token.expose()) {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("token: visible ASCII, not empty"));
    }
    let mut form = Form::new();
    form.push("token", token.expose()).push_some("token_type_hint", hint.map(TokenHint::as_str));
    Ok(form)
}

/// The request to introspect a token.
///
/// # Errors
/// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`, `invalid_configuration`.
///
/// ```
/// use samtykke::{Client, ClientAuthentication, Profile, Secret, introspection::request};
/// let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// profile.endpoints.introspection = Some("https://op.example/introspect".into());
/// let client = Client::new(profile, "api-1", "https://rp.example/cb")?;
/// let request = request(&client, &ClientAuthentication::secret_basic("correct horse"), &Secret::new("x.y"), None)?;
/// assert_eq!((request.method, request.url.as_str()), ("POST", "https://op.example/introspect"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn request(client: &Client, authentication: &ClientAuthentication, token: &Secret, hint: Option<TokenHint>) -> Result<Request> {
    if matches!(authentication, ClientAuthentication::None) {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected("client authentication for introspection"));
    }
    let endpoint = client.profile().endpoints.introspection.as_deref().unwrap_or_default();
    post(client, authentication, ("introspection_endpoint", endpoint), form(token, hint)?)
}

/// A token's state. All but `active` is empty for a token that is not.
#[derive(Clone, Debug, Default)]
pub struct Introspection {
    /// Whether the token is good now, as far as the server knows.
    pub active: bool,
    /// Scope tokens, single spaces between them.
    pub scope: Option<String>,
    /// Who the token was issued to.
    pub client_id: Option<String>,
    /// How the token is presented, as the server writes it.
    pub token_type: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// When it was issued, in seconds since 1970.
    pub issued_at: Option<i64>,
    /// Before when it is not good, in seconds since 1970.
    pub not_before: Option<i64>,
    /// Whose it is.
    pub subject: Option<Secret>,
    /// Who it is for; check that you are among them.
    pub audience: Vec<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// All other members, such as `cnf` or a provider's own: name and JSON text.
    pub others: Vec<(String, Secret)>,
}

const KNOWN: &[&str] = &["active", "scope", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss"];

impl Introspection {
    /// Judges an answer of the introspection endpoint.
    ///
    /// # Errors
    /// `oauth_error` with [`Error::oauth`] for an OAuth error; otherwise what is wrong with the answer.
    ///
    /// ```
    /// use samtykke::{Response, introspection::Introspection};
    /// let answer = Response::new(200, Some("application/json"), r#"{"active":true,"scope":["a","b"],"aud":"api-1","exp":1700000000}"#);
    /// let token = Introspection::judge(&answer)?;
    /// assert_eq!((token.active, token.scope.as_deref(), token.audience), (true, Some("a b"), vec!["api-1".into()]));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response) -> Result<Self> {
        let answer = Answer { response, malformed: &codes::INTROSPECTION_MALFORMED };
        answer.check_status(&[200], true)?;
        let object = answer.object()?;
        if object.get("error").is_some() {
            return Err(answer.wrong("either a token's state or an error"));
        }
        let Some(active) = object.get("active").and_then(Value::as_bool) else { return Err(answer.wrong("active: true or false")) };
        if !active {
            return Ok(Self::default());
        }
        let text = |name| match object.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(|text| Some(String::from(text))).ok_or_else(|| answer.wrong(expected(name, ": a text"))),
        };
        let time = |name| match object.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or_else(|| answer.wrong(expected(name, ": seconds since 1970"))),
        };
        let texts = |name| match object.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(alloc::vec![String::from(&**text)]),
            Some(value) => crate::metadata::list(value).ok_or_else(|| answer.wrong(expected(name, ": a text or a list of texts"))),
        };
        let others = object.members().iter().filter(|member| !KNOWN.contains(&&*member.name));
        Ok(Self {
            active,
            scope: object.get("scope").is_some().then(|| texts("scope")).transpose()?.map(|tokens| tokens.join(" ")),
            client_id: text("client_id")?,
            token_type: text("token_type")?,
            expires_at: time("exp")?,
            issued_at: time("iat")?,
            not_before: time("nbf")?,
            subject: text("sub")?.map(Secret::new),
            audience: texts("aud")?,
            issuer: text("iss")?,
            others: others.map(|member| (String::from(&*member.name), Secret::new(member.raw))).collect(),
        })
    }
}
