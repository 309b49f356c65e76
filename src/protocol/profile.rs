//! What a provider's requests must look like, and where they go: data, read by the parts that build them.
//!
//! RFC 8414 section 2 (endpoints), RFC 8705 section 5 (aliases), RFC 7523 section 3 (assertions), RFC 9126, RFC 9101, RFC 9449.
//! Refuses nothing itself: each request's builder judges the endpoint and the rules it uses.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Action, Kind, Result};
use crate::jose::Encryption;
use crate::protocol::endpoint::Development;
use crate::protocol::token::TokenType;

/// What one provider does differently, as data.
#[derive(Debug)]
pub struct Rules {
    /// The provider's short name; empty for a server without rules of its own.
    pub id: &'static str,
    /// Judges a requested scope by the provider's grammar.
    pub check_scope: fn(&str) -> Result<()>,
    /// What to do about the errors of the callback: an action, and the `error` values it goes for, spaces between them.
    pub callback_errors: &'static [(Action, &'static str)],
    /// Errors of the callback that have a code of their own in this library, the server's `error` value itself.
    pub callback_kinds: &'static [&'static Kind],
    /// Client authentication methods the provider takes; empty for any.
    pub client_authentication: &'static [&'static str],
    /// Whether a token response may lack the `id_token` that `openid` asked for.
    pub id_token_optional: bool,
    /// Levels of assurance from the lowest to the highest, each by its `acr` values, spaces between them. Empty where the provider
    /// does not order them: then one of the values that were demanded must come.
    pub acr_levels: &'static [&'static str],
    /// A parameter of the authorization request, and the claims of the id_token, spaces between them, one of which must repeat its
    /// value; empty for none.
    pub echoed: (&'static str, &'static str),
}

impl Rules {
    /// The `acr` values that satisfy a demand, spaces between them: those that were demanded, and all that are not below the lowest of
    /// them where the provider orders its levels.
    ///
    /// ```
    /// use samtykke::protocol::profile::{Rules, STANDARD};
    /// let rules = Rules { acr_levels: &["low", "substantial", "high"], ..STANDARD };
    /// assert_eq!(rules.acr_values("substantial"), "substantial substantial high");
    /// assert_eq!(STANDARD.acr_values("a b"), "a b");
    /// ```
    pub fn acr_values(&self, demanded: &str) -> String {
        let mut enough = String::from(demanded);
        let is_named = |level: &&&str| level.split(' ').any(|acr| demanded.split(' ').any(|one| one == acr));
        let Some(lowest) = self.acr_levels.iter().position(|level| is_named(&level)) else { return enough };
        for level in self.acr_levels.get(lowest..).unwrap_or_default() {
            enough.push(' ');
            enough.push_str(level);
        }
        enough
    }
}

fn any_scope(_: &str) -> Result<()> {
    Ok(())
}

/// The rules of a server that keeps to the standards.
pub static STANDARD: Rules = Rules {
    id: "",
    check_scope: any_scope,
    callback_errors: STANDARD_ERRORS,
    callback_kinds: &[],
    client_authentication: &[],
    id_token_optional: false,
    acr_levels: &[],
    echoed: ("", ""),
};

/// What the standard error codes ask of the caller (RFC 6749 section 4.1.2.1, OIDC Core section 3.1.2.6).
pub static STANDARD_ERRORS: &[(Action, &str)] = &[
    (Action::UserDeclined, "access_denied"),
    (Action::TryLater, "server_error temporarily_unavailable"),
    (Action::FixConfiguration, "invalid_request invalid_scope unauthorized_client unsupported_response_type"),
];

/// A provider's addresses and rules.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What the provider does differently.
    pub rules: &'static Rules,
    /// The issuer identifier, byte for byte.
    pub issuer: String,
    /// Where the browser is sent.
    pub authorization_endpoint: String,
    /// Where codes become tokens; empty where only the front channel is used.
    pub token_endpoint: String,
    /// Whether the server names itself in every callback (RFC 9207, `authorization_response_iss_parameter_supported`).
    pub iss_parameter: bool,
    /// Which servers are taken for development: those of this machine, by http too, and those at origins that are named.
    pub development: Development,
    /// Further addresses.
    pub endpoints: Endpoints,
    /// How requests look.
    pub requests: Requests,
}

impl Profile {
    /// A server that keeps to the standards, over https.
    pub fn new(issuer: &str, authorization_endpoint: &str, token_endpoint: &str) -> Self {
        Self {
            rules: &STANDARD,
            issuer: issuer.into(),
            authorization_endpoint: authorization_endpoint.into(),
            token_endpoint: token_endpoint.into(),
            iss_parameter: false,
            development: Development::default(),
            endpoints: Endpoints::default(),
            requests: Requests::default(),
        }
    }

    /// The same without a front channel: for a client that no person logs in with, and that has no redirect URI.
    ///
    /// ```
    /// use samtykke::{Registration, provider::acmidm::{self, Environment}};
    /// let profile = acmidm::profile(&Environment::ti());
    /// assert!(Registration::new(profile.clone(), "client-1", "").is_err());
    /// assert!(Registration::new(profile.for_machines(), "client-1", "").is_ok());
    /// ```
    #[must_use]
    pub fn for_machines(mut self) -> Self {
        self.authorization_endpoint = String::new();
        self
    }
}

/// Addresses beyond the authorization and the token endpoint. `None`: the server has none, or none is known.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// Pushed authorization requests (RFC 9126).
    pub pushed_authorization_request: Option<String>,
    /// Device authorization (RFC 8628).
    pub device_authorization: Option<String>,
    /// The server's public keys (RFC 7517).
    pub jwks_uri: Option<String>,
    /// Userinfo (OIDC Core section 5.3).
    pub userinfo: Option<String>,
    /// Token introspection (RFC 7662).
    pub introspection: Option<String>,
    /// Token revocation (RFC 7009).
    pub revocation: Option<String>,
    /// RP-initiated logout.
    pub end_session: Option<String>,
    /// `mtls_endpoint_aliases` for clients that present a certificate (RFC 8705 section 5): metadata name, such as
    /// `token_endpoint`, and address.
    pub mtls_aliases: Vec<(String, String)>,
}

/// Whether something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Presence {
    /// Never.
    #[default]
    Never,
    /// When the key has it.
    IfKnown,
    /// Always: a key without it is refused.
    Always,
}

/// The `aud` of a client assertion: one string, never an array.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Audience {
    /// The issuer identifier, byte for byte.
    #[default]
    Issuer,
    /// The address the request goes to, as it is called.
    Endpoint,
    /// A text that the provider names.
    Literal(String),
}

/// How a client assertion looks (RFC 7523 section 3). Each provider's differences are values here.
///
/// ```
/// use samtykke::protocol::profile::{AssertionRules, Audience, Presence};
/// // AD FS: the certificate's SHA-1 thumbprint, the endpoint as called, not before.
/// let rules = AssertionRules {
///     audience: Audience::Endpoint,
///     x5t: Presence::Always,
///     kid: Presence::Never,
///     typ: None,
///     lifetime: 600,
///     not_before: true,
///     ..AssertionRules::default()
/// };
/// assert_eq!(rules.lifetime, 600);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionRules {
    /// `aud`.
    pub audience: Audience,
    /// `kid` in the header.
    pub kid: Presence,
    /// `x5t` in the header: the certificate's SHA-1 thumbprint (RFC 7515 section 4.1.7).
    pub x5t: Presence,
    /// `x5t#S256` in the header: its SHA-256 thumbprint (section 4.1.8).
    pub x5t_s256: Presence,
    /// `x5c` in the header: the certificates themselves (section 4.1.6).
    pub x5c: Presence,
    /// `typ` in the header, if any; `client-authentication+jwt` where the server takes it.
    pub typ: Option<String>,
    /// Seconds from `iat` to `exp`, 1 to 600.
    pub lifetime: u32,
    /// Whether `nbf` is sent, equal to `iat`.
    pub not_before: bool,
    /// Further claims: name and JSON text.
    pub claims: Vec<(String, String)>,
    /// Algorithms the provider takes; empty for any.
    pub algorithms: Vec<String>,
    /// Whether `client_id` also stands in the form, beside the assertion.
    pub client_id: bool,
}

impl Default for AssertionRules {
    /// Issuer as audience, `kid` when the key has one, `typ` `JWT`, 60 seconds, `client_id` beside it.
    fn default() -> Self {
        Self {
            audience: Audience::Issuer,
            kid: Presence::IfKnown,
            x5t: Presence::Never,
            x5t_s256: Presence::Never,
            x5c: Presence::Never,
            typ: Some(String::from("JWT")),
            lifetime: 60,
            not_before: false,
            claims: Vec::new(),
            algorithms: Vec::new(),
            client_id: true,
        }
    }
}

/// How requests to a provider look.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Whether a flow must be begun by a pushed request (`require_pushed_authorization_requests`, FAPI 2.0).
    pub pushed: bool,
    /// Pushes no request, although the server takes it (RFC 9126) and none is demanded: by name, since nothing does so by itself.
    pub unpushed: bool,
    /// Whether tokens must be bound to a DPoP key.
    pub dpop: bool,
    /// Algorithms the server takes for proofs (`dpop_signing_alg_values_supported`); empty where it has not said.
    pub dpop_algorithms: Vec<String>,
    /// Ways the server says it answers by (`response_modes_supported`); empty where it has not said.
    pub response_modes: Vec<String>,
    /// Whether authorization requests must be signed (`require_signed_request_object`).
    pub request_object: bool,
    /// How a client assertion looks.
    pub assertion: AssertionRules,
    /// Whether `resource` is any text, such as `nhn:phr` or a bare host name, and not only an absolute URI (RFC 8707).
    pub free_resource: bool,
    /// Error codes by which the server says, at a refresh, that the session is over; empty where all its codes are the
    /// standard's, and then `invalid_grant` is the server's error like any other.
    pub session_end: Vec<String>,
    /// Whether a token exchange may be answered without `issued_token_type` (RFC 8693 section 2.2.1 requires it).
    pub issued_token_type_optional: bool,
    /// Algorithms the server signs id_tokens and authorization responses with; empty for the standards' default, RS256.
    pub signing_algorithms: Vec<String>,
    /// The header under which each request to the authorization server has an id of its own, a UUID, by which the server logs it.
    pub request_id: Option<&'static str>,
    /// Whether the server's tokens may name their key by `x5t` where they have no `kid`, and are refused where the two
    /// contradict each other ([`jose::certified`](crate::jose::certified)).
    pub keys_by_x5t: bool,
    /// Whether an id_token's `auth_time` may be an RFC 3339 text and not only a number (OIDC Core section 2).
    pub auth_time_text: bool,
    /// Accepts lifetimes written as a string of digits in every answer that has one, for servers that break the standard there.
    pub expires_in_string: bool,
    /// The type of a token whose answer names none, for servers that break the standard there (RFC 6749 section 5.1).
    pub default_token_type: Option<TokenType>,
    /// Accepts `scope` as a list of texts in token answers, for servers that break the standard there.
    pub scope_list: bool,
    /// Sends HTTP Basic credentials as they are, for servers that do not decode them (RFC 6749 section 2.3.1 has them form-encoded).
    pub raw_basic: bool,
    /// Whether the server binds tokens to the certificate of the connection (RFC 8705 sections 3 and 5): then requests go to the
    /// addresses for clients that present one, however the client authenticates itself.
    pub certificate_bound: bool,
    /// How the server encrypts tokens and userinfo for this client, where it is registered for that: then they are decrypted by
    /// [`Step::Decrypt`](crate::Step::Decrypt), and what is in them is verified as ever.
    pub encryption: Option<Encryption>,
    /// Claims that a client assertion may not have when it goes with a code, or with a request object or authorization details, such
    /// as `assertion_details`; none for any.
    pub not_with_code: Vec<String>,
}
