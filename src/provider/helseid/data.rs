//! HelseID: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! utviklerportal.nhn.no: sikkerhetsprofil, par, token, dpop, organisasjonsnumre
use crate::protocol::profile::{AssertionRules, Endpoints, Profile, Requests, Rules, STANDARD};
use crate::provider::table::join;
use alloc::string::String;
use alloc::vec;

/// What HelseID does differently.
pub static RULES: Rules = Rules { id: "helseid", client_authentication: &["private_key_jwt"], ..STANDARD };

/// Seconds a client assertion lives unless the caller says otherwise.
pub(super) const ASSERTION_LIFETIME: u32 = 30;

/// Algorithms a client may sign with.
pub(super) static ALGORITHMS: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/// The addresses and rules of a server by its issuer.
pub(super) fn profile(issuer: &str) -> Profile {
    Profile {
        rules: &RULES,
        iss_parameter: true,
        endpoints: Endpoints {
            pushed_authorization_request: Some(join(issuer, "/connect/par")),
            jwks_uri: Some(join(issuer, "/.well-known/openid-configuration/jwks")),
            userinfo: Some(join(issuer, "/connect/userinfo")),
            introspection: Some(join(issuer, "/connect/introspect")),
            revocation: Some(join(issuer, "/connect/revocation")),
            end_session: Some(join(issuer, "/connect/endsession")),
            ..Endpoints::default()
        },
        requests: requests(),
        ..Profile::new(issuer, &join(issuer, "/connect/authorize"), &join(issuer, "/connect/token"))
    }
}

/// How requests look, wherever the addresses come from.
pub(super) fn requests() -> Requests {
    Requests {
        pushed: true,
        dpop: true,
        free_resource: true,
        assertion: AssertionRules {
            typ: Some("client-authentication+jwt".into()),
            lifetime: ASSERTION_LIFETIME,
            not_before: true,
            algorithms: ALGORITHMS.iter().map(|name| String::from(*name)).collect(),
            ..AssertionRules::default()
        },
        signing_algorithms: vec!["RS256".into()],
        issued_token_type_optional: true,
        not_with_code: vec!["assertion_details".into()],
        ..Requests::default()
    }
}

/// Members of the metadata that hold whatever the document says.
pub(super) const METADATA: &str = r#"{"require_pushed_authorization_requests":true,"authorization_response_iss_parameter_supported":true,"code_challenge_methods_supported":["S256"],"token_endpoint_auth_methods_supported":["private_key_jwt"],"id_token_signing_alg_values_supported":["RS256"]}"#;

/// The claim of a client assertion that says for whom a token is.
pub(super) const ASSERTION_DETAILS: &str = "assertion_details";

/// Name, issuer, which ends in no slash.
pub(super) static ENVIRONMENTS: &[[&str; 2]] = &[["test", "https://helseid-sts.test.nhn.no"], ["production", "https://helseid-sts.nhn.no"]];
