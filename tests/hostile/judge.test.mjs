// The server's judge: each rule that a client must keep is broken once on purpose, and the breach is recorded by its name.
// openid-client makes the requests; a hook changes one thing in what it signs or sends.
// Refuses a rule that no row here breaks: a judge that never speaks proves nothing.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { OpenidClient } from "./clients/openid_client.mjs";
import { drive } from "./driver.mjs";
import { RULES } from "./server/judge/rules.mjs";
import { key } from "./server/keys.mjs";

const now = () => Math.floor(Date.now() / 1000);
/** Changes claims of something signed. */
const claims = (change) => (_, payload) => void Object.assign(payload, change);
const header = (change) => (head) => void Object.assign(head, change);
const without = (name) => (_, payload) => void delete payload[name];
/** Changes the form of a request to an endpoint. */
const form = (path, change) => (url, options) => {
  if (new URL(url).pathname !== path) return [url, options];
  const body = new URLSearchParams(options.body.toString());
  change(body);
  return [url, { ...options, body }];
};
const headers = (path, change) => (url, options) => {
  if (new URL(url).pathname !== path) return [url, options];
  const list = new Headers(options.headers);
  change(list);
  return [url, { ...options, headers: list }];
};
/** The same parameters with some set to others, or to nothing. */
const parameters = (change) => (given) => ({ ...given, ...change });
const same = randomBytes(32).toString("base64url");

// rule → profile, hooks, and `send` for what is changed on the wire, or `url` for the front channel.
const BREACHES = [
  ["parameter_repeated", { url: (url) => `${url}&state=x` }],
  ["parameter_empty", { url: (url) => `${url}&prompt=` }],
  ["client_unknown", { url: (url) => url.replace("client_id=client-1", "client_id=client-2") }],
  ["redirect_uri_other", { hooks: { parameters: parameters({ redirect_uri: "https://rp.example/callback/" }) } }],
  ["response_type_other", { url: (url) => url.replace("response_type=code", "response_type=code+id_token") }],
  ["response_mode_other", { hooks: { parameters: parameters({ response_mode: "fragment" }) } }],
  ["scope_without_openid", { hooks: { parameters: parameters({ scope: "profile" }) } }],
  ["state_shape", { hooks: { parameters: parameters({ state: "a b" }) } }],
  ["state_shape", { hooks: { parameters: parameters({ state: "a".repeat(129) }) } }],
  ["state_reused", { hooks: { parameters: parameters({ state: same }) }, twice: true }],
  ["nonce_shape", { hooks: { parameters: parameters({ nonce: "short" }) } }],
  ["nonce_shape", { hooks: { parameters: parameters({ nonce: "a".repeat(43) }) } }],
  ["nonce_reused", { hooks: { parameters: parameters({ nonce: same }) }, twice: true }],
  ["challenge_shape", { hooks: { parameters: parameters({ code_challenge: "short" }) } }],
  ["challenge_method", { hooks: { parameters: parameters({ code_challenge_method: "plain" }) } }],
  ["challenge_reused", { hooks: { parameters: parameters({ code_challenge: same }) }, twice: true }],
  ["par_required", { profile: "fapi2", url: (url) => url.replace(/request_uri=[^&]*/, "response_type=code") }],
  ["par_front_channel", { profile: "fapi2", url: (url) => `${url}&scope=openid` }],
  ["par_request_uri", { profile: "fapi2", send: form("/par", (body) => body.set("request_uri", "urn:x")) }],
  ["request_uri_unknown", { profile: "fapi2", url: (url) => url.replace(/request_uri=[^&]*/, "request_uri=urn:x") }],
  ["object_required", { profile: "fapi1", send: form("/par", (body) => body.delete("request")) }],
  ["object_outside", { profile: "fapi1", send: form("/par", (body) => body.set("scope", "openid")) }],
  ["object_alg", { profile: "fapi1", send: form("/par", (body) => body.set("request", `${body.get("request").slice(0, -4)}AAAA`)) }],
  ["object_typ", { profile: "fapi1", hooks: { object: header({ typ: "JWT" }) } }],
  ["object_iss", { profile: "fapi1", hooks: { object: claims({ iss: "client-2" }) } }],
  ["object_aud", { profile: "fapi1", hooks: { object: claims({ aud: "https://other.example" }) } }],
  ["object_exp", { profile: "fapi1", hooks: { object: without("exp") } }],
  ["object_exp", { profile: "fapi1", hooks: { object: (_, payload) => void (payload.exp = payload.nbf + 3700) } }],
  ["object_nbf", { profile: "fapi1", hooks: { object: without("nbf") } }],
  ["object_iat", { profile: "fapi1", hooks: { object: (_, payload) => void (payload.iat = null) } }],
  ["object_jti", { profile: "fapi1", hooks: { object: claims({ jti: 7 }) } }],
  ["object_sub", { profile: "fapi1", hooks: { object: claims({ sub: "client-1" }) } }],
  ["object_nested", { profile: "fapi1", hooks: { object: claims({ request_uri: "urn:x" }) } }],
  ["object_client_id", { profile: "fapi1", hooks: { object: claims({ client_id: "client-2" }) } }],
  ["method_other", { send: (url, options) => (new URL(url).pathname === "/token" ? [url, { method: "GET" }] : [url, options]) }],
  ["auth_missing", { send: headers("/token", (list) => list.delete("authorization")) }],
  ["auth_twice", { send: form("/token", (body) => body.set("client_secret", "x")) }],
  ["auth_secret", { send: headers("/token", (list) => list.set("authorization", `Basic ${btoa("client-1:wrong")}`)) }],
  ["assertion_type", { profile: "fapi2", send: form("/token", (body) => body.set("client_assertion_type", "jwt")) }],
  ["assertion_alg", { profile: "fapi2", hooks: { signer: { key: (await key("attacker ES256")).privateKey } } }],
  ["assertion_iss", { profile: "fapi2", hooks: { assertion: claims({ sub: "client-2" }) } }],
  ["assertion_aud", { profile: "fapi2", hooks: { assertion: claims({ aud: "https://other.example" }) } }],
  ["assertion_aud", { profile: "fapi2", hooks: { assertion: (_, payload) => void (payload.aud = [payload.aud].flat()) } }],
  ["assertion_exp", { profile: "fapi2", hooks: { assertion: without("exp") } }],
  ["assertion_exp", { profile: "fapi2", hooks: { assertion: (_, payload) => void (payload.exp = now() + 90_000) } }],
  ["assertion_iat", { profile: "fapi2", hooks: { assertion: without("iat") } }],
  ["assertion_nbf", { profile: "fapi2", hooks: { assertion: (_, payload) => void (payload.nbf = now() - 400) } }],
  ["assertion_jti", { profile: "fapi2", hooks: { assertion: claims({ jti: "always the same" }) } }],
  ["grant_type_other", { send: form("/token", (body) => body.set("grant_type", "password")) }],
  ["code_unknown", { send: form("/token", (body) => body.set("code", "another")) }],
  ["code_reused", { again: true }],
  ["verifier_shape", { send: form("/token", (body) => body.set("code_verifier", "short")) }],
  ["verifier_mismatch", { send: form("/token", (body) => body.set("code_verifier", randomBytes(32).toString("base64url"))) }],
  ["verifier_reused", { send: form("/token", (body) => body.set("code_verifier", same)), twice: true }],
  ["token_redirect_uri", { send: form("/token", (body) => body.set("redirect_uri", "https://rp.example/other")) }],
  ["token_client_id", { send: form("/token", (body) => body.set("client_id", "client-2")) }],
  [
    "refresh_token_old",
    { profile: "oidc, refresh", flow: "refresh", send: form("/token", (body) => body.has("refresh_token") && body.set("refresh_token", "old")) },
  ],
  [
    "refresh_scope_wider",
    { profile: "oidc, refresh", flow: "refresh", send: form("/token", (body) => body.has("refresh_token") && body.set("scope", "openid admin")) },
  ],
  ["mtls_alias", { profile: "oidc, mtls", send: (url, options) => [url.replace("/mtls/token", "/token"), options] }],
  ["dpop_missing", { profile: "fapi2", send: headers("/token", (list) => list.delete("dpop")) }],
  ["dpop_repeated", { profile: "fapi2", send: headers("/token", (list) => list.append("dpop", list.get("dpop"))) }],
  ["dpop_typ", { profile: "fapi2", hooks: { proof: header({ typ: "jwt" }) } }],
  ["dpop_jwk", { profile: "fapi2", hooks: { proof: (head) => void (head.jwk = { ...head.jwk, d: same }) } }],
  ["dpop_alg", { profile: "fapi2", hooks: { proofAlg: "RS256" } }],
  ["dpop_signature", { profile: "fapi2", send: headers("/token", (list) => list.set("dpop", `${list.get("dpop").slice(0, -4)}AAAA`)) }],
  ["dpop_jti", { profile: "fapi2", hooks: { proof: claims({ jti: "always the same proof" }) } }],
  ["dpop_htm", { profile: "fapi2", hooks: { proof: claims({ htm: "post" }) } }],
  ["dpop_htu", { profile: "fapi2", hooks: { proof: (_, payload) => void (payload.htu += "/") } }],
  ["dpop_iat", { profile: "fapi2", hooks: { proof: (_, payload) => void (payload.iat -= 400) } }],
  ["dpop_exp", { profile: "fapi2", hooks: { proof: claims({ exp: "never" }) } }],
  ["dpop_ath", { profile: "fapi2", hooks: { proof: without("ath") } }],
  ["dpop_ath_present", { profile: "fapi2", hooks: { proof: claims({ ath: same }) } }],
  ["dpop_nonce", { profile: "fapi2", hooks: { proof: claims({ nonce: "made up" }) } }],
  ["dpop_key", { profile: "fapi2", otherKey: true }],
  ["dpop_jkt", { profile: "fapi2", hooks: { parameters: parameters({ dpop_jkt: same }) } }],
  ["token_place", { send: (url, options) => [new URL(url).pathname === "/userinfo" ? `${url}?access_token=x` : url, options] }],
  ["token_scheme", { send: headers("/userinfo", (list) => list.set("authorization", list.get("authorization").replace("Bearer", "DPoP"))) }],
  ["token_unknown", { send: headers("/userinfo", (list) => list.set("authorization", "Bearer another")) }],
  ["stray_header", { send: headers("/token", (list) => list.set("cookie", "a=b")) }],
  ["logout_hint", { flow: "logout", url: (url) => url.replace(/id_token_hint=[^&]*/, "id_token_hint=a.b.c") }],
  ["logout_uri", { flow: "logout", url: (url) => url.replace(/post_logout_redirect_uri=[^&]*/, "post_logout_redirect_uri=https%3A%2F%2Fevil.example") }],
];

class Breaker extends OpenidClient {
  async start() {
    const url = await super.start();
    return this.row.flow === "login" ? (this.row.url?.(url) ?? url) : url;
  }

  async exchange() {
    if (this.row.otherKey) await this.newProofKey();
    return super.exchange();
  }

  logout() {
    const { url, state } = super.logout();
    return { url: this.row.url(url), state };
  }
}

for (const [rule, { profile = "oidc", flow = "login", send, again, twice, ...row }] of BREACHES) {
  test(rule, async () => {
    const fetch = async (url, options) => {
      const changed = send ? send(url, options) : [url, options];
      if (again && new URL(url).pathname === "/token") await globalThis.fetch(...changed);
      return globalThis.fetch(...changed);
    };
    let outcome;
    for (let round = 0; round < (twice ? 2 : 1); round++) outcome = await drive(Breaker, { profile, flow, ...row }, { fetch });
    assert.ok(
      outcome.violations.some((one) => one.split(":")[0] === rule),
      `recorded: ${outcome.violations}; ${outcome.refused?.error.stack}`,
    );
  });
}

test("every rule is broken by a row above", () => {
  assert.deepEqual(
    Object.keys(RULES).filter((rule) => !BREACHES.some(([name]) => name === rule)),
    [],
  );
});
