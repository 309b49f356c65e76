//! Operations on norskgjeld's APIs.

use alloc::string::String;

use super::text::{push_line, push_request, response};
use super::{Lines, refused};
use crate::ground::error::Result;
use crate::ground::json::{Writer, push_string};
use crate::ground::secret::Secret;
use crate::ground::text::{decimal, number};
use crate::provider::norskgjeld::{Agreement, Api, Call, Environment, Event, EventType, Purpose, Revoked, Service};

/// `audiences`, `request` or `answer`.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "audiences" => audiences(lines, text),
        "request" => request(lines, text),
        "answer" => answer(lines, text),
        _ => refused("a known operation"),
    }
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
fn request(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::named(lines.next())?;
    let token = Secret::new(lines.next());
    if !crate::protocol::syntax::is_token68(token.expose()) {
        return refused("an access token: token68");
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
fn answer(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
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
