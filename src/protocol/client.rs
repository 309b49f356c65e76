//! A client as a provider knows it: the provider's facts, a client id and a redirect URI. No secret.
//!
//! RFC 6749 section 2, RFC 8414 section 2. A provider is data: its [`Rules`] are a row, never a branch.
//! Refuses endpoints and redirect URIs that are not https (http only for loopback), userinfo and fragments.

use alloc::string::String;

use crate::ground::error::{Error, Result, codes};
use crate::ground::lean::{LEAN, NPM};
use crate::ground::text::cut;
use crate::ground::uri::is_web;
use crate::protocol::endpoint::{LOCAL, Local, is_local};
use crate::protocol::profile::{Profile, Rules};
use crate::protocol::syntax::{is_redirect_uri, is_vschar, names_any};

/// A client as it is registered at a provider, as a plain value: enough to send a person away and to check the answer. The clients of
/// the shells hold one, and remember beside it.
#[derive(Clone, Debug)]
pub struct Registration {
    pub(crate) profile: Profile,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
}

impl Registration {
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
    /// use samtykke::{Profile, Registration};
    /// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// assert_eq!(client.redirect_uri(), "https://rp.example/cb");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn new(profile: Profile, client_id: &str, redirect_uri: &str) -> Result<Self> {
        let client = Self { profile, client_id: client_id.into(), redirect_uri: redirect_uri.into() };
        client.settings().check()?;
        Ok(client)
    }

    /// The settings, borrowed.
    pub(crate) fn settings(&self) -> Settings<'_> {
        let Self { profile, client_id, redirect_uri } = self;
        Settings {
            rules: profile.rules,
            issuer: &profile.issuer,
            authorization_endpoint: &profile.authorization_endpoint,
            client_id,
            redirect_uri,
            place: "",
            iss_parameter: profile.iss_parameter,
            development: (&profile.development).into(),
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
pub(crate) struct Settings<'a> {
    pub(crate) rules: &'static Rules,
    pub(crate) issuer: &'a str,
    pub(crate) authorization_endpoint: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    /// The redirect URI's place as the host's URL parser writes it, without query; empty where the host has not said.
    pub(crate) place: &'a str,
    pub(crate) iss_parameter: bool,
    pub(crate) development: Local<'a>,
    /// Whether `resource` is any text; nothing to a page, which sends none.
    pub(crate) free_resource: bool,
}

impl Settings<'_> {
    /// Judges the settings.
    pub(crate) fn check(&self) -> Result<()> {
        if !LEAN {
            self.development.check()?;
        }
        let query = |text| cut(text, b'?').1;
        // A client that no person logs in with has neither of the two; then there is no flow to begin.
        // The browser entry's clients always have a front channel.
        let machine = !LEAN && self.authorization_endpoint.is_empty() && self.redirect_uri.is_empty();
        // An address of the web that the host's own reader of URLs cannot read has no place.
        let is_unreadable = NPM && !LEAN && self.place.is_empty() && is_web(self.redirect_uri, true);
        let expected = if !is_web(self.issuer, self.development) || query(self.issuer).is_some() {
            if LEAN { "issuer: https" } else { "issuer: an https URL, no fragment, no query" }
        } else if !machine
            && (!is_web(self.authorization_endpoint, self.development) || names_any(query(self.authorization_endpoint), RESERVED))
        {
            if LEAN { "authorization_endpoint: https" } else { "authorization_endpoint: an https URL, no fragment" }
        } else if !is_vschar(self.client_id) {
            "client_id: ASCII"
        } else if !machine && (!is_redirect_uri(self.redirect_uri) || is_unreadable) {
            if LEAN { "redirect_uri: https" } else { "redirect_uri: an https URL, no fragment" }
        } else {
            return Ok(());
        };
        let error = Error::new(&codes::INVALID_CONFIGURATION).expected(expected);
        // A page has no room to say more.
        let addresses = [self.issuer, self.authorization_endpoint];
        Err(if !LEAN && !self.development.is_on() && addresses.iter().any(|address| is_local(address)) {
            error.with_hint(LOCAL)
        } else {
            error
        })
    }
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
