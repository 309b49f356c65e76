// What a token source is made and asked with, and the names of that.

import type { Names } from "../core/check.js";
import type { Target } from "./clock.js";
import type { TokenStore } from "./store.js";

/** How a token source works; all of it may be left out. */
export interface TokenSourceSettings {
  /** Where processes share tokens; without one, each keeps its own. */
  readonly store?: TokenStore;
  /** Seconds before its end at which a token is replaced, and up to a fifth more by chance; half of a shorter life. 60 unless given. */
  readonly margin?: number;
  /** Seconds for one request to the server; 10 unless given. A process that dies while it asks keeps others waiting two more. */
  readonly requestTimeout?: number;
  /** Seconds that one `get` takes at most; 30 unless given. */
  readonly patience?: number;
  /** How often a question is put again after trouble (no answer, 429, 5xx, an answer that is none); 2 unless given. */
  readonly retries?: number;
  /** Seconds for one operation of the store; 1 unless given. One that takes longer is done without. */
  readonly storeTimeout?: number;
  /** Seconds for which a token is kept whose end the server does not say; the provider's own rule, else 60, unless given. */
  readonly unknownLife?: number;
  /** How many targets are remembered; 10,000 unless given. */
  readonly most?: number;
  /** Hears of a store that fails. Tokens still come, each process asking for itself. */
  readonly onStoreError?: (error: unknown) => void;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly clock?: () => number;
}

/** Options of one call. */
export interface GetOptions {
  /** Ends this caller's wait; the question goes on for the others. */
  readonly signal?: AbortSignal;
  /**
   * Called with what goes on after the token was given: replacing one that ends soon. In a Cloudflare worker pass
   * `(work) => ctx.waitUntil(work)`, since a worker's work ends with its answer otherwise.
   */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/** @internal */
export const SETTINGS: Names<TokenSourceSettings> = {
  store: 1,
  margin: 1,
  requestTimeout: 1,
  patience: 1,
  retries: 1,
  storeTimeout: 1,
  unknownLife: 1,
  most: 1,
  onStoreError: 1,
  clock: 1,
};
/** @internal */
export const GET: Names<GetOptions> = { signal: 1, waitUntil: 1 };
/** @internal */
export const WANTED: Names<Target> = {
  scope: 1,
  resource: 1,
  audience: 1,
  organisation: 1,
  subject: 1,
  authorizationDetails: 1,
  extra: 1,
  assertionClaims: 1,
};
