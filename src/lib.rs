//! OAuth 2.0 client for Nordic and Flemish public APIs.
//!
//! The core does no I/O, reads no clock, draws no randomness: requests go out as values, responses come in.
//! So every rule is a plain function of its inputs, and equal in the browser, in edge workers and in native Rust.
//!
//! | program | features | where |
//! |---|---|---|
//! | a service on tokio | `reqwest`, `rustls`, `aws-lc-rs`; `axum`, `redis`, `tower`, `tracing` | `native`, `edge`, `tokens` |
//! | a command line, a job without a runtime | `blocking`, `rustls`, `aws-lc-rs` | `blocking`; `native::Loopback` for logins on tokio |
//! | wasm32: Leptos, Yew, workers-rs | `fetch` | `fetch` |
//! | tests of any of these | `testing` | `testing` |
//! | anything else, without a standard library too | none; `p256` or `aws-lc-rs` for keys | [`flow`], [`protocol`], [`provider`] |
//!
//! The core alone goes so:
//!
//! - [`Registration::begin`] gives the URL to send a person to, and a [`Transaction`] to keep;
//! - [`Transaction::finish`] checks what came back and gives an [`AuthorizationCode`];
//! - [`Exchange`] turns that code, or the client's own credentials, into [`Tokens`];
//! - [`provider`] holds what each provider does differently, as data, and typed builders for its APIs.
//!
//! ```
//! use samtykke::provider::norskgjeld::{self, Environment, Purpose, Scope};
//! use samtykke::Registration;
//!
//! let profile = norskgjeld::profile(&Environment::preprod());
//! let client = Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback")?;
//! let request = Scope::new(Purpose::Presentation).days(100)?.request();
//! let mut random = [0; 96];
//! getrandom::fill(&mut random).expect("randomness from the system");
//! let now = std::time::UNIX_EPOCH.elapsed().expect("a clock that is set").as_secs();
//! let login = client.begin(request, &random, now)?;
//! assert!(login.url.starts_with("https://access-preprod.norskgjeld.no/oauth2/auth?"));
//! # Ok::<(), samtykke::Error>(())
//! ```
//!
//! # Examples
//!
//! Whole programs in `examples/`, each run against the local providers by the crate's suite (`cargo run --features … --example …`):
//!
//! | example | features | what it does |
//! |---|---|---|
//! | `consent_axum` | `axum`, `reqwest` | a consent of norskgjeld's and the debt, with sessions |
//! | `machine_token` | `aws-lc-rs`, `reqwest` | a token of Maskinporten's from a PEM |
//! | `shared_tokens` | `redis`, `reqwest` | tokens that processes share |
//! | `fapi2_login` | `aws-lc-rs`, `reqwest` | a FAPI 2.0 login, a refresh, an API call |
//! | `helseid` | `aws-lc-rs`, `reqwest` | HelseID: a machine's token, a login, a token for each audience |
//! | `native_reqwest` | none | norskgjeld with an HTTP client of one's own, without a shell |
//! | `maskinporten` | `aws-lc-rs` | Maskinporten's errors and self-service, without a shell |
//! | `selvbetjening` | `p256` | HelseID's self-service: a client and its keys |
//! | `tokens` | `aws-lc-rs` | a token for the threads of one process, over the core's cache |
//! | `verdicts` | `aws-lc-rs` | what the core says of recorded cases |
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(all(any(feature = "native", feature = "blocking"), not(target_arch = "wasm32")))]
extern crate std;
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
extern crate std;

// Each error's section of the documentation: where `Error::doc` leads.
#[cfg(doc)]
#[doc = include_str!("../docs/errors.md")]
pub mod errors {}
pub mod flow;
mod ground;
/// Guides: pages alone, each from nothing to a program that runs.
///
/// Every code block is compiled with the crate's tests. The programs of `examples/` run against the local providers in its suite.
#[cfg(doc)]
pub mod guide {
    /// A service on tokio: a client, a login on axum, an API call.
    #[cfg(not(target_arch = "wasm32"))]
    #[doc = include_str!("shell/guide/native_service.md")]
    pub mod native_service {}
    /// Leptos and Yew: a page that begins a flow, and a context that holds a client.
    #[doc = include_str!("shell/guide/leptos_and_yew.md")]
    pub mod leptos_and_yew {}
    /// Workers: secrets from the environment, refreshes that outlive a response.
    #[doc = include_str!("shell/guide/workers.md")]
    pub mod workers {}
    /// Machine tokens: one question for all tasks and processes.
    #[cfg(not(target_arch = "wasm32"))]
    #[doc = include_str!("shell/guide/machine_tokens.md")]
    pub mod machine_tokens {}
    /// Testing: scripted answers, a clock that is set, local providers.
    #[cfg(not(target_arch = "wasm32"))]
    #[doc = include_str!("shell/guide/testing.md")]
    pub mod testing {}
    /// From `oauth2` and `openidconnect`.
    #[cfg(not(target_arch = "wasm32"))]
    #[doc = include_str!("shell/guide/migration.md")]
    pub mod migration {}
}
pub mod jose;
pub mod protocol;
pub mod provider;
mod shell;
#[cfg(any(feature = "p256", feature = "aws-lc-rs", feature = "jose-jwk", feature = "pkcs12"))]
pub mod signer;

pub use flow::exchange::Exchange;
pub use flow::step::Step;
pub use ground::error::{self, Error, Result};
pub use ground::http::{self, Request, Response};
pub use ground::secret::Secret;
pub use jose::Algorithm;
pub use protocol::authorization::request::{AuthorizationRequest, Login};
pub use protocol::authorization::response::{AuthorizationCode, Callback};
pub use protocol::authorization::transaction::Transaction;
pub use protocol::client::Registration;
pub use protocol::client_auth::ClientAuthentication;
pub use protocol::grant::ClientCredentials;
pub use protocol::profile::Profile;
pub use protocol::token::Tokens;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub use shell::blocking;
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub use shell::fetch;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use shell::native;
#[cfg(all(feature = "axum", not(target_arch = "wasm32")))]
pub use shell::native::edge;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub use shell::native::testing;

/// Tokens for all who want them: a source for tasks, stores for processes.
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod tokens {
    #[cfg(feature = "redis")]
    pub use crate::shell::native::Redis;
    #[cfg(feature = "aws-lc-rs")]
    pub use crate::shell::native::Sealed;
    pub use crate::shell::native::{Kept, Lock, MemoryStore, StoreError, StoreFuture, TokenSource, TokenStore, Wanted};
}

// What no user can call has its tests inside.
#[cfg(test)]
#[path = "../tests/core/internals/mod.rs"]
mod internals;

// The documents' Rust is compiled and run too.
#[cfg(doctest)]
mod documents {
    #[cfg(all(feature = "reqwest", feature = "axum"))]
    #[doc = include_str!("../docs/start/rust.md")]
    struct Rust;
    #[doc = include_str!("../docs/systems/helseid.md")]
    struct HelseId;
    #[doc = include_str!("../docs/systems/maskinporten.md")]
    struct Maskinporten;
}
