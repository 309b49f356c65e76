// Ids by which AD FS and the gateway log a request: sent with each, and in the error, for the service desk.
// MS-OAPX section 3.2.5.2 (client-request-id). No id says who asks; each request has another.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, SamtykkeError, SigningKey, privateKeyJwt } from "samtykke";
import { HallandApi, adfsFetch, halland, adfsTarget, msis, requestId } from "samtykke/halland";
import { fails, fetchOf } from "../js/support.mjs";
import { CALLBACK, CLIENT, HSA, KEYS, startHalland } from "samtykke-local/halland";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
let world, adfs, region, key;
before(async () => {
  world = await startHalland();
  ({ adfs } = world);
  region = halland({ issuer: adfs.issuer, clientId: CLIENT, redirectUri: CALLBACK, development: true });
  key = await SigningKey.fromPem(world.certificate.keyPem, { alg: "RS256", certificates: world.certificate.pem });
});
after(() => world.close());

const clientOf = (fetch, options) => new Client(region, privateKeyJwt(key), { fetch: adfsFetch(region, fetch), ...options });
const READ = adfsTarget(HSA, "hsainfoapi.read");
const sent = () => adfs.requests.at(-1).headers["client-request-id"];
const apiOf = (options) =>
  new HallandApi({
    origins: [world.gateway.origin],
    token: async () => (await clientOf().clientCredentials(READ)).accessToken,
    subscriberKey: KEYS,
    development: true,
    ...options,
  });

test("each request to AD FS has an id of its own, and no other server is given one", async () => {
  const client = clientOf();
  const ids = new Set();
  for (let at = 0; at < 3; at++) {
    await client.clientCredentials(READ);
    assert.match(sent(), UUID);
    ids.add(sent());
  }
  assert.equal(ids.size, 3);
  const login = client.begin({ scope: "openid", extra: { resource: HSA } });
  await client.exchange(client.finish(login.transaction, (await fetch(login.url, { redirect: "manual" })).headers.get("location")));
  assert.deepEqual([adfs.requests.at(-1).path, UUID.test(sent())], ["/adfs/discovery/keys", true]);
  const { fetch: other, requests } = fetchOf(new Response("{}"));
  await adfsFetch(region, other)("https://elsewhere.example.se/", { headers: {} });
  assert.ok(!new Headers(requests[0].headers).has("client-request-id"));
});

test("an error of the token endpoint has the id, and AD FS' own code", async () => {
  const error = await fails(clientOf().clientCredentials(adfsTarget("unknown")), {
    code: "token_error",
    phase: "token",
    action: "fix_configuration",
    retryable: false,
  });
  assert.deepEqual(error.provider, { code: "MSIS9602", traceId: sent() });
  assert.deepEqual([requestId(error), msis(error).code, error.oauth.error, error.http.status], [sent(), "MSIS9602", "invalid_resource", 400]);
  assert.deepEqual([error.toJSON().provider, error instanceof SamtykkeError], [error.provider, true]);
  // Without it the facts are the same but for the id.
  const plain = await fails(new Client(region, privateKeyJwt(key)).clientCredentials(adfsTarget("unknown")), { code: "token_error" });
  assert.deepEqual({ ...error.toJSON(), provider: { code: "MSIS9602" } }, plain.toJSON());
  assert.equal(sent(), undefined);
});

test("a server in trouble, one that is down, and answers too large have the id too", async () => {
  const fault = (status, body, type) => adfs.faults.push({ status, body, type });
  for (const [status, body, type, code] of [
    [500, { error: "server_error" }, undefined, "http_status_unexpected"],
    [503, "<html>", "text/html", "http_status_unexpected"],
    [400, "x".repeat((1 << 20) + 1), "text/html", "token_response_too_large"],
  ]) {
    fault(status, body, type);
    const error = await fails(clientOf().clientCredentials(READ), { code });
    assert.deepEqual([error.provider, error.http.status], [{ traceId: sent() }, status]);
  }
  let id;
  const down = (_, { headers }) => ((id = headers.get("client-request-id")), Promise.reject(new TypeError("refused")));
  const error = await fails(clientOf(down).clientCredentials(READ), { code: "network_error", phase: "token", retryable: false });
  assert.deepEqual([error.provider, error.cause.message], [{ traceId: id }, "refused"]);
  const never = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await fails(clientOf(never, { timeout: 0.02 }).clientCredentials(READ), { code: "timeout" });
  const ended = new AbortController();
  setTimeout(() => ended.abort(), 20);
  await fails(clientOf(never).clientCredentials({ ...READ, signal: ended.signal }), { code: "aborted" });
});

test("the end of a session keeps the id of the error it was", async () => {
  const ended = await fails(clientOf().refresh("unknown-token"), { code: "session_ended" });
  assert.deepEqual([requestId(ended), msis(ended).code], [sent(), "MSIS9614"]);
  for (const none of [undefined, null, "x", new Error("x"), new SamtykkeError({ code: "x", phase: "api", action: "none" })])
    assert.equal(requestId(none), undefined);
});

test("calls of the APIs: one id a call, your own if you give one, and in the error", async () => {
  const last = () => world.gateway.requests.at(-1).headers["client-request-id"];
  const api = apiOf();
  await api.fetch(`${world.gateway.origin}/hsa/units`);
  const first = last();
  await api.fetch(`${world.gateway.origin}/hsa/units`);
  assert.match(first, UUID);
  assert.notEqual(last(), first);
  const own = "5f0c7b1e-6d43-4a52-9d0b-0a1b2c3d4e5f";
  await api.fetch(`${world.gateway.origin}/hsa/units`, { headers: { "Client-Request-Id": own } });
  assert.equal(last(), own);
  const before = world.gateway.requests.length;
  const refused = await fails(
    apiOf({ subscriberKey: ["unknown", "unknown-too"] }).fetch(`${world.gateway.origin}/hsa/units`),
    { code: "subscription_key_refused" },
    KEYS,
  );
  assert.deepEqual(refused.provider, { code: "invalid", traceId: last() });
  assert.equal(new Set(world.gateway.requests.slice(before).map(({ headers }) => headers["client-request-id"])).size, 1, "both tries under one id");
  const token = await fails(apiOf({ token: "x.y.z" }).fetch(`${world.gateway.origin}/hsa/units`), { code: "token_invalid" });
  assert.deepEqual(token.provider, { traceId: last() });
  const down = await fails(apiOf({ token: "x.y", fetch: () => Promise.reject(new TypeError("refused")) }).fetch(`${world.gateway.origin}/hsa/units`), {
    code: "network_error",
  });
  assert.match(requestId(down), UUID);
  // What was never sent was never logged; and an error of getting the token keeps its own.
  assert.equal(requestId(await fails(apiOf({ token: "x.y" }).fetch("https://elsewhere.example.se/"), { code: "resource_refused" })), undefined);
  const unasked = await fails(
    apiOf({ token: async () => (await clientOf().clientCredentials(adfsTarget("unknown"))).accessToken }).fetch(`${world.gateway.origin}/hsa/units`),
    { code: "token_error" },
  );
  assert.equal(requestId(unasked), sent());
  const plain = new Client(region, privateKeyJwt(key));
  const untold = await fails(
    apiOf({ token: async () => (await plain.clientCredentials(adfsTarget("unknown"))).accessToken }).fetch(`${world.gateway.origin}/hsa/units`),
    { code: "token_error" },
  );
  assert.equal(requestId(untold), undefined, "the API's id is not that of the request for a token");
});

test("settings that are wrong", async () => {
  for (const [provider, fetch] of [[undefined], [{}], [region, 5], [region, null]])
    await fails(() => adfsFetch(provider, fetch), { code: "invalid_configuration" });
});
