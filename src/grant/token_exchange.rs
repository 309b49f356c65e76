//! One token exchanged for another.
//!
//! RFC 8693 sections 2.1 and 2.2: `urn:ietf:params:oauth:grant-type:token-exchange`.
//! Refuses an actor's token without its type, types that are no URIs, and an answer that does not name what it issued.

use alloc::string::String;

use crate::encoding::Form;
use crate::error::{Error, Phase, Result, codes};
use crate::secret::Secret;
use crate::uri::Uri;

/// `subject_token_type` of an access token (RFC 8693 section 3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What is exchanged.
///
/// ```
/// use samtykke::grant::TokenExchange;
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
        Self::typed(subject_token, ACCESS_TOKEN)
    }

    /// Exchanges a token of another type.
    pub fn typed(subject_token: impl Into<String>, token_type: impl Into<String>) -> Self {
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
        form.push("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
        let sides = [
            Some(("subject_token", "subject_token_type", &self.subject)),
            self.actor.as_ref().map(|actor| ("actor_token", "actor_token_type", actor)),
        ];
        for (name, type_name, (token, token_type)) in sides.into_iter().flatten() {
            super::check_token(token.expose(), "subject and actor token: visible ASCII")?;
            check_type(token_type)?;
            form.push(name, token.expose()).push(type_name, token_type);
        }
        if let Some(requested) = &self.requested {
            check_type(requested)?;
            form.push("requested_token_type", requested);
        }
        super::push_scope(&mut form, &self.scope)?;
        Ok(form)
    }
}

fn check_type(token_type: &str) -> Result<()> {
    if Uri::parse(token_type).is_some() {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_PARAMETER)
        .at(Phase::Token)
        .expected("a token type: a URI such as urn:ietf:params:oauth:token-type:access_token"))
}
