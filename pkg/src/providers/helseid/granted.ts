// What HelseID adds to the answers of its token endpoint, and to its errors.

import { SamtykkeError } from "../../core/error.js";
import { hidden } from "../../core/hidden.js";
import { call } from "../../core/wasm.js";
import type { Tokens } from "../../protocol/tokens.js";

/** Tokens, and what HelseID says of them. */
export interface HelseIdTokens extends Tokens {
  /** Seconds the refresh token lives from the answer on (`rt_expires_in`); absent: take it for expired. */
  readonly refreshExpiresIn?: number;
  /** Scopes withheld because the organisation has not signed their terms (`rejected_scope`). */
  readonly rejectedScope: readonly string[];
  /** Scopes of this audience that were asked for and not granted. Such a token is given out, and not kept. */
  readonly missingScope: readonly string[];
}

/** @internal What is asked of every answer. */
export interface Asked {
  readonly resource?: string | undefined;
  readonly scope: string;
}

/** @internal What HelseID adds to an answer, once the core has judged it: key, audience, scopes. */
export function granted(tokens: Tokens, thumbprint: string, { resource, scope }: Asked): HelseIdTokens {
  const named = tokens.scope === undefined ? "" : 1;
  const head = ["helseid", "granted", thumbprint, resource, scope, named, tokens.scope, tokens.accessToken];
  return hidden({ ...tokens, ...(JSON.parse(call(head, JSON.stringify(tokens.others))) as Omit<HelseIdTokens, keyof Tokens>) });
}

/** @internal An error of HelseID's own carries its number; such an error asks for other settings, not for another try. */
export async function numbered<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const description = error instanceof SamtykkeError && error.oauth?.description;
    const code = description && call(["helseid", "number", description]);
    if (!code) throw error;
    const { name: _, message: _m, ...facts } = (error as SamtykkeError).toJSON();
    throw new SamtykkeError({ ...facts, provider: { code }, action: "fix_configuration" }, { cause: error });
  }
}
