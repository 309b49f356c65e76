//! Logging a person out at the server too: the URL to send the browser to, and what comes back.
//!
//! OIDC RP-Initiated Logout 1.0 sections 2 and 3.
//! Refuses parameters given twice, a return address without a state, and a return whose state is another or is missing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::{Client, names_any};
use crate::encoding::{Form, cut, equal, form_text, pairs};
use crate::error::{Error, Phase, Result, codes};
use crate::pkce::is_unreserved;
use crate::secret::Secret;
use crate::uri::{Uri, is_redirect_uri};

/// A logout to ask for. All is optional; without a hint the server asks the person whom to log out.
#[derive(Clone, Debug, Default)]
pub struct Logout {
    /// The id_token of the session. It travels in the URL, as the standard has it; [`Logout::form`] keeps it out of there.
    pub id_token_hint: Option<Secret>,
    /// Where the server sends the browser afterwards; registered there. It takes a `state`.
    pub post_logout_redirect_uri: Option<String>,
    /// What comes back with the browser: 22 to 128 unreserved characters, unguessable, used once.
    pub state: Option<String>,
    /// Whom to log out, in the server's own words.
    pub logout_hint: Option<String>,
    /// Languages for the server's pages, best first, single spaces between them.
    pub ui_locales: Option<String>,
    /// A provider's own parameters; `None` for one that has no value.
    pub parameters: Vec<(String, Option<String>)>,
}

const OWN: &[&str] = &["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales"];

impl Logout {
    /// The URL to send the browser to, by a top-level navigation.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`, `reserved_parameter`.
    ///
    /// ```
    /// use samtykke::{Client, Profile, logout::Logout};
    /// let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// profile.endpoints.end_session = Some("https://op.example/logout".into());
    /// let client = Client::new(profile, "client-1", "https://rp.example/cb")?;
    /// let mut logout = Logout::default();
    /// logout.parameters.push(("switch".into(), None));
    /// assert_eq!(logout.url(&client)?, "https://op.example/logout?client_id=client-1&switch");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn url(&self, client: &Client) -> Result<String> {
        let form = self.form(client)?;
        let mut url = String::from(end_session(client));
        url.push(if cut(&url, b'?').1.is_some() { '&' } else { '?' });
        url.push_str(form.expose());
        Ok(url)
    }

    /// The same as a form, for a page that posts it to the endpoint: so the id_token stays out of URLs and logs.
    ///
    /// # Errors
    /// As [`url`](Self::url).
    pub fn form(&self, client: &Client) -> Result<Secret> {
        let endpoint = end_session(client);
        crate::endpoint::check("end_session_endpoint", endpoint, client.profile().development).map_err(|error| error.at(Phase::Session))?;
        let wrong = |expected: &'static str| Error::new(&codes::INVALID_PARAMETER).at(Phase::Session).expected(expected);
        let query = Uri::parse(endpoint).and_then(|uri| uri.query);
        if names_any(query, OWN) {
            return Err(wrong("end_session_endpoint: without our parameters"));
        }
        if self.id_token_hint.as_ref().is_some_and(|token| !crate::client::is_vschar(token.expose())) {
            return Err(wrong("id_token_hint: an id_token"));
        }
        let returns = self.post_logout_redirect_uri.as_deref();
        if returns.is_some_and(|uri| !is_redirect_uri(uri)) {
            return Err(wrong("post_logout_redirect_uri: https (http only for loopback), no fragment, no userinfo"));
        }
        if returns.is_some() != self.state.is_some() {
            return Err(wrong("state: exactly with a post_logout_redirect_uri"));
        }
        if self.state.as_ref().is_some_and(|state| !is_unreserved(state, 22)) {
            return Err(wrong("state: 22 to 128 unreserved characters"));
        }
        let mut form = Form::new();
        form.push_some("id_token_hint", self.id_token_hint.as_ref().map(Secret::expose))
            .push("client_id", client.client_id())
            .push_some("post_logout_redirect_uri", returns)
            .push_some("state", self.state.as_deref())
            .push_some("logout_hint", self.logout_hint.as_deref())
            .push_some("ui_locales", self.ui_locales.as_deref());
        let mut text = form.into_string();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &self.parameters {
            if OWN.contains(&name.as_str()) || seen.contains(&name.as_str()) || names_any(query, &[name.as_str()]) {
                let shown = crate::callback::shown(name);
                return Err(Error::new(&codes::RESERVED_PARAMETER).at(Phase::Session).actual(shown));
            }
            if name.is_empty() {
                return Err(wrong("a parameter's name, not empty"));
            }
            seen.push(name);
            text.push('&');
            crate::encoding::push_form(&mut text, name);
            if let Some(value) = value {
                text.push('=');
                crate::encoding::push_form(&mut text, value);
            }
        }
        Ok(Secret::new(text))
    }
}

fn end_session(client: &Client) -> &str {
    client.profile().endpoints.end_session.as_deref().unwrap_or_default()
}

/// Judges the return of the browser to the `post_logout_redirect_uri`: whether it comes from the logout of this `state`.
/// `callback` is the URL it arrived at, or only its query. Handle the page's visit either way; only believe a logout that fits.
///
/// # Errors
/// `logout_state_mismatch` when the state is missing, another, or there twice.
///
/// ```
/// use samtykke::logout::judge_return;
/// assert!(judge_return("https://rp.example/bye?state=af0ifjsldkj", "af0ifjsldkj").is_ok());
/// assert_eq!(judge_return("https://rp.example/bye", "af0ifjsldkj").unwrap_err().code(), "logout_state_mismatch");
/// ```
pub fn judge_return(callback: &str, state: &str) -> Result<()> {
    let query = cut(cut(callback, b'#').0, b'?').1.unwrap_or_default();
    let mut states = pairs(query).filter(|(name, _)| form_text(name).as_deref() == Some("state"));
    let found = states.next().and_then(|(_, value)| form_text(value));
    if !state.is_empty() && found.is_some_and(|found| equal(&found, state)) && states.next().is_none() {
        return Ok(());
    }
    Err(Error::new(&codes::LOGOUT_STATE_MISMATCH).expected("the state that was sent, once"))
}
