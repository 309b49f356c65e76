//! Operations of the browser entry: settings, begin, finish. No secret can be passed in: there is no place for one.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Lines, push_line, refused, some};
use crate::authorization::{AuthorizationRequest, RANDOM_OCTETS};
use crate::callback::{Callback, judge};
use crate::client::{Client, Profile};
use crate::encoding::{cut, number};
use crate::error::{Error, Result, codes};
use crate::provider::{self, norskgjeld};
use crate::transaction::{self, ResponseMode};

/// The first lines of most messages: provider, issuer, authorization endpoint, token endpoint, client id,
/// redirect URI, flags (`i`: names itself in callbacks, `d`: development, `c`: checked before, as the shell knows).
pub(super) fn client(lines: &mut Lines<'_>) -> Result<Client> {
    let rules = provider::rules(lines.next());
    let (issuer, authorization, token) = (lines.next(), lines.next(), lines.next());
    let (client_id, redirect_uri, flags) = (lines.next(), lines.next(), lines.next());
    let mut profile = Profile::new(issuer, authorization, token);
    let Some(rules) = rules else { return refused("a known provider") };
    profile.rules = rules;
    profile.iss_parameter = flags.bytes().any(|flag| flag == b'i');
    profile.development = flags.bytes().any(|flag| flag == b'd');
    if flags.bytes().any(|flag| flag == b'c') {
        return Ok(Client { profile, client_id: client_id.into(), redirect_uri: redirect_uri.into() });
    }
    Client::new(profile, client_id, redirect_uri)
}

/// A norskgjeld environment's name; answers issuer, authorization endpoint, token endpoint, API, flags.
pub(super) fn environment(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let environment = norskgjeld::Environment::named(lines.next())?;
    let profile = norskgjeld::profile(&environment);
    let flags = if profile.development { "d" } else { "" };
    for value in [&*profile.issuer, &*profile.authorization_endpoint, &*profile.token_endpoint, environment.api(), flags] {
        push_line(text, value);
    }
    Ok(())
}

/// Client, time, then purpose, days, openid, scope, lifetime, state, nonce, verifier, response mode (empty: not given),
/// then parameters as `name=value`; answers state, URL and transaction.
pub(super) fn begin(mut lines: Lines<'_>, random: &[u8], text: &mut String) -> Result<()> {
    let client = client(&mut lines)?;
    let now = number(lines.next()).unwrap_or_default();
    let Ok(random) = <&[u8; RANDOM_OCTETS]>::try_from(random) else { return refused("96 random octets") };
    let (purpose, days, openid, scope) = (lines.next(), lines.next(), lines.next(), lines.next());
    let scope = if purpose.is_empty() { String::from(scope) } else { consent(purpose, days, !openid.is_empty())? };
    let lifetime = match some(lines.next()) {
        None => None,
        Some(seconds) => match number(seconds).and_then(|seconds| u32::try_from(seconds).ok()) {
            None => return refused("lifetime: whole seconds"),
            seconds => seconds,
        },
    };
    let mut own = || some(lines.next()).map(String::from);
    let (state, nonce, verifier) = (own(), own(), own());
    let response_mode = match some(lines.next()) {
        None => ResponseMode::Query,
        Some(mode) => match ResponseMode::parse(mode) {
            Some(mode) => mode,
            None => return refused("response_mode: query, fragment or form_post"),
        },
    };
    let mut parameters = Vec::new();
    while lines.more() {
        let (name, value) = cut(lines.next(), b'=');
        parameters.push((String::from(name), String::from(value.unwrap_or_default())));
    }
    let request = AuthorizationRequest { scope, state, nonce, verifier, parameters, response_mode, lifetime };
    let login = client.begin(request, random, now)?;
    push_line(text, login.transaction.state());
    push_line(text, &login.url);
    push_line(text, login.transaction.serialize().expose());
    Ok(())
}

fn consent(purpose: &str, days: &str, openid: bool) -> Result<String> {
    let scope = norskgjeld::Purpose::parse(purpose).map(norskgjeld::Scope::new);
    let Some(mut scope) = scope else { return Err(norskgjeld::refused_scope()) };
    if !days.is_empty() {
        let days = number(days).and_then(|days| u16::try_from(days).ok());
        scope = scope.days(days.unwrap_or_default())?;
    }
    Ok(if openid { scope.openid() } else { scope }.text())
}

/// Client, time, transaction, the media type of a POST or nothing, then the URL or body as the rest.
/// Answers the checked code as text.
pub(super) fn finish(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = client(&mut lines)?;
    let now = number(lines.next()).unwrap_or_default();
    let stored = lines.next();
    if stored.is_empty() {
        return Err(Error::new(&codes::TRANSACTION_MISSING));
    }
    let fields = transaction::split(stored);
    transaction::check(&fields)?;
    let callback = match lines.next() {
        "" => Callback::Url(lines.0),
        content_type => Callback::FormPost { content_type, body: lines.0 },
    };
    judge(&fields, &client, callback, now, text)
}

/// The error of a code that the host found.
pub(super) fn host_error(code: &str) -> Result<()> {
    #[cfg(feature = "bindings-full")]
    let kinds = codes::ALL;
    #[cfg(not(feature = "bindings-full"))]
    let kinds = &[
        &codes::SECRET_IN_BROWSER,
        &codes::INVALID_CONFIGURATION,
        &codes::INVALID_PARAMETER,
        &codes::TRANSACTION_MISSING,
        &codes::TRANSACTION_USED,
        &codes::CALLBACK_MALFORMED,
    ];
    let known = kinds.iter().find(|kind| kind.code == code);
    Err(Error::new(known.unwrap_or(&&codes::INVALID_PARAMETER)))
}
