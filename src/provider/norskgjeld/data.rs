//! Norsk Gjeldsinformasjon: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! norsk-gjeldsinformasjon/api-docs: reference/consent, reference/openapi.json
use crate::ground::error::{Action, codes};
use crate::protocol::profile::{Endpoints, Profile, Rules, STANDARD};
use crate::provider::table::join;

/// What Norsk Gjeldsinformasjon does differently.
pub static RULES: Rules = Rules {
    id: "norskgjeld",
    check_scope: super::scope::check,
    callback_errors: &[
        (
            Action::FixConfiguration,
            "invalid_request invalid_scope unauthorized_client unsupported_response_type invalid_scopes invalid_state insufficient_entropy",
        ),
        (Action::TryLater, "server_error temporarily_unavailable"),
        (Action::UserDeclined, "access_denied"),
    ],
    callback_kinds: &[&codes::CONSENT_DENIED, &codes::LOGIN_CANCELLED],
    client_authentication: &["client_secret_basic"],
    id_token_optional: true,
    ..STANDARD
};

/// The addresses and rules of a server by its origin.
pub(super) fn profile(origin: &str) -> Profile {
    Profile {
        rules: &RULES,
        endpoints: Endpoints { jwks_uri: Some(join(origin, "/.well-known/jwks.json")), ..Endpoints::default() },
        ..Profile::new(&join(origin, "/"), &join(origin, "/oauth2/auth"), &join(origin, "/oauth2/token"))
    }
}

/// Name, origin for logins, origin for APIs.
pub(super) static ENVIRONMENTS: &[[&str; 3]] = &[
    ["preprod", "https://access-preprod.norskgjeld.no", "https://api-preprod.norskgjeld.no"],
    ["production", "https://access.norskgjeld.no", "https://api.norskgjeld.no"],
];
