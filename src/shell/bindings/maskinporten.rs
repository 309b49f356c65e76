//! Operations on Maskinporten: the grant's words, what its errors mean, and the self-service API.

use alloc::string::String;
use alloc::vec::Vec;

use super::text::{push_line, push_request, response};
use super::{Lines, refused, some};
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::secret::Secret;
use crate::ground::text::number;
use crate::jose::{Algorithm, Stamp};
use crate::protocol::assertion::{KeyNames, Statement, input};
use crate::provider::maskinporten::wire::{build, judged};
use crate::provider::maskinporten::{
    AccessToken, AuthorizationDetails, Change, ClientScope, Environment, EuropeanCaller, Operation, Organisation, OrganisationNumber,
    Problem, Record, TokenExpectation, TokenRequest, replacement,
};

/// Its name says what it takes; see each.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "environment" => environment(lines, text),
        "grant" => grant(lines, text),
        "problem" => problem(lines, text),
        "scope" => scope(lines, text),
        "request" => request(lines, text),
        "answer" => answer(lines, text),
        "replacement" => replaced(lines, text),
        "keys" => keys(lines, text),
        "confirm" => {
            let [written, found] = lines.take();
            Change { set: some(written).map(String::from) }.confirm(found)
        }
        "token" => token(lines, text),
        "european" => european(lines, text),
        _ => refused("a known operation"),
    }
}

/// An environment's name; answers issuer, token endpoint, base of the self-service API.
fn environment(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::named(lines.next())?;
    for value in [environment.issuer(), environment.token_endpoint(), environment.self_service()] {
        push_line(text, value);
    }
    Ok(())
}

/// A number, its check digit looked at unless marked.
fn organisation(text: &str, unchecked: bool) -> Result<OrganisationNumber> {
    if unchecked { OrganisationNumber::unchecked(text) } else { OrganisationNumber::parse(text) }
}

/// Issuer, client id, marks (`u`: check digits are not looked at, `t`: the resource is a text), algorithm, kid, x5c, `jti`, time,
/// lifetime, scope, consumer, own organisation, on whose behalf, person, details as JSON, then resources; answers what is to be signed.
fn grant(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [issuer, client_id, marks, alg, kid, x5c, jti, now, lifetime] = lines.take();
    let [scope, consumer, own, behalf, pid, details] = lines.take();
    let Some(alg) = Algorithm::named(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    let x5c: Vec<&str> = x5c.split(',').filter(|certificate| !certificate.is_empty()).collect();
    let key = KeyNames { alg, kid: some(kid), x5t: None, x5t_s256: None, x5c, valid: None };
    let unchecked = marks.contains('u');
    let seconds = number(lifetime).and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default();
    let mut request = TokenRequest::new(scope).lifetime(seconds);
    if marks.contains('t') {
        request = request.resource_as_text();
    }
    if let Some(consumer) = some(consumer) {
        request = request.consumer(&organisation(consumer, unchecked)?);
    }
    if let Some(own) = some(own) {
        request = request.own_organisation(&organisation(own, unchecked)?);
    }
    if let Some(id) = some(behalf) {
        request = request.on_behalf_of(id);
    }
    if let Some(pid) = some(pid) {
        request = request.person(pid);
    }
    if let Some(details) = some(details) {
        request = request.details(AuthorizationDetails::parse(details)?);
    }
    while lines.more() {
        request = request.resource(lines.next());
    }
    let rules = request.rules(&key)?;
    let stamp = Stamp { jti, now: number(now).unwrap_or_default() };
    let statement = Statement { issuer: client_id, subject: None, audience: issuer, stamp, claims: &[] };
    text.push_str(&input(&rules, &key, &statement)?);
    Ok(())
}

/// An error's code, its status, the provider's code, the description; answers id, kind, whether to ask again, advice.
fn problem(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [code, status, own, description] = lines.take();
    let status = number(status).and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let problem = Problem::read(code, status, own, description);
    for value in [problem.id.as_deref().unwrap_or_default(), problem.kind, problem.again.as_str(), problem.advice] {
        push_line(text, value);
    }
    Ok(())
}

/// An operation, which scope was given for clients; answers the scope its token needs, nothing for the public lists.
fn scope(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let (operation, given) = operation(&mut lines)?;
    text.push_str(operation.scope_by(given));
    Ok(())
}

fn operation(lines: &mut Lines<'_>) -> Result<(&'static Operation, ClientScope)> {
    let Some(operation) = Operation::named(lines.next()) else { return refused("a known call") };
    let Some(given) = ClientScope::named(lines.next()) else { return refused("clientScope: write, modify or supplier") };
    Ok((operation, given))
}

/// Environment, token, marks, operation, how many arguments, these, then the body; answers the request.
fn request(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [environment, token, marks, operation, count] = lines.take();
    let environment = Environment::named(environment)?;
    let token = Secret::new(token);
    let Some(operation) = Operation::named(operation) else { return refused("a known call") };
    let arguments: Vec<&str> = (0..number(count).unwrap_or_default()).map(|_| lines.next()).collect();
    push_request(text, &build(&environment, &token, operation, &arguments, lines.0, !marks.contains('u'))?);
    Ok(())
}

/// Operation, which scope was given for clients, response lines, then the body; answers JSON, or nothing.
fn answer(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let (operation, given) = operation(&mut lines)?;
    let mut response = response(&mut lines);
    response.body = Secret::new(lines.0);
    text.push_str(&judged(operation, given, &response)?);
    Ok(())
}

/// What was read, what is wanted, as JSON; answers what is to be sent.
fn replaced(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [before, after] = lines.take();
    text.push_str(replacement(&Record::parse(before)?, &Record::parse(after)?)?.json());
    Ok(())
}

/// `add`, `renew` or `remove`, the set as it is, the key or its id; answers the new set, or nothing when none is left.
fn keys(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [edit, set, key] = lines.take();
    let change = match edit {
        "add" => Change::add(set, key)?,
        "renew" => Change::renew(set, key)?,
        "remove" => Change::remove(set, key)?,
        _ => return refused("a known change"),
    };
    text.push_str(change.set.as_deref().unwrap_or_default());
    Ok(())
}

/// Issuer, audience, scope, time; the claims as JSON follow.
fn expectation<'a>(lines: &mut Lines<'a>) -> TokenExpectation<'a> {
    let [issuer, audience, scope, now] = lines.take();
    TokenExpectation { issuer, audience: some(audience), scope, now: number(now).unwrap_or_default() }
}

/// What is expected, then the claims as JSON; answers JSON.
fn token(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let expected = expectation(&mut lines);
    let token = AccessToken::judge(lines.0, &expected)?;
    let mut json = Writer::new();
    json.raw("consumer", &named(&token.consumer));
    if let Some(supplier) = &token.supplier {
        json.raw("supplier", &named(supplier));
    }
    json.some("delegationSource", token.delegation_source.as_deref()).some("clientId", token.client_id.as_deref());
    json.string("scope", &token.scope).some("pid", token.pid.as_ref().map(Secret::expose));
    text.push_str(&json.take());
    Ok(())
}

/// The same for a European business.
fn european(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let expected = expectation(&mut lines);
    let caller = EuropeanCaller::judge(lines.0, &expected)?;
    let mut json = Writer::new();
    json.string("id", &caller.id).string("register", &caller.register).string("country", &caller.country).string("number", &caller.number);
    json.raw("qualified", if caller.qualified { "true" } else { "false" });
    json.some("name", caller.name.as_deref()).some("clientId", caller.client_id.as_deref()).string("scope", &caller.scope);
    text.push_str(&json.take());
    Ok(())
}

fn named(organisation: &Organisation) -> String {
    Writer::new().string("id", &organisation.id).string("number", &organisation.number).some("part", organisation.part.as_deref()).take()
}
