//! The authorization response: from what came back to a checked code, or a typed error.
//!
//! RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207, OAuth 2.0 Form Post Response Mode.
//! Refuses duplicates, other origins and paths, a wrong or missing state or issuer, tokens in the front channel,
//! and anything over 32 kB, 64 parameters or 8 kB a value. Nothing is read from an answer whose state does not fit.

use crate::ground::error::shown::{display_text, oauth_error};
use crate::protocol::syntax::{RESPONSE_PARAMETERS, is_code, is_error_code, is_scope};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroize;

use crate::ground::error::{Error, Kind, Phase, Result, codes};
use crate::ground::lean::{LEAN, NPM, Text};
use crate::ground::octet::{PLACE, is_all};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, equal, form_decode, form_octets, form_octets_into, number, pairs, push, push_escaped, word};
use crate::ground::uri::{Uri, is_web};
use crate::protocol::authorization::misfit::{mismatch, misplaced, other_finish, signed};
use crate::protocol::authorization::transaction::{self, Fields, Transaction};
use crate::protocol::client::{Registration, Settings};

const MAX_ANSWER: usize = 32 * 1024;
const MAX_PARAMETERS: usize = 64;
const MAX_VALUE: usize = 8 * 1024;

/// How many parameters a response may carry, each at most once.
const COUNT: usize = 11;

/// What came back to `redirect_uri`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Callback<'a> {
    /// The URL the browser arrived at. Behind a proxy that rewrites it, only its query (`?code=…`) or fragment (`#code=…`).
    Url(&'a str),
    /// A POST to `redirect_uri`, for `response_mode=form_post`.
    FormPost {
        /// The request's `Content-Type`.
        content_type: &'a str,
        /// The request's body.
        body: &'a str,
    },
}

/// A code that passed every check, with what its exchange needs. There is no other way to get one.
// Kept as the text it travels in, like a transaction: a space between fields, the scope last.
#[derive(Debug)]
pub struct AuthorizationCode(Secret);

const ISSUER: usize = 0;
const CLIENT_ID: usize = 1;
const REDIRECT_URI: usize = 2;
const NONCE: usize = 3;
const VERIFIER: usize = 4;
const CODE: usize = 5;
const GRANTED: usize = 6;
const SCOPE: usize = 7;

impl AuthorizationCode {
    fn field(&self, wanted: usize) -> &str {
        let mut rest = self.0.expose();
        for at in 0..SCOPE {
            let (field, after) = cut(rest, b' ');
            if at == wanted {
                return field;
            }
            rest = after.unwrap_or_default();
        }
        rest
    }

    /// The issuer that answered.
    pub fn issuer(&self) -> &str {
        self.field(ISSUER)
    }

    /// The client id the code was issued to.
    pub fn client_id(&self) -> String {
        form_decode(self.field(CLIENT_ID)).unwrap_or_default()
    }

    /// The redirect URI, byte for byte as it was sent.
    pub fn redirect_uri(&self) -> &str {
        self.field(REDIRECT_URI)
    }

    /// The scope that was asked for.
    pub fn scope(&self) -> &str {
        self.field(SCOPE)
    }

    /// The scope the callback named as granted; not every server names one.
    pub fn granted_scope(&self) -> Option<String> {
        form_decode(self.field(GRANTED)).filter(|scope| !scope.is_empty())
    }

    /// The nonce an id_token must carry, when one was asked for.
    pub fn nonce(&self) -> Option<&str> {
        Some(cut(self.field(NONCE), b',').0).filter(|nonce| !nonce.is_empty())
    }

    /// The `max_age` that was sent, in seconds; an id_token must then say when the person was authenticated.
    pub fn max_age(&self) -> Option<u32> {
        let demands = cut(self.field(NONCE), b',').1?;
        u32::try_from(number(cut(demands, b',').0)?).ok()
    }

    /// The `state` that was sent, when an id_token was asked for by a server.
    pub(crate) fn state(&self) -> Option<&str> {
        Some(cut(cut(cut(self.field(NONCE), b',').1?, b',').1?, b',').0)
    }

    /// The levels of assurance of which the id_token must have one, spaces between them; `None` where none was demanded.
    pub fn acr_values(&self) -> Option<String> {
        let demands = cut(cut(cut(self.field(NONCE), b',').1?, b',').1?, b',').1?;
        form_decode(cut(demands, b',').0).filter(|acr| !acr.is_empty())
    }

    /// The value of the parameter that the id_token must repeat, where the provider has one and it was sent.
    pub(crate) fn echoed_state(&self) -> Option<String> {
        form_decode(cut(cut(cut(cut(self.field(NONCE), b',').1?, b',').1?, b',').1?, b',').1?)
    }

    pub(crate) fn verifier(&self) -> &str {
        self.field(VERIFIER)
    }

    pub(crate) fn code(&self) -> Option<Secret> {
        let text = self.field(CODE);
        let code = String::from_utf8(decode(text)?.into_owned()).map(Secret::new).ok()?;
        Some(code).filter(|code| is_code(code.expose().as_bytes()))
    }

    /// The fields as they are, as the package hands them on too.
    pub(crate) fn text(&self) -> &Secret {
        &self.0
    }

    /// Reads such fields.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let found = Self(Secret::new(text));
        let fits = text.len() <= MAX_ANSWER
            && !text.bytes().any(|octet| octet < b' ')
            && crate::protocol::authorization::pkce::is_verifier(found.verifier())
            && found.code().is_some()
            && is_scope(found.scope().as_bytes());
        if fits { Ok(found) } else { Err(Error::new(&codes::CODE_MALFORMED).at(Phase::Token)) }
    }
}

impl Transaction {
    /// Judges what came back and, when all is well, gives the code. The transaction is used up either way.
    ///
    /// `now` is in seconds since 1970.
    ///
    /// # Errors
    /// A `callback` error; [`Error::oauth`] is set when the server answered with an error of its own.
    ///
    /// ```
    /// use samtykke::{AuthorizationRequest, Callback, Profile, Registration};
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// let login = client.begin(AuthorizationRequest::new("read"), &[7; 96], 1_700_000_000)?;
    /// let answer = format!("https://rp.example/cb?code=abc&state={}", login.transaction.state());
    /// let code = login.transaction.finish(&client, Callback::Url(&answer), 1_700_000_060)?;
    /// assert_eq!(code.issuer(), "https://op.example");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn finish(self, client: &Registration, callback: Callback<'_>, now: u64) -> Result<AuthorizationCode> {
        let fields = self.fields();
        Ok(code(&fields, &judge(&fields, &client.settings(), callback, now)?))
    }

    /// As [`finish`](Self::finish), for the parameters that stood in a verified answer.
    pub(crate) fn finish_answer(self, client: &Registration, parameters: &str, now: u64) -> Result<AuthorizationCode> {
        let fields = self.fields();
        Ok(code(&fields, &judge_parameters(&fields, &client.settings(), parameters, now)?))
    }
}

/// A code with what its exchange needs, out of a transaction's fields and an answer that was judged.
fn code(fields: &Fields<'_>, answer: &Answer<'_>) -> AuthorizationCode {
    {
        // Room for all of it, escaped: growing would leave the code behind.
        let known = fields.iter().map(|field| field.len().saturating_add(1)).fold(0, usize::saturating_add);
        let [_, _, code, _, _, _, granted, ..] = &answer.values;
        let more = [code, granted].map(|value| value.as_deref().unwrap_or_default().len().saturating_mul(3));
        let mut text = Vec::with_capacity(more.into_iter().fold(known, usize::saturating_add).saturating_add(2));
        for at in [transaction::ISSUER, transaction::CLIENT_ID, transaction::REDIRECT_URI, transaction::NONCE, transaction::VERIFIER] {
            text.extend_from_slice(fields.get(at).copied().unwrap_or_default().as_bytes());
            text.push(b' ');
        }
        answer.push_code(&mut text);
        text.push(b' ');
        text.extend_from_slice(fields[transaction::SCOPE].as_bytes());
        AuthorizationCode(Secret::new(String::from_utf8(text).unwrap_or_default()))
    }
}

/// Judges an answer against a transaction's fields.
pub(crate) fn judge<'a>(fields: &Fields<'_>, client: &Settings<'_>, callback: Callback<'a>, now: u64) -> Result<Answer<'a>> {
    check_transaction(fields, client, now)?;
    let mode = fields[transaction::RESPONSE_MODE];
    if !LEAN && !matches!(mode, "query" | "fragment" | "form_post") {
        return Err(other_finish("an answer that is not signed; a signed one goes to finishJarm (in Rust finish_jarm)", mode));
    }
    conclude(fields, client, Answer::collect(answer(fields, mode, client, callback)?)?)
}

/// As [`judge`], for parameters that stood in a verified answer.
pub(crate) fn judge_parameters<'a>(fields: &Fields<'_>, client: &Settings<'_>, parameters: &'a str, now: u64) -> Result<Answer<'a>> {
    check_transaction(fields, client, now)?;
    conclude(fields, client, Answer::collect(parameters)?)
}

/// Whether a transaction is this client's, and not too old.
pub(crate) fn check_transaction(fields: &Fields<'_>, client: &Settings<'_>, now: u64) -> Result<()> {
    let issuer = fields[transaction::ISSUER];
    let redirect_uri = fields[transaction::REDIRECT_URI];
    let id = escaped(client.client_id);
    if issuer != client.issuer || fields[transaction::CLIENT_ID].as_bytes() != id || redirect_uri != client.redirect_uri {
        // A page has no room to say which of them differs.
        if LEAN {
            return fail(&codes::TRANSACTION_MISMATCH);
        }
        let ours = [client.issuer, core::str::from_utf8(&id).unwrap_or_default(), client.redirect_uri];
        return Err(mismatch(ours, [issuer, fields[transaction::CLIENT_ID], redirect_uri]));
    }
    if transaction::is_expired(fields, now) {
        return fail(&codes::TRANSACTION_EXPIRED);
    }
    Ok(())
}

/// A client id as a transaction has it.
fn escaped(client_id: &str) -> Vec<u8> {
    let mut own = Vec::new();
    push_escaped(&mut own, client_id.as_bytes(), true);
    own
}

/// The JWT of a signed answer (JARM section 2.3), which stands alone.
pub(crate) fn response_jwt(fields: &Fields<'_>, client: &Settings<'_>, callback: Callback<'_>) -> Result<String> {
    let mode = match fields[transaction::RESPONSE_MODE] {
        // For a code, `jwt` is `query.jwt` (JARM section 2.3.4).
        "jwt" | "query.jwt" => "query",
        "fragment.jwt" => "fragment",
        "form_post.jwt" => "form_post",
        plain => return Err(other_finish("a signed answer; a plain one goes to finish", plain)),
    };
    let answer = Answer::collect(answer(fields, mode, client, callback)?)?;
    let [known @ .., response, _, _, _] = &answer.values;
    let Some(response) = response else {
        let plain = known.iter().any(Option::is_some);
        return if plain {
            Err(misplaced(&codes::CALLBACK_MALFORMED, fields[transaction::RESPONSE_MODE], "a plain one"))
        } else {
            fail(&codes::CALLBACK_MALFORMED)
        };
    };
    if known.iter().any(Option::is_some) || answer.values.iter().filter(|value| value.is_some()).count() > 1 {
        return fail(&codes::CALLBACK_UNEXPECTED_PARAMETER);
    }
    String::from_utf8(response.to_vec()).or_else(|_| fail(&codes::CALLBACK_MALFORMED))
}

/// Judges the parameters of an answer against a transaction's fields.
fn conclude<'a>(fields: &Fields<'_>, client: &Settings<'_>, answer: Answer<'a>) -> Result<Answer<'a>> {
    let issuer = fields[transaction::ISSUER];
    let [state, iss, code, error, description, uri, _, refused @ ..] = &answer.values;
    let Some(state) = state.as_deref().filter(|state| !state.is_empty()) else {
        return if !LEAN && refused.first().is_some_and(Option::is_some) { Err(signed()) } else { fail(&codes::STATE_MISSING) };
    };
    if !equal(state, fields[transaction::STATE].as_bytes()) {
        return fail(&codes::STATE_MISMATCH);
    }
    match iss {
        Some(iss) if **iss != *issuer.as_bytes() => {
            return Err(Error::new(&codes::ISSUER_MISMATCH).expected(issuer).found(display_text(iss)));
        }
        None if client.iss_parameter => return fail(&codes::ISSUER_MISSING),
        _ => {}
    }
    if refused.iter().any(Option::is_some) || (error.is_some() && code.is_some()) {
        return fail(&codes::CALLBACK_UNEXPECTED_PARAMETER);
    }
    if let Some(error) = error {
        return Err(refusal(client, error, description.as_deref(), uri.as_deref()));
    }
    match code {
        None => fail(&codes::CODE_MISSING),
        Some(code) if is_code(code) => Ok(answer),
        _ => fail(&codes::CODE_MALFORMED),
    }
}

fn fail<T>(kind: &'static Kind) -> Result<T> {
    Err(Error::new(kind))
}

/// The raw parameter text of an answer that arrived where and how it was asked for.
fn answer<'a>(fields: &Fields<'_>, mode: &str, client: &Settings<'_>, callback: Callback<'a>) -> Result<&'a str> {
    let text = match callback {
        Callback::Url(url) => url,
        Callback::FormPost { body, .. } => body,
    };
    if text.len() > MAX_ANSWER {
        return fail(&codes::CALLBACK_TOO_LARGE);
    }
    // A URL's reader drops some of these and encodes others: what it hands on is not what stands here. A page's own address has none.
    if !LEAN && text.bytes().any(|octet| octet < b' ' || octet == 0x7f) {
        return fail(&codes::CALLBACK_MALFORMED);
    }
    if let Callback::FormPost { content_type, .. } = callback {
        let essence = crate::ground::text::essence(content_type);
        if mode != "form_post" {
            return Err(misplaced(&codes::CALLBACK_MALFORMED, mode, "a POST"));
        }
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return fail(&codes::CALLBACK_MALFORMED);
        }
        return Ok(text);
    }
    let (before, fragment) = cut(text, b'#');
    let (base, query) = cut(before, b'?');
    let redirect_uri = fields[transaction::REDIRECT_URI];
    if !base.is_empty() && base != redirect_uri && base != client.place && (LEAN || !is_same_place(base, redirect_uri)) {
        return Err(Error::new(&codes::CALLBACK_WRONG_REDIRECT_URI).expected(redirect_uri).found(place(base)));
    }
    let [asked, other] = match mode {
        "query" => [query, fragment],
        "fragment" => [fragment, query],
        _ if LEAN => return fail(&codes::CALLBACK_MALFORMED),
        // A POST was asked for.
        _ => {
            return Err(misplaced(
                &codes::CALLBACK_MALFORMED,
                mode,
                if query.is_some_and(answers) { "one in the query" } else { "an address" },
            ));
        }
    };
    if !LEAN && other.is_some_and(answers) && !asked.is_some_and(answers) {
        return Err(misplaced(&codes::STATE_MISSING, mode, if mode == "query" { "one in the fragment" } else { "one in the query" }));
    }
    Ok(asked.unwrap_or_default())
}

/// Whether parameters are those of an answer.
fn answers(text: &str) -> bool {
    pairs(text).any(|(name, _)| matches!(name, "state" | "code" | "error" | "response"))
}

/// An address fit to be shown, as far as it cannot hold the answer: without its `?`, a code would stand in the path.
fn place(base: &str) -> Text {
    if is_web(base, true) && is_all(base, PLACE) { display_text(base.as_bytes()) } else { Text::new() }
}

/// Same scheme, host, port and path; a browser writes an empty path as `/` and drops a default port.
fn is_same_place(base: &str, redirect_uri: &str) -> bool {
    let (Some(found), Some(asked)) = (Uri::parse(base), Uri::parse(redirect_uri)) else { return false };
    let root = found.host.is_some() && found.path == "/" && asked.path.is_empty();
    found.same_origin(&asked) && (root || found.path == asked.path)
}

/// The known parameters, decoded, in the order of `RESPONSE_PARAMETERS`; unknown ones are ignored.
pub(crate) struct Answer<'a> {
    values: [Option<Cow<'a, [u8]>>; COUNT],
}

/// Octets decoded where they have room from the start: growing would leave a part of the code behind. The package's wasm wipes all
/// that it had.
fn decode(text: &str) -> Option<Cow<'_, [u8]>> {
    if NPM { form_octets(text) } else { form_octets_into(text, Vec::with_capacity(text.len())) }
}

/// What was decoded may be a code.
impl Drop for Answer<'_> {
    fn drop(&mut self) {
        for value in self.values.iter_mut().flatten() {
            if let (false, Cow::Owned(octets)) = (NPM, value) {
                octets.zeroize();
            }
        }
    }
}

impl<'a> Answer<'a> {
    /// Appends code, space, granted scope. Both may hold spaces; encoded, they hold none.
    pub(crate) fn push_code(&self, out: &mut Vec<u8>) {
        let [_, _, code, _, _, _, granted, ..] = &self.values;
        push_escaped(out, code.as_deref().unwrap_or_default(), true);
        push(out, b" ");
        let granted = granted.as_deref().unwrap_or_default();
        if is_scope(granted) {
            push_escaped(out, granted, true);
        }
    }

    fn collect(text: &'a str) -> Result<Self> {
        let mut values = [const { None }; COUNT];
        let mut count = 0usize;
        for (name, raw) in pairs(text) {
            count = count.wrapping_add(1);
            if count > MAX_PARAMETERS || raw.len() > MAX_VALUE {
                return fail(&codes::CALLBACK_TOO_LARGE);
            }
            // A name that cannot be decoded is no name we know.
            let name = form_octets(name).unwrap_or_default();
            let Some(slot) = word(RESPONSE_PARAMETERS, &name).and_then(|at| values.get_mut(at)) else { continue };
            if slot.is_some() {
                return Err(Error::new(&codes::CALLBACK_DUPLICATE_PARAMETER).found(display_text(&name)));
            }
            // A page has its browser judge that the octets are text.
            *slot = decode(raw).filter(|value| LEAN || core::str::from_utf8(value).is_ok());
            if slot.is_none() {
                return fail(&codes::CALLBACK_MALFORMED);
            }
        }
        Ok(Self { values })
    }
}

/// The server's own error, as data.
fn refusal(client: &Settings<'_>, error: &[u8], description: Option<&[u8]>, uri: Option<&[u8]>) -> Error {
    if !is_error_code(error) {
        return Error::new(&codes::CALLBACK_MALFORMED).expected("error: visible ASCII");
    }
    let kind = client.rules.callback_kinds.iter().find(|kind| kind.code().as_bytes() == error);
    let group = client.rules.callback_errors.iter().find(|(_, errors)| word(errors, error).is_some());
    let kind = kind.copied().unwrap_or(&codes::AUTHORIZATION_ERROR);
    Error::new(kind).advise(group.map_or(kind.action, |(action, _)| *action)).oauth_error(oauth_error(error, description, uri))
}
