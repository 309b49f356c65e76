// What a token source keeps in a store: a token, and what went wrong since. All times are milliseconds before the record's end,
// which the store counts by its own clock, so that processes whose clocks differ read the same.

import { isObject } from "../core/check.js";
import { type ErrorFacts, SamtykkeError } from "../core/error.js";
import { CODES } from "./codes.js";
import type { Tokens } from "../protocol/tokens.js";

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
  /** Whose credential was refused; not there for trouble, which is everybody's. */
  readonly by?: string;
}

/** @internal Neither id_token, claims nor refresh token: a store gets no more than it needs. */
export function recordText(record: Omit<TokenRecord, "tokens"> & { readonly tokens?: Tokens }): string {
  const { tokens, ...rest } = record;
  if (!tokens) return JSON.stringify(rest);
  const { accessToken, tokenType, expiresIn, scope, requestedScope, others } = tokens;
  // A token and no trouble, as nearly all are: lines, which are read in half the time. What a caller's own request gave may be odd.
  const plain = !rest.failures && rest.refused === undefined && typeof requestedScope === "string" && (expiresIn === undefined || isTime(expiresIn));
  if (plain && (scope === undefined || (typeof scope === "string" && scope))) {
    const more = Object.keys(others ?? {}).length ? JSON.stringify(others) : "";
    const lines = [`${rest.replace}`, tokenType, `${expiresIn ?? ""}`, scope ?? "", requestedScope, more, accessToken];
    if (!lines.some((line) => line.includes("\n"))) return lines.join("\n");
  }
  return JSON.stringify({ ...rest, tokens: { accessToken, tokenType, expiresIn, scope, requestedScope, others } });
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const SHOWN = { value: () => "Tokens { … }" };
const NONE: Tokens["others"] = Object.freeze(Object.create(null));
// Whole numbers, since the crate reads no others.
const isTime = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isMaybeTime = (value: unknown) => value === undefined || isTime(value);

/** What the lines of a token without trouble say; nothing where there are too few of them. */
function recordIn(text: string): TokenRecord | undefined {
  const one = text.indexOf("\n");
  const two = text.indexOf("\n", one + 1);
  const three = text.indexOf("\n", two + 1);
  const four = text.indexOf("\n", three + 1);
  const five = text.indexOf("\n", four + 1);
  const six = text.indexOf("\n", five + 1);
  if (one < 0 || two < 0 || three < 0 || four < 0 || five < 0 || six < 0) return undefined;
  const tokenType = text.slice(one + 1, two) as Tokens["tokenType"];
  const life = text.slice(two + 1, three);
  const scope = text.slice(three + 1, four);
  const more = text.slice(five + 1, six);
  const others = more ? (JSON.parse(more) as Tokens["others"]) : NONE;
  const tokens = {
    accessToken: text.slice(six + 1),
    tokenType,
    expiresIn: life ? Number(life) : undefined,
    scope: scope || undefined,
    requestedScope: text.slice(four + 1, five),
    others,
  };
  return { tokens, tail: 0, replace: Number(text.slice(0, one)), failures: 0 };
}

/** @internal Reads a record; nothing for a text that is none, so that a damaged store costs a question and no more. */
export function recordOf(text: string): TokenRecord | undefined {
  let record: TokenRecord | undefined;
  try {
    record = text[0] === "{" ? (JSON.parse(text) as TokenRecord) : recordIn(text);
  } catch {
    return undefined;
  }
  if (!isObject(record)) return undefined;
  const { tokens, tail, replace, refused, resume, failures, error, by } = record;
  if (!isTime(tail) || !isTime(replace) || !isTime(failures) || !isMaybeTime(refused) || !isMaybeTime(resume)) return undefined;
  // A code that this version does not know is of a newer one's: then there is no record.
  if ((resume ?? error) !== undefined && !CODES.has(error?.code as string)) return undefined;
  if (by !== undefined && typeof by !== "string") return undefined;
  if (
    tokens !== undefined &&
    (typeof tokens?.accessToken !== "string" ||
      !tokens.accessToken ||
      (tokens.tokenType !== "Bearer" && tokens.tokenType !== "DPoP") ||
      !isMaybeTime(tokens.expiresIn))
  )
    return undefined;
  return record;
}

/** @internal The tokens of a record, so many milliseconds before they end. */
export function tokensOf({ accessToken, tokenType, expiresIn, scope, requestedScope, others }: NonNullable<TokenRecord["tokens"]>, ends: number): Tokens {
  const tokens: { -readonly [Name in keyof Tokens]: Tokens[Name] } = {
    accessToken,
    tokenType,
    requestedScope,
    others: others === NONE ? NONE : { __proto__: null, ...others },
  };
  if (scope !== undefined) tokens.scope = scope;
  if (expiresIn !== undefined) {
    tokens.expiresIn = expiresIn;
    tokens.expiresAt = Math.floor(ends / 1000);
  }
  return Object.freeze(Object.defineProperty(tokens, INSPECT, SHOWN));
}

/** @internal The error of a record. */
export const errorOf = (facts: ErrorFacts | undefined): SamtykkeError | undefined => facts && new SamtykkeError(facts);
