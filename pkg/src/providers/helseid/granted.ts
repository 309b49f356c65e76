// What HelseID adds to the answers of its token endpoint, and to its errors.

import { SamtykkeError } from "../../core/error.js";
import { call } from "../../core/wasm.js";
import { type Tokens, tokensOf } from "../../protocol/tokens.js";

/** Tokens, and what HelseID says of them. */
export interface HelseIdTokens extends Tokens {
  /** Seconds the refresh token lives from the answer on (`rt_expires_in`); absent: take it for expired. */
  readonly refreshExpiresIn?: number;
  /** Scopes withheld because the organisation has not signed their terms (`rejected_scope`). */
  readonly rejectedScope: readonly string[];
  /** Scopes of this audience that were asked for and not granted. Such a token is given out, and not kept. */
  readonly missingScope: readonly string[];
}

/** @internal Tokens as HelseID's machines hand them out. */
export const grantedOf = (text: string): HelseIdTokens => tokensOf(text) as HelseIdTokens;

/** @internal The error of a callback, with HelseID's own number for it; the core's machines number theirs. */
export function withProviderCodes<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const description = error instanceof SamtykkeError && error.oauth?.description;
    const code = description && call(["helseid", "number", description]);
    if (!code) throw error;
    const { name: _, message: _m, ...facts } = (error as SamtykkeError).toJSON();
    throw new SamtykkeError({ ...facts, provider: { code }, action: "fix_configuration" }, { cause: error });
  }
}
