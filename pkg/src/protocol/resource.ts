// Calls to APIs with an access token: in the header alone, to named origins alone, with a proof where the token is bound.
// The same request is sent once more when the API asks for its nonce (RFC 9449 section 9); so its body must bear that.

import type { Nonces } from "./dpop.js";
import { type ApiCall, drive } from "../core/drive.js";
import { joined } from "../core/wasm.js";
import { type Names, isRequest, isStream, only } from "../core/check.js";
import { hostError } from "../core/error.js";
import type { Transport } from "../core/http.js";
import type { SigningKey } from "../crypto/keys.js";
import { jwkLine } from "./signing.js";
import type { Tokens } from "./tokens.js";

/** What an API call may say; everything else of a `RequestInit` is set by the library. */
export interface ResourceInit {
  readonly method?: string;
  readonly headers?: RequestInit["headers"];
  /** A stream can be sent once only, so a bound token, whose request may have to be sent again, refuses it. */
  readonly body?: RequestInit["body"];
  readonly signal?: AbortSignal | null;
}

/** A function like `fetch`, for one token and its origins. */
export type ResourceFetch = (input: string | URL | Request, init?: ResourceInit) => Promise<Response>;

/** Where a token may go. */
export interface ResourceOptions {
  /** Origins the token is for, such as `https://api.example`. It is sent nowhere else. */
  readonly origins: readonly string[];
}

const INIT: Names<ResourceInit> = { method: 1, headers: 1, body: 1, signal: 1 };
/** @internal */
export const ORIGINS: Names<ResourceOptions> = { origins: 1 };

/** @internal What a token is sent with. */
export interface Bearer {
  readonly transport: Transport;
  readonly dpop: SigningKey | undefined;
  readonly nonces: Nonces;
  /** Marks of the core's. */
  readonly development: string;
  readonly offset: number;
}

const refused = (expected: string, code = "invalid_parameter") => hostError(code, { phase: "api", expected });

/** @internal A fetch for one token. */
export function resourceFetch(bearer: Bearer, tokens: Tokens, options: ResourceOptions): ResourceFetch {
  only(options, ORIGINS, "api");
  const { origins } = options;
  const { dpop, nonces, development, offset } = bearer;
  const { accessToken, tokenType } = tokens;
  if (!origins.length) throw refused("origins: at least one that the token is for");
  if (tokenType === "DPoP" && !dpop) throw hostError("invalid_configuration", { phase: "api", expected: "dpop: the token's key" });
  const named = origins.map((origin) => `${origin}`).join(" ");
  return async (input, init = {}) => {
    only(init, INIT, "api");
    const given = isRequest(input) ? input : undefined;
    // As fetch will read it, so that what is judged and proved is what is called.
    let url: string;
    try {
      url = new URL(given ? given.url : `${input}`).href;
    } catch {
      throw refused("an absolute https URL", "resource_refused");
    }
    const method = (init.method ?? given?.method ?? "GET").toUpperCase();
    const headers = new Headers(init.headers ?? given?.headers);
    const body = await replayable(init.body === undefined ? given?.body : init.body, headers, tokenType === "DPoP", !!given);
    const signal = init.signal ?? given?.signal;
    const bound = tokenType === "DPoP" ? dpop : undefined;
    const key = bound ? [bound.alg, jwkLine(bound), nonces.of("r", url)] : ["", "", ""];
    const lines = [url, method, development, named, tokenType, accessToken, [...headers.keys()].join(" "), ...key];
    const call: ApiCall = { headers, body };
    const sign = (_: string, text: string) => bound!.sign(text);
    const nonce = (newest: string) => nonces.keep("r", url, newest);
    // The time limit holds until the answer begins, the caller's signal until it ends.
    await drive(bound ? "api" : "api_bearer", joined(lines), { transport: bearer.transport, signal, offset, sign, nonce, call });
    return call.response!;
  };
}

/** @internal A body that can be sent twice, octet for octet, whatever happens to the caller's own meanwhile. */
export async function replayable(
  body: RequestInit["body"],
  headers: Headers,
  twice: boolean,
  ofRequest: boolean,
): Promise<{ body?: RequestInit["body"]; duplex?: "half" }> {
  if (body === null || body === undefined) return {};
  if (typeof body === "string") return { body };
  const stream = isStream(body);
  if (stream && !twice) return { body, duplex: "half" };
  // The body of a Request is a stream too, but one that is read whole here, before anything is sent.
  if (stream && !ofRequest) throw refused("a body that can be sent twice: text, octets, Blob, FormData, URLSearchParams");
  const whole = new Response(body);
  const octets = await whole.arrayBuffer();
  const type = whole.headers.get("content-type");
  if (type && !headers.has("content-type")) headers.set("content-type", type);
  return { body: octets };
}
