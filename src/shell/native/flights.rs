//! One piece of work for all who want its outcome at once, and for who comes back for it after breaking off.
//!
//! Refuses to start work that is on its way, or whose good outcome is still fresh.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::ground::error::{Error, Result, codes};
use crate::shell::native::driver::Driver;

/// Milliseconds for which a good outcome is kept for whoever asks again.
const KEPT: u64 = 600_000;
/// Outcomes that are kept.
const MOST: usize = 10_000;

struct Flight<T> {
    outcome: watch::Receiver<Option<Result<T>>>,
    started: u64,
}

/// Work by name.
pub(crate) struct Flights<T>(Arc<Mutex<BTreeMap<String, Flight<T>>>>);

impl<T> Clone for Flights<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// The outcome of this name's work; it is started where none is on its way, in a task that outlives whoever asks.
    ///
    /// # Errors
    /// Those of the work; `aborted` where its task ended without an outcome.
    pub(crate) async fn join<F>(&self, driver: &Driver, name: String, work: impl FnOnce() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let now = driver.ticks();
        let mut outcome = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            flights.retain(|_, flight| {
                let failed = matches!(&*flight.outcome.borrow(), Some(Err(_)));
                let gone = flight.outcome.has_changed().is_err() && flight.outcome.borrow().is_none();
                !failed && !gone && now < flight.started.saturating_add(KEPT)
            });
            if flights.len() >= MOST
                && let Some(oldest) = flights.iter().min_by_key(|(_, flight)| flight.started).map(|(name, _)| name.clone())
            {
                flights.remove(&oldest);
            }
            match flights.get(&name) {
                Some(flight) => flight.outcome.clone(),
                None => {
                    let (tell, told) = watch::channel(None);
                    let work = work();
                    driver.spawn(async move {
                        let outcome = work.await;
                        tell.send_replace(Some(outcome));
                    });
                    flights.insert(name, Flight { outcome: told.clone(), started: now });
                    told
                }
            }
        };
        let landed = outcome.wait_for(Option::is_some).await;
        let lost = || Error::new(&codes::ABORTED).expected("a runtime, and a task that ends");
        landed.ok().and_then(|outcome| outcome.clone()).unwrap_or_else(|| Err(lost()))
    }
}
