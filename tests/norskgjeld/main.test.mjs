// The command line of the local Norsk Gjeldsinformasjon: one JSON line, a clean stop, plain errors.
// Run as a person or a script runs it, in a process of its own.
// Refuses (tests that it refuses) bad ports and a port that is taken; prints no secret.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { DEMO_CLIENT } from "samtykke-local/norskgjeld";

const MAIN = fileURLToPath(import.meta.resolve("samtykke-local/internal/norskgjeld/main.mjs"));

function run(...args) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (out[name] += chunk));
  return { child, out, done: once(child, "close") };
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`one JSON line when ready, and a clean stop on ${signal}`, async (t) => {
    const { child, out, done } = run("--auth-port", "0", "--api-port", "0");
    t.after(() => child.kill("SIGKILL"));
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { ready, issuer, authUrl, apiUrl, clientId } = JSON.parse(line);
    assert.deepEqual([ready, clientId, issuer], [true, DEMO_CLIENT.id, `${authUrl}/`]);
    assert.equal((await fetch(`${issuer}.well-known/openid-configuration`)).status, 200);
    assert.equal((await fetch(`${apiUrl}/v1/debt`)).status, 403);
    child.kill(signal);
    const [code, killedBy] = await done;
    assert.deepEqual([code, killedBy], [0, null]);
    assert.equal(out.stdout.trim().split("\n").length, 1);
    assert.ok(!(out.stdout + out.stderr).includes(DEMO_CLIENT.secret));
    assert.doesNotMatch(out.stderr, /WARNING|NOTICE/);
  });
}

test("bad options end with 1 and say why", async () => {
  for (const args of [["--auth-port", "70000"], ["--auth-port", "x"], ["--nonsense"]]) {
    const { out, done } = run(...args);
    assert.equal((await done)[0], 1, args.join(" "));
    assert.match(out.stderr, /^norskgjeld: /);
    assert.equal(out.stdout, "");
  }
});
