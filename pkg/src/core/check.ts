// Checks of values that TypeScript would have refused, for callers without it: a typed error in place of a TypeError.
// For the entries of workers and servers; it says what was expected and never what was found, which may be a secret.

import { type Phase, hostError } from "./error.js";

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** What there is of these members, all of them unless named. */
export const present = (from: object, names: readonly string[] = Object.keys(from)): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, (from as Record<string, unknown>)[name]]).filter(([, value]) => value !== undefined));

/** Options, given or not. */
export const isOptions = (value: unknown): boolean => value === undefined || isObject(value);

/** Settings that are wrong from the start. */
export function configured(holds: boolean, expected: string): void {
  if (!holds) throw hostError("invalid_configuration", { expected });
}

/** A value of one call. */
export function given(holds: boolean, phase: Phase, expected: string): void {
  if (!holds) throw hostError("invalid_parameter", { phase, expected });
}
