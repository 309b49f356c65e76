//! Operations of the browser entry: settings, begin, finish. No secret can be passed in: there is no place for one.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Lines, push_line, refused, some};
use crate::LEAN;
use crate::authorization::{Asked, RANDOM_OCTETS, begin as begin_flow};
use crate::callback::{Callback, judge};
use crate::client::Registration;
use crate::encoding::{cut, number};
use crate::error::{Error, Result, codes};
use crate::provider::{self, norskgjeld};
use crate::transaction::{self, DEFAULT_LIFETIME};

/// The first lines of most messages: provider, issuer, authorization endpoint, token endpoint, client id,
/// redirect URI, flags (`i`: names itself in callbacks, `d`: development, `c`: checked before, as the shell knows).
#[inline(never)]
pub(super) fn client<'a>(lines: &mut Lines<'a>) -> Result<Registration<'a>> {
    let [id, issuer, authorization_endpoint, _, client_id, redirect_uri, flags] = lines.take();
    let Some(rules) = provider::rules(id) else { return refused("a known provider") };
    let has = |wanted| flags.bytes().any(|flag| flag == wanted);
    let (iss_parameter, development) = (has(b'i'), has(b'd'));
    let client = Registration { rules, issuer, authorization_endpoint, client_id, redirect_uri, iss_parameter, development };
    if !has(b'c') {
        client.check()?;
    }
    Ok(client)
}

/// A norskgjeld environment's name; answers its origin for logins, its origin for APIs, flags, then
/// what follows the first one in issuer, authorization endpoint and token endpoint.
pub(super) fn environment(mut lines: Lines<'_>, text: &mut Vec<u8>) -> Result<()> {
    let (auth, api, development) = norskgjeld::origins(lines.next())?;
    let [issuer, authorization, token] = norskgjeld::PATHS;
    for value in [auth, api, if development { "d" } else { "" }, issuer, authorization, token] {
        push_line(text, value);
    }
    Ok(())
}

/// Client, time, then purpose, days, openid, scope, lifetime, response mode, state, nonce, verifier (empty: not given),
/// then parameters as `name=value`; answers URL and transaction.
pub(super) fn begin(mut lines: Lines<'_>, random: &[u8], text: &mut Vec<u8>) -> Result<()> {
    let client = client(&mut lines)?;
    let [now, purpose, days, openid, scope, lifetime, response_mode, state, nonce, verifier] = lines.take();
    let Ok(random) = <&[u8; RANDOM_OCTETS]>::try_from(random) else { return refused("96 random octets") };
    let mut consent = String::new();
    if !purpose.is_empty() {
        consent.push_str("debt.unsecured.");
        consent.push_str(purpose);
        if !days.is_empty() {
            consent.push('.');
            consent.push_str(days);
        }
        if !openid.is_empty() {
            consent.push_str(" openid");
        }
        // Judged as any scope of norskgjeld's is; a purpose with days of its own is none.
        norskgjeld::Scope::parse(&consent)?;
        if norskgjeld::Purpose::parse(purpose).is_none() {
            return Err(norskgjeld::refused_scope());
        }
    }
    if !lifetime.is_empty() && number(lifetime).is_none_or(|seconds| seconds > u64::from(u32::MAX)) {
        return refused("lifetime: whole seconds");
    }
    #[cfg(feature = "bindings-full")]
    if crate::transaction::ResponseMode::parse(response_mode).is_none() {
        return refused("response_mode: query, fragment, form_post, or one of them signed, such as jwt");
    }
    #[cfg(not(feature = "bindings-full"))]
    if !matches!(response_mode, "query" | "fragment" | "form_post") || (LEAN && response_mode == "form_post") {
        return refused("response_mode: query, fragment or, on a server, form_post");
    }
    // A page has no reason to bring its own.
    if LEAN && !(state.is_empty() && nonce.is_empty() && verifier.is_empty()) {
        return refused("no state, nonce or code_verifier");
    }
    let mut parameters = Vec::new();
    while lines.more() {
        let (name, value) = cut(lines.next(), b'=');
        parameters.push((name, value.unwrap_or_default()));
    }
    let asked = Asked {
        scope: if purpose.is_empty() { scope } else { &consent },
        state: if LEAN { None } else { some(state) },
        nonce: if LEAN { None } else { some(nonce) },
        verifier: if LEAN { None } else { some(verifier) },
        parameters: &parameters,
        response_mode,
        lifetime: some(lifetime).unwrap_or(DEFAULT_SECONDS),
        now,
    };
    let mut kept = Vec::with_capacity(512);
    // Room for most answers: growing copies, and nothing is ever freed.
    text.reserve_exact(1024);
    begin_flow(&client, &asked, random, text, &mut kept)?;
    text.push(b'\n');
    text.extend_from_slice(&kept);
    Ok(())
}

/// As [`DEFAULT_LIFETIME`], in digits.
const DEFAULT_SECONDS: &str = "3600";
const _: () = assert!(DEFAULT_LIFETIME == 3600);

/// Client, time, transaction, the media type of a POST or nothing, then the URL or body as the rest.
/// Answers the checked code and the granted scope.
pub(super) fn finish(mut lines: Lines<'_>, text: &mut Vec<u8>) -> Result<()> {
    let client = client(&mut lines)?;
    let [now, stored, content_type] = lines.take();
    let fields = transaction::split(stored);
    transaction::check(&fields)?;
    let callback = match content_type {
        "" => Callback::Url(lines.0),
        _ if LEAN => return Err(Error::new(&codes::CALLBACK_MALFORMED)),
        content_type => Callback::FormPost { content_type, body: lines.0 },
    };
    judge(&fields, &client, callback, number(now).unwrap_or_default())?.push_code(text);
    Ok(())
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
