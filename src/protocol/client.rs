//! A client as a provider knows it: the provider's facts, a client id and a redirect URI. No secret.
//!
//! RFC 6749 section 2, RFC 8414 section 2. A provider is data: its [`Rules`] are a row, never a branch.
//! Refuses endpoints and redirect URIs that are not https (http only for loopback), userinfo and fragments.

use alloc::string::String;

use crate::ground::error::{Action, Error, Kind, Result, codes};
use crate::ground::lean::LEAN;
use crate::ground::octet::{VISIBLE, is_all};
use crate::ground::text::{cut, form_octets, pairs, word};
use crate::ground::uri::{is_redirect_uri, is_web};
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::profile::{Endpoints, Requests};

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

    /// The same without a front channel: for a client that no person logs in with, and that has no redirect URI.
    ///
    /// ```
    /// use samtykke::{Client, provider::acmidm::{self, Environment}};
    /// let profile = acmidm::profile(&Environment::ti());
    /// assert!(Client::new(profile.clone(), "client-1", "").is_err());
    /// assert!(Client::new(profile.for_machines(), "client-1", "").is_ok());
    /// ```
    #[must_use]
    pub fn for_machines(mut self) -> Self {
        self.authorization_endpoint = String::new();
        self
    }
}

impl Profile {
    /// An endpoint by its metadata name; a client that presents a certificate is sent to the alias for those, where there
    /// is one (RFC 8705 section 5). Empty where the server has none.
    pub fn endpoint(&self, name: &str, authentication: &ClientAuthentication) -> &str {
        if matches!(authentication, ClientAuthentication::Tls)
            && let Some((_, alias)) = self.endpoints.mtls_aliases.iter().find(|(known, _)| known == name)
        {
            return alias;
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
    /// with has neither it nor an authorization endpoint ([`Profile::for_machines`]): both are empty then, and no flow can be
    /// begun.
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
            place: "",
            iss_parameter: profile.iss_parameter,
            development: profile.development,
            free_resource: profile.requests.free_resource,
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

/// A client's settings as begin and finish read them: borrowed, so that no call copies them.
pub(crate) struct Registration<'a> {
    pub(crate) rules: &'static Rules,
    pub(crate) issuer: &'a str,
    pub(crate) authorization_endpoint: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    /// The redirect URI's place as the host's URL parser writes it, without query; empty where the host has not said.
    pub(crate) place: &'a str,
    pub(crate) iss_parameter: bool,
    pub(crate) development: bool,
    /// Whether `resource` is any text; nothing to a page, which sends none.
    pub(crate) free_resource: bool,
}

impl Registration<'_> {
    /// Judges the settings.
    pub(crate) fn check(&self) -> Result<()> {
        let query = |text| cut(text, b'?').1;
        // A client that no person logs in with has neither of the two; then there is no flow to begin.
        // The browser entry's clients always have a front channel.
        let machine = !LEAN && self.authorization_endpoint.is_empty() && self.redirect_uri.is_empty();
        let expected = if !is_web(self.issuer, self.development) || query(self.issuer).is_some() {
            "issuer: an https URL, no fragment, no query"
        } else if !machine
            && (!is_web(self.authorization_endpoint, self.development) || names_any(query(self.authorization_endpoint), RESERVED))
        {
            "authorization_endpoint: an https URL, no fragment"
        } else if !is_vschar(self.client_id) {
            "client_id: visible ASCII"
        } else if !machine && !is_redirect_uri(self.redirect_uri) {
            "redirect_uri: an https URL, no fragment"
        } else {
            return Ok(());
        };
        Err(Error::new(&codes::INVALID_CONFIGURATION).expected(expected))
    }
}

/// Whether a text is visible ASCII and not empty.
pub(crate) fn is_vschar(text: &str) -> bool {
    is_all(text, VISIBLE)
}

/// Parameters of the authorization request that the library sets itself; in a page also those with a grammar of their own, which
/// the browser wasm has no room to judge and so does not send.
pub(crate) const RESERVED: &str = if LEAN {
    "client_id response_type response_mode redirect_uri scope state nonce code_challenge code_challenge_method code_verifier \
     client_secret request request_uri max_age prompt resource claims acr_values \
     authorization_details"
} else {
    "client_id response_type response_mode redirect_uri scope state nonce code_challenge code_challenge_method code_verifier \
     client_secret request request_uri"
};

/// Whether a query holds one of these names, or one that cannot be read.
#[inline(never)]
pub(crate) fn names_any(query: Option<&str>, names: &str) -> bool {
    // In a page such a query does no harm: the answer is refused for the doubled parameter.
    !LEAN && pairs(query.unwrap_or_default()).any(|(name, _)| form_octets(name).is_none_or(|name| word(names, &name).is_some()))
}
