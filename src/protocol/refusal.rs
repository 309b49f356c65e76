//! What a server's refusal asks of the caller: an action and advice, by its OAuth error, its status and what was asked.
//!
//! RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5, RFC 9449 section 5, RFC 9110 section 15.5, RFC 6585 section 4.
//! Refuses to say `restart` where no person's flow can be begun again.

use crate::ground::error::{Action, Error, OAuthError};

/// What was asked of the server: a grant of the token endpoint, or another endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RequestKind {
    /// A code exchanged for tokens (RFC 6749 section 4.1.3).
    #[default]
    AuthorizationCode,
    /// New tokens for a refresh token (section 6).
    RefreshToken,
    /// Whether the person on the other device is done (RFC 8628 section 3.4).
    DeviceCode,
    /// A token of the client's own (RFC 6749 section 4.4).
    ClientCredentials,
    /// A token for a signed statement (RFC 7523 section 2.1).
    JwtBearer,
    /// One token for another (RFC 8693).
    TokenExchange,
    /// That an authorization request be kept (RFC 9126).
    PushedRequest,
    /// The server's metadata (RFC 8414).
    Metadata,
    /// Anything else: introspection, revocation, a device's codes, keys.
    Other,
}

impl RequestKind {
    /// The grant of a `grant_type`, or of the end of its URN; a code's unless it is known.
    #[allow(dead_code, reason = "the npm package's shell alone has names")]
    pub(crate) fn from_name(name: &str) -> Self {
        match crate::ground::text::last(name, b':') {
            "refresh_token" => Self::RefreshToken,
            "device_code" => Self::DeviceCode,
            "client_credentials" => Self::ClientCredentials,
            "jwt_bearer" | "jwt-bearer" => Self::JwtBearer,
            "token_exchange" | "token-exchange" => Self::TokenExchange,
            _ => Self::AuthorizationCode,
        }
    }

    /// Whether a person stands behind it, who can begin again.
    fn is_personal(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::RefreshToken | Self::DeviceCode)
    }
}

/// Errors that say that the server has trouble, or wants to be asked later.
const LATER: &str = "server_error temporarily_unavailable slow_down authorization_pending too_many_requests";
/// Errors by which what was begun is over: the person's part is to be done again.
const OVER: &str = "invalid_grant expired_token login_required interaction_required consent_required account_selection_required";
/// Errors of the request or of how the client is registered, whoever stands behind it.
const WRONG: &str = "invalid_client unauthorized_client invalid_request invalid_scope invalid_target invalid_dpop_proof \
    invalid_authorization_details invalid_request_object unsupported_grant_type unsupported_response_type unsupported_token_type \
    access_denied";

/// What to do about a refusal.
pub(crate) fn action(kind: RequestKind, status: u16, oauth: Option<&OAuthError>) -> Action {
    let is = |words: &str| oauth.is_some_and(|oauth| oauth.is_any(words));
    let again = if kind.is_personal() { Action::Restart } else { Action::FixConfiguration };
    match status {
        408 | 429 | 500..=599 => Action::TryLater,
        _ if is(LATER) => Action::TryLater,
        400 if kind == RequestKind::DeviceCode && is("access_denied") => Action::UserDeclined,
        _ if is(OVER) => again,
        _ if is(WRONG) => Action::FixConfiguration,
        // A word of the server's own, or none: only this status tells of the code or the token that was sent.
        200 | 400 => again,
        401..=499 => Action::FixConfiguration,
        _ => Action::TryLater,
    }
}

/// The error with what to do about it, in a word and in a sentence.
pub(crate) fn advise(error: Error, kind: RequestKind) -> Error {
    let status = error.status().unwrap_or_default();
    let action = action(kind, status, error.oauth());
    let hint = hint(kind, action, status, error.oauth());
    error.advise(action).with_hint(hint)
}

/// What to do, for a developer.
fn hint(kind: RequestKind, action: Action, status: u16, oauth: Option<&OAuthError>) -> &'static str {
    let is = |words: &str| oauth.is_some_and(|oauth| oauth.is_any(words));
    match (action, kind) {
        (Action::TryLater, RequestKind::AuthorizationCode) => {
            "The server has trouble; a code is never sent twice, so begin a new flow later."
        }
        (Action::TryLater, _) if matches!(status, 408 | 429) => "The server is busy; ask again later, not before Retry-After.",
        (Action::TryLater, _) => "The server has trouble; try later.",
        (Action::UserDeclined, _) => "Say that nothing was shared; offer to try again.",
        (Action::Restart, RequestKind::RefreshToken) => "The refresh token is used up, expired or withdrawn; have the person log in again.",
        (Action::Restart, RequestKind::DeviceCode) => "The codes are used up or expired; begin the login on the other device again.",
        (Action::Restart, _) => "The code is used up, expired or another request's, and is never sent twice; begin a new flow.",
        _ if matches!(status, 404 | 405) && kind == RequestKind::Metadata => {
            "No metadata there: compare the issuer (what stands before /.well-known/) with what the provider documents, or give the endpoints."
        }
        _ if matches!(status, 404 | 405) => "Nothing answers there; compare the endpoint's address with the server's metadata.",
        _ if is("invalid_dpop_proof") => "The proof was refused: compare this machine's clock (clockOffset) and the key's algorithm.",
        _ if kind == RequestKind::PushedRequest && !is("invalid_request invalid_scope invalid_request_object") => {
            "The pushed authorization request (PAR) was refused: check how the client is to authenticate there; where it need not \
             push, switch that off (pushedRequests: false; in Rust Requests::unpushed). It is never left out by itself."
        }
        _ if is("invalid_client unauthorized_client") || (oauth.is_none() && matches!(status, 401 | 403)) => {
            "Compare client id, secret or key and the method of authentication with the registration, and this machine's clock \
             (clockOffset) where the client signs."
        }
        _ if is("invalid_scope invalid_target") => "Ask for what the client is registered for: compare scope, resource and audience.",
        _ if is("invalid_grant") && kind == RequestKind::JwtBearer => {
            "The assertion was refused: compare issuer, audience, key and claims with the registration, and this machine's clock (clockOffset)."
        }
        _ if is("unsupported_grant_type") => "The server does not take this grant from this client; have it enabled.",
        _ => "See the server's words; compare the request with the client's registration.",
    }
}

/// What is wrong with a token that came encrypted, for a key that nobody gave.
pub(crate) fn encrypted_error(error: Error) -> Error {
    let hint = "The client is registered for encrypted tokens (id_token_encrypted_response_alg, or that of userinfo): give it the client \
         option decrypt (in Rust Requests::encryption), or have them signed alone.";
    error
        .expected("a token that is signed alone, in three parts")
        .actual("an encrypted one, in five")
        .advise(Action::FixConfiguration)
        .with_hint(hint)
}
