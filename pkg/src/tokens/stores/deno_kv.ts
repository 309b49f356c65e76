// Deno KV: the fence of a lock is the version that Deno gave it, which grows and never comes twice.
// Deno KV tells no time and may keep a value beyond its end, and machines' clocks differ. So what a process saw itself comes
// first: a value is younger than the last look at another one, and older than the first look at it.

import { type Names, assertConfigured, only } from "../../core/check.js";
import { sleep } from "../../core/sleep.js";
import type { Kept, SessionStore } from "../store.js";

type Key = readonly string[];

/** What of `Deno.Kv` is used. */
export interface DenoKv {
  get<T>(key: Key): Promise<{ readonly value: T | null; readonly versionstamp: string | null }>;
  getMany(keys: readonly Key[]): Promise<readonly { readonly value: unknown; readonly versionstamp: string | null }[]>;
  atomic(): DenoKvAtomic;
}

/** What of `Deno.AtomicOperation` is used. */
export interface DenoKvAtomic {
  check(entry: { readonly key: Key; readonly versionstamp: string | null }): DenoKvAtomic;
  set(key: Key, value: unknown, options?: { readonly expireIn?: number }): DenoKvAtomic;
  delete(key: Key): DenoKvAtomic;
  commit(): Promise<{ readonly ok: true; readonly versionstamp: string } | { readonly ok: false }>;
}

/** Settings of {@link denoKvStore}. */
export interface DenoKvStoreOptions {
  /** What every key begins with; `["samtykke"]` unless given. */
  readonly prefix?: readonly string[];
}

/** Deno's own file database refuses a writer while another writes, with nothing done; Deno Deploy's does not. */
const isBusy = (error: unknown) => /database is (locked|busy)/i.test(String(error));
const MOST_TRIES = 20;

async function steady<T>(operation: () => Promise<T>): Promise<T> {
  for (let at = 1; ; at++) {
    try {
      return await operation();
    } catch (error) {
      if (!isBusy(error) || at === MOST_TRIES) throw error;
      await sleep(Math.random() * 5 * Math.min(at, 10), "token");
    }
  }
}

/** A version as Deno writes it; it throws for others. */
const isVersion = (fence: string) => /^[0-9a-f]{20}$/.test(fence);

/** A text or a lock: when it ends by the clock of whoever wrote it, and how long it was to last. */
interface Ending {
  readonly ends: number;
  readonly milliseconds: number;
}

interface Record extends Ending {
  readonly text: string;
}

/** How far two clocks may be apart: each a minute off, one ahead and the other behind. */
const APART = 120_000;
const MOST_SEEN = 1_000;

/** When this process saw which version of a value, by a clock that nobody sets. */
class Sightings {
  readonly #seen = new Map<string, { readonly version: string | null; readonly first: number; readonly before: number; last: number }>();

  /** Takes a look; answers how old the value is at least and at most, in milliseconds. */
  see(name: string, version: string | null): { readonly least: number; readonly most: number } {
    const now = performance.now();
    const seen = this.#seen.get(name);
    const next = seen?.version === version ? seen : { version, first: now, before: seen?.last ?? -Infinity, last: now };
    next.last = now;
    this.#seen.delete(name);
    this.#seen.set(name, next);
    if (this.#seen.size > MOST_SEEN) this.#seen.delete(this.#seen.keys().next().value!);
    return { least: now - next.first, most: now - next.before };
  }
}

/**
 * A store in Deno KV: one token request for all isolates that share it, whatever their clocks say. A process that finds a token
 * another wrote before it looked goes by its own clock, so clocks should differ by less than the source's margin.
 *
 * @example
 * ```ts
 * const source = new TokenSource({ client, store: denoKvStore(await Deno.openKv()) });
 * ```
 */
export function denoKvStore(kv: DenoKv, options: DenoKvStoreOptions = {}): SessionStore {
  only(options, { prefix: 1 } satisfies Names<DenoKvStoreOptions>);
  const { prefix = ["samtykke"] } = options;
  assertConfigured(typeof kv?.atomic === "function", "a Deno.Kv");
  const record = (name: string) => [...prefix, "token", name];
  const lock = (name: string) => [...prefix, "lock", name];
  const [records, locks] = [new Sightings(), new Sightings()];
  const kept = (name: string, value: Record | null, version: string | null): Kept | undefined => {
    const { least, most } = records.see(name, version);
    if (!value) return undefined;
    const { text, ends, milliseconds } = value;
    const left = Math.max(milliseconds - most, Math.min(ends - Date.now(), milliseconds - least));
    return left > 0 ? { text, left } : undefined;
  };
  /** A lock is over when it was looked at for as long as it lasts, or ended so long ago that no clock can be to blame. */
  const holds = (name: string, value: Ending | null, version: string | null) => {
    const { least } = locks.see(name, version);
    return value !== null && least < value.milliseconds && Date.now() < value.ends + APART;
  };
  return {
    async read(name) {
      const { value, versionstamp } = await steady(() => kv.get<Record>(record(name)));
      return kept(name, value, versionstamp);
    },
    async lock(name, milliseconds) {
      const [there, held] = (await steady(() => kv.getMany([record(name), lock(name)]))) as [
        { value: Record | null; versionstamp: string | null },
        { value: Ending | null; versionstamp: string | null },
      ];
      const found = kept(name, there.value, there.versionstamp);
      if (holds(name, held.value, held.versionstamp)) return undefined;
      const got = await steady(() =>
        kv
          .atomic()
          .check({ key: lock(name), versionstamp: held.versionstamp })
          .check({ key: record(name), versionstamp: there.versionstamp })
          .set(lock(name), { ends: Date.now() + milliseconds, milliseconds }, { expireIn: milliseconds })
          .commit(),
      );
      if (!got.ok) return undefined;
      return { fence: got.versionstamp, ...(found && { kept: found }) };
    },
    async write(name, fence, text, milliseconds) {
      if (!isVersion(fence)) return false;
      const value: Record = { text, ends: Date.now() + milliseconds, milliseconds };
      const held = { key: lock(name), versionstamp: fence };
      const done = await steady(() => kv.atomic().check(held).set(record(name), value, { expireIn: milliseconds }).delete(lock(name)).commit());
      if (done.ok) records.see(name, done.versionstamp);
      return done.ok;
    },
    async compareAndSet(name, before, text, milliseconds) {
      const { value, versionstamp } = await steady(() => kv.get<Record>(record(name)));
      if (kept(name, value, versionstamp)?.text !== before) return false;
      const next: Record = { text, ends: Date.now() + milliseconds, milliseconds };
      const done = await steady(() =>
        kv
          .atomic()
          .check({ key: record(name), versionstamp })
          .set(record(name), next, { expireIn: milliseconds })
          .commit(),
      );
      if (done.ok) records.see(name, done.versionstamp);
      return done.ok;
    },
    async delete(name) {
      await steady(() => kv.atomic().delete(record(name)).commit());
    },
    async unlock(name, fence) {
      const held = { key: lock(name), versionstamp: fence };
      if (isVersion(fence)) await steady(() => kv.atomic().check(held).delete(lock(name)).commit());
    },
  };
}
