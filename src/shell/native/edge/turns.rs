//! What the renewal of a session asks of the store that processes share, carried out: its lock, what is kept there, and how what came
//! is written.
//!
//! docs/formats.md, "Records of sessions". What is done in which order, the core's machine decides. Waits for no lock for ever.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::keeper::{Held, LEASE, name_of};
use super::kept::Kept;
use super::renewal::Came;
use super::site::Site;
use crate::flow::machine::{Failure, Input};
use crate::flow::step::{Record, Step};
use crate::ground::error::{Error, ErrorKind, Result};
use crate::ground::secret::Secret;
use crate::shell::native::driver::{Asked, alone};
use crate::shell::native::sending::BoxFuture;
use crate::shell::native::store::TokenStore;

/// A session's place in a store, while its tokens are renewed.
#[derive(Clone)]
pub(crate) struct InStore(Arc<Inner>);

struct Inner {
    site: Arc<Site>,
    store: Arc<dyn TokenStore>,
    held: Held,
    name: String,
    /// When the lock is waited for no more.
    until: u64,
    seen: Mutex<Seen>,
}

struct Seen {
    kept: Option<Kept>,
    fence: Option<String>,
    /// Milliseconds until the next look at a lock that others have.
    wait: u64,
    trouble: Option<Error>,
}

impl InStore {
    pub(crate) fn new(site: Arc<Site>, store: Arc<dyn TokenStore>, held: Held) -> Self {
        let name = name_of("session", &site.binding, &held.id);
        let lease = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
        let until = site.client.0.driver.ticks().saturating_add(lease.saturating_mul(2));
        let seen = Mutex::new(Seen { kept: Some(held.kept.clone()), fence: None, wait: 20, trouble: None });
        Self(Arc::new(Inner { site, store, held, name, until, seen }))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews it; what is kept then, nothing where it is gone.
    pub(crate) async fn renew(self) -> Result<Option<Kept>> {
        let (turning, storing) = (self.clone(), self.clone());
        let turns = move |asked| -> BoxFuture<'_, Result<Input>> {
            let this = turning.clone();
            Box::pin(async move {
                let Asked::Turn(step) = asked else { return alone(asked) };
                Ok(this.carry(step).await.unwrap_or_else(|error| this.failed(error)))
            })
        };
        let store = move |text: Secret| -> BoxFuture<'static, Result<()>> {
            let this = storing.clone();
            Box::pin(async move { this.write(text).await })
        };
        let Inner { site, held, name, .. } = &*self.0;
        let outcome = site.client.renew_session(&held.kept.told(), Some(name), &store, &turns).await;
        let mut seen = self.seen();
        outcome.map(|()| seen.kept.take()).map_err(|error| match seen.trouble.take() {
            // What the store came to says more.
            Some(trouble) if error.kind() == ErrorKind::Unavailable => trouble,
            _ => error,
        })
    }

    fn failed(&self, error: Error) -> Input {
        self.seen().trouble = Some(error);
        Input::Failed(Failure::Store)
    }

    async fn write(&self, text: Secret) -> Result<()> {
        let Inner { site, held, .. } = &*self.0;
        let (came, lives, now) = (Came::read(text), site.lives, site.now());
        match site.change(held, Box::new(move |kept| kept.with(came.clone(), lives, now))).await {
            Ok((_, kept)) => {
                self.seen().kept = kept;
                Ok(())
            }
            Err(error) => {
                self.seen().trouble = Some(error.clone());
                Err(error)
            }
        }
    }

    async fn carry(&self, step: Step<()>) -> Result<Input> {
        let Inner { site, store, name, until, .. } = &*self.0;
        let driver = &site.client.0.driver;
        Ok(match step {
            Step::Load(_) => Input::Loaded(self.found(site.ask_store(store.read(name)).await?.map(|kept| kept.text))),
            Step::Lock(_) => match site.ask_store(store.lock(name, LEASE)).await? {
                Some(lock) => {
                    self.seen().fence = Some(lock.fence);
                    Input::Locked(self.found(lock.kept.map(|kept| kept.text)))
                }
                None if driver.ticks() > *until => Input::Failed(Failure::Timeout),
                None => {
                    let wait = self.seen().wait;
                    driver.sleep(Duration::from_millis(wait)).await;
                    self.seen().wait = wait.saturating_mul(3).saturating_div(2).min(250);
                    Input::Failed(Failure::Held)
                }
            },
            _ => {
                let fence = self.seen().fence.take();
                if let Some(fence) = fence {
                    // Where it fails, the lock ends by itself.
                    let _ = site.ask_store(store.unlock(name, &fence)).await;
                }
                Input::Unlocked
            }
        })
    }

    /// What the machine is told of what was found.
    fn found(&self, text: Option<Secret>) -> Option<Record> {
        let kept = self.0.site.opened_record(&self.0.name, text.as_ref());
        let told = kept.as_ref().map(Kept::told);
        self.seen().kept = kept;
        told.map(|text| Record { text, ends: 0 })
    }
}
