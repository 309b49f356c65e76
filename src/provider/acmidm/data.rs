//! ACM/IDM Vlaanderen: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! authenticatie.vlaanderen.be/docs: client-authenticatie, aanvraag-access-token, refresh-token, afmelden, aanvraag-code
//! athumi-eu/digitale-aangifte-overlijden-demo: algemeen/security
use crate::protocol::profile::{AssertionRules, Endpoints, Profile, Requests, Rules, STANDARD};
use crate::provider::table::join;
use alloc::string::String;
use alloc::vec;

/// What ACM/IDM Vlaanderen does differently.
pub static RULES: Rules =
    Rules { id: "acmidm", client_authentication: &["private_key_jwt", "client_secret_basic", "client_secret_post"], ..STANDARD };

/// Seconds a client assertion lives unless the caller says otherwise.
pub(super) const ASSERTION_LIFETIME: u32 = 300;

/// Algorithms a client may sign with.
pub(super) static ALGORITHMS: &[&str] = &["RS256"];

/// The addresses and rules of a server by its issuer.
pub(super) fn profile(issuer: &str) -> Profile {
    Profile {
        rules: &RULES,
        endpoints: Endpoints {
            jwks_uri: Some(join(issuer, "/v1/keys")),
            userinfo: Some(join(issuer, "/v1/userinfo")),
            introspection: Some(join(issuer, "/v1/introspect")),
            end_session: Some(join(issuer, "/v1/logout")),
            ..Endpoints::default()
        },
        requests: requests(),
        ..Profile::new(issuer, &join(issuer, "/v1/auth"), &join(issuer, "/v1/token"))
    }
}

/// How requests look, wherever the addresses come from.
pub(super) fn requests() -> Requests {
    Requests {
        assertion: AssertionRules {
            lifetime: ASSERTION_LIFETIME,
            algorithms: ALGORITHMS.iter().map(|name| String::from(*name)).collect(),
            ..AssertionRules::default()
        },
        session_end: vec!["invalid_request".into(), "invalid_grant".into()],
        ..Requests::default()
    }
}

/// Seconds for which a token is kept whose life is not said.
pub(super) const UNKNOWN_LIFE: u64 = 0;

/// Name, issuer.
pub(super) static ENVIRONMENTS: &[[&str; 2]] =
    &[["ti", "https://authenticatie-ti.vlaanderen.be/op"], ["production", "https://authenticatie.vlaanderen.be/op"]];

/// Actors of eLys: name, scope, scope before the renaming of 2025 (none for those that came later).
pub(super) static ACTORS: &[[&str; 3]] = &[
    ["uitvaartondernemer", "elys_uitvaartondernemer", "dao_uitvaartondernemer"],
    ["crematorium", "elys_crematorium", "dao_crematorium"],
    ["depzorg", "elys_depzorg", "dao_depzorg"],
    ["lbbs", "elys_lbbs", "dao_lbbs"],
    ["begraafplaats", "elys_begraafplaats", "dao_begraafplaats"],
    ["arts", "elys_arts", ""],
];

/// Environments of eLys: name, environment of ACM/IDM, origin, reference in the portal, client id of the API where it is known, prefix of its scopes.
pub(super) static ELYS: &[[&str; 6]] = &[
    ["beta", "ti", "https://elys.api.beta-athumi.eu", "eLys (Digitale Aangifte Overlijden) API beta", "", "elys_"],
    ["acceptance", "ti", "https://elys.api.acc-athumi.eu", "eLys (Digitale Aangifte Overlijden) API acc", "", "elys_"],
    ["production", "production", "https://elys.api.athumi.eu", "eLys (Digitale Aangifte Overlijden) API", "", "elys_"],
    [
        "dao-beta",
        "ti",
        "https://dao.api.beta-athumi.eu",
        "DAO (Digitale Aangifte Overlijden) API T&I",
        "b3f43c85-53a5-443d-838c-7c2d0359897b",
        "dao_",
    ],
];
