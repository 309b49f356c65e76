// The 33 FAPI 2.0 Security Profile and Message Signing client modules, as rows of data (columns: see oidc.mjs).
// PAR, private_key_jwt, DPoP with nonces asked for at every endpoint, RFC 9207; JARM modules with signed request objects.
// id_tokens and JARM answers are signed with ES256; the JWKS has decoys with the same `kid` before the real key.

const AT_EXCHANGE = { kind: "R", at: "exchange" };
const AT_CALLBACK = { kind: "R", at: "callback" };
const JARM = { kind: "R", at: "callback", profile: "fapi2, message signing" };
const name = (end) => `fapi2-security-profile-final-client-${end}`;
const jarm = (end) => name(`test-ensure-jarm-${end}`);

export const FAPI2 = [
  { name: name("brazildcr-happypath-test"), kind: "F", out: "dynamic registration in Open Finance Brasil is not offered" },
  {
    name: name("refresh-token-test"),
    kind: "A",
    profile: "fapi2, refresh",
    flow: "refreshed by challenges",
    change: { resource: { refuse: "until refreshed twice" } },
    sends: ['api 401 Bearer error="invalid_token"'],
  },
  {
    name: name("test-discovery-issuer-mismatch"),
    kind: "R",
    at: "discover",
    change: { metadata: { append: { issuer: "INVALID" } } },
    sends: ["metadata issuer +INVALID"],
  },
  {
    name: name("test-ensure-authorization-response-with-invalid-missing-state-fails"),
    ...AT_CALLBACK,
    change: { callback: { remove: { state: true } } },
    sends: ["callback state removed"],
  },
  {
    name: name("test-ensure-authorization-response-with-invalid-state-fails"),
    ...AT_CALLBACK,
    change: { callback: { append: { state: "1" } } },
    sends: ["callback state +1"],
  },
  { name: jarm("signature-is-not-none"), ...JARM, change: { jarm: { sign: "none" } }, sends: ["JARM unsigned"] },
  { name: jarm("with-expired-exp-fails"), ...JARM, change: { jarm: { fromNow: { exp: -360 } } }, sends: ["JARM exp now-360 s"] },
  { name: jarm("with-invalid-aud-fails"), ...JARM, change: { jarm: { append: { aud: "1" } } }, sends: ["JARM aud +1"] },
  { name: jarm("with-invalid-iss-fails"), ...JARM, change: { jarm: { append: { iss: "1" } } }, sends: ["JARM iss +1"] },
  { name: jarm("with-invalid-sig-fails"), ...JARM, change: { jarm: { sign: "xor" } }, sends: ["JARM signature ^5A"] },
  { name: jarm("without-aud-fails"), ...JARM, change: { jarm: { remove: { aud: true } } }, sends: ["JARM aud removed"] },
  { name: jarm("without-exp-fails"), ...JARM, change: { jarm: { remove: { exp: true } } }, sends: ["JARM exp removed"] },
  { name: jarm("without-iss-fails"), ...JARM, change: { jarm: { remove: { iss: true } } }, sends: ["JARM iss removed"] },
  { name: name("test-happy-path"), kind: "A", sends: [] },
  { name: name("test-happy-path-no-dpop-nonce"), kind: "A", profile: "fapi2, no nonces" },
  {
    name: name("test-invalid-alternate-alg"),
    ...AT_EXCHANGE,
    change: { id_token: { key: "RS256 alternate" }, jwks: { keys: ["RS256 alternate"] } },
    sends: ["id_token alg RS256", "id_token kid alternate", "jwks 4 keys, 4 with kid"],
  },
  { name: name("test-invalid-aud"), ...AT_EXCHANGE, change: { id_token: { append: { aud: "1" } } }, sends: ["id_token aud +1"] },
  { name: name("test-invalid-authorization-response-iss"), ...AT_CALLBACK, change: { callback: { append: { iss: "1" } } }, sends: ["callback iss +1"] },
  { name: name("test-invalid-expired-exp"), ...AT_EXCHANGE, change: { id_token: { fromNow: { exp: -360 } } }, sends: ["id_token exp now-360 s"] },
  { name: name("test-invalid-iss"), ...AT_EXCHANGE, change: { id_token: { append: { iss: "1" } } }, sends: ["id_token iss +1"] },
  { name: name("test-invalid-missing-aud"), ...AT_EXCHANGE, change: { id_token: { remove: { aud: true } } }, sends: ["id_token aud removed"] },
  { name: name("test-invalid-missing-exp"), ...AT_EXCHANGE, change: { id_token: { remove: { exp: true } } }, sends: ["id_token exp removed"] },
  { name: name("test-invalid-missing-iss"), ...AT_EXCHANGE, change: { id_token: { remove: { iss: true } } }, sends: ["id_token iss removed"] },
  { name: name("test-invalid-missing-nonce"), ...AT_EXCHANGE, change: { id_token: { remove: { nonce: true } } }, sends: ["id_token nonce removed"] },
  { name: name("test-invalid-nonce"), ...AT_EXCHANGE, change: { id_token: { append: { nonce: "1" } } }, sends: ["id_token nonce +1"] },
  { name: name("test-invalid-null-alg"), ...AT_EXCHANGE, change: { id_token: { sign: "none" } }, sends: ["id_token unsigned"] },
  {
    name: name("test-invalid-openbanking-intent-id"),
    kind: "R",
    out: "the openbanking_intent_id claim belongs to a profile (Open Banking UK) that is not offered",
  },
  { name: name("test-invalid-secondary-aud"), ...AT_EXCHANGE, change: { id_token: { list: { aud: ["+1"] } } }, sends: ["id_token aud [it, it+1]"] },
  { name: name("test-remove-authorization-response-iss"), ...AT_CALLBACK, change: { callback: { remove: { iss: true } } }, sends: ["callback iss removed"] },
  { name: name("test-rs-dpop-auth-scheme-case-insensitivity"), kind: "A", change: { resource: { scheme: "dPoP" } }, sends: ["api 401 scheme dPoP"] },
  {
    name: name("test-token-endpoint-response-without-expires_in"),
    kind: "A",
    change: { token: { remove: { expires_in: true } } },
    sends: ["token expires_in removed"],
  },
  { name: name("test-token-type-case-insensitivity"), kind: "A", change: { token: { otherCase: { token_type: true } } }, sends: ["token token_type dpOp"] },
  { name: name("test-valid-aud-as-array"), kind: "A", change: { id_token: { list: { aud: [] } } }, sends: ["id_token aud [it]"] },
].map((row) => ({ plan: "FAPI 2.0", profile: "fapi2", flow: "login", sends: [], ...row }));
