//! Operations of the full package: metadata, challenges, pushed requests, userinfo, introspection, revocation, logout.

use alloc::string::String;
use alloc::vec::Vec;

use super::full::{authentication, client, push_line, push_request};
use super::{Lines, some};
use crate::challenge::Challenge;
use crate::client::Client;
use crate::discovery::{WellKnown, is_absent};
use crate::encoding::{decimal, number};
use crate::endpoint::get;
use crate::error::{Error, Phase, Result, codes};
use crate::http::Response;
use crate::introspection::{self, Introspection, TokenHint};
use crate::json::{Value, Writer, push_string};
use crate::logout::{Logout, judge_return};
use crate::metadata::{Metadata, Policy};
use crate::par_response::PushedRequest;
use crate::resource_metadata::{self, ResourceMetadata};
use crate::revocation;
use crate::secret::Secret;
use crate::token::TokenType;
use crate::userinfo::{self, Subject};

pub(super) fn call(operation: &str, mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "challenges" => challenges(lines, text),
        "well_known" => well_known(&mut lines, text),
        "metadata" => metadata(lines, text),
        "resource_request" => resource_request(&mut lines, text),
        "resource" => resource(lines, text),
        "pushed" => pushed(lines, text),
        "userinfo_request" => userinfo_request(&mut lines, text),
        "userinfo" => userinfo(lines, text),
        "introspection_request" => introspection_request(&mut lines, text),
        "introspection" => introspected(lines, text),
        "revocation_request" => revocation_request(&mut lines, text),
        "revocation" => revocation::judge(&answer(lines)),
        "logout" => logout(&mut lines, text),
        "logout_return" => {
            let state = lines.next();
            judge_return(lines.0, state)
        }
        operation => super::jose::call(operation, lines, text),
    }
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

/// An array of texts.
fn array<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut json = String::from("[");
    for text in texts {
        if json.len() > 1 {
            json.push(',');
        }
        push_string(&mut json, text);
    }
    json.push(']');
    json
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The header as the rest; answers an array. Parameters are names and values in turn.
fn challenges(lines: Lines<'_>, text: &mut String) -> Result<()> {
    for challenge in &Challenge::parse(lines.0)? {
        let mut json = Writer::new();
        json.string("scheme", &challenge.scheme).some("token68", challenge.token68.as_deref());
        if let Some(error) = challenge.error() {
            json.string("error", &error.error)
                .some("errorDescription", error.description.as_deref())
                .some("errorUri", error.uri.as_deref());
        }
        if let Some(seconds) = challenge.max_age() {
            json.raw("maxAge", &decimal(seconds));
        }
        json.raw("parameters", &array(challenge.parameters.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()])));
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(&json.take());
    }
    text.push(']');
    Ok(())
}

/// Issuer, `oauth` or anything else for OpenID, development; answers the request.
fn well_known(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let [issuer, form, development] = lines.take();
    let form = if form == "oauth" { WellKnown::OAuth } else { WellKnown::OpenId };
    push_request(text, &get(form.url(issuer, !development.is_empty())?));
    Ok(())
}

/// Issuer, development, whether another address is left, whether origins are pinned, these with spaces between them, the
/// profile as an object, then the answer. Answers nothing when the next address is worth a try; else the algorithms of
/// id_tokens in a line, then the members.
fn metadata(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [issuer, development, left, pinned, origins, profile] = lines.take();
    let response = answer(lines);
    if !left.is_empty() && is_absent(&response) {
        return Ok(());
    }
    let Some(profile) = Value::parse(profile).filter(|profile| matches!(profile, Value::Object(_))) else {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("metadata: an object"));
    };
    let profile: Vec<(&str, &str)> = profile.members().iter().map(|member| (&*member.name, member.raw)).collect();
    let origins: Vec<&str> = origins.split(' ').collect();
    let origins = (!pinned.is_empty()).then_some(origins.as_slice());
    let found = Metadata::judge(&response, issuer, &Policy { profile: &profile, origins, development: !development.is_empty() })?;
    push_line(text, &found.signing_algorithms().join(" "));
    text.push_str(&found.to_json());
    Ok(())
}

/// `url` or `resource`, its value, development; answers the request.
fn resource_request(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let [kind, value, development] = lines.take();
    let development = !development.is_empty();
    let known;
    let url = if kind == "url" {
        value
    } else {
        known = resource_metadata::well_known(value, development)?;
        &known
    };
    push_request(text, &resource_metadata::request(url, development)?);
    Ok(())
}

/// Resource, issuer or nothing, development, then the answer; answers JSON.
fn resource(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [resource, issuer, development] = lines.take();
    let found = ResourceMetadata::judge(&answer(lines), resource, some(issuer), !development.is_empty())?;
    let mut json = Writer::new();
    json.string("resource", &found.resource)
        .raw("authorizationServers", &array(found.authorization_servers.iter().map(String::as_str)))
        .raw("scopes", &array(found.scopes.iter().map(String::as_str)))
        .raw("dpopRequired", word(found.dpop_required))
        .raw("document", &found.json);
    text.push_str(&json.take());
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

/// Endpoint, development, token type, token, proof or nothing; answers the request.
fn userinfo_request(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let [endpoint, development, token_type, token, proof] = lines.take();
    let token_type = if token_type == "DPoP" { TokenType::DPoP } else { TokenType::Bearer };
    let proof = some(proof).map(Secret::new);
    let request = userinfo::request_with(endpoint, token_type, &Secret::new(token), proof.as_ref(), !development.is_empty())?;
    push_request(text, &request);
    Ok(())
}

/// Whether the subject is checked, the subject, then the answer; answers the claims.
fn userinfo(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [checked, subject] = lines.take();
    let subject = if checked.is_empty() { Subject::Unchecked } else { Subject::Is(subject) };
    text.push_str(userinfo::judge(&answer(lines), subject)?.json());
    Ok(())
}

fn hint(name: &str) -> Result<Option<TokenHint>> {
    Ok(match name {
        "" => None,
        "access_token" => Some(TokenHint::AccessToken),
        "refresh_token" => Some(TokenHint::RefreshToken),
        _ => return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("a hint: access_token or refresh_token")),
    })
}

/// Client, authentication method, secret, endpoint, token, hint; answers the request.
fn introspection_request(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let mut client = client(lines)?;
    let authentication = authentication(lines)?;
    let [endpoint, token, name] = lines.take();
    client.profile.endpoints.introspection = some(endpoint).map(String::from);
    push_request(text, &introspection::request(&client, &authentication, &Secret::new(token), hint(name)?)?);
    Ok(())
}

/// The answer; answers JSON.
fn introspected(lines: Lines<'_>, text: &mut String) -> Result<()> {
    let found = Introspection::judge(&answer(lines))?;
    let mut json = Writer::new();
    json.raw("active", word(found.active))
        .some("scope", found.scope.as_deref())
        .some("clientId", found.client_id.as_deref())
        .some("tokenType", found.token_type.as_deref())
        .some("subject", found.subject.as_ref().map(Secret::expose))
        .some("issuer", found.issuer.as_deref())
        .raw("audience", &array(found.audience.iter().map(String::as_str)));
    for (name, time) in [("expiresAt", found.expires_at), ("issuedAt", found.issued_at), ("notBefore", found.not_before)] {
        if let Some(seconds) = time.and_then(|seconds| u64::try_from(seconds).ok()) {
            json.raw(name, &decimal(seconds));
        }
    }
    let mut others = Writer::new();
    for (name, value) in &found.others {
        others.raw(name, value.expose());
    }
    text.push_str(&json.raw("others", &others.take()).take());
    Ok(())
}

/// Client, authentication method, secret, endpoint, token, hint; answers the request.
fn revocation_request(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let mut client = client(lines)?;
    let authentication = authentication(lines)?;
    let [endpoint, token, name] = lines.take();
    client.profile.endpoints.revocation = some(endpoint).map(String::from);
    push_request(text, &revocation::request(&client, &authentication, &Secret::new(token), hint(name)?)?);
    Ok(())
}

/// Client, endpoint, id_token, return address, state, hint, languages, then parameters as `name` or `name=value`;
/// answers the endpoint in a line, then the form.
fn logout(lines: &mut Lines<'_>, text: &mut String) -> Result<()> {
    let mut client: Client = client(lines)?;
    let [endpoint, id_token, returns, state, hint, locales] = lines.take();
    client.profile.endpoints.end_session = some(endpoint).map(String::from);
    let owned = |line| some(line).map(String::from);
    let mut logout = Logout {
        id_token_hint: some(id_token).map(Secret::new),
        post_logout_redirect_uri: owned(returns),
        state: owned(state),
        logout_hint: owned(hint),
        ui_locales: owned(locales),
        parameters: Vec::new(),
    };
    while lines.more() {
        let (name, value) = crate::encoding::cut(lines.next(), b'=');
        logout.parameters.push((name.into(), value.map(String::from)));
    }
    let form = logout.form(&client)?;
    push_line(text, endpoint);
    text.push_str(form.expose());
    Ok(())
}
