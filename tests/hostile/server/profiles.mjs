// The plans of the conformance suite as settings of the server: which features it announces, asks for and uses.
// A module names one of these and says what it changes; nothing below switches on a profile's name.
// Refuses nothing.

const OIDC = {
  /** How the client proves who it is. */
  method: "client_secret_basic",
  /** Signs id_tokens, and userinfo and JARM answers where those are signed. */
  alg: "RS256",
  /** Parameters only through PAR, as a signed request object, or both. */
  par: false,
  requestObject: false,
  /** `query`, `form_post`, or `jwt` (JARM). */
  responseMode: "query",
  /** RFC 9207. */
  iss: true,
  dpop: false,
  nonces: false,
  /** Keys with the signing key's `kid` lie before it in the JWKS. */
  decoys: false,
  /** Hash claims in an id_token. */
  hashes: ["at_hash"],
  signedUserinfo: false,
  openid: true,
  /** What a login does with its token: ask userinfo, or call the API. */
  uses: "userinfo",
  scope: "openid profile",
  /** What is offered to a refresh grant. */
  refresh: false,
  mtlsAliases: false,
};

const FAPI1 = {
  ...OIDC,
  method: "private_key_jwt",
  clientKey: "client PS256",
  alg: "PS256",
  par: true,
  requestObject: true,
  responseMode: "jwt",
  decoys: true,
  hashes: ["at_hash", "c_hash", "s_hash"],
  uses: "api",
};

const FAPI2 = {
  ...FAPI1,
  clientKey: "client ES256",
  alg: "ES256",
  requestObject: false,
  responseMode: "query",
  dpop: true,
  nonces: true,
  hashes: ["at_hash"],
};

export const PROFILES = {
  oidc: OIDC,
  "oidc, ES256": { ...OIDC, alg: "ES256" },
  "oidc, form_post": { ...OIDC, responseMode: "form_post" },
  "oidc, private_key_jwt": { ...OIDC, method: "private_key_jwt", clientKey: "client ES256" },
  "oidc, refresh": { ...OIDC, refresh: true, scope: "openid profile offline_access" },
  "oidc, signed userinfo": { ...OIDC, signedUserinfo: true },
  "oidc, mtls": { ...OIDC, method: "tls_client_auth", mtlsAliases: true },
  fapi1: FAPI1,
  "fapi1, query": { ...FAPI1, responseMode: "query" },
  "fapi1, refresh": { ...FAPI1, refresh: true, scope: "openid profile offline_access" },
  fapi2: FAPI2,
  "fapi2, no nonces": { ...FAPI2, nonces: false },
  "fapi2, refresh": { ...FAPI2, refresh: true, scope: "openid profile offline_access" },
  "fapi2, message signing": { ...FAPI2, requestObject: true, responseMode: "jwt" },
};
