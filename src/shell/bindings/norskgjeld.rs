//! norskgjeld's APIs: their calls and the pages of the feed as machines, and the audiences that their tokens need.

use alloc::boxed::Box;
use alloc::string::String;

use super::outcome::Live;
use super::text::push_line;
use super::{Lines, refused, whole};
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Writer, push_string};
use crate::ground::secret::Secret;
use crate::ground::text::{decimal, number};
use crate::provider::call::Call;
use crate::provider::norskgjeld::{
    Agreement, Api, Environment, Event, EventType, FeedCall, Purpose, Reading, RegisteredConsent, Revoked, Service,
};

/// A norskgjeld environment's name; answers the audiences of debt, agreement and events.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::from_name(lines.next())?;
    for service in [Service::Debt, Service::Agreement, Service::ConsentEvents] {
        push_line(text, &environment.audience(service));
    }
    Ok(())
}

/// Environment, trace id, how often it is repeated, call, its arguments.
pub(super) fn make(mut lines: Lines<'_>) -> Result<Live> {
    let [environment, trace_id, retries, operation] = lines.take();
    let environment = Environment::from_name(environment)?;
    let api = Api::tokenless(&environment).trace_id(trace_id);
    let call = match operation {
        // Checked; handed on as it came, so that fields yet undocumented are kept.
        "debt" => raw(api.debt()),
        "debtById" => raw(api.debt_by_id(lines.next())?),
        "status" => written(api.status(lines.next())?, |status, json| {
            json.raw("active", if status.active { "true" } else { "false" });
            push_time(json, status.expires_at);
        }),
        "revoke" => written(api.revoke(lines.next())?, |revoked, json| {
            json.raw("withdrawn", if *revoked == Revoked::Withdrawn { "true" } else { "false" });
        }),
        "register" => {
            let (nin, purpose, days, id) = (Secret::new(lines.next()), Purpose::parse(lines.next()), lines.next(), lines.next());
            let Some(purpose) = purpose else { return refused("purpose: presentation or processing") };
            let days = number(days).and_then(|days| u16::try_from(days).ok()).unwrap_or_default();
            let agreement = Agreement { nin, purpose, days, client_consent_id: id.into() };
            written(api.register(&agreement)?, |registered: &RegisteredConsent, json| {
                json.string("clientConsentId", &registered.client_consent_id).string("id", &registered.id);
                push_time(json, registered.expires_at);
                json.some("scope", registered.scope.as_deref());
            })
        }
        _ => return refused("a known call"),
    };
    Ok(Box::new(call.machine().retries(whole(retries))))
}

/// Environment, trace id, how often each request is repeated; cursor and limit, or an empty line and as the rest where a reading
/// stands.
pub(super) fn feed(mut lines: Lines<'_>) -> Result<Live> {
    let [environment, trace_id, retries, cursor] = lines.take();
    let environment = Environment::from_name(environment)?;
    let rest = lines.0.strip_suffix('\n').unwrap_or(lines.0);
    let limit = if cursor.is_empty() { None } else { number(rest).and_then(|limit| u32::try_from(limit).ok()) };
    let api = Api::tokenless(&environment).trace_id(trace_id);
    let call = match (number(cursor), limit) {
        _ if cursor.is_empty() => FeedCall::resume(&api, rest)?,
        (Some(cursor), Some(limit @ 1..)) => FeedCall::new(&api, cursor, limit),
        _ => {
            return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("cursor and limit: whole numbers, limit at least 1"));
        }
    };
    Ok(Box::new(Page(call.retries(whole(retries)))))
}

fn raw<T: 'static>(call: Call<T>) -> Call<String> {
    call.map(|_, response| {
        let body = response.body.expose();
        Ok(body.strip_prefix('\u{feff}').unwrap_or(body).into())
    })
}

fn written<T: 'static>(call: Call<T>, write: fn(&T, &mut Writer)) -> Call<String> {
    call.map(move |found, _| {
        let mut json = Writer::new();
        write(&found, &mut json);
        Ok(json.take())
    })
}

/// A page of the feed, its outcome written down: the events as JSON, the cursor, `1` where some were lost, how to go on.
struct Page(FeedCall);

impl Machine for Page {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
        Ok(match self.0.advance(input, moment)? {
            Step::Token(request) => Step::Token(request),
            Step::Send(request) => Step::Send(request),
            Step::Sleep(milliseconds) => Step::Sleep(milliseconds),
            Step::Done(page) => Step::Done(page_text(&page)),
            _ => return Err(Error::new(&codes::TRANSACTION_USED)),
        })
    }
}

fn page_text(Reading { batch, next }: &Reading) -> String {
    let mut text = String::new();
    let mut mark = '[';
    for event in &batch.events {
        text.push(mark);
        push_event(&mut text, event);
        mark = ',';
    }
    text.push_str(if mark == '[' { "[]\n" } else { "]\n" });
    push_line(&mut text, &decimal(batch.cursor));
    push_line(&mut text, if batch.lost { "1" } else { "" });
    text.push_str(next.as_deref().unwrap_or_default());
    text
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
