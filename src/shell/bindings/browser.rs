//! Operations of the browser entry: settings, begin, finish. No secret can be passed in: there is no place for one.

use alloc::vec::Vec;

use super::{Lines, refused, some};
use crate::ground::error::{Error, Result, codes};
use crate::ground::lean::LEAN;
use crate::ground::text::{cut, number, push, word};
use crate::protocol::authorization::request::{Asked, begin as begin_flow};
use crate::protocol::authorization::response::{Callback, judge};
use crate::protocol::authorization::transaction::{self, DEFAULT_LIFETIME, MODES};
use crate::protocol::client::Settings;
use crate::protocol::endpoint::Local;
use crate::provider;

/// The first lines of most messages: provider, issuer, authorization endpoint, token endpoint, client id,
/// redirect URI, its place, flags (`i`: names itself in callbacks, `d`: development, `r`: `resource` is any text; behind a space origins that are taken in
/// development, spaces between them), and a mark when the shell knows that they were checked before.
#[inline(never)]
pub(super) fn client<'a>(lines: &mut Lines<'a>) -> Result<Settings<'a>> {
    let [id, issuer, authorization_endpoint, _, client_id, redirect_uri, place, flags, checked] = lines.take();
    let Some(rules) = provider::rules(id) else { return refused("a provider") };
    let marks = cut(flags, b' ').0;
    let has = |wanted| cut(marks, wanted).1.is_some();
    let (iss_parameter, development) = (has(b'i'), Local::of(has(b'd'), flags));
    let free_resource = !LEAN && has(b'r');
    let client =
        Settings { rules, issuer, authorization_endpoint, client_id, redirect_uri, place, iss_parameter, development, free_resource };
    if checked.is_empty() {
        client.check()?;
    }
    Ok(client)
}

/// Client, time, then scope, lifetime, response mode, state, nonce, verifier (empty: not given), then parameters
/// as `name=value`; answers URL and transaction.
pub(super) fn begin(mut lines: Lines<'_>, random: &[u8], text: &mut Vec<u8>) -> Result<()> {
    let client = client(&mut lines)?;
    begun(&client, lines, random, text)
}

/// As [`begin`], for a client that was read.
#[inline(always)]
pub(super) fn begun(client: &Settings<'_>, mut lines: Lines<'_>, random: &[u8], text: &mut Vec<u8>) -> Result<()> {
    let [now, scope, lifetime, response_mode, state, nonce, verifier, acr_optional] = lines.take();
    let Ok(random) = random.try_into() else { return refused("randomness") };
    if number(lifetime).is_none_or(|seconds| seconds > u64::from(u32::MAX)) {
        return refused("lifetime: seconds");
    }
    if word(MODES, response_mode.as_bytes()).is_none() {
        return refused(if LEAN {
            "response_mode: query or fragment"
        } else {
            "response_mode: query, fragment, form_post, or one of them signed, such as jwt"
        });
    }
    // A page has no reason to bring its own.
    if LEAN && state.len() | nonce.len() | verifier.len() > 0 {
        return refused("no state, nonce or code_verifier");
    }
    let own = |value| if LEAN { None } else { some(value) };
    let asked = Asked {
        scope,
        state: own(state),
        nonce: own(nonce),
        verifier: own(verifier),
        parameters: Parameters(lines),
        response_mode,
        lifetime,
        now,
        acr_optional: !LEAN && !acr_optional.is_empty(),
    };
    let mut kept = Vec::new();
    begin_flow(client, &asked, random, text, &mut kept)?;
    push(text, b"\n");
    push(text, &kept);
    Ok(())
}

/// Lines of `name=value`.
#[derive(Clone)]
struct Parameters<'a>(Lines<'a>);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = if self.0.more() { cut(self.0.next(), b'=') } else { return None };
        Some((name, value.unwrap_or_default()))
    }
}

/// What pkg/src/protocol/flow.ts sends when the caller says nothing.
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
