//! ID-porten and Ansattporten: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! docs.digdir.no, ID-porten: oidc_protocol_authorize, oidc_protocol_par, oidc_protocol_token, oidc_protocol_id_token, oidc_func_onbehalfof
//! docs.digdir.no, Ansattporten: ansattporten_guide
//! felleslosninger/idporten-oidc-demo-client: AcrValidatorTest (the order of the levels), its discovery documents in forks
use crate::protocol::profile::{AssertionRules, Endpoints, Profile, Requests, Rules, STANDARD};
use crate::provider::table::join;
use alloc::string::String;
use alloc::vec;

/// What ID-porten and Ansattporten does differently.
pub static RULES: Rules = Rules {
    id: "idporten",
    client_authentication: &["private_key_jwt", "client_secret_basic", "client_secret_post", "none"],
    acr_levels: &[
        "selfregistered-email",
        "idporten-loa-low eidas-loa-low low",
        "idporten-loa-substantial-limited",
        "idporten-loa-substantial eidas-loa-substantial substantial",
        "idporten-loa-high eidas-loa-high high",
    ],
    echoed: ("onbehalfof", "client_onbehalfof aud_onbehalfof"),
    ..STANDARD
};

/// Algorithms a client may sign with.
pub(super) static ALGORITHMS: &[&str] = &["RS256"];

/// The addresses and rules of a server by its issuer and login.
pub(super) fn profile(issuer: &str, login: &str) -> Profile {
    Profile {
        rules: &RULES,
        iss_parameter: true,
        endpoints: Endpoints {
            pushed_authorization_request: Some(join(issuer, "/par")),
            jwks_uri: Some(join(issuer, "/jwks.json")),
            userinfo: Some(join(issuer, "/userinfo")),
            introspection: Some(join(issuer, "/token/introspect")),
            revocation: Some(join(issuer, "/token/revoke")),
            end_session: Some(join(login, "/logout")),
            ..Endpoints::default()
        },
        requests: requests(),
        ..Profile::new(issuer, &join(login, "/authorize"), &join(issuer, "/token"))
    }
}

/// How requests look, wherever the addresses come from.
pub(super) fn requests() -> Requests {
    Requests {
        assertion: AssertionRules { algorithms: ALGORITHMS.iter().map(|name| String::from(*name)).collect(), ..AssertionRules::default() },
        signing_algorithms: vec!["RS256".into()],
        ..Requests::default()
    }
}

/// What a login asks for unless it says otherwise.
pub(super) const DEFAULT_SCOPE: &str = "openid profile";

/// Name, issuer, origin of logins.
pub(super) static ENVIRONMENTS: &[[&str; 3]] = &[
    ["test", "https://test.idporten.no", "https://login.test.idporten.no"],
    ["production", "https://idporten.no", "https://login.idporten.no"],
    ["ansattporten-test", "https://test.ansattporten.no", "https://login.test.ansattporten.no"],
    ["ansattporten-production", "https://ansattporten.no", "https://login.ansattporten.no"],
];
