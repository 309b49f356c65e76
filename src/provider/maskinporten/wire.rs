//! Requests to the self-service API and its answers, by the table of operations.
//!
//! docs.digdir.no `oidc_api_admin`. The odd answers (a text for a 409, an error for an empty list) become what they mean.
//! Refuses odd organisation numbers, ids and scopes before they reach a path; redirects; private keys, in whatever is sent.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::keys::{is_kid, public_key};
use super::operation::{Answers, ClientScope, Operation, PORTAL, Sends};
use super::organisation::OrganisationNumber;
use super::record::Record;
use super::record::records;
use super::registration::{check_client, check_public};
use super::{Change, Environment};
use crate::ground::error::{Action, Error, Kind, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::push_percent;
use crate::protocol::syntax::check_scope;

/// The request of an operation, without its token. `strict`: the check digits of organisation numbers are looked at.
pub(crate) fn build(
    environment: &Environment,
    operation: &'static Operation,
    arguments: &[&str],
    body: &str,
    strict: bool,
) -> Result<Request> {
    if environment.self_service().is_empty() {
        return Err(
            Error::new_expected(&codes::ENDPOINT_MISSING, "environment: selfService, the base of the self-service API").at(Phase::Api)
        );
    }
    let mut given = arguments.iter().copied();
    let mut path = String::new();
    let mut rest = operation.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or_default();
        let value = given.next().unwrap_or_default();
        check(name, value, strict)?;
        path.push_str(before);
        push_percent(&mut path, value);
        rest = after;
    }
    path.push_str(rest);
    if path == "/clients" {
        path.push_str(&environment.collection);
    }
    let mut mark = "?";
    for name in operation.query {
        let value = given.next().unwrap_or_default();
        let needed = name.strip_suffix('!');
        let name = needed.unwrap_or(name);
        if value.is_empty() && needed.is_none() {
            continue;
        }
        check(name, value, strict)?;
        path.push_str(mark);
        path.push_str(name);
        path.push_str("=");
        push_percent(&mut path, value);
        mark = "&";
    }
    if given.next().is_some() {
        return Err(wrong("no further arguments"));
    }
    // The second version has a base of its own, or none.
    let second = path.strip_prefix("v2");
    let mut url = String::from(if second.is_some() { environment.second.as_str() } else { environment.self_service() });
    if url.is_empty() {
        return Err(wrong("a base of the self-service API with a second version: current, unversioned, or one that ends in /v1"));
    }
    url.push_str(second.unwrap_or(&path));
    let mut headers: Vec<(&'static str, Secret)> = vec![("accept", Secret::new("application/json"))];
    let body = sent(operation.sends, body)?;
    if body.is_some() {
        let text = operation.sends == Sends::Text;
        headers.push(("content-type", Secret::new(if text { "text/plain" } else { "application/json" })));
    }
    Ok(Request { method: operation.method, url, headers, body: body.map(Secret::new), repeatable: operation.repeatable() })
}

/// Judges an argument by its name.
fn check(name: &str, value: &str, strict: bool) -> Result<()> {
    let id = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-' | b':');
    let fits = match name {
        "organisation" | "consumer_orgno" if strict => return OrganisationNumber::parse(value).map(|_| ()),
        "organisation" | "consumer_orgno" => return OrganisationNumber::unchecked(value).map(|_| ()),
        "scope" => {
            check_scope(value).map_err(|error| error.at(Phase::Api))?;
            !value.is_empty() && !value.contains(' ')
        }
        "kid" => is_kid(value),
        // Nothing that a server could take for a step up, and so for another operation.
        "id" => (1..=255).contains(&value.len()) && value.bytes().all(id) && value.bytes().any(|octet| octet != b'.'),
        "integration_type" => value.bytes().all(|octet| octet.is_ascii_uppercase() || octet == b'_'),
        _ => matches!(value, "true" | "false"),
    };
    if fits {
        return Ok(());
    }
    Err(wrong(match name {
        "scope" => "the name of one scope",
        "kid" | "id" => "an id: letters, digits, full stops, underscores, hyphens",
        _ => "true, false, or an integration type in capitals",
    }))
}

/// The body, judged.
fn sent(sends: Sends, body: &str) -> Result<Option<String>> {
    let set = |key: &str| -> Result<String> { Ok(public_key(key)?.json().into()) };
    Ok(Some(match sends {
        Sends::Nothing if body.is_empty() => return Ok(None),
        Sends::Nothing => return Err(wrong("no body")),
        Sends::Object | Sends::Client => {
            let record = Record::parse(body)?;
            if sends == Sends::Client {
                check_client(&record)?;
            }
            check_public(&record.value())?;
            body.into()
        }
        Sends::Key => set(body)?,
        Sends::Keys => {
            // As if each were added to the ones before it.
            let mut made = Change { set: None };
            let keys = Record::parse(body)?.raw("keys").unwrap_or_default();
            for key in records(&keys)? {
                check_public(&key.value())?;
                let public = key.clone().without(&["created", "last_updated"]);
                made = Change::add(made.set.as_deref().unwrap_or(r#"{"keys":[]}"#), public.json())?;
            }
            made.set.ok_or_else(|| wrong("at least one key; none left takes a DELETE"))?
        }
        Sends::Text if body.starts_with('{') => set(body)?,
        Sends::Text => {
            let public = ["-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----"].iter().any(|start| body.starts_with(start));
            if !public || body.contains("PRIVATE") {
                return Err(Error::new(&codes::KEY_REFUSED).at(Phase::Api).expected("PEM of a public key or certificate, or a JWK"));
            }
            body.into()
        }
    }))
}

/// Judges an answer; gives its JSON, or nothing where nothing is read.
pub(crate) fn judge(operation: &'static Operation, given: ClientScope, response: &Response) -> Result<String> {
    let body = response.body.expose();
    if body.len() > MAX_BODY {
        return Err(malformed(response));
    }
    match response.status {
        200 | 201 | 204 => {}
        // A client without keys has no set.
        404 if operation.answers == Answers::Keys => return Ok(r#"{"keys":[]}"#.into()),
        status => {
            let error = failure(operation, given, response);
            let empty = operation.answers == Answers::Many && (400..500).contains(&status) && says_empty(body);
            return if empty { Ok("[]".into()) } else { Err(error) };
        }
    }
    let value = Value::parse(body);
    let fits = match (operation.answers, &value) {
        (Answers::Done, _) => return Ok(String::new()),
        (Answers::Seen, _) if body.is_empty() => return Ok(String::new()),
        (Answers::One, Some(Value::Object(_))) | (Answers::Any | Answers::Seen, Some(_)) => true,
        (Answers::Many, Some(Value::Array(items))) => items.iter().all(|item| matches!(item, Value::Object(_))),
        (Answers::Keys, Some(set)) => set.get("keys").and_then(Value::as_array).is_some(),
        _ => false,
    };
    if fits { Ok(body.strip_prefix('\u{feff}').unwrap_or(body).into()) } else { Err(malformed(response)) }
}

/// Some lists say so where they are empty, as an error.
fn says_empty(body: &str) -> bool {
    let value = Value::parse(body).unwrap_or(Value::Null);
    value.get("error_description").and_then(Value::as_str).is_some_and(|text| text.contains("does not have any"))
}

/// An error answer in any of its shapes: the documented object, a JSON text, an empty body, no JSON at all.
fn failure(operation: &'static Operation, given: ClientScope, response: &Response) -> Error {
    let value = Value::parse(response.body.expose()).unwrap_or(Value::Null);
    let first = value.get("errors").and_then(Value::as_array).and_then(<[_]>::first);
    let said = first
        .and_then(|error| error.get("errorMessage"))
        .or_else(|| value.get("error_description"))
        .or_else(|| value.get("error"))
        .unwrap_or(&value)
        .as_str()
        .filter(|text| !text.is_empty());
    let trace = value.get("correlation_id").and_then(Value::as_str);
    let (kind, action): (&'static Kind, Action) = match response.status {
        300..=303 | 305..=399 => (&codes::REDIRECT_REFUSED, Action::FixConfiguration),
        401 => (&codes::TOKEN_INVALID, Action::Restart),
        403 => (&codes::UNAUTHORIZED, Action::FixConfiguration),
        404 => (&codes::NOT_FOUND, Action::FixConfiguration),
        409 => (&codes::REGISTRATION_CONFLICT, Action::FixConfiguration),
        429 => (&codes::API_ERROR, Action::TryLater),
        400..=499 => (&codes::API_ERROR, Action::FixConfiguration),
        _ => (&codes::API_ERROR, Action::TryLater),
    };
    let shown = |text: &str| crate::ground::error::shown::shown_text(text);
    let mut error = Error::new(kind).at(Phase::Api).advise(action).http(response).provider(said.map(shown), trace.map(shown));
    let portal = operation.scope == PORTAL;
    match response.status {
        401 | 403 if portal => error = error.expected("a token of a person's session in the portal, not of Maskinporten"),
        401 if operation.needs_token() => {
            error = error.expected("a token of Maskinporten itself, of this environment, that has not expired");
        }
        403 if operation.needs_token() => {
            let mut wanted = String::from("a token with the scope ");
            wanted.push_str(operation.scope_by(given));
            error = error.expected(wanted);
        }
        _ => {}
    }
    error.retry(matches!(response.status, 429 | 500..=599) && operation.repeatable())
}

pub(super) fn malformed(response: &Response) -> Error {
    Error::new(&codes::API_RESPONSE_MALFORMED).http(response)
}

pub(super) fn wrong(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected)
}
