//! OAuth 2.0 client for Nordic and Flemish public APIs.
//!
//! The core does no I/O, reads no clock, draws no randomness: requests go out as values, responses come in.
//! So every rule is a plain function of its inputs, and equal in the browser, in edge workers and in native Rust.
//!
//! - [`Client::begin`] gives the URL to send a person to, and a [`Transaction`] to keep;
//! - [`Transaction::finish`] checks what came back and gives an [`AuthorizationCode`];
//! - [`Exchange`] turns that code, or the client's own credentials, into [`Tokens`];
//! - [`provider`] holds what each provider does differently, as data, and typed builders for its APIs.
//!
//! ```
//! use samtykke::provider::norskgjeld::{self, Environment, Purpose, Scope};
//! use samtykke::Client;
//!
//! let profile = norskgjeld::profile(&Environment::preprod());
//! let client = Client::new(profile, "eksempelbank-client", "https://app.example.no/callback")?;
//! let request = Scope::new(Purpose::Presentation).days(100)?.request();
//! # fn random() -> [u8; 96] { let mut octets = [0; 96]; getrandom::fill(&mut octets).unwrap(); octets }
//! # let now = 1_700_000_000;
//! let login = client.begin(request, &random(), now)?; // random octets and the time come from you
//! assert!(login.url.starts_with("https://access-preprod.norskgjeld.no/oauth2/auth?"));
//! # Ok::<(), samtykke::Error>(())
//! ```
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
pub mod jose;
pub mod protocol;
pub mod provider;
mod shell;
#[cfg(any(feature = "p256", feature = "native-crypto", feature = "jose-jwk", feature = "pkcs12"))]
pub mod signer;

pub use flow::exchange::Exchange;
pub use flow::keys::JwksTimes;
pub use flow::step::{DecryptRequest, FindRequest, KeyRole, SignRequest, Step, VerifyRequest};
pub use ground::error::{self, Error, Result};
pub use ground::http::{self, Request, Response};
pub use ground::secret::Secret;
pub use jose::Algorithm;
pub use protocol::authorization::request::{AuthorizationRequest, Login};
pub use protocol::authorization::response::{AuthorizationCode, Callback};
pub use protocol::authorization::transaction::{ResponseMode, Transaction};
pub use protocol::client::Client;
pub use protocol::client_auth::ClientAuthentication;
pub use protocol::grant::ClientCredentials;
pub use protocol::profile::Profile;
pub use protocol::token::Tokens;
pub use protocol::token_cache::TokenCache;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub use shell::blocking;
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub use shell::fetch;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use shell::native;

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
