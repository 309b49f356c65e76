// What several callers wait for, what a listener throws, and what a finished call leaves behind: each caller's limits and signal are
// their own, and nothing outlives the call.

import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import * as jose from "jose";
import { Client, JwksCache, SigningKey, clientSecretBasic, provider, verifyIdToken } from "samtykke";
import { HallandApi } from "samtykke/halland";
import { HelseId } from "samtykke/helseid";
import { TokenSource } from "samtykke/tokens";

import { fails, fetchOf, json, pause } from "./support.mjs";

const OP = "https://op.example";
const op = provider({ issuer: OP, tokenEndpoint: `${OP}/token`, userinfoEndpoint: `${OP}/userinfo`, jwksUri: `${OP}/jwks`, clientId: "client-1" });
const clientOf = (options) => new Client(op, clientSecretBasic("a secret of the tests"), options);
const tokens = (more = {}) => json({ access_token: "a-token", token_type: "Bearer", expires_in: 60, ...more });
const bearer = { accessToken: "a-token", tokenType: "Bearer" };
const asking = { request: async () => bearer, issuer: OP, clientId: "client-1", development: true };

const unhandled = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

let server;
let origin;
before(async () => {
  server = createServer((request, response) => {
    if (request.url === "/whole") return response.setHeader("content-type", "application/json").end("{}");
    response.writeHead(401, { "content-type": "application/json" });
    // A byte now and then, which never makes a whole.
    response.write('{"message"');
    if (request.url === "/cut") return void setTimeout(() => request.socket.resetAndDestroy(), 50);
    const drip = setInterval(() => response.write(" "), 100);
    response.on("close", () => clearInterval(drip));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test("a signal ends its own caller's wait for a refresh; the answer is the others', and every store hears of the token", async () => {
  let release;
  const held = new Promise((done) => (release = done));
  const { fetch, requests } = fetchOf(async () => (await held, tokens({ refresh_token: "shared-1" })), tokens());
  const client = clientOf({ fetch });
  const controller = new AbortController();
  const heard = { a: [], b: [] };
  const a = client.refresh("shared-0", { signal: controller.signal, store: (token) => void heard.a.push(token) });
  const b = client.refresh("shared-0", { store: (token) => void heard.b.push(token) });
  await pause(20);
  controller.abort(new Error("enough"));
  const error = await fails(a, { code: "aborted", phase: "token" });
  assert.equal(error.cause.message, "enough");
  assert.deepEqual(heard, { a: [], b: [] });
  release();
  assert.equal((await b).refreshToken, "shared-1");
  assert.deepEqual(heard, { a: ["shared-1"], b: ["shared-1"] });
  // One who does not wait begins nothing.
  await fails(client.refresh("shared-1", { signal: controller.signal }), { code: "aborted" });
  await pause(5);
  assert.equal(requests.length, 1);
});

test("listeners that throw, at once or later, change nothing", async () => {
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256");
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: "1" };
  const at = Math.floor(Date.now() / 1000);
  const token = await new jose.SignJWT({ sub: "s", iss: OP, aud: "client-1", iat: at, exp: at + 60 })
    .setProtectedHeader({ alg: "RS256", kid: "1" })
    .sign(privateKey);
  const throws = () => {
    throw new Error("a listener's trouble");
  };
  const rejects = async () => throws();
  const broken = { read: rejects, lock: rejects, write: rejects, unlock: rejects };
  for (const listener of [throws, rejects]) {
    const { fetch } = fetchOf(json({ keys: [jwk] }));
    const keys = new JwksCache({ fetch, onFetch: listener }).at(`${OP}/jwks`);
    assert.equal((await verifyIdToken(token, { issuer: OP, clientId: "client-1" }, keys)).sub, "s");
    const source = new TokenSource({ ...asking, store: broken, onStoreError: listener });
    assert.equal((await source.get({}, { waitUntil: listener })).accessToken, "a-token");
  }
  // A token that ends soon is given out while the next one is got.
  let now = 0;
  const source = new TokenSource({ ...asking, request: async () => ({ ...bearer, expiresIn: 100 }), clock: () => now });
  await source.get();
  now = 80_000;
  assert.equal((await source.get({}, { waitUntil: throws })).accessToken, "a-token");
  await pause(10);
  assert.deepEqual(unhandled, []);
});

test("a thousand finished calls leave no listener on their signal", async () => {
  const { signal } = new AbortController();
  const { fetch } = fetchOf(tokens());
  const client = clientOf({ fetch });
  const target = { origins: [origin] };
  const local = provider({ issuer: origin, tokenEndpoint: `${origin}/token`, clientId: "client-1", development: true });
  const api = new Client(local, clientSecretBasic("a secret of the tests")).fetch(bearer, target);
  const source = new TokenSource(asking).fetch({}, target);
  const halland = new HallandApi({ ...target, token: "a-token", subscriberKey: "a-key", development: true });
  const calls = [
    () => client.clientCredentials({ signal }),
    async (at) => client.refresh(`listener-${at}`, { signal }),
    async () => (await api(`${origin}/whole`, { signal })).text(),
    async () => (await source(`${origin}/whole`, { signal })).text(),
    async () => (await halland.fetch(`${origin}/whole`, { signal })).text(),
  ];
  for (const call of calls) {
    for (let at = 0; at < 1000; at += 50) await Promise.all(Array.from({ length: 50 }, (_, more) => call(at + more)));
    assert.equal(getEventListeners(signal, "abort").length, 0, String(call));
  }
});

test("the caller's signal ends an API's answer whose head has come", async () => {
  const controller = new AbortController();
  const response = await new TokenSource(asking).fetch({}, { origins: [origin], refusal: { statuses: [403] } })(`${origin}/drip`, controller);
  const body = response.text();
  controller.abort(new Error("enough"));
  await assert.rejects(body);
});

test("the time limit and the signal hold for a body that the library reads, and a cut one is named", async () => {
  const late = { timeout: 0.3 };
  const local = provider({ issuer: origin, tokenEndpoint: `${origin}/token`, userinfoEndpoint: `${origin}/drip`, clientId: "client-1", development: true });
  const cut = provider({ issuer: origin, tokenEndpoint: `${origin}/token`, userinfoEndpoint: `${origin}/cut`, clientId: "client-1", development: true });
  const secret = clientSecretBasic("a secret of the tests");
  const refusal = { gateway: ["subscription key"] };
  const readers = [
    (path, options, init) =>
      new HallandApi({ origins: [origin], token: "a-token", subscriberKey: "a-key", development: true, ...options }).fetch(origin + path, init),
    (path, options, init) => new TokenSource({ ...asking, ...options }).fetch({}, { origins: [origin], refusal })(origin + path, init),
    (path, options, init) => new Client(path === "/cut" ? cut : local, secret, options).userinfo(bearer, { unchecked: true, ...init }),
  ];
  for (const read of readers) {
    const began = performance.now();
    await fails(read("/drip", late), { code: "timeout", phase: "api" });
    assert.ok(performance.now() - began < 2_500);
    const controller = new AbortController();
    const reading = read("/drip", {}, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 100);
    assert.equal((await fails(reading, { code: "aborted", phase: "api" })).cause.message, "enough");
    await fails(read("/cut", {}), { code: "network_error", phase: "api" });
  }
  await pause(20);
  assert.deepEqual(unhandled, []);
});

test("a cache of key sets remembers a thousand addresses", async () => {
  const { publicKey } = await jose.generateKeyPair("RS256");
  const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "1" }] };
  const saved = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`${OP}/${at}`, { jwks: JSON.stringify(jwks), at: 1 }]));
  const { fetch, requests } = fetchOf(json(jwks));
  const cache = new JwksCache({ fetch, saved });
  assert.equal(Object.keys(cache.save()).length, 1000);
  const header = Buffer.from(JSON.stringify({ alg: "RS256", kid: "1" })).toString("base64url");
  for (let at = 0; at < 1500; at++) await cache.at(`${OP}/new/${at}`).find(`${header}.e30.AAAA`, "RS256", "1");
  assert.equal(requests.length, 1500);
  const kept = Object.keys(cache.save());
  assert.equal(kept.length, 1000);
  assert.ok(kept.includes(`${OP}/new/1499`) && !kept.includes(`${OP}/new/0`));
});

test("HelseID's metadata is another's for another fetch, and its endpoints are where it is itself", async () => {
  const issuer = "https://helseid-sts.test.nhn.no";
  const metadata = (more = {}) =>
    json({
      issuer,
      authorization_endpoint: `${issuer}/connect/authorize`,
      token_endpoint: `${issuer}/connect/token`,
      jwks_uri: `${issuer}/jwks`,
      pushed_authorization_request_endpoint: `${issuer}/connect/par`,
      ...more,
    });
  const settings = { environment: "test", clientId: "client-1", key: await SigningKey.generate() };
  const a = fetchOf(metadata());
  const b = fetchOf(metadata());
  for (let at = 0; at < 3; at++) for (const { fetch } of [a, b]) await HelseId.connect({ ...settings, fetch });
  assert.deepEqual([a.requests.length, b.requests.length], [1, 1]);
  for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri", "pushed_authorization_request_endpoint"]) {
    const { fetch } = fetchOf(metadata({ [name]: "https://elsewhere.example/x" }));
    await fails(HelseId.connect({ ...settings, fetch }), { code: "endpoint_refused" });
  }
});
