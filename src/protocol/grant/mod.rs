//! What is exchanged for a token: the form of each grant.
//!
//! `authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.5) and `client_credentials` (section 4.4.2) here, a file each
//! for the others. Refuses a code that another client, issuer or redirect URI was checked for.

pub(crate) mod bearer;
pub(crate) mod refresh;
pub(crate) mod target;
pub(crate) mod token_exchange;

pub use bearer::JwtBearer;
pub(crate) use bearer::{SignedGrant, Source};
pub use refresh::Refresh;
pub use target::Target;
pub(crate) use target::is_text;
pub use token_exchange::{ACCESS_TOKEN, TokenExchange};

use alloc::string::String;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::protocol::authorization::misfit::mismatch;
use crate::protocol::authorization::response::AuthorizationCode;
use crate::protocol::client::Settings;
use crate::protocol::syntax::check_scope;

/// A client's own request for a token, without a person.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientCredentials {
    /// Scope tokens, single spaces between them; empty for the server's default.
    pub scope: String,
    /// The service the token is for, where the provider asks for one.
    pub audience: Option<String>,
}

impl ClientCredentials {
    /// Asks for a scope.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), audience: None }
    }

    /// Names the service the token is for.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    pub(crate) fn form(&self) -> Result<Form> {
        let mut form = Form::new();
        push_credentials(&mut form, self.audience.as_deref(), &self.scope)?;
        Ok(form)
    }
}

/// Adds what [`ClientCredentials`] ask for.
pub(crate) fn push_credentials(form: &mut Form, audience: Option<&str>, scope: &str) -> Result<()> {
    check_scope(scope).map_err(|error| error.at(Phase::Token))?;
    form.push("grant_type", "client_credentials");
    if let Some(audience) = audience {
        target::push_audience(form, audience)?;
    }
    push_scope(form, scope)
}

/// A token that goes into a form: ASCII without controls, not empty (RFC 6749 appendix A, VSCHAR).
pub(crate) fn check_token(token: &str, expected: &'static str) -> Result<()> {
    if crate::protocol::syntax::is_vschar(token) {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected(expected))
}

/// Adds a scope, unless it is empty.
pub(crate) fn push_scope(form: &mut Form, scope: &str) -> Result<()> {
    check_scope(scope).map_err(|error| error.at(Phase::Token))?;
    if !scope.is_empty() {
        form.push("scope", scope);
    }
    Ok(())
}

impl AuthorizationCode {
    pub(crate) fn form(&self, client: &Settings<'_>) -> Result<Form> {
        let id = self.client_id();
        let begun = [self.issuer(), id.as_str(), self.redirect_uri()];
        let ours = [client.issuer, client.client_id, client.redirect_uri];
        if ours != begun {
            return Err(mismatch(ours, begun).at(Phase::Token));
        }
        let code = self.code().ok_or_else(|| Error::new(&codes::CODE_MALFORMED).at(Phase::Token))?;
        let mut form = Form::new();
        form.push("grant_type", "authorization_code")
            .push("client_id", client.client_id)
            .push("redirect_uri", self.redirect_uri())
            .push("code", code.expose())
            .push("code_verifier", self.verifier());
        Ok(form)
    }
}
