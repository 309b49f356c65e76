//! Providers: what each real system does differently, as data, and typed builders for the APIs around it.
//!
//! A provider is one folder or file here, and one row in [`ALL`]; nothing below knows its name.

pub mod acmidm;
pub mod halland;
#[cfg(not(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-apis"))))]
pub mod helseid;
pub mod maskinporten;
pub mod norskgjeld;
pub mod selvbetjening;

use crate::protocol::client::{Rules, STANDARD};

/// The rules of every provider, and of a server without rules of its own.
pub static ALL: &[&Rules] = &[
    &STANDARD,
    &norskgjeld::RULES,
    // The protocol's wasm needs nothing of these: the npm package's client is given their rules as data.
    #[cfg(not(all(feature = "bindings", target_arch = "wasm32")))]
    &helseid::RULES,
    #[cfg(not(all(feature = "bindings", target_arch = "wasm32")))]
    &acmidm::RULES,
    #[cfg(not(all(feature = "bindings", target_arch = "wasm32")))]
    &halland::RULES,
];

/// The rules of a provider by its short name.
///
/// ```
/// assert_eq!(samtykke::provider::rules("norskgjeld").unwrap().id, "norskgjeld");
/// ```
pub fn rules(id: &str) -> Option<&'static Rules> {
    ALL.iter().copied().find(|rules| rules.id == id)
}
