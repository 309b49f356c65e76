//! Telling a server that a token is no longer wanted.
//!
//! RFC 7009. A token the server does not know counts as revoked (section 2.2).
//! Refuses to take anything but 200 for success: what is not surely revoked is said to be alive.

use crate::answer::Answer;
use crate::client::Client;
use crate::client_auth::ClientAuthentication;
use crate::endpoint::post;
use crate::error::{Result, codes};
use crate::http::{Request, Response};
use crate::introspection::{TokenHint, form};
use crate::secret::Secret;

/// The request to revoke a token. Revoking a token withdraws no consent: that is a provider's own call.
///
/// # Errors
/// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`, `invalid_configuration`.
///
/// ```
/// use samtykke::{Client, ClientAuthentication, Profile, Secret, introspection::TokenHint, revocation::request};
/// let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// profile.endpoints.revocation = Some("https://op.example/revoke".into());
/// let client = Client::new(profile, "client-1", "https://rp.example/cb")?;
/// let request = request(&client, &ClientAuthentication::None, &Secret::new("x.y"), Some(TokenHint::RefreshToken))?;
/// assert_eq!(request.body.unwrap().expose(), "token=x.y&token_type_hint=refresh_token&client_id=client-1");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn request(client: &Client, authentication: &ClientAuthentication, token: &Secret, hint: Option<TokenHint>) -> Result<Request> {
    let endpoint = client.profile().endpoints.revocation.as_deref().unwrap_or_default();
    post(client, authentication, ("revocation_endpoint", endpoint), form(token, hint)?)
}

/// Judges an answer of the revocation endpoint; its body says nothing when all went well.
///
/// # Errors
/// `oauth_error` with [`Error::oauth`](crate::Error::oauth) for an OAuth error, such as `unsupported_token_type`;
/// `revocation_failed`, `redirect_refused`, `http_status_unexpected`.
///
/// ```
/// use samtykke::{Response, revocation::judge};
/// assert!(judge(&Response::new(200, None, "")).is_ok());
/// assert_eq!(judge(&Response::new(503, None, "")).unwrap_err().code(), "revocation_failed");
/// ```
pub fn judge(response: &Response) -> Result<()> {
    let answer = Answer { response, malformed: &codes::REVOCATION_FAILED };
    if response.status == 503 {
        return Err(answer.fail(&codes::REVOCATION_FAILED));
    }
    answer.check_status(&[200], true)
}
