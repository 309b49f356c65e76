//! A store in this process's memory: for tests, and for programs of one process.
//!
//! Refuses to keep more than it has room for: what ends first goes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Kept, Lock, StoreFuture, TokenStore};
use crate::ground::secret::Secret;
use crate::shell::native::runtime::{Runtime, Tokio};

/// Names that are kept.
const MOST: usize = 100_000;

#[derive(Default)]
struct State {
    texts: BTreeMap<String, (Secret, Duration)>,
    locks: BTreeMap<String, (String, Duration)>,
    fences: u64,
}

/// Texts and locks in memory. A cheap clone, which shares them.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Runtime>,
}

impl core::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MemoryStore(…)")
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { state: Arc::default(), clock: Arc::new(Tokio) }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// By another clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Runtime + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self, life: Duration) -> Duration {
        self.clock.monotonic().saturating_add(life)
    }
}

impl State {
    fn kept(&self, name: &str, now: Duration) -> Option<Kept> {
        let (text, ends) = self.texts.get(name)?;
        let left = ends.checked_sub(now).filter(|left| !left.is_zero())?;
        Some(Kept { text: text.clone(), left })
    }

    fn holds(&self, name: &str, fence: &str, now: Duration) -> bool {
        self.locks.get(name).is_some_and(|(held, ends)| held == fence && now < *ends)
    }

    fn put(&mut self, name: &str, text: &Secret, ends: Duration, now: Duration) {
        if self.texts.len() >= MOST && !self.texts.contains_key(name) {
            self.texts.retain(|_, (_, ends)| now < *ends);
            let first = self.texts.iter().min_by_key(|(_, (_, ends))| *ends).map(|(name, _)| name.clone());
            if let Some(first) = first.filter(|_| self.texts.len() >= MOST) {
                self.texts.remove(&first);
            }
        }
        self.texts.insert(name.into(), (text.clone(), ends));
    }
}

impl TokenStore for MemoryStore {
    fn read<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Kept>> {
        Box::pin(async move { Ok(self.state().kept(name, self.clock.monotonic())) })
    }

    fn lock<'a>(&'a self, name: &'a str, lease: Duration) -> StoreFuture<'a, Option<Lock>> {
        Box::pin(async move {
            let (now, ends) = (self.clock.monotonic(), self.ends(lease));
            let mut state = self.state();
            state.locks.retain(|_, (_, ends)| now < *ends);
            if state.locks.contains_key(name) {
                return Ok(None);
            }
            state.fences = state.fences.saturating_add(1);
            let fence = format!("{}", state.fences);
            state.locks.insert(name.into(), (fence.clone(), ends));
            Ok(Some(Lock { fence, kept: state.kept(name, now) }))
        })
    }

    fn write<'a>(&'a self, name: &'a str, fence: &'a str, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let (now, ends) = (self.clock.monotonic(), self.ends(life));
            let mut state = self.state();
            let holds = state.holds(name, fence, now);
            if holds {
                state.locks.remove(name);
                state.put(name, text, ends, now);
            }
            Ok(holds)
        })
    }

    fn unlock<'a>(&'a self, name: &'a str, fence: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let now = self.clock.monotonic();
            let mut state = self.state();
            if state.holds(name, fence, now) {
                state.locks.remove(name);
            }
            Ok(())
        })
    }

    fn compare_and_set<'a>(&'a self, name: &'a str, before: Option<&'a Secret>, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let (now, ends) = (self.clock.monotonic(), self.ends(life));
            let mut state = self.state();
            let same = state.kept(name, now).map(|kept| kept.text).as_ref() == before;
            if same {
                state.put(name, text, ends, now);
            }
            Ok(same)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.state().texts.remove(name);
            Ok(())
        })
    }

    fn is_shared(&self) -> bool {
        false
    }
}
