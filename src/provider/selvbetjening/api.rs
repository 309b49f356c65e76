//! Calls to the self-service API: requests out, typed answers in.
//!
//! A draft is sent with the API key; all else with a DPoP-bound token, which `Exchange::resource` adds. Errors come as
//! `{property, message}`, as problem details (RFC 9457) or as plain text. Refuses redirects and answers over 1 MiB.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::client::{ClientSettings, CurrentClient};
use super::draft::Draft;
use super::key::{ClientSecret, PublicKey, SecretBody, expiration};
use super::lists::{list, text};
use super::{Environment, check_client_id, refusal};
use crate::ground::error::shown::shown_text;
use crate::ground::error::{Action, Error, Kind, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::json::{Value, push_string};
use crate::ground::octet::is_visible;
use crate::ground::secret::Secret;
use crate::provider::call::Call;

/// Who may act for whom: a delegation to a client of several organisations, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Delegation {
    /// The organisation that delegates: nine digits.
    pub organization_number: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is a member of Helsenettet.
    pub is_helsenett_member: Option<bool>,
    /// Terms of services, signed or not.
    pub service_terms: Vec<ServiceTerms>,
}

/// The terms of a service. Unsigned ones explain a `rejected_scope` in a token answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ServiceTerms {
    /// Where they are.
    pub uri: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// Whether the organisation signed them.
    pub signed: bool,
    /// The scopes they open.
    pub scopes: Vec<String>,
}

/// The API of one environment.
///
/// ```
/// use samtykke::Response;
/// use samtykke::provider::selvbetjening::{Api, Environment};
/// let environment = Environment::test();
/// let call = Api::new(&environment).client();
/// assert_eq!(call.request.url, "https://api.selvbetjening.test.nhn.no/v1/client");
/// let body = r#"{"apiScopes":[{"scope":"nhn:selvbetjening/client","status":"ok","statusReason":null}]}"#;
/// assert!(call.finish(&Response::new(200, Some("application/json"), body))?.is_ready());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Api<'a> {
    environment: &'a Environment,
}

impl<'a> Api<'a> {
    /// Calls to this environment's API origin, and nowhere else.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment }
    }

    fn call<T: 'static>(&self, method: &'static str, path: &str, json: Option<String>, judge: fn(&Response) -> Result<T>) -> Call<T> {
        let mut headers = vec![("accept", Secret::new("application/json"))];
        if json.is_some() {
            headers.push(("content-type", Secret::new("application/json")));
        }
        // A PUT writes the same whole again; a POST may have made something already.
        let repeatable = method != "POST";
        let request = Request { method, url: self.environment.url(path), headers, body: json.map(Secret::new), repeatable };
        Call::new(request, None, move |response| {
            let again = matches!(response.status, 429 | 500..=599) && repeatable;
            judge(response).map_err(|error| error.retry(again))
        })
    }

    /// `POST /v1/client-drafts` with the API key, which may only create drafts; answers the client id. Store it, and the
    /// private key, before the person is sent to [`Environment::confirm_url`].
    ///
    /// # Errors
    /// `invalid_parameter` when a field or the API key does not fit.
    pub fn create_draft(&self, api_key: &Secret, draft: &Draft) -> Result<Call<String>> {
        if !is_visible(api_key.expose()) {
            return Err(refusal("an API key: visible ASCII"));
        }
        let mut call = self.call("POST", "/v1/client-drafts", Some(draft.json()?), judge_draft);
        call.request.headers.push(("api-key", api_key.clone()));
        Ok(call)
    }

    /// `GET /v1/client`: the client's access and settings.
    pub fn client(&self) -> Call<CurrentClient> {
        self.call("GET", "/v1/client", None, |response| CurrentClient::read(&body(response)?).ok_or_else(|| malformed(response)))
    }

    /// `PUT /v1/client`: replaces all settings. They are those of [`CurrentClient::settings`], changed.
    ///
    /// # Errors
    /// `invalid_parameter` when a field does not fit.
    pub fn update(&self, settings: &ClientSettings) -> Result<Call<()>> {
        Ok(self.call("PUT", "/v1/client", Some(settings.json()?), judge_update))
    }

    /// `GET /v1/client-secret`: the client's keys.
    pub fn secrets(&self) -> Call<Vec<ClientSecret>> {
        self.call("GET", "/v1/client-secret", None, |response| ClientSecret::list(&body(response)?).ok_or_else(|| malformed(response)))
    }

    /// `POST /v1/client-secret`: adds a key; answers when it ends, in seconds since 1970, if the service says so. Token and
    /// proof are of the old key. When no answer comes, look for the new key's thumbprint in [`secrets`](Self::secrets)
    /// before anything else; keep the old key until a token was issued to the new one.
    pub fn add_secret(&self, key: &PublicKey, form: SecretBody) -> Call<Option<i64>> {
        let json = match form {
            SecretBody::Object => String::from(key.json()),
            SecretBody::Text => {
                let mut json = String::new();
                push_string(&mut json, key.json());
                json
            }
        };
        self.call("POST", "/v1/client-secret", Some(json), judge_added_key)
    }

    /// `GET /v1/multi-tenant-delegations`: organisations that delegate to this client.
    pub fn delegations(&self) -> Call<Vec<Delegation>> {
        self.call("GET", "/v1/multi-tenant-delegations", None, |response| {
            let value = body(response)?;
            let found = value.as_array().and_then(|items| items.iter().map(delegation).collect());
            found.ok_or_else(|| malformed(response))
        })
    }
}

/// The client id in the answer to a draft.
pub(crate) fn judge_draft(response: &Response) -> Result<String> {
    let value = body(response).map_err(|error| match response.status {
        // There is no token in this call.
        401 => failure_as(&codes::UNAUTHORIZED, Action::FixConfiguration, response),
        _ => error,
    })?;
    value.get("clientId").and_then(text).filter(|id| check_client_id(id).is_ok()).ok_or_else(|| malformed(response))
}

/// The answer to an update says nothing beside its status.
pub(crate) fn judge_update(response: &Response) -> Result<()> {
    success(response).map(|_| ())
}

/// When an added key ends, if the answer says so.
pub(crate) fn judge_added_key(response: &Response) -> Result<Option<i64>> {
    let text = success(response)?;
    if text.is_empty() {
        return Ok(None);
    }
    let value = Value::parse(text).filter(|value| matches!(value, Value::Object(_)));
    value.as_ref().and_then(expiration).ok_or_else(|| malformed(response))
}

fn delegation(value: &Value<'_>) -> Option<Delegation> {
    let delegator = value.get("delegator")?;
    Some(Delegation {
        organization_number: delegator.get("organizationNumber").and_then(text)?,
        name: delegator.get("name").and_then(text),
        is_helsenett_member: delegator.get("isHelsenettMember").and_then(Value::as_bool),
        service_terms: list(value, "serviceTerms", terms)?.unwrap_or_default(),
    })
}

fn terms(value: &Value<'_>) -> Option<ServiceTerms> {
    Some(ServiceTerms {
        uri: value.get("uri").and_then(text),
        name: value.get("name").and_then(text),
        signed: value.get("delegatorHasSigned").and_then(Value::as_bool)?,
        scopes: list(value, "scopes", text)?.unwrap_or_default(),
    })
}

/// The text of a success.
fn success(response: &Response) -> Result<&str> {
    let text = response.body.expose();
    if text.len() > MAX_BODY {
        return Err(malformed(response));
    }
    if (200..=299).contains(&response.status) { Ok(text) } else { Err(failure(response)) }
}

fn body(response: &Response) -> Result<Value<'_>> {
    Value::parse(success(response)?).ok_or_else(|| malformed(response))
}

fn malformed(response: &Response) -> Error {
    Error::new(&codes::API_RESPONSE_MALFORMED).http(response)
}

/// An error answer: `{property, message}`, `{type, title, status, detail, instance}`, or a text, as JSON or not; a page is none.
fn failure(response: &Response) -> Error {
    let (kind, action): (&'static Kind, Action) = match response.status {
        300..=303 | 305..=399 => (&codes::REDIRECT_REFUSED, Action::FixConfiguration),
        401 => (&codes::TOKEN_INVALID, Action::Restart),
        403 => (&codes::UNAUTHORIZED, Action::FixConfiguration),
        400..=428 | 430..=499 => (&codes::API_ERROR, Action::FixConfiguration),
        _ => (&codes::API_ERROR, Action::TryLater),
    };
    failure_as(kind, action, response)
}

fn failure_as(kind: &'static Kind, action: Action, response: &Response) -> Error {
    let body = response.body.expose();
    let value = Value::parse(body);
    let plain = match &value {
        Some(Value::String(text)) => Some(text.trim()),
        Some(_) => None,
        None => Some(body.trim()).filter(|text| !text.starts_with(['<', '{', '['])),
    };
    let value = value.as_ref().unwrap_or(&Value::Null);
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| value.text(name).filter(|text| !text.is_empty()));
    let (code, trace) = (text(["property", "title"]), text(["traceId", "instance"]));
    let error = Error::new(kind).at(Phase::Api).advise(action).http(response).provider(code.map(shown_text), trace.map(shown_text));
    match text(["message", "detail"]).or(plain.filter(|text| !text.is_empty())) {
        Some(message) => error.actual(shown_text(message)),
        None => error,
    }
}
