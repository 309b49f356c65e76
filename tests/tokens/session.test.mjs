// One HelseID session in several hands: processes that meet in a real Redis, isolates of workerd that meet in a Durable Object.
// The local HelseID ends a session whose spent refresh token it sees again.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { exportJWK, generateKeyPair } from "jose";
import { Miniflare } from "miniflare";
import { bundleWorker } from "../runtimes/workerd.mjs";
import { linkPackage } from "../verdicts/run.mjs";
import { key } from "samtykke-local/internal/helseid/keys.mjs";
import { startRedis } from "./redis.mjs";

linkPackage();
const { SigningKey } = await import("samtykke/helseid");
const { connect, requests, sessionOf, stage } = await import("../helseid/support.mjs");

const redis = await startRedis();
if (redis.gap) console.log(`gap: ${redis.gap}`);
const folder = mkdtempSync(join(tmpdir(), "samtykke-session-"));
after(async () => {
  await redis.kill?.();
  rmSync(folder, { recursive: true, force: true });
});
const refreshes = (server) =>
  new Set(
    requests(server, "/connect/token")
      .filter(({ form }) => form.get("grant_type") === "refresh_token")
      .map(({ form }) => form.get("refresh_token")),
  ).size;

/** A login, and what another process needs to go on with it. */
async function login(t) {
  const { server } = await stage(t);
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const dpopJwk = { ...(await exportJWK(privateKey)), alg: "ES256" };
  const { privateJwk: clientJwk } = await key("client PS256");
  const session = await sessionOf(await connect(server, { dpop: await SigningKey.fromJwk(dpopJwk) }));
  return { server, task: { issuer: server.issuer, clientJwk, dpopJwk, state: session.state } };
}

function start(task) {
  const child = spawn(process.execPath, [fileURLToPath(new URL("session_process.mjs", import.meta.url)), JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((done, failed) =>
    child.on("close", (code, signal) => (signal ? done({ killed: signal }) : code ? failed(new Error(err)) : done(JSON.parse(out)))),
  );
}

/** Four processes at once, each with a storage of its own, which here is the same file. */
function four(task) {
  const startAt = Date.now() + 1_500;
  return Promise.all([1, 2, 3, 4].map(() => start({ ...task, startAt })));
}

const inRedis = (task, name) => {
  const file = join(folder, name);
  writeFileSync(file, task.state);
  return { ...task, file, port: redis.port, seal: randomBytes(32).toString("base64url") };
};

test("four processes by Redis: one refresh for each audience, and all get its token", { skip: redis.gap }, async (t) => {
  const { server, task } = await login(t);
  const shared = inRedis(task, "four");
  const outcomes = await four({ ...shared, resources: ["nhn:kj", "nhn:phr"] });
  assert.deepEqual(
    outcomes.flatMap(({ errors, heard }) => [...errors, ...heard]),
    [],
  );
  for (const resource of ["nhn:kj", "nhn:phr"]) assert.equal(new Set(outcomes.map(({ tokens }) => tokens[resource])).size, 1, resource);
  assert.equal(refreshes(server), 2);
  assert.equal(JSON.parse(readFileSync(shared.file, "utf8")).turn, 2);
});

/** Where a process is killed, what becomes of the others' session, and what the server sees of refresh tokens by then. */
const KILLED = [
  // What came is gone with the process. The next one cannot know that, and this server ends a session whose spent token it sees again.
  { die: "before save", ends: true, seen: 1 },
  { die: "after save", seen: 2 },
  { die: "before keep", seen: 2 },
  // What it got is in Redis already.
  { die: "after keep", seen: 1 },
];

for (const { die, ends = false, seen } of KILLED) {
  test(`a process killed ${die}: its lock ends by itself, and whoever waits is told`, { skip: redis.gap }, async (t) => {
    const { server, task } = await login(t);
    const shared = { ...inRedis(task, die.replace(" ", "-")), resources: ["nhn:kj"], timeout: 2 };
    assert.deepEqual(await start({ ...shared, die }), { killed: "SIGKILL" });
    const outcomes = await four(shared);
    const errors = outcomes.flatMap(({ errors, heard }) => [...errors, ...heard]);
    if (ends) {
      assert.ok(
        outcomes.every(({ errors, tokens }) => errors.length === 1 && !tokens["nhn:kj"]),
        JSON.stringify(outcomes),
      );
      assert.deepEqual([...new Set(errors)], ["token_error"], "log in again");
    } else {
      assert.deepEqual(errors, []);
      assert.equal(new Set(outcomes.map(({ tokens }) => tokens["nhn:kj"])).size, 1);
    }
    assert.equal(refreshes(server), seen);
    // A lease of two requests and five seconds.
    for (const { longest } of outcomes) assert.ok(longest < 13_000, `${longest}`);
  });
}

test("four isolates by a Durable Object, the session restored for each request: one refresh for each audience", async (t) => {
  const { server, task } = await login(t);
  const modules = await bundleWorker(fileURLToPath(new URL("session_worker.mjs", import.meta.url)));
  const common = { modules, modulesRoot: "/", compatibilityDate: "2026-07-01" };
  const names = ["one", "two", "three", "four"];
  const workers = new Miniflare({
    cf: false,
    workers: [
      ...names.map((name) => ({ ...common, name, durableObjects: { TOKENS: { className: "TokenObject", scriptName: "objects" } } })),
      { ...common, name: "objects", durableObjects: { TOKENS: "TokenObject" } },
    ],
  });
  t.after(() => workers.dispose());
  const isolates = await Promise.all(names.map((name) => workers.getWorker(name)));
  const ask = async (at, resource) =>
    (await isolates[at % 4].fetch("http://localhost/", { method: "POST", body: JSON.stringify({ ...task, resource }) })).json();
  const first = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(at, "nhn:kj")));
  assert.deepEqual(
    first.filter(({ error }) => error),
    [],
  );
  assert.equal(new Set(first.map(({ accessToken }) => accessToken)).size, 1);
  assert.equal(refreshes(server), 1);
  // With the old text of the session, which the first refresh has outdated.
  const second = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(at, ["nhn:phr", "nhn:kj"][at % 2])));
  assert.deepEqual(
    second.filter(({ error }) => error),
    [],
  );
  assert.equal(refreshes(server), 2);
});
