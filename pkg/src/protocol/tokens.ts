// The answer of a token endpoint: judged by the core, frozen, and shown to no log.

import { hideSecrets } from "../core/hidden.js";
import { now } from "../core/clock.js";
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

/** @internal Tokens as the core's machines hand them out. */
export function tokensOf(text: string): Tokens {
  const { others, claims, ...tokens } = JSON.parse(text) as Tokens & { claims?: IdTokenClaims };
  const expiresAt = tokens.expiresIn === undefined ? undefined : now() + tokens.expiresIn;
  return hideSecrets({
    ...tokens,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(claims && { claims: hideSecrets(Object.setPrototypeOf(claims, null) as IdTokenClaims, "Claims") }),
    others: Object.setPrototypeOf(others, null) as Readonly<Record<string, unknown>>,
  });
}
