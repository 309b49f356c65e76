//! AD FS: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! MS-OAPX sections 3.2.1.2 and 3.2.5
//! windowsserverdocs: ad-fs-openid-connect-oauth-concepts, ad-fs-openid-connect-oauth-flows-scenarios, ad-fs-logout-openid-connect
//! errors and assertions of servers in use, as their integrators log them
use crate::protocol::profile::{AssertionRules, Audience, Endpoints, Presence, Profile, Requests, Rules, STANDARD};
use crate::provider::table::join;
use alloc::string::String;
use alloc::vec;

/// What AD FS does differently.
pub static RULES: Rules =
    Rules { id: "adfs", client_authentication: &["private_key_jwt", "client_secret_post", "client_secret_basic", "none"], ..STANDARD };

/// Seconds a client assertion lives unless the caller says otherwise.
pub(super) const ASSERTION_LIFETIME: u32 = 300;

/// Algorithms a client may sign with.
pub(super) static ALGORITHMS: &[&str] = &["RS256"];

/// The addresses and rules of a server by its issuer.
pub(super) fn profile(issuer: &str) -> Profile {
    Profile {
        rules: &RULES,
        endpoints: Endpoints {
            jwks_uri: Some(join(issuer, "/discovery/keys")),
            userinfo: Some(join(issuer, "/userinfo")),
            end_session: Some(join(issuer, "/oauth2/logout")),
            ..Endpoints::default()
        },
        requests: requests(),
        ..Profile::new(issuer, &join(issuer, "/oauth2/authorize/"), &join(issuer, "/oauth2/token/"))
    }
}

/// How requests look, wherever the addresses come from.
pub(super) fn requests() -> Requests {
    Requests {
        assertion: AssertionRules {
            audience: Audience::Endpoint,
            kid: Presence::Never,
            x5t: Presence::Always,
            lifetime: ASSERTION_LIFETIME,
            not_before: true,
            algorithms: ALGORITHMS.iter().map(|name| String::from(*name)).collect(),
            ..AssertionRules::default()
        },
        free_resource: true,
        session_end: vec!["invalid_grant".into()],
        request_id: Some("client-request-id"),
        keys_by_x5t: true,
        auth_time_text: true,
        ..Requests::default()
    }
}

/// What follows the issuer in the issuer of access tokens.
pub(super) const ACCESS_TOKEN_ISSUER: &str = "/services/trust";

/// How an assertion names its certificate: by what, and whether it has `kid` and `x5t`.
pub(super) static KEY_NAMES: &[[&str; 3]] = &[["x5t", "never", "always"], ["kid", "always", "never"], ["x5t_kid", "always", "always"]];

/// AD FS' own error codes: code, action, advice.
pub(super) static MSIS: &[[&str; 3]] = &[
    [
        "MSIS9223",
        "fix_configuration",
        "No client is registered with this client_id; compare it with the GUID that AD FS gave, of this environment.",
    ],
    ["MSIS9224", "fix_configuration", "The redirect_uri is not registered for the client; it must match letter for letter."],
    [
        "MSIS9321",
        "fix_configuration",
        "The client has no permission for this resource; have it granted by whoever runs the server, with client id, resource and scopes.",
    ],
    [
        "MSIS9329",
        "fix_configuration",
        "No API is registered with this resource; send its identifier (at Region Halland, the resursid) as it was told: no https:// put before it, and in its own case.",
    ],
    [
        "MSIS9602",
        "fix_configuration",
        "No API is registered with this resource; send its identifier (at Region Halland, the resursid) as it was told: no https:// put before it, and in its own case.",
    ],
    ["MSIS9604", "try_later", "AD FS could not carry the request out; try later, and give whoever runs the server the request id."],
    [
        "MSIS9605",
        "fix_configuration",
        "The client has no permission for this resource or scope; have it granted by whoever runs the server, with client id, resource and scopes.",
    ],
    [
        "MSIS9607",
        "fix_configuration",
        "No client is registered with this client_id; compare it with the GUID that AD FS gave, of this environment.",
    ],
    ["MSIS9609", "fix_configuration", "The redirect_uri is not registered for the client; it must match letter for letter."],
    ["MSIS9612", "restart", "The code is unknown, used or expired (it lives about ten minutes); start a new login."],
    ["MSIS9614", "restart", "The refresh token is unknown or of another client; log in again."],
    ["MSIS9615", "restart", "The refresh token has expired; log in again."],
    [
        "MSIS9622",
        "fix_configuration",
        "The client was not recognised: check its secret; or that the certificate is registered and in its time, that x5t (or kid, where the server goes by that) is its SHA-1 and that aud is the token endpoint as called, slash and all.",
    ],
    ["MSIS9921", "fix_configuration", "The token is for another audience than userinfo; a token is for one resource alone."],
];
