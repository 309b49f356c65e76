"use client";
// A hook for what a page load may do once. React runs effects again as it likes (StrictMode, Suspense, a route that is left and
// entered): what began in the first run is everybody's, and no run ends it.

import { useSyncExternalStore } from "react";

/** What has become of a work. */
export type Outcome<T> =
  | { readonly status: "none" }
  | { readonly status: "pending" }
  | { readonly status: "done"; readonly value: T }
  | { readonly status: "failed"; readonly error: unknown };

interface Work {
  outcome: Outcome<unknown>;
  readonly listeners: Set<() => void>;
}

const NONE: Outcome<never> = { status: "none" };
const works = new Map<string, Work>();

function workOf(name: string): Work {
  let work = works.get(name);
  if (!work) works.set(name, (work = { outcome: NONE, listeners: new Set() }));
  return work;
}

function begin(work: Work, run: () => unknown): void {
  const become = (outcome: Outcome<unknown>) => {
    work.outcome = outcome;
    for (const listener of work.listeners) listener();
  };
  become({ status: "pending" });
  // Runs at once: an answer is out of the address bar before anything else looks at it.
  (async () => run())().then(
    (value) => become({ status: "done", value }),
    (error: unknown) => become({ status: "failed", error }),
  );
}

/**
 * Runs a work once in a page load, whatever React does with the component, and gives its outcome to each run and to each component
 * that asks by the same name. Nothing runs while `work` is false, nor on a server.
 *
 * @example
 * ```ts
 * const outcome = useOnce(isCallback() && (() => fetch("/exchange", { method: "POST", body: String(callback(consent)) })));
 * ```
 */
export function useOnce<T>(work: (() => T | Promise<T>) | false | null | undefined, name = ""): Outcome<Awaited<T>> {
  const known = workOf(name);
  return useSyncExternalStore(
    (changed) => {
      known.listeners.add(changed);
      if (work && known.outcome === NONE) begin(known, work);
      return () => known.listeners.delete(changed);
    },
    () => known.outcome,
    () => NONE,
  ) as Outcome<Awaited<T>>;
}
