//! The one error type: what failed, where in the flow, whether to try again, and what to do now.
//!
//! Codes are stable; every code is a row of the table in [`codes`], so that no text lives in the code paths.
//! Refuses to carry secrets: `expected` and `actual` hold names, numbers and public values only.

pub mod message;
pub(crate) mod told;

use alloc::boxed::Box;
use alloc::string::String;

use crate::ground::lean::{Hint, LEAN, PROTOCOL, Text, text};
use crate::ground::text::cut;

/// Where in the flow an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Code, hint and section in a line each; a page has the code alone, and its shell words it by action.
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
        cut(cut(self.text, b'\n').1.unwrap_or_default(), b'\n').0
    }

    /// The section that asks for the check.
    pub fn doc(&self) -> &'static str {
        cut(cut(self.text, b'\n').1.unwrap_or_default(), b'\n').1.unwrap_or_default()
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

/// Characters of a server's own words that a message shows.
const LINE: usize = 200;

/// Everything that can go wrong, as data.
///
/// ```
/// use samtykke::error::{codes, Action};
/// let error = samtykke::Error::new(&codes::STATE_MISMATCH);
/// assert_eq!(error.code(), "state_mismatch");
/// assert_eq!(error.action(), Action::Restart);
/// assert!(!error.retryable());
/// ```
pub struct Error(Box<Inner>);

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
}

/// What a response adds to an error: apart, since most errors have none.
#[derive(Default)]
struct Http {
    status: Option<u16>,
    retry_after: Option<u32>,
    provider_code: Option<String>,
    trace_id: Option<String>,
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
            hint: Hint::default(),
        }))
    }

    /// An error of a kind, with what was expected: one small call for the many places that have both.
    #[cold]
    #[inline(never)]
    pub(crate) fn wanted(kind: &'static Kind, expected: &'static str) -> Self {
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
    pub fn hinting(mut self, hint: &'static str) -> Self {
        self.0.hint = Hint::from(hint);
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

    /// Seconds to wait before the next try, when the server said so.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.http.as_ref()?.retry_after
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
        core::str::from_utf8(self.compared()[0]?).ok()
    }

    /// What was expected and what was found, as octets.
    pub(crate) fn compared(&self) -> [Option<&[u8]>; 2] {
        [&self.0.expected, &self.0.actual].map(|text| text.as_ref().map(AsRef::as_ref))
    }

    /// What was found.
    pub fn actual_value(&self) -> Option<&str> {
        core::str::from_utf8(self.compared()[1]?).ok()
    }

    /// What to do now, in a sentence for a developer.
    pub fn hint(&self) -> &'static str {
        self.advice()[0]
    }

    /// What to do, and the section behind the check.
    pub(crate) fn advice(&self) -> [&'static str; 2] {
        let kind = self.0.kind;
        [self.0.hint.get().unwrap_or(kind.hint()), kind.doc()]
    }

    /// The specification section behind the check.
    pub fn doc(&self) -> &'static str {
        self.0.kind.doc()
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let inner = &self.0;
        write!(f, "{} in the {} phase", inner.kind.code(), inner.phase.as_str())?;
        if let Some(oauth) = &inner.oauth {
            write!(f, ": the server answered {:?}", oauth.error)?;
            if let Some(words) = &oauth.description {
                let words = core::str::from_utf8(words.as_ref()).unwrap_or_default();
                write!(f, ", {:?}", words.chars().take(LINE).collect::<String>())?;
            }
        }
        if let Some(status) = self.status() {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(expected) = self.expected_value() {
            write!(f, "; expected {expected}")?;
        }
        if let Some(actual) = &inner.actual {
            write!(f, "; found {actual:?}")?;
        }
        write!(f, ". {} [{}]", self.hint(), self.doc())
    }
}

impl core::fmt::Debug for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Error {}

#[cfg(feature = "serde")]
impl serde::Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        map.serialize_entry("phase", self.phase().as_str())?;
        map.serialize_entry("action", self.action().as_str())?;
        map.serialize_entry("retryable", &self.retryable())?;
        if let Some(oauth) = self.oauth() {
            map.serialize_entry("error", &oauth.error)?;
            map.serialize_entry("error_description", &oauth.description)?;
        }
        map.serialize_entry("status", &self.status())?;
        map.serialize_entry("hint", self.hint())?;
        map.serialize_entry("doc", self.doc())?;
        map.end()
    }
}

macro_rules! kind {
    ($name:ident $code:literal $phase:ident $action:ident $retryable:literal $doc:literal $hint:literal) => {
        #[doc = concat!("`", $code, "` (", $doc, "). ", $hint)]
        pub static $name: Kind = Kind {
            phase: Phase::$phase,
            action: Action::$action,
            retryable: $retryable,
            text: if LEAN { $code } else { concat!($code, "\n", $hint, "\n", $doc) },
        };
    };
}

macro_rules! kinds {
    ($($name:ident $code:literal $phase:ident $action:ident $retryable:literal $doc:literal $hint:literal;)*
     => $($own:ident $its_code:literal $its_phase:ident $its_action:ident $its_retryable:literal $its_doc:literal $its_hint:literal;)*) => {
        /// The error table: one row for each stable code.
        pub mod codes {
            use super::{Action, Kind, LEAN, PROTOCOL, Phase};
            $(kind! { $name $code $phase $action $retryable $doc $hint })*
            $(kind! { $own $its_code $its_phase $its_action $its_retryable $its_doc $its_hint })*
            /// Every row, for tests and tools that walk the whole table.
            pub static ALL: &[&Kind] = if PROTOCOL { &[$(&$name),*] } else { &[$(&$name,)* $(&$own),*] };
        }
    };
}

kinds! {
    INVALID_CONFIGURATION "invalid_configuration" Configuration FixConfiguration false "RFC 8414 section 2" "Correct this setting of the client.";
    SECRET_IN_BROWSER "secret_in_browser" Configuration FixConfiguration false "RFC 9700 section 2.5" "Remove the secret from the page; exchange the code in a worker.";
    INVALID_PARAMETER "invalid_parameter" Authorization FixConfiguration false "RFC 6749 section 4.1.1" "Correct this option of the request.";
    RESERVED_PARAMETER "reserved_parameter" Authorization FixConfiguration false "RFC 6749 section 3.1" "Leave this parameter to the library.";
    INVALID_SCOPE "invalid_scope" Authorization FixConfiguration false "RFC 6749 section 3.3" "Correct the scope.";
    TRANSACTION_MISSING "transaction_missing" Callback Restart false "RFC 6749 section 10.12" "Start again in this browser.";
    TRANSACTION_MALFORMED "transaction_malformed" Callback Restart false "RFC 6749 section 10.12" "Start again; store the transaction unchanged.";
    TRANSACTION_EXPIRED "transaction_expired" Callback Restart false "RFC 9700 section 4.2.4" "Start again.";
    TRANSACTION_USED "transaction_used" Callback Restart false "RFC 9700 section 4.2.4" "This answer was used already; go on, or start again.";
    TRANSACTION_MISMATCH "transaction_mismatch" Callback FixConfiguration false "RFC 9700 section 4.4" "Finish with the client that began the flow.";
    CALLBACK_MALFORMED "callback_malformed" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer is not one a server sends.";
    CALLBACK_TOO_LARGE "callback_too_large" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer is not one a server sends.";
    CALLBACK_DUPLICATE_PARAMETER "callback_duplicate_parameter" Callback Restart false "RFC 6749 section 3.1" "Start again; the answer was tampered with.";
    CALLBACK_WRONG_REDIRECT_URI "callback_wrong_redirect_uri" Callback FixConfiguration false "RFC 9700 section 4.1" "Compare the page's address with redirect_uri; behind a proxy, pass only the query.";
    CALLBACK_UNEXPECTED_PARAMETER "callback_unexpected_parameter" Callback Restart false "RFC 9700 section 2.1.2" "Start again; only a code was asked for.";
    STATE_MISSING "state_missing" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer is not bound to this browser.";
    STATE_MISMATCH "state_mismatch" Callback Restart false "RFC 6749 section 10.12" "Start again; the answer belongs to another flow.";
    ISSUER_MISSING "issuer_missing" Callback Restart false "RFC 9207 section 2.4" "Start again; another server answered.";
    ISSUER_MISMATCH "issuer_mismatch" Callback Restart false "RFC 9207 section 2.4" "Start again; another server answered.";
    CODE_MISSING "code_missing" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer holds neither code nor error.";
    CODE_MALFORMED "code_malformed" Callback Restart false "RFC 6749 appendix A.11" "Start again; the code was damaged on its way.";
    AUTHORIZATION_ERROR "authorization_error" Callback Restart false "RFC 6749 section 4.1.2.1" "See the server's error.";
    CONSENT_DENIED "consent_denied" Callback UserDeclined false "api-docs reference/consent" "Say that nothing was shared; offer to try again or go on without.";
    LOGIN_CANCELLED "login_cancelled" Callback UserCancelled false "api-docs reference/consent" "Say that the login was cancelled; offer to try again.";
    TOKEN_ERROR "token_error" Token Restart false "RFC 6749 section 5.2" "See the server's error; a code is never sent twice.";
    TOKEN_RESPONSE_MALFORMED "token_response_malformed" Token TryLater false "RFC 6749 section 5.1" "The server's answer breaks the standard; report it to the provider.";
    TOKEN_RESPONSE_TOO_LARGE "token_response_too_large" Token TryLater false "RFC 6749 section 5.1" "The server's answer is too large; report it to the provider.";
    HTTP_STATUS_UNEXPECTED "http_status_unexpected" Token TryLater false "RFC 6749 section 5" "The server has trouble; start a new flow later.";
    REDIRECT_REFUSED "redirect_refused" Token FixConfiguration false "RFC 9700 section 4.12" "Use the endpoint's own address.";
    CONTENT_TYPE_UNEXPECTED "content_type_unexpected" Token TryLater false "RFC 6749 section 5.1" "JSON was expected; a proxy may have answered.";
    TOKEN_TYPE_UNEXPECTED "token_type_unexpected" Token FixConfiguration false "RFC 6749 section 7.1" "Check how the client is registered with the provider.";
    SESSION_ENDED "session_ended" Token Restart false "RFC 6749 section 6" "Log in again.";
    ID_TOKEN_MISSING "id_token_missing" Token FixConfiguration false "OIDC Core section 3.1.3.3" "Have openid enabled for the client, or leave it out.";
    KEY_REFUSED "key_refused" Configuration FixConfiguration false "RFC 7518 section 6" "Use another key; see what was expected of this one.";
    ALGORITHM_REFUSED "algorithm_refused" Token FixConfiguration false "RFC 8725 section 3.1" "Name the algorithm the server signs with.";
    SIGNING_FAILED "signing_failed" Token TryLater false "RFC 7515 section 5.1" "The signer failed; see the cause.";
    JWS_MALFORMED "jws_malformed" Token TryLater false "RFC 7515 section 7.1" "The server's answer breaks the standard; report it to the provider.";
    SIGNATURE_INVALID "signature_invalid" Token Restart false "RFC 7515 section 5.2" "The token is not the server's; nothing of it was used.";
    JWKS_MALFORMED "jwks_malformed" Token TryLater false "RFC 7517 section 5" "The server's answer breaks the standard; report it to the provider.";
    KEY_NOT_FOUND "key_not_found" Token Restart false "OIDC Core section 10.1" "The server publishes no key that fits; report it to the provider.";
    KEY_AMBIGUOUS "key_ambiguous" Token TryLater false "RFC 7517 section 4.5" "The server publishes several keys that fit; report it to the provider.";
    CLAIM_REFUSED "claim_refused" Token Restart false "OIDC Core section 3.1.3.7" "Start again; see what was expected.";
    JWT_EXPIRED "jwt_expired" Token Restart false "RFC 7519 section 4.1.4" "Start again; if it is new, compare the clocks.";
    NONCE_MISMATCH "nonce_mismatch" Token Restart false "OIDC Core section 3.1.3.7" "Start again; the token belongs to another login.";
    DPOP_NONCE_MISSING "dpop_nonce_missing" Token TryLater false "RFC 9449 section 8" "The server gives no good nonce; report it to the provider.";
    DPOP_NONCE_REFUSED "dpop_nonce_refused" Token TryLater false "RFC 9449 section 8" "The server refuses its own nonce; report it to the provider.";
    DEVICE_CODE_EXPIRED "device_code_expired" Token Restart false "RFC 8628 section 3.5" "Nobody finished the login in time; begin again.";
    DEVICE_RESPONSE_MALFORMED "device_response_malformed" Token TryLater false "RFC 8628 section 3.2" "The server's answer breaks the standard; report it to the provider.";
    RESOURCE_REFUSED "resource_refused" Api FixConfiguration false "RFC 6750 section 5.3" "A token goes to the https origins it is for; name this one.";
    NETWORK_ERROR "network_error" Runtime TryLater false "RFC 9110 section 9.2.2" "The server could not be reached; see the cause.";
    TIMEOUT "timeout" Runtime TryLater false "RFC 9110 section 9.2.2" "No answer came in time; raise the timeout or try later.";
    ABORTED "aborted" Runtime None false "RFC 9110 section 9.2.2" "The caller's signal ended the request.";
    TOKEN_INVALID "token_invalid" Api Restart false "RFC 6750 section 3.1" "Get a new token; at most once for a call.";
    UNAUTHORIZED "unauthorized" Api FixConfiguration false "RFC 9110 section 15.5.2" "Check the token: that it is alive, its scope and its audience.";
    API_ERROR "api_error" Api TryLater false "api-docs reference/openapi" "See the provider's code and quote the trace id to its support.";
    API_RESPONSE_MALFORMED "api_response_malformed" Api TryLater false "api-docs reference/openapi" "The answer is not the documented one; report it with the trace id.";
    METADATA_MALFORMED "metadata_malformed" Configuration TryLater false "RFC 8414 section 3.2" "The server's metadata breaks the standard; report it to the provider.";
    METADATA_ISSUER_MISMATCH "metadata_issuer_mismatch" Configuration FixConfiguration false "RFC 8414 section 3.3" "Give the issuer exactly as the server writes it.";
    RESOURCE_MISMATCH "resource_mismatch" Api FixConfiguration false "RFC 9728 section 3.3" "This metadata is another API's; send it no token.";
    ENDPOINT_MISSING "endpoint_missing" Configuration FixConfiguration false "RFC 8414 section 2" "Give the endpoint, if the provider has one.";
    ENDPOINT_REFUSED "endpoint_refused" Configuration FixConfiguration false "RFC 8414 section 2" "Use https on a public host; for a server of your own machine, the development option.";
    OAUTH_ERROR "oauth_error" Token FixConfiguration false "RFC 6749 section 5.2" "See the server's error.";
    PAR_RESPONSE_MALFORMED "par_response_malformed" Authorization TryLater false "RFC 9126 section 2.2" "The server's answer breaks the standard; report it to the provider.";
    USERINFO_MALFORMED "userinfo_malformed" Api TryLater false "OIDC Core section 5.3.2" "The server's answer breaks the standard; report it to the provider.";
    SUBJECT_MISMATCH "subject_mismatch" Api Restart false "OIDC Core section 5.3.2" "The claims are another person's; use none of them.";
    INTROSPECTION_MALFORMED "introspection_malformed" Token TryLater false "RFC 7662 section 2.2" "The server's answer breaks the standard; report it to the provider.";
    REVOCATION_FAILED "revocation_failed" Token TryLater true "RFC 7009 section 2.2" "The token may still be valid; try again.";
    LOGOUT_STATE_MISMATCH "logout_state_mismatch" Session None false "OIDC RP-Initiated Logout section 3" "Nobody was logged out by this; end no session because of it.";
    CHALLENGE_MALFORMED "challenge_malformed" Api TryLater false "RFC 9110 section 11.6.1" "The server's answer breaks the standard; report it to the provider.";
    SESSION_MISSING "session_missing" Session Restart false "RFC 6265 section 5.4" "No session cookie came; log in.";
    SESSION_INVALID "session_invalid" Session Restart false "RFC 6265 section 8.5" "The cookie is old or damaged; log in again.";
    SESSION_TOO_LARGE "session_too_large" Session FixConfiguration false "RFC 6265 section 6.1" "Allow more, keep less, or give the edge a store.";
    SESSION_UNAVAILABLE "session_unavailable" Session TryLater true "RFC 9110 section 15.6.4" "The store of the sessions does not answer; nobody need log in again.";
    SESSION_STALE "session_stale" Session Restart false "RFC 6749 section 5.2" "The server takes the refresh token no more; log in again for what needs a token.";
    TOKEN_EXPIRED "token_expired" Api Restart false "RFC 6749 section 5.1" "Renew the session's tokens, or log in again.";
    METHOD_REFUSED "method_refused" Session FixConfiguration false "RFC 9110 section 15.5.6" "Send the request by one of the methods in Allow; a logout is a form that a page of this origin posts.";
    RETURN_TO_REFUSED "return_to_refused" Session FixConfiguration false "RFC 9700 section 4.11.1" "Give a path on this origin, such as /result.";
    ORIGIN_REFUSED "origin_refused" Session FixConfiguration false "RFC 9700 section 4.7" "Only a page of this origin may post here.";
    WASM_UNAVAILABLE "wasm_unavailable" Runtime FixConfiguration false "CSP level 3 section 2.3" "Allow wasm: script-src 'self' 'wasm-unsafe-eval'; see the cause.";
    // Of the providers' own APIs.
    =>
    CONFIRMATION_REFUSED "confirmation_refused" Callback UserCancelled false "Selvbetjening docs, confirm-client" "The draft was not confirmed; offer the confirm URL again. Ask for the client's status either way.";
    CONSENT_INACTIVE "consent_inactive" Api Restart false "api-docs reference/openapi" "The consent is used, expired or withdrawn; ask for a new one.";
    SUBSCRIPTION_KEY_REFUSED "subscription_key_refused" Api FixConfiguration false "RFC 9110 section 15.5.2" "Check the subscription's key and its header; the token is not the reason.";
    CONFLICT "conflict" Api FixConfiguration false "api-docs reference/openapi" "client_consent_id is registered with other data; use a new one.";
    NOT_FOUND "not_found" Api FixConfiguration false "RFC 9110 section 15.5.5" "Nothing is registered under this name; compare it, and the environment.";
    REGISTRATION_CONFLICT "registration_conflict" Api FixConfiguration false "docs.digdir.no self-service API" "What is registered stands in the way: a key or name that is there already, a deactivated entry, or a change made meanwhile. Read it again.";
}
