//! What the JSON answers of all endpoints have in common: size, status, media type, one object, or an OAuth error.
//!
//! RFC 8259 section 4, RFC 9110 section 15, RFC 6749 section 5.2.
//! Refuses bodies over 1 MiB, redirects, other statuses and media types, and members that stand twice.

use crate::ground::error::{Action, Error, Kind, Result, codes};
use crate::ground::http::{MAX_BODY, Response};
use crate::ground::json::Value;
use crate::ground::text::word;
use crate::protocol::authorization::response::{is_error_code, oauth_error, shown_text};
use crate::protocol::client::STANDARD_ERRORS;

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

    /// Refuses all statuses but those of success; with `oauth`, a 4xx can carry an OAuth error.
    pub(crate) fn check_status(&self, success: &[u16], oauth: bool) -> Result<()> {
        match self.response.status {
            status if success.contains(&status) => Ok(()),
            300..=399 => Err(self.fail(&codes::REDIRECT_REFUSED)),
            400..=499 if oauth && self.response.is_json() => {
                Err(self.oauth()?.unwrap_or_else(|| self.fail(&codes::HTTP_STATUS_UNEXPECTED)))
            }
            _ => Err(self.fail(&codes::HTTP_STATUS_UNEXPECTED)),
        }
    }

    /// The OAuth error in the body, if there is one.
    fn oauth(&self) -> Result<Option<Error>> {
        let value = Value::parse(self.body()?).unwrap_or(Value::Null);
        let text = |name| value.text(name);
        let Some(error) = text("error").filter(|error| is_error_code(error)) else { return Ok(None) };
        let group = STANDARD_ERRORS.iter().find(|(_, errors)| word(errors, error.as_bytes()).is_some());
        let action = group.map_or(Action::FixConfiguration, |(action, _)| *action);
        let octets = |name| text(name).map(str::as_bytes);
        let oauth = oauth_error(error.as_bytes(), octets("error_description"), octets("error_uri"));
        Ok(Some(self.fail(&codes::OAUTH_ERROR).advise(action).oauth_error(oauth)))
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
