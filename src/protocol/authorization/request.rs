//! The authorization request: from settings to the URL a browser is sent to.
//!
//! RFC 6749 section 4.1.1, RFC 7636 section 4.3, OIDC Core section 3.1.2.1, RFC 8707, RFC 9396.
//! Refuses parameters set twice, empty or reserved, scopes outside the grammar, and weak state, nonce or verifier.

use crate::protocol::syntax::check_scope;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::lean::LEAN;
use crate::ground::secret::Secret;
use crate::ground::text::{cut, decimal, push, push_base64url, push_escaped, word};
use crate::protocol::authorization::pkce::is_unreserved;
use crate::protocol::authorization::transaction::{DEFAULT_LIFETIME, ResponseMode, Transaction, has_openid};
use crate::protocol::client::{RESERVED, Registration, Settings};

/// Random octets for one flow: verifier, state and nonce, 32 each.
pub const RANDOM_OCTETS: usize = 96;

/// What to ask for. State, nonce and verifier are made by the library unless given.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationRequest {
    pub(crate) scope: String,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) verifier: Option<Secret>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) response_mode: ResponseMode,
    pub(crate) lifetime: Option<u32>,
    pub(crate) acr_optional: bool,
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
        self.verifier = Some(Secret::new(verifier));
        self
    }

    /// Asks for another way back than the query.
    #[must_use]
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.response_mode = mode;
        self
    }

    /// Makes the level of assurance a wish. Otherwise the id_token's `acr` must be one of those that `acr_values`, or an essential
    /// `acr` in `claims`, named (OpenID Connect Core section 3.1.3.7).
    #[must_use]
    pub fn acr_optional(mut self) -> Self {
        self.acr_optional = true;
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
#[non_exhaustive]
pub struct Login {
    /// Where to send the browser, by a top-level navigation.
    pub url: String,
    /// What to keep until it comes back.
    pub transaction: Transaction,
}

impl Registration {
    /// Begins a flow: checks the request, draws nothing itself (`random` comes from the host's generator), reads no
    /// clock (`now` is seconds since 1970) and returns the URL with what must be remembered.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter` or `reserved_parameter`, naming the parameter; `invalid_configuration` where the
    /// provider takes pushed or signed requests only ([`Exchange::login`](crate::Exchange::login)).
    ///
    /// ```
    /// use samtykke::{AuthorizationRequest, Profile, Registration};
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// let random = [7; 96]; // from the host: getrandom, crypto.getRandomValues
    /// let login = client.begin(AuthorizationRequest::new("read"), &random, 1_700_000_000)?;
    /// assert!(login.url.starts_with("https://op.example/authorize?client_id=client-1&response_type=code&scope=read&state="));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn begin(&self, request: AuthorizationRequest, random: &[u8; RANDOM_OCTETS], now: u64) -> Result<Login> {
        if self.profile.requests.pushed || self.profile.requests.request_object {
            let expected = "Exchange::login: the provider takes pushed or signed requests only";
            return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Authorization).expected(expected));
        }
        self.begin_any(request, random, now)
    }

    /// As [`begin`](Self::begin), whatever the provider takes: the parameters may yet be pushed or signed.
    pub(crate) fn begin_any(&self, request: AuthorizationRequest, random: &[u8; RANDOM_OCTETS], now: u64) -> Result<Login> {
        let modes = &self.profile.requests.response_modes;
        check_response_mode(request.response_mode.as_str(), &modes.iter().map(String::as_str).collect::<Vec<_>>())?;
        let (mut url, mut transaction) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
        let asked = Asked {
            scope: &request.scope,
            state: request.state.as_deref(),
            nonce: request.nonce.as_deref(),
            verifier: request.verifier.as_ref().map(Secret::expose),
            parameters: request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            response_mode: request.response_mode.as_str(),
            lifetime: &decimal(u64::from(request.lifetime.unwrap_or(DEFAULT_LIFETIME))),
            now: &decimal(now),
            acr_optional: request.acr_optional,
        };
        begin(&self.settings(), &asked, random, &mut url, &mut transaction)?;
        let text = |octets| String::from_utf8(octets).unwrap_or_default();
        Ok(Login { url: text(url), transaction: Transaction::from_text(text(transaction)) })
    }
}

/// A request as it is judged: borrowed, times as digits.
pub(crate) struct Asked<'a, Parameters> {
    pub(crate) scope: &'a str,
    pub(crate) state: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    pub(crate) parameters: Parameters,
    pub(crate) response_mode: &'a str,
    pub(crate) lifetime: &'a str,
    pub(crate) now: &'a str,
    pub(crate) acr_optional: bool,
}

/// Checks a request, then appends the URL and the transaction.
pub(crate) fn begin<'p>(
    client: &Settings<'_>,
    asked: &Asked<'_, impl Iterator<Item = (&'p str, &'p str)> + Clone>,
    random: &[u8; RANDOM_OCTETS],
    url: &mut Vec<u8>,
    kept: &mut Vec<u8>,
) -> Result<()> {
    if !LEAN && client.authorization_endpoint.is_empty() {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("a client with authorization_endpoint and redirect_uri"));
    }
    check_scope(asked.scope)?;
    (client.rules.check_scope)(asked.scope)?;
    check_parameters(&asked.parameters, client.free_resource)?;
    let (first, rest) = random.split_at(32);
    let (second, third) = rest.split_at(32);
    let state = own_or_random(asked.state, "state", 22, second)?;
    // Always checked when given; kept and sent when there is an id_token to bind.
    let mut nonce = own_or_random(asked.nonce, "nonce", 16, third)?;
    if !has_openid(asked.scope) {
        nonce.clear();
    }
    let verifier = own_or_random(asked.verifier, "code_verifier", 43, first)?;
    let mut challenge = Vec::new();
    push_base64url(&mut challenge, &crate::ground::sha256::digest(&verifier));
    // In the order of the transaction's fields.
    push_field(kept, &state);
    push_field(kept, client.issuer.as_bytes());
    // Encoded: an id may hold spaces, and a space ends a field.
    push_escaped(kept, client.client_id.as_bytes(), true);
    push_field(kept, b"");
    push_field(kept, client.redirect_uri.as_bytes());
    let sent = nonce.len();
    if !LEAN {
        let acr = if asked.acr_optional { None } else { demanded_acr(asked.parameters.clone()) };
        if !nonce.is_empty() {
            push_demands(&mut nonce, &state, asked.parameters.clone(), acr.as_deref(), client.rules.echoed.0);
        } else if acr.is_some() {
            return Err(wrong(
                "acr with openid in the scope: without an id_token nothing tells the level, unless it is optional",
                "acr_values",
            ));
        }
    }
    push_field(kept, &nonce);
    nonce.truncate(sent);
    push_field(kept, &verifier);
    push_field(kept, asked.now.as_bytes());
    push_field(kept, asked.lifetime.as_bytes());
    push_field(kept, asked.response_mode.as_bytes());
    push(kept, asked.scope.as_bytes());

    push(url, client.authorization_endpoint.as_bytes());
    let mark = url.len();
    push_parameter(url, "client_id", client.client_id.as_bytes());
    push_parameter(url, "response_type", b"code");
    push_parameter(url, "scope", asked.scope.as_bytes());
    push_parameter(url, "state", &state);
    push_parameter(url, "redirect_uri", client.redirect_uri.as_bytes());
    push_parameter(url, "code_challenge", &challenge);
    push_parameter(url, "code_challenge_method", b"S256");
    push_parameter(url, "nonce", &nonce);
    if asked.response_mode != "query" {
        push_parameter(url, "response_mode", asked.response_mode.as_bytes());
    }
    for (name, value) in asked.parameters.clone() {
        push_parameter(url, name, value.as_bytes());
    }
    // A query of the endpoint's own is kept (RFC 6749 section 3.1).
    if let (None, Some(octet)) = (cut(client.authorization_endpoint, b'?').1, url.get_mut(mark)) {
        *octet = b'?';
    }
    Ok(())
}

/// What else an id_token must answer to, kept with its nonce: `,max_age,state,acr,echoed`. A page's flow asks for none of it.
fn push_demands<'p>(
    nonce: &mut Vec<u8>,
    state: &[u8],
    parameters: impl Iterator<Item = (&'p str, &'p str)> + Clone,
    acr: Option<&str>,
    echoed: &str,
) {
    let sent = |wanted: &str| parameters.clone().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value);
    for text in [sent("max_age").as_bytes(), state] {
        push(nonce, b",");
        push(nonce, text);
    }
    let echoed = if echoed.is_empty() { "" } else { sent(echoed) };
    if acr.is_some() || !echoed.is_empty() {
        push(nonce, b",");
        push_escaped(nonce, acr.unwrap_or_default().as_bytes(), true);
    }
    if !echoed.is_empty() {
        push(nonce, b",");
        push_escaped(nonce, echoed.as_bytes(), true);
    }
}

/// The levels of which the id_token must have one, spaces between them: those of an essential `acr` (OpenID Connect Core section
/// 5.5.1.1), else those of `acr_values`.
fn demanded_acr<'p>(parameters: impl Iterator<Item = (&'p str, &'p str)>) -> Option<String> {
    let mut asked = None;
    for (name, value) in parameters {
        match name {
            "acr_values" => asked = asked.or_else(|| Some(String::from(value))),
            "claims" => {
                if let essential @ Some(_) = essential_acr(value) {
                    return essential;
                }
            }
            _ => {}
        }
    }
    asked
}

/// What `claims` says of an id_token's `acr`, where it is essential and names values.
fn essential_acr(claims: &str) -> Option<String> {
    use crate::ground::json::Value;
    let claims = Value::parse(claims)?;
    let acr = claims.get("id_token")?.get("acr")?;
    if !matches!(acr.get("essential"), Some(Value::Bool(true))) {
        return None;
    }
    let values = acr.get("values").and_then(Value::as_array).unwrap_or_default();
    let named: Vec<&str> = values.iter().chain(acr.get("value")).filter_map(Value::as_str).collect();
    (!named.is_empty()).then(|| named.join(" "))
}

fn push_field(out: &mut Vec<u8>, field: &[u8]) {
    push(out, field);
    push(out, b" ");
}

/// Appends a parameter unless its value is empty.
fn push_parameter(url: &mut Vec<u8>, name: &str, value: &[u8]) {
    if !value.is_empty() {
        push(url, b"&");
        push_escaped(url, name.as_bytes(), false);
        push(url, b"=");
        push_escaped(url, value, false);
    }
}

fn own_or_random(own: Option<&str>, name: &'static str, least: usize, random: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match own {
        None => push_base64url(&mut out, random),
        Some(own) if is_unreserved(own, least) => push(&mut out, own.as_bytes()),
        _ => return Err(wrong("22, for a nonce 16, for a code_verifier 43, to 128 unreserved characters", name)),
    }
    Ok(out)
}

fn wrong(expected: &'static str, actual: &str) -> Error {
    Error::new(&codes::INVALID_PARAMETER).expected(expected).actual(actual)
}

/// Refuses a response mode that a server says it has not; an empty list says nothing, and the query is every server's.
pub(crate) fn check_response_mode(mode: &str, offered: &[&str]) -> Result<()> {
    // For a code, `jwt` is `query.jwt` (JARM section 2.3.4).
    let is = |name: &&str| *name == mode || (mode == "jwt" && *name == "query.jwt");
    if mode == "query" || offered.is_empty() || offered.iter().any(is) {
        return Ok(());
    }
    let mut expected = String::from("response_mode: one that the server has, of ");
    expected.push_str(&offered.join(" "));
    Err(Error::new(&codes::INVALID_PARAMETER).expected(expected).actual(mode))
}

/// What a parameter that has a grammar of its own should have been.
fn misfit(name: &str, value: &str) -> Option<&'static str> {
    use crate::ground::json::Value;
    let (fits, expected) = match name {
        "max_age" => (value.len() < 10 && value.bytes().all(|c| c.is_ascii_digit()), "max_age: whole seconds"),
        "prompt" => (value == "none" || is_prompt(value), "prompt: none stands alone"),
        "resource" => {
            (crate::ground::uri::Uri::parse(value).is_some_and(|uri| uri.fragment.is_none()), "resource: an absolute URI without fragment")
        }
        "claims" => (matches!(Value::parse(value), Some(Value::Object(_))), "claims: a JSON object"),
        "authorization_details" => {
            let value = Value::parse(value);
            let typed = |item: &Value<'_>| item.text("type").is_some();
            let fits = value.as_ref().and_then(Value::as_array).is_some_and(|items| items.iter().all(typed));
            (fits, "authorization_details: a JSON array of objects, each with a type")
        }
        _ => return None,
    };
    (!fits).then_some(expected)
}

/// Words with single spaces between them, none of them `none`.
fn is_prompt(value: &str) -> bool {
    !crate::ground::text::Parts(Some(value), b' ').any(|word| word.is_empty() || word == "none")
}

fn check_parameters<'p>(parameters: &(impl Iterator<Item = (&'p str, &'p str)> + Clone), free_resource: bool) -> Result<()> {
    for (name, value) in parameters.clone() {
        if word(RESERVED, name.as_bytes()).is_some() {
            return Err(Error::new(&codes::RESERVED_PARAMETER).actual(name));
        }
        let again = parameters.clone().filter(|(other, _)| *other == name).count() > 1 && (LEAN || name != "resource");
        if name.is_empty() || value.is_empty() || again {
            return Err(wrong("a name and a value, once", name));
        }
        if LEAN || (free_resource && name == "resource") {
            continue;
        }
        if let Some(expected) = misfit(name, value) {
            return Err(wrong(expected, name));
        }
    }
    Ok(())
}
