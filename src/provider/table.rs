//! The providers' tables: text files of rows, values between bars, the first of which is the key.
//!
//! Refuses nothing: what is not in a table is none.

use alloc::string::String;

/// What follows the key in its row.
pub(crate) fn row<'a>(file: &'a str, key: &str) -> Option<&'a str> {
    file.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('|'))
}

/// A text with another after it.
pub(crate) fn join(base: &str, path: &str) -> String {
    let mut url = String::from(base);
    url.push_str(path);
    url
}
