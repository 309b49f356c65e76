//! Calls to norskgjeld's APIs: requests out, typed answers in (api-docs `reference/openapi.json`).
//!
//! Both documented error shapes are read, and empty bodies. Every call says whether it may be repeated.
//! Refuses redirects, odd ids, and a second lookup where a consent might have been spent.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::Environment;
use super::agreement::{Agreement, RegisteredConsent};
use super::debt::{ConsentStatus, DebtInformation};
use super::event::EventPage;
use crate::ground::error::{Action, Error, Kind, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::provider::call::{AUTHORIZATION, Call};
use crate::provider::table::join;

/// By this norskgjeld's support can find a call.
pub(super) const TRACE_ID: &str = "x-trace-id";

/// What a revocation found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// The consent was active and is withdrawn now.
    Withdrawn,
    /// It was inactive already: used, expired or withdrawn earlier.
    AlreadyInactive,
}

/// The APIs of one environment, with a token for them.
///
/// ```
/// use samtykke::{Response, Secret};
/// use samtykke::provider::norskgjeld::{Api, Environment};
/// let environment = Environment::preprod();
/// let token = Secret::new("x.y");
/// let call = Api::new(&environment, &token).debt();
/// assert_eq!(call.request.url, "https://api-preprod.norskgjeld.no/v1/debt");
/// assert!(!call.request.repeatable); // a second lookup would find the consent spent
/// let debt = call.finish(&Response::new(200, Some("application/json"), r#"{"ssn":"14842249091","loans":[]}"#))?;
/// assert_eq!(debt.loans.len(), 0);
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Api<'a> {
    pub(super) environment: &'a Environment,
    pub(super) token: Option<&'a Secret>,
    pub(super) trace_id: Option<&'a str>,
}

impl<'a> Api<'a> {
    /// Calls with this token; it is sent to this environment's API origin and nowhere else.
    pub fn new(environment: &'a Environment, token: &'a Secret) -> Self {
        Self { environment, token: Some(token), trace_id: None }
    }

    /// Calls without a token, for [`Call::machine`], which asks for one.
    pub fn tokenless(environment: &'a Environment) -> Self {
        Self { environment, token: None, trace_id: None }
    }

    /// Sends `X-Trace-ID`; the debt API returns it in its errors. Visible ASCII; other texts are not sent. A call's machine draws one
    /// that is not given.
    #[must_use]
    pub fn trace_id(mut self, trace_id: &'a str) -> Self {
        self.trace_id = Some(trace_id).filter(|id| !id.is_empty() && crate::ground::octet::is_visible(id) && id.len() <= 128);
        self
    }

    fn call<T: 'static>(&self, method: &'static str, path: &str, repeatable: bool, judge: fn(&Response) -> Result<T>) -> Call<T> {
        let mut headers: Vec<(&'static str, Secret)> = vec![("accept", Secret::new("application/json"))];
        if let Some(token) = self.token {
            headers.push((AUTHORIZATION, Secret::new(join("Bearer ", token.expose()))));
        }
        if let Some(id) = self.trace_id {
            headers.push((TRACE_ID, Secret::new(id)));
        }
        let request = Request { method, url: self.environment.url(path), headers, body: None, repeatable };
        Call::new(request, None, move |response| judge(response).map_err(|error| handed_on(error, response, repeatable))).traced(TRACE_ID)
    }

    /// `GET /v1/debt` with the token of a code: the person's debt. Never repeated by the library, because a
    /// consent without days is spent by one lookup.
    pub fn debt(&self) -> Call<DebtInformation> {
        self.call("GET", "/v1/debt", false, |response| DebtInformation::read(&body(response, 200)?).ok_or_else(|| malformed(response)))
    }

    /// `GET /v1/debt/{id}` with a client credentials token: the debt behind a consent. Never repeated by the library.
    ///
    /// # Errors
    /// `invalid_parameter` when the id is not one.
    pub fn debt_by_id(&self, consent_id: &str) -> Result<Call<DebtInformation>> {
        let mut call = self.debt();
        call.request.url = self.environment.url(&debt_path(consent_id, "")?);
        Ok(call)
    }

    /// `GET /v1/debt/{id}/status`: whether a consent is active, and until when.
    ///
    /// # Errors
    /// `invalid_parameter` when the id is not one.
    pub fn status(&self, consent_id: &str) -> Result<Call<ConsentStatus>> {
        let path = debt_path(consent_id, "/status")?;
        Ok(self.call("GET", &path, true, |response| ConsentStatus::read(&body(response, 200)?).ok_or_else(|| malformed(response))))
    }

    /// `DELETE /v1/debt/{id}`: withdraws a consent; mandatory when the person withdraws it with you.
    /// A consent that is inactive already is a success.
    ///
    /// # Errors
    /// `invalid_parameter` when the id is not one.
    pub fn revoke(&self, consent_id: &str) -> Result<Call<Revoked>> {
        Ok(self.call("DELETE", &debt_path(consent_id, "")?, true, |response| {
            if response.status == 204 {
                return Ok(Revoked::Withdrawn);
            }
            match failure(response) {
                error if error.code() == codes::CONSENT_INACTIVE.code() => Ok(Revoked::AlreadyInactive),
                error => Err(error),
            }
        }))
    }

    /// `PUT /v1/consent/agreement`: registers a consent the client collected itself. Repeatable with the same data.
    ///
    /// # Errors
    /// `invalid_parameter` when a field does not fit.
    pub fn register(&self, agreement: &Agreement) -> Result<Call<RegisteredConsent>> {
        let json = agreement.json()?;
        let mut call = self.call("PUT", "/v1/consent/agreement", true, |response| {
            RegisteredConsent::read(&body(response, 200)?).ok_or_else(|| malformed(response))
        });
        call.request.headers.push(("content-type", Secret::new("application/json")));
        call.request.body = Some(Secret::new(json));
        Ok(call)
    }

    /// `GET /feed/v1/consent`: events from a sequence number on, that one included, at most `limit` of them.
    pub fn events(&self, from: u64, limit: u32) -> Call<EventPage> {
        let path = join(&join("/feed/v1/consent?fromSequenceNr=", &decimal(from)), &join("&limit=", &decimal(u64::from(limit))));
        self.call("GET", &path, true, page)
    }

    /// `GET /feed/v1/consent/firstSequenceNr`: the oldest event still kept (seven days).
    pub fn first_sequence_number(&self) -> Call<u64> {
        self.call("GET", "/feed/v1/consent/firstSequenceNr", true, first)
    }

    /// `GET /feed/v1/consent/lastSequenceNr`: the newest event.
    pub fn last_sequence_number(&self) -> Call<u64> {
        self.call("GET", "/feed/v1/consent/lastSequenceNr", true, last)
    }
}

pub(super) fn first(response: &Response) -> Result<u64> {
    number(response, "firstSequenceNr")
}

pub(super) fn last(response: &Response) -> Result<u64> {
    number(response, "lastSequenceNr")
}

pub(super) fn page(response: &Response) -> Result<EventPage> {
    EventPage::read(&body(response, 200)?).ok_or_else(|| malformed(response))
}

/// An error with what its caller can do.
pub(super) fn handed_on(error: Error, response: &Response, repeatable: bool) -> Error {
    error.retry(repeatable && matches!(response.status, 429 | 500..=599)).with_raw_answer(response)
}

fn debt_path(consent_id: &str, rest: &str) -> Result<String> {
    let fits = (1..=64).contains(&consent_id.len()) && consent_id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    if !fits {
        return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("a consent id: letters, digits and hyphens"));
    }
    Ok(join(&join("/v1/debt/", consent_id), rest))
}

fn number(response: &Response, name: &str) -> Result<u64> {
    let value = body(response, 200)?.get(name).and_then(Value::as_integer);
    value.and_then(|number| u64::try_from(number).ok()).ok_or_else(|| malformed(response))
}

/// The JSON of a success. The number endpoints declare any media type, so the text decides.
fn body(response: &Response, status: u16) -> Result<Value<'_>> {
    if response.body.expose().len() > MAX_BODY {
        return Err(malformed(response));
    }
    if response.status != status {
        return Err(failure(response));
    }
    Value::parse(response.body.expose()).ok_or_else(|| malformed(response))
}

fn malformed(response: &Response) -> Error {
    Error::new(&codes::API_RESPONSE_MALFORMED).http(response)
}

/// An error answer in any of its shapes: `{error, error_description, trace_id}`, Spring's `{status, error, message,
/// requestId}`, empty, or no JSON at all.
fn failure(response: &Response) -> Error {
    let parsed = if response.body.expose().len() > MAX_BODY { None } else { Value::parse(response.body.expose()) };
    let text = |name: &str| parsed.as_ref().and_then(|value| value.get(name)).and_then(Value::as_str).filter(|text| !text.is_empty());
    let code = text("error").map(crate::ground::error::shown::shown_text);
    let trace = text("trace_id").or_else(|| text("requestId")).map(crate::ground::error::shown::shown_text);
    // The words are examples, not codes: matched without case, in code and description.
    let says = |word: &str| [text("error"), text("error_description")].into_iter().flatten().any(|text| contains(text, word));
    let (kind, action): (&'static Kind, Action) = match response.status {
        300..=303 | 305..=399 => (&codes::REDIRECT_REFUSED, Action::FixConfiguration),
        // The debt API answers an invalid token with 403, and a dead consent too.
        403 if says("token") => (&codes::TOKEN_INVALID, Action::Restart),
        403 if says("consent") => (&codes::CONSENT_INACTIVE, Action::Restart),
        // A 401 is about the token, whatever its words (RFC 9110 section 15.5.2).
        401 => (&codes::TOKEN_INVALID, Action::Restart),
        403 => (&codes::UNAUTHORIZED, Action::FixConfiguration),
        409 => (&codes::CONFLICT, Action::FixConfiguration),
        400 | 404 | 405 | 415 => (&codes::API_ERROR, Action::FixConfiguration),
        _ => (&codes::API_ERROR, Action::TryLater),
    };
    Error::new(kind).at(Phase::Api).advise(action).http(response).provider(code, trace)
}

fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
