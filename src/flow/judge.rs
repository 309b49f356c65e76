//! What turns an answer into an outcome, and what it is judged by: expectations, keys, and what was kept of an earlier login.
//!
//! RFC 6749 section 5, OIDC Core section 3.1.3.7.
//! Refuses keys that do not fit, and an answer to nothing.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::keys::JwksTimes;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::ground::json::Value;
use crate::ground::lean::{LOGINS, NPM};
use crate::ground::secret::Secret;
use crate::ground::text::{base64url_decode, cut};
use crate::jose::alg::Hash;
use crate::jose::certified;
use crate::jose::{Algorithm, Encryption, Jwk, jwks};
use crate::protocol::client::Registration;
use crate::protocol::endpoint::Development;
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::id_token::rules::IdTokenRules;
use crate::protocol::profile::Rules;
use crate::protocol::token::Expectation;

/// What an answer is judged against.
pub(crate) struct Context {
    pub(crate) expectation: Expectation,
    pub(crate) id_token: IdTokenRules,
    /// The login's id_token, at a refresh: it stays where the answer has none.
    pub(crate) kept: Option<Secret>,
    /// The server's key set, when it is known.
    pub(super) jwks: Option<String>,
    /// When it was asked for; `None` where the caller has not said.
    pub(super) jwks_at: Option<JwksTimes>,
    pub(super) jwks_uri: Option<String>,
    pub(super) development: Development,
    pub(super) fetched: bool,
    /// The refresh token that came with the answer.
    pub(crate) renewed: Option<Secret>,
    /// Whether the refresh token that was sent stays.
    pub(super) kept_refresh: bool,
    /// Whether a refresh token that came is to be stored before anything else of the answer is judged.
    pub(super) storing: bool,
    /// Whether a login without claims takes no id_token even where the server's keys are not known, and it would stay unread.
    pub(super) of_session: bool,
    /// Whether the shell finds the server's keys.
    pub(super) keys_outside: bool,
    /// A name for the code or refresh token that is sent.
    pub(crate) spends: Option<(Spent, String)>,
    /// Whether the shell makes the digests that the npm wasm does not carry.
    pub(super) digests_outside: bool,
    /// How many of the values that a token has hashes of were seen to.
    pub(super) hashed: usize,
    pub(super) session_end: Vec<String>,
    pub(super) keys_by_x5t: bool,
    /// The answer that was judged, where it cannot be asked for again.
    pub(super) answer: Option<Secret>,
    /// How the server encrypts for this client, where it does.
    pub(crate) encryption: Option<Encryption>,
    /// What a refusal says in the provider's own words.
    pub(crate) told: fn(Error) -> Error,
    /// What the provider does differently.
    pub(super) rules: &'static Rules,
}

impl Context {
    pub(crate) fn new(client: &Registration) -> Box<Self> {
        let profile = &client.profile;
        let mut id_token = IdTokenRules::new(profile.issuer.as_str(), client.client_id.as_str());
        let named = profile.requests.signing_algorithms.iter().filter_map(|name| Algorithm::from_name(name));
        if !profile.requests.signing_algorithms.is_empty() {
            id_token.algorithms = named.collect();
        }
        id_token.auth_time_text = profile.requests.auth_time_text;
        Box::new(Self {
            expectation: Expectation {
                expires_in_string: profile.requests.expires_in_string,
                default_token_type: profile.requests.default_token_type,
                scope_list: profile.requests.scope_list,
                encrypted: profile.requests.encryption.is_some(),
                ..Expectation::default()
            },
            id_token,
            told: core::convert::identity,
            kept: None,
            jwks: None,
            jwks_at: None,
            jwks_uri: profile.endpoints.jwks_uri.clone(),
            development: profile.development.clone(),
            fetched: false,
            renewed: None,
            kept_refresh: false,
            storing: false,
            of_session: false,
            keys_outside: false,
            spends: None,
            digests_outside: false,
            hashed: 0,
            session_end: profile.requests.session_end.clone(),
            keys_by_x5t: profile.requests.keys_by_x5t,
            answer: None,
            encryption: profile.requests.encryption.clone(),
            rules: profile.rules,
        })
    }

    /// At a refresh, the codes by which the provider says that the session is over become that.
    pub(crate) fn end_with(&self, error: Error, response: &Response) -> Error {
        match error.oauth() {
            Some(oauth) if self.expectation.refresh_token.is_some() && self.session_end.iter().any(|code| oauth.is(code)) => {
                Error::new(&codes::SESSION_ENDED).oauth_error(oauth.clone()).http(response)
            }
            _ => error,
        }
    }

    /// The key of a set for a token.
    pub(super) fn select(&self, set: &str, token: &Unverified) -> Result<Jwk> {
        // The npm wasm has no SHA-1: its shell chooses such keys.
        if !NPM && self.keys_by_x5t {
            return certified::select(set, token.alg(), token.kid(), token.x5t()?.as_deref());
        }
        jwks::select(set, token.alg(), token.kid())
    }

    /// Whether signatures of the server's can be verified at all.
    pub(crate) fn is_keyed(&self) -> bool {
        LOGINS && (self.keys_outside || (!NPM && (self.jwks.is_some() || self.jwks_uri.is_some())))
    }

    /// The refresh token of a refresh's answer, whatever else is wrong with it: the one that was sent is spent by now.
    pub(super) fn renew(&mut self, response: &Response) {
        let Some(sent) = self.expectation.refresh_token.as_ref().filter(|_| response.status == 200) else { return };
        let found = Value::newest(response.body.expose(), "refresh_token").map(Secret::new);
        self.kept_refresh = found.as_ref().is_none_or(|found| found == sent);
        self.renewed = found.filter(|found| found != sent && crate::protocol::syntax::is_vschar(found.expose()));
    }

    /// What the shell is to hash next for the hashes in this token (OIDC Core section 3.1.3.6), and its place.
    pub(super) fn take_undigested(&mut self, token: Option<&str>) -> Option<(Hash, Secret, usize)> {
        let hash = token.filter(|_| self.digests_outside).and_then(hash_of).filter(|hash| hash.octets() > SHA_256)?;
        let rules = &self.id_token;
        while self.hashed < 3 {
            let place = self.hashed;
            self.hashed = place.saturating_add(1);
            let value = match place {
                0 => rules.access_token.clone(),
                1 => rules.code.clone(),
                _ => rules.state.as_deref().map(Secret::new),
            };
            if let Some(value) = value {
                return Some((hash, value, place));
            }
        }
        None
    }
}

/// When what a request carries is spent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    Sent,
    Answered,
}

/// Octets of the one digest that every build carries.
const SHA_256: usize = 32;

/// The hash of a token's algorithm; nothing for a token that cannot be read.
fn hash_of(token: &str) -> Option<Hash> {
    let header = base64url_decode(cut(token, b'.').0)?;
    let header = Value::parse(core::str::from_utf8(&header).ok()?)?;
    Algorithm::from_name(header.text("alg")?).map(|alg| alg.hash)
}

/// What reads an answer. A machine waits in whatever thread its host likes.
pub(crate) trait Reader: Send + Sync {
    /// Takes the answer; it is judged here as far as that needs no clock.
    fn answer(&mut self, response: &Response, context: &mut Context) -> Result<()>;

    /// The token whose hashes the answer's values must have.
    fn token(&self) -> Option<&str> {
        None
    }

    /// The token that came encrypted, until it was decrypted.
    fn encrypted_token(&self) -> Option<&str> {
        None
    }

    /// Takes the signed token that was in it.
    fn set_decrypted(&mut self, _token: &str) {}

    /// What must be verified before there is an outcome; its claims are checked already.
    fn take_unverified(&mut self, _context: &Context, _now: u64) -> Result<Option<Unverified>> {
        Ok(None)
    }

    /// Takes a signed object that is not sent anywhere.
    fn set_signed(&mut self, _object: &str) {}
}

/// What turns an answer into an outcome.
pub(crate) trait Judge<T>: Send + Sync {
    /// What reads the answer for it.
    fn reader(&mut self) -> &mut dyn Reader;

    /// The outcome, with the claims of what was verified.
    fn finish(&mut self, claims: Option<Claims>, now: u64) -> Result<T>;
}

/// Texts of a list, borrowed.
pub(crate) fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

pub(crate) fn used_error() -> Error {
    Error::new(&codes::TRANSACTION_USED).at(Phase::Token)
}
