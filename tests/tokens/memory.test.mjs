// The store in memory: the same contract as the others, and many sources over one.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { linkPackage } from "../verdicts/run.mjs";
import { contract } from "./contract.mjs";

linkPackage();
const { memoryStore, redisStore, sealedStore } = await import("samtykke/tokens");
const { answerError, failsWith, sleep, sourceOf, tokensOf } = await import("./support.mjs");
const key = () => randomBytes(32).toString("base64url");

test("the store keeps its contract, plain and sealed", async () => {
  const store = memoryStore();
  assert.ok((await contract(store, store, "name")) > 15);
  const sealed = sealedStore(memoryStore(), key());
  assert.ok((await contract(sealed, sealed, "name")) > 15);
});

test("a sealed text opens under its own name alone, and by none but its keys", async () => {
  const store = memoryStore();
  const [one, other] = [key(), key()];
  const { fence } = await sealedStore(store, one).lock("a", 1000);
  await sealedStore(store, one).write("a", fence, "secret", 10_000);
  const { text } = await store.read("a");
  const moved = await store.lock("b", 1000);
  await store.write("b", moved.fence, text, 10_000);
  assert.equal((await sealedStore(store, [other, one]).read("a")).text, "secret");
  assert.equal(await sealedStore(store, one).read("b"), undefined);
  assert.equal(await sealedStore(store, other).read("a"), undefined);
  for (const bad of ["", "short", undefined, [], ["A".repeat(42)]]) assert.throws(() => sealedStore(store, bad), { code: "invalid_configuration" });
});

test("sources that share a store share tokens, unless issuer, client or key differ", async () => {
  const store = memoryStore();
  const base = { store };
  const same = [sourceOf(undefined, base), sourceOf(undefined, base)];
  await Promise.all(same.map(({ source }) => source.get({ scope: "a" })));
  assert.equal(same[0].asked.length + same[1].asked.length, 1);
  for (const more of [{ issuer: "https://other.example" }, { clientId: "client-2" }, { keyId: "key-2" }]) {
    const { source, asked } = sourceOf(undefined, { ...base, ...more });
    await source.get({ scope: "a" });
    assert.equal(asked.length, 1, Object.keys(more)[0]);
  }
});

test("what has ended does not stay in memory", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const store = memoryStore();
  const text = () => randomBytes(512).toString("hex");
  const used = () => (gc(), process.memoryUsage().heapUsed);
  const before = used();
  for (let at = 0; at < 20_000; at++) {
    const { fence } = await store.lock(`name-${at}`, 1_000);
    await store.write(`name-${at}`, fence, text(), 1);
  }
  await sleep(5);
  const grown = used() - before;
  assert.ok(grown < 8_000_000, `${grown} octets of 20,000,000 are left`);
  assert.equal(await store.read("name-19999"), undefined);
});

test("what has not ended stays in memory, however much there is of it", async () => {
  const store = memoryStore();
  const names = Array.from({ length: 2_000 }, (_, at) => `session ${at}`);
  for (const name of names) assert.equal(await store.compareAndSet(name, undefined, `text of ${name}`, 3_600_000), true);
  for (const name of names) assert.equal((await store.read(name))?.text, `text of ${name}`);
});

test("times for a store are whole milliseconds, whatever the settings", async () => {
  const store = memoryStore();
  const times = [];
  const watched = {
    ...store,
    lock: (name, ms) => (times.push(ms), store.lock(name, ms)),
    write: (name, fence, text, ms) => (times.push(ms), store.write(name, fence, text, ms)),
  };
  const { source } = sourceOf(undefined, { store: watched, requestTimeout: 1 / 3, margin: 1 / 3 });
  await source.get({ scope: "a" });
  assert.equal(times.length, 2);
  for (const ms of times) assert.ok(Number.isInteger(ms), `${ms}`);
  // Redis refuses any other.
  const commands = [];
  const redis = redisStore(async (...command) => void commands.push(command));
  await redis.lock("name", 1000 / 3);
  await redis.write("name", "1.a", "text", 1000 / 3);
  await redis.compareAndSet("name", undefined, "text", 1000 / 3);
  for (const command of commands) assert.ok(command.includes("334"), command.join(" "));
});

test("a name in a store is the SHA-256 of the target's, by Node's own crypto and by WebCrypto", () => {
  const targets = [{ scope: "a" }, { subject: "ærlig\n\\" }, { extra: { a: "\ud800🫐".repeat(400) } }];
  for (const hide of ["", "process.getBuiltinModule = undefined;"]) {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        "--import",
        `data:text/javascript,${encodeURIComponent(hide)}`,
        "--input-type=module",
        "-e",
        `
      import { TokenSource, memoryStore } from "samtykke/tokens";
      const names = [];
      const tokens = { accessToken: "t", tokenType: "Bearer", expiresIn: 120, requestedScope: "", others: {} };
      const store = { ...memoryStore(), read: async (name) => void names.push(name) };
      const source = new TokenSource({ request: async () => tokens, issuer: "https://op.example", clientId: "client-1", store });
      for (const target of ${JSON.stringify(targets)}) await source.get(target);
      console.log(JSON.stringify(names));`,
      ],
      { encoding: "utf8", cwd: import.meta.dirname },
    );
    assert.equal(stderr, "");
    const base = "ihttps://op.example\ncclient-1\n";
    const texts = [`${base}sa\n`, `${base}uærlig\\n\\\\\n`, `${base}np.a\nv${targets[2].extra.a}\n`];
    assert.deepEqual(
      JSON.parse(stdout),
      texts.map((text) => createHash("sha256").update(text).digest("base64url")),
      hide,
    );
  }
});

test("what a store gives has the checked members, and no refresh token, id_token or claims", async () => {
  const memory = memoryStore();
  const texts = [];
  const store = { ...memory, write: (name, fence, text, left) => (texts.push(name + text), memory.write(name, fence, text, left)) };
  const answer = () =>
    tokensOf("t", { refresh_token: "refresh-secret", id_token: "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", scope: "granted", extra_member: { __proto__: null, a: 1 } });
  await sourceOf(answer, { store }).source.get({ scope: "a" });
  assert.equal(texts.length, 1);
  assert.doesNotMatch(texts[0], /refresh-secret|eyJhbGciOiJSUzI1NiJ9/);
  const { source, asked } = sourceOf(answer, { store });
  const tokens = await source.get({ scope: "a" });
  assert.equal(asked.length, 0);
  assert.deepEqual(
    { ...tokens, others: { ...tokens.others } },
    {
      accessToken: "t",
      tokenType: "Bearer",
      expiresIn: 120,
      scope: "granted",
      requestedScope: "",
      expiresAt: tokens.expiresAt,
      others: { extra_member: { a: 1 } },
    },
  );
  assert.ok(Math.abs(tokens.expiresAt - Date.now() / 1000 - 120) <= 1);
  assert.equal(Object.getPrototypeOf(tokens.others), null);
  assert.ok(Object.isFrozen(tokens));
});

test("a store that fails in each of its operations, or forgets, never costs a token", async () => {
  const broken = {
    read: () => {
      throw new Error("read");
    },
    lock: async () => {
      throw new Error("lock");
    },
    write: async () => {
      throw new Error("write");
    },
    unlock: () => new Promise(() => {}),
    changed: async () => {
      throw new Error("changed");
    },
  };
  for (const name of Object.keys(broken)) {
    const heard = [];
    const { source, asked } = sourceOf(undefined, {
      store: { ...memoryStore(), [name]: broken[name] },
      storeTimeout: 0.1,
      onStoreError: (error) => heard.push(error.message),
    });
    assert.equal((await source.get({ scope: "a" })).accessToken, "t1", name);
    assert.equal(asked.length, 1);
    if (!["unlock", "changed"].includes(name)) assert.deepEqual(heard, [name]);
  }
  const silent = { read: async () => undefined, lock: async () => ({ fence: "1" }), write: async () => false, unlock: async () => {} };
  const { source, asked } = sourceOf(undefined, { store: silent });
  await source.get({ scope: "a" });
  assert.equal((await source.get({ scope: "a" })).accessToken, "t1");
  assert.equal(asked.length, 1);
});

test("a lock that never comes free ends in a timeout, not in waiting", async () => {
  const { source, asked } = sourceOf(undefined, { store: { ...memoryStore(), lock: async () => undefined }, patience: 0.5 });
  const started = Date.now();
  await failsWith(source.get({ scope: "a" }), "timeout");
  assert.ok(Date.now() - started < 2_000);
  assert.equal(asked.length, 0);
});

test("a failure is remembered for all who share the store, and a token that is good outlives it", async () => {
  const store = memoryStore();
  const down = async () => {
    throw await answerError(500, "");
  };
  const one = sourceOf(down, { store, retries: 0 });
  const other = sourceOf(down, { store, retries: 0 });
  await failsWith(one.source.get({ scope: "a" }), "http_status_unexpected");
  await failsWith(other.source.get({ scope: "a" }), "http_status_unexpected", { http: { status: 500 } });
  assert.equal(other.asked.length, 0);
  let well = true;
  const flaky = sourceOf(() => (well ? tokensOf("good") : down()), { store, retries: 0 });
  await flaky.source.get({ scope: "b" });
  well = false;
  flaky.clock.add(61_000);
  await flaky.source.get({ scope: "b" });
  await sleep(20);
  const late = sourceOf(down, { store, retries: 0 });
  assert.equal((await late.source.get({ scope: "b" })).accessToken, "good");
  assert.equal(late.asked.length, 0);
});

test("a refused token is not taken from the store again, and its refusal is known to all who share the store", async () => {
  const store = memoryStore();
  const [one, other] = [sourceOf(undefined, { store }), sourceOf((_, at) => tokensOf(`other${at}`), { store })];
  const first = await one.source.get({ scope: "a" });
  assert.equal((await other.source.get({ scope: "a" })).accessToken, "t1");
  assert.equal((await one.source.renew({ scope: "a" }, first)).accessToken, "t2");
  const second = await other.source.renew({ scope: "a" }, first);
  assert.equal(second.accessToken, "t2");
  assert.equal((await other.source.renew({ scope: "a" }, second)).accessToken, "t2");
  assert.equal(one.asked.length, 2);
  assert.equal(other.asked.length, 0);
});

test("a token bound to a key is no other key's", async () => {
  const { SigningKey } = await import("samtykke");
  const store = memoryStore();
  const [one, other] = await Promise.all(
    [1, 2].map(async () => sourceOf(async () => ({ ...(await tokensOf("bound")), tokenType: "DPoP" }), { store, dpop: await SigningKey.generate() })),
  );
  await one.source.get({ scope: "a" });
  await other.source.get({ scope: "a" });
  assert.equal(other.asked.length, 1);
});

test("what came between the look and the lock is used, and the lock given back", async () => {
  const store = memoryStore();
  await sourceOf(undefined, { store }).source.get({ scope: "a" });
  const locks = [];
  const blind = { ...store, read: async () => undefined, lock: async (...args) => (locks.push(await store.lock(...args)), locks.at(-1)) };
  const { source, asked } = sourceOf(undefined, { store: blind });
  assert.equal((await source.get({ scope: "a" })).accessToken, "t1");
  assert.equal(asked.length, 0);
  assert.equal(locks.length, 1);
  const again = sourceOf(undefined, { store: blind });
  await again.source.get({ scope: "a" });
  assert.ok(locks[1], "the lock was given back");
});

test("a store that hangs is left alone for a while, so that not every target waits for it", async () => {
  const hangs = () => new Promise(() => {});
  const { source } = sourceOf(undefined, { store: { read: hangs, lock: hangs, write: hangs, unlock: hangs }, storeTimeout: 0.1 });
  const started = Date.now();
  for (let at = 0; at < 20; at++) await source.get({ scope: `s${at}` });
  assert.ok(Date.now() - started < 600, `${Date.now() - started}`);
});

test("a lock that a slow store gives too late is given back, so that nobody waits for its end", async () => {
  const memory = memoryStore();
  const late = { ...memory, lock: async (...args) => (await sleep(300), memory.lock(...args)) };
  const slow = sourceOf(undefined, { store: late, storeTimeout: 0.1 });
  assert.equal((await slow.source.get({ scope: "a" })).accessToken, "t1", "without the store");
  await sleep(300);
  const other = sourceOf(undefined, { store: memory });
  const started = Date.now();
  await other.source.get({ scope: "a" });
  assert.ok(Date.now() - started < 500, `${Date.now() - started}`);
  assert.equal(other.asked.length, 1);
});

test("odd tokens of a caller's own request come out of a store as they went in", async () => {
  const odd = [
    { accessToken: "a\nb" },
    { accessToken: "t", scope: "" },
    { accessToken: "t", scope: "one\ntwo" },
    { accessToken: "t", others: { a: "x\ny", b: [1] } },
    { accessToken: "t", expiresIn: 0.5e3 },
    { accessToken: "{", tokenType: "DPoP" },
    { accessToken: "t", requestedScope: "a b", scope: "c d" },
    { accessToken: "t", expiresIn: undefined },
  ];
  for (const one of odd) {
    const tokens = { tokenType: "Bearer", expiresIn: 120, requestedScope: "", others: {}, ...one };
    const store = memoryStore();
    await sourceOf(() => tokens, { store }).source.get({ scope: "a" });
    const { source, asked } = sourceOf(undefined, { store });
    const { expiresAt, ...got } = await source.get({ scope: "a" });
    assert.equal(asked.length, 0, JSON.stringify(one));
    assert.deepEqual({ ...got, others: { ...got.others } }, JSON.parse(JSON.stringify(tokens)));
    assert.equal(expiresAt === undefined, tokens.expiresIn === undefined);
  }
  for (const missing of [{ others: undefined }, { requestedScope: undefined }]) {
    const store = memoryStore();
    const answer = () => ({ accessToken: "t", tokenType: "Bearer", expiresIn: 120, requestedScope: "", others: {}, ...missing });
    await sourceOf(answer, { store }).source.get({ scope: "a" });
    const { source, asked } = sourceOf(undefined, { store });
    assert.equal((await source.get({ scope: "a" })).accessToken, "t");
    assert.equal(asked.length, 0);
  }
});

test("a record that was cut or changed counts for nothing", async () => {
  const good = "100\nBearer\n120\n\n\n\nthe-token";
  const bad = [
    "",
    "100",
    "100\nBearer",
    "x\nBearer\n120\n\n\n\nt",
    "-1\nBearer\n120\n\n\n\nt",
    "100\nbearer\n120\n\n\n\nt",
    "100\nBearer\nx\n\n\n\nt",
    "100\nBearer\n120\n\n\n\n",
    "100\nBearer\n120\n\n\n{\nt",
    "100\nBearer\n120\n\n\nt",
  ];
  for (const [at, text] of [good, ...bad].entries()) {
    const { source, asked } = sourceOf(undefined, { store: { ...memoryStore(), read: async () => ({ text, left: 100_000 }) } });
    assert.equal((await source.get({ scope: "a" })).accessToken, at ? "t1" : "the-token", JSON.stringify(text));
    assert.equal(asked.length, at ? 1 : 0);
  }
});

test("each operation of a store has its own time limit, however many are under way", async () => {
  const failed = [];
  const started = performance.now();
  const store = {
    ...memoryStore(),
    read: () => new Promise(() => {}),
    lock: async () => {
      throw new Error("down");
    },
  };
  const sources = Array.from(
    { length: 3 },
    () => sourceOf(undefined, { store, storeTimeout: 0.2, onStoreError: () => failed.push(performance.now() - started) }).source,
  );
  const [one, two, three] = sources;
  const all = [one.get({ scope: "a" }), one.get({ scope: "b" })];
  await sleep(120);
  all.push(two.get({ scope: "a" }), one.get({ scope: "c" }));
  await sleep(60);
  all.push(three.get({ scope: "a" }));
  await Promise.all(all);
  assert.deepEqual(
    failed.map((time) => Math.floor((time + 10) / 20)).map((step) => (step < 14 ? "first" : step < 18 ? "second" : "third")),
    ["first", "first", "second", "second", "third"],
    String(failed),
  );
});

test("a process ends at once after its last token, and waits for a store that hangs", () => {
  const run = (read) =>
    spawnSync(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `
    import { TokenSource, memoryStore } from "samtykke/tokens";
    const tokens = { accessToken: "t", tokenType: "Bearer", expiresIn: 120, requestedScope: "", others: {} };
    const source = new TokenSource({ request: async () => tokens, issuer: "i", clientId: "c", storeTimeout: 2, store: { ...memoryStore(), ${read} } });
    for (const scope of ["a", "b"]) await source.get({ scope });
    process.stdout.write("got");
    const started = Date.now();
    process.on("exit", () => process.stdout.write(" " + (Date.now() - started < 1000)));`,
      ],
      { encoding: "utf8", cwd: import.meta.dirname },
    );
  assert.equal(run("").stdout, "got true");
  assert.equal(run("read: () => new Promise(() => {})").stdout, "got true");
});

test("a record with a pause and no reason, which nobody writes, counts for nothing", async () => {
  for (const text of ['{"tail":0,"replace":0,"failures":1,"resume":0}', '{"tail":0,"replace":0,"failures":9,"resume":0,"error":null}']) {
    const damaged = { ...memoryStore(), read: async () => ({ text, left: 5_000 }) };
    const { source } = sourceOf(undefined, { store: damaged });
    assert.equal((await source.get({ scope: "a" })).accessToken, "t1", text);
  }
});

test("a store that cannot write keeps nobody waiting for the lock either", async () => {
  const store = {
    ...memoryStore(),
    write: async () => {
      throw new Error("full");
    },
  };
  const sources = [1, 2, 3].map((at) => sourceOf(async () => (await sleep(50), tokensOf(`t${at}`)), { store }));
  const started = Date.now();
  await Promise.all(sources.map(({ source }) => source.get({ scope: "a" })));
  assert.ok(Date.now() - started < 2_000, `${Date.now() - started}`);
  assert.deepEqual(
    sources.map(({ asked }) => asked.length),
    [1, 1, 1],
  );
});

test("a lock that outlasts two leases, which none should, is done without", async () => {
  // A question of 1 ms makes a lease of two seconds.
  const { source, asked } = sourceOf(undefined, { store: { ...memoryStore(), lock: async () => undefined }, requestTimeout: 0.001, patience: 10 });
  const started = Date.now();
  assert.equal((await source.get({ scope: "a" })).accessToken, "t1");
  assert.ok(Date.now() - started > 3_900 && Date.now() - started < 6_500, `${Date.now() - started}`);
  assert.equal(asked.length, 1);
});
