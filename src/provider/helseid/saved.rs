//! A session as it is stored, and as processes hand it on to each other: the newest refresh token, and tokens that are still good.
//!
//! HelseID "Funksjonelle krav" FK3; RFC 9700 section 4.14.2. A record is at most 40,000 octets long, whatever it leaves out for that.
//! Refuses a session of another client, and takes nothing from a record that is damaged.

use alloc::string::String;
use alloc::vec::Vec;

use super::Granted;
use crate::flow::step::Record;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, decimal, number};

/// Seconds before its end from which on a token counts as ended.
const MARGIN: u64 = 10;
/// Seconds for which a record is kept where HelseID does not say how long the refresh token lives.
const UNKNOWN_LIFE: u64 = 28_800;
/// Octets of what is handed on: some stores take values of 64 KiB at most, and sealing makes a third more of them.
const MOST: usize = 40_000;

/// What is stored of a session, member by member; those that nobody here knows stay as they are.
#[derive(Clone, Default)]
pub(crate) struct Saved {
    members: Vec<(String, String)>,
}

impl Saved {
    /// Reads what was stored.
    ///
    /// # Errors
    /// `session_invalid`; `invalid_configuration` for a session of another client or environment.
    pub(crate) fn restored(text: &str, issuer: &str, client_id: &str) -> Result<Self> {
        let value = Value::parse(text);
        let saved = value.as_ref().and_then(|value| Self::of(value));
        let Some(saved) = saved.filter(|saved| saved.text("scope").is_some()) else {
            return Err(Error::new(&codes::SESSION_INVALID).at(Phase::Session));
        };
        if saved.text("issuer").as_deref() == Some(issuer) && saved.text("clientId").as_deref() == Some(client_id) {
            return Ok(saved);
        }
        Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "a session of this client and environment"))
    }

    fn of(value: &Value<'_>) -> Option<Self> {
        let Value::Object(_) = value else { return None };
        // In a text of JSON's these are blanks alone; a shell reads lines.
        let blank = |letter| if matches!(letter, '\n' | '\r' | '\t') { ' ' } else { letter };
        let members = value.members().iter().map(|member| (String::from(&*member.name), member.raw.chars().map(blank).collect()));
        Some(Self { members: members.collect() })
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(own, _)| own == name).map(|(_, raw)| &**raw)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Value::parse(self.raw(name)?)?.as_str().map(String::from)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        u64::try_from(Value::parse(self.raw(name)?)?.as_integer()?).ok()
    }

    /// The claims of the login, as JSON.
    pub(crate) fn claims(&self) -> Option<&str> {
        self.raw("claims")
    }

    pub(crate) fn set(&mut self, name: &str, json: String) {
        match self.members.iter_mut().find(|(own, _)| own == name) {
            Some((_, raw)) => *raw = json,
            None => self.members.push((name.into(), json)),
        }
    }

    pub(crate) fn set_text(&mut self, name: &str, value: &str) {
        self.set(name, quoted(value));
    }

    /// How many refresh tokens there were before: the highest is the newest.
    fn turn(&self) -> u64 {
        self.number("turn").unwrap_or_default()
    }

    /// Takes the refresh token that came.
    pub(crate) fn renew(&mut self, refresh_token: &Secret) {
        let turn = decimal(self.turn().saturating_add(1));
        self.set_text("refreshToken", refresh_token.expose());
        self.set("turn", turn);
    }

    /// Takes an answer that came at `now`.
    pub(crate) fn take(&mut self, granted: &Granted, now: u64) {
        if let Some(token) = &granted.tokens.refresh_token {
            self.set_text("refreshToken", token.expose());
        }
        self.members.retain(|(name, _)| name != "refreshExpiresAt");
        if let Some(seconds) = granted.refresh_expires_in {
            self.set("refreshExpiresAt", decimal(now.saturating_add(u64::from(seconds))));
        }
        if let Some(token) = &granted.tokens.id_token {
            self.set_text("idToken", token.expose());
        }
        if let Some(claims) = &granted.tokens.claims {
            self.set("claims", claims.json().into());
        }
    }

    /// Takes another process's place in the session, where it is further; whether it is. A record may lack for room what the login brought.
    pub(crate) fn follow(&mut self, other: Self) -> bool {
        if other.turn() <= self.turn() {
            return false;
        }
        let own = core::mem::replace(self, other);
        for (name, json) in own.members {
            if matches!(&*name, "idToken" | "claims") && self.raw(&name).is_none() {
                self.members.push((name, json));
            }
        }
        true
    }

    pub(crate) fn json(&self) -> String {
        self.without(&[])
    }

    fn without(&self, names: &[&str]) -> String {
        let mut json = Writer::new();
        for (name, raw) in &self.members {
            if !names.contains(&&**name) {
                json.raw(name, raw);
            }
        }
        json.take()
    }
}

/// A token that is still good, as processes hand it on: neither id_token, claims nor refresh token.
#[derive(Clone)]
pub(crate) struct Known {
    /// The request that it was got by.
    pub(crate) key: String,
    /// Seconds since 1970.
    pub(crate) ends: u64,
    /// JSON.
    facts: String,
}

/// Tokens that are still good, the newest last.
#[derive(Clone, Default)]
pub(crate) struct KnownTokens(Vec<Known>);

impl KnownTokens {
    /// Reads what a shell knows: a line each of key, end and facts, with tabs between.
    pub(crate) fn parse(lines: &str) -> Self {
        let known = lines.split('\n').filter_map(|line| {
            let (key, rest) = cut(line, b'\t');
            let (ends, facts) = cut(rest?, b'\t');
            Some(Known { key: key.into(), ends: number(ends)?, facts: facts?.into() })
        });
        Self(known.collect())
    }

    /// As [`parse`](Self::parse) reads them.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        for Known { key, ends, facts } in &self.0 {
            for part in [key, "\t", &decimal(*ends), "\t", facts, "\n"] {
                text.push_str(part);
            }
        }
        text
    }

    pub(crate) fn is_good(&self, key: &str, now: u64) -> bool {
        self.0.iter().any(|known| known.key == key && known.ends > now.saturating_add(MARGIN))
    }

    fn put(&mut self, known: Known) {
        self.0.retain(|other| other.key != known.key);
        self.0.push(known);
    }

    /// Takes a token of an answer that came at `now`. One that lacks a scope would look whole to whoever asks next; one whose end is
    /// unknown would never end.
    pub(crate) fn take(&mut self, key: &str, granted: &Granted, now: u64) {
        if let (Some(seconds), true) = (granted.tokens.expires_in, granted.missing_scope.is_empty()) {
            self.put(Known { key: key.into(), ends: now.saturating_add(u64::from(seconds)), facts: facts(granted) });
        }
    }

    /// Takes what others know and is not known here, or no longer good; gives that.
    pub(crate) fn join(&mut self, others: Self, now: u64) -> Self {
        let new: Vec<Known> = others.0.into_iter().filter(|known| !self.is_good(&known.key, now)).collect();
        for known in &new {
            self.put(known.clone());
        }
        Self(new)
    }
}

/// What a record says: the session, and tokens. Times in it are milliseconds before its end, which the store counts by its own clock.
pub(crate) fn read(record: &Record) -> Option<(Saved, KnownTokens)> {
    let value = Value::parse(record.text.expose())?;
    let saved = Saved::of(value.get("saved")?)?;
    saved.text("refreshToken").and(saved.text("scope"))?;
    let mut known = KnownTokens::default();
    for entry in value.get("tokens")?.as_array()? {
        let [key, tail, facts] = entry.as_array()? else { return None };
        let whole = Saved::of(facts)?;
        if !matches!(facts.text("accessToken"), Some(token) if !token.is_empty()) || facts.text("tokenType") != Some("DPoP") {
            return None;
        }
        let missing = facts.get("missingScope")?.as_array()?;
        let ends = record.ends.saturating_sub(u64::try_from(tail.as_integer()?).ok()?) / 1000;
        if missing.is_empty() {
            known.put(Known { key: key.as_str()?.into(), ends, facts: whole.json() });
        }
    }
    Some((saved, known))
}

/// What is handed on at `now`: the refresh token, and of the rest what there is room for: the login's facts, which others may have,
/// then the newest tokens.
pub(crate) fn record(saved: &Saved, known: &KnownTokens, now: u64) -> Record {
    let life = saved.number("refreshExpiresAt").unwrap_or(now.saturating_add(UNKNOWN_LIFE));
    let ends = known.0.iter().map(|known| known.ends).fold(life, u64::max).saturating_mul(1000);
    let mut session = saved.json();
    if session.len() >= MOST {
        session = saved.without(&["idToken", "claims"]);
    }
    let mut room = MOST.saturating_sub(session.len());
    let mut kept: Vec<String> = Vec::new();
    for Known { key, ends: end, facts } in known.0.iter().rev().filter(|known| known.ends > now) {
        let mut entry = String::from("[");
        push_string(&mut entry, key);
        for part in [",", &decimal(ends.saturating_sub(end.saturating_mul(1000))), ",", facts, "]"] {
            entry.push_str(part);
        }
        let Some(left) = room.checked_sub(entry.len().saturating_add(1)).filter(|left| *left > 0) else { break };
        room = left;
        kept.push(entry);
    }
    let mut tokens = String::from("[");
    for entry in kept.iter().rev() {
        if tokens.len() > 1 {
            tokens.push_str(",");
        }
        tokens.push_str(entry);
    }
    tokens.push_str("]");
    let text = Writer::new().raw("saved", &session).raw("tokens", &tokens).take();
    Record { text: Secret::new(text), ends }
}

/// What is said of a token beyond the standard, and what of it processes share.
fn facts(granted: &Granted) -> String {
    let tokens = &granted.tokens;
    let mut json = Writer::new();
    json.string("accessToken", tokens.access_token.expose()).string("tokenType", tokens.token_type.as_str());
    if let Some(seconds) = tokens.expires_in {
        json.raw("expiresIn", &decimal(u64::from(seconds)));
    }
    json.some("scope", tokens.scope.as_deref()).string("requestedScope", &tokens.requested_scope);
    let mut others = Writer::new();
    for (name, value) in &tokens.others {
        others.raw(name, value.expose());
    }
    json.raw("others", &others.take());
    push_scopes(granted, &mut json);
    json.take()
}

/// Scopes that were withheld, and those that are missing.
pub(crate) fn push_scopes(granted: &Granted, json: &mut Writer) {
    for (name, scopes) in [("rejectedScope", &granted.rejected_scope), ("missingScope", &granted.missing_scope)] {
        let mut list = String::from("[");
        for scope in scopes {
            if list.len() > 1 {
                list.push_str(",");
            }
            push_string(&mut list, scope);
        }
        list.push_str("]");
        json.raw(name, &list);
    }
}

pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::new();
    push_string(&mut json, text);
    json
}
