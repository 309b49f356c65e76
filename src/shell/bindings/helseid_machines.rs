//! HelseID's machines, made of lines: logins, tokens of the client's own, sessions.

use alloc::boxed::Box;
use alloc::string::String;

use super::helseid::details;
use super::outcome::{Live, Out, live};
use super::party::{Party, members_of};
use super::{Lines, refused};
use crate::flow::machine::{Input, Machine, Moment, Spends};
use crate::flow::step::Step;
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Writer;
use crate::ground::text::{cut, decimal, number};
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::client_auth::ClientAuthentication;
use crate::provider::helseid::saved::push_scopes;
use crate::provider::helseid::{Granted, HelseId, LoginRequest, Session, TokenRequest};

/// The machines. All begin with the level that a login must have (0: none).
pub(super) fn make(operation: &str, party: &Party, mut lines: Lines<'_>, random: &[u8]) -> Result<Live> {
    if !matches!(operation, "helseid_login" | "helseid_credentials" | "helseid_session") {
        return refused("a known operation");
    }
    let helseid = client(party, lines.next())?;
    match operation {
        "helseid_login" => login(&helseid, party, lines, random),
        "helseid_credentials" => {
            let request = request(&mut lines)?;
            Ok(live(party.judging(helseid.client_credentials(&request, party.nonce.as_deref())?)))
        }
        _ => session(&helseid, party, lines),
    }
}

fn client(party: &Party, least: &str) -> Result<HelseId> {
    let (ClientAuthentication::PrivateKeyJwt(own), Some(dpop)) = (&party.authentication, &party.dpop) else {
        return Err(Error::new(&codes::INVALID_CONFIGURATION));
    };
    let helseid = HelseId::of(party.client.clone(), own.key.clone(), dpop.clone())?;
    // What is no level is one that nobody has.
    let least = number(least).and_then(|level| u8::try_from(level).ok()).unwrap_or(u8::MAX);
    helseid.assertion_lifetime(party.client.profile.requests.assertion.lifetime)?.security_level(least)
}

/// Audience, scope, claims of the client assertion as JSON.
fn request(lines: &mut Lines<'_>) -> Result<TokenRequest> {
    let [resource, scope, claims] = lines.take();
    let mut request = TokenRequest::new().scope(scope);
    if !resource.is_empty() {
        request = request.resource(resource);
    }
    request.claims = members_of(claims)?;
    Ok(request)
}

/// The host's time, scope, seconds until it expires; then a line each: `A` audiences are named, `a` one of them, `v` `acr_values`,
/// `p` prompt, `o` on whose behalf, `u` languages; `d` and details as [`details`] takes them.
fn login(helseid: &HelseId, party: &Party, mut lines: Lines<'_>, random: &[u8]) -> Result<Live> {
    let [now, scope, lifetime] = lines.take();
    let mut request = LoginRequest::new(scope);
    // What is no number is no lifetime either.
    request = request.lifetime(number(lifetime).and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default());
    loop {
        let (kind, value) = lines.next().split_at_checked(1).unwrap_or_default();
        request = match kind {
            "A" => request.named_resources(),
            "a" => request.resource(value),
            "v" => request.acr_values(value),
            "p" => request.prompt(value),
            "o" => request.on_behalf_of(value),
            "u" => request.ui_locales(value),
            "d" => break request = request.details(details(lines)?),
            _ => break,
        };
    }
    let Some(random) = random.first_chunk() else { return refused("random octets") };
    let exchange = helseid.login(&request, party.nonce.as_deref(), random, number(now).unwrap_or_default())?;
    Ok(live(party.judging(exchange)))
}

/// A code, or nothing and a session as it was stored; a request; its name; `s` where a store is shared, `o` where it may be done
/// without, `l` where what is stored can be loaded; seconds by which the clock is behind; then the tokens that are known.
fn session(helseid: &HelseId, party: &Party, mut lines: Lines<'_>) -> Result<Live> {
    let [code, saved] = lines.take();
    let request = request(&mut lines)?;
    let [key, marks, behind] = lines.take();
    let nonce = party.nonce.as_deref();
    let has = |mark| cut(marks, mark).1.is_some();
    let mut session = match code {
        "" => helseid.session(saved, request, nonce)?.named(key),
        code => helseid.begin_session(AuthorizationCode::parse(code)?, request, nonce)?,
    };
    if has(b's') {
        session = session.shared(lines.0, has(b'o'));
    }
    if has(b'l') {
        session = session.loading();
    }
    let seconds = behind.strip_prefix('-').map_or_else(|| number(behind), number);
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or_default();
    session = session.behind(if behind.starts_with('-') { seconds.saturating_neg() } else { seconds });
    Ok(Box::new(Told(session.keys_outside())))
}

/// A session whose outcome is a text: the tokens, or nothing where another process has them.
struct Told(Session);

impl Machine for Told {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
        let mut step = self.0.next(input, moment)?;
        if let Step::Done(text) = &mut step
            && let Some(granted) = self.0.take()
        {
            granted.push(text);
        }
        Ok(step)
    }

    fn nonce(&self) -> Option<&str> {
        self.0.nonce()
    }

    fn keeps(&self) -> bool {
        self.0.keeps()
    }

    fn spends(&self) -> Option<Spends<'_>> {
        self.0.spends()
    }
}

impl Out for Granted {
    fn push(&self, text: &mut String) {
        self.tokens.push(text);
        text.pop();
        let mut json = Writer::new();
        if let Some(seconds) = self.refresh_expires_in {
            json.raw("refreshExpiresIn", &decimal(u64::from(seconds)));
        }
        push_scopes(self, &mut json);
        text.push_str(",");
        text.push_str(json.take().get(1..).unwrap_or_default());
    }
}
