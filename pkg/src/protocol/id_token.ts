// id_tokens and logout tokens that came by another way than a token answer: the core's machine, and its claims at the end.

import { type Value, joined } from "../core/wasm.js";
import { type Names, assertGiven, isObject, only } from "../core/check.js";
import { drive } from "../core/drive.js";
import { hostError } from "../core/error.js";
import { type KeySource, isRight } from "./jwks.js";
import { type Encryption, encryptionLine } from "./party.js";
import { hideSecrets } from "../core/hidden.js";
import type { SignatureAlgorithm } from "../crypto/webcrypto.js";

/** Claims of a verified token. An object without a prototype; `console.log` shows that it is there and no more, as it is of a person. */
export interface Claims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly [name: string]: unknown;
}

/** Claims of a verified id_token (OIDC Core section 2). */
export interface IdTokenClaims extends Claims {
  readonly sub: string;
  readonly nonce?: string;
  readonly auth_time?: number;
  readonly acr?: string;
  readonly amr?: readonly string[];
}

/** Claims of a verified logout token (OIDC Back-Channel Logout section 2.4): the person, the session, or both. */
export interface LogoutClaims extends Claims {
  readonly jti: string;
  readonly sub?: string;
  readonly sid?: string;
}

/** What every token from the server must say. */
export interface TokenExpectations extends Encryption {
  /** The issuer, byte for byte. */
  readonly issuer: string;
  readonly clientId: string;
  /** The algorithms registered with the server; `["RS256"]` unless given (OIDC Registration section 2). */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** Other audiences that may stand beside the client. */
  readonly trustedAudiences?: readonly string[];
  /** Seconds by which the clocks may differ; 10 unless given, 60 at most. */
  readonly skew?: number;
}

/** What an id_token must say. */
export interface IdTokenExpectations extends TokenExpectations {
  /** The nonce that was sent; without, none may come back. */
  readonly nonce?: string;
  /** `max_age` that was sent, in seconds: `auth_time` must then be there and be as fresh. */
  readonly maxAge?: number;
  /** The `acr` values of which one is demanded. */
  readonly acrValues?: readonly string[];
  /** The access token that came along, for `at_hash`. */
  readonly accessToken?: string;
  /** The code it was exchanged for, for `c_hash`. */
  readonly code?: string;
  /** The `state` that was sent, for `s_hash`. */
  readonly state?: string;
  /** The claims of the login, when this token came with a refresh (OIDC Core section 12.2). */
  readonly refreshOf?: Claims;
  /** Whether `auth_time` may be an RFC 3339 text, as AD FS may write it, and not only a number. The claims have the number. */
  readonly authTimeText?: boolean;
}

/** What a logout token must say. */
export interface LogoutTokenExpectations extends TokenExpectations {
  /**
   * Accepts one without `exp`, which some servers leave out and Back-Channel Logout 1.0 section 2.4 demands, while its `iat` is at
   * most two minutes old.
   */
  readonly logoutTokenWithoutExp?: boolean;
}

const EXPECTED: Names<TokenExpectations> = {
  issuer: 1,
  clientId: 1,
  algorithms: 1,
  trustedAudiences: 1,
  skew: 1,
  decrypt: 1,
  encryptionAlgorithms: 1,
  contentEncryption: 1,
};
const ID_TOKEN: Names<IdTokenExpectations> = {
  ...EXPECTED,
  nonce: 1,
  maxAge: 1,
  acrValues: 1,
  accessToken: 1,
  code: 1,
  state: 1,
  refreshOf: 1,
  authTimeText: 1,
};
const LOGOUT: Names<LogoutTokenExpectations> = { ...EXPECTED, logoutTokenWithoutExp: 1 };

/** An expectation that is misspelt would not be looked for. */
function assertExpectation(expected: object, names: object, phase: "token" | "session"): void {
  assertGiven(isObject(expected), phase, "what is expected, as an object: { issuer, clientId, … }");
  only(expected, names, phase);
}

const RS256: readonly SignatureAlgorithm[] = ["RS256"];

/** Drives the machine that verifies a token. */
async function claimsOf<T extends Claims>(operation: string, token: string, expected: TokenExpectations, more: Value[], keys: KeySource): Promise<T> {
  if (typeof token !== "string") throw hostError("jws_malformed");
  const { issuer, clientId, algorithms = RS256, trustedAudiences = [], skew = 10 } = expected;
  const lines = joined([skew, issuer, clientId, algorithms.join(" "), trustedAudiences.join("\t"), ...more, encryptionLine(expected)]);
  const { decrypt } = expected;
  if (decrypt !== undefined && typeof decrypt !== "function") throw hostError("invalid_parameter", { expected: "decrypt: a function" });
  const claims = JSON.parse(await drive(operation, lines + token, { transport: {}, decrypt, verify: (alg, kid, text) => isRight(keys, alg, kid, text) }));
  if (typeof claims.auth_time === "string") claims.auth_time = Math.floor(Date.parse(claims.auth_time) / 1000);
  return hideSecrets(Object.setPrototypeOf(claims, null) as T, "Claims");
}

/**
 * Verifies an id_token (OIDC Core sections 3.1.3.7 and 12.2): signature, issuer, audience, times, nonce, hashes, and what
 * else you expect. Nothing of the token is given out before all of it has passed.
 *
 * @throws {SamtykkeError} `jws_malformed`, `algorithm_refused`, `claim_refused` naming the claim, `jwt_expired`,
 * `nonce_mismatch`, `key_not_found`, `key_ambiguous`, `key_refused`, `signature_invalid`, and what fetching keys throws.
 * @example
 * ```ts
 * const claims = await verifyIdToken(idToken, { issuer, clientId, nonce, accessToken }, jwks.at(jwksUri));
 * ```
 */
export async function verifyIdToken(idToken: string, expected: IdTokenExpectations, keys: KeySource): Promise<IdTokenClaims> {
  assertExpectation(expected, ID_TOKEN, "token");
  const { nonce, maxAge, acrValues = [], accessToken, code, state, refreshOf, authTimeText } = expected;
  const more = [nonce, maxAge, acrValues.join(" "), accessToken, code, state, refreshOf && JSON.stringify(refreshOf), authTimeText ? 1 : ""];
  return claimsOf("id_token", idToken, expected, more, keys);
}

/**
 * Verifies a logout token that the server posted (OIDC Back-Channel Logout section 2.6). Remember its `jti` for as long as it
 * is valid, and refuse it the second time; then end the sessions of `sub` or `sid`.
 *
 * @throws {SamtykkeError} As {@link verifyIdToken}.
 */
export async function verifyLogoutToken(token: string, expected: LogoutTokenExpectations, keys: KeySource): Promise<LogoutClaims> {
  assertExpectation(expected, LOGOUT, "session");
  return claimsOf("logout_token", token, expected, ["", "", "", "", "", "", "", expected.logoutTokenWithoutExp ? 1 : ""], keys);
}
