//! What was sent once and may not be sent again: codes, and refresh tokens that an answer came for.
//!
//! RFC 6749 section 4.1.2 (a code is used once), RFC 9700 section 4.14.2 (a refresh token that rotates). Names tell nothing of them.
//! Refuses a second claim of a name, but of the very machine that has it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::flow::machine::Spends;

/// Seconds for which a name is remembered: longer than any code lives.
const REMEMBERED: u64 = 3600;
/// Names that are remembered; the oldest go first.
const MOST: usize = 100_000;

/// Names of what is spent, and until when they are remembered.
#[derive(Default)]
pub(crate) struct Spent(Mutex<BTreeMap<String, u64>>);

impl Spent {
    fn names(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A machine's view of it.
    pub(crate) fn claim(&self) -> Claim<'_> {
        Claim { spent: self, own: None }
    }

    /// Remembers a name; whether it was unknown.
    fn take(&self, name: &str, now: u64) -> bool {
        let mut names = self.names();
        if names.get(name).is_some_and(|until| now < *until) {
            return false;
        }
        if names.len() >= MOST {
            names.retain(|_, until| now < *until);
            let oldest = names.iter().min_by_key(|(_, until)| **until).map(|(name, _)| name.clone());
            if let Some(oldest) = oldest.filter(|_| names.len() >= MOST) {
                names.remove(&oldest);
            }
        }
        names.insert(name.into(), now.saturating_add(REMEMBERED));
        true
    }
}

/// What one machine has spent.
pub(crate) struct Claim<'a> {
    spent: &'a Spent,
    own: Option<String>,
}

impl Claim<'_> {
    fn is_own(&self, name: &str) -> bool {
        self.own.as_deref() == Some(name)
    }

    fn take(&mut self, name: &str, now: u64) -> bool {
        if self.is_own(name) {
            return true;
        }
        let new = self.spent.take(name, now);
        if new {
            self.own = Some(name.into());
        }
        new
    }

    /// Before a request goes out: whether it may.
    pub(crate) fn before(&mut self, spends: Option<Spends<'_>>, now: u64) -> bool {
        match spends {
            Some(Spends::Sent(name)) => self.take(name, now),
            Some(Spends::Answered(name)) => self.is_own(name) || self.spent.names().get(name).is_none_or(|until| *until <= now),
            None => true,
        }
    }

    /// After it: with the status of the answer's head, 0 where none came.
    pub(crate) fn after(&mut self, spends: Option<Spends<'_>>, status: u16, now: u64) {
        if let (Some(Spends::Answered(name)), 200) = (spends, status) {
            self.take(name, now);
        }
    }

    /// What was sent is as good as it was.
    pub(crate) fn release(self) {
        if let Some(own) = self.own {
            self.spent.names().remove(&own);
        }
    }
}
