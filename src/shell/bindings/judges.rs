//! Operations of the full package: challenges, pushed requests, introspection, revocation, logout.

use alloc::string::String;
use alloc::vec::Vec;

use super::browser::client;
use super::text::{listed, push_line};
use super::{Lines, operations, some};
use crate::ground::error::Result;
use crate::ground::http::Response;
use crate::ground::json::Writer;
use crate::ground::text::{decimal, number};
use crate::jose::Algorithm;
use crate::protocol::answers::introspection::Introspection;
use crate::protocol::answers::logout::{self, judge_return};
use crate::protocol::answers::revocation;
use crate::protocol::authorization::par::PushedRequest;
use crate::protocol::authorization::request::check_response_mode;
use crate::protocol::challenge::Challenge;
use crate::protocol::dpop::check_algorithm;

pub(super) fn call(operation: &str, mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    operations!(operation, {
        "challenges" => challenges(lines, text),
        "offered" => offered(&mut lines),
        "pushed_answer" => pushed(lines, text),
        "introspection" => introspected(lines, text),
        "revocation" => revocation::judge(&answer(lines)),
        "logout" => logout(&mut lines, text),
        "logout_return" => {
            let state = lines.next();
            judge_return(lines.0, state)
        },
    }, super::exchange::call(operation, lines, text))
}

/// A key's algorithm, what the server takes for proofs; a response mode, what the server answers by: none of one where it is empty.
fn offered(lines: &mut Lines<'_>) -> Result<()> {
    let [alg, algorithms, mode, modes] = lines.take();
    if let Some(alg) = Algorithm::named(alg) {
        check_algorithm(alg, &listed(algorithms, b' '))?;
    }
    check_response_mode(some(mode).unwrap_or("query"), &listed(modes, b' '))
}

/// Status, media type, `Retry-After`, `WWW-Authenticate`, then the body as the rest.
fn answer(mut lines: Lines<'_>) -> Response {
    let [status, content_type, retry_after, www_authenticate] = lines.take();
    let status = number(status).and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let mut response = Response::new(status, some(content_type), lines.0);
    response.retry_after = some(retry_after).map(String::from);
    response.www_authenticate = some(www_authenticate).map(String::from);
    response
}

/// The header as the rest. Answers for each challenge: scheme, token68, error, description, URI, how many parameters, then these, names
/// and values in turn. A value holds no line end: the parser takes no control characters.
fn challenges(lines: Lines<'_>, text: &mut String) -> Result<()> {
    for challenge in &Challenge::parse(lines.0)? {
        let error = challenge.error();
        let error = error.as_ref();
        for value in [
            Some(challenge.scheme.as_str()),
            challenge.token68.as_deref(),
            error.map(|error| error.error.as_str()),
            error.and_then(|error| error.description.as_deref()),
            error.and_then(|error| error.uri.as_deref()),
        ] {
            push_line(text, value.unwrap_or_default());
        }
        push_line(text, &decimal(challenge.parameters.len() as u64));
        for (name, value) in &challenge.parameters {
            push_line(text, name);
            push_line(text, value);
        }
    }
    Ok(())
}

/// Whether `expires_in` may be a text, then the answer; answers JSON.
fn pushed(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let expires_in_string = !lines.next().is_empty();
    let found = PushedRequest::judge(&answer(lines), expires_in_string)?;
    let mut json = Writer::new();
    text.push_str(&json.string("requestUri", &found.request_uri).raw("expiresIn", &decimal(u64::from(found.expires_in))).take());
    Ok(())
}

/// The answer. Answers whether the token is active in a line, then the members.
fn introspected(lines: Lines<'_>, text: &mut String) -> Result<()> {
    let found = Introspection::judge(&answer(lines))?;
    push_line(text, if found.active() { "1" } else { "" });
    text.push_str(found.members().json());
    Ok(())
}

/// Client, endpoint, id_token, return address, state, hint, languages, then parameters as `name` or `name=value`;
/// answers the endpoint in a line, then the form.
fn logout(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let client = client(lines)?;
    let [endpoint, id_token, returns, state, hint, locales] = lines.take();
    let mut parameters = Vec::new();
    while lines.more() {
        parameters.push(crate::ground::text::cut(lines.next(), b'='));
    }
    let plan = logout::Plan {
        endpoint,
        development: client.development,
        client_id: client.client_id,
        id_token_hint: some(id_token),
        post_logout_redirect_uri: some(returns),
        state: some(state),
        logout_hint: some(hint),
        ui_locales: some(locales),
        parameters: &parameters,
    };
    let form = plan.form()?;
    push_line(text, endpoint);
    text.push_str(&form);
    Ok(())
}
