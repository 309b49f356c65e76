// What a server says of a token (RFC 7662).

import { type Names, only, present } from "../core/check.js";
import { bare } from "./answer.js";
import { type Party, ask } from "./party.js";
import { hideSecrets } from "../core/hidden.js";

/** What kind a token is, to help the server find it; it may look elsewhere too. */
export type TokenHint = "access_token" | "refresh_token";

/** How a token is asked about, or revoked. */
export interface TokenCallOptions {
  readonly hint?: TokenHint;
  readonly signal?: AbortSignal;
}

/** @internal */
export const TOKEN_CALL: Names<TokenCallOptions> = { hint: 1, signal: 1 };

/** A token's state. Of one that is not active, nothing else is told. */
export interface Introspection {
  /** Whether the token is good now, as far as the server knows. */
  readonly active: boolean;
  /** Scope tokens, single spaces between them. */
  readonly scope?: string;
  /** Who the token was issued to. */
  readonly clientId?: string;
  /** How the token is presented, as the server writes it. */
  readonly tokenType?: string;
  /** When it ends, in seconds since 1970. */
  readonly expiresAt?: number;
  /** When it was issued, in seconds since 1970. */
  readonly issuedAt?: number;
  /** Before when it is not good, in seconds since 1970. */
  readonly notBefore?: number;
  /** Whose it is. */
  readonly subject?: string;
  /** Who it is for; check that you are among them. */
  readonly audience: readonly string[];
  readonly issuer?: string;
  /** All other members, such as `cnf` or a provider's own. An object without a prototype. */
  readonly others: Readonly<Record<string, unknown>>;
}

function introspectionOf(text: string): Introspection {
  const end = text.indexOf("\n");
  const { scope, client_id, token_type, sub, iss, aud = [], exp, iat, nbf, active: _, ...others } = JSON.parse(text.slice(end + 1)) as Record<string, unknown>;
  const named = { scope, clientId: client_id, tokenType: token_type, subject: sub, issuer: iss, expiresAt: exp, issuedAt: iat, notBefore: nbf };
  return hideSecrets({ active: end > 0, ...present(named), audience: [aud].flat() as string[], others: bare(others) }, "Introspection");
}

/** @internal Asks the server about a token. */
export async function introspect(party: Party, token: string, options: TokenCallOptions): Promise<Introspection> {
  only(options, TOKEN_CALL, "token");
  const { hint, signal } = options;
  return introspectionOf(await ask(party, "introspect", [token, hint], { signal }));
}
