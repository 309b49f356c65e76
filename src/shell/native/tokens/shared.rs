//! A store as a token source uses it: each operation with a time limit, and none at all for a while after one failed.
//!
//! A store that is down, slow or lost costs a question of each process's own; it never costs a token.
//! Refuses to wait for a store longer than a second.

use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use crate::ground::secret::Secret;
use crate::protocol::token_cache::Millis;
use crate::shell::native::driver::{Driver, within};
use crate::shell::native::store::{Kept, Lock, StoreError, StoreFuture, TokenStore};

/// Hears of a store that fails.
pub(crate) type Hearing = Arc<dyn Fn(&StoreError) + Send + Sync>;

/// How long one operation may take.
const LIMIT: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Millis = 30_000;
/// What is allowed for on top of a question's time before somebody else takes over.
const SLACK: Millis = 2_000;

pub(crate) struct Shared {
    pub(crate) store: Option<Arc<dyn TokenStore>>,
    pub(crate) hear: Option<Hearing>,
    driver: Driver,
    pub(crate) question: Millis,
    /// Failures in a row, and until when nothing is asked.
    down: Mutex<(u32, Millis)>,
}

impl Shared {
    /// No store.
    pub(crate) fn none(driver: &Driver, question: Millis) -> Self {
        Self { store: None, hear: None, driver: driver.clone(), question, down: Mutex::default() }
    }

    /// The same store, of which nothing is known yet.
    pub(crate) fn unused(&self) -> Self {
        Self { store: self.store.clone(), hear: self.hear.clone(), ..Self::none(&self.driver, self.question) }
    }

    /// How long a lock lasts: a process that dies while it asks keeps others waiting no longer.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.question.saturating_add(SLACK))
    }

    /// What an operation answers; nothing where there is no store, or none that answers.
    async fn run<'a, T>(
        &self,
        operation: impl FnOnce(&'a dyn TokenStore) -> StoreFuture<'a, T>,
        store: Option<&'a Arc<dyn TokenStore>>,
    ) -> Option<T> {
        let store = store?;
        let down = || self.down.lock().unwrap_or_else(PoisonError::into_inner);
        if self.driver.ticks() < down().1 {
            return None;
        }
        let mut patience = self.driver.sleep(LIMIT);
        let error = match within(&mut patience, operation(&**store)).await {
            Some(Ok(answer)) => {
                down().0 = 0;
                return Some(answer);
            }
            Some(Err(error)) => error,
            None => StoreError::new("the store did not answer in time"),
        };
        {
            let mut down = down();
            let pause = 1_000u64.saturating_mul(1 << down.0.min(5)).min(LONGEST_PAUSE);
            *down = (down.0.saturating_add(1), self.driver.ticks().saturating_add(pause));
        }
        if let Some(hear) = &self.hear {
            hear(&error);
        }
        None
    }

    pub(crate) async fn read(&self, hash: &str) -> Option<Option<Kept>> {
        self.run(|store| store.read(hash), self.store.as_ref()).await
    }

    pub(crate) async fn lock(&self, hash: &str) -> Option<Option<Lock>> {
        let lease = self.lease();
        self.run(|store| store.lock(hash, lease), self.store.as_ref()).await
    }

    pub(crate) async fn unlock(&self, hash: &str, fence: Option<&String>) {
        if let Some(fence) = fence {
            self.run(|store| store.unlock(hash, fence), self.store.as_ref()).await;
        }
    }

    /// Keeps what there is to keep, and unlocks. A lock that was lost meanwhile keeps nothing; the token is good all the same.
    pub(crate) async fn write(&self, hash: &str, fence: Option<&String>, (text, life): (Secret, Duration)) {
        let Some(fence) = fence else { return };
        if life.is_zero() {
            return self.unlock(hash, Some(fence)).await;
        }
        self.run(|store| store.write(hash, fence, &text, life), self.store.as_ref()).await;
    }
}
