// What the suite's client modules leave out: device code, introspection, revocation, tokens of the client's own,
// pushed requests and nonces that go wrong, calls with a body. Columns as in oidc.mjs and advisories.mjs.
// Refuses nothing.

const PAR = { kind: "R", at: "start", profile: "fapi2" };
const DEVICE = { flow: "device code", more: { uses: "none", scope: "openid" } };

export const FURTHER = [
  { name: "client credentials", kind: "A", flow: "client credentials", profile: "fapi2", more: { openid: false } },
  { name: "device code: pending, then yes", kind: "A", ...DEVICE },
  { name: "device code: access_denied", kind: "R", at: "device", oauth: "access_denied", ...DEVICE, change: { device: { answers: ["access_denied"] } }, seen: /access_denied/ },
  { name: "device code: expired_token", kind: "R", at: "device", oauth: "expired_token", ...DEVICE, change: { device: { answers: ["expired_token"] } }, seen: /expired_token/ },
  { name: "device code: the id_token of another issuer", kind: "R", at: "device", ...DEVICE, change: { device: { answers: [] }, id_token: { append: { iss: "1" } } }, seen: /"iss":"http:\/\/localhost:\d+1"/ },
  { name: "device code: verification_uri javascript:", kind: "R", at: "device", ...DEVICE, change: { device: { set: { verification_uri: "javascript:alert(1)" } } }, seen: /javascript:/ },
  { name: "introspection", kind: "A", flow: "introspection" },
  { name: "introspection: active as text", kind: "R", at: "introspect", flow: "introspection", change: { introspection: { set: { active: "true" } } }, seen: /"active":"true"/ },
  { name: "introspection: a list", kind: "R", at: "introspect", flow: "introspection", change: { introspection: { body: [{ active: true }] } }, seen: /^\[\{"active"/m },
  { name: "revocation", kind: "A", flow: "revocation" },
  { name: "revocation: 503", kind: "R", at: "revoke", flow: "revocation", change: { revocation: { status: 503, body: { error: "temporarily_unavailable" } } }, seen: /^503 \/revoke/m },
  { name: "PAR answered 200 instead of 201", kind: "A", peersRefuse: true, profile: "fapi2", change: { par: { status: 200 } }, seen: /^200 \/par/m },
  { name: "PAR without request_uri", ...PAR, change: { par: { remove: { request_uri: true } } }, seen: /^\{"expires_in":60\}$/m },
  { name: "PAR without expires_in", ...PAR, change: { par: { remove: { expires_in: true } } }, seen: /^\{"request_uri":"[^"]*"\}$/m },
  { name: "PAR with an error and status 201", ...PAR, change: { par: { set: { error: "invalid_request" } } }, seen: /"error":"invalid_request"/ },
  { name: "a nonce is asked for again and again", kind: "R", at: "exchange", profile: "fapi2", change: { nonces: { at: "token", set: "endless" } }, seen: /^400 \/token/m },
  { name: "a nonce is asked for and not given", kind: "R", at: "exchange", profile: "fapi2", change: { nonces: { at: "token", set: "unsaid" } }, seen: /use_dpop_nonce/ },
  { name: "an API asks for a nonce again and again", kind: "R", at: "api", profile: "fapi2", change: { nonces: { at: "api", set: "endless" } }, seen: /^401 \/resource/m },
  { name: "a call with a body goes out again with the nonce, body and all", kind: "A", profile: "fapi2", request: { body: "a=1&b=æ" } },
].map((row) => ({ plan: "Further", profile: "oidc", flow: "login", sends: [], ...row }));
