// What a server says of a token (RFC 7662).

import { type CallSettings, type HttpAnswer, answerLines, ask, bare, hidden } from "./answer.js";
import { type ClientAuthentication, proof } from "./client.js";
import { call } from "./engine.js";
import { type Provider, clientLines } from "./flow.js";

/** What kind a token is, to help the server find it; it may look elsewhere too. */
export type TokenHint = "access_token" | "refresh_token";

/** How a token is asked about, or revoked. */
export interface TokenSettings extends CallSettings {
  readonly hint?: TokenHint;
}

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

/**
 * Judges an answer of an introspection endpoint that you fetched yourself.
 *
 * @throws {SamtykkeError} `oauth_error` with `oauth` for an OAuth error; otherwise what is wrong with the answer.
 */
export function judgeIntrospection(answer: HttpAnswer): Introspection {
  const found = JSON.parse(call(["introspection", ...answerLines(answer)], answer.body)) as Introspection;
  return hidden({ ...found, others: bare(found.others) }, "Introspection");
}

/**
 * Asks the server about a token. Not sent again after a failure; it may be.
 *
 * @throws {SamtykkeError} `endpoint_missing` where the provider has none; as {@link judgeIntrospection}; `network_error`, …
 */
export async function introspect(
  provider: Provider,
  authentication: ClientAuthentication,
  token: string,
  settings: TokenSettings = {},
): Promise<Introspection> {
  const endpoint = provider.server?.introspectionEndpoint;
  const text = call(["introspection_request", clientLines(provider), ...proof(authentication), endpoint, token, settings.hint]);
  return judgeIntrospection(await ask(text, "token", settings));
}
