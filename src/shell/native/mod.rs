//! Rust on tokio: clients that remember, over any HTTP client.
//!
//! A [`Client`] has a provider's addresses, a registration, keys, and what it learnt: nonces and the server's key set. It begins and
//! finishes logins, refreshes, asks for tokens of its own, and calls APIs. Every value here is `Send + Sync` and a cheap clone.
//!
//! Needs the feature `native`; `reqwest` adds an HTTP client, `aws-lc-rs` keys of every algorithm, `rustls` TLS for reqwest.
//! Cancelling is safe: what spends a code or a refresh token runs in a task of its own, and its outcome is kept for who asks again.
//! Refuses redirects, bodies over 1 MiB, answers that drip past their time, and sending a code or a spent refresh token twice.

pub mod acmidm;
pub mod adfs;
pub mod altinn;
mod builder;
mod client;
mod device;
mod driver;
#[cfg(feature = "axum")]
pub mod edge;
mod flights;
pub mod halland;
pub mod helseid;
pub mod idporten;
mod keys;
mod loopback;
pub mod maskinporten;
pub mod norskgjeld;
#[cfg(feature = "reqwest")]
mod reqwest;
mod resource;
mod runtime;
#[cfg(feature = "aws-lc-rs")]
mod seal;
mod selvbetjening;
mod sending;
#[cfg(feature = "tracing")]
mod spans;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "reqwest")]
pub use self::reqwest::Reqwest;
pub use builder::{Authentication, Builder};
pub use client::{Client, RefreshStore};
pub use driver::{Driver, Storing};
pub use keys::{AsyncSigner, Decrypter, Keys, SigningKey};
pub use loopback::Loopback;
pub use runtime::{Runtime, Tokio};
#[cfg(feature = "aws-lc-rs")]
pub use seal::SealKeys;
pub use sending::{Body, BoxFuture, Http, TransportError};
#[cfg(feature = "redis")]
pub use store::Redis;
#[cfg(feature = "aws-lc-rs")]
pub use store::Sealed;
pub use store::{Kept, Lock, MemoryStore, StoreError, StoreFuture, TokenStore};
pub use tokens::{TokenSource, Wanted};
#[cfg(feature = "tower")]
pub use tower::Tower;

pub use ::{bytes, http};
