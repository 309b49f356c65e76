// Waits that end: no longer than a limit allows, nor than the caller's signal; and work that several wait for, which belongs to none
// of them. In workerd the promises and timers of a request that was cut off never settle, so whoever waits has a timer of its own.

import { type ErrorFacts, type Phase, hostError } from "./error.js";

/** @internal How a wait ended that did not end by itself. */
export class Ended extends Error {
  constructor(
    readonly why: "timeout" | "stalled" | "aborted" | "redirected" | "too_large" | "cut" | "used",
    readonly status = 0,
    cause?: unknown,
  ) {
    super(why, { cause });
  }
}

/** @internal How long is waited. */
export interface Limits {
  /** Seconds; 30 unless given. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** Milliseconds beyond which a timer fires at once instead (HTML, timers). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** @internal Waits for work within limits; throws {@link Ended}, and calls `stop`, where these end it first. */
export function limitTime<T>(work: Promise<T>, { timeout = 30, signal }: Limits, stop?: (reason?: unknown) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const ended = (end: Ended) => {
      over();
      reject(end);
      stop?.(end.cause);
    };
    const abort = () => ended(new Ended("aborted", 0, signal!.reason));
    const timer = setTimeout(() => ended(new Ended("timeout")), Math.min(timeout * 1000, LONGEST_TIMER));
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort);
    work.then(
      (value) => {
        over();
        resolve(value);
      },
      (cause) => {
        over();
        reject(cause);
      },
    );
  });
}

/** Tells a listener. What it throws, at once or later, is its own trouble. */
export function tell<T extends readonly unknown[]>(listener: ((...facts: T) => unknown) | undefined, ...facts: T): void {
  new Promise((done) => done(listener?.(...facts))).catch(() => {});
}

/** @internal As {@link limitTime}, with an error of ours where the limits end it; `late` is what a `timeout` says besides. */
export async function waitFor<T>(work: Promise<T>, limits: Limits, phase: Phase, late: Partial<ErrorFacts> = {}, stop?: () => void): Promise<T> {
  try {
    return await limitTime(work, limits, stop);
  } catch (cause) {
    if (!(cause instanceof Ended)) throw cause;
    throw hostError(cause.why, { phase, ...(cause.why === "timeout" && late) }, cause.cause);
  }
}

/** @internal Milliseconds after which a waiter begins anew what may be asked for twice: a key set, metadata. */
export const PATIENCE = 2_000;

/** @internal Milliseconds after which it asks anew for a token whose getting spends nothing: a question's time, as in a token source. */
export const ASKING = 12_000;

/** @internal Seconds that a function of the caller's may take, which may ask a person: the longest limit that is taken. */
export const LONGEST = 3_600;

/** How many names are remembered before those whose work does not end are forgotten. */
const MOST = 1_000;

/** Work on its way: when it began, and when nobody waits for it any more. */
interface Running<T> {
  readonly done: Promise<T>;
  readonly began: number;
  readonly until: number;
  readonly same: string | undefined;
}

/**
 * @internal Work by its name, one at a time for each: whoever asks while it runs waits for it, within limits of their own. It belongs
 * to none of them: a signal ends its own caller's wait. It may never end, where a runtime cut off the request that began it.
 */
export class Shared<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * `patience`: milliseconds after which a waiter begins the work anew. Without, it is never begun twice: whoever waits gets
   * `timeout` when the time of the one who began it is over, and whoever comes later gets it at once.
   */
  constructor(readonly patience?: number) {}

  get #late(): Partial<ErrorFacts> {
    return this.patience ? { retryable: true } : { action: "restart" };
  }

  /** The work of this name that runs. */
  running(name: string): Promise<T> | undefined {
    return this.#running.get(name)?.done;
  }

  /** Waits for the work of this name, and begins it where none runs. */
  run(name: string, work: () => Promise<T>, limits: Limits, phase: Phase, same?: string): Promise<T> {
    const { timeout = 30, signal } = limits;
    // Nothing is begun for a caller who does not wait.
    if (signal?.aborted) return waitFor(new Promise<T>(() => {}), limits, phase);
    const running = this.#running.get(name);
    if (!running) return waitFor(this.#begin(name, work, timeout, same).done, limits, phase, this.#late);
    if (!this.patience) return this.#end(running, signal, phase);
    const { done, stop } = this.#patiently(name, running, work, timeout);
    return waitFor(done, limits, phase, this.#late, stop);
  }

  /** As {@link run}, in turns: work that is the `same` is shared; any other is begun when none of this name runs. */
  async turn(name: string, same: string | undefined, work: () => Promise<T>, limits: Limits, phase: Phase): Promise<T> {
    for (let other = this.#running.get(name); other; other = this.#running.get(name)) {
      if (same !== undefined && other.same === same) return this.#end(other, limits.signal, phase);
      // How another's work ends is not this caller's; that it does not end is.
      const over = other.done.then(
        () => {},
        () => {},
      );
      await this.#end({ ...other, done: over }, limits.signal, phase);
    }
    return this.run(name, work, limits, phase, same);
  }

  /** Forgets the work of this name, which nobody waits for. */
  forget(name: string): void {
    this.#running.delete(name);
  }

  #end<V>({ done, until }: Running<V>, signal: Limits["signal"], phase: Phase): Promise<V> {
    return waitFor(done, { timeout: Math.max(until - performance.now(), 0) / 1000, signal }, phase, this.#late);
  }

  #begin(name: string, work: () => Promise<T>, seconds: number, same?: string): Running<T> {
    const began = performance.now();
    if (this.#running.size >= MOST) {
      for (const [old, { until }] of this.#running) {
        if (until > began) break;
        this.#running.delete(old);
      }
    }
    const done = (async () => work())().finally(() => {
      if (this.#running.get(name) === running) this.#running.delete(name);
    });
    const running: Running<T> = { done, began, until: began + seconds * 1000, same };
    this.#running.delete(name);
    this.#running.set(name, running);
    return running;
  }

  /** Follows the work; where it does not end, the newest that another began, or one of its own. The first that succeeds will do. */
  #patiently(name: string, first: Running<T>, work: () => Promise<T>, seconds: number): { readonly done: Promise<T>; readonly stop: () => void } {
    let timer: ReturnType<typeof setTimeout>;
    const done = new Promise<T>((resolve, reject) => {
      const follow = (running: Running<T>) => {
        let over = false;
        timer = setTimeout(
          () => {
            over = true;
            const newest = this.#running.get(name);
            follow(newest && newest !== running ? newest : this.#begin(name, work, seconds));
          },
          Math.max(running.began + this.patience! - performance.now(), 0),
        );
        running.done.then(
          (value) => {
            clearTimeout(timer);
            resolve(value);
          },
          (cause) => {
            if (over) return;
            clearTimeout(timer);
            reject(cause);
          },
        );
      };
      follow(first);
    });
    return { done, stop: () => clearTimeout(timer) };
  }
}
