//! Any store, its texts sealed: whoever reads the store learns no token, and cannot move one to another name.
//!
//! docs/formats.md, "Stores". Refuses nothing: what no key opens counts as not there.

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use super::{Kept, Lock, StoreError, StoreFuture, TokenStore};
use crate::ground::secret::Secret;
use crate::shell::native::seal::SealKeys;

/// A store whose texts are sealed.
#[derive(Clone, Debug)]
pub struct Sealed<S> {
    store: S,
    keys: SealKeys,
}

impl<S: TokenStore> Sealed<S> {
    /// Seals what this store keeps.
    pub fn new(store: S, keys: SealKeys) -> Self {
        Self { store, keys }
    }

    fn seal(&self, name: &str, text: &Secret) -> core::result::Result<Secret, StoreError> {
        self.keys.seal(&purpose(name), text.expose().as_bytes()).map(Secret::new).map_err(StoreError::new)
    }

    fn open(&self, name: &str, kept: Option<Kept>) -> Option<Kept> {
        let kept = kept?;
        let octets = self.keys.open(&purpose(name), kept.text.expose())?;
        let text = core::str::from_utf8(&octets).ok().map(Secret::new)?;
        Some(Kept { text, left: kept.left })
    }
}

fn purpose(name: &str) -> String {
    let mut purpose = String::from("token ");
    purpose.push_str(name);
    purpose
}

impl<S: TokenStore> TokenStore for Sealed<S> {
    fn read<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Kept>> {
        Box::pin(async move { Ok(self.open(name, self.store.read(name).await?)) })
    }

    fn lock<'a>(&'a self, name: &'a str, lease: Duration) -> StoreFuture<'a, Option<Lock>> {
        Box::pin(async move {
            let lock = self.store.lock(name, lease).await?;
            Ok(lock.map(|lock| Lock { kept: self.open(name, lock.kept), fence: lock.fence }))
        })
    }

    fn write<'a>(&'a self, name: &'a str, fence: &'a str, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move { self.store.write(name, fence, &self.seal(name, text)?, life).await })
    }

    fn unlock<'a>(&'a self, name: &'a str, fence: &'a str) -> StoreFuture<'a, ()> {
        self.store.unlock(name, fence)
    }

    fn compare_and_set<'a>(&'a self, name: &'a str, before: Option<&'a Secret>, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let there = self.store.read(name).await?;
            let sealed = there.as_ref().map(|kept| kept.text.clone());
            // A text that no key opens counts as not there, and is replaced as such.
            if self.open(name, there).map(|kept| kept.text).as_ref() != before {
                return Ok(false);
            }
            self.store.compare_and_set(name, sealed.as_ref(), &self.seal(name, text)?, life).await
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        self.store.delete(name)
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }
}
