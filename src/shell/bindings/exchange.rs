//! The judgement of a token answer that the caller fetched.

use alloc::string::String;

#[cfg(samtykke_entry = "full")]
use super::refused;
use super::text::response;
use super::{Lines, operations, some};
use crate::ground::error::Result;
use crate::ground::json::Writer;
use crate::ground::secret::Secret;
use crate::ground::text::{cut, decimal};
use crate::protocol::token::{self, Expectation, Found, RequestKind, TokenType};

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    operations!(operation, {
        "tokens" => tokens(lines, text),
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
