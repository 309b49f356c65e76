//! Operations on ACM/IDM's delegated variant, and on eLys behind it.

use alloc::string::String;
use alloc::vec::Vec;

use super::text::{push_request, response};
use super::{Lines, browser, refused};
use crate::ground::error::Result;
use crate::ground::json::{Writer, push_string};
use crate::ground::secret::Secret;
use crate::ground::text::{decimal, number};
use crate::protocol::authorization::response::judge_parameters;
use crate::protocol::authorization::transaction;
use crate::provider::acmidm::delegated::{parameters, request};
use crate::provider::acmidm::{ElysApi, ElysEnvironment, Expected, Ping, Trace};

/// `check`, `request` or `ping`; `delegation` or `delegated`.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "check" => environment(lines.next())?.check_name(lines.next()),
        "request" => {
            let (environment, token) = (environment(lines.next())?, Secret::new(lines.next()));
            let trace = Trace { correlation_id: lines.next(), tracing_id: lines.next(), request_id: lines.next() };
            push_request(text, &ElysApi::new(&environment, &token).ping(&trace)?);
            Ok(())
        }
        "ping" => ping(lines, text),
        // Client, URL, token; answers the request.
        "delegation" => {
            let client = browser::client(&mut lines)?;
            let [url, token] = lines.take();
            push_request(text, &request(&client, url, token)?);
            Ok(())
        }
        "delegated" => delegated(lines, text),
        _ => refused("a known operation"),
    }
}

/// A name, or an origin of one's own.
fn environment(name: &str) -> Result<ElysEnvironment> {
    if name.contains(':') { ElysEnvironment::custom(name) } else { ElysEnvironment::from_name(name) }
}

/// Client, time, transaction, response lines, then the body; answers the checked code and the granted scope.
fn delegated(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = browser::client(&mut lines)?;
    let [now, stored] = lines.take();
    let fields = transaction::split(stored);
    transaction::check(&fields)?;
    let mut response = response(&mut lines);
    response.body = Secret::new(lines.0);
    let parameters = parameters(&fields, &response)?;
    let mut code = Vec::new();
    let answer = judge_parameters(&fields, &client, &parameters, number(now).unwrap_or_default());
    answer.map_err(|error| error.http(&response))?.push_code(&mut code);
    text.push_str(&String::from_utf8(code).unwrap_or_default());
    Ok(())
}

/// What is expected (client id, organisation, scope, issuer), response lines, then the body; answers JSON.
fn ping(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let expected = Expected { client_id: lines.next(), organisation_code: lines.next(), scope: lines.next(), issuer: lines.next() };
    let mut response = response(&mut lines);
    response.body = Secret::new(lines.0);
    let ping = Ping::judge(&response)?;
    let mut mismatches = String::from("[");
    for mismatch in ping.compare(&expected) {
        if mismatches.len() > 1 {
            mismatches.push(',');
        }
        let mut json = Writer::new();
        json.string("point", mismatch.point.as_str())
            .string("expected", &mismatch.expected)
            .string("found", &mismatch.found)
            .string("advice", mismatch.advice);
        mismatches.push_str(&json.take());
    }
    mismatches.push(']');
    let mut json = Writer::new();
    json.raw("matches", if mismatches.len() == 2 { "true" } else { "false" })
        .some("organisationCode", ping.organisation_code.as_deref())
        .some("organisationName", ping.organisation_name.as_deref())
        .some("clientId", ping.client_id.as_deref())
        .some("application", ping.application.as_deref())
        .raw("scopes", &list(&ping.scopes))
        .raw("audience", &list(&ping.audience))
        .some("issuer", ping.issuer.as_deref());
    for (name, time) in [("expiresAt", ping.expires_at), ("issuedAt", ping.issued_at)] {
        if let Some(seconds) = time.and_then(|seconds| u64::try_from(seconds).ok()) {
            json.raw(name, &decimal(seconds));
        }
    }
    json.raw("mismatches", &mismatches);
    text.push_str(&json.take());
    Ok(())
}

fn list(values: &[String]) -> String {
    let mut json = String::from("[");
    for value in values {
        if json.len() > 1 {
            json.push(',');
        }
        push_string(&mut json, value);
    }
    json.push(']');
    json
}
