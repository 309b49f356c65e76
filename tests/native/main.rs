//! The native shell: its driver, clients and adapters, by scripted answers, set clocks and servers on loopback.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

#[cfg(feature = "axum")]
mod browser;
mod client;
mod driver;
#[cfg(feature = "axum")]
mod edge;
#[cfg(feature = "axum")]
mod edge_formats;
#[cfg(feature = "axum")]
mod edge_hooks;
mod keeping;
#[cfg(feature = "redis")]
mod killed;
#[cfg(feature = "axum")]
mod load;
mod local;
mod providers;
mod public_apis;
#[cfg(feature = "redis")]
mod redis;
mod selvbetjening;
mod stores;
mod support;
mod tokens;
#[cfg(feature = "tower")]
mod tower;
