//! The one error type: what failed, where in the flow, whether to try again, and what to do now.
//!
//! Codes are stable; every code is a row of the table in [`codes`], so that no text lives in the code paths.
//! Refuses to carry secrets: `expected` and `actual` hold names, numbers and public values only.

pub mod codes;
mod display;
mod hints;
mod kind;
pub mod message;
mod raw;
#[cfg(feature = "serde")]
mod serial;
pub(crate) mod shown;
pub(crate) mod told;
use alloc::boxed::Box;
use alloc::string::String;

use crate::ground::lean::{Hint, LEAN, NPM, Text, text};
use crate::ground::text::cut;

pub use kind::ErrorKind;

/// Where in the flow an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Building the client from its settings.
    Configuration,
    /// Building the authorization request.
    Authorization,
    /// Judging the answer that came back to `redirect_uri`.
    Callback,
    /// Asking for a token.
    Token,
    /// Calling a provider's API.
    Api,
    /// Keeping or reading what lies between requests: cookies, stored transactions.
    Session,
    /// The program's surroundings: network, wasm.
    Runtime,
}

impl Phase {
    /// The phase of a word, as [`as_str`](Self::as_str) has it.
    #[allow(dead_code, reason = "the browser's wasm reads none")]
    pub(crate) fn named(word: &str) -> Option<Self> {
        use Phase::{Api, Authorization, Callback, Configuration, Runtime, Session, Token};
        [Configuration, Authorization, Callback, Token, Api, Session, Runtime].into_iter().find(|phase| phase.as_str() == word)
    }

    /// The phase as the lower-case word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Authorization => "authorization",
            Self::Callback => "callback",
            Self::Token => "token",
            Self::Api => "api",
            Self::Session => "session",
            Self::Runtime => "runtime",
        }
    }
}

/// What the caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Settings or a request are wrong; no retry helps until they are changed.
    FixConfiguration,
    /// Start a new flow, with a new transaction.
    Restart,
    /// The other side has trouble; try later.
    TryLater,
    /// The person chose not to share. Not an alert.
    UserDeclined,
    /// The person broke off. Offer to start again.
    UserCancelled,
    /// Nothing to do: the state of things is as reported.
    None,
}

impl Action {
    /// The action of a word, as [`as_str`](Self::as_str) has it.
    #[allow(dead_code, reason = "the browser's wasm reads none")]
    pub(crate) fn named(word: &str) -> Option<Self> {
        use Action::{FixConfiguration, None, Restart, TryLater, UserCancelled, UserDeclined};
        [FixConfiguration, Restart, TryLater, UserDeclined, UserCancelled, None].into_iter().find(|action| action.as_str() == word)
    }

    /// The action as the word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FixConfiguration => "fix_configuration",
            Self::Restart => "restart",
            Self::TryLater => "try_later",
            Self::UserDeclined => "user_declined",
            Self::UserCancelled => "user_cancelled",
            Self::None => "none",
        }
    }
}

/// A row of the error table.
#[derive(Debug)]
pub struct Kind {
    pub(crate) phase: Phase,
    pub(crate) action: Action,
    pub(crate) retryable: bool,
    /// Code, hint, section and address in a line each. The package's shell makes the address, and words a page's hints by action.
    text: &'static str,
}

impl Kind {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        if LEAN { self.text } else { cut(self.text, b'\n').0 }
    }

    /// Where it arises.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What to do.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Whether the same step may be tried again as it is.
    pub fn retryable(&self) -> bool {
        self.retryable
    }

    /// What to do, in a sentence for a developer.
    pub fn hint(&self) -> &'static str {
        cut(self.text, b'\n').1.map_or("", |rest| cut(rest, b'\n').0)
    }

    /// The section that asks for the check.
    pub fn section(&self) -> &'static str {
        self.text.split('\n').nth(2).unwrap_or_default()
    }

    /// Where the documentation says what leads to this, and what to do: [`codes::DOCS`] and the code.
    pub fn doc(&self) -> &'static str {
        self.text.split('\n').nth(3).unwrap_or_default()
    }
}

/// An OAuth error as the server sent it (RFC 6749 sections 4.1.2.1 and 5.2). Untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The `error` code.
    pub error: Text,
    /// `error_description` with control characters replaced; `None` when absent or empty.
    pub description: Option<Text>,
    /// `error_uri`, only when it is an https URL; never opened by the library.
    pub uri: Option<Text>,
}

impl OAuthError {
    /// Whether the `error` code is this one.
    pub fn is(&self, code: &str) -> bool {
        <Text as AsRef<[u8]>>::as_ref(&self.error) == code.as_bytes()
    }

    /// Whether the `error` code is one of these, single spaces between them.
    pub(crate) fn is_any(&self, codes: &str) -> bool {
        crate::ground::text::word(codes, self.error.as_ref()).is_some()
    }
}

/// Everything that can go wrong, as data.
///
/// ```
/// use samtykke::error::{codes, Action};
/// let error = samtykke::Error::new(&codes::STATE_MISMATCH);
/// assert_eq!(error.code(), "state_mismatch");
/// assert_eq!(error.action(), Action::Restart);
/// assert!(!error.retryable());
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: &'static Kind,
    phase: Phase,
    action: Action,
    retryable: bool,
    oauth: Option<OAuthError>,
    http: Option<Box<Http>>,
    expected: Option<Text>,
    actual: Option<Text>,
    /// Where the kind's own does not fit what happened.
    hint: Hint,
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    cause: Option<alloc::sync::Arc<dyn core::error::Error + Send + Sync>>,
}

/// What a response adds to an error: apart, since most errors have none.
#[derive(Clone, Default)]
struct Http {
    status: Option<u16>,
    retry_after: Option<u32>,
    retry_at: Option<u64>,
    provider_code: Option<String>,
    trace_id: Option<String>,
    raw: Option<crate::ground::secret::Secret>,
}

/// The library's result.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// An error of a kind from [`codes`].
    #[cold]
    #[inline(never)]
    pub fn new(kind: &'static Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            phase: kind.phase,
            action: kind.action,
            retryable: kind.retryable,
            oauth: None,
            http: None,
            expected: None,
            actual: None,
            hint: Hint::NONE,
            #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
            cause: None,
        }))
    }

    /// Attaches what made it happen: [`source`](core::error::Error::source) gives it.
    #[must_use]
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    pub(crate) fn because(mut self, cause: Option<impl core::error::Error + Send + Sync + 'static>) -> Self {
        if let Some(cause) = cause {
            self.0.cause = Some(alloc::sync::Arc::new(cause));
        }
        self
    }

    /// An error of a kind, with what was expected: one small call for the many places that have both.
    #[cold]
    #[inline(never)]
    pub(crate) fn new_expected(kind: &'static Kind, expected: &'static str) -> Self {
        Self::new(kind).expected(expected)
    }

    /// Names what was expected. Never a secret.
    #[must_use]
    pub fn expected(self, what: impl AsRef<str>) -> Self {
        self.wants(what.as_ref())
    }

    #[cold]
    #[inline(never)]
    fn wants(mut self, what: &str) -> Self {
        self.0.expected = Some(text(what.as_bytes()));
        self
    }

    /// Names what was found. Never a secret.
    #[must_use]
    pub fn actual(self, what: impl AsRef<str>) -> Self {
        self.has(what.as_ref())
    }

    #[cold]
    #[inline(never)]
    fn has(self, what: &str) -> Self {
        self.found(text(what.as_bytes()))
    }

    /// As [`actual`](Self::actual), for foreign text that is fit to be shown.
    #[must_use]
    pub(crate) fn found(mut self, what: Text) -> Self {
        self.0.actual = Some(what);
        self
    }

    /// Moves the error to another phase than its kind's usual one.
    #[must_use]
    pub fn at(mut self, phase: Phase) -> Self {
        self.0.phase = phase;
        self
    }

    /// Sets what to do, where the server's answer says more than the kind.
    #[must_use]
    pub fn advise(mut self, action: Action) -> Self {
        self.0.action = action;
        self
    }

    /// Says whether the same step may be tried again.
    #[must_use]
    pub fn retry(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Says what to do where the kind's own hint does not fit the place. The browser's shell words it by action.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Hint::from(hint);
        self
    }

    /// Tells what the other side said last, as another error has it.
    #[must_use]
    pub(crate) fn after(mut self, other: &Self) -> Self {
        self.0.oauth.clone_from(&other.0.oauth);
        self.0.http.clone_from(&other.0.http);
        self
    }

    /// The same error by another code, for whoever tells it to a caller that asked for something else. What may not be tried again
    /// still may not.
    #[must_use]
    pub(crate) fn called(mut self, kind: &'static Kind) -> Self {
        let inner = &mut *self.0;
        (inner.kind, inner.phase, inner.action) = (kind, kind.phase, kind.action);
        inner.retryable &= kind.retryable;
        inner.hint = Hint::NONE;
        self
    }

    /// Attaches the server's OAuth error, and the provider's own code and trace id where its words hold them.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn oauth_error(mut self, oauth: OAuthError) -> Self {
        // A page has no room for them.
        if !LEAN {
            let http = self.0.http.get_or_insert_default();
            for text in [&oauth.uri, &oauth.description].into_iter().flatten() {
                let text = core::str::from_utf8(text.as_ref()).unwrap_or_default();
                http.provider_code = http.provider_code.take().or_else(|| told::own_code(text).map(String::from));
                http.trace_id = http.trace_id.take().or_else(|| told::trace_id(text).map(String::from));
            }
        }
        self.0.oauth = Some(oauth);
        self
    }

    /// Attaches the HTTP status and `Retry-After` (seconds).
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn http(mut self, response: &crate::ground::http::Response) -> Self {
        let http = self.0.http.get_or_insert_default();
        http.status = Some(response.status);
        http.retry_after = response.retry_after_seconds();
        // The package's shell reads a date itself, by the host's own reader and clock.
        http.retry_at = if NPM { None } else { response.retry_at() };
        self
    }

    /// Attaches a provider's own error code and trace id.
    #[must_use]
    pub fn provider(mut self, code: Option<String>, trace_id: Option<String>) -> Self {
        let http = self.0.http.get_or_insert_default();
        http.provider_code = code;
        http.trace_id = trace_id;
        self
    }

    /// The stable code, such as `state_mismatch`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Where in the flow it arose.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// What to do about it.
    pub fn action(&self) -> Action {
        self.0.action
    }

    /// Whether the same step may be tried again as it is.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// The OAuth error, when the server sent one.
    pub fn oauth(&self) -> Option<&OAuthError> {
        self.0.oauth.as_ref()
    }

    /// The HTTP status, when a response caused the error.
    pub fn status(&self) -> Option<u16> {
        self.0.http.as_ref()?.status
    }

    /// Seconds to wait before the next try, when the server said so as a number.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.http.as_ref()?.retry_after
    }

    /// As [`retry_after`](Self::retry_after), also of a date, from `now` on (seconds since 1970); 0 for one that is past.
    pub fn retry_after_at(&self, now: u64) -> Option<u32> {
        let http = self.0.http.as_ref()?;
        http.retry_after.or_else(|| u32::try_from(http.retry_at?.saturating_sub(now)).ok())
    }

    /// The provider's own code, such as the debt API's `no valid consent`. Untrusted text.
    pub fn provider_code(&self) -> Option<&str> {
        self.0.http.as_ref()?.provider_code.as_deref()
    }

    /// The provider's trace or request id, to quote to its support.
    pub fn trace_id(&self) -> Option<&str> {
        self.0.http.as_ref()?.trace_id.as_deref()
    }

    /// What was expected.
    pub fn expected_value(&self) -> Option<&str> {
        core::str::from_utf8(self.expected_and_actual()[0]?).ok()
    }

    /// What was expected and what was found, as octets.
    pub(crate) fn expected_and_actual(&self) -> [Option<&[u8]>; 2] {
        [&self.0.expected, &self.0.actual].map(|text| text.as_ref().map(AsRef::as_ref))
    }

    /// What was found.
    pub fn actual_value(&self) -> Option<&str> {
        core::str::from_utf8(self.expected_and_actual()[1]?).ok()
    }

    /// What to do now, in a sentence for a developer.
    pub fn hint(&self) -> &'static str {
        self.0.hint.get().unwrap_or_else(|| hints::hint(self.0.kind, self.0.phase, self.0.action))
    }

    /// Where the documentation says what leads to this error, and what to do.
    pub fn doc(&self) -> &'static str {
        self.0.kind.doc()
    }
}
