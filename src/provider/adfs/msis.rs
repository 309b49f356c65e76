//! AD FS' own error codes, `MSIS` and a number, as data with advice.
//!
//! The rows are in `provider.json`; the codes stand at the start of `error_description` (MS-OAPX section 3.2.5.2.1.3).
//! Refuses nothing; a code without a row is given with no advice.

use alloc::string::String;

use crate::ground::error::told::find_marked;
use crate::ground::error::{Action, Error};
use crate::provider::table::row;

use super::data::MSIS;

/// A code, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Msis {
    /// Such as `MSIS9602`.
    pub code: String,
    /// What to do; `None` for a code that is not in the table.
    pub action: Option<Action>,
    /// What it means and what to do, in a sentence for a developer; empty for a code that is not in the table.
    pub advice: &'static str,
}

impl Msis {
    /// The first code in a text.
    ///
    /// ```
    /// use samtykke::{error::Action, provider::adfs::Msis};
    /// let found = Msis::find("MSIS9602: The received 'resource' parameter is invalid.").unwrap();
    /// assert_eq!((&*found.code, found.action), ("MSIS9602", Some(Action::FixConfiguration)));
    /// assert_eq!(Msis::find("MSIS: none"), None);
    /// ```
    pub fn find(text: &str) -> Option<Self> {
        let code = find_marked(text, "MSIS", 3, 6)?;
        let row = row(MSIS, code);
        let action = row.map(|[_, action, _]| match *action {
            "restart" => Action::Restart,
            "try_later" => Action::TryLater,
            _ => Action::FixConfiguration,
        });
        Some(Self { code: code.into(), action, advice: row.map_or("", |[_, _, advice]| advice) })
    }

    /// The code in the description of a server's error.
    pub fn of(error: &Error) -> Option<Self> {
        let description = error.oauth()?.description.as_ref()?;
        Self::find(core::str::from_utf8(description.as_ref()).ok()?)
    }
}
