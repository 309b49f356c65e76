//! One token exchanged for another.
//!
//! RFC 8693 sections 2.1 and 2.2: `urn:ietf:params:oauth:grant-type:token-exchange`.
//! Refuses an actor's token without its type, types that are no URIs, and an answer that does not name what it issued.

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::secret::Secret;
use crate::ground::uri::Uri;

/// `subject_token_type` of an access token (RFC 8693 section 3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What is exchanged.
///
/// ```
/// use samtykke::protocol::grant::TokenExchange;
/// let grant = TokenExchange::new("the caller's token").scope("read");
/// ```
#[derive(Clone, Debug)]
pub struct TokenExchange {
    pub(crate) subject: (Secret, String),
    pub(crate) actor: Option<(Secret, String)>,
    pub(crate) requested: Option<String>,
    pub(crate) scope: String,
}

impl TokenExchange {
    /// Exchanges an access token.
    pub fn new(subject_token: impl Into<String>) -> Self {
        Self::with_token_type(subject_token, ACCESS_TOKEN)
    }

    /// Exchanges a token of another type.
    pub fn with_token_type(subject_token: impl Into<String>, token_type: impl Into<String>) -> Self {
        Self { subject: (Secret::new(subject_token), token_type.into()), actor: None, requested: None, scope: String::new() }
    }

    /// Who acts for the subject: a token and its type.
    #[must_use]
    pub fn actor(mut self, token: impl Into<String>, token_type: impl Into<String>) -> Self {
        self.actor = Some((Secret::new(token), token_type.into()));
        self
    }

    /// The type of token that is wanted.
    #[must_use]
    pub fn requested_type(mut self, token_type: impl Into<String>) -> Self {
        self.requested = Some(token_type.into());
        self
    }

    /// The scope that is wanted.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    pub(crate) fn form(&self) -> Result<Form> {
        let mut form = Form::new();
        let (subject, subject_type) = &self.subject;
        let actor = self.actor.as_ref().map(|(token, token_type)| (token.expose(), token_type.as_str()));
        push(&mut form, (subject.expose(), subject_type), actor, self.requested.as_deref(), &self.scope)?;
        Ok(form)
    }
}

/// Adds an exchange of a token for another: each token with its type.
pub(crate) fn push(
    form: &mut Form,
    subject: (&str, &str),
    actor: Option<(&str, &str)>,
    requested: Option<&str>,
    scope: &str,
) -> Result<()> {
    form.push("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    push_side(form, "subject_token", "subject_token_type", subject)?;
    if let Some(actor) = actor {
        push_side(form, "actor_token", "actor_token_type", actor)?;
    }
    if let Some(requested) = requested {
        check_type(requested)?;
        form.push("requested_token_type", requested);
    }
    super::push_scope(form, scope)
}

#[inline(never)]
fn push_side(form: &mut Form, name: &str, type_name: &str, (token, token_type): (&str, &str)) -> Result<()> {
    super::check_token(token, "subject and actor token: ASCII")?;
    check_type(token_type)?;
    form.push(name, token).push(type_name, token_type);
    Ok(())
}

fn check_type(token_type: &str) -> Result<()> {
    if Uri::parse(token_type).is_some() {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_PARAMETER)
        .at(Phase::Token)
        .expected("a token type: a URI such as urn:ietf:params:oauth:token-type:access_token"))
}
