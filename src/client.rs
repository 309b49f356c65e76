//! A client as a provider knows it: the provider's facts, a client id and a redirect URI. No secret.
//!
//! RFC 6749 section 2, RFC 8414 section 2. A provider is data: its [`Rules`] are a row, never a branch.
//! Refuses endpoints and redirect URIs that are not https (http only for loopback), userinfo and fragments.

use alloc::string::String;

use crate::client_auth::ClientAuthentication;
use crate::encoding::{form_text, pairs};
use crate::error::{Action, Error, Kind, Result, codes};
use crate::profile::{Endpoints, Requests};
use crate::uri::{Uri, is_redirect_uri};

/// What one provider does differently, as data.
#[derive(Debug)]
pub struct Rules {
    /// The provider's short name; empty for a server without rules of its own.
    pub id: &'static str,
    /// Judges a requested scope by the provider's grammar.
    pub check_scope: fn(&str) -> Result<()>,
    /// Errors of the callback that mean something in particular.
    pub callback_errors: &'static [CallbackError],
    /// Client authentication methods the provider takes; empty for any.
    pub client_authentication: &'static [&'static str],
    /// Whether a token response may lack the `id_token` that `openid` asked for.
    pub id_token_optional: bool,
}

/// One row of a provider's callback errors.
#[derive(Debug)]
pub struct CallbackError {
    /// The `error` value.
    pub error: &'static str,
    /// The error it becomes.
    pub kind: &'static Kind,
    /// What to do about it.
    pub action: Action,
}

fn any_scope(_: &str) -> Result<()> {
    Ok(())
}

/// The rules of a server that keeps to the standards.
pub static STANDARD: Rules =
    Rules { id: "", check_scope: any_scope, callback_errors: STANDARD_ERRORS, client_authentication: &[], id_token_optional: false };

/// What the standard error codes ask of the caller (RFC 6749 section 4.1.2.1, OIDC Core section 3.1.2.6).
pub static STANDARD_ERRORS: &[CallbackError] = &[
    CallbackError { error: "access_denied", kind: &codes::AUTHORIZATION_ERROR, action: Action::UserDeclined },
    CallbackError { error: "server_error", kind: &codes::AUTHORIZATION_ERROR, action: Action::TryLater },
    CallbackError { error: "temporarily_unavailable", kind: &codes::AUTHORIZATION_ERROR, action: Action::TryLater },
    CallbackError { error: "invalid_request", kind: &codes::AUTHORIZATION_ERROR, action: Action::FixConfiguration },
    CallbackError { error: "invalid_scope", kind: &codes::AUTHORIZATION_ERROR, action: Action::FixConfiguration },
    CallbackError { error: "unauthorized_client", kind: &codes::AUTHORIZATION_ERROR, action: Action::FixConfiguration },
    CallbackError { error: "unsupported_response_type", kind: &codes::AUTHORIZATION_ERROR, action: Action::FixConfiguration },
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
    /// Whether http to loopback is allowed, for development against a local server.
    pub development: bool,
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
            development: false,
            endpoints: Endpoints::default(),
            requests: Requests::default(),
        }
    }
}

impl Profile {
    /// An endpoint by its metadata name; a client that presents a certificate is sent to the alias for those, where there
    /// is one (RFC 8705 section 5). Empty where the server has none.
    pub fn endpoint(&self, name: &str, authentication: &ClientAuthentication) -> &str {
        if matches!(authentication, ClientAuthentication::Tls) {
            if let Some((_, alias)) = self.endpoints.mtls_aliases.iter().find(|(known, _)| known == name) {
                return alias;
            }
        }
        let own = match name {
            "token_endpoint" => return &self.token_endpoint,
            "pushed_authorization_request_endpoint" => &self.endpoints.pushed_authorization_request,
            "device_authorization_endpoint" => &self.endpoints.device_authorization,
            "userinfo_endpoint" => &self.endpoints.userinfo,
            "introspection_endpoint" => &self.endpoints.introspection,
            "revocation_endpoint" => &self.endpoints.revocation,
            _ => &None,
        };
        own.as_deref().unwrap_or_default()
    }
}

/// A public view of a client: enough to send a person away and to check the answer.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) profile: Profile,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
}

impl Client {
    /// Checks the settings once, so that later steps need not.
    ///
    /// `redirect_uri` is the one registered with the provider; it is sent byte for byte. A client that no person logs in
    /// with has neither it nor an authorization endpoint: both are empty then, and no flow can be begun.
    ///
    /// # Errors
    /// `invalid_configuration`, naming the setting.
    ///
    /// ```
    /// use samtykke::{Client, Profile};
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Client::new(profile, "client-1", "https://rp.example/cb")?;
    /// assert_eq!(client.redirect_uri(), "https://rp.example/cb");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn new(profile: Profile, client_id: &str, redirect_uri: &str) -> Result<Self> {
        let client = Self { profile, client_id: client_id.into(), redirect_uri: redirect_uri.into() };
        client.registration().check()?;
        Ok(client)
    }

    /// The settings, borrowed.
    pub(crate) fn registration(&self) -> Registration<'_> {
        let Self { profile, client_id, redirect_uri } = self;
        Registration {
            rules: profile.rules,
            issuer: &profile.issuer,
            authorization_endpoint: &profile.authorization_endpoint,
            client_id,
            redirect_uri,
            iss_parameter: profile.iss_parameter,
            development: profile.development,
        }
    }

    /// The provider's addresses and rules.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The redirect URI, byte for byte.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }
}

/// Whether this is the browser entry's wasm: its clients always have a front channel.
const LEAN: bool = cfg!(all(feature = "bindings", target_arch = "wasm32", not(feature = "bindings-full")));

/// A client's settings as begin and finish read them: borrowed, so that no call copies them.
pub(crate) struct Registration<'a> {
    pub(crate) rules: &'static Rules,
    pub(crate) issuer: &'a str,
    pub(crate) authorization_endpoint: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) iss_parameter: bool,
    pub(crate) development: bool,
}

impl Registration<'_> {
    /// Judges the settings.
    pub(crate) fn check(&self) -> Result<()> {
        let loopback = self.development;
        // A client that no person logs in with has neither of the two; then there is no flow to begin.
        let machine = !LEAN && self.authorization_endpoint.is_empty() && self.redirect_uri.is_empty();
        let issuer = Uri::parse(self.issuer);
        let expected = if !issuer.is_some_and(|uri| uri.is_secure(loopback) && uri.query.is_none() && uri.fragment.is_none()) {
            "issuer: an https URL without query or fragment"
        } else if !machine
            && !Uri::parse(self.authorization_endpoint)
                .is_some_and(|uri| uri.is_secure(loopback) && uri.fragment.is_none() && !names_any(uri.query, RESERVED))
        {
            "authorization_endpoint: an https URL without fragment and our parameters"
        } else if !is_vschar(self.client_id) {
            "client_id: visible ASCII, not empty"
        } else if !machine && !is_redirect_uri(self.redirect_uri) {
            "redirect_uri: https (http only for loopback), no fragment, no userinfo"
        } else {
            return Ok(());
        };
        Err(Error::new(&codes::INVALID_CONFIGURATION).expected(expected))
    }
}

/// Whether a text is visible ASCII and not empty (RFC 6749 appendix A, VSCHAR, without the space).
pub(crate) fn is_vschar(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
}

/// Parameters of the authorization request that the library sets itself.
pub(crate) const RESERVED: &[&str] = &[
    "client_id",
    "response_type",
    "response_mode",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "client_secret",
    "request",
    "request_uri",
];

/// Whether a query holds one of these names, or one that cannot be read.
#[inline(never)]
pub(crate) fn names_any(query: Option<&str>, names: &[&str]) -> bool {
    pairs(query.unwrap_or_default()).any(|(name, _)| form_text(name).is_none_or(|name| names.contains(&&*name)))
}
