//! Logging a person out at the server too: the URL to send the browser to, and what comes back.
//!
//! OIDC RP-Initiated Logout 1.0 sections 2 and 3.
//! Refuses parameters given twice, a return address without a state, and a return whose state is another or is missing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::secret::Secret;
use crate::ground::text::{cut, equal, form_octets, pairs, word};
use crate::ground::uri::Uri;
use crate::protocol::authorization::pkce::is_unreserved;
use crate::protocol::client::Registration;
use crate::protocol::endpoint::Local;
use crate::protocol::syntax::is_redirect_uri;
use crate::protocol::syntax::names_any;

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

const OWN: &str = "id_token_hint client_id post_logout_redirect_uri state logout_hint ui_locales";

impl Logout {
    /// The URL to send the browser to, by a top-level navigation.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`, `reserved_parameter`.
    ///
    /// ```
    /// use samtykke::{Profile, Registration};
    /// use samtykke::protocol::logout::Logout;
    /// let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// profile.endpoints.end_session = Some("https://op.example/logout".into());
    /// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
    /// let mut logout = Logout::default();
    /// logout.parameters.push(("switch".into(), None));
    /// assert_eq!(logout.url(&client)?, "https://op.example/logout?client_id=client-1&switch");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn url(&self, client: &Registration) -> Result<String> {
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
    pub fn form(&self, client: &Registration) -> Result<Secret> {
        let parameters: Vec<_> = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let plan = Plan {
            endpoint: end_session(client),
            development: (&client.profile().development).into(),
            client_id: client.client_id(),
            id_token_hint: self.id_token_hint.as_ref().map(Secret::expose),
            post_logout_redirect_uri: self.post_logout_redirect_uri.as_deref(),
            state: self.state.as_deref(),
            logout_hint: self.logout_hint.as_deref(),
            ui_locales: self.ui_locales.as_deref(),
            parameters: &parameters,
        };
        plan.form().map(Secret::new)
    }
}

/// A logout, borrowed.
pub(crate) struct Plan<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) development: Local<'a>,
    pub(crate) client_id: &'a str,
    pub(crate) id_token_hint: Option<&'a str>,
    pub(crate) post_logout_redirect_uri: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
    pub(crate) logout_hint: Option<&'a str>,
    pub(crate) ui_locales: Option<&'a str>,
    pub(crate) parameters: &'a [(&'a str, Option<&'a str>)],
}

#[cold]
#[inline(never)]
fn wrong<T>(expected: &'static str) -> Result<T> {
    Err(Error::new_expected(&codes::INVALID_PARAMETER, expected).at(Phase::Session))
}

impl Plan<'_> {
    /// The form, encoded.
    pub(crate) fn form(&self) -> Result<String> {
        crate::protocol::endpoint::check("end_session_endpoint", self.endpoint, self.development)
            .map_err(|error| error.at(Phase::Session))?;
        let query = Uri::parse(self.endpoint).and_then(|uri| uri.query);
        if names_any(query, OWN) {
            return wrong("end_session_endpoint: without our parameters");
        }
        if self.id_token_hint.is_some_and(|token| !crate::ground::octet::is_visible(token)) {
            return wrong("id_token_hint: an id_token");
        }
        let returns = self.post_logout_redirect_uri;
        if returns.is_some_and(|uri| !is_redirect_uri(uri)) {
            return wrong("post_logout_redirect_uri: https (http only for loopback), no fragment, no userinfo");
        }
        if returns.is_some() != self.state.is_some() {
            return wrong("state: exactly with a post_logout_redirect_uri");
        }
        if self.state.is_some_and(|state| !is_unreserved(state, 22)) {
            return wrong("state: 22 to 128 unreserved characters");
        }
        let mut form = Form::new();
        form.push_some("id_token_hint", self.id_token_hint)
            .push("client_id", self.client_id)
            .push_some("post_logout_redirect_uri", returns)
            .push_some("state", self.state)
            .push_some("logout_hint", self.logout_hint)
            .push_some("ui_locales", self.ui_locales);
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            let again = self.parameters.iter().take(at).any(|(earlier, _)| earlier == name);
            if again || word(OWN, name.as_bytes()).is_some() || holds(query, name) {
                return Err(Error::new(&codes::RESERVED_PARAMETER)
                    .at(Phase::Session)
                    .actual(crate::ground::error::shown::shown_text(name)));
            }
            if name.is_empty() {
                return wrong("a parameter's name, not empty");
            }
            match value {
                Some(value) => form.push(name, value),
                None => {
                    let mut bare = String::new();
                    crate::ground::text::push_form(&mut bare, name);
                    form.append(&bare)
                }
            };
        }
        Ok(form.into_string())
    }
}

fn end_session(client: &Registration) -> &str {
    client.profile().endpoints.end_session.as_deref().unwrap_or_default()
}

/// Judges the return of the browser to the `post_logout_redirect_uri`: whether it comes from the logout of this `state`.
/// `callback` is the URL it arrived at, or only its query. Handle the page's visit either way; only believe a logout that fits.
///
/// # Errors
/// `logout_state_mismatch` when the state is missing, another, or there twice.
///
/// ```
/// use samtykke::protocol::logout::judge_return;
/// assert!(judge_return("https://rp.example/bye?state=af0ifjsldkj", "af0ifjsldkj").is_ok());
/// assert_eq!(judge_return("https://rp.example/bye", "af0ifjsldkj").unwrap_err().code(), "logout_state_mismatch");
/// ```
pub fn judge_return(callback: &str, state: &str) -> Result<()> {
    let query = cut(cut(callback, b'#').0, b'?').1.unwrap_or_default();
    let (mut right, mut count) = (false, 0u32);
    for (name, value) in pairs(query) {
        if form_octets(name).as_deref() == Some(b"state") {
            right = form_octets(value).is_some_and(|found| equal(&found, state));
            count = count.wrapping_add(1);
        }
    }
    if right && count == 1 && !state.is_empty() {
        return Ok(());
    }
    Err(Error::new(&codes::LOGOUT_STATE_MISMATCH).expected("the state that was sent, once"))
}

/// Whether a query holds a name, or one that cannot be read.
fn holds(query: Option<&str>, name: &str) -> bool {
    pairs(query.unwrap_or_default()).any(|(other, _)| form_octets(other).is_none_or(|other| *other == *name.as_bytes()))
}
