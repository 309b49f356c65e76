// Calls to a provider's APIs: the token, the headers every call must have, and a 401 read before anything is asked for again.
// A new token is got at most once for a call, and only when the token is what was refused.

import { call } from "../core/wasm.js";
import { answerLines } from "../protocol/answer.js";
import { assertConfigured, assertGiven, isStream } from "../core/check.js";
import { Nonces } from "../protocol/dpop.js";
import { SamtykkeError } from "../core/error.js";
import { type Transport, checkTransport, readWithin } from "../core/http.js";
import { type ResourceInit, resourceFetch } from "../protocol/resource.js";
import type { Tokens } from "../protocol/tokens.js";

/**
 * An access token, or a function that gets one. The function is asked for each sending; after the API refused a token it is
 * asked once more and given that token, so that a cache can drop it. Giving the same one again ends the call.
 */
export type RefusableToken = string | ((refused?: string) => string | Promise<string>);

/** @internal What a provider adds to a call. */
export interface Guard {
  readonly origins: readonly string[];
  /** Marks of the core's. */
  readonly development: string;
  readonly transport: Transport;
  readonly token: RefusableToken;
  /** Headers of one sending. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Whether what was refused is not the token but these headers, and others can be tried; called at most once for a call. */
  readonly otherwise?: (sent: Readonly<Record<string, string>>) => boolean;
}

/** @internal */
export function checkToken(token: RefusableToken, transport: Transport): void {
  checkTransport(transport);
  assertConfigured(typeof token === "string" || typeof token === "function", "token: an access token, or a function that gets one");
}

/** @internal The token of one sending. */
export async function tokenOf(token: RefusableToken, refused?: string): Promise<string> {
  const found = typeof token === "function" ? await token(refused) : token;
  assertGiven(typeof found === "string" && found !== "", "api", "an access token: a text");
  return found;
}

/** @internal What a refused answer says, from the core. */
export function refusal(status: number, contentType: string | null, wwwAuthenticate: string | null, body: string): SamtykkeError {
  try {
    call(["refused", ...answerLines({ status, contentType, wwwAuthenticate, body })], body);
  } catch (error) {
    if (error instanceof SamtykkeError) return error;
    throw error;
  }
  throw new TypeError("a refusal has no answer");
}

const MOST = 1 << 16;

/** @internal Calls an API. All answers but a 401 are the caller's. */
export async function guardedFetch(guard: Guard, input: string | URL, init: ResourceInit = {}): Promise<Response> {
  const { origins, development, transport, token } = guard;
  let current = await tokenOf(token);
  let renewed = false;
  let changed = false;
  for (;;) {
    const headers = new Headers(init.headers);
    const own = guard.headers();
    for (const name in own) {
      assertGiven(!headers.has(name), "api", `headers without ${name}, which is set here`);
      headers.set(name, own[name]!);
    }
    const bearer = { transport, dpop: undefined, nonces: new Nonces(), development, offset: 0 };
    const send = resourceFetch(bearer, { accessToken: current, tokenType: "Bearer" } as Tokens, { origins });
    const response = await send(input, { ...init, headers });
    if (response.status !== 401) return response;
    const body = (await readWithin(response, MOST, transport, init.signal)) ?? "";
    const error = refusal(401, response.headers.get("content-type"), response.headers.get("www-authenticate"), body);
    // A stream was read by the first sending.
    if (isStream(init.body)) throw error;
    if (error.code === "token_invalid") {
      if (renewed || typeof token === "string") throw error;
      renewed = true;
      const next = await tokenOf(token, current);
      if (next === current) throw error;
      current = next;
    } else {
      if (changed || !guard.otherwise?.(own)) throw error;
      changed = true;
    }
  }
}
