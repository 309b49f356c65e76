//! Operations on Selvbetjening's API.

use alloc::string::String;
use core::time::Duration;

use super::text::{push_line, push_request, response};
use super::{Lines, refused, some};
use crate::ground::error::{Error, OAuthError, Result, codes};
use crate::ground::http::Response;
use crate::ground::json::Writer;
use crate::ground::secret::Secret;
use crate::ground::text::{decimal, number};
use crate::provider::selvbetjening::api::{judge_added_key, judge_draft};
use crate::provider::selvbetjening::lists::{array, texts};
use crate::provider::selvbetjening::{
    Api, ClientSecret, CurrentClient, Delegation, Draft, Enrolment, Environment, Key, PublicKey, SecretBody, ServiceTerms, Status,
    find_secret, judge_confirmation,
};

pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        // Environment; answers the API's origin, and a mark for a service of one's own.
        "environment" => {
            let environment = Environment::from_name(lines.next())?;
            push_line(text, environment.api());
            push_line(text, if environment.is_development() { "1" } else { "" });
            Ok(())
        }
        "confirm" => confirm(lines, text),
        // A public JWK; answers its thumbprint, its id, and the key as it is published.
        "key" => {
            let key = PublicKey::parse(lines.0)?;
            push_line(text, key.thumbprint());
            push_line(text, key.kid());
            push_line(text, key.json());
            Ok(())
        }
        // Redirect URI, then the address the browser arrived at.
        "confirmed" => judge_confirmation(lines.next(), lines.0),
        "enrolment" => enrolment(lines, text),
        "request" => request(lines, text),
        "answer" => answer(lines, text),
        _ => refused("a known operation"),
    }
}

/// Environment, client id, then port and path for the older form; answers the URL.
fn confirm(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::from_name(lines.next())?;
    let [client_id, port, path] = lines.take();
    let url = if port.is_empty() {
        environment.confirm_url(client_id)?
    } else {
        let port = number(port).and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
        environment.confirm_url_by_port(client_id, port, path)?
    };
    text.push_str(&url);
    Ok(())
}

/// Environment, call, its arguments; answers the request.
fn request(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::from_name(lines.next())?;
    let api = Api::new(&environment);
    let request = match lines.next() {
        // API key, public JWK, then the draft.
        "draft" => {
            let api_key = Secret::new(lines.next());
            let key = PublicKey::parse(lines.next())?;
            api.create_draft(&api_key, &Draft::from_json(lines.0, key)?)?.request
        }
        "client" => api.client().request,
        "secrets" => api.secrets().request,
        "addSecret" => {
            let form = if lines.next() == "object" { SecretBody::Object } else { SecretBody::Text };
            api.add_secret(&PublicKey::parse(lines.0)?, form).request
        }
        "delegations" => api.delegations().request,
        _ => return refused("a known call"),
    };
    push_request(text, &request);
    Ok(())
}

/// Call, a public JWK or nothing, response lines, then the body; answers JSON, or a text.
fn answer(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::test();
    let api = Api::new(&environment);
    let [operation, key] = lines.take();
    let mut response = response(&mut lines);
    response.body = Secret::new(lines.0);
    match operation {
        "draft" => text.push_str(&judge_draft(&response)?),
        "client" => push_client(text, &api.client().finish(&response)?),
        "secrets" => push_secrets(text, &api.secrets().finish(&response)?, key)?,
        "addSecret" => push_time(text, judge_added_key(&response)?),
        "delegations" => push_delegations(text, &api.delegations().finish(&response)?),
        _ => return refused("a known call"),
    }
    Ok(())
}

/// An error of the shell's: its code, the OAuth error's, the status, `Retry-After`, whether it may be tried again.
pub(super) fn error(lines: &mut Lines<'_>) -> Error {
    let [code, oauth, status, retry_after, retryable] = lines.take();
    let known = codes::ALL.iter().find(|kind| kind.code() == code);
    let mut error = Error::new(known.unwrap_or(&&codes::API_ERROR));
    if !oauth.is_empty() {
        error = error.oauth_error(OAuthError { error: oauth.into(), description: None, uri: None });
    }
    if let Some(status) = number(status).and_then(|status| u16::try_from(status).ok()) {
        let mut response = Response::new(status, None, "");
        response.retry_after = some(retry_after).map(String::from);
        error = error.http(&response);
    }
    error.retry(!retryable.is_empty())
}

/// Environment, what is wanted of a record, the record. It has no line ends.
fn enrolment(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::from_name(lines.next())?;
    let [wanted, record] = lines.take();
    let mut kept = Enrolment::read(&environment, record)?;
    match wanted {
        // Answers `1` where it is confirmed, when its key ends, and the names of its key and of the new one that is on its way.
        "read" => {
            push_line(text, if kept.is_confirmed() { "1" } else { "" });
            push_time(text, kept.key_expires_at());
            text.push('\n');
            push_line(text, kept.key().reference());
            text.push_str(kept.next_key().map(Key::reference).unwrap_or_default());
        }
        "id" => text.push_str(Enrolment::parse(&environment, record)?.client_id()),
        "url" => text.push_str(&Enrolment::parse(&environment, record)?.confirm_url()?),
        // The time, then the address the browser arrived at; answers the record.
        "confirm" => {
            let now = seconds(&mut lines);
            text.push_str(&kept.confirm(lines.0, now)?);
        }
        // The stored record, in whose place this one comes; answers what to store.
        "over" => {
            let kept = if lines.0.is_empty() { kept } else { kept.over(&Enrolment::read(&environment, lines.0)?) };
            text.push_str(&kept.serialize());
        }
        // The name of the key that the list was asked for, the time, seconds that count as soon, the response; answers `1` where the
        // list has the key, `1` where it ends soon, when it ends, the record.
        "learn" => {
            let name = lines.next();
            let (now, warn) = (seconds(&mut lines), seconds(&mut lines));
            let mut response = response(&mut lines);
            response.body = Secret::new(lines.0);
            let list = Api::new(&environment).secrets().finish(&response)?;
            // A key that was replaced meanwhile has an end of its own.
            let own = kept.key().reference() == name;
            let listed = own && kept.learn_key(&list);
            let soon = !listed || kept.key_expires_soon(now, warn);
            push_line(text, if listed { "1" } else { "" });
            push_line(text, if soon { "1" } else { "" });
            push_time(text, kept.key_expires_at().filter(|_| listed));
            text.push('\n');
            text.push_str(&kept.serialize());
        }
        _ => return refused("a known question"),
    }
    Ok(())
}

fn seconds(lines: &mut Lines<'_>) -> Duration {
    Duration::from_secs(number(lines.next()).unwrap_or_default())
}

pub(super) fn push_time(text: &mut String, time: Option<i64>) {
    if let Some(seconds) = time.and_then(|seconds| u64::try_from(seconds).ok()) {
        text.push_str(&decimal(seconds));
    }
}

/// An item of a list, or nothing.
fn items<T>(list: &[T], write: impl Fn(&T, &mut String)) -> String {
    array(list.len(), |at, json| {
        if let Some(item) = list.get(at) {
            write(item, json);
        }
    })
}

pub(super) fn push_client(text: &mut String, client: &CurrentClient) {
    let names = |names: &mut dyn Iterator<Item = &str>| {
        let mut found = alloc::vec::Vec::new();
        for name in names {
            found.push(String::from(name));
        }
        texts(&found)
    };
    let or_null = |json: Option<String>| json.unwrap_or_else(|| "null".into());
    let access = |json: &mut Writer, status: &Status, reason: &Option<String>| {
        json.string("status", status.as_str()).some("statusReason", reason.as_deref());
    };
    let scopes = client.scopes.as_ref().map(|scopes| {
        items(scopes, |scope, text| {
            let mut json = Writer::new();
            json.string("scope", &scope.scope);
            access(&mut json, &scope.status, &scope.reason);
            text.push_str(&json.take());
        })
    });
    let claims = client.claims.as_ref().map(|claims| {
        items(claims, |claim, text| {
            let mut json = Writer::new();
            json.string("claimType", &claim.claim);
            json.some("activeClaimValue", claim.active.as_deref()).some("pendingClaimValue", claim.pending.as_deref());
            access(&mut json, &claim.status, &claim.reason);
            text.push_str(&json.take());
        })
    });
    let list = |list: &Option<alloc::vec::Vec<String>>| or_null(list.as_deref().map(texts));
    let mut json = Writer::new();
    json.raw("ready", if client.is_ready() { "true" } else { "false" })
        .raw("pending", &names(&mut client.pending()))
        .raw("unknown", &names(&mut client.unknown()))
        .raw("apiScopes", &or_null(scopes))
        .raw("audienceSpecificClientClaims", &or_null(claims))
        .raw("redirectUris", &list(&client.redirect_uris))
        .raw("postLogoutRedirectUris", &list(&client.post_logout_redirect_uris))
        .raw("childOrganizationNumbers", &list(&client.child_organization_numbers));
    text.push_str(&json.take());
}

/// The list, and where in it the key is.
fn push_secrets(text: &mut String, list: &[ClientSecret], key: &str) -> Result<()> {
    let found = match some(key) {
        Some(key) => find_secret(list, &PublicKey::parse(key)?),
        None => None,
    };
    let found = found.and_then(|found| list.iter().position(|secret| core::ptr::eq(secret, found)));
    let mut json = Writer::new();
    let entries = items(list, |secret, text| {
        let mut json = Writer::new();
        json.some("kid", secret.kid.as_deref()).some("jwkThumbprint", secret.thumbprint.as_deref());
        let mut time = String::new();
        push_time(&mut time, secret.expires_at);
        if !time.is_empty() {
            json.raw("expiresAt", &time);
        }
        json.some("origin", secret.origin.as_deref());
        text.push_str(&json.take());
    });
    json.raw("keys", &entries);
    if let Some(at) = found.and_then(|at| u64::try_from(at).ok()) {
        json.raw("found", &decimal(at));
    }
    text.push_str(&json.take());
    Ok(())
}

fn push_delegations(text: &mut String, list: &[Delegation]) {
    let word = |value: bool| if value { "true" } else { "false" };
    let terms = |terms: &ServiceTerms, text: &mut String| {
        let mut json = Writer::new();
        json.some("uri", terms.uri.as_deref()).some("name", terms.name.as_deref());
        json.raw("signed", word(terms.signed)).raw("scopes", &texts(&terms.scopes));
        text.push_str(&json.take());
    };
    text.push_str(&items(list, |delegation, text| {
        let mut json = Writer::new();
        json.string("organizationNumber", &delegation.organization_number).some("name", delegation.name.as_deref());
        if let Some(member) = delegation.is_helsenett_member {
            json.raw("isHelsenettMember", word(member));
        }
        json.raw("serviceTerms", &items(&delegation.service_terms, terms));
        text.push_str(&json.take());
    }));
}
