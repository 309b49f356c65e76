//! Providers: what each real system does differently, as data, and typed builders for the APIs around it.
//!
//! A provider is a folder with a provider.json; nothing below knows its name. `npm run generate` writes this list of them.

pub mod acmidm;
pub mod adfs;
pub mod altinn;
pub mod call;
pub mod halland;
pub mod helseid;
pub mod idporten;
pub mod maskinporten;
pub mod norskgjeld;
pub mod selvbetjening;
pub(crate) mod table;
#[cfg(feature = "serde")]
mod texts;

use crate::ground::lean::LEAN;
use crate::protocol::profile::{Rules, STANDARD};

/// The rules of every provider, and of a server without rules of its own.
// A page begins flows at few of them.
pub static ALL: &[&Rules] = if LEAN {
    &[&STANDARD, &norskgjeld::RULES]
} else {
    &[&STANDARD, &acmidm::RULES, &adfs::RULES, &halland::RULES, &helseid::RULES, &idporten::RULES, &norskgjeld::RULES]
};

/// The rules of a provider by its short name.
///
/// ```
/// assert_eq!(samtykke::provider::rules("norskgjeld").unwrap().id, "norskgjeld");
/// ```
pub fn rules(id: &str) -> Option<&'static Rules> {
    ALL.iter().copied().find(|rules| rules.id == id)
}
