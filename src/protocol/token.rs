//! The token endpoint's answer: tokens, or the server's error as data.
//!
//! RFC 6749 sections 5.1 and 5.2, RFC 6750, RFC 9449 section 5, RFC 9396 section 7, OIDC Core section 3.1.3.3.
//! Refuses redirects, other media types, duplicate members, wrong types, and a token type that was not asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Error, Kind, Result, codes};
use crate::ground::http::{MAX_BODY, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::{base64url_decode, cut, number, word};
use crate::protocol::answer::oauth_in;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::refusal;
pub use crate::protocol::refusal::RequestKind;
use crate::protocol::syntax::is_scope;

/// Ten years: no token lives longer, and no sum overflows.
const MAX_EXPIRES_IN: i64 = 315_360_000;

/// How a token is presented (RFC 6749 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenType {
    /// `Bearer` (RFC 6750).
    #[default]
    Bearer,
    /// `DPoP`, bound to a key (RFC 9449).
    DPoP,
    /// `N_A`: what a token exchange issued is no access token (RFC 8693 section 2.2.1).
    NotApplicable,
}

impl TokenType {
    /// The scheme of the `Authorization` header; what is not applicable has none, and goes into none.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::DPoP => "DPoP",
            Self::NotApplicable => "N_A",
        }
    }
}

/// What was asked for, against which an answer is judged.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// The type that must come back: `DPoP` exactly when a proof was sent.
    pub token_type: TokenType,
    /// Whether an `id_token` must be there.
    pub id_token: bool,
    /// The scope that was asked for.
    pub scope: String,
    /// Accepts `expires_in` written as a string of digits, for servers that break the standard there.
    pub expires_in_string: bool,
    /// The type of an answer that names none, for servers that break the standard there.
    pub default_token_type: Option<TokenType>,
    /// Accepts `scope` as a list of texts, for servers that break the standard there.
    pub scope_list: bool,
    /// Whether a token exchange was asked for, which may issue what is no access token.
    pub token_exchange: bool,
    /// Whether the answer must name what it issued (RFC 8693 section 2.2.1).
    pub issued_token_type: bool,
    /// Whether an id_token may be encrypted, for the client to decrypt.
    pub encrypted: bool,
    /// The refresh token that stays when no new one comes (RFC 6749 section 6).
    pub refresh_token: Option<Secret>,
    /// The grant that was asked with: what an error asks of the caller follows from it.
    pub kind: RequestKind,
}

/// Tokens that passed every check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token. Opaque: never parsed.
    pub access_token: Secret,
    /// How to present it.
    pub token_type: TokenType,
    /// Seconds it lives from the answer on, when the server says so. Says nothing of how long a consent lasts.
    pub expires_in: Option<u32>,
    /// The scope the server named; `None` means: as asked for (RFC 6749 section 5.1).
    pub scope: Option<String>,
    /// The scope that was asked for; it may differ from the granted one.
    pub requested_scope: String,
    /// A refresh token, when one came; after a refresh without one, the one that was sent.
    pub refresh_token: Option<Secret>,
    /// An id_token, when one came; after a refresh without one, the login's. It is verified exactly when [`claims`](Self::claims)
    /// are there; without, it is text.
    pub id_token: Option<Secret>,
    /// The id_token's claims, its signature and every claim verified.
    pub claims: Option<Claims>,
    /// Other members of the answer: name and JSON text.
    pub others: Vec<(String, Secret)>,
}

const KNOWN: &str = "access_token token_type expires_in scope refresh_token id_token";

impl Tokens {
    /// An access token alone, where only that was kept.
    #[must_use]
    pub fn bare(access_token: &str, token_type: TokenType) -> Self {
        Self {
            access_token: Secret::new(access_token),
            token_type,
            expires_in: None,
            scope: None,
            requested_scope: String::new(),
            refresh_token: None,
            id_token: None,
            claims: None,
            others: Vec::new(),
        }
    }

    /// Judges an answer of the token endpoint.
    ///
    /// # Errors
    /// `token_error` with [`Error::oauth`] for an OAuth error; otherwise what is wrong with the answer.
    ///
    /// ```
    /// use samtykke::Response;
    /// use samtykke::protocol::token::{Expectation, Tokens};
    /// let answer = Response::new(200, Some("application/json"), r#"{"access_token":"x.y","token_type":"bearer","expires_in":3599}"#);
    /// let tokens = Tokens::judge(&answer, &Expectation::default())?;
    /// assert_eq!(tokens.expires_in, Some(3599));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response, expectation: &Expectation) -> Result<Self> {
        let answer = read(response, expectation.kind)?;
        let found = Found::judge(response, &answer, expectation)?;
        let mut others = Vec::new();
        for member in answer.members() {
            if is_other(&member.name) {
                others.push((String::from(&*member.name), Secret::new(member.raw)));
            }
        }
        Ok(Self {
            access_token: Secret::new(found.access_token),
            token_type: found.token_type,
            expires_in: found.expires_in,
            scope: found.scope,
            requested_scope: expectation.scope.clone(),
            refresh_token: found.refresh_token.map(Secret::new).or_else(|| expectation.refresh_token.clone()),
            id_token: found.id_token.map(Secret::new),
            claims: None,
            others,
        })
    }

    /// The JSON text of another member of the answer.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(known, _)| known == name).map(|(_, json)| json.expose())
    }
}

/// Whether a member of an answer is none that [`Tokens`] have a place for.
pub(crate) fn is_other(name: &str) -> bool {
    word(KNOWN, name.as_bytes()).is_none()
}

#[cold]
#[inline(never)]
fn fail(response: &Response, kind: &'static Kind, expected: &'static str) -> Error {
    Error::new_expected(kind, expected).http(response)
}

#[cold]
#[inline(never)]
fn bare(response: &Response) -> Error {
    Error::new(&codes::TOKEN_RESPONSE_MALFORMED).http(response)
}

#[cold]
#[inline(never)]
fn wrong(response: &Response, expected: &'static str) -> Error {
    fail(response, &codes::TOKEN_RESPONSE_MALFORMED, expected)
}

/// The members of an answer that is no error.
pub(crate) fn read(response: &Response, kind: RequestKind) -> Result<Value<'_>> {
    let bare = |code: &'static Kind| Error::new(code).http(response);
    let body = response.body.expose();
    if body.len() > MAX_BODY {
        return Err(bare(&codes::TOKEN_RESPONSE_TOO_LARGE));
    }
    let status = response.status;
    if response.is_redirect() {
        return Err(bare(&codes::REDIRECT_REFUSED));
    }
    if !response.is_json() {
        let code = if status == 200 { &codes::CONTENT_TYPE_UNEXPECTED } else { &codes::HTTP_STATUS_UNEXPECTED };
        let found = response.content_type.as_deref().unwrap_or_default();
        let error = bare(code).expected("application/json").actual(shown_text(found));
        return Err(if status == 200 { error } else { refusal::advise(error, kind) });
    }
    let answer = Value::parse(body).unwrap_or(Value::Null);
    if let Some(oauth) = oauth_in(&answer) {
        // An answer with an error is one, whatever else it holds; of a status that was not to be expected, its words are kept.
        let meant = matches!(status, 200 | 400..=499);
        let code = if meant { &codes::TOKEN_ERROR } else { &codes::HTTP_STATUS_UNEXPECTED };
        return Err(refusal::advise(bare(code).oauth_error(oauth), kind));
    }
    if status != 200 {
        return Err(refusal::advise(bare(&codes::HTTP_STATUS_UNEXPECTED), kind));
    }
    match &answer {
        Value::Object(_) if answer.text("error").is_none() => Ok(answer),
        Value::Object(_) => Err(wrong(response, "error: a word of visible ASCII")),
        _ => Err(wrong(response, "one JSON object, no member twice")),
    }
}

/// What an answer's members say, borrowed from them.
pub(crate) struct Found<'a> {
    pub(crate) access_token: &'a str,
    pub(crate) token_type: TokenType,
    pub(crate) expires_in: Option<u32>,
    /// Single blanks between its tokens.
    pub(crate) scope: Option<String>,
    pub(crate) refresh_token: Option<&'a str>,
    pub(crate) id_token: Option<&'a str>,
}

impl<'a> Found<'a> {
    pub(crate) fn judge(response: &Response, answer: &'a Value<'_>, expectation: &Expectation) -> Result<Self> {
        let wrong = |expected: &'static str| Err(wrong(response, expected));
        let Some(access_token) = answer.text("access_token").filter(is_token) else { return wrong("access_token: ASCII") };
        let wanted = expectation.token_type.as_str();
        let named = answer.get("token_type").map_or(expectation.default_token_type.map(TokenType::as_str), Value::as_str);
        let token_type = match named {
            Some(name) if name.eq_ignore_ascii_case(wanted) => expectation.token_type,
            Some(name) if expectation.token_exchange && name.eq_ignore_ascii_case("N_A") => TokenType::NotApplicable,
            Some(name) if !name.is_empty() => {
                return Err(fail(response, &codes::TOKEN_TYPE_UNEXPECTED, wanted).actual(crate::ground::error::shown::shown_text(name)));
            }
            _ => return wrong("token_type: a text"),
        };
        let mut expires_in = None;
        if let Some(value) = answer.get("expires_in") {
            let seconds = lifetime(value, expectation.expires_in_string).filter(|seconds| (0..=MAX_EXPIRES_IN).contains(seconds));
            expires_in = seconds.and_then(|seconds| u32::try_from(seconds).ok());
            if expires_in.is_none() {
                return wrong("expires_in: whole seconds, 0 to ten years");
            }
        }
        let scope = answer.get("scope").map(|scope| scope_of(scope, expectation.scope_list).filter(|scope| is_scope(scope.as_bytes())));
        if scope == Some(None) {
            return wrong("scope: scope tokens");
        }
        let Some(refresh_token) = optional(answer, "refresh_token", is_token) else {
            return wrong("refresh_token: ASCII");
        };
        let Some(id_token) = optional(answer, "id_token", if expectation.encrypted { is_any_jwt } else { is_jwt }) else {
            let encrypted = answer.text("id_token").is_some_and(crate::jose::is_encrypted);
            return if encrypted { Err(refusal::encrypted_error(bare(response))) } else { wrong("id_token: a JWT in compact form") };
        };
        if expectation.id_token && id_token.is_none() {
            return Err(Error::new(&codes::ID_TOKEN_MISSING).http(response));
        }
        if answer.get("authorization_details").is_some_and(|details| !crate::protocol::grant::target::are_details(details)) {
            return wrong("authorization_details: an array of objects, each with a type");
        }
        let issued = optional(answer, "issued_token_type", is_token);
        if issued.is_none() || (expectation.issued_token_type && issued == Some(None)) {
            return wrong("issued_token_type: a URI");
        }
        Ok(Self { access_token, token_type, expires_in, scope: scope.flatten(), refresh_token, id_token })
    }
}

/// ASCII without controls, not empty (RFC 6749 appendix A.12). What a header cannot hold is refused where a header is made.
fn is_token(text: &&str) -> bool {
    crate::protocol::syntax::is_vschar(text)
}

/// Seconds; with `texts`, digits as a text too.
pub(crate) fn lifetime(value: &Value<'_>, texts: bool) -> Option<i64> {
    let digits = || number(value.as_str().filter(|_| texts)?).and_then(|seconds| i64::try_from(seconds).ok());
    value.as_integer().or_else(digits)
}

/// Scope tokens with single blanks between them: however many a server writes, they say nothing. With `lists`, out of a list too.
fn scope_of(value: &Value<'_>, lists: bool) -> Option<String> {
    let texts = value.as_array().filter(|items| lists && is_list(items)).unwrap_or(core::slice::from_ref(value));
    let mut scope = String::new();
    for text in texts {
        let mut rest = Some(text.as_str()?);
        while let Some(left) = rest {
            let (token, after) = cut(left, b' ');
            if !token.is_empty() && !scope.is_empty() {
                scope.push_str(" ");
            }
            scope.push_str(token);
            rest = after;
        }
    }
    Some(scope)
}

fn is_list(items: &[Value<'_>]) -> bool {
    items.iter().all(|item| item.as_str().is_some())
}

/// A member that may be absent: `None` when it is there and does not fit.
#[inline(never)]
fn optional<'a>(answer: &'a Value<'_>, name: &str, fits: fn(&&str) -> bool) -> Option<Option<&'a str>> {
    match answer.get(name) {
        None => Some(None),
        Some(value) => value.as_str().filter(fits).map(Some),
    }
}

/// As [`is_jwt`], or encrypted: that is judged when it is decrypted.
fn is_any_jwt(text: &&str) -> bool {
    crate::jose::is_encrypted(text) || is_jwt(text)
}

/// Three parts of strict base64url, the first two JSON objects (RFC 7515 section 7.1).
fn is_jwt(text: &&str) -> bool {
    let mut rest = *text;
    for _ in 0..2 {
        let (part, after) = cut(rest, b'.');
        let octets = base64url_decode(part).unwrap_or_default();
        let object = core::str::from_utf8(&octets).ok().and_then(Value::parse);
        if !matches!(object, Some(Value::Object(_))) {
            return false;
        }
        rest = after.unwrap_or_default();
    }
    // A fourth part has a dot before it, which is no base64url.
    base64url_decode(rest).is_some_and(|signature| !signature.is_empty())
}
