// Values of another realm, as jsdom in a test runner and Node's vm make them: octets, requests and streams that are no instance of
// this realm's classes do the same as those that are.
// Refuses what is none: a number, text, other views, an object that only looks like octets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

import { Client, SigningKey, clientSecretBasic } from "samtykke";
import { redisStore } from "samtykke/tokens";

import { fails, fetchOf, json, preprod } from "./support.mjs";

const other = createContext({});
const foreign = (code) => runInContext(code, other);
const { publicJwk } = await SigningKey.generate();

/** What a signer that gives this makes of `sign`. */
const signed = async (made) => (await SigningKey.custom({ alg: "ES256", publicJwk, sign: () => made })).sign("x");

test("a signature is octets of whatever realm", async () => {
  for (const made of [
    foreign("new Uint8Array(64).fill(7)"),
    foreign("new Uint8Array(64).fill(7).buffer"),
    Buffer.alloc(64, 7),
    new Uint8Array(64).fill(7).buffer,
  ]) {
    const found = await signed(made);
    assert.deepEqual([...found], Array(64).fill(7));
  }
});

test("a signature that is none is refused, whatever its length", async () => {
  const none = [64, "a".repeat(64), Array(64).fill(7), { length: 64 }, null, undefined, new Uint16Array(64), new DataView(new ArrayBuffer(64))];
  for (const made of [
    ...none,
    foreign("new Int8Array(64)"),
    foreign("({ length: 64 })"),
    { length: 64, [Symbol.toStringTag]: "Uint8Array" },
    new ArrayBuffer(63),
  ]) {
    await fails(signed(made), { code: "signing_failed" });
  }
  await fails(signed({ [Symbol.toStringTag]: "ArrayBuffer", byteLength: 64 }), { code: "signing_failed" });
});

async function tokenFetch(answers) {
  const { fetch, requests } = fetchOf(json({ access_token: "t", token_type: "bearer", expires_in: 60, scope: "debt.unsecured.presentation" }), ...answers);
  const client = new Client(preprod, clientSecretBasic("s"), { fetch });
  const login = client.begin({ purpose: "presentation" });
  const redirect = `${preprod.redirectUri}?code=c&scope=debt.unsecured.presentation&state=${login.state}`;
  const tokens = await client.exchange(client.finish(login.transaction, redirect));
  return { call: client.fetch(tokens, { origins: ["https://api.example"] }), requests };
}

test("a request of another class is one, with its method, headers and body", async () => {
  const { call, requests } = await tokenFetch([json({})]);
  const { url, method, headers, body } = new Request("https://api.example/a", { method: "POST", headers: { "x-own": "1" }, body: "b" });
  await call({ url, method, headers, body });
  const sent = requests.at(-1);
  assert.deepEqual([sent.url, sent.method, sent.headers.get("x-own"), sent.headers.get("authorization")], [url, "POST", "1", "Bearer t"]);
  await fails(call({ url: 1 }), { code: "resource_refused" });
});

test("a Redis client of another realm answers octets", async () => {
  const answer = (text) => foreign(`new Uint8Array([${[...new TextEncoder().encode(text)]}])`);
  const answers = { TIME: [answer("1000"), answer("0")], GET: answer(`${1e6 + 60_000} kept`) };
  const store = redisStore(async (command) => answers[command]);
  assert.equal((await store.read("name")).text, "kept");
});

test("Redis cuts its time to whole milliseconds, and nothing is left for longer than it was kept", async (t) => {
  t.mock.method(performance, "now", () => 5);
  // A lock got at 1000000.9 by Redis's clock; a text then kept for 60000 from 1000001.0.
  const answers = { EVAL: ["1.a", "1000000", null], GET: `${1000001 + 60_000} kept` };
  const store = redisStore(async (command) => answers[command]);
  await store.lock("name", 20_000);
  assert.equal((await store.read("name")).left, 60_000);
});
