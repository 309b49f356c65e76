//! What processes share: texts by name with an end, and locks that end by themselves.
//!
//! docs/formats.md, "Stores". A lock has a fence, never given twice; whoever lost the lock meanwhile cannot write.
//! Refuses nothing itself; names are hashes, and texts hold tokens, so guard a store as you guard secrets, or seal it.

mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "aws-lc-rs")]
mod sealed;

pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::Redis;
#[cfg(feature = "aws-lc-rs")]
pub use sealed::Sealed;

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use crate::ground::secret::Secret;
use crate::shell::native::sending::{BoxFuture, TransportError};

/// What is kept under a name.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The text.
    pub text: Secret,
    /// How long until it ends, by the store's own clock where it has one.
    pub left: Duration,
}

/// A lock that was got.
#[derive(Clone, Debug)]
pub struct Lock {
    /// Names this lock and no other, ever.
    pub fence: String,
    /// What was kept when the lock was got.
    pub kept: Option<Kept>,
}

/// Why a store gave no answer.
#[derive(Clone, Debug)]
pub struct StoreError(TransportError);

impl StoreError {
    /// An error with its cause.
    pub fn new(cause: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self(TransportError::new(cause))
    }
}

impl core::fmt::Display for StoreError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

impl core::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// What an operation of a store answers.
pub type StoreFuture<'a, T> = BoxFuture<'a, core::result::Result<T, StoreError>>;

/// A place for texts that several processes share: held as `Arc<dyn TokenStore>`. Each operation is one step, with nothing in between.
pub trait TokenStore: Send + Sync {
    /// What is kept under a name, unless it has ended.
    fn read<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Kept>>;

    /// Locks a name for so long; nothing when somebody else has it.
    fn lock<'a>(&'a self, name: &'a str, lease: Duration) -> StoreFuture<'a, Option<Lock>>;

    /// Keeps a text for so long and unlocks; `false`, and nothing kept, when the lock of that fence is over.
    fn write<'a>(&'a self, name: &'a str, fence: &'a str, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool>;

    /// Unlocks, if the lock of that fence still holds.
    fn unlock<'a>(&'a self, name: &'a str, fence: &'a str) -> StoreFuture<'a, ()>;

    /// Keeps a text for so long where `before` is what is kept now, or nothing is and `before` is none; `false`, and nothing changed,
    /// where not. A lock of the name stays as it is.
    fn compare_and_set<'a>(&'a self, name: &'a str, before: Option<&'a Secret>, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool>;

    /// Forgets what is kept under a name. A lock of the name stays as it is.
    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()>;

    /// Whether other processes see what is kept here.
    fn is_shared(&self) -> bool {
        true
    }
}
