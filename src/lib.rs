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
//! let login = client.begin(request, &[7; 96], 1_700_000_000)?; // random octets and the time come from you
//! assert!(login.url.starts_with("https://access-preprod.norskgjeld.no/oauth2/auth?"));
//! # Ok::<(), samtykke::Error>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "bindings-apis", allow(dead_code, unused_imports, reason = "the wasm of a provider's APIs uses a part of the crate"))]

extern crate alloc;

pub mod address;
mod answer;
pub mod assertion;
mod attempt;
pub mod authorization;
pub mod callback;
mod calls;
pub mod challenge;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod device;
pub mod discovery;
pub mod dpop;
pub mod encoding;
pub mod endpoint;
pub mod error;
pub mod exchange;
pub mod grant;
pub mod http;
pub mod id_token;
pub mod id_token_rules;
pub mod introspection;
pub mod jar;
pub mod jarm;
pub mod jose;
pub mod json;
pub mod logout;
pub mod logout_token;
pub mod message;
pub mod metadata;
mod octet;
pub mod par;
pub mod par_response;
pub mod pkce;
pub mod profile;
pub mod provider;
pub mod resource;
pub mod resource_metadata;
pub mod revocation;
pub mod secret;
pub mod sha256;
#[cfg(any(feature = "p256", feature = "native-crypto", feature = "jose-jwk"))]
pub mod soft;
mod step;
mod time;
pub mod token;
pub mod token_cache;
mod token_endpoint;
mod trace;
pub mod transaction;
pub mod uri;
pub mod userinfo;

/// Whether this is the browser entry's wasm: it leaves out what pages do not need.
pub(crate) const LEAN: bool = cfg!(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full")));

#[cfg(all(feature = "bindings", target_arch = "wasm32"))]
mod bindings;
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub mod fetch;

pub use authorization::{AuthorizationRequest, Login};
pub use callback::{AuthorizationCode, Callback};
pub use client::{Client, Profile};
pub use client_auth::ClientAuthentication;
pub use error::{Error, Result};
pub use exchange::{Exchange, KeyRole, SignRequest, Step, VerifyRequest};
pub use grant::ClientCredentials;
pub use http::{Request, Response};
pub use secret::Secret;
pub use token::Tokens;
pub use token_cache::TokenCache;
pub use transaction::{ResponseMode, Transaction};

#[cfg(all(feature = "bindings", feature = "fetch", target_arch = "wasm32"))]
compile_error!("`bindings` makes the npm wasm, without the standard library; `fetch` is for Rust on wasm. Choose one.");

// The README's Rust is compiled and run too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
