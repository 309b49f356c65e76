// The Durable Object in workerd when it is in trouble itself: it throws, is slow, is reset, loses its storage; when the clocks of
// isolates are a minute apart; and when the whole runtime is killed while an isolate has the lock.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";
import { startProvider } from "./provider.mjs";
import { startWorkers } from "./workers.mjs";

linkPackage();
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const tokensOf = (answers) => {
  assert.deepEqual(
    answers.filter(({ error }) => error),
    [],
  );
  return new Set(answers.map(({ accessToken }) => accessToken)).size;
};

describe("Durable Object in trouble", () => {
  let provider;
  let workers;
  before(async () => {
    provider = await startProvider();
    workers = await startWorkers(provider, { storeTimeout: 0.3 }, { faulty: true });
  });
  after(async () => {
    await workers.close();
    await provider.close();
  });
  const fresh = async () => {
    Object.assign(provider, { fault: "", slow: 300, answered: 0, hanging: 0 });
    provider.asked.clear();
    provider.refusals.length = 0;
    await workers.fault();
    // An isolate leaves a store that failed alone for a while.
    await sleep(1_100);
    await workers.heard();
  };
  const all = (scope, each = 250) => Promise.all(Array.from({ length: each * 4 }, (_, at) => workers.ask(at % 4, `/?scope=${scope}`)));
  /** Begins, and waits until the server has been asked. */
  const begun = async (scope) => {
    provider.fault = "slow";
    provider.slow = 3_000;
    const answers = all(scope, 10);
    while (!provider.count()) await sleep(5);
    await sleep(300);
    return { answers };
  };

  test("an object that throws: each isolate asks for itself, once, and hears of it; then they share again", async () => {
    await fresh();
    await workers.fault("throw");
    tokensOf(await all("throws"));
    assert.ok(provider.count() <= 4, `${provider.count()}`);
    assert.match((await workers.heard()).join(), /the object is broken/);
    await workers.fault();
    await sleep(1_100);
    assert.equal(tokensOf(await all("threw", 5)), 1);
  });

  for (const operation of ["read", "lock", "write", "changed"]) {
    test(`an object that throws when asked to ${operation} costs no caller its token, and one question for each isolate at most`, async () => {
      await fresh();
      await workers.fault("throw", { operation });
      const started = Date.now();
      tokensOf(await all(`throws-${operation}`, 10));
      assert.ok(Date.now() - started < 3_000, `${Date.now() - started}`);
      assert.ok(provider.count() <= 4, `${provider.count()}`);
    });
  }

  test("an object that is slow costs its time limit, and holds up nobody when it is well", async () => {
    await fresh();
    await workers.fault("slow", { milliseconds: 1_500 });
    const started = Date.now();
    const one = await Promise.all([0, 1, 2, 3].map((at) => workers.ask(at, "/?scope=slow")));
    assert.ok(tokensOf(one) <= 4);
    assert.ok(Date.now() - started < 1_400, `${Date.now() - started}`);
    assert.ok(provider.count() <= 4, `${provider.count()}`);
    assert.match((await workers.heard()).join(), /did not answer in time/);
    await workers.fault();
    await sleep(2_000);
    const again = Date.now();
    assert.equal(tokensOf(await all("slow-no-more", 5)), 1);
    assert.ok(Date.now() - again < 2_000, `${Date.now() - again}`);
  });

  test("an object that is reset between lock and write, as by a deployment: one question, one token, nobody hears of it", async () => {
    await fresh();
    const { answers } = await begun("reset");
    await workers.fault("reset");
    assert.equal(provider.answered, 0, "while the question was on its way");
    assert.equal(tokensOf(await answers), 1);
    assert.equal(provider.count(), 1);
    assert.deepEqual(await workers.heard(), []);
  });

  test("an object whose storage is lost between lock and write: one more question", async () => {
    await fresh();
    const { answers } = await begun("wiped");
    await workers.fault("wipe");
    assert.equal(provider.answered, 0, "while the question was on its way");
    assert.ok(tokensOf(await answers) <= 2);
    assert.ok(provider.count() <= 2, `${provider.count()}`);
  });

  test("an object whose storage is lost when there is a token: one question for those who had none", async () => {
    await fresh();
    const { accessToken } = await workers.ask(0, "/?scope=forgotten");
    await workers.fault("wipe");
    assert.equal((await workers.ask(0, "/?scope=forgotten")).accessToken, accessToken);
    const others = await Promise.all([1, 2, 3].map((at) => workers.ask(at, "/?scope=forgotten")));
    assert.equal(tokensOf(others), 1);
    assert.equal(provider.count(), 2);
  });
});

describe("Durable Object, clocks and crashes", () => {
  let provider;
  let folder;
  let workers;
  const all = (scope, each = 250) => Promise.all(Array.from({ length: each * 4 }, (_, at) => workers.ask(at % 4, `/?scope=${scope}`)));
  before(async () => {
    provider = await startProvider();
    folder = mkdtempSync(join(tmpdir(), "samtykke-do-"));
  });
  after(async () => {
    await workers?.close();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("isolates whose clocks are a minute ahead and behind make one question, and one more for each life of the token", async () => {
    workers = await startWorkers(provider, { margin: 1 }, { each: [{ skew: 60_000 }, { skew: -60_000 }, {}, {}] });
    provider.fault = "slow";
    provider.slow = 500;
    assert.equal(tokensOf(await all("clocks")), 1);
    assert.equal(provider.count(), 1);
    provider.expiresIn = 4;
    provider.fault = "";
    provider.asked.clear();
    for (let round = 0; round < 8; round++) {
      const answers = await all("clocks-short", 5);
      tokensOf(answers);
      for (const { accessToken } of answers) assert.ok(provider.live.get(accessToken).ends > Date.now(), "nobody gets a token that has ended");
      await sleep(600);
    }
    // Lives of four seconds, replaced a second before their end, over about five.
    assert.ok(provider.count() >= 2 && provider.count() <= 3, `${provider.count()}`);
    provider.expiresIn = 120;
    await workers.close();
  });

  test("the runtime killed between lock and write: the lock on disk ends by itself, one extra question, nobody waits for ever", async () => {
    provider.asked.clear();
    provider.fault = "hang";
    const settings = { requestTimeout: 2 };
    workers = await startWorkers(provider, settings, { persist: folder });
    const victims = Promise.allSettled([0, 1, 2, 3].map((at) => workers.ask(at, "/?scope=killed")));
    while (!provider.hanging) await sleep(10);
    assert.equal(workers.kill(), 1);
    assert.deepEqual(new Set((await victims).map(({ status }) => status)), new Set(["rejected"]));
    await workers.close();
    provider.fault = "";
    workers = await startWorkers(provider, settings, { persist: folder });
    const started = Date.now();
    assert.equal(tokensOf(await all("killed", 10)), 1);
    assert.equal(provider.count(), 2);
    assert.ok(Date.now() - started < 6_500, `${Date.now() - started}`);
  });

  test("a token that was written outlives a runtime that is killed", async () => {
    provider.asked.clear();
    const { accessToken } = await workers.ask(0, "/?scope=outlives");
    workers.kill();
    await workers.close();
    workers = await startWorkers(provider, {}, { persist: folder });
    assert.equal((await workers.ask(1, "/?scope=outlives")).accessToken, accessToken);
    assert.equal(provider.count(), 1);
  });
});
