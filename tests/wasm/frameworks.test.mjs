// A page in Leptos, one in Yew and a worker in workers-rs, each a program of its own: a person logs in, and the program calls an API.
// The pages run in Chromium at one origin with the local server; the worker runs in workerd and reaches both over this machine.
// Refuses to skip in silence: without a browser the pages are a gap; without cargo, or a build, everything fails.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { start } from "samtykke-local";
import { cacheDir, ensureBindgen, lockedVersion } from "../../pkg/toolchain.mjs";
import { launchChromium } from "../lib/browsers.mjs";
import { must } from "../lib/process.mjs";
import { tempDir } from "../lib/temp.mjs";
import { until } from "../lib/wait.mjs";
import { Person } from "../../www/servers/shared/person.mjs";
import { bundleWorker } from "../runtimes/workerd.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PROGRAMS = join(ROOT, "tests", "wasm", "programs");
const SECRET = "worker's own +/%";
const out = tempDir("frameworks");
let local;
let front;
let origin;
/** What the API and the server were asked, by path. */
let seen = [];

/** The three programs and what JavaScript they need, in one folder each. What they lean on is built once for a machine. */
async function built() {
  const gaps = [];
  const { wasmBindgen } = await ensureBindgen(gaps);
  assert.ok(wasmBindgen, JSON.stringify(gaps));
  // The format between the crate and the program is private: both lock files name one version.
  const lock = (folder) => lockedVersion(readFileSync(join(folder, "Cargo.lock"), "utf8"), "wasm-bindgen");
  assert.equal(lock(PROGRAMS), lock(ROOT), "tests/wasm/programs/Cargo.lock has another wasm-bindgen than Cargo.lock");
  const target = join(cacheDir(), "wasm-programs");
  const env = { ...process.env, CARGO_TARGET_DIR: target, RUSTFLAGS: "" };
  await must("cargo", ["build", "--locked", "--release", "--target", "wasm32-unknown-unknown"], { cwd: PROGRAMS, env, timeoutMs: 15 * 60_000 });
  for (const name of ["leptos", "yew", "worker"]) {
    const wasm = join(target, "wasm32-unknown-unknown", "release", `samtykke_in_${name}.wasm`);
    const args = ["--target", "web", "--no-typescript", "--out-dir", join(out, name), "--out-name", "program", wasm];
    await must(wasmBindgen, args, { cwd: ROOT, timeoutMs: 60_000 });
  }
}

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title><link rel="icon" href="data:,">
<script type="module">import init from "./program.js"; await init();</script></html>`;

/** What a token is worth, as its server says. */
async function introspected(authorization = "") {
  const body = new URLSearchParams({ token: authorization.replace(/^Bearer /, "") });
  const basic = `Basic ${Buffer.from("api:things").toString("base64")}`;
  const response = await fetch(`http://localhost:${local.port}/op/introspect`, { method: "POST", body, headers: { authorization: basic } });
  return response.json();
}

/** One origin: the pages, the API, and below /op the local server. */
async function answer(request, response) {
  const url = new URL(request.url, origin);
  const say = (status, type, body) => void response.writeHead(status, { "content-type": type }).end(body);
  seen.push(`${request.method} ${url.pathname}`);
  if (url.pathname.startsWith("/op/") || url.pathname.startsWith("/assets/")) {
    const passed = ask({ port: local.port, host: "localhost", method: request.method, path: request.url, headers: request.headers }, (answered) => {
      response.writeHead(answered.statusCode, answered.headers);
      answered.pipe(response);
    });
    return void request.pipe(passed);
  }
  if (url.pathname === "/api/things") {
    const { active, scope, sub, client_id: client } = await introspected(request.headers.authorization);
    if (!active || !scope.split(" ").includes("things")) return say(401, "text/plain", "no token");
    return say(200, "text/plain", `things of ${sub ?? client}`);
  }
  const [, page, file] = /^\/(leptos|yew)\/(program(?:_bg)?\.(?:js|wasm))?$/.exec(url.pathname) ?? [];
  if (!page) return say(404, "text/plain", "");
  if (!file) return say(200, "text/html", PAGE);
  return say(200, file.endsWith(".js") ? "text/javascript" : "application/wasm", readFileSync(join(out, page, file)));
}

before(async () => {
  await built();
  front = createServer((request, response) => answer(request, response).catch(() => response.destroy()));
  await new Promise((done) => front.listen(0, "localhost", done));
  origin = `http://localhost:${front.address().port}`;
  const clients = [
    { clientId: "page", redirectUris: [`${origin}/leptos/`, `${origin}/yew/`] },
    { clientId: "worker", secret: SECRET, redirectUris: ["http://localhost:3000/callback"] },
    { clientId: "api", secret: "things" },
  ];
  local = await start({ issuer: origin, config: { providers: { op: { clients, rotation: true } } } });
});
after(async () => {
  await local?.close();
  front?.closeAllConnections();
  front?.close();
});

/** Waits until the page says this; else says what it does say. */
async function told(page, text) {
  let now;
  await until(`the page to say "${text}"`, async () => (now = await page.textContent("#told").catch(() => undefined)) === text, 20_000).catch((error) => {
    throw new Error(`${error.message}; it says "${now}" at ${page.url()}`);
  });
}

for (const name of ["leptos", "yew"]) {
  test(`a person logs in on a page in ${name}, which calls an API`, async (t) => {
    const { browser, why } = await launchChromium();
    if (why) {
      console.log(`gap: a page in ${name}: ${why}`);
      return t.skip(why);
    }
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(30_000);
      const faults = [];
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(`${origin}/${name}/`);
      await told(page, "nobody");
      seen = [];
      await page.click("#login");
      await page.click("button.primary[value=login]");
      await told(page, "Kari Nordmann: things of person-1");
      const count = (what) => seen.filter((one) => one === what).length;
      assert.deepEqual([count("POST /op/token"), count("GET /op/userinfo"), count("GET /api/things")], [1, 1, 1]);
      // The same address again: its login is over, and its code goes nowhere.
      await page.reload();
      await told(page, "nobody");
      assert.equal(count("POST /op/token"), 1);

      // An answer to nobody's question.
      await page.click("#login");
      await page.waitForSelector("button.primary[value=login]");
      await page.goto(`${origin}/${name}/?code=stolen&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&iss=${encodeURIComponent(`${origin}/op`)}`);
      await told(page, "state_mismatch");
      assert.equal(count("POST /op/token"), 1);

      // A person who says no.
      await page.click("#login");
      await page.click("button[value=cancel]");
      await told(page, "authorization_error");
      assert.equal(count("POST /op/token"), 1);
      assert.deepEqual(faults, []);
      console.log(`ran: a page in ${name} (chromium ${browser.version()})`);
    } finally {
      await browser.close();
    }
  });
}

/** A browser made of code, at the worker: manual redirects, cookies kept. */
function visitor(worker) {
  const jar = new Map();
  return async (path, method = "GET") => {
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const response = await worker.dispatchFetch(`http://localhost:3000${path}`, { method, redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) jar.set(...line.split(";")[0].split("="));
    return { status: response.status, location: response.headers.get("location"), text: await response.text() };
  };
}

test("a worker in workers-rs logs a person in, calls an API, and refreshes when the response is out", async () => {
  const entry = join(out, "worker", "worker.mjs");
  writeFileSync(
    entry,
    `import { initSync, fetch as answer } from "./program.js";
import wasm from "./program_bg.wasm";
initSync({ module: wasm });
export default { fetch: (request, env, context) => answer(request, env, context) };`,
  );
  const worker = new Miniflare({
    modules: await bundleWorker(entry, { external: ["cloudflare:*"] }),
    modulesRoot: "/",
    compatibilityDate: "2026-07-01",
    cf: false,
    kvNamespaces: ["STORE"],
    bindings: { ISSUER: `${origin}/op`, REDIRECT_URI: "http://localhost:3000/callback", API: origin, CLIENT_SECRET: SECRET },
    outboundService: { network: { allow: ["local"] } },
  });
  try {
    const visit = visitor(worker);
    // A token of its own, once for all requests.
    seen = [];
    assert.deepEqual(
      [await visit("/own"), await visit("/own")].map(({ status, text }) => [status, text]),
      Array(2).fill([200, "things of worker"]),
    );
    assert.equal(seen.filter((one) => one === "POST /op/token").length, 1);

    assert.equal((await visit("/")).status, 401);
    const away = await visit("/login");
    assert.equal(away.status, 303, away.text);
    let callback;
    const arrived = { status: 200, text: "", location: null, headers: new Headers() };
    const person = new Person({ visit: (url) => (url.port === "3000" ? ((callback = url), arrived) : undefined) });
    await person.press(await person.open(away.location), ["decision", "login"]);
    assert.equal(callback.origin + callback.pathname, "http://localhost:3000/callback");
    // The same answer in a browser that began nothing.
    assert.deepEqual(await visitor(worker)(callback.pathname + callback.search), { status: 400, location: null, text: "no login was begun" });
    assert.deepEqual([(await visit(callback.pathname + callback.search)).location, (await visit("/")).text], ["/", "things of person-1"]);
    assert.equal((await visit(callback.pathname + callback.search)).status, 400);

    // The response is out before the refresh token is spent; the session that follows is the new one.
    seen = [];
    assert.equal((await visit("/renew", "POST")).status, 202);
    await until("the worker to refresh", () => seen.includes("POST /op/token"), 20_000);
    assert.equal((await visit("/")).text, "things of person-1");
    console.log("ran: a worker in workers-rs (workerd)");
  } finally {
    await worker.dispose();
  }
});
