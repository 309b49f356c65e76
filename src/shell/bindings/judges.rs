//! Operations of the full package: challenges, what a server offers, logout, the error of a token answer.

use alloc::string::String;
use alloc::vec::Vec;

use super::browser::client;
#[cfg(any(samtykke_entry = "full", samtykke_entry = "exchange"))]
use super::refused;
use super::text::{listed, push_line, response};
use super::{Lines, operations, some};
use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::ground::text::decimal;
use crate::jose::Algorithm;
use crate::protocol::answers::logout::{self, judge_return};
use crate::protocol::authorization::request::check_response_mode;
use crate::protocol::challenge::Challenge;
use crate::protocol::dpop::check_algorithm;
use crate::protocol::token::{self, RequestKind};

pub(super) fn call(operation: &str, mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    operations!(operation, {
        "challenges" => challenges(lines, text),
        "offered" => offered(&mut lines),
        "logout" => logout(&mut lines, text),
        "logout_return" => {
            let state = lines.next();
            judge_return(lines.0, state)
        },
        "token_error" => token_error(lines),
    }, others(operation, lines, text))
}

/// A key's algorithm, what the server takes for proofs; a response mode, what the server answers by: none of one where it is empty.
fn offered(lines: &mut Lines<'_>) -> Result<()> {
    let [alg, algorithms, mode, modes] = lines.take();
    if let Some(alg) = Algorithm::from_name(alg) {
        check_algorithm(alg, &listed(algorithms, b' '))?;
    }
    check_response_mode(some(mode).unwrap_or("query"), &listed(modes, b' '))
}

/// Response lines, the grant, then the body: what is wrong with an answer that is no success.
fn token_error(mut lines: Lines<'_>) -> Result<()> {
    let mut answer = response(&mut lines);
    let kind = RequestKind::from_name(lines.next());
    answer.body = Secret::new(lines.0);
    token::read(&answer, kind).map(|_| ())
}

/// What is left: the providers' own.
fn others(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    #[cfg(any(samtykke_entry = "full", samtykke_entry = "exchange"))]
    {
        let _ = (operation, lines, text);
        refused("a known operation")
    }
    #[cfg(not(any(samtykke_entry = "full", samtykke_entry = "exchange")))]
    super::apis::call(operation, lines, text)
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
