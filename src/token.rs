//! The token endpoint's answer: tokens, or the server's error as data.
//!
//! RFC 6749 sections 5.1 and 5.2, RFC 6750, RFC 9449 section 5, RFC 9396 section 7, OIDC Core section 3.1.3.3.
//! Refuses redirects, other media types, duplicate members, wrong types, and a token type that was not asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::authorization::is_scope;
use crate::callback::{is_error_code, oauth_error};
use crate::claims::Claims;
use crate::encoding::{base64url_decode, cut, number, word};
use crate::error::{Error, Kind, Result, codes};
use crate::http::{MAX_BODY, Response};
use crate::json::Value;
use crate::secret::Secret;

/// Ten years: no token lives longer, and no sum overflows.
const MAX_EXPIRES_IN: i64 = 315_360_000;

/// How a token is presented (RFC 6749 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
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
    /// Whether a token exchange was asked for, which may issue what is no access token.
    pub token_exchange: bool,
    /// Whether the answer must name what it issued (RFC 8693 section 2.2.1).
    pub issued_token_type: bool,
    /// The refresh token that stays when no new one comes (RFC 6749 section 6).
    pub refresh_token: Option<Secret>,
}

/// Tokens that passed every check.
#[derive(Clone, Debug)]
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
    /// An id_token, when one came. It is verified exactly when [`claims`](Self::claims) are there; without, it is text.
    pub id_token: Option<Secret>,
    /// The id_token's claims, its signature and every claim verified.
    pub claims: Option<Claims>,
    /// Other members of the answer: name and JSON text.
    pub others: Vec<(String, Secret)>,
}

const KNOWN: &str = "access_token token_type expires_in scope refresh_token id_token";

impl Tokens {
    /// Judges an answer of the token endpoint.
    ///
    /// # Errors
    /// `token_error` with [`Error::oauth`] for an OAuth error; otherwise what is wrong with the answer.
    ///
    /// ```
    /// use samtykke::{Response, token::{Expectation, Tokens}};
    /// let answer = Response::new(200, Some("application/json"), r#"{"access_token":"x.y","token_type":"bearer","expires_in":3599}"#);
    /// let tokens = Tokens::judge(&answer, &Expectation::default())?;
    /// assert_eq!(tokens.expires_in, Some(3599));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response, expectation: &Expectation) -> Result<Self> {
        let fail = |kind: &'static Kind| Error::new(kind).http(response);
        let wrong = |expected: &'static str| fail(&codes::TOKEN_RESPONSE_MALFORMED).expected(expected);
        let body = response.body.expose();
        if body.len() > MAX_BODY {
            return Err(fail(&codes::TOKEN_RESPONSE_TOO_LARGE));
        }
        match response.status {
            200 | 400..=499 => {}
            300..=399 => return Err(fail(&codes::REDIRECT_REFUSED)),
            _ => return Err(fail(&codes::HTTP_STATUS_UNEXPECTED)),
        }
        if !response.is_json() {
            let found = response.content_type.as_deref().map_or(String::new(), crate::callback::shown_text);
            let kind = if response.status == 200 { &codes::CONTENT_TYPE_UNEXPECTED } else { &codes::HTTP_STATUS_UNEXPECTED };
            return Err(fail(kind).expected("application/json").actual(found));
        }
        let Some(answer @ Value::Object(_)) = Value::parse(body) else { return Err(wrong("one JSON object, no member twice")) };
        if response.status != 200 {
            let error = answer.get("error").and_then(Value::as_str).filter(|error| is_error_code(error.as_bytes()));
            let Some(error) = error else { return Err(wrong("error: a word of visible ASCII")) };
            let text = |name| answer.get(name).and_then(Value::as_str).map(str::as_bytes);
            return Err(fail(&codes::TOKEN_ERROR).oauth_error(oauth_error(error.as_bytes(), text("error_description"), text("error_uri"))));
        }
        if answer.get("error").is_some() {
            return Err(wrong("either tokens or an error"));
        }

        let access_token = token(&answer, "access_token").ok_or_else(|| wrong("access_token: visible ASCII"))?;
        let token_type = match answer.get("token_type").and_then(Value::as_str) {
            Some(name) if name.eq_ignore_ascii_case(expectation.token_type.as_str()) => expectation.token_type,
            Some(name) if expectation.token_exchange && name.eq_ignore_ascii_case("N_A") => TokenType::NotApplicable,
            Some(name) if !name.is_empty() => {
                let error = fail(&codes::TOKEN_TYPE_UNEXPECTED).expected(expectation.token_type.as_str());
                return Err(error.actual(crate::callback::shown_text(name)));
            }
            _ => return Err(wrong("token_type: a text")),
        };
        let expires_in = match answer.get("expires_in") {
            None => None,
            Some(value) => {
                let text = value
                    .as_str()
                    .filter(|_| expectation.expires_in_string)
                    .and_then(number)
                    .and_then(|seconds| i64::try_from(seconds).ok());
                let seconds = value.as_integer().or(text).filter(|seconds| (0..=MAX_EXPIRES_IN).contains(seconds));
                Some(
                    seconds
                        .and_then(|seconds| u32::try_from(seconds).ok())
                        .ok_or_else(|| wrong("expires_in: whole seconds, 0 to ten years"))?,
                )
            }
        };
        let scope = match answer.get("scope") {
            None => None,
            Some(value) => Some(value.as_str().filter(|scope| is_scope(scope.as_bytes())).ok_or_else(|| wrong("scope: scope tokens"))?),
        };
        let refresh_token = optional(&answer, "refresh_token", token).ok_or_else(|| wrong("refresh_token: visible ASCII"))?;
        let id_token = optional(&answer, "id_token", jwt).ok_or_else(|| wrong("id_token: a JWT in compact form"))?;
        if expectation.id_token && id_token.is_none() {
            return Err(fail(&codes::ID_TOKEN_MISSING));
        }
        if answer.get("authorization_details").is_some_and(|details| details.as_array().is_none()) {
            return Err(wrong("authorization_details: an array"));
        }
        let issued = optional(&answer, "issued_token_type", token);
        if issued.is_none() || (expectation.issued_token_type && issued == Some(None)) {
            return Err(wrong("issued_token_type: a URI"));
        }
        let mut others = Vec::new();
        for member in answer.members() {
            if word(KNOWN, member.name.as_bytes()).is_none() {
                others.push((String::from(&*member.name), Secret::new(member.raw)));
            }
        }
        Ok(Self {
            access_token,
            token_type,
            expires_in,
            scope: scope.map(String::from),
            requested_scope: expectation.scope.clone(),
            refresh_token: refresh_token.or_else(|| expectation.refresh_token.clone()),
            id_token,
            claims: None,
            others,
        })
    }

    /// The JSON text of another member of the answer.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(known, _)| known == name).map(|(_, json)| json.expose())
    }
}

/// A member that must be a token: visible ASCII, not empty (RFC 6749 appendix A.12, RFC 6750 section 2.1).
fn token(answer: &Value<'_>, name: &str) -> Option<Secret> {
    answer.get(name)?.as_str().filter(|text| crate::client::is_vschar(text)).map(Secret::new)
}

/// A member that may be absent: `None` when it is there and does not fit.
fn optional(answer: &Value<'_>, name: &str, read: fn(&Value<'_>, &str) -> Option<Secret>) -> Option<Option<Secret>> {
    match answer.get(name) {
        None => Some(None),
        Some(_) => read(answer, name).map(Some),
    }
}

/// Three parts of strict base64url, the first two JSON objects (RFC 7515 section 7.1).
fn jwt(answer: &Value<'_>, name: &str) -> Option<Secret> {
    let text = answer.get(name)?.as_str()?;
    let mut rest = text;
    for _ in 0..2 {
        let (part, after) = cut(rest, b'.');
        let octets = base64url_decode(part)?;
        if !matches!(Value::parse(core::str::from_utf8(&octets).ok()?), Some(Value::Object(_))) {
            return None;
        }
        rest = after?;
    }
    // A fourth part has a dot before it, which is no base64url.
    base64url_decode(rest).filter(|signature| !signature.is_empty()).map(|_| Secret::new(text))
}
