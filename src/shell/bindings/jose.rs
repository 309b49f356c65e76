//! Operations on keys and signed tokens. WebCrypto signs and verifies; everything around that is decided here.
//!
//! No private member of a key comes in a message but for `jwk private`, and none goes out.

use alloc::string::String;
use alloc::vec::Vec;

use super::text::push_line;
use super::{Lines, operations, some};
use crate::flow::keys::{self, COOLDOWN, Choice, JwksTimes};
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Value;
use crate::ground::text::{base64url_decode, cut, decimal, number};
use crate::jose::alg::{ALGORITHMS, Algorithm};
use crate::jose::jwk::Jwk;
use crate::jose::jws::Compact;
use crate::jose::key::KeyInfo;
use crate::jose::{der, jwks, thumbprint};

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    operations!(operation, {
        "jwk" => jwk(lines, text),
        "der" => der(lines, text),
        "chain" => chain(lines, text),
        "key" => key(lines, text),
        "choose" => choose(lines, text),
    }, super::judges::call(operation, lines, text))
}

/// Names of algorithms, a space between them; one that is not known is refused.
pub(super) fn algorithms(line: &str) -> Result<Vec<&'static Algorithm>> {
    let mut found = Vec::new();
    let mut rest = Some(line);
    while let Some(list) = rest {
        let (name, after) = cut(list, b' ');
        let Some(alg) = Algorithm::from_name(name) else {
            return Err(Error::new_expected(&codes::ALGORITHM_REFUSED, "algorithms that are known"));
        };
        found.push(alg);
        rest = after;
    }
    Ok(found)
}

/// A public key for an algorithm; none for no algorithm.
pub(super) fn public_key(alg: &str, jwk: &str) -> Result<Option<KeyInfo>> {
    if alg.is_empty() {
        return Ok(None);
    }
    let Some(alg) = Algorithm::from_name(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    KeyInfo::new(alg, Jwk::parse_own(jwk)?).map(Some)
}

/// `private` when private members may be there; the algorithm, if one is asked for; then the JWK.
/// Answers algorithm (empty when it is for the caller to choose), thumbprint, key id, public JWK.
fn jwk(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [mode, alg] = lines.take();
    let Some(value) = Value::parse(lines.0) else {
        return Err(Error::new_expected(&codes::KEY_REFUSED, "one JSON object, no member twice"));
    };
    let public = if mode == "private" { Jwk::public_part(&value)? } else { Jwk::from_value(&value)? };
    // A curve has one algorithm; RSA has six, so the key or the caller must say.
    let own = Algorithm::from_name(public.alg().unwrap_or_default());
    let only = || ALGORITHMS.iter().copied().find(|row| !row.crv.is_empty() && row.crv == public.crv());
    let alg = if alg.is_empty() { own.or_else(only) } else { algorithms(alg)?.first().copied() };
    let Some(alg) = alg else { return Err(Error::new_expected(&codes::ALGORITHM_REFUSED, "alg: named by the key or by you")) };
    let info = KeyInfo::new(alg, public)?;
    for value in [alg.name, &thumbprint(&info.public), info.public.kid().unwrap_or_default(), &info.public.required_json()] {
        push_line(text, value);
    }
    Ok(())
}

/// `PUBLIC KEY` or `CERTIFICATE`, then DER as base64url. Answers thumbprint and public JWK.
fn der(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let label = lines.next();
    let octets = base64url_decode(lines.0).unwrap_or_default();
    let public = if label == "CERTIFICATE" { der::certificate(&octets)? } else { der::spki(&octets)? };
    push_line(text, &thumbprint(&public));
    push_line(text, &public.required_json());
    Ok(())
}

/// A public key as JSON, its required members alone, then certificates in DER as base64url. Answers from when to when the key's
/// own is valid, its place, and the places of those that lead to a root.
fn chain(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let key = lines.next();
    let mut list = Vec::new();
    while lines.more() {
        list.push(base64url_decode(lines.next()).unwrap_or_default());
    }
    let (order, (start, end)) = der::chain(&list, key)?;
    for number in [start, end].into_iter().chain(order.into_iter().map(|place| place as i64)) {
        push_line(text, &decimal(number.unsigned_abs()));
    }
    Ok(())
}

/// Allowed algorithms, a token, then the key set. Answers algorithm, key id, thumbprint, public JWK.
fn key(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [allowed, token] = lines.take();
    let token = Compact::parse(token)?;
    let alg = token.algorithm(&algorithms(allowed)?)?;
    let found = jwks::select(lines.0, alg, token.kid())?;
    for value in [alg.name, found.kid().unwrap_or_default(), &thumbprint(&found), &found.required_json()] {
        push_line(text, value);
    }
    Ok(())
}

/// Time; the pause between two fetches that unknown key ids cause; when the set was fetched, for how long its server lets it be
/// used, and for how long the caller does; when an unknown key id last caused a fetch; `1` while one is on its way; algorithm and
/// key id of a token; then the set. Answers until when the key may be used without asking anew, in a line, and the key; or, where
/// the set is to be fetched, the time to note of an unknown key id, if it is one that causes it.
fn choose(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [now, cooldown, at, life, max_age, unknown, running, alg, kid] = lines.take();
    let Some(alg) = Algorithm::from_name(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    let now = number(now).unwrap_or_default();
    // Nonsense in a store counts as the least.
    let said = if life.is_empty() { None } else { Some(number(life).unwrap_or_default()) };
    let own = number(max_age).map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    let times = JwksTimes::new(number(at).unwrap_or_default(), number(unknown)).life(own.unwrap_or(keys::life(said)));
    let kept = (times.fetched > 0).then_some((lines.0, Some(times)));
    let pause = if running.is_empty() { number(cooldown).unwrap_or(COOLDOWN).max(LEAST_COOLDOWN) } else { 0 };
    match keys::choose(kept, Some(pause), now, |set| jwks::select(set, alg, some(kid)))? {
        Choice::Key(key) => {
            push_line(text, &decimal(times.fetched.saturating_add(u64::from(times.life))));
            text.push_str(&key.required_json());
        }
        Choice::Fetch(Some(after)) if after.unknown == Some(now) && running.is_empty() => text.push_str(&decimal(now)),
        Choice::Fetch(_) => {}
    }
    Ok(())
}

/// Seconds between two such fetches at least, whatever the caller says.
const LEAST_COOLDOWN: u64 = 10;
