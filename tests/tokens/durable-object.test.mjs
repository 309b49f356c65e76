// The Durable Object in workerd: the store's contract, a thousand requests over four isolates, and requests that end halfway.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";
import { startProvider } from "./provider.mjs";
import { startWorkers } from "./workers.mjs";

linkPackage();
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

describe("Durable Object", () => {
  let provider;
  let workers;
  before(async () => {
    provider = await startProvider();
    workers = await startWorkers(provider);
  });
  after(async () => {
    await workers.close();
    await provider.close();
  });
  const fresh = () => {
    Object.assign(provider, { fault: "", retryAfter: "", answered: 0, hanging: 0 });
    provider.asked.clear();
    provider.refusals.length = 0;
  };
  const all = (scopes, each = 250) => Promise.all(Array.from({ length: each * 4 }, (_, at) => workers.ask(at % 4, `/?scope=${scopes[at % scopes.length]}`)));

  test("the store keeps its contract, plain and sealed", async () => {
    const plain = await workers.ask(0, "/contract?name=contract");
    assert.ok(plain.checks > 15, JSON.stringify(plain));
    const sealed = await workers.ask(1, `/contract?name=sealed&seal=${randomBytes(32).toString("base64url")}`);
    assert.ok(sealed.checks > 15, JSON.stringify(sealed));
  });

  test("a thousand requests over four isolates make one question for each target", async () => {
    fresh();
    provider.fault = "slow";
    provider.slow = 500;
    const scopes = ["a", "b", "c", "d", "e"];
    const answers = await all(scopes);
    assert.deepEqual(
      answers.filter(({ error }) => error),
      [],
    );
    assert.deepEqual([...provider.asked.values()], [1, 1, 1, 1, 1]);
    for (const [at, { accessToken }] of answers.entries()) assert.equal(provider.live.get(accessToken).target, `${scopes[at % 5]}||`);
  });

  for (const fault of ["drop", "429", "500", "html", "truncated"]) {
    test(`a server that answers ${fault}: three questions in all, then a token when it is well`, async () => {
      fresh();
      provider.fault = fault;
      const answers = await all([`fault-${fault}`]);
      assert.equal(answers.filter(({ error }) => error).length, 1000);
      assert.equal(new Set(answers.map(({ error }) => error)).size, 1, JSON.stringify([...new Set(answers.map(({ error }) => error))]));
      assert.ok(provider.count() <= 3, `${provider.count()}`);
      provider.fault = "";
      await sleep(2_100);
      const well = await all([`fault-${fault}`], 5);
      assert.deepEqual(
        well.filter(({ error }) => error),
        [],
      );
      assert.equal(new Set(well.map(({ accessToken }) => accessToken)).size, 1);
      assert.deepEqual(provider.refusals, []);
    });
  }

  test("429 with Retry-After: nobody asks sooner, in any isolate", async () => {
    fresh();
    Object.assign(provider, { fault: "429", retryAfter: "2" });
    const answers = all(["busy"], 10);
    while (!provider.count()) await sleep(5);
    await sleep(1_700);
    assert.equal(provider.count(), 1);
    provider.fault = "";
    const got = await answers;
    assert.deepEqual(
      got.filter(({ error }) => error),
      [],
    );
    assert.equal(new Set(got.map(({ accessToken }) => accessToken)).size, 1);
    assert.equal(provider.count(), 2);
  });

  test("a server that is down: the error for everybody, and a token as soon as it is up and the pause over", async () => {
    fresh();
    await provider.down();
    const answers = await all(["down"], 25);
    assert.deepEqual(new Set(answers.map(({ error }) => error)), new Set(["network_error"]));
    await provider.up();
    await sleep(2_100);
    const well = await all(["down"], 5);
    assert.deepEqual(
      well.filter(({ error }) => error),
      [],
    );
    assert.equal(provider.count(), 1);
  });

  test("a request that ends between lock and write: the lock ends by itself, one extra question, nobody waits for ever", async () => {
    fresh();
    await workers.close();
    workers = await startWorkers(provider, { requestTimeout: 2 });
    provider.fault = "hang";
    const controller = new AbortController();
    const victim = workers.ask(0, "/?scope=halfway", { signal: controller.signal }).catch((error) => error.name);
    while (!provider.hanging) await sleep(10);
    controller.abort();
    assert.equal(await victim, "AbortError");
    provider.fault = "";
    const started = Date.now();
    const answers = await all(["halfway"], 10);
    assert.deepEqual(
      answers.filter(({ error }) => error),
      [],
    );
    assert.equal(new Set(answers.map(({ accessToken }) => accessToken)).size, 1);
    assert.ok(provider.count() <= 2, `${provider.count()}`);
    assert.ok(Date.now() - started < 7_000, `${Date.now() - started}`);
  });
});
