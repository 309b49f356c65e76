//! What is kept of a login: its tokens, the person's claims, and how long it lasts.
//!
//! docs/formats.md. It lasts by a clock of its own: the end of an access token ends no session, that of the refresh token does,
//! where it is known. Refuses facts of another form.

use alloc::string::String;
use zeroize::Zeroizing;

use super::pack::{pack, unpack};
use super::renewal::Came;
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::ground::text::{base64url_decode, decimal};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::{TokenType, Tokens};

/// Seconds before an access token's end from which on it is renewed.
const MARGIN: u64 = 60;
/// How servers tell how many seconds a refresh token lives: Keycloak, HelseID, AD FS. Keycloak's 0 is no end.
const REFRESH_LIVES: &[&str] = &["refresh_expires_in", "rt_expires_in", "refresh_token_expires_in"];
/// What a refresh cannot change of a login, and may leave out (OpenID Connect Core section 12.2).
const LOGIN_FACTS: &[&str] = &["nonce", "auth_time", "acr", "amr", "azp", "sid"];

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives {
    pub(crate) max_age: u64,
    pub(crate) idle: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) begun: u64,
    pub(crate) ends: u64,
    pub(crate) idle: u64,
    /// How many times the tokens were renewed.
    pub(crate) turn: u64,
    pub(crate) tokens: Tokens,
    /// When the access token ends.
    pub(crate) expires_at: Option<u64>,
    /// The application's own, as JSON.
    pub(crate) data: Option<String>,
    /// The thumbprint of the DPoP key.
    pub(crate) key: Option<String>,
}

fn refresh_end(tokens: &Tokens, now: u64) -> u64 {
    let life =
        |name: &&str| Value::parse(tokens.other(name)?)?.as_integer().and_then(|life| u64::try_from(life).ok()).filter(|life| *life > 0);
    let life = REFRESH_LIVES.iter().find_map(life).filter(|_| tokens.refresh_token.is_some());
    life.map_or(u64::MAX, |life| now.saturating_add(life))
}

fn access_end(tokens: &Tokens, now: u64) -> Option<u64> {
    tokens.expires_in.map(|seconds| now.saturating_add(seconds.into()))
}

impl Kept {
    /// What is kept of new tokens.
    pub(crate) fn begun(tokens: Tokens, key: Option<String>, lives: Lives, now: u64) -> Self {
        let ends = now.saturating_add(lives.max_age).min(refresh_end(&tokens, now));
        let idle = now.saturating_add(lives.idle).min(ends);
        let key = key.filter(|_| tokens.token_type == TokenType::DPoP);
        Self { begun: now, ends, idle, turn: 0, expires_at: access_end(&tokens, now), tokens, data: None, key }
    }

    /// What is kept after a refresh.
    fn renew(&self, mut tokens: Tokens, lives: Lives, now: u64) -> Self {
        if let (Some(old), Some(new)) = (&self.tokens.claims, &tokens.claims) {
            tokens.claims = join_claims(new.json(), old.json(), |name| LOGIN_FACTS.contains(&name)).or(tokens.claims);
        }
        let ends = self.begun.saturating_add(lives.max_age).min(refresh_end(&tokens, now));
        let turn = self.turn.saturating_add(1);
        Self { ends, turn, expires_at: access_end(&tokens, now), tokens, ..self.clone() }.touch(lives, now)
    }

    /// What is kept after a use.
    pub(crate) fn touch(self, lives: Lives, now: u64) -> Self {
        Self { idle: now.saturating_add(lives.idle).min(self.ends), ..self }
    }

    /// What is kept once this has come.
    pub(crate) fn with(&self, came: Came, lives: Lives, now: u64) -> Self {
        match came {
            Came::Tokens(tokens) => self.renew(tokens, lives, now),
            Came::RefreshToken(token) => {
                let mut next = self.clone();
                next.tokens.refresh_token = Some(token);
                next
            }
        }
    }

    /// What the core's machine is told of it: its turn, and what a refresh is made from.
    pub(crate) fn told(&self) -> Secret {
        let mut text = decimal(self.turn);
        text.push('\n');
        text.push_str(self.tokens.serialize().expose());
        Secret::new(text)
    }

    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.ends.min(self.idle) <= now
    }

    /// Whether the tokens are to be renewed, and can be.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.tokens.refresh_token.is_some() && self.expires_at.is_some_and(|end| end <= now.saturating_add(MARGIN))
    }

    /// Packs it. The id_token is part of it where a logout names it.
    pub(crate) fn pack(&self, with_id_token: bool) -> Zeroizing<alloc::vec::Vec<u8>> {
        let tokens = &self.tokens;
        let id_token = tokens.id_token.as_ref().filter(|_| with_id_token && tokens.claims.is_some()).map(Secret::expose);
        let mut token = Writer::new();
        token.string("tokenType", tokens.token_type.as_str()).some("scope", tokens.scope.as_deref());
        token.string("requestedScope", &tokens.requested_scope);
        if let Some(end) = self.expires_at {
            token.raw("expiresAt", &decimal(end));
        }
        let mut facts = Writer::new();
        facts.raw("begun", &decimal(self.begun)).raw("ends", &decimal(self.ends)).raw("idle", &decimal(self.idle));
        facts.raw("turn", &decimal(self.turn));
        if let Some(data) = &self.data {
            facts.raw("data", data);
        }
        facts.some("key", self.key.as_deref()).raw("token", &token.take());
        if let Some(claims) = &tokens.claims {
            let there = id_token.and_then(payload).unwrap_or_default();
            let there = Value::parse_claims(&there).map_or(Value::Null, |(claims, _)| claims);
            let mut own = Writer::new();
            for member in Value::parse(claims.json()).unwrap_or(Value::Null).members() {
                let same = there.members().iter().any(|other| other.name == member.name && other.raw == member.raw);
                if !same {
                    own.raw(&member.name, member.raw);
                }
            }
            facts.raw("claims", &own.take());
        }
        let refresh_token = tokens.refresh_token.as_ref().map(Secret::expose);
        Zeroizing::new(pack(&facts.take(), &[Some(tokens.access_token.expose()), refresh_token, id_token]))
    }

    /// What was packed; nothing for octets of another form.
    pub(crate) fn unpack(octets: &[u8], now: u64) -> Option<Self> {
        let (facts, [access_token, refresh_token, id_token]) = unpack(octets)?;
        let facts = Value::parse(&facts)?;
        let token = facts.get("token")?;
        let time = |value: &Value<'_>, name: &str| value.get(name)?.as_seconds().and_then(|time| u64::try_from(time).ok());
        let token_type = [TokenType::Bearer, TokenType::DPoP].into_iter().find(|known| Some(known.as_str()) == token.text("tokenType"))?;
        let mut tokens = Tokens::bare(&access_token?, token_type);
        tokens.scope = token.text("scope").map(String::from);
        tokens.requested_scope = token.text("requestedScope").unwrap_or_default().into();
        tokens.refresh_token = refresh_token.map(Secret::new);
        let expires_at = time(token, "expiresAt");
        tokens.expires_in = expires_at.and_then(|end| u32::try_from(end.saturating_sub(now)).ok());
        let raw = |name: &str| facts.members().iter().find(|member| &*member.name == name).map(|member| member.raw);
        if let Some(more) = raw("claims") {
            let there = id_token.as_deref().and_then(payload);
            tokens.claims = join_claims(more, there.as_deref().unwrap_or("{}"), |_| true);
        }
        tokens.id_token = id_token.map(Secret::new);
        Some(Self {
            begun: time(&facts, "begun")?,
            ends: time(&facts, "ends")?,
            idle: time(&facts, "idle")?,
            turn: time(&facts, "turn")?,
            tokens,
            expires_at,
            data: raw("data").map(String::from),
            key: facts.text("key").map(String::from),
        })
    }
}

/// The payload of a JWT that was verified when it was sealed.
fn payload(token: &str) -> Option<String> {
    String::from_utf8(base64url_decode(token.split('.').nth(1)?)?).ok()
}

/// Claims, and beneath them those of others that are wanted.
fn join_claims(over: &str, under: &str, wanted: impl Fn(&str) -> bool) -> Option<Claims> {
    let (over, _) = Value::parse_claims(over).ok()?;
    let (under, _) = Value::parse_claims(under).ok()?;
    let mut json = Writer::new();
    for member in under.members() {
        if wanted(&member.name) && !over.members().iter().any(|other| other.name == member.name) {
            json.raw(&member.name, member.raw);
        }
    }
    for member in over.members() {
        json.raw(&member.name, member.raw);
    }
    Claims::from_stored(&json.take()).ok()
}
