// Refresh tokens that rotate: one request at a time for each, and none for one that was replaced (RFC 9700 section 4.14.2).
// A server that sees a replaced one again may end the whole login, as it would after a theft.

import { hostError } from "../core/error.js";
import type { Tokens } from "./tokens.js";

/** @internal What a client remembers of its refresh tokens. Bounded: the oldest go first. */
export interface Renewals {
  readonly running: Map<string, { readonly same: string; readonly tokens: Promise<Tokens> }>;
  readonly replaced: Set<string>;
}

/** @internal */
export const newRenewals = (): Renewals => ({ running: new Map(), replaced: new Set() });

/** @internal Remembers what is not to be sent again. Bounded: the oldest go first. */
export function spend(spent: Set<string>, value: string): void {
  spent.add(value);
  if (spent.size > 1000) spent.delete(spent.values().next().value!);
}

/**
 * @internal Runs a refresh, unless the same one is on its way already: then that one's tokens are both callers'. `run` says what
 * came for the token: with another in its place it is spent, whatever becomes of the rest of the answer.
 */
export function renew(
  { running, replaced }: Renewals,
  refreshToken: string,
  same: string,
  run: (came: (next: string) => void) => Promise<Tokens>,
): Promise<Tokens> {
  const other = running.get(refreshToken);
  if (other?.same === same) return other.tokens;
  if (other || replaced.has(refreshToken)) {
    throw hostError("transaction_used", { phase: "token", expected: "the newest refresh token, one refresh at a time" });
  }
  const tokens = run((next) => {
    if (next !== refreshToken) spend(replaced, refreshToken);
  }).finally(() => running.delete(refreshToken));
  running.set(refreshToken, { same, tokens });
  return tokens;
}
