// A real redis-server, by node-redis and ioredis: the store's contract, four processes at once, and every way in which a
// process, the server or the store can fail meanwhile. Without a redis-server the tests say so and are not run.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";
import { contract } from "./contract.mjs";
import { startProcess, together } from "./processes.mjs";
import { clientOf, startProvider } from "./provider.mjs";
import { startRedis } from "./redis.mjs";

linkPackage();
const { TokenSource, redisStore, sealedStore } = await import("samtykke/tokens");

const redis = await startRedis();
if (redis.gap) console.log(`gap: ${redis.gap}`);
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

describe("Redis", { skip: redis.gap }, () => {
  let provider;
  const opened = [];
  const open = async (client = "nodeRedis") => (opened.push(await redis[client]()), opened.at(-1));
  before(async () => {
    provider = await startProvider();
  });
  after(async () => {
    for (const { close } of opened) close();
    await provider.close();
    await redis.kill();
  });
  const fresh = async () => {
    Object.assign(provider, { fault: "", expiresIn: 120, retryAfter: "", answered: 0, hanging: 0 });
    provider.asked.clear();
    provider.refusals.length = 0;
    await (await open()).send("FLUSHALL");
  };
  const task = (more) => ({ origin: provider.origin, jwk: provider.jwk, port: redis.port, callers: 250, targets: 1, ...more });
  const sourceOf = async (more) => new TokenSource({ client: await clientOf(provider), store: redisStore((await open()).send), ...more });

  for (const client of ["nodeRedis", "ioredis"]) {
    test(`the store keeps its contract by ${client}`, async () => {
      const [one, other] = [await open(client), await open(client)];
      const checks = await contract(redisStore(one.send), redisStore(other.send), `contract-${client}`);
      assert.ok(checks > 15);
      const keys = randomBytes(32).toString("base64url");
      await contract(sealedStore(redisStore(one.send), keys), sealedStore(redisStore(other.send), keys), `sealed-${client}`);
    });
  }

  test("a thousand callers in four processes make one question for each target", async () => {
    await fresh();
    const { tokens, errors } = await together(task({ targets: 5 }), [{}, { client: "ioredis" }, {}, { client: "ioredis" }]);
    assert.deepEqual(errors, {});
    assert.deepEqual([...provider.asked.values()], [1, 1, 1, 1, 1]);
    assert.equal(Object.keys(tokens).length, 5);
    for (const [target, values] of Object.entries(tokens))
      assert.deepEqual(
        values.map((value) => provider.live.get(value).target),
        [`${target}||`],
      );
  });

  test("the same with a slow server, and with clocks a minute apart", async () => {
    await fresh();
    provider.fault = "slow";
    provider.slow = 1_500;
    const { errors } = await together(task(), [{ skew: 60_000 }, { skew: -60_000 }, {}, {}]);
    assert.deepEqual(errors, {});
    assert.equal(provider.count(), 1);
  });

  test("a process a minute ahead does not replace what the store says is fresh, one behind keeps no token beyond its end", async () => {
    await fresh();
    provider.expiresIn = 4;
    const { errors } = await together(task({ callers: 50, rounds: 8, pause: 600, margin: 1 }), [{ skew: 60_000 }, { skew: -60_000 }]);
    assert.deepEqual(errors, {});
    // Lives of four seconds, replaced a second before their end, over about five: two, and a third where it falls so.
    assert.ok(provider.count() >= 2 && provider.count() <= 3, `${provider.count()}`);
  });

  for (const fault of ["drop", "429", "500", "html", "truncated"]) {
    test(`a server that answers ${fault}: three questions in all, the error for everybody, then a token when it is well`, async () => {
      await fresh();
      provider.fault = fault;
      const { errors, longest } = await together(task());
      const [[code, count], ...others] = Object.entries(errors);
      assert.equal(others.length, 0, JSON.stringify(errors));
      assert.equal(count, 1000);
      assert.match(
        code,
        { drop: /network_error/, 429: /token_error/, 500: /http_status_unexpected/, html: /content_type_unexpected/, truncated: /token_response_malformed/ }[
          fault
        ],
      );
      assert.ok(provider.count() <= 3, `${provider.count()}`);
      assert.ok(longest < 6_000, `${longest}`);
      provider.fault = "";
      await sleep(2_100);
      const sources = [await sourceOf(), await sourceOf()];
      const [one, two] = await Promise.all(sources.map((source) => source.get({ scope: "scope-0" })));
      assert.equal(one.accessToken, two.accessToken);
      assert.deepEqual(provider.refusals, [], "every question had an assertion of its own");
    });
  }

  test("a process killed between lock and write: the lock ends by itself, one extra question, nobody waits for ever", async () => {
    await fresh();
    provider.fault = "hang";
    const settings = { requestTimeout: 1, callers: 10 };
    const victim = startProcess(task(settings));
    while (!provider.hanging) await sleep(10);
    victim.kill();
    assert.deepEqual(await victim.outcome, { killed: "SIGKILL" });
    provider.fault = "";
    const { tokens, errors, longest } = await together(task(settings));
    assert.deepEqual(errors, {});
    assert.equal(tokens["scope-0"].length, 1);
    assert.equal(provider.count(), 2);
    assert.ok(longest < 3_500, `${longest}`);
  });

  test("whoever lost the lock keeps its token to itself and overwrites nothing", async () => {
    await fresh();
    const { send } = await open();
    const store = redisStore(send);
    let lease;
    const short = { ...store, lock: (name) => ((lease = name), store.lock(name, 200)) };
    provider.fault = "slow";
    provider.slow = 800;
    const slow = new TokenSource({ client: await clientOf(provider), store: short });
    const first = slow.get({ scope: "lost" });
    await sleep(400);
    provider.fault = "";
    const second = await (await sourceOf()).get({ scope: "lost" });
    assert.notEqual((await first).accessToken, second.accessToken);
    assert.equal(provider.count(), 2);
    assert.equal((await store.read(lease)).text.split("\n").at(-1), second.accessToken);
  });

  test("a store that is down: each process asks for itself, and hears of it", async () => {
    await fresh();
    const heard = [];
    const sources = await Promise.all([1, 2].map(() => sourceOf({ storeTimeout: 0.2, onStoreError: (error) => heard.push(error) })));
    await redis.kill();
    try {
      const started = Date.now();
      await Promise.all(sources.flatMap((source) => Array.from({ length: 100 }, () => source.get({ scope: "down" }))));
      assert.ok(Date.now() - started < 1_000);
      assert.equal(provider.count(), 2);
      assert.ok(heard.length >= 2);
      await Promise.all(sources.map((source) => source.get({ scope: "down again" })));
    } finally {
      await redis.start();
    }
    await sleep(2_500);
    const [one, other] = sources;
    assert.equal((await one.get({ scope: "back" })).accessToken, (await other.get({ scope: "back" })).accessToken);
  });

  test("a store that hangs costs its time limit once, and no token", async () => {
    await fresh();
    const source = await sourceOf({ storeTimeout: 0.2 });
    redis.freeze();
    try {
      const started = Date.now();
      await Promise.all(Array.from({ length: 100 }, (_, at) => source.get({ scope: `slow-${at % 10}` })));
      assert.ok(Date.now() - started < 1_500);
      assert.equal(provider.count(), 10);
    } finally {
      redis.thaw();
    }
  });

  test("a store that lost everything costs one question for each target", async () => {
    await fresh();
    const [one, other] = [await sourceOf(), await sourceOf()];
    const kept = await one.get({ scope: "lost all" });
    await (await open()).send("FLUSHALL");
    assert.equal((await one.get({ scope: "lost all" })).accessToken, kept.accessToken);
    await other.get({ scope: "lost all" });
    assert.equal(provider.count(), 2);
  });

  test("a damaged record costs one question, and a sealed store shows no token and no person", async () => {
    await fresh();
    const { send } = await open();
    const keys = [randomBytes(32), randomBytes(32)].map((key) => key.toString("base64url"));
    const sealed = (list) => sealedStore(redisStore(send), list);
    const target = { scope: "sealed", audience: "https://api.example/12345678901" };
    const tokens = await (await sourceOf({ store: sealed(keys[0]) })).get(target);
    const names = await send("KEYS", "*");
    const all = JSON.stringify([names, await Promise.all(names.filter((name) => name.endsWith("}")).map((name) => send("GET", name)))]);
    assert.doesNotMatch(all, /12345678901|accessToken|api\.example/);
    assert.ok(!all.includes(tokens.accessToken));
    assert.equal((await (await sourceOf({ store: sealed([keys[1], keys[0]]) })).get(target)).accessToken, tokens.accessToken, "an older key still opens");
    assert.notEqual((await (await sourceOf({ store: sealed(keys[1]) })).get(target)).accessToken, tokens.accessToken, "a key of another's does not");
    assert.equal(provider.count(), 2);
    for (const damage of [
      "",
      "{",
      "null",
      "[]",
      '{"tail":0}',
      '{"tail":0,"replace":0,"failures":0,"tokens":{"accessToken":7,"tokenType":"Bearer"}}',
      '{"tail":-1,"replace":0,"failures":0}',
      '{"tail":0,"replace":0,"failures":1,"resume":0,"error":7}',
    ]) {
      for (const name of names.filter((name) => name.endsWith("}"))) await send("SET", name, damage, "PX", "60000");
      assert.ok((await (await sourceOf()).get(target)).accessToken, damage);
    }
    assert.equal(provider.count(), 10);
  });

  test("a token that an API refused is replaced once for all processes", async () => {
    await fresh();
    const sources = await Promise.all([1, 2, 3, 4].map(() => sourceOf()));
    const target = { scope: "refused" };
    const first = await Promise.all(sources.map((source) => source.get(target)));
    const next = await Promise.all(sources.flatMap((source, at) => Array.from({ length: 50 }, () => source.renew(target, first[at]))));
    assert.equal(new Set(next.map(({ accessToken }) => accessToken)).size, 1);
    assert.notEqual(next[0].accessToken, first[0].accessToken);
    assert.equal(provider.count(), 2);
    for (const [at, source] of sources.entries())
      assert.equal((await source.renew(target, next[at * 50])).accessToken, next[0].accessToken, "not again so soon, by any of them");
    assert.equal(provider.count(), 2);
  });
});
