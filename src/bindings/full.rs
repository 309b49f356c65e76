//! Operations of the full package: what all of them read and write, norskgjeld's APIs.

use alloc::string::String;

use super::{Lines, browser, refused, some};
use crate::client::{Client, Profile};
use crate::encoding::{cut, decimal, number};
use crate::error::{Error, Result, codes};
use crate::http::{Request, Response};
use crate::json::{Writer, push_string};
use crate::provider::norskgjeld::{Agreement, Api, Call, Environment, Event, EventType, Purpose, Revoked, Service};
use crate::secret::Secret;

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "error" => host_error(lines),
        "audiences" => audiences(lines, text),
        "api" => api(lines, text),
        "api_answer" => api_answer(lines, text),
        "jwk" | "der" | "key" | "id_token" | "logout_token" | "jwks_request" | "jwks_answer" => super::jose::call(operation, lines, text),
        _ => super::judges::call(operation, lines, text),
    }
}

/// The error of a code that the host found.
fn host_error(mut lines: Lines<'_>) -> Result<()> {
    let code = lines.next();
    let known = codes::ALL.iter().find(|kind| kind.code == code);
    Err(Error::new(known.unwrap_or(&&codes::INVALID_PARAMETER)))
}

pub(super) fn push_line(text: &mut String, value: &str) {
    let (first, mut rest) = cut(value, b'\n');
    text.push_str(first);
    while let Some(more) = rest {
        text.push_str(" ");
        let (next, after) = cut(more, b'\n');
        text.push_str(next);
        rest = after;
    }
    text.push_str("\n");
}

/// As [`browser::client`], as a value of the public type.
pub(super) fn client(lines: &mut Lines<'_>) -> Result<Client> {
    let token_endpoint = Lines(lines.0).take::<4>()[3];
    let found = browser::client(lines)?;
    let mut profile = Profile::new(found.issuer, found.authorization_endpoint, token_endpoint);
    profile.rules = found.rules;
    profile.iss_parameter = found.iss_parameter;
    profile.development = found.development;
    Ok(Client { profile, client_id: found.client_id.into(), redirect_uri: found.redirect_uri.into() })
}

/// Repeatable or not, method, URL, headers as `name: value`, an empty line, the body as the rest.
pub(super) fn push_request(text: &mut String, request: &Request) {
    push_line(text, if request.repeatable { "1" } else { "" });
    push_line(text, request.method);
    push_line(text, &request.url);
    for (name, value) in &request.headers {
        text.push_str(name);
        text.push_str(": ");
        push_line(text, value.expose());
    }
    text.push('\n');
    text.push_str(request.body.as_ref().map_or("", Secret::expose));
}

/// Status, media type, `Retry-After`.
pub(super) fn response(lines: &mut Lines<'_>) -> Response {
    let status = number(lines.next()).and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let mut response = Response::new(status, some(lines.next()), "");
    response.retry_after = some(lines.next()).map(String::from);
    response
}

/// A norskgjeld environment's name; answers the audiences of debt, agreement and events.
fn audiences(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::named(lines.next())?;
    for service in [Service::Debt, Service::Agreement, Service::ConsentEvents] {
        push_line(text, &environment.audience(service));
    }
    Ok(())
}

/// Environment, token, trace id, call, its arguments; answers the request.
fn api(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::named(lines.next())?;
    let token = Secret::new(lines.next());
    if !crate::client::is_vschar(token.expose()) {
        return refused("an access token: visible ASCII");
    }
    let api = Api::new(&environment, &token).trace_id(lines.next());
    let request = match lines.next() {
        "debt" => api.debt().request,
        "debtById" => api.debt_by_id(lines.next())?.request,
        "status" => api.status(lines.next())?.request,
        "revoke" => api.revoke(lines.next())?.request,
        "register" => {
            let (nin, purpose, days, id) = (Secret::new(lines.next()), Purpose::parse(lines.next()), lines.next(), lines.next());
            let Some(purpose) = purpose else { return refused("purpose: presentation or processing") };
            let days = number(days).and_then(|days| u16::try_from(days).ok()).unwrap_or_default();
            api.register(&Agreement { nin, purpose, days, client_consent_id: id.into() })?.request
        }
        "events" => {
            let (from, limit) = (number(lines.next()), number(lines.next()).and_then(|limit| u32::try_from(limit).ok()));
            match (from, limit) {
                (Some(from), Some(limit @ 1..)) => api.events(from, limit).request,
                _ => return refused("cursor and limit: whole numbers, limit at least 1"),
            }
        }
        "first" => api.first_sequence_number().request,
        "last" => api.last_sequence_number().request,
        _ => return refused("a known call"),
    };
    push_request(text, &request);
    Ok(())
}

/// Call, response lines, then the body; answers JSON.
fn api_answer(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let (environment, token) = (Environment::preprod(), Secret::new("-"));
    let api = Api::new(&environment, &token);
    let operation = lines.next();
    let mut response = response(&mut lines);
    response.body = Secret::new(lines.0);
    let mut json = Writer::new();
    match operation {
        "debt" | "debtById" => {
            api.debt().finish(&response)?;
            // Checked; handed on as it came, so that fields yet undocumented are kept.
            text.push_str(lines.0.strip_prefix('\u{feff}').unwrap_or(lines.0));
            return Ok(());
        }
        "status" => {
            let status = api.status("-")?.finish(&response)?;
            json.raw("active", if status.active { "true" } else { "false" });
            push_time(&mut json, status.expires_at);
        }
        "revoke" => {
            let withdrawn = api.revoke("-")?.finish(&response)? == Revoked::Withdrawn;
            json.raw("withdrawn", if withdrawn { "true" } else { "false" });
        }
        "register" => {
            let call: Call<_> = api.register(&Agreement {
                nin: Secret::new("00000000000"),
                purpose: Purpose::Presentation,
                days: 1,
                client_consent_id: "-".into(),
            })?;
            let registered = call.finish(&response)?;
            json.string("clientConsentId", &registered.client_consent_id).string("id", &registered.id);
            push_time(&mut json, registered.expires_at);
            json.some("scope", registered.scope.as_deref());
        }
        "events" => {
            text.push('[');
            for (at, event) in api.events(1, 1).finish(&response)?.events.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                push_event(text, event);
            }
            text.push(']');
            return Ok(());
        }
        "first" => text.push_str(&decimal(api.first_sequence_number().finish(&response)?)),
        "last" => text.push_str(&decimal(api.last_sequence_number().finish(&response)?)),
        _ => return refused("a known call"),
    }
    if matches!(operation, "first" | "last") {
        return Ok(());
    }
    text.push_str(&json.take());
    Ok(())
}

fn push_time(json: &mut Writer, time: Option<i64>) {
    if let Some(seconds) = time.and_then(|seconds| u64::try_from(seconds).ok()) {
        json.raw("expiresAt", &decimal(seconds));
    }
}

fn push_event(text: &mut String, event: &Event) {
    let mut kind = String::new();
    push_string(
        &mut kind,
        match &event.event_type {
            EventType::Created => "SAMTYKKE_OPPRETTET",
            EventType::Archived => "SAMTYKKE_ARKIVERT",
            EventType::Other(name) => name,
        },
    );
    let mut json = Writer::new();
    json.raw("sequenceNumber", &decimal(event.sequence_number))
        .string("eventId", &event.event_id)
        .string("consentId", &event.consent_id)
        .string("timestamp", &event.timestamp)
        .raw("eventType", &kind)
        .some("clientId", event.client_id.as_deref())
        .some("scope", event.scope.as_deref())
        .some("externalConsentId", event.external_consent_id.as_deref());
    text.push_str(&json.take());
}
