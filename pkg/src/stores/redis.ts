// Redis (or what speaks its language): one key for the record, one for the lock, one for the counter behind its fences.
// Each operation is one script, so one round trip and nothing in between; all three keys have one hash tag, for a cluster.

import { configured } from "../check.js";
import type { Kept, TokenStore } from "../token_store.js";

/**
 * Sends one command and answers what Redis answered: `(...command) => client.sendCommand(command)` of node-redis,
 * `(...command) => redis.call(...command)` of ioredis.
 */
export type RedisSend = (...command: [string, ...string[]]) => Promise<unknown>;

/** Settings of {@link redisStore}. */
export interface RedisStoreOptions {
  /** What every key begins with; `samtykke:` unless given. */
  readonly prefix?: string;
}

const READ = "return {redis.call('get',KEYS[1]),redis.call('pttl',KEYS[1])}";
// The counter outlives every lock by far, and the caller's random text keeps fences apart even where a server lost its data.
const LOCK = `if redis.call('exists',KEYS[2])==1 then return false end
local fence=redis.call('incr',KEYS[3])..'.'..ARGV[2]
redis.call('pexpire',KEYS[3],86400000)
redis.call('set',KEYS[2],fence,'px',ARGV[1])
return {fence,redis.call('get',KEYS[1]),redis.call('pttl',KEYS[1])}`;
const WRITE = `if redis.call('get',KEYS[2])~=ARGV[1] then return 0 end
redis.call('set',KEYS[1],ARGV[2],'px',ARGV[3])
redis.call('del',KEYS[2])
return 1`;
const UNLOCK = "if redis.call('get',KEYS[1])==ARGV[1] then redis.call('del',KEYS[1]) end return 0";

/** A text and its time to live; some clients answer octets, and some numbers as texts. */
function keptOf(text: unknown, left: unknown): Kept | undefined {
  return text === null || text === undefined ? undefined : { text: textOf(text), left: Math.max(Number(left), 0) };
}

const textOf = (value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value));

/**
 * A store in Redis: one token request for all processes that share it. Times are Redis's own.
 *
 * @example
 * ```ts
 * const redis = await createClient({ url: env.REDIS_URL }).connect(); // node-redis
 * const store = redisStore((...command) => redis.sendCommand(command));
 * ```
 */
export function redisStore(send: RedisSend, { prefix = "samtykke:" }: RedisStoreOptions = {}): TokenStore {
  configured(typeof send === "function", "send: a function that sends one command");
  configured(typeof prefix === "string" && !/[{}]/.test(prefix), "prefix: a text without braces");
  const record = (name: string) => `${prefix}{${name}}`;
  const keys = (name: string) => [record(name), `${record(name)}:lock`, `${record(name)}:fence`] as const;
  return {
    async read(name) {
      const [text, left] = (await send("EVAL", READ, "1", record(name))) as [unknown, unknown];
      return keptOf(text, left);
    },
    async lock(name, milliseconds) {
      const answer = await send("EVAL", LOCK, "3", ...keys(name), `${milliseconds}`, crypto.randomUUID());
      if (!Array.isArray(answer)) return undefined;
      const kept = keptOf(answer[1], answer[2]);
      return { fence: textOf(answer[0]), ...(kept && { kept }) };
    },
    async write(name, fence, text, milliseconds) {
      return Number(await send("EVAL", WRITE, "2", ...(keys(name).slice(0, 2) as [string, string]), fence, text, `${milliseconds}`)) === 1;
    },
    async unlock(name, fence) {
      await send("EVAL", UNLOCK, "1", keys(name)[1], fence);
    },
  };
}
