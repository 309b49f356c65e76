// Checks of values that TypeScript would have refused, for callers without it: a typed error in place of a TypeError.
// For the entries of workers and servers; it says what was expected and never what was found, which may be a secret.

import { type Phase, hostError } from "./error.js";

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

// Values of another realm count too: jsdom in a test runner and Node's vm put classes of theirs in the place of those that made them.

/** Octets. */
export const isOctets = (value: unknown): value is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(value) && tagOf(value) === "Uint8Array";

/** Octets that are not looked at yet. */
export const isBuffer = (value: unknown): value is ArrayBuffer => tagOf(value) === "ArrayBuffer";

/** A `Request`; a `URL` has no url. */
export const isRequest = (value: unknown): value is Request => isObject(value) && typeof value.url === "string";

/** A body that is there once: a `ReadableStream`, or what is read by and by as one is. */
export const isStream = (value: unknown): boolean => isObject(value) && (typeof value.getReader === "function" || Symbol.asyncIterator in value);

const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);

/** What there is of these members, all of them unless named. */
export const present = (from: object, names: readonly string[] = Object.keys(from)): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, (from as Record<string, unknown>)[name]]).filter(([, value]) => value !== undefined));

/** The names of all options of a type, each once: the type says where one lacks. */
export type Names<T> = { readonly [Name in NameOf<T>]: 1 };
type NameOf<T> = T extends unknown ? keyof T : never;

/**
 * Refuses options that are no object, and any name that nobody reads: one that is misspelt would mean nothing, without a word. What is
 * `undefined` is not there.
 */
export function only(options: object | undefined, names: object, phase: Phase = "configuration"): void {
  const code = phase === "configuration" ? "invalid_configuration" : "invalid_parameter";
  if (options === undefined) return;
  if (!isObject(options)) throw hostError(code, { phase, expected: "options as an object" });
  for (const name of Object.keys(options)) {
    if (options[name] !== undefined && !Object.hasOwn(names, name))
      throw hostError(code, { phase, expected: `options among ${Object.keys(names).join(", ")}`, actual: name });
  }
}

/** Options of a call that can do nothing but end early. */
export const SIGNAL: Names<{ readonly signal?: AbortSignal }> = { signal: 1 };

/** Seconds of a time limit: an hour at most, since more are milliseconds in most cases. */
export const isLimit = (value: unknown): boolean => value === undefined || (typeof value === "number" && value > 0 && value <= 3_600);

/** Settings that are wrong from the start. */
export function assertConfigured(holds: boolean, expected: string): void {
  if (!holds) throw hostError("invalid_configuration", { expected });
}

/** A value of one call. */
export function assertGiven(holds: boolean, phase: Phase, expected: string): void {
  if (!holds) throw hostError("invalid_parameter", { phase, expected });
}
