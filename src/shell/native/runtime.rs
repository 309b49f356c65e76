//! What the shell needs of its surroundings beside HTTP: tasks, timers, two clocks. Tokio's are the default.
//!
//! Refuses to panic where no runtime is: a task that cannot be spawned is dropped, and whoever waits for it is told.

use alloc::boxed::Box;
use core::time::Duration;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::shell::native::sending::BoxFuture;

/// Tasks, timers and clocks.
pub trait Runtime: Send + Sync {
    /// Runs a task to its end, whether or not anybody waits for it.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Lets so much time pass.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Time since 1970, by the clock that people set.
    fn wall(&self) -> Duration;

    /// Time since any start, by a clock that nobody sets.
    fn monotonic(&self) -> Duration;
}

/// The tokio runtime of whoever calls, with its timers, and the system's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

/// The start of the monotonic clock.
static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();

impl Runtime for Tokio {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(task);
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // Outside a runtime no time passes, so a wait there is over at once, and says so as a timeout.
            if tokio::runtime::Handle::try_current().is_ok() {
                tokio::time::sleep(duration).await;
            }
        })
    }

    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        START.get_or_init(Instant::now).elapsed()
    }
}

/// Random octets of the system's.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut octets = Zeroizing::new([0; N]);
    let none = |_| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Runtime).expected("randomness from the system");
    getrandom::fill(&mut *octets).map_err(none)?;
    Ok(octets)
}
