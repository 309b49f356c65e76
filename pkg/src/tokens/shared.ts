// A store as a token source uses it: each operation with a time limit, and none at all for a while after one failed.
// A store that is down, slow or lost costs a question of each process's own; it never costs a token.

import { nodeCrypto } from "../core/node.js";
import { sleep } from "../core/sleep.js";
import { TimeLimit } from "../core/time_limit.js";
import { tell } from "../core/wait.js";
import { base64url } from "../crypto/base64url.js";
import type { Entry, Flight } from "./entry.js";
import { pause } from "./lock.js";
import type { Kept, Lock, TokenStore } from "./store.js";

/** @internal There is no store, or none that answers. */
export const DOWN = Symbol("down");

/** Milliseconds on top of a time limit before a flight counts as given up. */
const SLACK = 2_000;
/** The longest wait for a change before looking again, since a lock that ends by itself tells nobody. */
const LONGEST_LOOK = 1_000;
const LONGEST_PAUSE = 30_000;

/** A store's names say nothing of the person or the organisation. By WebCrypto where Node's hash is not there: no wasm need be. */
const digest = (name: string): string | Promise<string> =>
  nodeCrypto()?.hash?.("sha256", name, "base64url") ??
  crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)).then((octets) => base64url(new Uint8Array(octets)));

const look = (store: TokenStore, name: string) => store.read(name);

/** What has a name in a store, and a text for it. */
type Named = Pick<Entry, "name" | "hash" | "record">;
/** Who uses it, and until when at most. */
type Timed = Pick<Flight, "until">;

/** @internal */
export class SharedStore {
  #failures = 0;
  #back = 0;
  readonly #limit: TimeLimit;
  readonly #longer: TimeLimit;

  constructor(
    readonly store: TokenStore | undefined,
    readonly clock: () => number,
    limit: number,
    readonly lease: number,
    readonly onError: ((error: unknown) => void) | undefined,
  ) {
    this.#limit = new TimeLimit(limit);
    this.#longer = new TimeLimit(limit + LONGEST_LOOK);
  }

  read(entry: Named, flight: Timed): Promise<Kept | undefined | typeof DOWN> {
    return this.#run(entry, flight, look);
  }

  /** As {@link read}, for a caller that has a promise of its own; `then` must not throw. */
  look(entry: Named, flight: Timed, then: (kept: Kept | undefined | typeof DOWN) => void): void {
    this.#begin(entry, flight, look, then, this.#limit);
  }

  lock(entry: Named, flight: Timed): Promise<Lock | undefined | typeof DOWN> {
    return this.#run(
      entry,
      flight,
      (store, name) => store.lock(name, this.lease),
      this.#limit,
      (lock) => this.#giveBack(entry, lock),
    );
  }

  async unlock(entry: Named, flight: Timed, fence: string | undefined): Promise<void> {
    if (fence !== undefined) await this.#run(entry, flight, (store, name) => store.unlock(name, fence));
  }

  /** A lock that came too late to be used, or whose write failed: else others would wait for its end. */
  #giveBack({ hash }: Named, lock: Lock | undefined): void {
    if (!lock || hash === undefined) return;
    try {
      this.store?.unlock(hash, lock.fence).catch(() => {});
    } catch {
      // It ends by itself.
    }
  }

  /** Keeps what there is to keep, and unlocks. A lock that was lost meanwhile keeps nothing; the token is good all the same. */
  async write(entry: Named, flight: Timed, fence: string | undefined, now: number): Promise<void> {
    if (fence === undefined) return;
    const { text, milliseconds } = entry.record(now);
    if (milliseconds > 0) {
      const written = await this.#run(entry, flight, (store, name) => store.write(name, fence, text, milliseconds));
      if (written === DOWN) this.#giveBack(entry, { fence });
    } else await this.unlock(entry, flight, fence);
  }

  /** Waits until something may have changed. */
  async changed(entry: Named, flight: Timed, looks: number): Promise<void> {
    if (this.store?.changed) await this.#run(entry, flight, (store, name) => store.changed!(name, LONGEST_LOOK), this.#longer);
    else {
      flight.until = this.clock() + SLACK;
      await sleep(pause(looks), "token");
    }
  }

  #run<T>(
    entry: Named,
    flight: Timed,
    operation: (store: TokenStore, name: string) => Promise<T>,
    limit = this.#limit,
    late?: (answer: T) => void,
  ): Promise<T | typeof DOWN> {
    return new Promise((resolve) => this.#begin(entry, flight, operation, resolve, limit, late));
  }

  /** Calls `then` once, later or, where there is no store to ask, at once. */
  #begin<T>(
    entry: Named,
    flight: Timed,
    operation: (store: TokenStore, name: string) => Promise<T>,
    then: (answer: T | typeof DOWN) => void,
    limit: TimeLimit,
    late?: (answer: T) => void,
  ): void {
    const { store } = this;
    const now = this.clock();
    if (!store || (now < this.#back && this.#back <= now + LONGEST_PAUSE)) {
      then(DOWN);
      return;
    }
    flight.until = now + limit.milliseconds + SLACK;
    let over = false;
    const failed = (error: unknown) => {
      if (over) return;
      over = true;
      limit.end(running);
      this.#back = this.clock() + Math.min(1000 * 2 ** this.#failures++, LONGEST_PAUSE);
      tell(this.onError, error);
      then(DOWN);
    };
    const done = (answer: T) => {
      if (over) return late?.(answer);
      over = true;
      limit.end(running);
      this.#failures = 0;
      then(answer);
    };
    const running = limit.begin(() => failed(new Error("the store did not answer in time")));
    try {
      const begin = (name: string) => operation(store, (entry.hash = name));
      const name = entry.hash ?? digest(entry.name);
      (typeof name === "string" ? begin(name) : name.then(begin)).then(done, failed);
    } catch (error) {
      failed(error);
    }
  }
}
