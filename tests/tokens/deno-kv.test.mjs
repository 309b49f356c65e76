// Deno KV in Deno: the store's contract, four processes over one database, one that is killed while it has the lock.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { npmRuntime } from "../../pkg/toolchain.mjs";
import { linkPackage } from "../verdicts/run.mjs";
import { startProvider } from "./provider.mjs";

linkPackage();
const program = await npmRuntime("deno");
if (!program) console.log("gap: deno: it could not be installed from npm; run: npm view deno");
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

describe("Deno KV", { skip: !program && "no deno" }, () => {
  let provider;
  let folder;
  before(async () => {
    provider = await startProvider();
    folder = mkdtempSync(join(tmpdir(), "samtykke-kv-"));
    await build({
      entryPoints: [fileURLToPath(new URL("deno.mjs", import.meta.url))], outfile: join(folder, "deno.mjs"), bundle: true, format: "esm", platform: "neutral",
      target: "esnext", charset: "utf8", logLevel: "silent",
    });
  });
  after(async () => {
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const fresh = () => {
    Object.assign(provider, { fault: "", hanging: 0 });
    provider.asked.clear();
  };
  let databases = 0;
  const path = () => join(folder, `kv-${databases++}.sqlite`);

  function deno(task) {
    const args = ["run", "--no-prompt", "--no-remote", "--no-lock", "--no-config", "--unstable-kv", "--allow-net=127.0.0.1", `--allow-read=${folder}`, `--allow-write=${folder}`];
    const child = spawn(program, [...args, join(folder, "deno.mjs"), JSON.stringify({ origin: provider.origin, jwk: provider.jwk, callers: 250, targets: 1, ...task })], {
      cwd: folder, env: { ...process.env, DENO_DIR: join(folder, "deno"), DENO_NO_UPDATE_CHECK: "1" }, stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => { out += chunk; });
    child.stderr.on("data", (chunk) => { err += chunk; });
    const outcome = new Promise((done, failed) => child.on("close", (code, signal) => {
      if (signal) done({ killed: signal });
      else if (code) failed(new Error(err));
      else done(JSON.parse(out));
    }));
    return { outcome, kill: () => child.kill("SIGKILL") };
  }

  async function together(task) {
    const startAt = Date.now() + 2_000;
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => deno({ ...task, startAt }).outcome));
    return { outcomes, errors: outcomes.map(({ errors }) => errors), longest: Math.max(...outcomes.map(({ longest }) => longest)) };
  }

  test("the store keeps its contract, plain and sealed", async () => {
    const { checks } = await deno({ path: path(), contract: "contract", seal: randomBytes(32).toString("base64url") }).outcome;
    assert.ok(checks > 15);
  });

  test("a thousand callers in four processes make one question for each target", async () => {
    fresh();
    const { outcomes, errors } = await together({ path: path(), targets: 5 });
    assert.deepEqual(errors, [{}, {}, {}, {}]);
    assert.deepEqual([...provider.asked.values()], [1, 1, 1, 1, 1]);
    assert.deepEqual(outcomes.flatMap(({ heard }) => heard), []);
    for (const { got } of outcomes) assert.deepEqual(got, outcomes[0].got);
  });

  test("a server in trouble is asked three times in all", async () => {
    fresh();
    provider.fault = "500";
    const { errors } = await together({ path: path() });
    assert.deepEqual(errors, Array(4).fill({ http_status_unexpected: 250 }));
    assert.ok(provider.count() <= 3, `${provider.count()}`);
  });

  test("a process killed between lock and write costs one extra question, and nobody waits for ever", async () => {
    fresh();
    provider.fault = "hang";
    const task = { path: path(), questionTimeout: 1, callers: 10 };
    const victim = deno(task);
    while (!provider.hanging) await sleep(10);
    victim.kill();
    assert.deepEqual(await victim.outcome, { killed: "SIGKILL" });
    provider.fault = "";
    const { errors, longest } = await together(task);
    assert.deepEqual(errors, [{}, {}, {}, {}]);
    assert.equal(provider.count(), 2);
    assert.ok(longest < 3_500, `${longest}`);
  });
});
