//! The shells: each carries out the steps of the machines for one kind of host, and decides nothing about the protocol.

#[cfg(samtykke_entry)]
mod bindings;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub mod blocking;
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub mod fetch;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
#[cfg(all(any(feature = "native", feature = "blocking"), not(target_arch = "wasm32")))]
mod spent;
#[cfg(all(feature = "rustls", any(feature = "reqwest", feature = "blocking"), not(target_arch = "wasm32")))]
mod tls;
