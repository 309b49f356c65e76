// Tokens that are still good are used again (FK3), each for the request that it was got by.

import type { Names } from "../../core/check.js";
import { now } from "../../core/clock.js";
import { type HelseIdDetails, claimOf } from "./details.js";
import type { HelseIdTokens } from "./granted.js";

/** What one token is for. */
export interface HelseIdTarget {
  /** The one audience, such as `nhn:phr`: what stands before the first slash of its scopes. */
  readonly resource?: string;
  /** Part of the login's scope, for a token that may do less; all that the audience has of it, unless given. */
  readonly scope?: string;
  /** For whom: the organisation can change from request to request, without a new login. */
  readonly details?: HelseIdDetails;
  /** Ends the waiting; a refresh on its way is not broken off, for its answer holds the next refresh token. */
  readonly signal?: AbortSignal;
}

/** @internal */
export const TARGET: Names<HelseIdTarget> = { resource: 1, scope: 1, details: 1, signal: 1 };

/** @internal Seconds before its end from which on a token counts as ended. */
export const MARGIN = 10;

const MOST = 256;

/** @internal Tokens that are still good (FK3). */
export class Kept {
  readonly #tokens = new Map<string, HelseIdTokens>();

  /** The kept token for a request, if it is still good. */
  good(key: string): HelseIdTokens | undefined {
    const kept = this.#tokens.get(key);
    return kept && kept.expiresAt! > now() + MARGIN ? kept : undefined;
  }

  /** All that are kept, the newest last. */
  get all(): ReadonlyMap<string, HelseIdTokens> {
    return this.#tokens;
  }

  put(key: string, tokens: HelseIdTokens): void {
    this.#tokens.delete(key);
    // One that lacks a scope would look whole to whoever asks next; one whose end is unknown would never end.
    if (tokens.missingScope.length || tokens.expiresAt === undefined) return;
    this.#tokens.set(key, tokens);
    if (this.#tokens.size > MOST) this.#tokens.delete(this.#tokens.keys().next().value!);
  }

  clear(): void {
    this.#tokens.clear();
  }
}

/** @internal A request by everything that makes its token another. */
export const keyOf = ({ resource, scope = "", details }: HelseIdTarget): string =>
  // In whatever order the scopes are named.
  JSON.stringify([resource, [...new Set(scope.split(" "))].sort().join(" ").trim(), details && claimOf(details)]);
