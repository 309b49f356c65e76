//! The providers' tables: rows of texts, the first of which is the key.
//!
//! Refuses nothing: what is not in a table is none.

use alloc::string::String;

/// The row of a key.
pub(crate) fn row<const N: usize>(table: &'static [[&'static str; N]], key: &str) -> Option<&'static [&'static str; N]> {
    table.iter().find(|row| row.first() == Some(&key))
}

/// A text with another after it.
pub(crate) fn join(base: &str, path: &str) -> String {
    let mut url = String::from(base);
    url.push_str(path);
    url
}

/// What may stand for an environment in a text: the names of its rows, and its own addresses.
#[cfg(feature = "serde")]
pub(crate) fn texts<const N: usize>(rows: &[[&str; N]], own: &str) -> alloc::vec::Vec<String> {
    let names = rows.iter().filter_map(|row| row.first().copied());
    names.chain(core::iter::once(own)).map(String::from).collect()
}
