//! Operations of requests to authorization servers and APIs: forms, assertions, proofs, and the answers.
//!
//! The shell signs and sends; what is signed, what is sent and whether it is sent again is decided here. No private key comes in.

use alloc::string::String;

use super::text::{listed, push_line, response};
use super::{Lines, operations, refused, some};
use crate::flow::resource;
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::secret::Secret;
use crate::ground::text::{base64url, cut, decimal};
use crate::jose::{Algorithm, Stamp};
use crate::protocol::dpop::{self, Proof, Server};
use crate::protocol::token::{self, Expectation, Found, RequestKind, TokenType};

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    operations!(operation, {
        "dpop_answer" => dpop_answer(lines, text),
        "tokens" => tokens(lines, text),
        "resource" => resource_request(lines, text),
        "bearer" => resource_request(lines, text),
    }, others(operation, lines, text))
}

/// What is left: the providers' own.
fn others(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    #[cfg(samtykke_entry = "full")]
    {
        let _ = (operation, lines, text);
        refused("a known operation")
    }
    #[cfg(not(samtykke_entry = "full"))]
    super::apis::call(operation, lines, text)
}

/// The header encoded, for it does not change; the claims with their marks.
fn push_open(text: &mut String, [header, claims]: &[String; 2]) {
    push_line(text, &base64url(header.as_bytes()));
    text.push_str(claims);
}

fn push_proof(lines: &mut Lines<'_>, method: &str, url: &str, token: Option<&str>, text: &mut String) -> Result<()> {
    let [alg, jwk, nonce] = lines.take();
    let Some(alg) = Algorithm::named(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    push_open(text, &dpop::parts(alg, jwk, &Proof { method, url, nonce: some(nonce), token, stamp: Stamp::Open })?);
    Ok(())
}

/// Which server (`r` an API's, else an authorization server), whether this was the second attempt, response lines,
/// `DPoP-Nonce`, `WWW-Authenticate`, then the body. Answers whether to send it once more, and the nonce for the next request.
fn dpop_answer(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [server, second] = lines.take();
    let server = if server == "r" { Server::Resource } else { Server::Authorization };
    let mut answer = response(&mut lines);
    let [nonce, challenge] = lines.take();
    (answer.dpop_nonce, answer.www_authenticate) = (some(nonce).map(String::from), some(challenge).map(String::from));
    answer.body = Secret::new(lines.0);
    let again = dpop::is_challenge(server, &answer)?;
    if again && !second.is_empty() {
        return Err(dpop::refused(server, &answer));
    }
    push_line(text, if again { "1" } else { "" });
    push_line(text, dpop::next_nonce(&answer).unwrap_or_default());
    Ok(())
}

/// Response lines, the grant's name as in `form`, token type, id_token required, what is accepted beside the standard (`e` `expires_in`
/// as a string, `s` scope as a list, `b` or `d` an answer without `token_type`, taken for Bearer or DPoP), token exchange (`x` and must
/// name what it issued, `o` and may), the refresh token that was sent, scope, then the body.
fn tokens(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let mut response = response(&mut lines);
    let [grant, kind, id_token, lenient, exchange, refresh, scope] = lines.take();
    let asked = RequestKind::named(grant);
    let has = |mark| cut(lenient, mark).1.is_some();
    let default = if has(b'b') { Some(TokenType::Bearer) } else { None };
    let expectation = Expectation {
        token_type: if kind == "DPoP" { TokenType::DPoP } else { TokenType::Bearer },
        id_token: !id_token.is_empty(),
        expires_in_string: has(b'e'),
        scope_list: has(b's'),
        default_token_type: if has(b'd') { Some(TokenType::DPoP) } else { default },
        token_exchange: !exchange.is_empty(),
        issued_token_type: exchange == "x",
        kind: asked,
        ..Expectation::default()
    };
    response.body = Secret::new(lines.0);
    let answer = token::read(&response, asked)?;
    let found = Found::judge(&response, &answer, &expectation)?;
    let mut json = Writer::new();
    json.string("accessToken", found.access_token).string("tokenType", found.token_type.as_str());
    if let Some(seconds) = found.expires_in {
        json.raw("expiresIn", &decimal(u64::from(seconds)));
    }
    json.some("scope", found.scope.as_deref()).string("requestedScope", scope);
    // The old one stays when no new one comes.
    json.some("refreshToken", found.refresh_token.or(some(refresh))).some("idToken", found.id_token);
    let mut others = Writer::new();
    for member in answer.members() {
        if token::is_other(&member.name) {
            others.raw(&member.name, member.raw);
        }
    }
    text.push_str(&json.raw("others", &others.take()).take());
    Ok(())
}

/// Address, method, whether loopback is allowed, origins with a space between them, token type, token, then for a bound token
/// the key and nonce as in `proof`. Answers the `Authorization` value, then as `proof` does.
fn resource_request(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [url, method, development, origins, kind, token] = lines.take();
    let origins = listed(origins, b' ');
    resource::check(url, &origins, !development.is_empty())?;
    if !crate::protocol::syntax::is_token68(token) || !matches!(kind, "Bearer" | "DPoP") {
        return refused("an access token: token68, Bearer or DPoP");
    }
    let mut header = String::from(kind);
    header.push(' ');
    header.push_str(token);
    push_line(text, &header);
    if kind == "DPoP" {
        return push_proof(&mut lines, method, url, Some(token), text);
    }
    Ok(())
}
