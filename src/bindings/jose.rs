//! Operations on keys and signed tokens. WebCrypto signs and verifies; everything around that is decided here.
//!
//! An answer about a token holds its claims before the signature is verified: the shell keeps them back until it is.
//! No private member of a key comes in a message but for `jwk private`, and none goes out.

use alloc::string::String;
use alloc::vec::Vec;

use super::full::{push_line, push_request, response};
use super::{Lines, refused, some};
use crate::claims::{Claims, Unverified};
use crate::encoding::{base64, base64url, number};
use crate::error::{Error, Result, codes};
use crate::id_token::{self, IdTokenExpectation};
use crate::jose::alg::{Algorithm, Hash};
use crate::jose::jwk::Jwk;
use crate::jose::jws::Compact;
use crate::jose::key::KeyInfo;
use crate::jose::{der, jwks, thumbprint};
use crate::json::Value;
use crate::logout_token;
use crate::secret::Secret;

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "jwk" => jwk(lines, text),
        "pem" => pem(lines, text),
        "key" => key(lines, text),
        "id_token" => id_token(lines, text),
        "logout_token" => logout(lines, text),
        "jwks_request" => jwks_request(lines, text),
        "jwks_answer" => jwks_answer(lines),
        _ => refused("a known operation"),
    }
}

/// Names of algorithms, a space between them; one that is not known is refused.
pub(super) fn algorithms(line: &str) -> Result<Vec<&'static Algorithm>> {
    line.split(' ')
        .map(|name| Algorithm::named(name).ok_or_else(|| Error::new(&codes::ALGORITHM_REFUSED).actual(crate::callback::shown(name))))
        .collect()
}

/// `private` when private members may be there; the algorithm, if one is asked for; then the JWK.
/// Answers algorithm (empty when it is for the caller to choose), thumbprint, key id, public JWK.
fn jwk(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [mode, alg] = lines.take();
    let Some(value) = Value::parse(lines.0) else {
        return Err(Error::new(&codes::KEY_REFUSED).expected("one JSON object, no member twice"));
    };
    let public = if mode == "private" { Jwk::public_part(&value)? } else { Jwk::from_value(&value)? };
    // A curve has one algorithm; RSA has six, so the key or the caller must say.
    let own = Algorithm::named(public.alg().unwrap_or_default());
    let only = || crate::jose::alg::ALGORITHMS.iter().find(|row| !row.crv.is_empty() && row.crv == public.crv());
    let alg = if alg.is_empty() { own.or_else(only) } else { algorithms(alg)?.first().copied() };
    let Some(alg) = alg else { return Err(Error::new(&codes::ALGORITHM_REFUSED).expected("alg: named by the key or by you")) };
    let info = KeyInfo::new(alg, public)?;
    for value in [alg.name, &thumbprint(&info.public), info.public.kid().unwrap_or_default(), &info.public.required_json()] {
        push_line(text, value);
    }
    Ok(())
}

/// PEM of a public key or of certificates. Answers thumbprint, public JWK, SHA-256 of the first certificate, and each
/// certificate in base64.
fn pem(lines: Lines<'_>, text: &mut String) -> Result<()> {
    let public = der::public_key(lines.0)?;
    push_line(text, &thumbprint(&public));
    push_line(text, &public.required_json());
    for (at, der) in der::certificates(lines.0).unwrap_or_default().iter().enumerate() {
        if at == 0 {
            push_line(text, &base64url(&Hash::Sha256.digest(der)));
        }
        push_line(text, &base64(der));
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
/// code, state, the login's claims when this is a refresh; then the token. Answers algorithm, key id, then the claims.
fn id_token(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let (now, mut expected) = expectation(&mut lines)?;
    let [nonce, max_age, acr, access_token, code, state, before] = lines.take();
    expected.nonce = some(nonce).map(String::from);
    expected.max_age = match max_age {
        "" => None,
        digits => match number(digits).and_then(|seconds| u32::try_from(seconds).ok()) {
            Some(seconds) => Some(seconds),
            None => return refused("maxAge: whole seconds"),
        },
    };
    expected.acr = acr.split(' ').filter(|value| !value.is_empty()).map(String::from).collect();
    expected.access_token = some(access_token).map(Secret::new);
    expected.code = some(code).map(Secret::new);
    expected.state = some(state).map(String::from);
    expected.refresh_of = some(before).map(Claims::stored).transpose()?;
    push_unverified(text, &id_token::check(lines.0, &expected, now)?);
    Ok(())
}

/// The first six lines of `id_token`, then the token; answers as it does.
fn logout(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let (now, expected) = expectation(&mut lines)?;
    push_unverified(text, &logout_token::check(lines.0, &expected, now)?);
    Ok(())
}

fn expectation(lines: &mut Lines<'_>) -> Result<(u64, IdTokenExpectation)> {
    let [now, skew, issuer, client_id, allowed, trusted] = lines.take();
    let mut expected = IdTokenExpectation::new(issuer, client_id);
    expected.algorithms = algorithms(allowed)?;
    expected.trusted_audiences = trusted.split('\t').filter(|name| !name.is_empty()).map(String::from).collect();
    let (Some(now), Some(skew)) = (number(now), number(skew).and_then(|skew| u32::try_from(skew).ok())) else {
        return refused("time and skew: whole seconds");
    };
    expected.skew = skew;
    Ok((now, expected))
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
