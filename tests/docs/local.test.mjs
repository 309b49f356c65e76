// The blocks that try a system locally: each starts its provider, and gets from it what it is for.
// docs/systems, "Try it locally", and docs/recipes/testing.md.
// Refuses a block that gets nothing.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { BLOCKS, ROOT, block, load } from "../lib/documents.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();

const freePort = async () => {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
};

test("Maskinporten gives a token", async () => {
  const { tokenType, expiresIn } = await load("local-maskinporten");
  assert.equal(tokenType, "Bearer");
  assert.ok(expiresIn > 0);
});

test("HelseID logs a person in", async () => {
  const { claims } = await load("local-helseid");
  assert.equal(claims["helseid://claims/identity/security_level"], "4");
});

test("ID-porten logs a person in at a level that is enough", async () => {
  const { claims } = await load("local-idporten");
  assert.equal(claims.acr, "idporten-loa-high");
});

test("ACM/IDM and eLys know the organisation", async () => {
  const { matches, organisationName } = await load("local-acmidm");
  assert.deepEqual([matches, organisationName], [true, "Testgemeente"]);
});

test("an AD FS gives a token for one API", async () => {
  assert.equal((await load("local-adfs")).resource, "https://api.example.org/");
});

test("Region Halland's gateway lets the call through", async () => {
  assert.equal((await load("local-halland")).status, 200);
});

test("norskgjeld tells a person's debt", async () => {
  assert.ok((await load("local-norskgjeld")).loans.length > 0);
});

test("a generic server logs in, and fails on demand", async () => {
  const { claims, refused } = await load("local-generic");
  assert.ok(claims.sub);
  assert.equal(refused, "http_status_unexpected");
});

test("the page of the start page shares a debt: its own files, its own server", async (t) => {
  const { start } = await import("samtykke-local");
  const local = await start({ providers: ["norskgjeld"], port: 0 });
  t.after(() => local.close());
  const { environment, people } = local.norskgjeld;
  Object.assign(process.env, { AUTH: environment.auth, API: environment.api });
  const { default: config } = await load("page-server");
  for (const name of ["AUTH", "API"]) delete process.env[name];
  const chain = [];
  config.plugins[0].configureServer({ middlewares: { use: (one) => chain.push(one) } });
  const server = createServer((request, response) => chain[0](request, response, () => response.writeHead(404).end())).listen(config.server.port, "localhost");
  await once(server, "listening");
  t.after(() => server.close());

  // A browser, as far as the page's file needs one.
  const [html] = BLOCKS.filter(({ harness }) => harness === "page-html");
  const parts = Object.fromEntries([...html.text.matchAll(/id="(\w+)"/g)].map(([, id]) => [`#${id}`, {}]));
  const storage = new Map();
  const saved = { fetch: globalThis.fetch };
  const origin = `http://localhost:${config.server.port}`;
  const posted = [];
  Object.assign(globalThis, {
    document: { querySelector: (selector) => parts[selector] },
    sessionStorage: {
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => storage.set(key, value),
      removeItem: (key) => storage.delete(key),
      key: (index) => [...storage.keys()][index] ?? null,
      get length() {
        return storage.size;
      },
    },
    history: { replaceState: () => {} },
    location: { href: `${origin}/`, assign: (url) => (globalThis.location.left = url) },
    fetch: (url, init) => {
      if (!String(url).startsWith("/")) return saved.fetch(url, init);
      posted.push(url);
      return saved.fetch(`${origin}${url}`, { ...init, headers: { ...init.headers, origin, "sec-fetch-site": "same-origin", connection: "close" } });
    },
  });
  t.after(() => {
    Object.assign(globalThis, saved);
    for (const name of ["document", "sessionStorage", "history", "location"]) delete globalThis[name];
  });
  // Node 20 has none.
  const browser = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { language: "nb-NO" } });
  t.after(() => (browser ? Object.defineProperty(globalThis, "navigator", browser) : delete globalThis.navigator));
  // The block's own addresses are the local provider's usual ones; here it has others.
  const at = { "http://localhost:4411": environment.auth, "http://localhost:4412": environment.api };
  await load("page-main", at);
  parts["#start"].onclick();
  globalThis.location.href = await local.norskgjeld.login(globalThis.location.left, { person: people[0].name });
  await load("page-main", at);
  assert.equal(parts["#outcome"].textContent, "Shared: the server has the tokens now.");
  parts["#start"].onclick();
  globalThis.location.href = `${origin}/callback?error=consent_denied&state=${new URL(globalThis.location.left).searchParams.get("state")}`;
  await load("page-main", at);
  assert.match(parts["#outcome"].textContent, /ikke dele/);
  assert.deepEqual(posted, ["/exchange"]);
});

test("the back end's commands start it, and it greets whom the local server logged in", { skip: process.platform === "win32" }, async (t) => {
  const { start } = await import("samtykke-local");
  const local = await start({ providers: ["login"], port: 0 });
  t.after(() => local.close());
  const folder = mkdtempSync(join(ROOT, "target", "block-backend-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "login.mjs"), block("backend-login"));
  const origin = `http://localhost:${await freePort()}`;
  const [{ text }] = BLOCKS.filter(({ harness }) => harness === "backend-run");
  for (const said of ["http://localhost:4410/login", "http://localhost:3000"]) assert.ok(text.includes(said));
  const script = text.replaceAll("http://localhost:4410/login", local.login.issuer).replaceAll("http://localhost:3000", origin);
  const child = spawn("sh", ["-ec", script.replace(/^node --input/m, "exec node --input")], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  t.after(() => child.kill());
  const jar = new Map();
  const ask = async (path) => {
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(new URL(path, origin), { redirect: "manual", headers: { cookie, connection: "close" } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
  for (let left = 100; left && !(await ask("/").catch(() => false)); left--) await new Promise((done) => setTimeout(done, 100));
  assert.equal((await ask("/")).status, 401);
  const login = await ask("/login");
  const { sub, name } = local.login.people[0];
  const back = await local.login.login(login.headers.get("location"), { person: name });
  assert.equal((await ask(back)).status, 303);
  assert.equal(await (await ask("/")).text(), `Hello, ${sub}`);
});

test("the commands of the Rust page hand the local client's key to the program", { skip: process.platform === "win32" }, async (t) => {
  const folder = mkdtempSync(join(ROOT, "target", "block-rust-"));
  t.after(() => rmSync(folder, { recursive: true }));
  // Any free port, and in place of cargo a program that shows what it was given.
  const stub = (name, text) => writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  stub("npx", `shift 2; exec "${process.execPath}" "${join(ROOT, "www", "servers", "cli.mjs")}" "$@" --port 0`);
  stub("cargo", `printf %s "$CLIENT_JWK"`);
  const [{ text }] = BLOCKS.filter(({ harness }) => harness === "rust-run");
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const child = spawn("sh", ["-ec", text], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await once(child, "exit");
  process.kill(-child.pid);
  const { kty, kid, d } = JSON.parse(said);
  assert.deepEqual([kty, kid, typeof d], ["RSA", "local-client-rs256", "string"]);
});
