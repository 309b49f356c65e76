// What a server checks in a client's requests, rule by rule; a breach is recorded by its name and never passes unseen.
// RFC 6749, 7636, 7523, 9101, 9126, 9449; OpenID Connect Core; the checks are those of the conformance suite's own server.
// Refuses to record a rule that is not listed here.

import { inspect } from "node:util";

export const RULES = {
  parameter_repeated: "no parameter twice (RFC 6749 section 3.1)",
  parameter_empty: "no parameter without a value (RFC 6749 section 3.1)",
  client_unknown: "the client's own id",
  redirect_uri_other: "redirect_uri as registered, byte for byte (RFC 9700 section 2.1)",
  response_type_other: "response_type code alone (RFC 9700 section 2.1.2)",
  response_mode_other: "response_mode as the plan asks",
  scope_without_openid: "scope has openid where an id_token is meant (OIDC Core section 3.1.2.1)",
  state_shape: "state of 1 to 128 characters of A-Z a-z 0-9 - _ . ~",
  state_reused: "a state is used once",
  nonce_shape: "nonce of 16 to 43 characters of A-Z a-z 0-9 - _ . ~, at least 96 bits by Shannon's estimate",
  nonce_reused: "a nonce is used once",
  challenge_shape: "code_challenge of 43 base64url characters (RFC 7636 section 4.2)",
  challenge_method: "code_challenge_method S256",
  challenge_reused: "a code_challenge is used once",
  par_required: "parameters by PAR only (RFC 9126)",
  par_front_channel: "after PAR only client_id and request_uri in the front channel (FAPI 2.0 section 5.3.3.2)",
  par_request_uri: "no request_uri in a pushed request (RFC 9126 section 2.1)",
  request_uri_unknown: "a request_uri that was given out, for this client, not yet used",
  object_required: "parameters in a signed request object (RFC 9101)",
  object_outside: "beside a request object only client_id and client authentication",
  object_alg: "request object signed with PS256, ES256 or EdDSA by the registered key",
  object_typ: "request object typ oauth-authz-req+jwt",
  object_iss: "request object iss = client_id",
  object_aud: "request object aud = issuer",
  object_exp: "request object exp: a number, ahead, at most 60 minutes after nbf",
  object_nbf: "request object nbf: a number, not ahead, at most 60 minutes ago",
  object_iat: "request object iat, if any: a number, at most one day old",
  object_jti: "request object jti, if any: text, used once",
  object_sub: "no sub with the client_id in a request object (RFC 9101 section 10.8)",
  object_nested: "neither request nor request_uri in a request object",
  object_client_id: "client_id equal within and outside a request object",
  method_other: "POST with a form as body",
  auth_missing: "client authentication of the registered method",
  auth_twice: "one client authentication method a request (RFC 6749 section 2.3)",
  auth_secret: "the right secret, form-encoded before base64 (RFC 6749 section 2.3.1)",
  assertion_type: "client_assertion_type with the exact URN",
  assertion_alg: "client assertion signed with the registered algorithm and key",
  assertion_iss: "client assertion iss = sub = client_id",
  assertion_aud: "client assertion aud = issuer, one string",
  assertion_exp: "client assertion exp: a number, ahead, at most one day",
  assertion_iat: "client assertion iat: a number, not ahead",
  assertion_nbf: "client assertion nbf, if any, within 5 minutes",
  assertion_jti: "client assertion jti: text, never used before",
  grant_type_other: "a grant type that this server knows",
  code_unknown: "a code that was given out to this client",
  code_reused: "a code is sent once",
  verifier_shape: "code_verifier of 43 to 128 unreserved characters, at least 96 bits by Shannon's estimate",
  verifier_mismatch: "code_verifier hashes to the challenge",
  verifier_reused: "a code_verifier is used once",
  token_redirect_uri: "redirect_uri at the token endpoint equal to the request's (RFC 6749 section 4.1.3)",
  token_client_id: "client_id in the body, if any, the client's own",
  refresh_token_old: "the newest refresh token",
  refresh_scope_wider: "no wider scope at a refresh than was granted",
  mtls_alias: "the endpoint under mtls_endpoint_aliases (RFC 8705 section 5)",
  dpop_missing: "a DPoP proof",
  dpop_repeated: "one DPoP header",
  dpop_typ: "proof typ dpop+jwt",
  dpop_alg: "proof alg PS256, ES256 or EdDSA",
  dpop_jwk: "proof jwk: a public key, OKP only as Ed25519",
  dpop_signature: "proof signed by its own jwk",
  dpop_jti: "proof jti: text, never used before",
  dpop_htm: "proof htm = the method, in its case",
  dpop_htu: "proof htu = the endpoint, character by character",
  dpop_iat: "proof iat within 5 minutes",
  dpop_exp: "proof exp, if any, at most 50 years ahead",
  dpop_ath: "proof ath = hash of the token at a resource",
  dpop_ath_present: "no ath at PAR and token endpoint",
  dpop_nonce: "the newest nonce of that server, once it gave one",
  dpop_key: "the key that code or token is bound to",
  dpop_jkt: "dpop_jkt, if any, the thumbprint of the proof's key (RFC 9449 section 10)",
  token_place: "the token in the Authorization header, and there alone (RFC 6750 section 2)",
  token_scheme: "Bearer or DPoP as the token is",
  token_unknown: "a token that was given out and is not revoked",
  stray_header: "no cookie, no referrer, no credentials where none belong",
  logout_hint: "id_token_hint is an id_token that this server gave out",
  logout_uri: "post_logout_redirect_uri as registered",
};

/** Records a breach; gives `undefined`, so that a check can end with it. */
export function violate(world, rule, found) {
  if (!RULES[rule]) throw new Error(`no rule ${rule}`);
  world.violations.push(
    `${rule}${found === undefined ? "" : `: ${typeof found === "string" ? found.slice(0, 80) : inspect(found, { breakLength: Infinity })}`}`,
  );
  return undefined;
}

/** True when kept; otherwise recorded. */
export function holds(world, rule, kept, found) {
  if (!kept) violate(world, rule, found);
  return Boolean(kept);
}

const seen = new Map();

/** Whether a value of a kind comes for the first time, in all servers of this process. */
export function fresh(kind, value) {
  if (!seen.has(kind)) seen.set(kind, new Set());
  const values = seen.get(kind);
  if (values.has(value)) return false;
  values.add(value);
  return true;
}

/** Shannon's estimate of a text: bits of a character by its frequency, times the length. */
export function bits(text) {
  const count = new Map();
  for (const one of text) count.set(one, (count.get(one) ?? 0) + 1);
  return [...count.values()].reduce((sum, times) => sum - times * Math.log2(times / text.length), 0);
}

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
export const now = () => Date.now() / 1000;
export const DAY = 86_400;
export const YEARS_50 = 50 * 365 * DAY;
