//! A session as the application sees it.
//!
//! Refuses to show the refresh token: only the edge spends it.

use alloc::string::String;
use alloc::sync::Arc;

use super::kept::Kept;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;

/// Who is logged in, and the tokens to act for them. An axum extractor: without a session a navigation goes to the login and comes back,
/// anything else is answered 401; a store that is down is answered 503. `Option<Session>` takes both. A cheap clone.
#[derive(Clone)]
pub struct Session(Arc<Kept>);

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Session(…)")
    }
}

impl Session {
    pub(crate) fn of(mut kept: Kept) -> Self {
        kept.tokens.refresh_token = None;
        Self(Arc::new(kept))
    }

    /// The verified id_token's claims, where there was one.
    pub fn claims(&self) -> Option<&Claims> {
        self.0.tokens.claims.as_ref()
    }

    /// The tokens, for APIs and userinfo; no refresh token is among them.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// When the access token ends, in seconds since 1970, where the server said so.
    pub fn token_expires_at(&self) -> Option<u64> {
        self.0.expires_at
    }

    /// When the person logged in, in seconds since 1970.
    pub fn begun_at(&self) -> u64 {
        self.0.begun
    }

    /// When the session ends whatever happens, in seconds since 1970.
    pub fn expires_at(&self) -> u64 {
        self.0.ends
    }

    /// When it ends without use, in seconds since 1970.
    pub fn idle_at(&self) -> u64 {
        self.0.idle
    }

    /// What the application remembered with it, as JSON: written by the package's `edge.keep` or `onSession`.
    pub fn data(&self) -> Option<String> {
        self.0.data.clone()
    }
}
