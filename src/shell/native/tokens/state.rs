//! What the clones of a source and its flights share.
//!
//! Refuses nothing itself.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::token::Tokens;
use crate::protocol::token_cache::Millis;
use crate::shell::native::driver::Driver;
use crate::shell::native::sending::BoxFuture;
use crate::shell::native::tokens::entry::Entry;
use crate::shell::native::tokens::shared::Shared;
use crate::shell::native::tokens::wanted::Wanted;

/// Asks for a token once, with a new assertion.
pub(crate) type Asking = Arc<dyn Fn(Wanted) -> BoxFuture<'static, Result<Tokens>> + Send + Sync>;

/// How a source works.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) margin: Millis,
    pub(crate) question: Millis,
    pub(crate) patience: Millis,
    pub(crate) retries: u32,
    pub(crate) unknown_life: Millis,
    pub(crate) most: usize,
}

/// What does not change once a source is used.
pub(crate) struct Source {
    /// The lines of issuer, client and key, with which each name begins.
    pub(crate) base: String,
    /// Names what the client authenticates with, where that has no public name; tells too little of it to find it out.
    pub(crate) credential: String,
    /// Whether the key that tokens are bound to lives no longer than this process.
    pub(crate) ephemeral: bool,
    pub(crate) ask: Asking,
    pub(crate) driver: Driver,
    pub(crate) settings: Settings,
    pub(crate) shared: Shared,
    pub(crate) state: Mutex<State>,
}

/// What does.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) entries: BTreeMap<String, Entry>,
    pub(crate) gate: Option<Gate>,
}

/// Trouble that is the server's rather than a target's: while it lasts, one target's question at a time goes out.
pub(crate) struct Gate {
    pub(crate) until: Millis,
    pub(crate) failures: u32,
    pub(crate) error: Error,
    /// Whose question met it.
    pub(crate) name: String,
}

impl Source {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same source, used by nobody yet.
    pub(crate) fn unused(&self) -> Self {
        Self {
            base: self.base.clone(),
            credential: self.credential.clone(),
            ephemeral: self.ephemeral,
            ask: self.ask.clone(),
            driver: self.driver.clone(),
            settings: self.settings.clone(),
            shared: self.shared.unused(),
            state: Mutex::default(),
        }
    }
}

impl State {
    /// The entry of a name; a new one finds room where others have nothing on its way.
    pub(crate) fn entry(&mut self, name: &str, most: usize) -> &mut Entry {
        if self.entries.len() >= most && !self.entries.contains_key(name) {
            let idle = |entry: &Entry| entry.flight.as_ref().is_none_or(|flight| flight.has_changed().is_err());
            let first = self.entries.iter().filter(|(_, entry)| idle(entry)).min_by_key(|(_, entry)| entry.ends());
            if let Some(first) = first.map(|(name, _)| name.clone()) {
                self.entries.remove(&first);
            }
        }
        self.entries.entry(name.into()).or_default()
    }
}

pub(crate) fn late() -> Error {
    Error::new(&codes::TIMEOUT).at(Phase::Token).retry(true)
}
