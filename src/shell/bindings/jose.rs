//! Operations on keys and signed tokens. WebCrypto signs and verifies; everything around that is decided here.
//!
//! An answer about a token holds its claims before the signature is verified: the shell keeps them back until it is.
//! No private member of a key comes in a message but for `jwk private`, and none goes out.

use alloc::string::String;
use alloc::vec::Vec;

use super::text::{listed, push_line, push_request, response};
use super::{Lines, refused, some};
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::{base64url_decode, cut, decimal, number};
use crate::jose::alg::{ALGORITHMS, Algorithm};
use crate::jose::jwk::Jwk;
use crate::jose::jws::Compact;
use crate::jose::key::KeyInfo;
use crate::jose::{der, jwks, thumbprint};
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::id_token::logout_token;
use crate::protocol::id_token::{self, IdTokenExpectation};

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "jwk" => jwk(lines, text),
        "der" => der(lines, text),
        "chain" => chain(lines, text),
        "key" => key(lines, text),
        "id_token" | "logout_token" => token(operation, lines, text),
        "jwks_request" => jwks_request(lines, text),
        "jwks_answer" => jwks_answer(lines),
        _ => refused("a known operation"),
    }
}

/// Names of algorithms, a space between them; one that is not known is refused.
pub(super) fn algorithms(line: &str) -> Result<Vec<&'static Algorithm>> {
    let mut found = Vec::new();
    let mut rest = Some(line);
    while let Some(list) = rest {
        let (name, after) = cut(list, b' ');
        let Some(alg) = Algorithm::named(name) else { return Err(Error::wanted(&codes::ALGORITHM_REFUSED, "algorithms that are known")) };
        found.push(alg);
        rest = after;
    }
    Ok(found)
}

/// `private` when private members may be there; the algorithm, if one is asked for; then the JWK.
/// Answers algorithm (empty when it is for the caller to choose), thumbprint, key id, public JWK.
fn jwk(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [mode, alg] = lines.take();
    let Some(value) = Value::parse(lines.0) else {
        return Err(Error::wanted(&codes::KEY_REFUSED, "one JSON object, no member twice"));
    };
    let public = if mode == "private" { Jwk::public_part(&value)? } else { Jwk::from_value(&value)? };
    // A curve has one algorithm; RSA has six, so the key or the caller must say.
    let own = Algorithm::named(public.alg().unwrap_or_default());
    let only = || ALGORITHMS.iter().copied().find(|row| !row.crv.is_empty() && row.crv == public.crv());
    let alg = if alg.is_empty() { own.or_else(only) } else { algorithms(alg)?.first().copied() };
    let Some(alg) = alg else { return Err(Error::wanted(&codes::ALGORITHM_REFUSED, "alg: named by the key or by you")) };
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

/// Time, skew, issuer, client, algorithms, other audiences (a tab between them), nonce, `max_age`, `acr` values, access token,
/// code, state, the login's claims when this is a refresh, whether `auth_time` may be a text; then the token. Answers algorithm,
/// key id, then the claims. A logout token is judged by the first six, and the last says whether it may lack `exp`.
fn token(operation: &str, mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let common = Common::read(&mut lines)?;
    let [nonce, max_age, acr_values, access_token, code, state, before, lax] = lines.take();
    let Some(max_age) = small(max_age) else { return refused("maxAge: whole seconds") };
    let before = some(before).map(Claims::stored).transpose()?;
    let mut expected = common.expectation();
    expected.nonce = some(nonce);
    expected.max_age = max_age;
    expected.acr_values = acr_values;
    expected.access_token = some(access_token);
    expected.code = some(code);
    expected.state = some(state);
    expected.refresh_of = before.as_ref();
    expected.auth_time_text = !lax.is_empty();
    expected.logout_token_without_exp = !lax.is_empty();
    expected.hashes_given = true;
    let check = if operation == "id_token" { id_token::check } else { logout_token::check };
    push_unverified(text, &check(lines.0, &expected, common.now)?);
    Ok(())
}

/// The first six lines: what a token of any kind is judged by.
pub(super) struct Common<'a> {
    pub(super) now: u64,
    skew: u32,
    issuer: &'a str,
    client_id: &'a str,
    algorithms: Vec<&'static Algorithm>,
    audiences: Vec<&'a str>,
}

impl<'a> Common<'a> {
    pub(super) fn read(lines: &mut Lines<'a>) -> Result<Self> {
        let [now, skew, issuer, client_id, allowed, trusted] = lines.take();
        let (Some(now), Some(skew)) = (number(now), small(skew)) else { return refused("skew: whole seconds") };
        let audiences = listed(trusted, b'\t');
        Ok(Self { now, skew: skew.unwrap_or_default(), issuer, client_id, algorithms: algorithms(allowed)?, audiences })
    }

    pub(super) fn expectation(&self) -> IdTokenExpectation<'_> {
        let mut expected = IdTokenExpectation::new(self.issuer, self.client_id);
        expected.algorithms = &self.algorithms;
        expected.trusted_audiences = &self.audiences;
        expected.skew = self.skew;
        expected
    }
}

/// A number of seconds, or nothing.
fn small(line: &str) -> Option<Option<u32>> {
    if line.is_empty() {
        return Some(None);
    }
    number(line).and_then(|seconds| u32::try_from(seconds).ok()).map(Some)
}

/// Algorithm, key id, then the claims.
pub(super) fn push_unverified(text: &mut String, token: &Unverified) {
    push_line(text, token.alg().name);
    push_line(text, token.kid().unwrap_or_default());
    text.push_str(token.unreleased());
}

/// The address, and whether loopback is allowed; answers the request.
fn jwks_request(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [uri, development] = lines.take();
    push_request(text, &jwks::request(uri, !development.is_empty())?);
    Ok(())
}

/// Response lines, then the body; answers nothing when it may be kept.
fn jwks_answer(mut lines: Lines<'_>) -> Result<()> {
    let mut answer = response(&mut lines);
    answer.body = Secret::new(lines.0);
    jwks::judge(&answer).map(|_| ())
}
