//! What a flow remembers of the id_token it waits for: an [`IdTokenExpectation`] that owns its texts.
//!
//! OIDC Core sections 3.1.3.7 and 12.2. Filled by the flow from its transaction and tokens; the caller makes it stricter.
//! Refuses nothing itself; [`IdTokenRules::check`] judges a token by it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::jose::Algorithm;
use crate::protocol::id_token::claims::{self, Claims, Unverified};
use crate::protocol::id_token::{self, IdTokenExpectation};

/// What a token must say, owned.
///
/// ```
/// use samtykke::protocol::id_token::rules::IdTokenRules;
/// let mut rules = IdTokenRules::new("https://op.example", "client-1");
/// rules.acr_values = "Level4 urn:example:high".into();
/// let token = "eyJhbGciOiJub25lIn0.e30.AAAA"; // {"alg":"none"}
/// assert_eq!(rules.check(token, 1_700_000_000).unwrap_err().code(), "algorithm_refused");
/// ```
pub struct IdTokenRules {
    /// The issuer, byte for byte.
    pub issuer: String,
    /// This client.
    pub client_id: String,
    /// The algorithms it may be signed with: those registered with the server; RS256 when empty (OIDC Registration section 2).
    pub algorithms: Vec<&'static Algorithm>,
    /// Other audiences that may stand beside the client.
    pub trusted_audiences: Vec<String>,
    /// The nonce that was sent; `None` when none was, and then none may come back.
    pub nonce: Option<String>,
    /// `max_age` that was sent, in seconds: `auth_time` must then be there and be as fresh.
    pub max_age: Option<u32>,
    /// The `acr` values, spaces between them, of which one is demanded; empty when none is.
    pub acr_values: String,
    /// The access token that came along, for `at_hash`.
    pub access_token: Option<Secret>,
    /// The code it was exchanged for, for `c_hash`.
    pub code: Option<Secret>,
    /// The `state` that was sent, for `s_hash`.
    pub state: Option<String>,
    /// Seconds by which the clocks may differ; at most 60.
    pub skew: u32,
    /// The claims of the login, when this token came with a refresh.
    pub refresh_of: Option<Claims>,
    /// Whether `auth_time` may be an RFC 3339 text, as AD FS may write it, and not only a number; from the provider's profile.
    pub auth_time_text: bool,
    /// Whether a logout token may lack `exp`, as [`IdTokenExpectation::logout_token_without_exp`].
    pub logout_token_without_exp: bool,
    pub(crate) hashes_given: bool,
    /// Whether an id_token of a refresh is taken though nobody knows whose login it was.
    pub(crate) unchecked: bool,
    /// Claims, spaces between them, one of which must be this text.
    pub(crate) echoed: Option<(&'static str, String)>,
}

impl IdTokenRules {
    /// The usual: RS256, no nonce, ten seconds of skew.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            algorithms: Vec::new(),
            trusted_audiences: Vec::new(),
            nonce: None,
            max_age: None,
            acr_values: String::new(),
            access_token: None,
            code: None,
            state: None,
            skew: claims::DEFAULT_SKEW,
            refresh_of: None,
            unchecked: false,
            auth_time_text: false,
            logout_token_without_exp: false,
            hashes_given: false,
            echoed: None,
        }
    }

    /// Reads a token and checks all of it but the signature, as [`id_token::check`].
    ///
    /// # Errors
    /// Those of [`id_token::check`].
    pub fn check(&self, token: &str, now: u64) -> Result<Unverified> {
        self.with_expectation(|expectation| id_token::check(token, expectation, now))
    }

    /// Lends it to a judge.
    pub(crate) fn with_expectation<T>(&self, judge: impl FnOnce(&IdTokenExpectation<'_>) -> T) -> T {
        let trusted: Vec<&str> = self.trusted_audiences.iter().map(String::as_str).collect();
        let mut expectation = IdTokenExpectation::new(&self.issuer, &self.client_id);
        if !self.algorithms.is_empty() {
            expectation.algorithms = &self.algorithms;
        }
        expectation.trusted_audiences = &trusted;
        expectation.nonce = self.nonce.as_deref();
        expectation.max_age = self.max_age;
        expectation.acr_values = &self.acr_values;
        expectation.access_token = self.access_token.as_ref().map(Secret::expose);
        expectation.code = self.code.as_ref().map(Secret::expose);
        expectation.state = self.state.as_deref();
        expectation.skew = self.skew;
        expectation.refresh_of = self.refresh_of.as_ref();
        expectation.auth_time_text = self.auth_time_text;
        expectation.logout_token_without_exp = self.logout_token_without_exp;
        expectation.hashes_given = self.hashes_given;
        expectation.echoed = self.echoed.as_ref().map(|(claims, value)| (*claims, value.as_str()));
        judge(&expectation)
    }
}

impl core::fmt::Debug for IdTokenRules {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IdTokenRules").field("issuer", &self.issuer).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
