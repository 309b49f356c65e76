//! A token for a target whenever one is wanted, and one question to the server for all who want it.
//!
//! Tasks of this process share a flight, processes share a store's lock. Lifetimes of RFC 6749 section 5.1, `Retry-After` of RFC 9110
//! section 10.2.3, a refused token of RFC 6750 section 3.1. Every wait has an end: a lease, a time limit, the caller's patience.
//! Refuses a token past its end, and a question to a server that is to be left alone.

mod entry;
mod flight;
mod shared;
mod state;
mod wanted;

pub use wanted::Wanted;

use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::Mutex;

use tokio::sync::watch;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::grant::{ClientCredentials, Target};
use crate::protocol::token::Tokens;
use crate::protocol::token_cache::Millis;
use crate::shell::native::client::Client;
use crate::shell::native::driver::within;
use crate::shell::native::sending::BoxFuture;
use crate::shell::native::store::{StoreError, TokenStore};
use flight::fly;
use shared::Shared;
use state::{Settings, Source, late};

/// Gives tokens, kept until shortly before they end. A cheap clone, `Send + Sync`; clones share what is kept.
///
/// ```
/// use samtykke::native::{Client, TokenSource, Wanted};
/// use samtykke::{ClientAuthentication, Profile};
/// # use samtykke::native::testing::Scripted;
/// # fn main() -> samtykke::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let http = Scripted::new().json(200, r#"{"access_token":"x","token_type":"Bearer","expires_in":3600}"#);
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Client::with_profile(profile, "client-1").authentication(ClientAuthentication::secret_basic("correct horse"));
/// # let client = client.http(http);
/// let source = TokenSource::new(&client.build().await?);
/// let tokens = source.get("read").await?;
/// assert_eq!(source.get(Wanted::new("read")).await?.access_token, tokens.access_token); // kept
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct TokenSource(Arc<Source>);

impl core::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TokenSource(…)")
    }
}

/// What a caller does now.
enum Now {
    Take(Tokens),
    Fail(Error),
    Await(watch::Receiver<Option<Result<Tokens>>>),
}

impl TokenSource {
    /// Asks for tokens of the client's own (`client_credentials`).
    pub fn new(client: &Client) -> Self {
        let inner = client.clone();
        Self::with_request(client, "", move |wanted| {
            let client = inner.clone();
            alloc::boxed::Box::pin(async move {
                let mut target = Target::new();
                for resource in &wanted.resource {
                    target = target.resource(resource.as_str());
                }
                for audience in &wanted.audience {
                    target = target.audience(audience.as_str());
                }
                for (name, value) in &wanted.parameters {
                    target = target.parameter(name.as_str(), value.as_str());
                }
                if !wanted.organisation.is_empty() || !wanted.subject.is_empty() {
                    let error = Error::new(&codes::INVALID_PARAMETER).at(Phase::Token);
                    return Err(error.expected("organisation and subject only where the provider has a place for them"));
                }
                client.client_credentials(&ClientCredentials::new(wanted.scope.as_str()), &target).await
            })
        })
    }

    /// Asks in another way; `key` names the key that the statements of a grant are signed with.
    pub(crate) fn with_request(
        client: &Client,
        key: &str,
        ask: impl Fn(Wanted) -> BoxFuture<'static, Result<Tokens>> + Send + Sync + 'static,
    ) -> Self {
        let driver = client.0.driver.clone();
        let settings = Settings { margin: 60_000, question: 10_000, patience: 30_000, retries: 2, unknown_life: 60_000, most: 10_000 };
        Self(Arc::new(Source {
            base: wanted::base(client, key),
            credential: wanted::credential(client, key),
            ephemeral: client.0.keys.is_ephemeral(),
            ask: Arc::new(ask),
            shared: Shared::none(&driver, settings.question),
            driver,
            settings,
            state: Mutex::default(),
        }))
    }

    fn with(self, change: impl FnOnce(&mut Source)) -> Self {
        let mut source = self.0.unused();
        change(&mut source);
        source.shared.question = source.settings.question;
        Self(Arc::new(source))
    }

    /// Shares tokens with other processes by this store.
    ///
    /// # Errors
    /// `invalid_configuration` where tokens are bound to a key that was made at start: the others could not use them.
    pub fn store(self, store: impl TokenStore + 'static) -> Result<Self> {
        if self.0.ephemeral && store.is_shared() {
            let error = Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token);
            return Err(error.expected("a DPoP key that all processes have, with a store that they share"));
        }
        Ok(self.with(|source| source.shared.store = Some(Arc::new(store))))
    }

    /// Hears of a store that fails. Tokens still come, each process asking for itself.
    #[must_use]
    pub fn on_store_error(self, hear: impl Fn(&StoreError) + Send + Sync + 'static) -> Self {
        self.with(|source| source.shared.hear = Some(Arc::new(hear)))
    }

    /// How long before its end a token is replaced, and up to a fifth more by chance; half of a shorter life. A minute unless given.
    #[must_use]
    pub fn margin(self, margin: Duration) -> Self {
        self.with(|source| source.settings.margin = millis(margin))
    }

    /// How long one question to the server may take; ten seconds unless given.
    #[must_use]
    pub fn question_timeout(self, timeout: Duration) -> Self {
        self.with(|source| source.settings.question = millis(timeout))
    }

    /// How long one [`get`](Self::get) takes at most; half a minute unless given.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        self.with(|source| source.settings.patience = millis(patience))
    }

    /// How often a question is put again after trouble: no answer, 429, 5xx. Twice unless given.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        self.with(|source| source.settings.retries = retries)
    }

    /// How long a token is kept whose end the server does not say; a minute unless given.
    #[must_use]
    pub fn unknown_life(self, life: Duration) -> Self {
        self.with(|source| source.settings.unknown_life = millis(life))
    }

    /// A token that ends no sooner than the margin, if the server is well. While it has trouble, the token there is as long as it
    /// lives, then the error, without asking before the pause is over. What comes from a store has neither id_token nor claims.
    ///
    /// # Errors
    /// As the grant; `timeout` when patience ends.
    pub async fn get(&self, wanted: impl Into<Wanted>) -> Result<Tokens> {
        let wanted = wanted.into();
        let name = wanted.name(&self.0.base);
        let deadline = self.0.driver.ticks().saturating_add(self.0.settings.patience);
        let mut patience = self.0.driver.sleep(Duration::from_millis(self.0.settings.patience));
        loop {
            match self.decide(&name, &wanted, deadline) {
                Now::Take(tokens) => return Ok(tokens),
                Now::Fail(error) => return Err(error),
                Now::Await(mut flight) => match within(&mut patience, flight.wait_for(Option::is_some)).await {
                    None => return Err(late()),
                    Some(Ok(landed)) => {
                        if let Some(outcome) = &*landed {
                            return outcome.clone();
                        }
                    }
                    // Whoever asked has gone: it panicked, or there is no runtime.
                    Some(Err(_)) => return Err(Error::new(&codes::ABORTED).at(Phase::Token).expected("a runtime, and a task that ends")),
                },
            }
        }
    }

    /// As [`get`](Self::get), when an API refused this token: another one, asked for once however many saw the refusal. Within half a
    /// minute of the last time it answers the same token: then the API's trouble is another.
    ///
    /// # Errors
    /// As there.
    pub async fn renew(&self, wanted: impl Into<Wanted>, refused: &Tokens) -> Result<Tokens> {
        let wanted = wanted.into();
        let name = wanted.name(&self.0.base);
        let now = self.0.driver.ticks();
        let kept = self.0.state().entries.get_mut(&name).is_some_and(|entry| entry.has(refused) && !entry.refuse(now));
        if kept { Ok(refused.clone()) } else { self.get(wanted).await }
    }

    /// What there is, or the flight that all wait for; it is started where there is none.
    fn decide(&self, name: &str, wanted: &Wanted, deadline: Millis) -> Now {
        let source = &self.0;
        let now = source.driver.ticks();
        let mut state = source.state();
        let entry = state.entry(name, source.settings.most);
        if let Some(tokens) = entry.fresh(now) {
            return Now::Take(tokens);
        }
        let flying = entry.flight.clone().filter(|flight| flight.has_changed().is_ok() && flight.borrow().is_none());
        let valid = entry.valid(now);
        if flying.is_none()
            && entry.alone(now)
            && let Some(error) = &entry.error
        {
            return valid.map_or_else(|| Now::Fail(error.clone()), Now::Take);
        }
        let flight = flying.unwrap_or_else(|| {
            let (tell, told) = watch::channel(None);
            entry.flight = Some(told.clone());
            let (source, name, wanted) = (source.clone(), String::from(name), wanted.clone());
            source.driver.clone().spawn(async move {
                let outcome = fly(&source, &name, wanted, deadline).await;
                tell.send_replace(Some(outcome));
            });
            told
        });
        valid.map_or(Now::Await(flight), Now::Take)
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
