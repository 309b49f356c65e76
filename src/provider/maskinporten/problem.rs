//! What Maskinporten's errors mean, as data: an id, a kind, whether to ask again, what to do.
//!
//! docs.digdir.no `maskinporten_feilsoking`. The id stands in `error_uri` or in the description, or words alone; the OAuth code says little.
//! Refuses nothing: an error that is not in the table is reported as it came.

use alloc::string::String;

use crate::ground::error::told::find_marked;
use crate::ground::error::{Error, codes};

use super::data::PROBLEMS;

/// Whether asking again can help. Every time needs a new assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Again {
    /// Not before something was put right.
    Never,
    /// Once.
    Once,
    /// For up to two minutes after client, key or scope were registered; else never.
    AfterRegistration,
    /// Later, ever more slowly: the server or the way to it has trouble.
    Later,
}

impl Again {
    /// The word: `never`, `once`, `registration`, `later`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Once => "once",
            Self::AfterRegistration => "registration",
            Self::Later => "later",
        }
    }
}

/// What an error of a token request means.
///
/// ```
/// use samtykke::error::{Error, OAuthError, codes};
/// use samtykke::provider::maskinporten::{Again, Problem};
/// let description = Some("MP-012: Grant is used before".into());
/// let error = Error::new(&codes::TOKEN_ERROR).oauth_error(OAuthError { error: "invalid_grant".into(), description, uri: None });
/// let problem = Problem::of(&error);
/// assert_eq!((problem.id.as_deref(), problem.kind, problem.again), (Some("MP-012"), "reused", Again::Once));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Maskinporten's id, such as `MP-110`; also one that is not in the table.
    pub id: Option<String>,
    /// `assertion`, `reused`, `client`, `audience`, `certificate`, `key_expired`, `organisation`, `header`, `signature`, `clock`,
    /// `scope`, `access`, `delegation`, `details`, `consumer_org`; `server` for trouble there; `unknown`.
    pub kind: &'static str,
    /// Whether to ask again.
    pub again: Again,
    /// What to do, in a sentence for a developer.
    pub advice: &'static str,
}

impl Problem {
    /// Reads an error of a token request.
    pub fn of(error: &Error) -> Self {
        let description = error.oauth().and_then(|oauth| oauth.description.as_ref()).map(AsRef::<[u8]>::as_ref);
        let description = core::str::from_utf8(description.unwrap_or_default()).unwrap_or_default();
        let own = error.provider_code().unwrap_or_default();
        Self::read(error.code(), error.status().unwrap_or_default(), own, description)
    }

    /// `own` is the provider's code as the error has it.
    pub(crate) fn read(code: &str, status: u16, own: &str, description: &str) -> Self {
        let id = id_in(own).or_else(|| id_in(description));
        let broken = [&codes::NETWORK_ERROR, &codes::TIMEOUT].iter().any(|kind| kind.code() == code);
        let trouble = code == codes::HTTP_STATUS_UNEXPECTED.code() || code == codes::TOKEN_ERROR.code();
        let trouble = trouble && matches!(status, 429 | 500..=599);
        let mut found = Self { id: None, kind: "unknown", again: Again::Never, advice: "See the server's description." };
        if let Some((kind, again, advice)) = row(id, description) {
            (found.kind, found.again, found.advice) = (kind, again, advice);
        } else if broken || trouble {
            (found.kind, found.again, found.advice) = ("server", Again::Later, "Try later, with a new assertion.");
        }
        found.id = id.map(String::from);
        found
    }
}

/// The row of an id, or of words in the description.
fn row(id: Option<&str>, description: &str) -> Option<(&'static str, Again, &'static str)> {
    for [mark, kind, again, advice] in PROBLEMS {
        let found = match id {
            Some(id) => id == *mark,
            None => description.as_bytes().windows(mark.len()).any(|window| window.eq_ignore_ascii_case(mark.as_bytes())),
        };
        if found {
            let again = match *again {
                "once" => Again::Once,
                "registration" => Again::AfterRegistration,
                "later" => Again::Later,
                _ => Again::Never,
            };
            return Some((kind, again, advice));
        }
    }
    None
}

/// `MP-` and three digits, wherever they stand.
fn id_in(text: &str) -> Option<&str> {
    find_marked(text, "MP-", 3, 3)
}
