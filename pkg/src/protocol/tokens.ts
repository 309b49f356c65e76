// The answer of a token endpoint: judged by the core, frozen, and shown to no log.

import { hidden } from "../core/hidden.js";
import { oneLine, type TokenAnswer } from "./answer.js";
import { type Names, given, isObject, only } from "../core/check.js";
import { call } from "../core/wasm.js";
import { now, seconds } from "../core/clock.js";
import type { IdTokenClaims } from "./id_token.js";

/** Tokens that passed every check. Keep them on the server; seal them before they go into a cookie. */
export interface Tokens {
  /** Opaque; never parse it. */
  readonly accessToken: string;
  /** `N_A` after a token exchange that issued no access token. */
  readonly tokenType: "Bearer" | "DPoP" | "N_A";
  /** Seconds it lives from the answer on, when the server says so. Says nothing of how long a consent lasts. */
  readonly expiresIn?: number;
  /** When it ends, in seconds since 1970. */
  readonly expiresAt?: number;
  /** The scope the server named; absent means: as asked for. */
  readonly scope?: string;
  /** The scope that was asked for; the granted one may differ. */
  readonly requestedScope: string;
  /** After a refresh without a new one, the one that was sent: it stays. */
  readonly refreshToken?: string;
  /** The id_token; after a refresh without a new one, the login's. Verified exactly when `claims` are there; else unchecked text. */
  readonly idToken?: string;
  /** The id_token's claims, its signature and every claim verified. An object without a prototype. */
  readonly claims?: IdTokenClaims;
  /** Other members of the answer, such as `issued_token_type`. An object without a prototype. */
  readonly others: Readonly<Record<string, unknown>>;
}

/** What a token answer is judged against. */
export interface TokenExpectation {
  /** The `grant_type` that was asked with: what an error asks of you follows from it; `authorization_code` unless given. */
  readonly grant?: string;
  /** `DPoP` exactly when a proof was sent; `Bearer` unless given. */
  readonly tokenType?: "Bearer" | "DPoP";
  /** Whether an id_token must be there. */
  readonly idToken?: boolean;
  /** The scope that was asked for. */
  readonly scope?: string;
  /** Accepts `expires_in` as a string of digits, for servers that break the standard there. */
  readonly expiresInString?: boolean;
  /** The type of an answer that names none, for servers that break the standard there. */
  readonly defaultTokenType?: "Bearer" | "DPoP";
  /** Accepts `scope` as a list of texts, for servers that break the standard there. */
  readonly scopeList?: boolean;
  /** A token exchange was asked for: `required` when the answer must name what it issued (RFC 8693 section 2.2.1). */
  readonly issuedTokenType?: "required" | "optional";
  /** The refresh token that was sent, which stays when no new one comes. */
  readonly refreshToken?: string;
}

const EXPECTATION: Names<TokenExpectation> = {
  grant: 1,
  tokenType: 1,
  idToken: 1,
  scope: 1,
  expiresInString: 1,
  defaultTokenType: 1,
  scopeList: 1,
  issuedTokenType: 1,
  refreshToken: 1,
};

/**
 * Judges an answer of a token endpoint (RFC 6749 sections 5.1 and 5.2) that you fetched yourself. An id_token in it is text:
 * give it to `verifyIdToken`.
 *
 * @throws {SamtykkeError} `token_error` with `oauth` for an OAuth error; otherwise what is wrong with the answer.
 */
export function judgeTokens(answer: TokenAnswer, expectation: TokenExpectation = {}): Tokens {
  return hidden(judged(answer, expectation));
}

/** @internal As {@link judgeTokens}, not frozen yet. */
export function judged(answer: TokenAnswer, expectation: TokenExpectation): Tokens {
  given(isObject(answer) && typeof answer.body === "string" && isObject(expectation), "token", "an answer: { status, contentType, body }");
  only(expectation, EXPECTATION, "token");
  const { grant, tokenType = "Bearer", idToken, scope = "", issuedTokenType, refreshToken } = expectation;
  const { expiresInString, scopeList, defaultTokenType } = expectation;
  const lenient = (expiresInString ? "e" : "") + (scopeList ? "s" : "") + (defaultTokenType ? { Bearer: "b", DPoP: "d" }[defaultTokenType] : "");
  const head = ["tokens", answer.status, oneLine(answer.contentType), oneLine(seconds(answer.retryAfter)), grant, tokenType, idToken ? 1 : "", lenient];
  const exchange = issuedTokenType && { required: "x", optional: "o" }[issuedTokenType];
  const tokens = JSON.parse(call([...head, exchange, refreshToken, scope], answer.body)) as Tokens;
  const others = Object.assign(Object.create(null), tokens.others) as Record<string, unknown>;
  const expiresAt = tokens.expiresIn === undefined ? undefined : now() + tokens.expiresIn;
  return { ...tokens, ...(expiresAt !== undefined && { expiresAt }), others };
}

/** @internal Tokens as the core's machines hand them out. */
export function tokensOf(text: string): Tokens {
  const { others, claims, ...tokens } = JSON.parse(text) as Tokens & { claims?: IdTokenClaims };
  const expiresAt = tokens.expiresIn === undefined ? undefined : now() + tokens.expiresIn;
  return hidden({
    ...tokens,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(claims && { claims: hidden(Object.setPrototypeOf(claims, null) as IdTokenClaims, "Claims") }),
    others: Object.setPrototypeOf(others, null) as Readonly<Record<string, unknown>>,
  });
}
