// Waits that end: no longer than a limit allows, nor than the caller's signal; and work that several wait for, which belongs to none
// of them. In workerd the promises and timers of a request that was cut off never settle, so whoever waits has a timer of its own.

import { type Phase, hostError } from "./error.js";

/** @internal How a wait ended that did not end by itself. */
export class Ended extends Error {
  constructor(
    readonly why: "timeout" | "aborted" | "redirected" | "too_large" | "cut" | "used",
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
export function limited<T>(work: Promise<T>, { timeout = 30, signal }: Limits, stop?: (reason?: unknown) => void): Promise<T> {
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

/** @internal As {@link limited}, with an error of ours where the limits end it. */
export async function waited<T>(work: Promise<T>, limits: Limits, phase: Phase): Promise<T> {
  try {
    return await limited(work, limits);
  } catch (cause) {
    if (!(cause instanceof Ended)) throw cause;
    throw hostError(cause.why, { phase, ...(cause.why === "timeout" && { action: "restart" }) }, cause.cause);
  }
}

/** Milliseconds after which a waiter begins repeatable work anew. */
const PATIENCE = 2000;

/** @internal Work by its name, one at a time for each: whoever asks while it runs waits for it, within limits of their own. */
export class Shared<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** `repeatable`: whether a waiter may begin the work anew where it does not end, for its request may have been cut off. */
  constructor(readonly repeatable: boolean) {}

  /** The work of this name that runs. */
  running(name: string): Promise<T> | undefined {
    return this.#running.get(name);
  }

  /** Waits for the work of this name, and begins it where none runs. */
  run(name: string, work: () => Promise<T>, limits: Limits, phase: Phase): Promise<T> {
    const running = this.#running.get(name);
    if (!running) return waited(this.#begin(name, work), limits, phase);
    return waited(this.repeatable ? this.#patient(name, running, work) : running, limits, phase);
  }

  /** Forgets work that does not end. */
  forget(name: string): void {
    this.#running.delete(name);
  }

  #begin(name: string, work: () => Promise<T>): Promise<T> {
    const running: Promise<T> = work().finally(() => {
      if (this.#running.get(name) === running) this.#running.delete(name);
    });
    this.#running.set(name, running);
    return running;
  }

  #patient(name: string, running: Promise<T>, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const other = this.#running.get(name);
        (other && other !== running ? other : this.#begin(name, work)).then(resolve, reject);
      }, PATIENCE);
      running.finally(() => clearTimeout(timer)).then(resolve, reject);
    });
  }
}
