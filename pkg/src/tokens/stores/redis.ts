// Redis (or what speaks its language): one key for the record, one for the lock, one for the counter behind its fences.
// Each operation is one command or one script, so one round trip and nothing in between; all three keys have one hash tag, for
// a cluster. A record names its end by Redis's clock; a process learns once a minute how far its own is from that.

import { type Names, assertConfigured, isOctets, only } from "../../core/check.js";
import type { Kept, SessionStore } from "../store.js";

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

const NOW = "local t=redis.call('time');local now=t[1]*1000+math.floor(t[2]/1000)";
// The counter outlives every lock by far, and the caller's random text keeps fences apart even where a server lost its data.
const LOCK = `if redis.call('exists',KEYS[2])==1 then return false end
${NOW}
local fence=redis.call('incr',KEYS[3])..'.'..ARGV[2]
redis.call('pexpire',KEYS[3],86400000)
redis.call('set',KEYS[2],fence,'px',ARGV[1])
return {fence,string.format('%.0f',now),redis.call('get',KEYS[1])}`;
const WRITE = `if redis.call('get',KEYS[2])~=ARGV[1] then return 0 end
${NOW}
redis.call('set',KEYS[1],string.format('%.0f',now+ARGV[3])..' '..ARGV[2],'px',ARGV[3])
redis.call('del',KEYS[2])
return 1`;
// A text that was given as `before` must be what is kept; without one nothing may be.
const SWAP = `${NOW}
local kept=redis.call('get',KEYS[1])
local cut=kept and string.find(kept,' ',1,true)
if cut then if tonumber(string.sub(kept,1,cut-1))>now then kept=string.sub(kept,cut+1) else kept=false end end
if ARGV[3]=='1' then if kept~=ARGV[4] then return 0 end elseif kept then return 0 end
redis.call('set',KEYS[1],string.format('%.0f',now+ARGV[2])..' '..ARGV[1],'px',ARGV[2])
return 1`;
const UNLOCK = "if redis.call('get',KEYS[1])==ARGV[1] then redis.call('del',KEYS[1]) end return 0";
/** Redis takes whole milliseconds alone. */
const whole = (milliseconds: number) => `${Math.ceil(milliseconds)}`;
/** Milliseconds for which the distance between two clocks counts as known. */
const KNOWN_FOR = 60_000;

/** Some clients answer octets, and some numbers as texts. */
const textOf = (value: unknown) => (typeof value === "string" ? value : isOctets(value) ? new TextDecoder().decode(value) : String(value));

/** A record as it is kept: when it ends, and the text. */
function keptOf(value: unknown, now: number): Kept | undefined {
  if (value === null || value === undefined) return undefined;
  const record = textOf(value);
  const cut = record.indexOf(" ");
  const ends = Number(record.slice(0, cut));
  return Number.isSafeInteger(ends) && ends > now ? { text: record.slice(cut + 1), left: ends - now } : undefined;
}

/**
 * A store in Redis: one token request for all processes that share it. Times are Redis's own.
 *
 * @example
 * ```ts
 * const redis = await createClient({ url: env.REDIS_URL }).connect(); // node-redis
 * const store = redisStore((...command) => redis.sendCommand(command));
 * ```
 */
export function redisStore(send: RedisSend, options: RedisStoreOptions = {}): SessionStore {
  only(options, { prefix: 1 } satisfies Names<RedisStoreOptions>);
  const { prefix = "samtykke:" } = options;
  assertConfigured(typeof send === "function", "send: a function that sends one command");
  assertConfigured(typeof prefix === "string" && !/[{}]/.test(prefix), "prefix: a text without braces");
  const record = (name: string) => `${prefix}{${name}}`;
  const keys = (name: string) => [record(name), `${record(name)}:lock`, `${record(name)}:fence`] as const;
  let ahead = 0;
  let learnt = -Infinity;
  /**
   * Takes what Redis said of its time, which was cut to whole milliseconds. That, and the time before the question, so that an
   * end comes too soon rather than too late.
   */
  const learn = (time: number, before: number) => {
    ahead = time + 1 - before;
    learnt = before;
  };
  const ask = async (before: number) => {
    const [seconds, micros] = (await send("TIME")) as [unknown, unknown];
    learn(Number(textOf(seconds)) * 1000 + Math.floor(Number(textOf(micros)) / 1000), before);
  };
  return {
    async read(name) {
      // A clock that nobody sets.
      const before = performance.now();
      const answer = send("GET", record(name));
      const value = before >= learnt + KNOWN_FOR ? (await Promise.all([answer, ask(before)]))[0] : await answer;
      return keptOf(value, performance.now() + ahead);
    },
    async lock(name, milliseconds) {
      const before = performance.now();
      const answer = await send("EVAL", LOCK, "3", ...keys(name), whole(milliseconds), crypto.randomUUID());
      if (!Array.isArray(answer)) return undefined;
      const time = Number(textOf(answer[1]));
      learn(time, before);
      const kept = keptOf(answer[2], time);
      return { fence: textOf(answer[0]), ...(kept && { kept }) };
    },
    async write(name, fence, text, milliseconds) {
      return Number(await send("EVAL", WRITE, "2", ...(keys(name).slice(0, 2) as [string, string]), fence, text, whole(milliseconds))) === 1;
    },
    async compareAndSet(name, before, text, milliseconds) {
      const known = before === undefined ? ["0", ""] : ["1", before];
      return Number(await send("EVAL", SWAP, "1", record(name), text, whole(milliseconds), ...known)) === 1;
    },
    async delete(name) {
      await send("DEL", record(name));
    },
    async unlock(name, fence) {
      await send("EVAL", UNLOCK, "1", keys(name)[1], fence);
    },
  };
}
