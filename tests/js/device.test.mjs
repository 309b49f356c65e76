// A login on another device (RFC 8628): what is asked for, the pace of the poll, and what ends it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Client, SigningKey, clientSecretBasic, provider } from "samtykke";

import { TOKEN, assertNoSecret, fails, fetchOf, json } from "./support.mjs";
import { quickTimers } from "./timers.mjs";

const OP = "https://op.example";
const op = provider({ issuer: OP, tokenEndpoint: `${OP}/token`, deviceAuthorizationEndpoint: `${OP}/device`, clientId: "client-1" });
const codes = (more = {}) => json({ device_code: "d3v1ce", user_code: "ABCD-EFGH", verification_uri: `${OP}/d`, expires_in: 600, interval: 5, ...more });
const granted = () => json({ access_token: TOKEN, token_type: "Bearer", expires_in: 60 });
const error = (code) => () => json({ error: code }, 400);
const clientOf = (...answers) => {
  const { fetch, requests } = fetchOf(...answers);
  return { client: new Client(op, clientSecretBasic("s"), { fetch }), requests };
};
const form = ({ body }) => Object.fromEntries(new URLSearchParams(body));

test("the codes are asked for and shown, the client's own never", async () => {
  const { client, requests } = clientOf(codes({ verification_uri_complete: `${OP}/d?c=ABCD-EFGH` }), granted());
  const device = await client.deviceAuthorization({ scope: "read", audience: "api" });
  assert.deepEqual(form(requests[0]), { scope: "read", audience: "api" });
  assert.deepEqual(
    [device.userCode, device.verificationUri, device.verificationUriComplete, device.interval],
    ["ABCD-EFGH", `${OP}/d`, `${OP}/d?c=ABCD-EFGH`, 5],
  );
  assert.ok(Math.abs(device.expiresAt - Date.now() / 1000 - 600) < 5);
  await quickTimers(async () => assert.equal((await client.devicePoll(device)).accessToken, TOKEN));
  assert.deepEqual(form(requests[1]), { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "d3v1ce" });
  assertNoSecret(`${device} ${inspect(device)}`, ["d3v1ce"]);
});

test("a poll keeps the server's pace: slower when told, twice as slow after a broken connection", async () => {
  const broken = () => {
    throw new TypeError("no connection");
  };
  const { client, requests } = clientOf(
    codes(),
    error("authorization_pending"),
    error("slow_down"),
    error("authorization_pending"),
    broken,
    error("slow_down"),
    granted(),
  );
  const device = await client.deviceAuthorization();
  await quickTimers(async (delays) => {
    await client.devicePoll(device);
    assert.deepEqual(delays, [5000, 5000, 10_000, 10_000, 20_000, 25_000]);
  });
  assert.equal(requests.length, 7);
});

test("a busy server without a word slows the poll down, and its Retry-After is heeded once", async () => {
  const busy = (status, headers) => () => new Response("", { status, headers });
  const { client } = clientOf(codes(), busy(429), busy(503, { "retry-after": "29" }), error("authorization_pending"), granted());
  const device = await client.deviceAuthorization();
  await quickTimers(async (delays) => {
    await client.devicePoll(device);
    assert.deepEqual(delays, [5000, 10_000, 29_000, 15_000]);
  });
  await fails(clientOf(busy(500)).client.devicePoll({ ...device, interval: 0 }), { code: "http_status_unexpected" });
});

test("no interval is longer than an hour, and one that is not named is five seconds", async () => {
  const { client } = clientOf(codes({ interval: undefined }));
  assert.equal((await client.deviceAuthorization()).interval, 5);
  await fails(clientOf(codes({ interval: 3601 })).client.deviceAuthorization(), { code: "device_response_malformed" });
});

test("the person's no, the end of the codes and other errors end the poll", async () => {
  for (const [answer, code, action] of [
    ["access_denied", "token_error", "user_declined"],
    ["expired_token", "device_code_expired"],
    ["invalid_grant", "token_error"],
  ]) {
    const { client, requests } = clientOf(codes(), error(answer));
    const device = await client.deviceAuthorization();
    const found = await quickTimers(() => fails(client.devicePoll(device), { code, ...(action && { action }) }));
    assert.equal(found.oauth.error, answer);
    assert.equal(requests.length, 2);
  }
});

test("codes that have ended are not asked for, and a caller may give up at any time", async () => {
  const { client, requests } = clientOf(codes(), error("authorization_pending"));
  const device = await client.deviceAuthorization();
  await quickTimers(() => fails(client.devicePoll({ ...device, expiresAt: Math.floor(Date.now() / 1000) }), { code: "device_code_expired" }));
  assert.equal(requests.length, 1);
  await fails(client.devicePoll(device, { signal: AbortSignal.abort() }), { code: "aborted" });
  assert.equal(requests.length, 1);
  const controller = new AbortController();
  const waiting = fails(client.devicePoll(device, { signal: controller.signal }), { code: "aborted" });
  controller.abort();
  await waiting;
  assert.equal(requests.length, 1);
});

test("a bound login proves its key at each poll", async () => {
  const { fetch, requests } = fetchOf(codes(), error("authorization_pending"), json({ access_token: TOKEN, token_type: "DPoP" }));
  const client = new Client(op, clientSecretBasic("s"), { fetch, dpop: await SigningKey.generate() });
  const device = await client.deviceAuthorization();
  await quickTimers(() => client.devicePoll(device));
  const jtis = requests.slice(1).map(({ headers }) => JSON.parse(Buffer.from(headers.dpop.split(".")[1], "base64url")).jti);
  assert.equal(new Set(jtis).size, 2);
});
