// The native example's source over the crate's TokenCache, against the local Maskinporten: threads of one process.
// Refuses to skip: without cargo, or without a build, it fails.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { must } from "../lib/process.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { world } = await import("../maskinporten/support.mjs");
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = mkdtempSync(join(tmpdir(), "samtykke-tokens-native-"));
const file = join(folder, "key.json");
let [program, mp] = [];

before(async () => {
  const args = ["build", "--locked", "--features", "native-crypto", "--example", "tokens", "--message-format=json"];
  const built = await must("cargo", args, { cwd: root, timeoutMs: 15 * 60_000 });
  program = built.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
    .find((message) => message.target?.name === "tokens" && message.executable)?.executable;
  assert.ok(program, "cargo named no executable");
  mp = await world();
  writeFileSync(file, JSON.stringify(mp.admin.privateJwk));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await mp?.close();
});

/** Runs the program to its end: whether it went well, what it printed, and how many questions it put, each with an assertion of its own. */
const run = (extra = {}) => new Promise((done) => {
  const { issuer, tokenEndpoint, selfService } = mp.environment;
  const from = mp.control.assertions.length;
  const env = { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, NO_PROXY: "127.0.0.1", ENVIRONMENT: [issuer, tokenEndpoint, selfService].join(" "), CLIENT_ID: mp.admin.clientId, KEY_FILE: file, ...extra };
  execFile(program, { env, timeout: 60_000 }, (error, stdout, stderr) => {
    const output = stdout + stderr;
    for (const secret of [mp.admin.privateJwk.d, "eyJ"]) assert.ok(!output.includes(secret), "a secret is printed");
    const asked = mp.control.assertions.slice(from).map(({ claims }) => claims.jti);
    assert.equal(new Set(asked).size, asked.length);
    done({ ok: !error, output, asked: asked.length });
  });
});

test("a thousand threads get one token by one question", async () => {
  const { ok, output, asked } = await run({ CALLERS: "1000" });
  assert.ok(ok, output);
  assert.match(output, /^given 1000 of 1000, different 1$/m);
  assert.equal(asked, 1);
});

test("a token that all of them saw refused is replaced once", async () => {
  const { ok, output, asked } = await run({ RENEW: "yes" });
  assert.ok(ok, output);
  assert.match(output, /^given 100 of 100, different [12]$/m);
  assert.equal(asked, 2);
});

test("a server in trouble is asked three times in all; one that gets well ends it", async () => {
  for (let at = 0; at < 2; at++) mp.control.fault({ status: 503 });
  const well = await run();
  assert.ok(well.ok, well.output);
  assert.deepEqual([well.asked, /different 1$/m.test(well.output)], [3, true]);
  for (let at = 0; at < 3; at++) mp.control.fault({ status: 503 });
  const down = await run();
  assert.deepEqual([down.ok, down.asked, /^given 0 of 100/m.test(down.output)], [false, 3, true], down.output);
});

test("a refusal is asked for once, and told to all", async () => {
  mp.control.fault("MP-250");
  const { ok, output, asked } = await run();
  assert.deepEqual([ok, asked, /^given 0 of 100/m.test(output)], [false, 1, true], output);
});
