//! What kind of thing went wrong, for a program that decides by it: a code says more, and there are many of them.
//!
//! Refuses no code: one that is in no list below fails a test.

use super::Error;
use crate::ground::text::word;

/// What kind of thing went wrong.
///
/// ```
/// use samtykke::error::{ErrorKind, codes};
/// let error = samtykke::Error::new(&codes::STATE_MISMATCH);
/// assert_eq!(error.kind(), ErrorKind::Callback);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting, an option or a registration is wrong: no retry helps.
    Configuration,
    /// The person declined, or broke off.
    Declined,
    /// What the browser brought belongs to no flow of its, or to one that is over.
    Callback,
    /// The server said no, in OAuth's words: [`Error::oauth`] has them.
    Refused,
    /// There is no session, or one that is over.
    Session,
    /// A signature, a claim or a key is not what it must be.
    Untrusted,
    /// An answer that is none.
    Malformed,
    /// No answer came: no connection, no time, no patience.
    Network,
    /// What the program leans on has trouble: a store, a signer.
    Unavailable,
    /// An API did not take the token, or not for this.
    Unauthorized,
    /// An API said no for another reason.
    Api,
    /// A code that is newer than this list.
    Other,
}

use ErrorKind::{Api, Callback, Configuration, Declined, Malformed, Network, Refused, Session, Unauthorized, Unavailable, Untrusted};

/// Each kind's codes, single spaces between them.
const KINDS: &[(ErrorKind, &str)] = &[
    (
        Configuration,
        "invalid_configuration secret_in_browser invalid_parameter reserved_parameter invalid_scope transaction_mismatch \
         callback_wrong_redirect_uri key_refused password_refused algorithm_refused endpoint_missing endpoint_refused metadata_issuer_mismatch \
         resource_refused session_too_large method_refused return_to_refused origin_refused wasm_unavailable",
    ),
    (Declined, "consent_denied login_cancelled confirmation_refused"),
    (
        Callback,
        "transaction_missing transaction_malformed transaction_expired transaction_used callback_malformed callback_too_large \
         callback_duplicate_parameter callback_unexpected_parameter state_missing state_mismatch issuer_missing issuer_mismatch \
         code_missing code_malformed logout_state_mismatch",
    ),
    (Refused, "authorization_error token_error oauth_error revocation_failed device_code_expired dpop_nonce_refused"),
    (Session, "session_missing session_invalid session_stale session_ended"),
    (
        Untrusted,
        "signature_invalid key_not_found key_ambiguous claim_refused jwt_expired nonce_mismatch subject_mismatch \
         token_type_unexpected id_token_missing redirect_refused decryption_failed resource_mismatch",
    ),
    (
        Malformed,
        "token_response_malformed token_response_too_large content_type_unexpected http_status_unexpected jws_malformed \
         jwks_malformed metadata_malformed par_response_malformed userinfo_malformed introspection_malformed \
         device_response_malformed challenge_malformed api_response_malformed dpop_nonce_missing",
    ),
    (Network, "network_error timeout aborted"),
    (Unavailable, "store_failed session_unavailable signing_failed"),
    (Unauthorized, "token_invalid unauthorized token_expired subscription_key_refused consent_inactive"),
    (Api, "api_error conflict not_found registration_conflict"),
];

impl Error {
    /// What kind of thing went wrong; [`code`](Self::code) says what exactly.
    pub fn kind(&self) -> ErrorKind {
        let holds = |(_, codes): &&(ErrorKind, &str)| word(codes, self.code().as_bytes()).is_some();
        KINDS.iter().find(holds).map_or(ErrorKind::Other, |(kind, _)| *kind)
    }
}
