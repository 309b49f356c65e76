// Altinn's own token, for one of Maskinporten or ID-porten, which its APIs do not take as it is.

import { type Names, assertGiven, isObject, only } from "../../core/check.js";
import { type Transport, request, send } from "../../core/http.js";
import { call } from "../../core/wasm.js";
import type { Tokens } from "../../protocol/tokens.js";

/** Altinn's environments (`tt02` takes tokens of the test environments), or a platform of your own by its origin. */
export type AltinnEnvironment = "tt02" | "production" | { readonly platform: string };

/** What is exchanged, and where. */
export interface AltinnExchange extends Transport {
  readonly environment: AltinnEnvironment;
  /** Whose token it is. */
  readonly issuer: "maskinporten" | "id-porten";
  /** As service owner of Altinn's test department, which has no organisation number of its own; Maskinporten's tokens alone. */
  readonly testDepartment?: boolean;
  readonly signal?: AbortSignal;
}

/** A token of Altinn's. */
export interface AltinnToken {
  /** To be sent as Bearer. */
  readonly accessToken: string;
  /** When it ends, in seconds since 1970, as it says itself: good for planning a renewal alone. Nothing where it does not say. */
  readonly expiresAt?: number;
}

/**
 * Exchanges a token of Maskinporten's, or the access token of a login at ID-porten, for one of Altinn's. The token goes to the platform's
 * origin alone, and no redirect is followed.
 *
 * @throws {SamtykkeError} `token_invalid`: compare the environments, or get a new token; `unauthorized`: the scope is not Altinn's;
 * `token_response_malformed`, `redirect_refused`, `http_status_unexpected`, `invalid_configuration`, `network_error`, `timeout`, ….
 * @example
 * ```ts
 * const tokens = await client.clientCredentials({ scope: "altinn:instances.read" });
 * const { accessToken } = await exchangeForAltinn(tokens, { environment: "tt02", issuer: "maskinporten" });
 * ```
 */
export async function exchangeForAltinn(token: Tokens | string, options: AltinnExchange): Promise<AltinnToken> {
  assertGiven(options !== undefined, "token", "options: environment and issuer");
  only(options, OPTIONS, "token");
  const { environment, issuer, testDepartment, signal, ...transport } = options;
  const bearer = isObject(token) ? token["accessToken"] : token;
  assertGiven(typeof bearer === "string", "token", "tokens, or an access token");
  const name = isObject(environment) ? environment.platform : environment;
  const out = request(call(["altinn", "request", name, issuer, bearer as string, testDepartment ? 1 : ""]));
  const { head, body } = await send(out, "token", transport, signal);
  const [accessToken, end] = call(["altinn", "answer", ...head], body).split("\n") as [string, string];
  return Object.freeze({ accessToken, ...(end && { expiresAt: +end }) });
}

const OPTIONS: Names<AltinnExchange> = { environment: 1, issuer: 1, testDepartment: 1, signal: 1, fetch: 1, timeout: 1 };
