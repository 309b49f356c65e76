//! What the JSON answers of all endpoints have in common: size, status, media type, one object, or an OAuth error.
//!
//! RFC 8259 section 4, RFC 9110 section 15, RFC 6749 section 5.2.
//! Refuses bodies over 1 MiB, redirects, other statuses and media types, and members that stand twice.

use crate::ground::error::shown::{oauth_error, shown_text};
use crate::ground::error::{Error, Kind, OAuthError, Result, codes};
use crate::ground::http::{MAX_BODY, Response};
use crate::ground::json::Value;
use crate::protocol::refusal::{self, RequestKind};
use crate::protocol::syntax::is_error_code;

/// An answer, and the error that its flaws become.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'r> {
    pub(crate) response: &'r Response,
    pub(crate) malformed: &'static Kind,
}

impl<'r> Answer<'r> {
    /// An error of this answer, in its phase and with its status.
    pub(crate) fn fail(&self, kind: &'static Kind) -> Error {
        Error::new(kind).at(self.malformed.phase).http(self.response)
    }

    /// An answer that breaks its standard, and what was expected.
    pub(crate) fn wrong(&self, expected: impl AsRef<str>) -> Error {
        self.fail(self.malformed).expected(expected)
    }

    /// The body, unless it is too large.
    pub(crate) fn body(&self) -> Result<&'r str> {
        let body = self.response.body.expose();
        if body.len() > MAX_BODY { Err(self.wrong("at most 1 MiB")) } else { Ok(body) }
    }

    /// Refuses all statuses but those of success; with `oauth`, what is in the body can be an OAuth error.
    pub(crate) fn check_status(&self, success: &[u16], oauth: bool) -> Result<()> {
        let status = self.response.status;
        if success.contains(&status) {
            return Ok(());
        }
        if self.response.is_redirect() {
            return Err(self.fail(&codes::REDIRECT_REFUSED));
        }
        let found = if oauth && self.response.is_json() { Value::parse(self.body()?) } else { None };
        Err(self.refusal(found.as_ref().and_then(oauth_in)))
    }

    /// A refusal: in the server's own words where it has some, and with a code of ours that says whether they were meant as one.
    fn refusal(&self, oauth: Option<OAuthError>) -> Error {
        let known = oauth.is_some() && matches!(self.response.status, 200..=299 | 400..=499);
        let error = self.fail(if known { &codes::OAUTH_ERROR } else { &codes::HTTP_STATUS_UNEXPECTED });
        refusal::advise(if let Some(oauth) = oauth { error.oauth_error(oauth) } else { error }, self.kind())
    }

    /// The members of an answer that is a success by its status and holds no OAuth error, whatever else it holds.
    pub(crate) fn success(&self, statuses: &[u16]) -> Result<Value<'r>> {
        self.check_status(statuses, true)?;
        let object = self.object()?;
        let oauth = oauth_in(&object);
        if oauth.is_some() { Err(self.refusal(oauth)) } else { Ok(object) }
    }

    /// What was asked, as far as advice differs by it.
    fn kind(&self) -> RequestKind {
        match self.malformed.code() {
            code if code == codes::PAR_RESPONSE_MALFORMED.code() => RequestKind::PushedRequest,
            code if code == codes::METADATA_MALFORMED.code() => RequestKind::Metadata,
            _ => RequestKind::Other,
        }
    }

    /// The members of a successful answer, one JSON object.
    pub(crate) fn object(&self) -> Result<Value<'r>> {
        let body = self.body()?;
        if !self.response.is_json() {
            let found = self.response.content_type.as_deref().map_or(Default::default(), shown_text);
            return Err(self.fail(&codes::CONTENT_TYPE_UNEXPECTED).expected("application/json").actual(found));
        }
        match Value::parse(body) {
            Some(object @ Value::Object(_)) => Ok(object),
            _ => Err(self.wrong("one JSON object, no member twice")),
        }
    }
}

/// The OAuth error in an answer, if there is one (RFC 6749 section 5.2).
pub(crate) fn oauth_in(answer: &Value<'_>) -> Option<OAuthError> {
    let error = answer.text("error").filter(|error| is_error_code(error))?;
    let octets = |name| answer.text(name).map(str::as_bytes);
    Some(oauth_error(error.as_bytes(), octets("error_description"), octets("error_uri")))
}
