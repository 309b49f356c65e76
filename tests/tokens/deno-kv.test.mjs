// Deno KV in Deno: the store's contract, four processes over one database, one that is killed while it has the lock, clocks that
// differ, and a server in every kind of trouble.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";
import { startDenos } from "./denos.mjs";
import { startProvider } from "./provider.mjs";

linkPackage();
const provider = await startProvider();
const denos = await startDenos(provider);
if (denos.gap) console.log(`gap: ${denos.gap}`);
after(() => provider.close());
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

describe("Deno KV", { skip: denos.gap }, () => {
  let processes = [];
  const { path, deno, all } = denos;
  const four = async (...task) => (processes = await denos.four(...task));
  before(() => assert.ok(denos.folder));
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.end()));
  });
  after(() => denos.close());
  const fresh = () => {
    Object.assign(provider, { fault: "", retryAfter: "", slow: 300, hanging: 0, expiresIn: 120 });
    provider.asked.clear();
    provider.refusals.length = 0;
  };

  test("the store keeps its contract, plain and sealed", async () => {
    const { checks } = await deno({ path: path(), contract: "contract", seal: randomBytes(32).toString("base64url") }).next();
    assert.ok(checks > 15);
  });

  test("a thousand callers in four processes make one question for each target", async () => {
    fresh();
    const { tokens, errors, heard } = await all(await four({ path: path() }), { targets: 5 });
    assert.deepEqual(errors, {});
    assert.deepEqual(heard, []);
    assert.deepEqual([...provider.asked.values()], [1, 1, 1, 1, 1]);
    assert.deepEqual(
      Object.values(tokens).map(({ length }) => length),
      [1, 1, 1, 1, 1],
    );
  });

  test("a server that is slow is asked once", async () => {
    fresh();
    Object.assign(provider, { fault: "slow", slow: 1_500 });
    const { tokens, errors } = await all(await four({ path: path() }));
    assert.deepEqual(errors, {});
    assert.equal(tokens["scope-0"].length, 1);
    assert.equal(provider.count(), 1);
  });

  const codes = {
    drop: "network_error",
    429: "token_error",
    500: "http_status_unexpected",
    html: "content_type_unexpected",
    truncated: "token_response_malformed",
  };
  for (const [fault, code] of Object.entries(codes)) {
    test(`a server that answers ${fault}: three questions in all, the error for everybody, then one token when it is well`, async () => {
      fresh();
      provider.fault = fault;
      await four({ path: path() });
      const { errors } = await all(processes);
      assert.deepEqual(errors, { [code]: 1000 });
      assert.ok(provider.count() <= 3, `${provider.count()}`);
      fresh();
      await sleep(2_100);
      const well = await all(processes);
      assert.deepEqual(well.errors, {});
      assert.equal(well.tokens["scope-0"].length, 1);
      assert.equal(provider.count(), 1);
      assert.deepEqual(provider.refusals, [], "every question had an assertion of its own");
    });
  }

  test("429 with Retry-After: nobody asks sooner, in any process", async () => {
    fresh();
    Object.assign(provider, { fault: "429", retryAfter: "2" });
    await four({ path: path() });
    const answers = all(processes);
    while (!provider.count()) await sleep(5);
    await sleep(1_700);
    assert.equal(provider.count(), 1);
    provider.fault = "";
    const { tokens, errors } = await answers;
    assert.deepEqual(errors, {});
    assert.equal(tokens["scope-0"].length, 1);
    assert.equal(provider.count(), 2);
  });

  test("a server that is down: the error for everybody, and a token as soon as it is up and the pause over", async () => {
    fresh();
    await four({ path: path() });
    await provider.down();
    const { errors } = await all(processes);
    assert.deepEqual(errors, { network_error: 1000 });
    await provider.up();
    await sleep(2_100);
    const { tokens } = await all(processes);
    assert.equal(tokens["scope-0"].length, 1);
    assert.equal(provider.count(), 1);
  });

  test("a process killed between lock and write costs one extra question, and nobody waits for ever", async () => {
    fresh();
    provider.fault = "hang";
    const task = { path: path(), requestTimeout: 1 };
    const victim = deno(task);
    const outcome = victim.run({ callers: 10 });
    while (!provider.hanging) await sleep(10);
    victim.kill();
    assert.deepEqual(await outcome, { killed: "SIGKILL" });
    provider.fault = "";
    const { tokens, errors, longest } = await all(await four(task), { callers: 10 });
    assert.deepEqual(errors, {});
    assert.equal(tokens["scope-0"].length, 1);
    assert.equal(provider.count(), 2);
    // The lease, from when the lock was first seen: one second for the question, two more.
    assert.ok(longest < 4_500, `${longest}`);
  });

  test("what appeared between two looks is as young as that, whatever its writer's clock said; nothing lasts longer than it was to", async () => {
    const { ahead, behind, apart } = await deno({ path: path(), clocks: true }).next();
    for (const { second, seen } of [ahead, behind, apart]) {
      assert.equal(second, null, "the lock is not taken over");
      assert.ok(seen > 115_000 && seen <= 120_000, `${seen}`);
    }
    assert.ok(ahead.late > 115_000 && ahead.late <= 120_000, `${ahead.late}`);
    // It may be a minute old.
    assert.ok(behind.late > 55_000 && behind.late <= 60_000, `${behind.late}`);
    assert.equal(apart.late, 0, "nor, by clocks two minutes apart, is a record of two minutes used by whoever comes later");
  });

  for (const [what, skews] of [
    ["ahead", [60_000, 0, 0, 0]],
    ["behind", [-60_000, 0, 0, 0]],
    ["ahead and behind", [60_000, -60_000, 0, 0]],
  ]) {
    test(`clocks a minute ${what}: one question while it is on its way, no more than one extra for each that is off, no token used after its end`, async () => {
      fresh();
      Object.assign(provider, { fault: "slow", slow: 1_000, expiresIn: 3600 });
      await four(
        { path: path() },
        skews.map((skew) => ({ skew })),
      );
      const long = await all(processes);
      assert.deepEqual(long.errors, {});
      assert.equal(provider.count(), 1, "an hour's token");
      provider.asked.clear();
      provider.expiresIn = 120;
      const short = await all(processes, { scope: "short" });
      assert.deepEqual(short.errors, {});
      const off = skews.filter(Boolean).length;
      await sleep(500);
      assert.ok(provider.count() <= 1 + off, `${provider.count()}`);
      const again = await all(processes, { scope: "short" });
      assert.deepEqual(again.errors, {});
      assert.ok(provider.count() <= 1 + off, `${provider.count()}`);
      for (const token of Object.values(again.tokens).flat()) assert.ok(provider.live.get(token).ends > Date.now());
    });
  }
});
