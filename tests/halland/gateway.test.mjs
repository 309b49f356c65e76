// APIs behind the local gateway: two credentials, sent to the APIs alone; a key's 401 told from a token's.
// Azure API Management's documented refusals. What matters most is counted: requests for tokens.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, SigningKey, privateKeyJwt } from "samtykke";
import { HallandApi, halland, adfsTarget, judgeRefusal } from "samtykke/halland";
import { assertNoSecret, fails, fetchOf } from "../js/support.mjs";
import { INVALID, MISSING } from "samtykke-local/internal/halland/gateway.mjs";
import { CLIENT, EXAMPLE, HSA, KEYS, startHalland } from "samtykke-local/halland";

let world, client;
before(async () => {
  world = await startHalland();
  const { keyPem, pem } = world.certificate;
  const key = await SigningKey.fromPem(keyPem, { alg: "RS256", certificates: pem });
  client = new Client(halland({ issuer: world.adfs.issuer, clientId: CLIENT, development: true }), privateKeyJwt(key));
});
after(() => world.close());

const tokenFor = (resource, scope) => async () => (await client.clientCredentials(adfsTarget(resource, scope))).accessToken;
const apiOf = (options = {}) =>
  new HallandApi({ origins: [world.gateway.origin], token: tokenFor(HSA, "hsainfoapi.read"), subscriberKey: KEYS, development: true, ...options });
const url = (path = "/hsa/units") => world.gateway.origin + path;
/** What an attempt sent: to the token endpoint, and to the gateway. */
async function counted(attempt) {
  const before = [world.adfs.tokenRequests().length, world.gateway.requests.length];
  await attempt();
  return [world.adfs.tokenRequests().length - before[0], world.gateway.requests.length - before[1]];
}

test("both credentials reach the API, and the key reaches nobody else", async () => {
  const response = await apiOf().fetch(url(), { method: "POST", body: '{"a":1}', headers: { "content-type": "application/json" } });
  assert.deepEqual([response.status, await response.json()], [200, { api: HSA, body: '{"a":1}' }]);
  const { headers } = world.gateway.requests.at(-1);
  assert.equal(headers["ocp-apim-subscription-key"], KEYS[0]);
  assert.match(headers.authorization, /^Bearer /);
  for (const request of world.adfs.requests)
    for (const key of KEYS) assert.ok(!JSON.stringify([request.headers, request.body]).includes(key), "the key at the token endpoint");
  const elsewhere = "https://elsewhere.example.se/hsa/units";
  for (const address of [
    elsewhere,
    "http://elsewhere.example.se/",
    `${world.gateway.origin}@elsewhere.example.se/`,
    `${url()}?access_token=x`,
    "/hsa/units",
    "",
  ]) {
    const { fetch, requests } = fetchOf(new Response("{}"));
    await fails(apiOf({ fetch, token: "x.y" }).fetch(address), { code: "resource_refused" }, KEYS);
    assert.equal(requests.length, 0);
  }
});

test("a missing or unknown Subscriber Key starts no refresh, and says which of the two it is", async () => {
  world.gateway.settings.header = "x-another-header";
  const missing = await counted(() =>
    fails(apiOf({ subscriberKey: KEYS[0] }).fetch(url()), { code: "subscription_key_refused", action: "fix_configuration", retryable: false }, KEYS).then(
      (error) => assert.equal(error.provider.code, "missing"),
    ),
  );
  assert.deepEqual(missing, [1, 1], "the token that was asked for before, and no other");
  world.gateway.settings.header = "ocp-apim-subscription-key";
  const invalid = await counted(() =>
    fails(apiOf({ subscriberKey: "unknown" }).fetch(url()), { code: "subscription_key_refused" }).then((error) => assert.equal(error.provider.code, "invalid")),
  );
  assert.deepEqual(invalid, [1, 1]);
  assert.deepEqual(await counted(() => fails(apiOf({ subscriberKey: ["unknown", "unknown-too"] }).fetch(url()), { code: "subscription_key_refused" })), [1, 2]);
});

test("the second key serves when the first is refused, from then on", async () => {
  const api = apiOf({ subscriberKey: ["renewed-elsewhere", KEYS[1]] });
  assert.deepEqual(await counted(async () => assert.equal((await api.fetch(url())).status, 200)), [1, 2]);
  assert.deepEqual(await counted(async () => assert.equal((await api.fetch(url())).status, 200)), [1, 1]);
});

test("a key that is taken back under eight calls: each of them goes on with the other one", async () => {
  for (const keys of [
    ["taken-back", KEYS[1]],
    [KEYS[0], "not-there-yet"],
  ]) {
    const api = apiOf({ subscriberKey: keys });
    // The first goes out with the key that was good before.
    assert.equal((await api.fetch(url())).status, 200);
    if (keys[0] === KEYS[0]) continue;
    const other = apiOf({ subscriberKey: keys });
    const calls = Array.from({ length: 8 }, () => other.fetch(url()));
    assert.deepEqual(
      (await Promise.all(calls)).map(({ status }) => status),
      Array(8).fill(200),
    );
  }
});

test("a header of another name", async () => {
  world.gateway.settings.header = "x-subscriber-key";
  assert.equal((await apiOf({ subscriberKeyHeader: "X-Subscriber-Key" }).fetch(url())).status, 200);
  world.gateway.settings.header = "ocp-apim-subscription-key";
  for (const name of ["", "Authorization", "cookie", "DPoP", "two words", "a:b", "ü", 5])
    await fails(() => apiOf({ subscriberKeyHeader: name }), { code: "invalid_configuration" }, KEYS);
  await fails(() => apiOf({ subscriberKeyHeader: "a\nb" }), { code: "invalid_parameter" }, KEYS);
});

test("an expired token behind a good key is renewed exactly once", async () => {
  const first = await tokenFor(HSA, "hsainfoapi.read")();
  world.gateway.settings.clock = 7200;
  const refused = [];
  const expired = await counted(() =>
    fails(apiOf({ token: async (before) => (refused.push(before), before ? tokenFor(HSA, "hsainfoapi.read")() : first) }).fetch(url()), {
      code: "token_invalid",
      action: "restart",
    }),
  );
  assert.deepEqual(
    [expired, refused],
    [
      [1, 2],
      [undefined, first],
    ],
  );
  world.gateway.settings.clock = 0;
  const tokens = ["x.y.z", first];
  assert.deepEqual(await counted(async () => assert.equal((await apiOf({ token: () => tokens.shift() }).fetch(url())).status, 200)), [0, 2]);
  assert.deepEqual(await counted(() => fails(apiOf({ token: "x.y.z" }).fetch(url()), { code: "token_invalid" })), [0, 1]);
  assert.deepEqual(
    await counted(() => fails(apiOf({ token: () => "x.y.z" }).fetch(url()), { code: "token_invalid" })),
    [0, 1],
    "the same token is not sent twice",
  );
});

test("a token of one API is refused by the other, and renewing it once more does not help", async () => {
  const error = await fails(apiOf({ token: tokenFor(EXAMPLE, "exempelapi.Public") }).fetch(url()), { code: "token_invalid" });
  assert.match(error.expected, /resource/);
  const ours = await fails(apiOf({ token: async () => (await client.clientCredentials({})).accessToken }).fetch(url()), { code: "token_invalid" });
  assert.match(ours.expected, /resource/, "one for userinfo");
  assert.deepEqual(
    await counted(async () => assert.equal((await apiOf({ token: tokenFor(HSA, "hsainfoapi.write") }).fetch(url())).status, 403)),
    [1, 1],
    "other answers are the caller's",
  );
});

test("key and token both refused: one try for each", async () => {
  const tokens = ["x.y.z", await tokenFor(HSA, "hsainfoapi.read")()];
  assert.deepEqual(
    await counted(async () => assert.equal((await apiOf({ token: () => tokens.shift(), subscriberKey: ["unknown", KEYS[1]] }).fetch(url())).status, 200)),
    [0, 3],
  );
});

test("refusals in other words", async () => {
  const said = (facts) => judgeRefusal({ status: 401, contentType: null, retryAfter: null, body: "", ...facts });
  const key = { wwwAuthenticate: 'AzureApiManagementKey realm="https://api.example/",name="Ocp-Apim-Subscription-Key",type="header"' };
  for (const [facts, code, own] of [
    [{ body: JSON.stringify(MISSING) }, "subscription_key_refused", "missing"],
    [{ body: JSON.stringify(INVALID) }, "subscription_key_refused", "invalid"],
    [{ body: JSON.stringify({ ...MISSING, message: MISSING.message.toUpperCase() }) }, "subscription_key_refused", "missing"],
    [{ body: "<html>", ...key }, "subscription_key_refused", "invalid"],
    [{ body: "" }, "token_invalid"],
    [{ body: '{"statusCode":401,"message":"Unauthorized."}' }, "token_invalid"],
    [{ body: '{"message":"missing subscription key"}' }, "token_invalid"],
    [{ body: "missing subscription key" }, "token_invalid"],
    [{ body: "[]" }, "token_invalid"],
    [{ body: '{"error":"invalid_token"}', wwwAuthenticate: 'Bearer error="invalid_token"' }, "token_invalid"],
  ]) {
    const error = said(facts);
    assert.deepEqual([error.code, error.provider?.code, error.http.status], [code, own, 401], JSON.stringify(facts));
  }
  await fails(() => judgeRefusal({ status: 403, body: "" }), { code: "invalid_parameter" });
  await fails(() => judgeRefusal(), { code: "invalid_parameter" });
});

test("settings that are wrong, streams, redirects, and what a log shows", async () => {
  for (const change of [
    { origins: [] },
    { origins: "x" },
    { token: 5 },
    { token: undefined },
    { subscriberKey: "" },
    { subscriberKey: [] },
    { subscriberKey: ["a", "b", "c"] },
    { subscriberKey: "two words" },
    { subscriberKey: 5 },
    { fetch: 5 },
    { timeout: -1 },
  ]) {
    await fails(() => apiOf(change), { code: "invalid_configuration" }, KEYS);
  }
  await fails(() => new HallandApi(), { code: "invalid_configuration" });
  for (const odd of [5, undefined, null, "", {}]) await fails(apiOf({ token: () => odd }).fetch(url()), { code: "invalid_parameter", phase: "api" });
  await fails(apiOf({ token: "two words" }).fetch(url()), { code: "invalid_parameter" });
  assertNoSecret(apiOf({ token: "hidden-token.ZX81" }), [...KEYS, "hidden-token.ZX81"], "the API");
  for (const headers of [{ "ocp-apim-subscription-key": "x" }, { Authorization: "Bearer x" }]) {
    await apiOf()
      .fetch(url(), { headers })
      .then(
        () => assert.fail("sent"),
        (error) => assert.match(error.code, /invalid_parameter|reserved_parameter/),
      );
  }
  const { fetch, requests } = fetchOf(() => new Response(JSON.stringify(INVALID), { status: 401 }));
  const stream = new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode("x")), controller.close()) });
  await fails(apiOf({ fetch, token: "x.y" }).fetch(url(), { method: "POST", body: stream }), { code: "subscription_key_refused" });
  assert.equal(requests.length, 1, "a stream that was read is not sent again");
  await fails(
    apiOf(fetchOf(new Response(null, { status: 302, headers: { location: "https://elsewhere.example.se/" } }))).fetch(url()),
    { code: "redirect_refused" },
    KEYS,
  );
});
