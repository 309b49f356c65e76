// AD FS: generated from src/provider/adfs/provider.json by `npm run generate`; edit that file.

import type { ServerRules } from "../../protocol/profile.js";

/** A server's addresses by its issuer. */
export const addresses = (issuer: string) => ({
  authorizationEndpoint: `${issuer}/oauth2/authorize/`,
  tokenEndpoint: `${issuer}/oauth2/token/`,
  jwksUri: `${issuer}/discovery/keys`,
  userinfoEndpoint: `${issuer}/userinfo`,
  endSessionEndpoint: `${issuer}/oauth2/logout`,
});
/** How requests look. */
export const SERVER: ServerRules = {
  assertion: { audience: "endpoint", kid: "never", x5t: "always", lifetime: 300, notBefore: true, algorithms: ["RS256"] },
  freeResource: true,
  sessionEnd: ["invalid_grant"],
  authTimeText: true,
};
/** What follows the issuer in the issuer of access tokens. */
export const ACCESS_TOKEN_ISSUER: string = "/services/trust";
/** How an assertion names its certificate: by what, and whether it has `kid` and `x5t`. */
export const KEY_NAMES: readonly (readonly [name: string, kid: string, x5t: string])[] = [
  ["x5t", "never", "always"],
  ["kid", "always", "never"],
  ["x5t_kid", "always", "always"],
];
/** AD FS' own error codes: code, action, advice. */
export const MSIS: readonly (readonly [code: string, action: string, advice: string])[] = [
  ["MSIS9223", "fix_configuration", "No client is registered with this client_id; compare it with the GUID that AD FS gave, of this environment."],
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
  ["MSIS9607", "fix_configuration", "No client is registered with this client_id; compare it with the GUID that AD FS gave, of this environment."],
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
