// Routes, discovery, headers, independence and shutdown of the local Norsk Gjeldsinformasjon.
// OpenID Connect Discovery 1.0 as Norsk Gjeldsinformasjon's document shows it; RFC 7517 for the keys.
// Refuses (tests that it refuses) other methods, CORS, unknown paths and traces of another instance.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startNorskgjeld } from "samtykke-local/norskgjeld";
import { start } from "./support.mjs";

let nogi;
before(async () => {
  nogi = await start();
});
after(() => nogi.close());

test("the issuer ends in a slash and discovery says what is documented, and no more", async () => {
  assert.equal(nogi.issuer, `${nogi.authUrl}/`);
  const response = await fetch(`${nogi.issuer}.well-known/openid-configuration`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  assert.deepEqual(await response.json(), {
    issuer: nogi.issuer,
    authorization_endpoint: `${nogi.authUrl}/oauth2/auth`,
    token_endpoint: `${nogi.authUrl}/oauth2/token`,
    jwks_uri: `${nogi.authUrl}/.well-known/jwks.json`,
    userinfo_endpoint: `${nogi.authUrl}/userinfo`,
    revocation_endpoint: `${nogi.authUrl}/oauth2/revoke`,
    end_session_endpoint: `${nogi.authUrl}/oauth2/sessions/logout`,
    subject_types_supported: ["pairwise"],
    response_types_supported: ["code"],
    response_modes_supported: ["query", "fragment"],
    grant_types_supported: ["authorization_code", "client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
    scopes_supported: ["openid"],
    claims_supported: ["sub"],
    id_token_signing_alg_values_supported: ["RS256"],
    userinfo_signing_alg_values_supported: ["none", "RS256"],
    request_object_signing_alg_values_supported: ["RS256", "none"],
    request_parameter_supported: true,
    request_uri_parameter_supported: true,
    require_request_uri_registration: true,
    claims_parameter_supported: false,
  });
});

test("the JWKS holds one public RS256 key and nothing private", async () => {
  const { keys } = await (await fetch(`${nogi.authUrl}/.well-known/jwks.json`)).json();
  assert.equal(keys.length, 1);
  const [{ n, kid, ...rest }] = keys;
  assert.deepEqual(rest, { kty: "RSA", e: "AQAB", alg: "RS256", use: "sig" });
  assert.ok(n.length > 340 && kid);
});

test("only the documented routes exist, each with its own methods", async () => {
  const status = async (method, path, base = nogi.authUrl) => (await fetch(base + path, { method, redirect: "manual" })).status;
  assert.equal(await status("POST", "/oauth2/auth"), 405);
  assert.equal(await status("GET", "/oauth2/token"), 405);
  assert.equal(await status("OPTIONS", "/oauth2/token"), 405);
  assert.equal(await status("POST", "/oauth2/introspect"), 404);
  for (const path of ["/", "/authorize", "/oauth2/register", "/.well-known/oauth-authorization-server", "/login/", "/assets/x"]) {
    assert.equal(await status("GET", path), 404, path);
  }
  assert.equal(await status("POST", "/v1/debt", nogi.apiUrl), 405);
  assert.equal(await status("GET", "/v2/debt", nogi.apiUrl), 404);
  assert.ok(nogi.sins().includes("introspection"));
});

test("no answer carries a CORS header, even when a page asks", async () => {
  const origin = { origin: "https://app.example.no" };
  const answers = await Promise.all([
    fetch(`${nogi.authUrl}/.well-known/openid-configuration`, { headers: origin }),
    fetch(`${nogi.authUrl}/.well-known/jwks.json`, { headers: origin }),
    fetch(`${nogi.authUrl}/userinfo`, { headers: origin }),
    nogi.post("/oauth2/token", { grant_type: "client_credentials", audience: nogi.audiences.debt }, origin),
    fetch(`${nogi.apiUrl}/v1/debt`, { headers: origin }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 401, 200, 403],
  );
  for (const { headers } of answers) {
    assert.deepEqual(
      [...headers.keys()].filter((name) => name.startsWith("access-control")),
      [],
    );
  }
  assert.ok(nogi.sins().includes("called_from_browser"));
});

test("the logout page is the server's own", async () => {
  const response = await fetch(`${nogi.authUrl}/oauth2/sessions/logout`);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /Du er logget ut/);
});

test("two instances share neither tokens, keys nor records", async () => {
  const other = await start();
  try {
    const token = await nogi.clientToken();
    assert.equal((await nogi.api("/v1/debt/00000000-0000-4000-8000-000000000000/status", token)).status, 200);
    const { status, body } = await other.api("/v1/debt/00000000-0000-4000-8000-000000000000/status", token);
    assert.deepEqual([status, body.error], [403, "Invalid access token"]);
    assert.deepEqual(other.control.requests(), { status: 1 });
    const kid = async ({ authUrl }) => (await (await fetch(`${authUrl}/.well-known/jwks.json`)).json()).keys[0].kid;
    assert.notEqual(await kid(nogi), await kid(other));
  } finally {
    await other.close();
  }
});

test("close frees both ports at once, with connections and slow faults pending", async () => {
  const short = await start();
  short.control.next({ endpoint: "discovery", fault: "slow", delayMs: 60_000 });
  const pending = fetch(`${short.issuer}.well-known/openid-configuration`).catch(() => "cut");
  while (!short.control.requests().discovery) await new Promise((resolve) => setTimeout(resolve, 5));
  const began = Date.now();
  await short.close();
  assert.ok(Date.now() - began < 2000);
  await pending;
  await assert.rejects(fetch(`${short.issuer}.well-known/openid-configuration`));
  const again = await startNorskgjeld({ authPort: Number(new URL(short.authUrl).port), apiPort: Number(new URL(short.apiUrl).port) });
  assert.equal(again.issuer, short.issuer);
  await again.close();
});

test("a taken port is reported, and nothing stays open", async () => {
  const authPort = Number(new URL(nogi.authUrl).port);
  await assert.rejects(startNorskgjeld({ authPort, apiPort: 0 }), { code: "EADDRINUSE" });
});
