// The command-line examples, run as a person would: start, confirm in a browser made of code, watch, interrupt, start again.
// The same walk for JavaScript and Rust. What they print is checked, also for what must not be in it.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run, start } from "../lib/process.mjs";
import { until } from "../lib/wait.mjs";
import { TEMPLATE, decide, startSelvbetjening } from "samtykke-local/selvbetjening";

/** @param {() => [string, string[]]} program What to run, known once it is built. */
export function walks(program, cwd) {
  /** A local service, and the settings of a program that uses it. */
  async function stage(t, settings) {
    const world = await startSelvbetjening(settings);
    const folder = mkdtempSync(join(tmpdir(), "selvbetjening-"));
    t.after(async () => {
      await world.close();
      await rm(folder, { recursive: true });
    });
    const state = join(folder, "state.json");
    const env = {
      PATH: process.env.PATH,
      SystemRoot: process.env.SystemRoot,
      NO_PROXY: "localhost",
      API_KEY: TEMPLATE.apiKey,
      ORGANIZATION: TEMPLATE.organizations[0],
      ENVIRONMENT: `${world.portal} ${world.api}`,
      ISSUER: world.issuer,
      STATE: state,
    };
    const [command, args] = program();
    return {
      world,
      state,
      launch: (extra = {}) => start(command, args, { cwd, env: { ...env, ...extra }, ready: (text) => text.match(/^open (\S+)$/m)?.[1], timeoutMs: 20_000 }),
      finish: (extra = {}) => run(command, args, { cwd, env: { ...env, ...extra }, timeoutMs: 30_000 }),
    };
  }

  const said = (running, word) => until(`the program to say "${word}"`, () => running.output().includes(word) && running.output(), 20_000);

  async function quiet(output, state) {
    const text = await readFile(state, "utf8");
    const secrets = [...text.matchAll(/\\"d\\":\\"([\w-]+)\\"/g)].map(([, d]) => d);
    assert.ok(secrets.length, "the state holds a key");
    for (const secret of [...secrets, TEMPLATE.apiKey, "DPoP ", "eyJ"]) assert.ok(!output.includes(secret), "the program prints a secret");
    if (process.platform !== "win32") assert.equal(statSync(state).mode & 0o777, 0o600);
  }

  test("the whole guide: draft, confirmation, slow propagation, approval, a new key", async (t) => {
    const { world, state, launch } = await stage(t, { refusals: 1 });
    const running = await launch({ SCOPES: "nhn:selvbetjening/client nhn:phr/mhd", APPROVAL_SECONDS: "0.2", ROTATE: "1" });
    try {
      const [client] = world.control.clients();
      assert.equal(running.value, `${world.portal}/confirm-client/${client.id}`);
      assert.match(client.confirmationRedirectUri, /^http:\/\/localhost:\d+\/confirmed\/[\w-]{43}$/);
      // Stored before the browser opens.
      assert.ok((await readFile(state, "utf8")).includes(client.id));
      assert.equal((await fetch(new URL("/favicon.ico", client.confirmationRedirectUri))).status, 404);
      assert.equal((await fetch(await decide(running.value))).status, 200);
      await said(running, "waiting for HelseID to know the client: asked 1 times");
      await said(running, "scope nhn:phr/mhd pending");
      await said(running, "waiting for approval: asked 1 times");
      world.control.approve(client.id);
      const output = await said(running, "keys 2");
      for (const line of [
        /^confirmed$/m,
        /^usable$/m,
        /^scope nhn:selvbetjening\/client ok$/m,
        /^not ready$/m,
        /^scope nhn:phr\/mhd ok$/m,
        /^ready$/m,
        /^new key [\w-]{43}/m,
      ])
        assert.match(output, line);
      assert.ok(output.includes(client.keys[1].jwkThumbprint));
      await quiet(output, state);
      assert.deepEqual(world.control.violations(), []);
    } finally {
      await running.stop();
    }
  });

  test("a person who comes back late: interrupted, confirmed without the program, resumed", async (t) => {
    const { world, state, launch, finish } = await stage(t);
    const running = await launch();
    await running.stop();
    await decide(running.value);
    const { code, stdout, stderr } = await finish();
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^resumed ${world.control.clients()[0].id}$`, "m"));
    assert.match(stdout, /^ready$/m);
    assert.equal(world.control.clients().length, 1, "no second draft");
    await quiet(stdout + stderr, state);
  });

  test("a person who rejects: the program says so, and asks HelseID for nothing", async (t) => {
    const { world, state, launch } = await stage(t);
    const running = await launch();
    try {
      await (await fetch(await decide(running.value, "reject"))).text();
      const output = await said(running, "confirmation_refused");
      assert.ok(!/^confirmed$/m.test(output));
      assert.equal(world.control.requests().filter((line) => line.startsWith("token")).length, 0);
      await quiet(output, state);
    } finally {
      await running.stop();
    }
  });

  test("nobody confirms in time: nothing is lost", async (t) => {
    const { world, state, finish } = await stage(t);
    const { code, stdout, stderr } = await finish({ CONFIRM_SECONDS: "0.3" });
    assert.equal(code, 1);
    assert.match(stderr, /timeout/);
    assert.match(stderr, /Nothing is lost/);
    assert.ok((await readFile(state, "utf8")).includes(world.control.clients()[0].id));
    await quiet(stdout + stderr, state);
  });

  test("the older form sends the person to port and path", async (t) => {
    const { world, launch } = await stage(t);
    const running = await launch({ FORM: "older" });
    try {
      assert.match(running.value, /\?redirectPort=\d+&redirectPath=\/confirmed\/[\w-]{43}$/);
      assert.equal(world.control.clients()[0].confirmationRedirectUri, undefined);
      await (await fetch(await decide(running.value))).text();
      await said(running, "ready");
    } finally {
      await running.stop();
    }
  });

  test("a wrong API key ends it, with the reason", async (t) => {
    const { finish } = await stage(t);
    const wrong = await finish({ API_KEY: "wrong-key" });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /unauthorized/);
    assert.ok(!(wrong.stdout + wrong.stderr).includes("wrong-key"));
  });

  test("an odd organisation number is not sent", async (t) => {
    const { world, finish } = await stage(t);
    const odd = await finish({ ORGANIZATION: "12345" });
    assert.equal(odd.code, 1);
    assert.match(odd.stderr, /nine digits/);
    assert.deepEqual(world.control.requests(), []);
  });

  test("a new key whose answer is lost is found again, also by the next run", async (t) => {
    const { world, state, launch, finish } = await stage(t);
    const running = await launch({ ROTATE: "1" });
    await running.stop();
    await decide(running.value);
    const { control } = world;
    control.next("POST /v1/client-secret", "lose");
    control.next("GET /v1/client-secret", { status: 400, body: "" });
    const half = await finish({ ROTATE: "1" });
    assert.equal(half.code, 1, half.stdout);
    const kept = await readFile(state, "utf8");
    const { code, stdout, stderr } = await finish({ ROTATE: "1" });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /found in the list/);
    assert.match(stdout, /^keys 2$/m);
    assert.equal(control.requests().filter((line) => line === "POST /v1/client-secret").length, 1);
    assert.notEqual(await readFile(state, "utf8"), kept);
    await quiet(half.stdout + half.stderr + stdout + stderr, state);
    assert.deepEqual(control.violations(), []);
  });

  test("a state file of another program is left alone", async (t) => {
    const { world, state, finish } = await stage(t);
    await writeFile(state, '{"key":7}');
    assert.equal((await finish()).code, 1);
    assert.equal(await readFile(state, "utf8"), '{"key":7}');
    assert.deepEqual(world.control.requests(), []);
  });
}
