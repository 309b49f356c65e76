// What a server says of a token (RFC 7662).

import { type CallSettings, type HttpAnswer, answerLines, ask, bare, hidden } from "./answer.js";
import { type ClientAuthentication, proof } from "./client.js";
import { call } from "./engine.js";
import { type Provider, clientLines } from "./flow.js";
import { request } from "./http.js";

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
  const text = call(["introspection", ...answerLines(answer)], answer.body);
  const end = text.indexOf("\n");
  const { scope, client_id, token_type, sub, iss, aud = [], exp, iat, nbf, active: _, ...others } = JSON.parse(text.slice(end + 1)) as Record<string, unknown>;
  const named = { scope, clientId: client_id, tokenType: token_type, subject: sub, issuer: iss, expiresAt: exp, issuedAt: iat, notBefore: nbf };
  const known = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  return hidden({ active: end > 0, ...known, audience: [aud].flat() as string[], others: bare(others) }, "Introspection");
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
  return judgeIntrospection(await tokenCall(provider, authentication, "introspect", token, settings));
}

/** @internal Sends a token to one of the two endpoints that take any. */
export function tokenCall(
  provider: Provider,
  authentication: ClientAuthentication,
  what: "introspect" | "revoke",
  token: string,
  settings: TokenSettings,
): Promise<HttpAnswer> {
  const name = what === "revoke" ? "revocation" : "introspection";
  const endpoint = provider.server?.[`${name}Endpoint`];
  const head = ["form", clientLines(provider), endpoint, `${name}_endpoint`, ...proof(authentication), 1, ""];
  // Two lines about tokens come first; none are asked for.
  return ask(request(call([...head, what, token, settings.hint]).slice(2)), "token", settings);
}
