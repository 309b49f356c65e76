//! The providers' own machines of the table, and what they end with as the package writes it.

use std::time::Duration;

use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::provider::call::Call;
use samtykke::provider::maskinporten::{self, Edit, Environment, KeyEditCall, SelfService, TokenCall, TokenRequest, UpdateCall, Updated};
use samtykke::provider::norskgjeld::{self, Agreement, Api, FeedCall, Purpose, Reading, Revoked};
use samtykke::{Registration, Result, Secret};
use serde_json::{Value, json};

use super::take_turns;
use crate::table_shown::tokens;

/// Makes a machine and plays it; `false` where there is none of this name.
pub(super) fn play(case: &mut Value, write: bool) -> bool {
    let what = case["what"].clone();
    let text = |name: &str| what[name].as_str().unwrap_or_default().to_owned();
    let preprod = norskgjeld::Environment::preprod();
    let api = Api::tokenless(&preprod).trace_id("trace-1");
    match text("machine").as_str() {
        "norskgjeld_debt" => {
            let show = |debt: norskgjeld::DebtInformation| json!({ "ssn": debt.ssn.as_ref().map(Secret::expose), "loans": [] });
            called(api.debt_by_id(&text("id")), &show, case, write);
        }
        "norskgjeld_status" => {
            let show = |status: norskgjeld::ConsentStatus| json!({ "active": status.active, "expiresAt": status.expires_at });
            called(api.status(&text("id")), &show, case, write);
        }
        "norskgjeld_revoke" => {
            called(api.revoke(&text("id")), &|revoked| json!({ "withdrawn": revoked == Revoked::Withdrawn }), case, write);
        }
        "norskgjeld_register" => {
            let agreement =
                Agreement { nin: Secret::new(text("nin")), purpose: Purpose::Processing, days: 28, client_consent_id: "own-1".into() };
            let show = |found: norskgjeld::RegisteredConsent| json!({ "clientConsentId": found.client_consent_id, "id": found.id });
            called(api.register(&agreement), &show, case, write);
        }
        "norskgjeld_feed" => {
            let made = match what["next"].as_str() {
                Some(next) => FeedCall::resume(&api, next),
                None => Ok(FeedCall::new(&api, what["cursor"].as_u64().unwrap(), 2)),
            };
            take_turns(made, &page, case, write);
        }
        _ => return maskinporten(case, write),
    }
    true
}

fn called<T: 'static>(call: Result<Call<T>>, show: &dyn Fn(T) -> Value, case: &mut Value, write: bool) {
    take_turns(call.map(Call::machine), show, case, write);
}

/// A page as the package reads it.
fn page(page: Reading) -> Value {
    let events: Vec<String> = page
        .batch
        .events
        .iter()
        .map(|event| {
            format!(
                r#"{{"sequenceNumber":{},"eventId":"{}","consentId":"{}","timestamp":"{}","eventType":"SAMTYKKE_OPPRETTET"}}"#,
                event.sequence_number, event.event_id, event.consent_id, event.timestamp
            )
        })
        .collect();
    let lost = if page.batch.lost { "1" } else { "" };
    json!(format!("[{}]\n{}\n{lost}\n{}", events.join(","), page.batch.cursor, page.next.unwrap_or_default()))
}

/// The JSON of an outcome.
fn json_of(text: String) -> Value {
    if text.starts_with('{') { serde_json::from_str(&text).unwrap() } else { Value::String(text) }
}

/// Maskinporten's machines; `false` where there is none of this name.
fn maskinporten(case: &mut Value, write: bool) -> bool {
    let what = case["what"].clone();
    let text = |name: &str| what[name].as_str().unwrap_or_default().to_owned();
    let test = Environment::test();
    let api = SelfService::tokenless(&test);
    match text("machine").as_str() {
        "maskinporten_call" => {
            let arguments: Vec<&str> = what["arguments"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            take_turns(api.operation(&text("operation"), &arguments, &text("body")).map(|call| call.machine()), &json_of, case, write);
        }
        "maskinporten_keys" => {
            let edit = match text("edit").as_str() {
                "add" => Edit::Add(text("key")),
                "renew" => Edit::Renew(text("key")),
                _ => Edit::Remove(text("key")),
            };
            take_turns(KeyEditCall::new(&api, &text("id"), edit), &json_of, case, write);
        }
        "maskinporten_token" => {
            let jwk = format!(r#"{{"kty":"RSA","e":"AQAB","n":"u{}w"}}"#, "7".repeat(340));
            let mut key = KeyInfo::new(Algorithm::from_name("RS256").unwrap(), Jwk::parse(&jwk).unwrap()).unwrap();
            key.kid = Some("key-1".into());
            let client = Registration::new(maskinporten::profile(&test), "client-1", "").unwrap();
            let grant = TokenRequest::new(text("scope")).grant(key);
            let patience = Duration::from_secs(what["patience"].as_u64().unwrap_or_default());
            let made = grant.and_then(|grant| TokenCall::new(&client, grant)).map(|call| call.patience(patience));
            take_turns(made, &tokens, case, write);
        }
        "maskinporten_update" => {
            let kind = if text("what") == "scope" { Updated::Scope } else { Updated::Client };
            take_turns(UpdateCall::new(&api, kind, &text("name")), &json_of, case, write);
        }
        _ => return false,
    }
    true
}
