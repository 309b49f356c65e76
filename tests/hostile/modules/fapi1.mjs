// The 28 FAPI 1.0 Advanced client modules of the conformance suite, as rows of data (columns: see oidc.mjs).
// Run as the plan's code flow: PAR, signed request objects, private_key_jwt, JARM; id_tokens signed with PS256.
// Faults of the hybrid flow's id_token are sent in the id_token of the token endpoint.

const BRAZIL = "a profile of Open Finance Brasil, which is not offered";
const HYBRID = "a hybrid answer: tokens in the front channel are refused as such (RFC 9700 section 2.1.2)";
const AT_EXCHANGE = { kind: "R", at: "exchange" };
const WEEK = 7 * 86_400;

export const FAPI1 = [
  { name: "fapi1-advanced-final-client-brazildcr-happypath-test", kind: "F", out: "dynamic registration in Open Finance Brasil is not offered" },
  {
    name: "fapi1-advanced-final-client-refresh-token-test",
    kind: "A",
    profile: "fapi1, refresh",
    flow: "refreshed by challenges",
    change: { resource: { refuse: "always" } },
    sends: ['api 401 Bearer error="invalid_token"'],
  },
  { name: "fapi1-advanced-final-client-test", kind: "A" },
  {
    name: "fapi1-advanced-final-client-test-discovery-issuer-mismatch",
    kind: "R",
    at: "discover",
    change: { metadata: { append: { issuer: "INVALID" } } },
    sends: ["metadata issuer +INVALID"],
  },
  {
    name: "fapi1-advanced-final-client-test-encrypted-idtoken",
    kind: "A",
    change: { id_token: { wrap: "JWE RSA-OAEP" } },
    sends: ["id_token encrypted, RSA-OAEP"],
    out: "encrypted id_tokens (JWE) are not offered; one is refused",
    refused: "exchange",
  },
  {
    name: "fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15",
    ...AT_EXCHANGE,
    change: { id_token: { wrap: "JWE RSA1_5" } },
    sends: ["id_token encrypted, RSA1_5"],
  },
  {
    name: "fapi1-advanced-final-client-test-iat-is-week-in-past",
    ...AT_EXCHANGE,
    change: { id_token: { add: { iat: -WEEK } } },
    sends: ["id_token iat -604800 s"],
  },
  {
    name: "fapi1-advanced-final-client-test-invalid-alternate-alg",
    ...AT_EXCHANGE,
    change: { id_token: { key: "RS256 alternate" }, jwks: { keys: ["RS256 alternate"] } },
    sends: ["id_token alg RS256", "id_token kid alternate", "jwks 4 keys, 4 with kid"],
  },
  { name: "fapi1-advanced-final-client-test-invalid-aud", ...AT_EXCHANGE, change: { id_token: { append: { aud: "1" } } }, sends: ["id_token aud +1"] },
  { name: "fapi1-advanced-final-client-test-invalid-chash", ...AT_EXCHANGE, change: { id_token: { append: { c_hash: "1" } } }, sends: ["id_token c_hash +1"] },
  {
    name: "fapi1-advanced-final-client-test-invalid-expired-exp",
    ...AT_EXCHANGE,
    change: { id_token: { fromNow: { exp: -360 } } },
    sends: ["id_token exp now-360 s"],
  },
  { name: "fapi1-advanced-final-client-test-invalid-iss", ...AT_EXCHANGE, change: { id_token: { append: { iss: "1" } } }, sends: ["id_token iss +1"] },
  {
    name: "fapi1-advanced-final-client-test-invalid-missing-aud",
    ...AT_EXCHANGE,
    change: { id_token: { remove: { aud: true } } },
    sends: ["id_token aud removed"],
  },
  {
    name: "fapi1-advanced-final-client-test-invalid-missing-exp",
    ...AT_EXCHANGE,
    change: { id_token: { remove: { exp: true } } },
    sends: ["id_token exp removed"],
  },
  {
    name: "fapi1-advanced-final-client-test-invalid-missing-iss",
    ...AT_EXCHANGE,
    change: { id_token: { remove: { iss: true } } },
    sends: ["id_token iss removed"],
  },
  {
    name: "fapi1-advanced-final-client-test-invalid-missing-nonce",
    ...AT_EXCHANGE,
    change: { id_token: { remove: { nonce: true } } },
    sends: ["id_token nonce removed"],
  },
  {
    name: "fapi1-advanced-final-client-test-invalid-missing-shash",
    kind: "R",
    at: "callback",
    profile: "fapi1, query",
    note: HYBRID,
    change: { callback: { hybrid: { remove: { s_hash: true } } } },
    sends: ["callback access_token added", "callback id_token added", "callback token_type added", "front-channel id_token s_hash removed"],
  },
  { name: "fapi1-advanced-final-client-test-invalid-nonce", ...AT_EXCHANGE, change: { id_token: { append: { nonce: "1" } } }, sends: ["id_token nonce +1"] },
  { name: "fapi1-advanced-final-client-test-invalid-null-alg", ...AT_EXCHANGE, change: { id_token: { sign: "none" } }, sends: ["id_token unsigned"] },
  {
    name: "fapi1-advanced-final-client-test-invalid-openbanking-intent-id",
    kind: "R",
    out: "the openbanking_intent_id claim belongs to a profile (Open Banking UK) that is not offered",
  },
  {
    name: "fapi1-advanced-final-client-test-invalid-secondary-aud",
    ...AT_EXCHANGE,
    change: { id_token: { list: { aud: ["+1"] } } },
    sends: ["id_token aud [it, it+1]"],
  },
  { name: "fapi1-advanced-final-client-test-invalid-shash", ...AT_EXCHANGE, change: { id_token: { append: { s_hash: "1" } } }, sends: ["id_token s_hash +1"] },
  { name: "fapi1-advanced-final-client-test-invalid-signature", ...AT_EXCHANGE, change: { id_token: { sign: "xor" } }, sends: ["id_token signature ^5A"] },
  {
    name: "fapi1-advanced-final-client-test-missing-athash",
    kind: "A",
    change: { id_token: { remove: { at_hash: true } } },
    sends: ["id_token at_hash removed"],
  },
  {
    name: "fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response",
    kind: "A",
    change: { token: { remove: { scope: true, expires_in: true } } },
    sends: ["token expires_in removed", "token scope removed"],
  },
  { name: "fapi1-advanced-final-client-test-payment-consent-response-valid-aud-as-array", kind: "A", out: BRAZIL },
  { name: "fapi1-advanced-final-client-test-unencrypted-request-object-with-par", kind: "A" },
  { name: "fapi1-advanced-final-client-test-valid-aud-as-array", kind: "A", change: { id_token: { list: { aud: [] } } }, sends: ["id_token aud [it]"] },
].map((row) => ({ plan: "FAPI 1.0 Advanced", profile: "fapi1", flow: "login", sends: [], ...row }));
