//! The consent scope: `debt.unsecured.<purpose>[.<days>] [openid]` (api-docs `reference/consent/scopes.md`).
//!
//! Refuses no debt scope or two, `openid` before it, odd day counts, and days above the documented maximum,
//! which the server would silently lower.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::text::{cut, decimal, number};
use crate::protocol::authorization::request::AuthorizationRequest;

/// Why the debt is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Only shown to the person. At most 365 days.
    Presentation,
    /// Credit processing, such as a loan application. At most 28 days.
    Processing,
}

impl Purpose {
    /// The word in the scope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presentation => "presentation",
            Self::Processing => "processing",
        }
    }

    /// The purpose of a word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "presentation" => Some(Self::Presentation),
            "processing" => Some(Self::Processing),
            _ => None,
        }
    }

    /// The longest consent, in days.
    pub fn max_days(self) -> u16 {
        match self {
            Self::Presentation => 365,
            Self::Processing => 28,
        }
    }

    /// The scope as granted: it never shows the duration.
    pub fn base_scope(self) -> &'static str {
        match self {
            Self::Presentation => "debt.unsecured.presentation",
            Self::Processing => "debt.unsecured.processing",
        }
    }
}

/// A consent to ask for. Without days it lasts ten minutes and one lookup.
///
/// ```
/// use samtykke::provider::norskgjeld::{Purpose, Scope};
/// let scope = Scope::new(Purpose::Presentation).days(100)?.openid();
/// assert_eq!(scope.text(), "debt.unsecured.presentation.100 openid");
/// assert!(Scope::new(Purpose::Processing).days(29).is_err());
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    purpose: Purpose,
    days: Option<u16>,
    openid: bool,
}

impl Scope {
    /// A consent for one lookup within ten minutes.
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, days: None, openid: false }
    }

    /// Any number of lookups for so many days: 1 to 365 for presentation, 1 to 28 for processing.
    ///
    /// # Errors
    /// `invalid_scope`.
    pub fn days(mut self, days: u16) -> Result<Self> {
        if days == 0 || days > self.purpose.max_days() {
            return Err(refusal());
        }
        self.days = Some(days);
        Ok(self)
    }

    /// Asks for an id_token with the person's national identity number and the consent id, where enabled.
    #[must_use]
    pub fn openid(mut self) -> Self {
        self.openid = true;
        self
    }

    /// Reads a scope by the documented grammar.
    ///
    /// # Errors
    /// `invalid_scope`.
    pub fn parse(text: &str) -> Result<Self> {
        let (debt, more) = cut(text, b' ');
        let (name, days) = cut(debt.strip_prefix("debt.unsecured.").unwrap_or_default(), b'.');
        let Some(purpose) = Purpose::parse(name) else { return Err(refusal()) };
        let mut scope = Self { purpose, days: None, openid: more.is_some() };
        if let Some(digits) = days {
            // A number without a leading zero.
            let days = number(digits).filter(|_| !digits.starts_with('0')).and_then(|days| u16::try_from(days).ok());
            scope = scope.days(days.unwrap_or_default())?;
        }
        if more.is_none_or(|more| more == "openid") { Ok(scope) } else { Err(refusal()) }
    }

    /// The scope's text: the debt scope first, `openid` last.
    pub fn text(&self) -> String {
        let mut text = String::from(self.purpose.base_scope());
        if let Some(days) = self.days {
            text.push('.');
            text.push_str(&decimal(u64::from(days)));
        }
        if self.openid {
            text.push_str(" openid");
        }
        text
    }

    /// The purpose.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// An authorization request for this consent.
    pub fn request(&self) -> AuthorizationRequest {
        AuthorizationRequest::new(self.text())
    }
}

fn refusal() -> Error {
    Error::new(&codes::INVALID_SCOPE).expected("debt.unsecured.presentation[.1 to 365] or .processing[.1 to 28], openid last")
}

/// Judges a requested scope.
pub(super) fn check(scope: &str) -> Result<()> {
    Scope::parse(scope).map(|_| ())
}
