// The local Selvbetjening itself, by a client written here with npm `jose` and no line of the library: it refuses what the
// real one refuses, so that a test which passes against it means something.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { before, test } from "node:test";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { TEMPLATE, decide, startSelvbetjening } from "./index.mjs";

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
    .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y }, ...header }).sign(key.privateKey);
}

async function draft(world, { body = {}, key = TEMPLATE.apiKey, without } = {}) {
  const given = { organizationNumber: TEMPLATE.organizations[0], publicJwk: JSON.stringify(jwk), apiScopes: [SCOPE], ...body };
  if (without) delete given[without];
  const response = await fetch(`${world.api}/v1/client-drafts`, { method: "POST", headers: { "api-key": key, "content-type": "application/json" }, body: JSON.stringify(given) });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type"), body: JSON.parse(text) };
}

async function token(world, clientId, { claims = {}, scope = SCOPE, typ = "client-authentication+jwt", key = pair, ...rest } = {}) {
  const url = `${world.issuer}/connect/token`;
  const send = async (nonce) => {
    const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: world.issuer, jti: randomUUID(), iat: now(), nbf: now(), exp: now() + 30, ...claims }).setProtectedHeader({ alg: "ES256", kid: "k1", typ }).sign(key.privateKey);
    const form = { grant_type: "client_credentials", client_id: clientId, scope, resource: SCOPE.split("/")[0], client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: assertion, ...rest };
    const response = await fetch(url, { method: "POST", headers: { dpop: await proof({ method: "POST", url, nonce }) }, body: new URLSearchParams(form) });
    return { status: response.status, nonce: response.headers.get("dpop-nonce"), body: await response.json() };
  };
  const first = await send();
  assert.deepEqual([first.status, first.body.error, !!first.nonce], [400, "use_dpop_nonce", true]);
  return send(first.nonce);
}

async function world(t, settings) {
  const started = await startSelvbetjening(settings);
  t.after(() => started.close());
  return started;
}

async function usable(t) {
  const service = await world(t);
  const { body } = await draft(service);
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

test("the token endpoint knows a client after its confirmation, and judges assertion and proof", async (t) => {
  const service = await world(t, { refusals: 1 });
  const { body: { clientId } } = await draft(service);
  assert.equal((await token(service, clientId)).body.error, "invalid_client", "a draft is no client");
  assert.equal(await decide(`${service.portal}/confirm-client/${clientId}`, "reject"), undefined);
  assert.equal((await token(service, clientId)).body.error, "invalid_client");
  await decide(`${service.portal}/confirm-client/${clientId}`);
  assert.equal((await token(service, clientId)).body.error, "invalid_client", "not known everywhere yet");
  const jti = randomUUID();
  assert.equal((await token(service, clientId, { claims: { jti: undefined } })).body.error, "invalid_client");
  for (const wrong of [
    { claims: { aud: `${service.issuer}/connect/token` } }, { claims: { aud: [service.issuer, "x"] } }, { claims: { exp: now() + 120 } }, { claims: { iat: `${now()}` } },
    { claims: { sub: "other" } }, { key: other }, { client_assertion_type: "x" }, { claims: { jti } },
  ]) {
    // An assertion that was good once is not a second time.
    if (wrong.claims?.jti === jti) assert.equal((await token(service, clientId, wrong)).status, 200);
    assert.equal((await token(service, clientId, wrong)).body.error, "invalid_client", JSON.stringify(wrong.claims));
  }
  assert.equal((await token(service, clientId, { scope: "nhn:phr/mhd" })).body.error, "invalid_scope");
  assert.deepEqual(service.control.violations(), []);
  await token(service, clientId, { typ: "JWT" });
  assert.deepEqual(service.control.violations(), ["assertion typ JWT"]);
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
    { url: `${url}?x` }, { url: `${url}/` }, { method: "POST" }, { token: "other" }, { change: { iat: now() - 8 } }, { change: { iat: now() + 8 } }, { key: other },
    { header: { typ: "jwt" } }, { header: { jwk: privateJwk } }, { change: { jti: undefined } },
  ]) {
    assert.equal(await get(await proof({ ...good, ...wrong })), 401, JSON.stringify(wrong));
  }
  assert.equal(await get(await proof({ ...good, change: { iat: now() - 4 } })), 200);
});

test("an update replaces everything; keys are taken as text and as object", async (t) => {
  const { service, access, id } = await usable(t);
  const send = async (method, path, body) => {
    const url = service.api + path;
    return fetch(url, { method, headers: { authorization: `DPoP ${access}`, dpop: await proof({ method, url, token: access }), "content-type": "application/json" }, body: JSON.stringify(body) });
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
  const { body: { clientId } } = await draft(service, { body: { apiScopes: undefined } });
  const url = `${service.portal}/confirm-client/${clientId}`;
  const page = await (await fetch(url)).text();
  assert.match(page, /<li>nhn:phr\/mhd<\/li>/);
  assert.equal((await fetch(`${service.portal}/confirm-client/unknown`)).status, 404);
  assert.equal(await decide(`${url}?redirectPort=4406&redirectPath=/callback`, "reject"), "http://localhost:4406/callback?status=Aborted");
  assert.equal(await decide(`${url}?redirectPort=4406&redirectPath=/callback`), "http://localhost:4406/callback?status=Success");
  assert.equal(await decide(`${url}?redirectPort=x&redirectPath=//evil.example`), undefined);
});
