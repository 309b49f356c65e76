// What a token source keeps in a store: a token, and what went wrong since. All times are milliseconds before the record's end,
// which the store counts by its own clock, so that processes whose clocks differ read the same.

import { type ErrorFacts, SamtykkeError } from "./error.js";
import { hidden, type Tokens } from "./tokens.js";

/** @internal */
export interface TokenRecord {
  /** The token, while more than `tail` is left. */
  readonly tokens?: Pick<Tokens, "accessToken" | "tokenType" | "expiresIn" | "scope" | "requestedScope" | "others">;
  /** What is left when the token ends. */
  readonly tail: number;
  /** What is left when the token is to be replaced. */
  readonly replace: number;
  /** What was left when an API last refused a token. */
  readonly refused?: number;
  /** What is left when the server may be asked again. */
  readonly resume?: number;
  readonly failures: number;
  readonly error?: ErrorFacts;
}

/** @internal Neither id_token, claims nor refresh token: a store gets no more than it needs. */
export function recordText(record: Omit<TokenRecord, "tokens"> & { readonly tokens?: Tokens }): string {
  const { tokens, ...rest } = record;
  if (!tokens) return JSON.stringify(rest);
  const { accessToken, tokenType, expiresIn, scope, requestedScope, others } = tokens;
  return JSON.stringify({ ...rest, tokens: { accessToken, tokenType, expiresIn, scope, requestedScope, others } });
}

const isTime = (value: unknown) => typeof value === "number" && value >= 0;
const isMaybeTime = (value: unknown) => value === undefined || isTime(value);

/** @internal Reads a record; nothing for a text that is none, so that a damaged store costs a question and no more. */
export function recordOf(text: string): TokenRecord | undefined {
  let record: TokenRecord;
  try {
    record = JSON.parse(text) as TokenRecord;
  } catch {
    return undefined;
  }
  if (typeof record !== "object" || record === null) return undefined;
  const { tokens, tail, replace, refused, resume, failures, error } = record;
  if (![tail, replace, failures].every(isTime) || !isMaybeTime(refused) || !isMaybeTime(resume)) return undefined;
  if ((resume ?? error) !== undefined && typeof error?.code !== "string") return undefined;
  if (tokens !== undefined && (typeof tokens?.accessToken !== "string" || !tokens.accessToken || (tokens.tokenType !== "Bearer" && tokens.tokenType !== "DPoP"))) return undefined;
  return record;
}

/** @internal The tokens of a record, so many milliseconds before they end. */
export function tokensOf(tokens: NonNullable<TokenRecord["tokens"]>, ends: number): Tokens {
  const others = Object.assign(Object.create(null), tokens.others) as Record<string, unknown>;
  return hidden({ ...tokens, ...(tokens.expiresIn !== undefined && { expiresAt: Math.floor(ends / 1000) }), others });
}

/** @internal The error of a record. */
export const errorOf = (facts: ErrorFacts | undefined): SamtykkeError | undefined => facts && new SamtykkeError(facts);
