//! Telling a server that a token is no longer wanted.
//!
//! RFC 7009. A token the server does not know counts as revoked (section 2.2).
//! A 204 is taken for the 200 the standard asks for.
//! Refuses to take anything else for success: what is not surely revoked is said to be alive.

use crate::ground::error::{Result, codes};
use crate::ground::http::Response;
use crate::protocol::answer::Answer;

/// Judges an answer of the revocation endpoint; its body says nothing when all went well.
///
/// # Errors
/// `oauth_error` with [`Error::oauth`](crate::Error::oauth) for an OAuth error, such as `unsupported_token_type`;
/// `revocation_failed`, `redirect_refused`, `http_status_unexpected`.
///
/// ```
/// use samtykke::Response;
/// use samtykke::protocol::revocation::judge;
/// assert!(judge(&Response::new(200, None, "")).is_ok());
/// assert_eq!(judge(&Response::new(503, None, "")).unwrap_err().code(), "revocation_failed");
/// ```
pub fn judge(response: &Response) -> Result<()> {
    let answer = Answer { response, malformed: &codes::REVOCATION_FAILED };
    if response.status == 503 {
        return Err(answer.fail(&codes::REVOCATION_FAILED));
    }
    // Of what else the body says nothing is read.
    match answer.success(&[200, 204]) {
        Err(error) if error.oauth().is_some() || !matches!(response.status, 200 | 204) => Err(error),
        _ => Ok(()),
    }
}
