// The discovery document, member for member as Norsk Gjeldsinformasjon documents it.
// OpenID Connect Discovery 1.0 section 3; the issuer ends in a slash.
// Leaves out code_challenge_methods_supported, introspection, registration and `iss` support, as the real one does.

export function discoveryDocument(issuer) {
  return {
    issuer,
    authorization_endpoint: `${issuer}oauth2/auth`,
    token_endpoint: `${issuer}oauth2/token`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    subject_types_supported: ["pairwise"],
    response_types_supported: ["code"],
    claims_supported: ["sub"],
    grant_types_supported: ["authorization_code", "client_credentials"],
    response_modes_supported: ["query", "fragment"],
    userinfo_endpoint: `${issuer}userinfo`,
    scopes_supported: ["openid"],
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
    userinfo_signing_alg_values_supported: ["none", "RS256"],
    id_token_signing_alg_values_supported: ["RS256"],
    request_parameter_supported: true,
    request_uri_parameter_supported: true,
    require_request_uri_registration: true,
    claims_parameter_supported: false,
    revocation_endpoint: `${issuer}oauth2/revoke`,
    end_session_endpoint: `${issuer}oauth2/sessions/logout`,
    request_object_signing_alg_values_supported: ["RS256", "none"],
  };
}
