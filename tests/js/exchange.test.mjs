// The exchange of a public client, by the page's entries alone: nothing of the full core is loaded in this file.
// RFC 6749 section 4.1.3, RFC 7636 section 4.5. Refuses a code twice, another client's, a login, and a provider that wants a secret.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";

import { begin, finish, norskgjeld, provider } from "samtykke/browser";
import { SamtykkeError, exchange } from "samtykke/exchange";

import { onVirtualClock } from "../lib/virtual_clock.mjs";

const ISSUER = "https://op.example";
const settings = {
  issuer: ISSUER,
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  clientId: "page 1",
  redirectUri: "https://app.example.no/callback",
};
const op = provider(settings);
let count = 0;

/** A code that passed every check, and what it was asked with. */
function codeOf(to = op, request = { scope: "read write" }) {
  const { url, transaction, state } = begin(to, request);
  const sent = `made-up+code/${++count}`;
  const code = finish(to, transaction, `${to.redirectUri}?${new URLSearchParams({ code: sent, state })}`);
  return { code, sent, challenge: new URL(url).searchParams.get("code_challenge") };
}

/** A fetch that answers once and remembers what was asked. */
function answering(body, { status = 200, type = "application/json", headers = {} } = {}) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, ...init });
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers: { "content-type": type, ...headers } });
  };
  return { asked, fetch };
}

const fails = (promise, facts) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof SamtykkeError, `${error}`);
    for (const [name, value] of Object.entries(facts)) assert.deepEqual(error[name], value, `${name} of ${error.message}`);
    return true;
  });

const TOKEN = { access_token: "a.b", token_type: "bearer", expires_in: 300, scope: "read", refresh_token: "r1", extra: [1] };

test("a code is exchanged by PKCE alone, in one request without a secret", async () => {
  const { code, sent, challenge } = codeOf();
  const { asked, fetch } = answering(TOKEN);
  const tokens = await exchange(op, code, { fetch });
  assert.equal(asked.length, 1);
  const [{ url, method, headers, body, redirect }] = asked;
  assert.deepEqual([url, method, redirect], [settings.tokenEndpoint, "POST", "manual"]);
  assert.deepEqual(Object.keys(headers).sort(), ["accept", "content-type"]);
  const { code_verifier: verifier, ...form } = Object.fromEntries(new URLSearchParams(body));
  assert.deepEqual(form, { grant_type: "authorization_code", client_id: "page 1", redirect_uri: settings.redirectUri, code: sent });
  assert.equal(createHash("sha256").update(verifier).digest("base64url"), challenge);
  const { accessToken, tokenType, expiresIn, scope, requestedScope, refreshToken, others } = tokens;
  assert.deepEqual([accessToken, tokenType, expiresIn, scope, requestedScope, refreshToken], ["a.b", "Bearer", 300, "read", "read write", "r1"]);
  assert.deepEqual({ ...others }, { extra: [1] });
  assert.ok(!inspect(tokens).includes("a.b"), "a token in a log");
});

test("a code is sent once, whatever came of it, and its text is as good as itself", async () => {
  for (const answer of [
    answering(TOKEN),
    answering({ error: "invalid_grant" }, { status: 400 }),
    { asked: [], fetch: async () => Promise.reject(new TypeError("x")) },
  ]) {
    const { code } = codeOf();
    await exchange(op, code, { fetch: answer.fetch }).catch(() => {});
    const second = answering(TOKEN);
    await fails(exchange(op, `${code}`, { fetch: second.fetch }), { code: "transaction_used" });
    assert.equal(second.asked.length, 0);
  }
  const { code } = codeOf();
  assert.equal((await exchange(op, JSON.parse(JSON.stringify(code)), { fetch: answering(TOKEN).fetch })).accessToken, "a.b");
});

test("what comes back is judged", async () => {
  const cases = [
    [
      { error: "invalid_grant", error_description: "used\u0000" },
      { status: 400 },
      { code: "token_error", action: "restart", phase: "token", oauth: { error: "invalid_grant", description: "used\ufffd", uri: undefined } },
    ],
    [{ ...TOKEN, token_type: "DPoP" }, {}, { code: "token_type_unexpected" }],
    [{ ...TOKEN, access_token: undefined }, {}, { phase: "token" }],
    ["<html>", { type: "text/html" }, { phase: "token" }],
    ["{", {}, { phase: "token" }],
    ["", { status: 503, headers: { "retry-after": "7" } }, { phase: "token", action: "try_later", http: { status: 503, retryAfter: 7 } }],
    ["", { status: 302, headers: { location: "https://evil.example/" } }, { phase: "token" }],
    ["x".repeat(1_100_000), {}, { code: "token_response_too_large" }],
  ];
  for (const [body, init, facts] of cases) await fails(exchange(op, codeOf().code, { fetch: answering(body, init).fetch }).then(assert.fail), facts);
});

test("a lost connection, a time limit and the page's own signal are named, and none is to be repeated", async () => {
  const never = (_, { signal }) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
  const cause = new TypeError("Failed to fetch");
  const dead = () => Promise.reject(cause);
  await fails(exchange(op, codeOf().code, { fetch: dead }), { code: "network_error", phase: "token", action: "restart", retryable: false, cause });
  await fails(exchange(op, codeOf().code, { fetch: never, timeout: 0.05 }), { code: "timeout", action: "restart", retryable: false });
  const controller = new AbortController();
  const asked = exchange(op, codeOf().code, { fetch: never, signal: controller.signal });
  controller.abort();
  await fails(asked, { code: "aborted" });
});

test("nothing is sent for a login, for another client's code, nor where the provider wants a secret or has no endpoint", async () => {
  const { asked, fetch } = answering(TOKEN);
  await fails(exchange(op, codeOf(op, { scope: "openid read" }).code, { fetch }), {
    code: "invalid_configuration",
    phase: "token",
    action: "fix_configuration",
    expected: "no openid: a page verifies no id_token",
  });
  const other = provider({ ...settings, clientId: "page-2" });
  await fails(exchange(other, codeOf().code, { fetch }), { code: "transaction_mismatch" });
  const consent = norskgjeld({ environment: "preprod", clientId: "c", redirectUri: settings.redirectUri });
  await fails(exchange(consent, codeOf(consent, { purpose: "presentation" }).code, { fetch }), { code: "invalid_configuration", actual: "none" });
  for (const tokenEndpoint of [undefined, "http://op.example/token", "https://10.0.0.1/token"]) {
    const lacking = provider({ ...settings, tokenEndpoint });
    await fails(exchange(lacking, codeOf(lacking).code, { fetch }), { code: "invalid_configuration", action: "fix_configuration" });
  }
  for (const odd of ["", "a b", "x\ny", null, 5, {}]) await fails(exchange(op, odd, { fetch }), { action: odd === "x\ny" ? "fix_configuration" : "restart" });
  assert.equal(asked.length, 0);
});

test("options are checked by name and by type", async () => {
  const { asked, fetch } = answering(TOKEN);
  const wrong = { code: "invalid_configuration", phase: "configuration", action: "fix_configuration" };
  for (const odd of [{ timeOut: 1 }, { timeout: 0 }, { timeout: "1" }, { fetch: 1 }, { headers: {} }])
    await fails(exchange(op, codeOf().code, { fetch, ...odd }), wrong);
  await fails(exchange(op, codeOf().code, { fetch, clientSecret: "s" }), { code: "secret_in_browser" });
  assert.equal(asked.length, 0);
});

test("whatever cuts an exchange off, it ends, the code is not sent again, and the person begins anew", async () => {
  const never = () => new Promise(() => {});
  const half = (then) => new Response(new ReadableStream({ start: (body) => (body.enqueue(new TextEncoder().encode("{ ")), then(body)) }));
  const faults = {
    "not sent": [() => Promise.reject(new Error("refused")), "network_error"],
    "stalled head": [never, "timeout"],
    "stalled body": [async () => half(() => {}), "timeout"],
    "cut body": [async () => half((body) => body.error(new Error("reset"))), "network_error"],
    aborted: [(stop) => (stop.abort(), never()), "aborted", "none"],
  };
  for (const [what, [work, code, action = "restart"]] of Object.entries(faults)) {
    await onVirtualClock(Date.now(), async (clock) => {
      const { code: own } = codeOf();
      const stop = new AbortController();
      let sent = 0;
      const fetch = () => ((sent += 1), work(stop));
      const { error, hung, after } = await clock.outcome(exchange(op, own, { fetch, signal: stop.signal }));
      assert.ok(!hung && after <= 31_000, what);
      assert.deepEqual([error.code, error.action, error.retryable], [code, action, false], what);
      const again = await clock.outcome(exchange(op, own, { fetch }));
      assert.deepEqual([again.error.code, sent], ["transaction_used", 1], what);
    });
  }
});
