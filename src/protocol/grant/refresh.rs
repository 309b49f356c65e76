//! A refresh token exchanged for a new access token.
//!
//! RFC 6749 section 6, RFC 9700 section 4.14.2 (rotation), OIDC Core section 12.
//! Refuses a scope wider than the granted one; when no new refresh token comes back, the old one stays.

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::secret::Secret;
use crate::ground::text::{Parts, word};
use crate::protocol::grant::Target;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::token::Tokens;

/// What is asked for with a refresh token.
///
/// A refresh token that rotates is used once: send one request at a time, and store the new token before it is used.
#[derive(Clone, Debug)]
pub struct Refresh {
    pub(crate) token: Secret,
    pub(crate) granted: Option<String>,
    pub(crate) scope: String,
    pub(crate) claims: Option<Claims>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) subject: Option<String>,
    pub(crate) unchecked: bool,
    pub(crate) target: Target,
}

impl Refresh {
    /// With a refresh token that was stored. It knows no login: an id_token that comes is refused, unless [`claims`](Self::claims),
    /// [`subject`](Self::subject) or [`unchecked`](Self::unchecked) say what it may be.
    pub fn new(refresh_token: impl Into<String>) -> Self {
        let token = Secret::new(refresh_token);
        Self {
            token,
            granted: None,
            scope: String::new(),
            claims: None,
            id_token: None,
            subject: None,
            unchecked: false,
            target: Target::new(),
        }
    }

    /// With the refresh token of an answer: its scope bounds the new one's, its claims must stay true. Where the new answer has no
    /// id_token, this one's stays, with its claims (OIDC Core section 12.2 lets servers leave it out).
    ///
    /// # Errors
    /// `invalid_parameter` when there is none.
    pub fn of(tokens: &Tokens) -> Result<Self> {
        let Some(token) = &tokens.refresh_token else {
            return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected("tokens with a refresh token"));
        };
        let granted = tokens.scope.clone().unwrap_or_else(|| tokens.requested_scope.clone());
        Ok(Self {
            token: token.clone(),
            granted: Some(granted),
            scope: String::new(),
            claims: tokens.claims.clone(),
            id_token: tokens.id_token.clone(),
            subject: None,
            unchecked: false,
            target: Target::new(),
        })
    }

    /// Asks for part of the granted scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The scope that was granted, when the refresh token was stored without its answer.
    #[must_use]
    pub fn with_granted_scope(mut self, scope: impl Into<String>) -> Self {
        self.granted = Some(scope.into());
        self
    }

    /// The claims of the login, against which a new id_token is compared; they stay where none comes.
    #[must_use]
    pub fn claims(mut self, claims: Claims) -> Self {
        self.claims = Some(claims);
        self
    }

    /// Whose login it was: the `sub` that a new id_token must have, where the login's claims were not kept.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Takes the id_token that comes, whoever it is of: for whoever compares it, or needs no login.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    /// What the tokens are for, and further parameters.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    pub(crate) fn form(&self) -> Result<Form> {
        let mut form = Form::new();
        push(&mut form, self.token.expose(), self.granted.as_deref(), &self.scope)?;
        Ok(form)
    }

    /// The scope the answer is judged against: without one of its own, a refresh asks for what was granted.
    pub(crate) fn expected_scope(&self) -> String {
        if self.scope.is_empty() { self.granted.clone().unwrap_or_default() } else { self.scope.clone() }
    }
}

/// Adds a refresh, for a part of what was granted.
pub(crate) fn push(form: &mut Form, token: &str, granted: Option<&str>, scope: &str) -> Result<()> {
    super::check_token(token, "a refresh token: ASCII")?;
    if let Some(granted) = granted {
        let wider = Parts(Some(scope), b' ').find(|wanted| !wanted.is_empty() && word(granted, wanted.as_bytes()).is_none());
        if let Some(wider) = wider {
            return Err(Error::new(&codes::INVALID_SCOPE).at(Phase::Token).expected("part of the granted scope").actual(wider));
        }
    }
    form.push("grant_type", "refresh_token").push("refresh_token", token);
    super::push_scope(form, scope)
}
