//! What a person is told when something goes wrong, in nb, nn, sv, nl and en.
//!
//! The texts are data, in `messages.txt`: a row for each code that needs its own words, else one for the action.
//! Refuses nothing: an unknown language gets English.

use crate::ground::error::Error;

/// Languages of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// Norwegian bokmål
    Nb,
    /// Norwegian nynorsk
    Nn,
    /// Swedish
    Sv,
    /// Dutch
    Nl,
    /// English
    En,
}

impl Language {
    /// The language of a BCP 47 tag, by its first part; `no` and `da` read bokmål, anything unknown English.
    ///
    /// ```
    /// use samtykke::error::message::Language;
    /// assert_eq!(Language::of("nn-NO"), Language::Nn);
    /// assert_eq!(Language::of("nl-BE"), Language::Nl);
    /// assert_eq!(Language::of("fi"), Language::En);
    /// ```
    pub fn of(tag: &str) -> Self {
        // Tags are compared without case (RFC 5646 section 2.1.1).
        let first = tag.split(['-', '_']).next().unwrap_or_default();
        let known = [("nb", Self::Nb), ("no", Self::Nb), ("da", Self::Nb), ("nn", Self::Nn), ("sv", Self::Sv), ("nl", Self::Nl)];
        known.into_iter().find(|(name, _)| first.eq_ignore_ascii_case(name)).map_or(Self::En, |(_, language)| language)
    }

    fn column(self) -> usize {
        match self {
            Self::Nb => 1,
            Self::Nn => 2,
            Self::Sv => 3,
            Self::Nl => 4,
            Self::En => 5,
        }
    }
}

const TEXTS: &str = include_str!("messages.txt");

/// The message for a code, or for an action when the code has none of its own.
///
/// ```
/// use samtykke::error::message::{Language, message};
/// assert_eq!(message("login_cancelled", "user_cancelled", Language::En), "The login was cancelled. You can try again.");
/// assert_eq!(message("no_such_code", "try_later", Language::Sv), "Tjänsten har problem just nu. Inget har gått förlorat; försök igen om en stund.");
/// ```
pub fn message(code: &str, action: &str, language: Language) -> &'static str {
    row(code).or_else(|| row(action)).or_else(|| row("restart")).and_then(|row| row.split('|').nth(language.column())).unwrap_or_default()
}

fn row(key: &str) -> Option<&'static str> {
    TEXTS.lines().find(|line| line.split('|').next() == Some(key) && !line.starts_with('#'))
}

impl Error {
    /// What to tell the person, in their language.
    pub fn user_message(&self, language: Language) -> &'static str {
        message(self.code(), self.action().as_str(), language)
    }
}
