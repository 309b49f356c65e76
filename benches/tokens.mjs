// The token source: a kept token in memory, and one that comes from Redis or a Durable Object, beside the bare engine's round trip.
// Sealed ones also stand beside the round trip with nothing but the opening by the runtime's own AES-GCM.
// Redis: a bare GET, the store's `read`, a whole `get` of a source that has not seen the target yet, and one of a source whose
// token another process replaced; one after the other, by the same connection over loopback: the shortest round trip there is,
// so the largest share for what is not the engine.
// Durable Object: the same within workerd, whose clock stands still meanwhile, so many at once are measured from outside.

import { createDecipheriv, createSecretKey, hkdfSync } from "node:crypto";

import { TokenSource, redisStore, sealedStore } from "samtykke/tokens";
import { tokensFrom } from "../tests/lib/answering.mjs";
import { startRedis } from "../tests/tokens/redis.mjs";
import { startWorkers } from "../tests/tokens/workers.mjs";

const tokens = await tokensFrom({
  contentType: "application/json",
  body: JSON.stringify({ access_token: "x".repeat(600), token_type: "Bearer", expires_in: 3600 }),
});
const sourceOf = (more) =>
  new TokenSource({ request: async () => tokens, issuer: "https://test.maskinporten.no/", clientId: "client-1", keyId: "key-1", ...more });
const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];
const rowOf = (name, values) => ({ name, median_us: +median(values).toFixed(2), best_us: +values[0].toFixed(2) });

/** Another token for each target in the store, as another process would put there; all of them end in an hour. */
async function replaced(store, targets, round) {
  const other = { ...tokens, accessToken: `${round}`.padStart(600, "x") };
  // It sees nothing of what is there, so it asks and writes.
  for (const target of targets)
    await sourceOf({
      store: { ...store, read: async () => undefined, lock: async (...rest) => ({ fence: (await store.lock(...rest)).fence }) },
      request: async () => other,
    }).get(target);
}

/** Rounds that take turns; microseconds of one operation in each. */
async function turns(work, rounds, warm, each) {
  const times = Object.fromEntries(Object.keys(work).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, job] of Object.entries(work)) {
      await job.before?.(round);
      const start = performance.now();
      await job();
      if (round >= warm) times[name].push(((performance.now() - start) / each) * 1000);
    }
  }
  return times;
}

async function memory() {
  const targets = [{ scope: "read" }, { scope: "skatteetaten:a skatteetaten:b", resource: "https://api.example", organisation: "974761076" }];
  const source = sourceOf();
  for (const target of targets) await source.get(target);
  const ROUND = 5_000;
  const work = Object.fromEntries(
    ["kept, one scope", "kept, two scopes, resource, organisation"].map((name, at) => [
      name,
      async () => {
        for (let count = 0; count < ROUND; count++) await source.get(targets[at]);
      },
    ]),
  );
  return Object.entries(await turns(work, 60, 15, ROUND)).map(([name, values]) => rowOf(name, values));
}

async function redis() {
  const server = await startRedis();
  if (server.gap) return { rows: [], gap: server.gap };
  try {
    const { send, close } = await server.nodeRedis();
    const NAMES = 100;
    const targets = Array.from({ length: NAMES }, (_, at) => ({ scope: `scope-${at}` }));
    const stores = { "Redis, whole get": redisStore(send), "Redis, whole get, sealed": sealedStore(redisStore(send, { prefix: "sealed:" }), "A".repeat(43)) };
    const work = {};
    for (const [name, store] of Object.entries(stores)) {
      for (const target of targets) await sourceOf({ store }).get(target);
      const request = async () => {
        throw new Error("the store lost a token");
      };
      work[name] = async () => {
        const source = sourceOf({ store, request });
        for (const target of targets) await source.get(target);
      };
    }
    for (const [name, prefix] of [
      ["Redis, whole get of a replaced token", "again:"],
      ["Redis, whole get of a replaced token, sealed", "sealed-again:"],
    ]) {
      const bare = redisStore(send, { prefix });
      const store = prefix.startsWith("sealed") ? sealedStore(bare, "A".repeat(43)) : bare;
      let ahead = 0;
      const source = sourceOf({
        store,
        request: async () => {
          throw new Error("the store lost a token");
        },
        clock: () => Date.now() + ahead,
      });
      work[name] = async () => {
        for (const target of targets) await source.get(target);
      };
      work[name].before = async (round) => {
        await replaced(store, targets, round);
        ahead += 3_600_000;
      };
    }
    const names = (await send("KEYS", "samtykke:*")).filter((key) => key.endsWith("}")).map((key) => key.slice("samtykke:{".length, -1));
    work["Redis, store"] = async () => {
      for (const name of names) await stores["Redis, whole get"].read(name);
    };
    const keys = (await send("KEYS", "samtykke:*")).filter((key) => key.endsWith("}"));
    work["Redis, bare GET"] = async () => {
      for (const key of keys) await send("GET", key);
    };
    const key = createSecretKey(Buffer.from(hkdfSync("sha256", Buffer.alloc(32), Buffer.alloc(0), "samtykke 1 token", 32)));
    const sealed = (await send("KEYS", "sealed:*")).filter((name) => name.endsWith("}")).map((name) => [name, `token ${name.slice("sealed:{".length, -1)}`]);
    work["Redis, bare GET and bare opening"] = async () => {
      for (const [name, purpose] of sealed) {
        const record = await send("GET", name);
        const whole = Buffer.from(record.slice(record.indexOf(" ") + 1), "base64url");
        const decipher = createDecipheriv("aes-256-gcm", key, whole.subarray(1, 13), { authTagLength: 16 });
        decipher.setAAD(purpose).setAuthTag(whole.subarray(-16));
        const text = decipher.update(whole.subarray(13, -16), undefined, "utf8") + decipher.final("utf8");
        if (!text.includes("Bearer")) throw new Error("that was no record");
      }
    };
    const times = await turns(work, 60, 15, NAMES);
    close();
    return { rows: Object.entries(times).map(([name, values]) => rowOf(name, values)) };
  } finally {
    await server.kill();
  }
}

async function durableObject() {
  const workers = await startWorkers({ origin: "http://127.0.0.1:1", jwk: {} }, {}, { count: 1 });
  try {
    const TIMES = 100;
    const ask = (what) => async () => {
      const { text } = await workers.ask(0, `/bench?what=${what}&times=${TIMES}`);
      if (text !== "done") throw new Error("the worker did not answer");
    };
    const work = {
      "Durable Object, bare": ask("bare"),
      "Durable Object, bare and bare opening": ask("opened"),
      "Durable Object, store": ask("store"),
      "Durable Object, store, sealed": ask("sealed"),
    };
    return Object.entries(await turns(work, 50, 10, TIMES)).map(([name, values]) => rowOf(name, values));
  } finally {
    await workers.close();
  }
}

export async function measure() {
  const [kept, store, object] = [await memory(), await redis(), await durableObject()];
  const rows = [...kept, ...store.rows, ...object];
  const of = (name) => rows.find((row) => row.name === name)?.median_us;
  const ratio = (one, other) => (of(one) && of(other) ? +(of(one) / of(other)).toFixed(3) : null);
  return {
    rows,
    ...(store.gap && { gap: store.gap }),
    ratios: {
      redis: ratio("Redis, store", "Redis, bare GET"),
      redis_get: ratio("Redis, whole get", "Redis, bare GET"),
      redis_get_sealed: ratio("Redis, whole get, sealed", "Redis, bare GET"),
      redis_replaced: ratio("Redis, whole get of a replaced token", "Redis, bare GET"),
      redis_replaced_sealed: ratio("Redis, whole get of a replaced token, sealed", "Redis, bare GET"),
      redis_get_sealed_opening: ratio("Redis, whole get, sealed", "Redis, bare GET and bare opening"),
      redis_replaced_sealed_opening: ratio("Redis, whole get of a replaced token, sealed", "Redis, bare GET and bare opening"),
      durable_object: ratio("Durable Object, store", "Durable Object, bare"),
      durable_object_sealed: ratio("Durable Object, store, sealed", "Durable Object, bare"),
      durable_object_sealed_opening: ratio("Durable Object, store, sealed", "Durable Object, bare and bare opening"),
    },
    microseconds: {
      kept: Math.max(...kept.map(({ median_us }) => median_us)),
      redis_get_adds: of("Redis, whole get") ? +(of("Redis, whole get") - of("Redis, bare GET")).toFixed(1) : null,
    },
    ceilings: { redis: 1.2, durable_object: 1.2, kept_us: 5 },
  };
}

if (import.meta.filename === process.argv[1]) console.log(JSON.stringify(await measure(), null, 1));
