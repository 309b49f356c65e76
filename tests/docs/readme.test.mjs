// The README's examples are run as they stand: page and worker blocks against stubs of their surroundings.
// Rust blocks are compiled and run as documentation tests of the crate.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { browse } from "../hostile/server/authorization.mjs";
import { key } from "../hostile/server/keys.mjs";
import { startServer } from "../hostile/server/server.mjs";
import { linkPackage } from "../verdicts/run.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
linkPackage();

const block = (name) => {
  const found = README.match(new RegExp("```js " + name + "\\n([^]*?)```"));
  assert.ok(found, `README has a block named ${name}`);
  return found[1];
};

/** Runs a block as a module of its own inside this checkout, where "samtykke" resolves. */
async function load(name) {
  const folder = mkdtempSync(join(ROOT, "target", "readme-"));
  try {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, block(name));
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

class Storage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => this.delete(key);
  key = (at) => [...this.keys()][at] ?? null;
  get length() {
    return this.size;
  }
}

test("the page block starts a flow, comes back and posts the code", async (t) => {
  const posted = [];
  const start = {};
  const saved = globalThis.fetch;
  Object.assign(globalThis, {
    sessionStorage: new Storage(),
    document: { querySelector: () => start },
    history: { replaceState: (_, __, path) => posted.push(path) },
    location: { href: "https://app.example.no/", assign: (url) => (globalThis.location.left = url) },
    fetch: async (path, init) => (posted.push([path, init]), new Response(null, { status: 204 })),
  });
  t.after(() => {
    globalThis.fetch = saved;
    for (const name of ["sessionStorage", "document", "history", "location"]) delete globalThis[name];
  });
  await load("page");
  start.onclick();
  const left = new URL(globalThis.location.left);
  assert.equal(left.origin, "https://access-preprod.norskgjeld.no");
  assert.equal(left.searchParams.get("scope"), "debt.unsecured.presentation.100");
  globalThis.location.href = `https://app.example.no/callback?code=abc.def&scope=debt.unsecured.presentation&state=${left.searchParams.get("state")}`;
  await load("page");
  assert.equal(posted[0], "/callback");
  assert.equal(posted[1][0], "/exchange");
  assert.match(posted[1][1].body, / abc\.def /);
});

test("the worker block logs in, takes the callback and serves the debt", async () => {
  const { default: worker } = await load("worker");
  const env = {
    CLIENT_ID: "eksempelbank-client",
    CLIENT_SECRET: "a%b+c d:e/f~g",
    REDIRECT_URI: "https://app.example.no/callback",
    COOKIE_KEYS: randomBytes(32).toString("base64url"),
  };
  const jar = new Map();
  const ask = async (path) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await worker.fetch(new Request(`https://app.example.no${path}`, { headers: { cookie } }), env);
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (/Max-Age=0/.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  const saved = globalThis.fetch;
  globalThis.fetch = async (url, init) =>
    url.endsWith("/oauth2/token")
      ? Response.json({ access_token: "x.y", expires_in: 3599, scope: "debt.unsecured.presentation", token_type: "bearer" })
      : Response.json({ ssn: "14842249091", loans: [{ creditorName: init.headers.authorization, loan: null }] });
  try {
    assert.equal((await ask("/debt")).status, 401);
    const login = await ask("/login");
    const state = new URL(login.headers.get("location")).searchParams.get("state");
    const back = await ask(`/callback?code=abc.def&scope=debt.unsecured.presentation&state=${state}`);
    assert.equal(back.headers.get("location"), "/debt");
    assert.deepEqual(await (await ask("/debt")).json(), [{ creditorName: "Bearer x.y", loan: null }]);
  } finally {
    globalThis.fetch = saved;
  }
});

test("the error block prints what its comments say", async (t) => {
  const printed = [];
  t.mock.method(console, "log", (...values) => printed.push(values.join(" ")));
  await load("errors");
  const said = [...block("errors").matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((found) => found[1]);
  assert.deepEqual(printed, said);
});

test("the API block builds its calls", async () => {
  process.env.CLIENT_SECRET = "a%b+c d:e/f~g";
  await load("apis");
});

test("the server block logs in at a server that asks for pushed requests, private keys, DPoP with nonces and iss", async () => {
  const world = await startServer({ profile: "fapi2" });
  try {
    const { connect, login, back } = await load("server");
    const { privateJwk } = await key("client ES256");
    const env = { CLIENT_ID: world.client.id, REDIRECT_URI: world.client.redirectUris[0], CLIENT_JWK: JSON.stringify(privateJwk) };
    const client = await connect(world.issuer, env, { signingAlgorithms: ["ES256"], development: true });
    const { url, transaction } = await login(client);
    const { tokens, response } = await back(client, transaction, await browse(url), world.api);
    assert.equal(response.status, 200);
    assert.equal(tokens.claims.iss, world.issuer);
    assert.equal(tokens.tokenType, "DPoP");
    assert.deepEqual(world.violations, []);
  } finally {
    await world.close();
  }
});

test("the tokens block shares one token, and calls an API behind a gateway", async () => {
  const { Client, clientSecretBasic, provider } = await import("samtykke");
  const { connect, things } = await load("tokens");
  const asked = [];
  const fetch = async (url, { headers }) => {
    const sent = new Headers(headers);
    asked.push(`${new URL(url).pathname} ${sent.get("ocp-apim-subscription-key") ?? ""}`.trim());
    if (url.endsWith("/token")) return Response.json({ access_token: "made-up", token_type: "Bearer", expires_in: 120 });
    return sent.get("authorization") === "Bearer made-up" ? Response.json({ things: [] }) : new Response(null, { status: 401 });
  };
  // As little of Redis as the store needs when nothing was kept before.
  const redis = { sendCommand: async ([command]) => (command === "TIME" ? ["1700000000", "0"] : command === "GET" ? null : ["1.a", "1700000000000", null]) };
  const client = new Client(provider({ issuer: "https://op.example", tokenEndpoint: "https://op.example/token", clientId: "c" }), clientSecretBasic("s"), { fetch });
  const tokens = connect(client, redis, { TOKEN_KEYS: randomBytes(32).toString("base64url") });
  const answers = await Promise.all([1, 2].map(() => things(tokens, "https://api.example", "subscriber-1")));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
  assert.deepEqual(asked, ["/token", "/things subscriber-1", "/things subscriber-1"]);
});

test("the README names the files it speaks of", () => {
  for (const [, path] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) assert.doesNotThrow(() => readFileSync(join(ROOT, path)), `${path} is there`);
});
