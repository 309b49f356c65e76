//! Providers: what each real system does differently, as data, and typed builders for the APIs around it.
//!
//! A provider is one folder or file here, and one row in [`ALL`]; nothing below knows its name.

pub mod acmidm;
pub mod halland;
pub mod helseid;
pub mod maskinporten;
pub mod norskgjeld;
pub mod selvbetjening;
pub(crate) mod table;

use crate::ground::lean::LEAN;
use crate::protocol::profile::{Rules, STANDARD};

/// The rules of every provider, and of a server without rules of its own.
// A page begins flows at two of them.
pub static ALL: &[&Rules] = if LEAN {
    &[&STANDARD, &norskgjeld::RULES]
} else {
    &[&STANDARD, &norskgjeld::RULES, &helseid::RULES, &acmidm::RULES, &halland::RULES]
};

/// The rules of a provider by its short name.
///
/// ```
/// assert_eq!(samtykke::provider::rules("norskgjeld").unwrap().id, "norskgjeld");
/// ```
pub fn rules(id: &str) -> Option<&'static Rules> {
    ALL.iter().copied().find(|rules| rules.id == id)
}
