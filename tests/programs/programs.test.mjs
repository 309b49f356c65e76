// The native programs of examples/ against the local providers: what they do, what they print, and how long they are.
// Refuses to skip: without cargo, or without a build, it fails. Nothing that they print holds a secret.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createPrivateKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { DEMO_CLIENT, approve, startNorskgjeld } from "samtykke-local/norskgjeld";

import { REDIRECT_URI, fapiServer } from "../fapi/server.mjs";
import { builtExample } from "../lib/example.mjs";
import { freePort } from "../lib/server.mjs";
import { until } from "../lib/wait.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { world } = await import("../maskinporten/support.mjs");

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FEATURES = ["reqwest", "aws-lc-rs", "redis", "axum", "tower", "testing"];
const folder = mkdtempSync(join(tmpdir(), "samtykke-programs-"));
after(() => rmSync(folder, { recursive: true }));

const file = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** Starts a program. `output` grows, `ended` says how it went. */
async function started(name, env) {
  const program = await builtExample(name, ...FEATURES);
  const child = spawn(program, { env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, NO_PROXY: "127.0.0.1,localhost", ...env } });
  const running = { child, output: "" };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (running.output += text));
  running.ended = new Promise((done) => child.once("close", (status) => done(status)));
  return running;
}

/** Lines but for blank ones and comments. */
const linesOf = (name) =>
  readFileSync(join(ROOT, "examples", `${name}.rs`), "utf8")
    .split("\n")
    // An example is built on wasm too, where it is empty: two attributes that no user writes.
    .filter((line) => line.trim() && !line.trim().startsWith("//") && !line.startsWith("#![cfg"));

test("programs are as short as they were meant to be", () => {
  for (const [name, most] of [
    ["consent_axum", 30],
    ["machine_token", 12],
    ["fapi2_login", 30],
  ]) {
    const lines = linesOf(name);
    assert.ok(lines.length <= most && lines.length > most / 2, `${name}: ${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 140));
  }
});

/** One request of a browser's: manual redirects, cookies kept. */
const browse = (jar, address, { method = "GET", headers = {} } = {}) =>
  new Promise((done, fail) => {
    const cookie = Object.entries(jar)
      .map((pair) => pair.join("="))
      .join("; ");
    const asked = request(address, { method, headers: { accept: "text/html", cookie, ...headers } }, (response) => {
      for (const line of response.headers["set-cookie"] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/Max-Age=0;/.test(line)) delete jar[name];
        else jar[name] = value;
      }
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => done({ status: response.statusCode, location: response.headers.location, text }));
    });
    asked.on("error", fail).end();
  });

test("a person consents in axum, and their debt is read", async () => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const redirectUri = `${origin}/callback`;
  const provider = await startNorskgjeld({ authPort: 0, apiPort: 0, client: { ...DEMO_CLIENT, redirectUris: [redirectUri] } });
  const running = await started("consent_axum", {
    ENVIRONMENT: `${provider.authUrl} ${provider.apiUrl}`,
    CLIENT_ID: DEMO_CLIENT.id,
    CLIENT_SECRET: DEMO_CLIENT.secret,
    REDIRECT_URI: redirectUri,
    LISTEN: `127.0.0.1:${port}`,
    COOKIE_KEYS: randomBytes(32).toString("base64url"),
  });
  try {
    const jar = {};
    const first = await until("the program to answer", () => browse(jar, origin).catch(() => undefined), 20_000);
    assert.deepEqual([first.status, first.location], [303, "/login?returnTo=%2F"]);
    const away = await browse(jar, new URL(first.location, origin));
    assert.equal(new URL(away.location).origin, provider.authUrl);
    const callback = await approve(away.location, { user: "14842249091", decision: "approve" });
    const back = await browse(jar, callback);
    assert.deepEqual([back.status, back.location], [303, "/"]);
    const debt = await browse(jar, origin);
    assert.match(debt.text, /^[1-9]\d* loans\n$/);
    // The answer that was used already says so, and shows nothing else.
    const again = await browse(jar, callback);
    assert.deepEqual([again.status, Object.keys(JSON.parse(again.text))], [400, ["code", "action", "status"]]);
    const out = await browse(jar, `${origin}/logout`, { method: "POST", headers: { origin } });
    assert.deepEqual([out.status, out.location], [303, "/"]);
    assert.ok(Object.keys(jar).every((cookie) => cookie.endsWith("-over")));
    assert.equal((await browse(jar, origin)).status, 303);
    assert.ok(!running.output.includes(DEMO_CLIENT.secret) && !running.output.includes(new URL(callback).searchParams.get("code")), running.output);
  } finally {
    running.child.kill();
    await running.ended;
    await provider.close();
  }
});

test("a machine gets a token from a PEM", async () => {
  const mp = await world();
  try {
    const { privateJwk, clientId } = mp.admin;
    const pem = createPrivateKey({ key: privateJwk, format: "jwk" }).export({ type: "pkcs8", format: "pem" });
    const { issuer, tokenEndpoint, selfService } = mp.environment;
    const running = await started("machine_token", {
      ENVIRONMENT: [issuer, tokenEndpoint, selfService].join(" "),
      CLIENT_ID: clientId,
      KEY_FILE: file("key.pem", pem),
      KID: privateJwk.kid,
    });
    assert.equal(await running.ended, 0, running.output);
    assert.match(running.output, /^Some\("idporten:scopes\.write"\) Some\(\d+\)\n$/);
    assert.equal(mp.control.assertions.length, 1);
  } finally {
    await mp.close();
  }
});

test("a FAPI 2.0 login, userinfo, a refresh and a call", async () => {
  const server = await fapiServer();
  try {
    for (const alg of Object.keys(server.keys)) {
      const running = await started("fapi2_login", {
        ISSUER: server.issuer,
        CLIENT_ID: alg,
        REDIRECT_URI,
        KEY_FILE: file(`${alg}.json`, JSON.stringify(server.keys[alg])),
        API: server.api,
      });
      const url = await until("the program to begin", () => running.output.match(/^open (\S+)$/m)?.[1], 20_000);
      assert.deepEqual([...new URL(url).searchParams.keys()].sort(), ["client_id", "request_uri"]);
      const callback = await (await fetch(`${server.helper}/walk?url=${encodeURIComponent(url)}`)).text();
      running.child.stdin.end(`${callback}\n`);
      assert.equal(await running.ended, 0, running.output);
      assert.match(running.output, /^Some\("Ola Nordmann"\)\n200 OK [1-9]\d* octets\n$/m);
    }
    // Nothing that is used once went twice, and each nonce that was learnt was used.
    const jtis = server.seen.flatMap((entry) => entry.jtis);
    assert.equal(new Set(jtis).size, jtis.length);
    assert.equal(server.seen.filter(({ route, nonce }) => route === "par" && !nonce).length, 2);
    assert.ok(server.seen.filter(({ route }) => route === "token").every(({ nonce, status }) => nonce && status === 200));
  } finally {
    await server.close();
  }
});
