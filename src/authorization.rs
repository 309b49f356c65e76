//! The authorization request: from settings to the URL a browser is sent to.
//!
//! RFC 6749 section 4.1.1, RFC 7636 section 4.3, OIDC Core section 3.1.2.1, RFC 8707, RFC 9396.
//! Refuses parameters set twice, empty or reserved, scopes outside the grammar, and weak state, nonce or verifier.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::{Client, RESERVED};
use crate::encoding::{base64url, cut, decimal, push_percent};
use crate::error::{Error, Result, codes};
use crate::pkce::{Verifier, is_unreserved};
use crate::transaction::{DEFAULT_LIFETIME, ResponseMode, Transaction, has_openid};

/// Random octets for one flow: verifier, state and nonce, 32 each.
pub const RANDOM_OCTETS: usize = 96;

/// What to ask for. State, nonce and verifier are made by the library unless given.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationRequest {
    pub(crate) scope: String,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) verifier: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) response_mode: ResponseMode,
    pub(crate) lifetime: Option<u32>,
}

impl AuthorizationRequest {
    /// Asks for a scope: tokens separated by single spaces, in the caller's order. It may be empty.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), ..Self::default() }
    }

    /// Replaces the scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Adds a parameter of the caller's, such as `prompt`, `max_age`, `claims`, `resource` or `ui_locales`.
    /// Only `resource` may be added twice (RFC 8707 section 2).
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Uses the caller's `state`: 22 to 128 characters of `A-Z a-z 0-9 - . _ ~`, unguessable, used once.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Uses the caller's `nonce`: 16 to 128 characters, unguessable, used once.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Uses the caller's PKCE verifier: 43 to 128 unreserved characters, unguessable, used once.
    #[must_use]
    pub fn code_verifier(mut self, verifier: impl Into<String>) -> Self {
        self.verifier = Some(verifier.into());
        self
    }

    /// Asks for another way back than the query.
    #[must_use]
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.response_mode = mode;
        self
    }

    /// Seconds until the transaction expires; one hour unless given.
    #[must_use]
    pub fn lifetime(mut self, seconds: u32) -> Self {
        self.lifetime = Some(seconds);
        self
    }
}

/// A flow that has begun.
#[derive(Debug)]
pub struct Login {
    /// Where to send the browser, by a top-level navigation.
    pub url: String,
    /// What to keep until it comes back.
    pub transaction: Transaction,
}

impl Client {
    /// Begins a flow: checks the request, draws nothing itself (`random` comes from the host's generator), reads no
    /// clock (`now` is seconds since 1970) and returns the URL with what must be remembered.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter` or `reserved_parameter`, naming the parameter.
    ///
    /// ```
    /// use samtykke::{AuthorizationRequest, Client, Profile};
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Client::new(profile, "client-1", "https://rp.example/cb")?;
    /// let random = [7; 96]; // from the host: getrandom, crypto.getRandomValues
    /// let login = client.begin(AuthorizationRequest::new("read"), &random, 1_700_000_000)?;
    /// assert!(login.url.starts_with("https://op.example/authorize?client_id=client-1&response_type=code&scope=read&state="));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn begin(&self, request: AuthorizationRequest, random: &[u8; RANDOM_OCTETS], now: u64) -> Result<Login> {
        check_scope(&request.scope)?;
        (self.profile.rules.check_scope)(&request.scope)?;
        check_parameters(&request.parameters)?;
        let (first, rest) = random.split_at(32);
        let (second, third) = rest.split_at(32);
        let verifier = match request.verifier {
            Some(text) => Verifier::parse(&text)?,
            None => Verifier::from_random(first),
        };
        let state = own_or_random(request.state, "state", 22, second)?;
        // Always checked when given; sent when there is an id_token to bind.
        let nonce = own_or_random(request.nonce, "nonce", 16, third)?;
        let nonce = has_openid(&request.scope).then_some(nonce);

        let endpoint = &self.profile.authorization_endpoint;
        let mut url = String::with_capacity(512);
        url.push_str(endpoint);
        // A query of the endpoint's own is kept (RFC 6749 section 3.1).
        url.push(if cut(endpoint, b'?').1.is_some() { '&' } else { '?' });
        url.push_str("client_id=");
        push_percent(&mut url, &self.client_id);
        let mut push = |name: &str, value: &str| {
            url.push('&');
            push_percent(&mut url, name);
            url.push('=');
            push_percent(&mut url, value);
        };
        push("response_type", "code");
        if !request.scope.is_empty() {
            push("scope", &request.scope);
        }
        push("state", &state);
        push("redirect_uri", &self.redirect_uri);
        push("code_challenge", &verifier.challenge());
        push("code_challenge_method", "S256");
        if let Some(nonce) = &nonce {
            push("nonce", nonce);
        }
        if request.response_mode != ResponseMode::Query {
            push("response_mode", request.response_mode.as_str());
        }
        for (name, value) in &request.parameters {
            push(name, value);
        }
        let transaction = Transaction::join([
            &state,
            &self.profile.issuer,
            &self.client_id,
            &self.redirect_uri,
            nonce.as_deref().unwrap_or_default(),
            verifier.expose(),
            &decimal(now),
            &decimal(u64::from(request.lifetime.unwrap_or(DEFAULT_LIFETIME))),
            request.response_mode.as_str(),
            &request.scope,
        ]);
        Ok(Login { url, transaction })
    }
}

/// Scope tokens of NQCHAR, single spaces between them (RFC 6749 section 3.3 and appendix A.4).
pub(crate) fn is_scope(scope: &str) -> bool {
    // A space must stand between two characters: not first, not last, not doubled.
    let mut before = b' ';
    for octet in scope.bytes() {
        if !matches!(octet, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~') || (octet == b' ' && before == b' ') {
            return false;
        }
        before = octet;
    }
    scope.is_empty() || before != b' '
}

pub(crate) fn check_scope(scope: &str) -> Result<()> {
    if is_scope(scope) {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_SCOPE).expected("scope tokens of visible ASCII without quotes and backslash, single spaces between them"))
}

fn own_or_random(own: Option<String>, name: &'static str, least: usize, random: &[u8]) -> Result<String> {
    let Some(own) = own else { return Ok(base64url(random)) };
    if is_unreserved(&own, least) {
        return Ok(own);
    }
    Err(Error::new(&codes::INVALID_PARAMETER).expected("state of 22 to 128, nonce of 16 to 128 unreserved characters").actual(name))
}

/// A parameter that has a grammar of its own: its name, what is expected, and the judge.
type Grammar = (&'static str, &'static str, fn(&str) -> bool);

const GRAMMARS: &[Grammar] = &[
    ("max_age", "max_age: whole seconds", |value| value.bytes().all(|c| c.is_ascii_digit()) && value.len() < 10),
    ("prompt", "prompt: none stands alone", |value| value == "none" || !value.split(' ').any(|item| item == "none" || item.is_empty())),
    ("resource", "resource: an absolute URI without fragment", |value| {
        crate::uri::Uri::parse(value).is_some_and(|uri| uri.fragment.is_none())
    }),
    #[cfg(not(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full"))))]
    ("claims", "claims: a JSON object", |value| matches!(crate::json::Value::parse(value), Some(crate::json::Value::Object(_)))),
    #[cfg(not(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full"))))]
    ("authorization_details", "authorization_details: a JSON array of objects, each with a type", is_authorization_details),
    // The browser wasm has no JSON reader; what it cannot check it does not send.
    #[cfg(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full")))]
    ("claims", "claims: begin this flow with the full client", |_| false),
    #[cfg(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full")))]
    ("authorization_details", "authorization_details: begin this flow with the full client", |_| false),
];

#[cfg(not(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full"))))]
fn is_authorization_details(text: &str) -> bool {
    let value = crate::json::Value::parse(text);
    let items = value.as_ref().and_then(crate::json::Value::as_array);
    items.is_some_and(|items| items.iter().all(|item| item.get("type").is_some_and(|kind| kind.as_str().is_some())))
}

fn check_parameters(parameters: &[(String, String)]) -> Result<()> {
    for (at, (name, value)) in parameters.iter().enumerate() {
        if RESERVED.contains(&name.as_str()) {
            return Err(Error::new(&codes::RESERVED_PARAMETER).actual(name.clone()));
        }
        let again = parameters.iter().take(at).any(|(earlier, _)| earlier == name);
        if name.is_empty() || value.is_empty() || (again && name != "resource") {
            return Err(Error::new(&codes::INVALID_PARAMETER).expected("a name and a value, once").actual(name.clone()));
        }
        for (grammar, expected, fits) in GRAMMARS {
            if grammar == name && !fits(value) {
                return Err(Error::new(&codes::INVALID_PARAMETER).expected(*expected).actual(name.clone()));
            }
        }
    }
    // max_age=0 asks for a login, prompt=none forbids one (OIDC Core section 3.1.2.1).
    let has = |name: &str, value: &str| parameters.iter().any(|(n, v)| n == name && v == value);
    if has("max_age", "0") && has("prompt", "none") {
        return Err(Error::new(&codes::INVALID_PARAMETER).expected("max_age=0 without prompt=none"));
    }
    Ok(())
}
