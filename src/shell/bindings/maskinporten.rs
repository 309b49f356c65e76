//! Operations on Maskinporten: the grant's words, what its errors mean, and the self-service API.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::outcome::Live;
use super::text::{listed, push_line};
use super::{Lines, refused, some, whole};
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::secret::Secret;
use crate::ground::text::number;
use crate::jose::{Algorithm, KeyInfo, Stamp};
use crate::protocol::assertion::{KeyNames, Statement, input};
use crate::protocol::client::Registration;
use crate::provider::maskinporten::{
    AccessToken, AuthorizationDetails, ClientScope, Edit, Environment, EuropeanCaller, KeyEditCall, Organisation, OrganisationNumber,
    Problem, SelfService, TokenCall, TokenExpectation, TokenRequest, UpdateCall, Updated,
};

/// Its name says what it takes; see each.
pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "environment" => environment(lines, text),
        "grant" => grant(lines, text),
        "problem" => problem(lines, text),
        "token" => token(lines, text),
        "european" => european(lines, text),
        _ => refused("a known operation"),
    }
}

/// An environment's name; answers issuer, token endpoint, base of the self-service API.
fn environment(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = Environment::from_name(lines.next())?;
    for value in [environment.issuer(), environment.token_endpoint(), environment.self_service()] {
        push_line(text, value);
    }
    Ok(())
}

/// A number, its check digit looked at unless marked.
fn organisation(text: &str, unchecked: bool) -> Result<OrganisationNumber> {
    if unchecked { OrganisationNumber::unchecked(text) } else { OrganisationNumber::parse(text) }
}

/// Issuer, client id, what [`requested`] reads, algorithm, kid, x5c, `jti`, time; answers what is to be signed.
fn grant(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [issuer, client_id] = lines.take();
    let request = requested(&mut lines)?;
    let [alg, kid, x5c, jti, now] = lines.take();
    let Some(alg) = Algorithm::from_name(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    let key = KeyNames { alg, kid: some(kid), x5t: None, x5t_s256: None, x5c: listed(x5c, b','), valid: None };
    let rules = request.rules(&key)?;
    let stamp = Stamp { jti, now: number(now).unwrap_or_default() };
    let statement = Statement { issuer: client_id, subject: None, audience: issuer, stamp, claims: &[] };
    text.push_str(&input(&rules, &key, &statement)?);
    Ok(())
}

/// Marks (`u`: check digits are not looked at, `t`: the resource is a text), lifetime, scope, consumer, own organisation, on whose
/// behalf, person, details as JSON, how many resources, these.
fn requested(lines: &mut Lines<'_>) -> Result<TokenRequest> {
    let [marks, lifetime, scope, consumer, own, behalf, pid, details, resources] = lines.take();
    let unchecked = marks.contains('u');
    let mut request = TokenRequest::new(scope).lifetime(whole(lifetime));
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
    for _ in 0..whole(resources) {
        request = request.resource(lines.next());
    }
    Ok(request)
}

/// How often a token is asked for again after trouble, for how many milliseconds after a registration, what [`requested`] reads, what
/// `key` reads.
pub(super) fn token_call(
    client: &Registration,
    lines: &mut Lines<'_>,
    key: fn(&mut Lines<'_>) -> Result<Option<KeyInfo>>,
) -> Result<TokenCall> {
    let [retries, patience] = lines.take();
    let request = requested(lines)?;
    let Some(key) = key(lines)? else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    let call = TokenCall::new(client, request.grant(key)?)?;
    Ok(call.retries(whole(retries)).patience(Duration::from_millis(u64::from(whole(patience)))))
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

/// Environment, marks (`u`: check digits are not looked at), the scope that was given for clients, how often it is repeated.
fn admin(lines: &mut Lines<'_>) -> Result<(Environment, bool, ClientScope, u32)> {
    let [environment, marks, given, retries] = lines.take();
    let Some(given) = ClientScope::from_name(given) else { return refused("clientScope: write, modify or supplier") };
    Ok((Environment::from_name(environment)?, marks.contains('u'), given, whole(retries)))
}

/// What [`admin`] reads, operation, how many arguments, these, then the body.
pub(super) fn make(mut lines: Lines<'_>) -> Result<Live> {
    let (environment, unchecked, given, retries) = admin(&mut lines)?;
    let [operation, count] = lines.take();
    let arguments: Vec<&str> = (0..number(count).unwrap_or_default()).map(|_| lines.next()).collect();
    let api = SelfService::tokenless(&environment).given(given);
    let build = if unchecked { SelfService::operation_unchecked } else { SelfService::operation };
    Ok(Box::new(build(&api, operation, &arguments, lines.0)?.machine().retries(retries)))
}

/// What [`admin`] reads, `add`, `renew` or `remove`, client, the key or its id.
pub(super) fn key_edit(mut lines: Lines<'_>) -> Result<Live> {
    let (environment, _, given, retries) = admin(&mut lines)?;
    let [edit, client, key] = lines.take();
    let edit = match edit {
        "add" => Edit::Add(key.into()),
        "renew" => Edit::Renew(key.into()),
        "remove" => Edit::Remove(key.into()),
        _ => return refused("a known change"),
    };
    let api = SelfService::tokenless(&environment).given(given);
    Ok(Box::new(KeyEditCall::new(&api, client, edit)?.retries(retries)))
}

/// What [`admin`] reads, `client` or `scope`, its id or name.
pub(super) fn update(mut lines: Lines<'_>) -> Result<Live> {
    let (environment, _, given, retries) = admin(&mut lines)?;
    let [what, name] = lines.take();
    let what = if what == "scope" { Updated::Scope } else { Updated::Client };
    let api = SelfService::tokenless(&environment).given(given);
    Ok(Box::new(UpdateCall::new(&api, what, name)?.retries(retries)))
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
