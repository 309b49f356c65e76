// The blocks of the start pages and the recipes, against servers and stubs.
// docs/start and docs/recipes; the harnesses are named in tests/lib/documents.mjs.
// Refuses a back end that greets somebody who did not log in.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { test } from "node:test";
import { browse } from "../hostile/server/authorization.mjs";
import { key } from "../hostile/server/keys.mjs";
import { startServer } from "../hostile/server/server.mjs";
import { load } from "../lib/documents.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "localhost", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

test("the back end's token source calls an API by a token of a private key's client", async (t) => {
  const world = await startServer({ more: { method: "private_key_jwt", clientKey: "client ES256" } });
  t.after(() => world.close());
  const { privateJwk } = await key("client ES256");
  const { connect, things } = await load("backend-machine");
  const tokens = await connect({ ISSUER: world.issuer, CLIENT_ID: world.client.id, CLIENT_JWK: JSON.stringify(privateJwk) }, { development: true });
  const saved = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = saved;
  });
  globalThis.fetch = (url, init) =>
    String(url) === "https://api.example/things"
      ? Promise.resolve(Response.json(new Headers(init.headers).get("authorization").slice(0, 7)))
      : saved(url, init);
  assert.deepEqual(await Promise.all([1, 2].map(() => things(tokens, "https://api.example"))), ["Bearer ", "Bearer "]);
  assert.equal(world.count("token"), 1);
  assert.deepEqual(world.violations, []);
});

test("the back end logs a person in, greets them, and nobody else", async (t) => {
  const world = await startServer();
  t.after(() => world.close());
  const ORIGIN = `http://localhost:${await freePort()}`;
  world.client = { ...world.client, redirectUris: [`${ORIGIN}/callback`] };
  const { listen } = await load("backend-login");
  const COOKIE_KEYS = randomBytes(32).toString("base64url");
  const env = { ISSUER: world.issuer, CLIENT_ID: world.client.id, CLIENT_SECRET: world.client.secret, COOKIE_KEYS, ORIGIN };
  const server = await listen(env, { development: true });
  t.after(() => server.close());
  const jar = new Map();
  const ask = async (url) => {
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(new URL(url, ORIGIN), { redirect: "manual", headers: { cookie, connection: "close" } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
  assert.equal((await ask("/")).status, 401);
  const login = await ask("/login");
  assert.equal(login.status, 303);
  assert.equal((await ask(await browse(login.headers.get("location")))).status, 303);
  assert.equal(await (await ask("/")).text(), "Hello, person-1");
  assert.deepEqual(world.violations, []);
});

test("the code that replaces openid-client logs in, and refuses another state", async (t) => {
  const world = await startServer();
  t.after(() => world.close());
  const { connect, begin, end } = await load("migrated-login");
  const env = { CLIENT_ID: world.client.id, CLIENT_SECRET: world.client.secret, REDIRECT_URI: world.client.redirectUris[0] };
  const client = await connect(world.issuer, env, { development: true });
  const { url, transaction } = await begin(client);
  const back = await browse(url);
  await assert.rejects(end(client, transaction, back.replace(/state=[^&]*/, "state=another-flow-of-somebody")), { code: "state_mismatch" });
  assert.equal((await end(client, transaction, back)).sub, "person-1");
});

test("the page without tokens asks its own server who is there", async (t) => {
  const { user, logIn, logOut } = await load("migrated-page");
  const left = [];
  const saved = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = saved;
    for (const name of ["document", "location"]) delete globalThis[name];
  });
  const answers = [Response.json({ sub: "person-1" }), new Response(null, { status: 401 })];
  Object.assign(globalThis, {
    fetch: async () => answers.shift(),
    location: { pathname: "/a", assign: (url) => left.push(url) },
    document: { querySelector: () => ({ submit: () => left.push("logout") }) },
  });
  assert.deepEqual([await user(), await user()], [{ sub: "person-1" }, null]);
  logIn();
  logOut();
  assert.deepEqual(left, ["/login?returnTo=%2Fa", "logout"]);
});

test("the key of a service signs, and its DER is refused", async () => {
  const { kmsKey } = await load("kms");
  const { publicJwk, privateKey } = await key("client RS256");
  const sign = async (octets) => new Uint8Array(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, octets));
  const one = await kmsKey(publicJwk, "key-1", sign);
  assert.equal((await one.sign("text")).length, 256);
  const other = await kmsKey(publicJwk, "key-1", async (octets) => (await sign(octets)).slice(1));
  await assert.rejects(other.sign("text"), { code: "signing_failed" });
});

test("the recipes' stores give sessions and tokens", async () => {
  const { createEdge } = await import("samtykke/edge");
  const { Client, clientSecretBasic, provider } = await import("samtykke");
  const sent = [];
  const redis = { sendCommand: async (command) => void sent.push(command) };
  const { shared } = await load("stores-redis");
  const keys = randomBytes(32).toString("base64url");
  const { sessions, tokensOf } = shared(redis, keys);
  const settings = { issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", tokenEndpoint: "https://op.example/token", clientId: "c" };
  const fetch = async () => Response.json({ access_token: "made-up", token_type: "Bearer", expires_in: 60 });
  const client = new Client(provider({ ...settings, redirectUri: "https://app.example/callback" }), clientSecretBasic("s"), { fetch });
  assert.ok(createEdge({ client, keys, store: sessions }));
  assert.equal((await tokensOf(client).get({ scope: "a" })).accessToken, "made-up");
  assert.ok(sent.some((command) => command.some((part) => part.includes("my-app:"))));
  const object = await load("stores-object");
  assert.equal(typeof object.TokenObject, "function");
  assert.ok(object.shared({ TOKENS: { idFromName: () => "id", get: () => ({}) } }).sessions);
});

test("the test without a network gets its token", async () => {
  const { accessToken, asked } = await load("testing");
  assert.deepEqual([accessToken, asked], ["made-up", ["client_credentials"]]);
});
