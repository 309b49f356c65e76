//! What HelseID answers beyond the standard: how long the refresh token lives, which scopes were withheld, and for whom.
//!
//! HelseID "Token-endepunktet", "DPoP", "Feilmeldinger"; RFC 9449 section 6.1 (`cnf.jkt`), RFC 8707 section 2.
//! Refuses an access token that is bound to another key or to none, and one for another audience than was asked for.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::{check_level, resource_of};
use crate::flow::judge::{Judge, Reader};
use crate::ground::error::told::find_marked;
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::ground::text::{base64url_decode, cut, number};
use crate::protocol::grant::Refresh;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;

/// Tokens, and what HelseID says of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Granted {
    /// The tokens. Store the refresh token before anything else: the one it replaces is spent.
    pub tokens: Tokens,
    /// Seconds the refresh token lives from the answer on (`rt_expires_in`); `None`: take it for expired.
    pub refresh_expires_in: Option<u32>,
    /// Scopes withheld because the organisation has not signed their terms (`rejected_scope`).
    pub rejected_scope: Vec<String>,
    /// Scopes of this audience that were asked for and not granted. Do not keep such a token as if it had them.
    pub missing_scope: Vec<String>,
    /// The scope of the login, over all audiences; of a machine's token, the one asked for. Store it with the refresh token.
    pub login_scope: String,
}

impl Granted {
    /// The next refresh, for any audience of the login: bounded by the login's scope, and not by this one audience's.
    ///
    /// # Errors
    /// `invalid_parameter` without a refresh token.
    ///
    /// ```
    /// # use samtykke::{Exchange, provider::helseid::{Granted, HelseId, TokenRequest}};
    /// # fn next(helseid: &HelseId, granted: &Granted) -> samtykke::Result<Exchange<Granted>> {
    /// helseid.refresh(&granted.refresh()?, &TokenRequest::new().resource("nhn:kj"), None)
    /// # }
    /// ```
    pub fn refresh(&self) -> Result<Refresh> {
        Ok(Refresh::of(&self.tokens)?.with_granted_scope(self.login_scope.clone()))
    }
}

/// What an access token must be, and what was asked for.
pub(crate) struct Bound<'a> {
    /// Thumbprint of the DPoP key.
    pub(crate) thumbprint: &'a str,
    /// The one audience, when one was named.
    pub(crate) resource: Option<&'a str>,
    /// The scope that was asked for, over all audiences.
    pub(crate) asked: &'a str,
}

/// The facts of an answer.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) refresh_expires_in: Option<u32>,
    pub(crate) rejected: Vec<String>,
    pub(crate) missing: Vec<String>,
}

/// Judges an access token, as far as it can be read, and reads what came with it: the scope, and two members as JSON.
pub(crate) fn read(token: &str, scope: Option<&str>, [life, rejected]: [Option<&str>; 2], bound: &Bound<'_>) -> Result<Facts> {
    check_token(token, bound)?;
    let mut facts = Facts::default();
    if let Some(value) = life.and_then(Value::parse) {
        let seconds = value.as_integer().or_else(|| i64::try_from(number(value.as_str()?)?).ok());
        facts.refresh_expires_in = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    }
    if let Some(value) = rejected.and_then(Value::parse) {
        let texts = value.as_array().unwrap_or(core::slice::from_ref(&value));
        let words = texts.iter().filter_map(Value::as_str).flat_map(|text| text.split(' '));
        facts.rejected = words.filter(|word| !word.is_empty()).map(String::from).collect();
    }
    if let Some(scope) = scope {
        // A token for one audience lacks the others' scopes by design.
        let concerns = |wanted: &&str| bound.resource.is_none_or(|resource| resource_of(wanted) == Some(resource));
        let lacks = |wanted: &&str| !wanted.is_empty() && !scope.split(' ').any(|found| found == *wanted);
        facts.missing = bound.asked.split(' ').filter(concerns).filter(lacks).map(String::from).collect();
    }
    Ok(facts)
}

/// Opaque tokens pass: there is nothing to read. A signed one names its key and audience.
fn check_token(token: &str, bound: &Bound<'_>) -> Result<()> {
    let payload = cut(cut(token, b'.').1.unwrap_or_default(), b'.').0;
    let Some(payload) = base64url_decode(payload).and_then(|payload| String::from_utf8(payload).ok()) else { return Ok(()) };
    let Some(claims @ Value::Object(_)) = Value::parse(&payload) else { return Ok(()) };
    let jkt = claims.get("cnf").and_then(|confirmation| confirmation.get("jkt")).and_then(Value::as_str);
    if jkt != Some(bound.thumbprint) {
        return Err(Error::new_expected(&codes::CLAIM_REFUSED, "cnf.jkt of the access token: this client's DPoP key"));
    }
    let Some(resource) = bound.resource else { return Ok(()) };
    let audience = claims.get("aud");
    let audiences = audience.map(|audience| audience.as_array().unwrap_or(core::slice::from_ref(audience))).unwrap_or_default();
    if audiences.len() == 1 && audiences.iter().all(|one| one.as_str() == Some(resource)) {
        return Ok(());
    }
    let mut expected = String::from("aud of the access token: ");
    expected.push_str(resource);
    expected.push_str(" alone");
    Err(Error::new(&codes::CLAIM_REFUSED).expected(expected))
}

/// The number of an error of HelseID's own, such as `HID-1009`, in an error's description.
///
/// ```
/// use samtykke::provider::helseid::error_number;
/// assert_eq!(error_number("HID-1004: organization number is not valid"), Some("HID-1004"));
/// assert_eq!(error_number("HID-12"), None);
/// ```
pub fn error_number(description: &str) -> Option<&str> {
    find_marked(description, "HID-", 4, 4)
}

/// An error, with HelseID's number for it where there is one; such an error asks for other settings, not another try. What this
/// module's exchanges answer is numbered already; a callback's error, of [`Transaction::finish`](crate::Transaction::finish), is not.
///
/// ```
/// # use samtykke::{Callback, Transaction};
/// use samtykke::provider::helseid::with_provider_code;
/// # fn finish(transaction: Transaction, client: &samtykke::Registration, callback: Callback<'_>, now: u64) -> samtykke::Result<()> {
/// let code = transaction.finish(client, callback, now).map_err(with_provider_code)?;
/// # Ok(()) }
/// ```
pub fn with_provider_code(error: Error) -> Error {
    let description = error.oauth().and_then(|oauth| oauth.description.as_ref());
    match description.and_then(|text| error_number(core::str::from_utf8(text.as_ref()).ok()?)).map(String::from) {
        Some(number) => {
            let trace = error.trace_id().map(String::from);
            error.provider(Some(number), trace).advise(Action::FixConfiguration)
        }
        None => error,
    }
}

/// Judges an answer as [`Tokens`] are judged, and then as HelseID's.
pub(super) struct GrantedJudge {
    pub(super) tokens: Box<dyn Judge<Tokens>>,
    pub(super) thumbprint: String,
    pub(super) resource: Option<String>,
    pub(super) asked: String,
    pub(super) login_scope: String,
    /// The level a login must have; 0 where none is judged.
    pub(super) least: u8,
}

impl Judge<Granted> for GrantedJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self.tokens.reader()
    }

    fn finish(&mut self, claims: Option<Claims>, now: u64) -> Result<Granted> {
        let tokens = self.tokens.finish(claims, now)?;
        let bound = Bound { thumbprint: &self.thumbprint, resource: self.resource.as_deref(), asked: &self.asked };
        let others = ["rt_expires_in", "rejected_scope"].map(|name| tokens.other(name));
        let facts = read(tokens.access_token.expose(), tokens.scope.as_deref(), others, &bound)?;
        if self.least > 0 {
            let claims = tokens.claims.as_ref().ok_or_else(|| Error::new(&codes::ID_TOKEN_MISSING).at(Phase::Token))?;
            check_level(claims, self.least)?;
        }
        let Facts { refresh_expires_in, rejected: rejected_scope, missing: missing_scope } = facts;
        Ok(Granted { tokens, refresh_expires_in, rejected_scope, missing_scope, login_scope: core::mem::take(&mut self.login_scope) })
    }
}
