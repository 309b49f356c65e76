//! Tokens that are still good: requirement FK3 forbids asking for another one meanwhile.
//!
//! HelseID "Funksjonelle krav" FK3: by resource and scope, until `expires_in`; organisations have tokens of their own.
//! Refuses to keep a token that lacks scopes, and one whose end nobody knows.

use alloc::vec::Vec;

use super::{Granted, TokenRequest};

/// Seconds before its end from which on a token counts as ended: it has to arrive, too.
const MARGIN: u64 = 10;
/// Requests whose tokens are kept; the oldest go first.
const MOST: usize = 256;

/// Tokens by what was asked for. One for each client (and, for logins, for each person).
#[derive(Clone, Debug, Default)]
pub struct TokenCache {
    kept: Vec<(TokenRequest, u64, Granted)>,
}

impl TokenCache {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token of an earlier answer to the same request, when it is good for a while yet.
    pub fn get(&self, request: &TokenRequest, now: u64) -> Option<&Granted> {
        let found = self.kept.iter().find(|(asked, _, _)| asked.is_same(request));
        found.filter(|(_, end, _)| now.saturating_add(MARGIN) < *end).map(|(_, _, granted)| granted)
    }

    /// Keeps an answer that came at `now`.
    pub fn put(&mut self, request: &TokenRequest, granted: &Granted, now: u64) {
        self.kept.retain(|(asked, end, _)| !asked.is_same(request) && *end > now);
        let Some(seconds) = granted.tokens.expires_in else { return };
        // Kept, it would look whole to whoever asks next.
        if !granted.missing_scope.is_empty() {
            return;
        }
        if self.kept.len() >= MOST {
            self.kept.remove(0);
        }
        self.kept.push((request.clone(), now.saturating_add(u64::from(seconds)), granted.clone()));
    }

    /// Forgets all: after a change of keys, or of whom the client acts for.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}
