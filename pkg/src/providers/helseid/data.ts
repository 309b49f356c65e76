// HelseID: generated from src/provider/helseid/provider.json by `npm run generate`; edit that file.

import type { ServerRules } from "../../protocol/profile.js";

/** A server's addresses by its issuer. */
export const addresses = (issuer: string) => ({
  authorizationEndpoint: `${issuer}/connect/authorize`,
  tokenEndpoint: `${issuer}/connect/token`,
  pushedAuthorizationRequestEndpoint: `${issuer}/connect/par`,
  jwksUri: `${issuer}/.well-known/openid-configuration/jwks`,
  userinfoEndpoint: `${issuer}/connect/userinfo`,
  endSessionEndpoint: `${issuer}/connect/endsession`,
  revocationEndpoint: `${issuer}/connect/revocation`,
  introspectionEndpoint: `${issuer}/connect/introspect`,
});
/** How requests look. */
export const SERVER: ServerRules = {
  requirePushedRequests: true,
  requireDpop: true,
  freeResource: true,
  assertion: {
    typ: "client-authentication+jwt",
    lifetime: 30,
    notBefore: true,
    algorithms: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  },
  signingAlgorithms: ["RS256"],
  issuedTokenTypeOptional: true,
  issParameterSupported: true,
};
/** Members of the metadata that hold whatever the document says. */
export const METADATA: Readonly<Record<string, unknown>> = {
  require_pushed_authorization_requests: true,
  authorization_response_iss_parameter_supported: true,
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["private_key_jwt"],
  id_token_signing_alg_values_supported: ["RS256"],
};
/** The claim of a client assertion that says for whom a token is. */
export const ASSERTION_DETAILS: string = "assertion_details";
/** Name, issuer, which ends in no slash. */
export const ENVIRONMENTS: readonly (readonly [name: string, issuer: string])[] = [
  ["test", "https://helseid-sts.test.nhn.no"],
  ["production", "https://helseid-sts.nhn.no"],
];
