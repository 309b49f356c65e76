// The local Selvbetjening itself, by a client written here with npm `jose` and no line of the library: it refuses what the
// real one refuses, so that a test which passes against it means something.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { before, test } from "node:test";
import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from "jose";
import { key } from "samtykke-local/internal/helseid/keys.mjs";
import { until } from "../lib/wait.mjs";
import { TEMPLATE, decide, startSelvbetjening } from "samtykke-local/selvbetjening";

const SCOPE = "nhn:selvbetjening/client";
let pair;
let jwk;
let other;
before(async () => {
  pair = await generateKeyPair("ES256");
  other = await generateKeyPair("ES256");
  jwk = { ...(await exportJWK(pair.publicKey)), alg: "ES256", kid: "k1", use: "sig" };
});
const now = () => Math.floor(Date.now() / 1000);

async function proof({ method, url, nonce, token, change = {}, key = pair, header = {} }) {
  const { kty, crv, x, y } = await exportJWK(key.publicKey);
  const ath = token && createHash("sha256").update(token).digest("base64url");
  return new SignJWT({ htm: method, htu: url, iat: now(), jti: randomUUID(), ...(nonce && { nonce }), ...(ath && { ath }), ...change })
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y }, ...header })
    .sign(key.privateKey);
}

async function draft(world, { body = {}, key = TEMPLATE.apiKey, without } = {}) {
  const given = { organizationNumber: TEMPLATE.organizations[0], publicJwk: JSON.stringify(jwk), apiScopes: [SCOPE], ...body };
  if (without) delete given[without];
  const response = await fetch(`${world.api}/v1/client-drafts`, {
    method: "POST",
    headers: { "api-key": key, "content-type": "application/json" },
    body: JSON.stringify(given),
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type"), body: JSON.parse(text) };
}

/** Asks the local HelseID for a token, with its nonce; `nonce: null` sends none. */
async function token(world, clientId, { claims = {}, scope = SCOPE, typ = "client-authentication+jwt", key = pair, kid = "k1", nonce, ...rest } = {}) {
  const url = `${world.issuer}/connect/token`;
  const send = async (nonce) => {
    const assertion = await new SignJWT({
      iss: clientId,
      sub: clientId,
      aud: world.issuer,
      jti: randomUUID(),
      iat: now(),
      nbf: now(),
      exp: now() + 30,
      ...claims,
    })
      .setProtectedHeader({ alg: "ES256", kid, typ })
      .sign(key.privateKey);
    const form = {
      grant_type: "client_credentials",
      client_id: clientId,
      scope,
      resource: SCOPE.split("/")[0],
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
      ...rest,
    };
    const response = await fetch(url, { method: "POST", headers: { dpop: await proof({ method: "POST", url, nonce }) }, body: new URLSearchParams(form) });
    return { status: response.status, nonce: response.headers.get("dpop-nonce"), body: await response.json() };
  };
  if (nonce !== undefined) return send(nonce ?? undefined);
  const first = await send();
  return first.body.error === "use_dpop_nonce" ? send(first.nonce) : first;
}

async function world(t, settings) {
  const started = await startSelvbetjening(settings);
  t.after(() => started.close());
  return started;
}

async function usable(t, more = {}) {
  const service = await world(t);
  const { body } = await draft(service, { body: more });
  await decide(`${service.portal}/confirm-client/${body.clientId}`);
  return { service, id: body.clientId, access: (await token(service, body.clientId)).body.access_token };
}

test("drafts: the API key, the organisation, the key and the scopes are judged", async (t) => {
  const service = await world(t);
  assert.equal((await draft(service, { key: "x" })).status, 401);
  assert.equal((await draft(service, { key: "x" })).type, "application/problem+json");
  for (const [change, property] of [
    [{ body: { organizationNumber: "1" } }, "OrganizationNumber"],
    [{ body: { publicJwk: jwk } }, "PublicJwk"],
    [{ body: { publicJwk: JSON.stringify({ ...jwk, d: "AQAB" }) } }, "PublicJwk"],
    [{ body: { publicJwk: JSON.stringify({ ...jwk, alg: "EdDSA" }) } }, "PublicJwk"],
    [{ without: "publicJwk" }, "PublicJwk"],
    [{ body: { apiScopes: ["other:api/x"] } }, "ApiScopes"],
    [{ body: { redirectUris: null } }, "redirectUris"],
  ]) {
    const { status, body } = await draft(service, change);
    assert.deepEqual([status, body.property], [400, property]);
  }
  assert.equal((await draft(service)).status, 200);
});

test("the local HelseID knows a client after its confirmation, and judges assertion and proof", async (t) => {
  const service = await world(t, { refusals: 1 });
  const {
    body: { clientId },
  } = await draft(service);
  assert.equal((await token(service, clientId)).body.error, "invalid_client", "a draft is no client");
  assert.equal(await decide(`${service.portal}/confirm-client/${clientId}`, "reject"), undefined);
  assert.equal((await token(service, clientId)).body.error, "invalid_client");
  await decide(`${service.portal}/confirm-client/${clientId}`);
  assert.equal((await token(service, clientId)).body.error, "invalid_client", "not known everywhere yet");
  const asked = await token(service, clientId, { nonce: null });
  assert.deepEqual([asked.status, asked.body.error, !!asked.nonce], [400, "use_dpop_nonce", true]);
  const { nonce } = asked;
  const jti = randomUUID();
  assert.equal((await token(service, clientId, { claims: { jti: undefined } })).body.error, "invalid_client");
  for (const wrong of [
    { claims: { aud: `${service.issuer}/connect/token` } },
    { claims: { aud: [service.issuer, "x"] } },
    { claims: { exp: now() + 120 } },
    { claims: { iat: `${now()}` } },
    { claims: { iss: "other" } },
    { key: other },
    { kid: "k2" },
    { typ: "JWT" },
    { claims: { jti }, nonce },
  ]) {
    // An assertion that was good once is not a second time.
    if (wrong.claims?.jti === jti) assert.equal((await token(service, clientId, wrong)).status, 200);
    assert.equal((await token(service, clientId, wrong)).body.error, "invalid_client", JSON.stringify(wrong.claims));
  }
  for (const odd of [{ client_assertion_type: "x" }, { claims: { sub: "other" } }])
    assert.equal((await token(service, clientId, odd)).body.error, "invalid_request");
  assert.equal((await token(service, clientId, { scope: "nhn:phr/mhd" })).body.error, "invalid_scope");
  assert.equal((await token(service, clientId, { resource: "nhn:unknown" })).body.error, "invalid_target");
  assert.deepEqual(service.control.violations(), []);
});

test("what HelseID knows of a client follows Selvbetjening: slow at first, then its keys and its access", async (t) => {
  const service = await world(t, { propagation: 300, keyPropagation: 300 });
  const {
    body: { clientId },
  } = await draft(service, { body: { apiScopes: [SCOPE, "nhn:phr/mhd"] } });
  await decide(`${service.portal}/confirm-client/${clientId}`);
  assert.equal((await token(service, clientId)).body.error, "invalid_client", "HelseID has not heard of it");
  const known = () => until("HelseID to know it", async () => (await token(service, clientId)).status === 200);
  await known();

  // Access: pending is not granted, approved is.
  const read = { scope: "nhn:phr/mhd", resource: "nhn:phr" };
  assert.equal((await token(service, clientId, read)).body.error, "invalid_scope");
  service.control.approve(clientId);
  assert.equal((await token(service, clientId, read)).body.scope, "nhn:phr/mhd");

  // Keys: a new one counts once it has reached HelseID; a dropped one no longer, also where its id is used again.
  const [client] = service.control.clients();
  const next = { key: other, kid: "k2" };
  assert.equal((await token(service, clientId, next)).body.error, "invalid_client", "never added");
  const url = `${service.api}/v1/client-secret`;
  const { access_token: access } = (await token(service, clientId)).body;
  const body = JSON.stringify({ ...(await exportJWK(other.publicKey)), alg: "ES256", kid: "k2" });
  const added = await fetch(url, {
    method: "POST",
    headers: { authorization: `DPoP ${access}`, dpop: await proof({ method: "POST", url, token: access }), "content-type": "application/json" },
    body,
  });
  assert.equal(added.status, 200);
  assert.equal((await token(service, clientId, next)).body.error, "invalid_client", "on its way");
  await until("the new key", async () => (await token(service, clientId, next)).status === 200);
  assert.equal((await token(service, clientId)).status, 200, "both count");
  client.keys.shift();
  assert.equal((await token(service, clientId)).body.error, "invalid_client", "the old one was dropped");
  assert.equal((await token(service, clientId, { kid: "k2" })).body.error, "invalid_client", "by its signature, not by its name");
  assert.equal((await token(service, clientId, next)).status, 200);
  client.keys.length = 0;
  assert.equal((await token(service, clientId, next)).body.error, "invalid_client");
});

test("the API takes tokens of its own audience, issuer and scope alone", async (t) => {
  const { service, id, access } = await usable(t, { apiScopes: [SCOPE, "nhn:kj/api"] });
  const url = `${service.api}/v1/client`;
  const get = async (token) => (await fetch(url, { headers: { authorization: `DPoP ${token}`, dpop: await proof({ method: "GET", url, token }) } })).status;
  assert.equal(await get(access), 200);
  const { access_token: elsewhere } = (await token(service, id, { scope: "nhn:kj/api", resource: "nhn:kj" })).body;
  assert.equal(await get(elsewhere), 401);
  const stranger = await key("stranger RS256");
  const claims = decodeJwt(access);
  const sign = (more, by) =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: "RS256", kid: service.helseid.signing.kid, typ: "at+jwt" }).sign(by.privateKey);
  assert.equal(await get(await sign({ jti: "j1" }, service.helseid.signing)), 200);
  assert.equal(await get(await sign({ jti: "j2" }, stranger)), 401);
  assert.equal(await get(await sign({ jti: "j3", iss: "http://localhost:1" }, service.helseid.signing)), 401);
  assert.equal(await get(await sign({ jti: "j4", client_id: "single" }, service.helseid.signing)), 401);
  assert.equal(await get(await sign({ jti: "j5", scope: "" }, service.helseid.signing)), 403);
});

test("the API's validator: exact htu and htm, six seconds, ath, one use, the bound key, no private members", async (t) => {
  const { service, access } = await usable(t);
  const url = `${service.api}/v1/client`;
  const get = async (dpop, authorization = `DPoP ${access}`) => (await fetch(url, { headers: { authorization, ...(dpop && { dpop }) } })).status;
  const good = { method: "GET", url, token: access };
  const once = await proof(good);
  assert.deepEqual([await get(once), await get(once)], [200, 401]);
  assert.equal(await get(await proof(good), `Bearer ${access}`), 401);
  assert.equal(await get(undefined), 401);
  const privateJwk = await exportJWK((await generateKeyPair("ES256", { extractable: true })).privateKey);
  for (const wrong of [
    { url: `${url}?x` },
    { url: `${url}/` },
    { method: "POST" },
    { token: "other" },
    { change: { iat: now() - 8 } },
    { change: { iat: now() + 8 } },
    { key: other },
    { header: { typ: "jwt" } },
    { header: { jwk: privateJwk } },
    { change: { jti: undefined } },
  ]) {
    assert.equal(await get(await proof({ ...good, ...wrong })), 401, JSON.stringify(wrong));
  }
  assert.equal(await get(await proof({ ...good, change: { iat: now() - 4 } })), 200);
});

test("an update replaces everything; keys are taken as text and as object", async (t) => {
  const { service, access, id } = await usable(t);
  const send = async (method, path, body) => {
    const url = service.api + path;
    return fetch(url, {
      method,
      headers: { authorization: `DPoP ${access}`, dpop: await proof({ method, url, token: access }), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  };
  assert.equal((await send("PUT", "/v1/client", { apiScopes: [SCOPE], redirectUris: ["https://a.example/"] })).status, 200);
  assert.equal(service.control.violations().length, 3, "three lists were wiped");
  const [client] = service.control.clients();
  assert.deepEqual([client.id, client.redirectUris], [id, ["https://a.example/"]]);
  const more = { ...(await exportJWK(other.publicKey)), alg: "ES256", kid: "k2" };
  for (const body of [JSON.stringify(more), { ...more, kid: "k3" }]) assert.equal((await send("POST", "/v1/client-secret", body)).status, 200);
  assert.equal((await send("POST", "/v1/client-secret", { ...more, d: "AQAB" })).status, 400);
  assert.equal(client.keys.length, 3);
  assert.equal(service.control.violations().at(-1), "a key registered twice");
});

test("the confirm page shows escaped text, and answers in both forms", async (t) => {
  const service = await world(t);
  const {
    body: { clientId },
  } = await draft(service, { body: { apiScopes: undefined } });
  const url = `${service.portal}/confirm-client/${clientId}`;
  const page = await (await fetch(url)).text();
  assert.match(page, /<code>nhn:phr\/mhd<\/code><span class="tag later">/);
  assert.match(page, /<code>nhn:selvbetjening\/client<\/code><span class="tag ">/);
  assert.match(page, /Lokal erstatning for Selvbetjening/);
  assert.equal((await fetch(`${service.portal}/confirm-client/unknown`)).status, 404);
  assert.equal(await decide(`${url}?redirectPort=4406&redirectPath=/callback`, "reject"), "http://localhost:4406/callback?status=Aborted");
  assert.equal(await decide(`${url}?redirectPort=4406&redirectPath=/callback`, "later"), "http://localhost:4406/callback?status=Pending");
  assert.deepEqual(
    service.control.clients().map(({ confirmed }) => confirmed),
    [false],
  );
  assert.equal(await decide(`${url}?redirectPort=4406&redirectPath=/callback`), "http://localhost:4406/callback?status=Success");
  assert.equal(await decide(`${url}?redirectPort=x&redirectPath=//evil.example`), undefined);
  assert.equal((await fetch(url, { method: "POST", body: new URLSearchParams({ decision: "constructor" }) })).status, 400);
  const {
    body: { clientId: odd },
  } = await draft(service, { body: { redirectUris: ['https://a.example/"><script>'] } });
  const shown = await (await fetch(`${service.portal}/confirm-client/${odd}`)).text();
  assert.ok(shown.includes("&quot;&gt;&lt;script&gt;") && !shown.includes("<script"));
});
