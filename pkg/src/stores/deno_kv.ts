// Deno KV: the fence of a lock is the version that Deno gave it, which grows and never comes twice.
// Deno KV tells no time and may keep a value beyond its end, so ends stand in the values, by this machine's clock.

import { configured } from "../check.js";
import { sleep } from "../sleep.js";
import type { Kept, TokenStore } from "../token_store.js";

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

interface Record {
  readonly text: string;
  readonly ends: number;
}

/**
 * A store in Deno KV: one token request for all isolates that share it. Times are those of each machine: clocks that differ
 * by more than the source's margin make for tokens that are used after their end, which costs a refusal and one more call.
 *
 * @example
 * ```ts
 * const source = new TokenSource({ client, store: denoKvStore(await Deno.openKv()) });
 * ```
 */
export function denoKvStore(kv: DenoKv, { prefix = ["samtykke"] }: DenoKvStoreOptions = {}): TokenStore {
  configured(typeof kv?.atomic === "function", "a Deno.Kv");
  const record = (name: string) => [...prefix, "token", name];
  const lock = (name: string) => [...prefix, "lock", name];
  const kept = (value: Record | null): Kept | undefined => {
    const left = (value?.ends ?? 0) - Date.now();
    return value && left > 0 ? { text: value.text, left } : undefined;
  };
  return {
    async read(name) {
      return kept((await steady(() => kv.get<Record>(record(name)))).value);
    },
    async lock(name, milliseconds) {
      const [there, held] = (await steady(() => kv.getMany([record(name), lock(name)]))) as [{ value: Record | null; versionstamp: string | null }, { value: number | null; versionstamp: string | null }];
      const now = Date.now();
      // A lock that ends later than any could comes from a clock ahead of this one; its version still guards it.
      if (held.value !== null && now < held.value && held.value <= now + 2 * milliseconds) return undefined;
      const got = await steady(() =>
        kv
          .atomic()
          .check({ key: lock(name), versionstamp: held.versionstamp })
          .check({ key: record(name), versionstamp: there.versionstamp })
          .set(lock(name), now + milliseconds, { expireIn: milliseconds })
          .commit(),
      );
      if (!got.ok) return undefined;
      const found = kept(there.value);
      return { fence: got.versionstamp, ...(found && { kept: found }) };
    },
    async write(name, fence, text, milliseconds) {
      if (!isVersion(fence)) return false;
      const value: Record = { text, ends: Date.now() + milliseconds };
      const held = { key: lock(name), versionstamp: fence };
      const done = await steady(() => kv.atomic().check(held).set(record(name), value, { expireIn: milliseconds }).delete(lock(name)).commit());
      return done.ok;
    },
    async unlock(name, fence) {
      const held = { key: lock(name), versionstamp: fence };
      if (isVersion(fence)) await steady(() => kv.atomic().check(held).delete(lock(name)).commit());
    },
  };
}
