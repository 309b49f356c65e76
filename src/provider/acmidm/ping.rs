//! The answer of eLys' ping: what the API sees of a token, compared with what the client should be.
//!
//! Facts of athumi-eu/digitale-aangifte-overlijden-demo (`algemeen/security`): `scope` and `aud` as lists, times as texts.
//! Refuses an answer that is none; whatever does not match is named, with what was found and what to do.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Action, Error, Kind, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Response};
use crate::ground::json::Value;
use crate::ground::time::seconds;

/// Scopes among which a repeated one is left out.
const MAX_COMPARED: usize = 256;

/// What the API sees of the token it was called with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Ping {
    /// The organisation's code, a KBO number or an `OVO` code, when the token has `vo_info`.
    pub organisation_code: Option<String>,
    /// The organisation's name.
    pub organisation_name: Option<String>,
    /// Whose the token is.
    pub client_id: Option<String>,
    /// The client's name in the portal.
    pub application: Option<String>,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// Whom the token is for; often empty.
    pub audience: Vec<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// Whether the API holds the token for good.
    pub active: Option<bool>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// When it was issued, in seconds since 1970.
    pub issued_at: Option<i64>,
    /// Whether the two places that name organisation or client say different things.
    contradictory: bool,
}

/// What the client should be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// Your client id.
    pub client_id: &'a str,
    /// Your organisation's code: a KBO number, with dots or without, or an `OVO` code. Empty: not compared.
    pub organisation_code: &'a str,
    /// Scopes, single spaces between them, that must have been granted. More may be: default scopes come unasked.
    pub scope: &'a str,
    /// The issuer of your environment. Empty: not compared.
    pub issuer: &'a str,
}

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Point {
    /// Whether the token is active.
    Active,
    /// The client id.
    ClientId,
    /// The issuer, and so the environment.
    Issuer,
    /// The organisation's code.
    OrganisationCode,
    /// A scope.
    Scope,
}

impl Point {
    /// The point as the word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ClientId => "client_id",
            Self::Issuer => "issuer",
            Self::OrganisationCode => "organisation_code",
            Self::Scope => "scope",
        }
    }
}

/// Something that does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Mismatch {
    /// What.
    pub point: Point,
    /// What it should be.
    pub expected: String,
    /// What the API sees; empty for nothing.
    pub found: String,
    /// What to do, in a sentence for a developer.
    pub advice: &'static str,
}

impl Ping {
    /// Judges the answer.
    ///
    /// # Errors
    /// `token_invalid` (401) and `unauthorized` (403), which say what to check of the token; `api_error`, `redirect_refused`;
    /// `api_response_malformed`.
    ///
    /// ```
    /// use samtykke::{Response, provider::acmidm::{Expected, Ping, Point}};
    /// let answer = r#"{"VoOrgcode":"0123456789","scopes":["vo_info"],"clientId":"c-1","token":{"client_id":"c-1","aud":[],"exp":"2024-12-19T09:55:56Z"}}"#;
    /// let ping = Ping::judge(&Response::new(200, Some("application/json"), answer))?;
    /// assert_eq!(ping.expires_at, Some(1_734_602_156));
    /// let mine = Expected { client_id: "c-1", organisation_code: "0123.456.789", scope: "vo_info elys_depzorg", issuer: "" };
    /// let [missing] = &ping.compare(&mine)[..] else { panic!() };
    /// assert_eq!((missing.point, &*missing.expected), (Point::Scope, "elys_depzorg"));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response) -> Result<Self> {
        if response.status != 200 {
            return Err(refusal(response));
        }
        let malformed = || Error::new(&codes::API_RESPONSE_MALFORMED).expected("the documented answer of ping").http(response);
        let body = response.body.expose();
        let answer = if body.len() > MAX_BODY { None } else { Value::parse(body) };
        let Some(answer @ Value::Object(_)) = answer else { return Err(malformed()) };
        // Some servers answer with the token's members alone.
        let token = answer.get("token").unwrap_or(&answer);
        let text = |value: &Value<'_>, name: &str| {
            value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(crate::ground::error::shown::shown_text)
        };
        let two = |outer: &str, inner: &str| (text(&answer, outer), text(token, inner));
        let (organisation, client) = (two("VoOrgcode", "vo_orgcode"), two("clientId", "client_id"));
        let differ = |(one, other): &(Option<String>, Option<String>)| matches!((one, other), (Some(one), Some(other)) if one != other);
        if client.0.is_none() && client.1.is_none() {
            return Err(malformed());
        }
        let mut scopes = texts(token.get("scope"));
        for scope in texts(answer.get("scopes")) {
            // No client has as many; comparing them all would grow with their square.
            if scopes.len() >= MAX_COMPARED || !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Ok(Self {
            contradictory: differ(&organisation) || differ(&client),
            organisation_code: organisation.0.or(organisation.1),
            organisation_name: text(token, "vo_orgnaam"),
            client_id: client.0.or(client.1),
            application: text(token, "vo_applicatienaam"),
            scopes,
            audience: texts(token.get("aud")),
            issuer: text(token, "iss"),
            active: token.get("active").and_then(Value::as_bool),
            expires_at: token.get("exp").and_then(seconds),
            issued_at: token.get("iat").and_then(seconds),
        })
    }

    /// What does not match; empty when all does.
    pub fn compare(&self, expected: &Expected<'_>) -> Vec<Mismatch> {
        let mut found = Vec::new();
        let mut add = |point, expected: &str, seen: &str, advice| {
            found.push(Mismatch { point, expected: expected.into(), found: seen.into(), advice });
        };
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        if self.active == Some(false) {
            add(Point::Active, "true", "false", "The token is expired or withdrawn; get a new one.");
        }
        if !expected.issuer.is_empty() && self.issuer.as_deref().is_some_and(|issuer| issuer != expected.issuer) {
            add(
                Point::Issuer,
                expected.issuer,
                &or_empty(&self.issuer),
                "The token is of another environment; beta and acceptance take tokens of T&I, production those of production.",
            );
        }
        if self.client_id.as_deref() != Some(expected.client_id) {
            add(
                Point::ClientId,
                expected.client_id,
                &or_empty(&self.client_id),
                "Use your own Client-ID, not the ClientID API, and one client for each environment and actor.",
            );
        }
        let has = |scope: &str| self.scopes.iter().any(|granted| granted == scope);
        if !expected.organisation_code.is_empty() {
            match &self.organisation_code {
                None if !has("vo_info") => {
                    add(
                        Point::OrganisationCode,
                        expected.organisation_code,
                        "",
                        "Ask for the scope vo_info; without it the API does not see the organisation.",
                    );
                }
                None => add(
                    Point::OrganisationCode,
                    expected.organisation_code,
                    "",
                    "The token names no organisation although it has vo_info; ask the integration team of ACM/IDM.",
                ),
                Some(code) if !same_code(code, expected.organisation_code) => {
                    add(
                        Point::OrganisationCode,
                        expected.organisation_code,
                        code,
                        "The client belongs to another organisation; request it in the portal while logged in for yours.",
                    );
                }
                Some(_) => {}
            }
        }
        for scope in expected.scope.split(' ').filter(|scope| !scope.is_empty() && !has(scope)) {
            let old = scope
                .strip_prefix("elys_")
                .is_some_and(|actor| self.scopes.iter().any(|granted| granted.strip_prefix("dao_") == Some(actor)));
            let advice = if old {
                "The client has the scope under its old name, dao_…; ask for the one of eLys in the portal."
            } else if scope == "vo_info" {
                "Ask for vo_info beside the scope of the actor."
            } else {
                "Ask for the scope, in one text with single spaces; if it is asked for, the owner of the API has not approved it yet."
            };
            add(Point::Scope, scope, &self.scopes.join(" "), advice);
        }
        if self.contradictory {
            add(
                Point::ClientId,
                "one client and one organisation",
                "two",
                "The answer contradicts itself; report it to Athumi with the request id.",
            );
        }
        found
    }
}

/// A text or a list of texts.
fn texts(value: Option<&Value<'_>>) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    match value.as_str() {
        Some(text) => text.split(' ').filter(|word| !word.is_empty()).map(crate::ground::error::shown::shown_text).collect(),
        None => {
            value.as_array().unwrap_or_default().iter().filter_map(Value::as_str).map(crate::ground::error::shown::shown_text).collect()
        }
    }
}

/// Whether two codes are the same but for the dots and spaces of a written KBO number, and case.
fn same_code(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        text.chars().filter(|letter| !matches!(letter, '.' | ' ')).map(|letter| letter.to_ascii_uppercase()).collect::<String>()
    };
    plain(one) == plain(other)
}

/// An answer that is no success. Bodies of failures are not documented, so the status alone decides.
pub(crate) fn refusal(response: &Response) -> Error {
    let (kind, action, expected): (&'static Kind, Action, &'static str) = match response.status {
        300..=303 | 305..=399 => (&codes::REDIRECT_REFUSED, Action::FixConfiguration, "an answer of the API itself"),
        401 => (
            &codes::TOKEN_INVALID,
            Action::Restart,
            "a token of this API's environment that is not expired, with the API's client id as audience (an unknown one is no error at the token endpoint)",
        ),
        403 => (
            &codes::UNAUTHORIZED,
            Action::FixConfiguration,
            "vo_info and the actor's scope in the token, both approved by the owner of the API; the audience: the API's client id, not yours",
        ),
        400..=499 if response.status != 429 => (&codes::API_ERROR, Action::FixConfiguration, "an answer of ping"),
        _ => (&codes::API_ERROR, Action::TryLater, "an answer of ping"),
    };
    let again = matches!(response.status, 429 | 500..=599);
    Error::new(kind).at(Phase::Api).advise(action).retry(again).expected(expected).http(response)
}
