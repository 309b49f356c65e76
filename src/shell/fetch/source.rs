//! Tokens kept until shortly before they end, on wasm: one question for all callers, and pauses by the host's timers.
//!
//! RFC 6749 section 5.1, `Retry-After` of RFC 9110 section 10.2.3; the rules are those of [`TokenCache`].
//! Refuses a token past its end, and a question to a server that is to be left alone.

use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client::Client;
use super::{drawn, host};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::token_cache::{Decision, Fault, Millis, Policy, TokenCache};
use crate::{ClientCredentials, Tokens};

/// Milliseconds for which one caller waits at most.
const PATIENCE: Millis = 30_000;
/// Milliseconds after which somebody who waits looks again.
const LOOK: Millis = 50;

/// Gives a client's own tokens. A cheap clone, `Send + Sync`; clones share what is kept.
///
/// ```no_run,standalone_crate
/// # use samtykke::{ClientCredentials, Result, fetch::{Client, TokenSource}};
/// # async fn token(client: &Client) -> Result<()> {
/// let source = TokenSource::new(client);
/// let tokens = source.get("read", async |client| client.client_credentials(&ClientCredentials::new("read"), &Default::default()).await).await?;
/// # let _ = tokens;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TokenSource {
    client: Client,
    cache: Arc<Mutex<(TokenCache, Option<Error>)>>,
}

impl core::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TokenSource(…)")
    }
}

impl TokenSource {
    /// Asks by this client.
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), cache: Arc::new(Mutex::new((TokenCache::new(Policy::default()), None))) }
    }

    fn cache(&self) -> MutexGuard<'_, (TokenCache, Option<Error>)> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token by `client_credentials` for a scope.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn scope(&self, scope: &str) -> Result<Tokens> {
        let grant = ClientCredentials::new(scope);
        self.get(scope, async |client| client.client_credentials(&grant, &Default::default()).await).await
    }

    /// The token of a name: one that ends no sooner than a minute, or what `ask` gives, which one caller runs for all. While the server
    /// has trouble, the last error, without asking before the pause is over.
    ///
    /// # Errors
    /// Those of `ask`; `timeout` when patience ends.
    pub async fn get(&self, name: &str, ask: impl AsyncFn(&Client) -> Result<Tokens>) -> Result<Tokens> {
        let start = host::ticks();
        loop {
            let now = host::ticks();
            let wait = match self.cache().0.decide(name, now) {
                Decision::Fresh(tokens) => return Ok(tokens.clone()),
                Decision::Ask => None,
                Decision::Wait { until } => Some(until),
            };
            let Some(until) = wait else {
                let lease = Lease { source: self, name };
                let outcome = ask(&self.client).await;
                core::mem::forget(lease);
                return self.landed(name, outcome);
            };
            // A server that is left alone says why; a question that is on its way is waited for.
            let known = self.cache().1.clone();
            if let Some(error) = known.filter(|_| until > now.saturating_add(PATIENCE)) {
                return Err(error);
            }
            if now.saturating_sub(start) > PATIENCE {
                return Err(self.cache().1.clone().unwrap_or_else(|| Error::new(&codes::TIMEOUT).at(Phase::Token)));
            }
            host::pause(u32::try_from(until.saturating_sub(now).clamp(1, LOOK)).unwrap_or(1)).await;
        }
    }

    fn landed(&self, name: &str, outcome: Result<Tokens>) -> Result<Tokens> {
        let mut random = [0; 2];
        drawn(&mut random)?;
        let (now, random) = (host::ticks(), u16::from_ne_bytes(random));
        let mut cache = self.cache();
        match &outcome {
            Ok(tokens) => {
                cache.1 = None;
                cache.0.keep(name, tokens.clone(), now, random);
            }
            Err(error) => {
                cache.1 = Some(error.clone());
                let wished = error.retry_after_at(host::now()).map(u64::from);
                cache.0.fail(name, Fault::of(error), wished, now, random);
            }
        }
        outcome
    }

    /// When an API refused this token: whether to call it once more with what [`get`](Self::get) gives.
    pub fn refuse(&self, name: &str, refused: &Tokens) -> bool {
        self.cache().0.refuse(name, refused.access_token.expose(), host::ticks())
    }
}

/// Whoever asks and is dropped leaves the question to the next one.
struct Lease<'a> {
    source: &'a TokenSource,
    name: &'a str,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let dropped = Error::new(&codes::ABORTED).at(Phase::Token);
        self.source.cache().0.fail(self.name, Fault::of(&dropped), Some(0), host::ticks(), 0);
    }
}

const _: () = {
    const fn held<T: Send + Sync + 'static>() {}
    held::<TokenSource>();
};
