//! The error table: one row for each stable code, with its phase, its action, the section behind the check, and a hint.
//!
//! Refuses to grow texts in the code paths: what a person is told stands here, and in `messages.txt`.

use super::{Action, Kind, Phase};
use crate::ground::lean::{BRIEF, LEAN, NPM, PROTOCOL};

/// Where each code has a section of its own, with its cause and cure: this, and the code.
macro_rules! docs {
    () => {
        "https://docs.rs/samtykke/latest/samtykke/errors/#"
    };
}
/// What [`Error::doc`](super::Error::doc) begins with.
pub const DOCS: &str = docs!();

macro_rules! kind {
    ($name:ident $code:literal $phase:ident $action:ident $retryable:literal $doc:literal $hint:literal) => {
        #[doc = concat!("`", $code, "` (", $doc, "). ", $hint)]
        pub static $name: Kind = Kind {
            phase: Phase::$phase,
            action: Action::$action,
            retryable: $retryable,
            text: if LEAN || BRIEF {
                $code
            } else if NPM {
                concat!($code, "\n", $hint)
            } else {
                concat!($code, "\n", $hint, "\n", $doc, "\n", docs!(), $code)
            },
        };
    };
}

macro_rules! kinds {
    ($($name:ident $code:literal $phase:ident $action:ident $retryable:literal $doc:literal $hint:literal;)*
     => $($own:ident $its_code:literal $its_phase:ident $its_action:ident $its_retryable:literal $its_doc:literal $its_hint:literal;)*) => {
        $(kind! { $name $code $phase $action $retryable $doc $hint })*
        $(kind! { $own $its_code $its_phase $its_action $its_retryable $its_doc $its_hint })*
        /// Every row, for tests and tools that walk the whole table.
        pub static ALL: &[&Kind] = if PROTOCOL { &[$(&$name),*] } else { &[$(&$name,)* $(&$own),*] };
    };
}

kinds! {
    INVALID_CONFIGURATION "invalid_configuration" Configuration FixConfiguration false "RFC 8414 section 2" "Correct this setting of the client.";
    SECRET_IN_BROWSER "secret_in_browser" Configuration FixConfiguration false "RFC 9700 section 2.5" "Remove the secret from the page; exchange the code in a worker.";
    INVALID_PARAMETER "invalid_parameter" Authorization FixConfiguration false "RFC 6749 section 4.1.1" "Correct what was given; see what was expected.";
    RESERVED_PARAMETER "reserved_parameter" Authorization FixConfiguration false "RFC 6749 section 3.1" "Leave this parameter to the library.";
    INVALID_SCOPE "invalid_scope" Authorization FixConfiguration false "RFC 6749 section 3.3" "Correct the scope.";
    TRANSACTION_MISSING "transaction_missing" Callback Restart false "RFC 6749 section 10.12" "Start again in this browser.";
    TRANSACTION_MALFORMED "transaction_malformed" Callback Restart false "RFC 6749 section 10.12" "Start again; store the transaction unchanged.";
    TRANSACTION_EXPIRED "transaction_expired" Callback Restart false "RFC 9700 section 4.2.4" "Start again.";
    TRANSACTION_USED "transaction_used" Callback Restart false "RFC 9700 section 4.2.4" "This answer was used already; go on, or start again.";
    TRANSACTION_MISMATCH "transaction_mismatch" Callback FixConfiguration false "RFC 9700 section 4.4" "Finish with the client that began the flow.";
    CALLBACK_MALFORMED "callback_malformed" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer is not one a server sends.";
    CALLBACK_TOO_LARGE "callback_too_large" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer is not one a server sends.";
    CALLBACK_DUPLICATE_PARAMETER "callback_duplicate_parameter" Callback Restart false "RFC 6749 section 3.1" "Start again; the answer was tampered with.";
    CALLBACK_WRONG_REDIRECT_URI "callback_wrong_redirect_uri" Callback FixConfiguration false "RFC 9700 section 4.1" "Compare the page's address with redirect_uri; behind a proxy, pass only the query.";
    CALLBACK_UNEXPECTED_PARAMETER "callback_unexpected_parameter" Callback Restart false "RFC 9700 section 2.1.2" "Start again; only a code was asked for.";
    STATE_MISSING "state_missing" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer is not bound to this browser.";
    STATE_MISMATCH "state_mismatch" Callback Restart false "RFC 6749 section 10.12" "Start again; the answer belongs to another flow.";
    ISSUER_MISSING "issuer_missing" Callback Restart false "RFC 9207 section 2.4" "Start again; another server answered.";
    ISSUER_MISMATCH "issuer_mismatch" Callback Restart false "RFC 9207 section 2.4" "Start again; another server answered.";
    CODE_MISSING "code_missing" Callback Restart false "RFC 6749 section 4.1.2" "Start again; the answer holds neither code nor error.";
    CODE_MALFORMED "code_malformed" Callback Restart false "RFC 6749 appendix A.11" "Start again; the code was damaged on its way.";
    AUTHORIZATION_ERROR "authorization_error" Callback Restart false "RFC 6749 section 4.1.2.1" "See the server's error.";
    CONSENT_DENIED "consent_denied" Callback UserDeclined false "api-docs reference/consent" "Say that nothing was shared; offer to try again or go on without.";
    LOGIN_CANCELLED "login_cancelled" Callback UserCancelled false "api-docs reference/consent" "Say that the login was cancelled; offer to try again.";
    TOKEN_ERROR "token_error" Token Restart false "RFC 6749 section 5.2" "See the server's error; a code is never sent twice.";
    TOKEN_RESPONSE_MALFORMED "token_response_malformed" Token TryLater false "RFC 6749 section 5.1" "The server's answer breaks the standard; report it to the provider.";
    TOKEN_RESPONSE_TOO_LARGE "token_response_too_large" Token TryLater false "RFC 6749 section 5.1" "The server's answer is too large; report it to the provider.";
    HTTP_STATUS_UNEXPECTED "http_status_unexpected" Token TryLater false "RFC 6749 section 5" "The server has trouble; start a new flow later.";
    REDIRECT_REFUSED "redirect_refused" Token FixConfiguration false "RFC 9700 section 4.12" "Use the endpoint's own address.";
    CONTENT_TYPE_UNEXPECTED "content_type_unexpected" Token TryLater false "RFC 6749 section 5.1" "JSON was expected; a proxy may have answered.";
    TOKEN_TYPE_UNEXPECTED "token_type_unexpected" Token FixConfiguration false "RFC 6749 section 7.1" "Check how the client is registered with the provider.";
    SESSION_ENDED "session_ended" Token Restart false "RFC 6749 section 6" "Log in again.";
    ID_TOKEN_MISSING "id_token_missing" Token FixConfiguration false "OIDC Core section 3.1.3.3" "Have openid enabled for the client, or leave it out.";
    KEY_REFUSED "key_refused" Configuration FixConfiguration false "RFC 7518 section 6" "Use another key; see what was expected of this one.";
    PASSWORD_REFUSED "password_refused" Configuration FixConfiguration false "RFC 7292 section 5.1" "Give the password that the file was made with.";
    ALGORITHM_REFUSED "algorithm_refused" Token FixConfiguration false "RFC 8725 section 3.1" "Name the algorithm the server signs with.";
    SIGNING_FAILED "signing_failed" Token TryLater false "RFC 7515 section 5.1" "The signer failed; see the cause.";
    JWS_MALFORMED "jws_malformed" Token TryLater false "RFC 7515 section 7.1" "The server's answer breaks the standard; report it to the provider.";
    SIGNATURE_INVALID "signature_invalid" Token Restart false "RFC 7515 section 5.2" "The token is not the server's; nothing of it was used.";
    DECRYPTION_FAILED "decryption_failed" Token FixConfiguration false "RFC 7516 section 5.2" "Compare the key with the one the client is registered with for encryption.";
    JWKS_MALFORMED "jwks_malformed" Token TryLater false "RFC 7517 section 5" "The server's answer breaks the standard; report it to the provider.";
    KEY_NOT_FOUND "key_not_found" Token Restart false "OIDC Core section 10.1" "The server publishes no key that fits; report it to the provider.";
    KEY_AMBIGUOUS "key_ambiguous" Token TryLater false "RFC 7517 section 4.5" "The server publishes several keys that fit; report it to the provider.";
    CLAIM_REFUSED "claim_refused" Token Restart false "OIDC Core section 3.1.3.7" "Start again; see what was expected.";
    JWT_EXPIRED "jwt_expired" Token Restart false "RFC 7519 section 4.1.4" "Start again; if it is new, compare the clocks.";
    NONCE_MISMATCH "nonce_mismatch" Token Restart false "OIDC Core section 3.1.3.7" "Start again; the token belongs to another login.";
    DPOP_NONCE_MISSING "dpop_nonce_missing" Token TryLater false "RFC 9449 section 8" "No good DPoP-Nonce came with the answer; see that the header is handed on, then report it to the provider.";
    DPOP_NONCE_REFUSED "dpop_nonce_refused" Token TryLater false "RFC 9449 section 8" "The server refuses its own nonce; report it to the provider.";
    DEVICE_CODE_EXPIRED "device_code_expired" Token Restart false "RFC 8628 section 3.5" "Nobody finished the login in time; begin again.";
    DEVICE_RESPONSE_MALFORMED "device_response_malformed" Token TryLater false "RFC 8628 section 3.2" "The server's answer breaks the standard; report it to the provider.";
    RESOURCE_REFUSED "resource_refused" Api FixConfiguration false "RFC 6750 section 5.3" "A token goes to the https origins it is for; name this one.";
    NETWORK_ERROR "network_error" Runtime TryLater false "RFC 9110 section 9.2.2" "The server could not be reached; see the cause.";
    TIMEOUT "timeout" Runtime TryLater false "RFC 9110 section 9.2.2" "No answer came in time; raise the timeout or try later.";
    STORE_FAILED "store_failed" Session TryLater false "RFC 9700 section 4.14.2" "What came could not be stored; it is on the error. See the cause.";
    ABORTED "aborted" Runtime None false "RFC 9110 section 9.2.2" "The caller's signal ended the request.";
    TOKEN_INVALID "token_invalid" Api Restart false "RFC 6750 section 3.1" "Get a new token; at most once for a call.";
    UNAUTHORIZED "unauthorized" Api FixConfiguration false "RFC 9110 section 15.5.2" "Check the token: that it is alive, its scope and its audience.";
    API_ERROR "api_error" Api TryLater false "api-docs reference/openapi" "See the provider's code and quote the trace id to its support.";
    API_RESPONSE_MALFORMED "api_response_malformed" Api TryLater false "api-docs reference/openapi" "The answer is not the documented one; report it with the trace id.";
    METADATA_MALFORMED "metadata_malformed" Configuration TryLater false "RFC 8414 section 3.2" "The server's metadata breaks the standard; report it to the provider.";
    METADATA_ISSUER_MISMATCH "metadata_issuer_mismatch" Configuration FixConfiguration false "RFC 8414 section 3.3" "Give the issuer exactly as the server writes it.";
    RESOURCE_MISMATCH "resource_mismatch" Api FixConfiguration false "RFC 9728 section 3.3" "This metadata is another API's; send it no token.";
    ENDPOINT_MISSING "endpoint_missing" Configuration FixConfiguration false "RFC 8414 section 2" "Give the endpoint, if the provider has one.";
    ENDPOINT_REFUSED "endpoint_refused" Configuration FixConfiguration false "RFC 8414 section 2" "Use https on a public host; for a server of your own machine, the development option.";
    OAUTH_ERROR "oauth_error" Token FixConfiguration false "RFC 6749 section 5.2" "See the server's error.";
    PAR_RESPONSE_MALFORMED "par_response_malformed" Authorization TryLater false "RFC 9126 section 2.2" "The server's answer breaks the standard; report it to the provider.";
    USERINFO_MALFORMED "userinfo_malformed" Api TryLater false "OIDC Core section 5.3.2" "The server's answer breaks the standard; report it to the provider.";
    SUBJECT_MISMATCH "subject_mismatch" Api Restart false "OIDC Core section 5.3.2" "The claims are another person's; use none of them.";
    INTROSPECTION_MALFORMED "introspection_malformed" Token TryLater false "RFC 7662 section 2.2" "The server's answer breaks the standard; report it to the provider.";
    REVOCATION_FAILED "revocation_failed" Token TryLater true "RFC 7009 section 2.2" "The token may still be valid; try again.";
    LOGOUT_STATE_MISMATCH "logout_state_mismatch" Session None false "OIDC RP-Initiated Logout section 3" "Nobody was logged out by this; end no session because of it.";
    CHALLENGE_MALFORMED "challenge_malformed" Api TryLater false "RFC 9110 section 11.6.1" "The server's answer breaks the standard; report it to the provider.";
    SESSION_MISSING "session_missing" Session Restart false "RFC 6265 section 5.4" "No session cookie came; log in.";
    SESSION_INVALID "session_invalid" Session Restart false "RFC 6265 section 8.5" "What was kept is old or damaged; log in again.";
    SESSION_TOO_LARGE "session_too_large" Session FixConfiguration false "RFC 6265 section 6.1" "Allow more, keep less, or give the edge a store.";
    SESSION_UNAVAILABLE "session_unavailable" Session TryLater true "RFC 9110 section 15.6.4" "The store of the sessions does not answer; nobody need log in again.";
    SESSION_STALE "session_stale" Session Restart false "RFC 6749 section 5.2" "The server takes the refresh token no more; log in again for what needs a token.";
    TOKEN_EXPIRED "token_expired" Api Restart false "RFC 6749 section 5.1" "Renew the session's tokens, or log in again.";
    METHOD_REFUSED "method_refused" Session FixConfiguration false "RFC 9110 section 15.5.6" "Send the request by one of the methods in Allow; a logout is a form that a page of this origin posts.";
    RETURN_TO_REFUSED "return_to_refused" Session FixConfiguration false "RFC 9700 section 4.11.1" "Give a path on this origin, such as /result.";
    ORIGIN_REFUSED "origin_refused" Session FixConfiguration false "RFC 9700 section 4.7" "Only a page of this origin may post here.";
    WASM_UNAVAILABLE "wasm_unavailable" Runtime FixConfiguration false "CSP level 3 section 2.3" "Allow wasm: CSP 'wasm-unsafe-eval', or bundle for workerd";
    // Of the providers' own APIs.
    =>
    CONFIRMATION_REFUSED "confirmation_refused" Callback UserCancelled false "Selvbetjening docs, confirm-client" "The draft was not confirmed; offer the confirm URL again. Ask for the client's status either way.";
    CONSENT_INACTIVE "consent_inactive" Api Restart false "api-docs reference/openapi" "The consent is used, expired or withdrawn; ask for a new one.";
    SUBSCRIPTION_KEY_REFUSED "subscription_key_refused" Api FixConfiguration false "RFC 9110 section 15.5.2" "Check the subscription's key and its header; the token is not the reason.";
    CONFLICT "conflict" Api FixConfiguration false "api-docs reference/openapi" "client_consent_id is registered with other data; use a new one.";
    NOT_FOUND "not_found" Api FixConfiguration false "RFC 9110 section 15.5.5" "Nothing is registered under this name; compare it, and the environment.";
    REGISTRATION_CONFLICT "registration_conflict" Api FixConfiguration false "docs.digdir.no self-service API" "What is registered stands in the way: a key or name that is there already, a deactivated entry, or a change made meanwhile. Read it again.";
}
