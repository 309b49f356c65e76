//! Providers: what each real system does differently, as data, and typed builders for the APIs around it.
//!
//! A provider is one folder or file here, and one row in [`ALL`]; nothing below knows its name.

pub mod acmidm;
pub mod halland;
pub mod norskgjeld;

use crate::client::{Rules, STANDARD};

/// The rules of every provider, and of a server without rules of its own.
// In the npm package these two are data of the shell, so that its wasm need not carry them.
pub static ALL: &[&Rules] = &[
    &STANDARD,
    &norskgjeld::RULES,
    #[cfg(not(feature = "bindings"))]
    &acmidm::RULES,
    #[cfg(not(feature = "bindings"))]
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
