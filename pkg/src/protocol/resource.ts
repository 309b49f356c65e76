// Calls to APIs with an access token: in the header alone, to named origins alone, with a proof where the token is bound.
// The same request is sent once more when the API asks for its nonce (RFC 9449 section 9); so its body must bear that.

import { type Nonces, again } from "./dpop.js";
import { call } from "../core/wasm.js";
import { type Names, isRequest, isStream, only } from "../core/check.js";
import { hostError } from "../core/error.js";
import { type Transport, ask, header } from "../core/http.js";
import type { SigningKey } from "../crypto/keys.js";
import { proofLines, stamped } from "./signing.js";
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
  readonly development: boolean;
  readonly offset: number;
}

/** The response, unless it leads elsewhere. */
function whole(response: Response): Response {
  if (response.status >= 300 && response.status < 400 && response.status !== 304) throw hostError("redirect_refused", { phase: "api" });
  return response;
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
      const parsed = new URL(given ? given.url : `${input}`);
      // Never sent, and no part of what a proof names (RFC 9449 section 4.2).
      parsed.hash = "";
      // A URL's reader leaves some that no URI holds, such as the | of a FHIR search.
      url = parsed.href.replace(/[|{}^`\\]/g, encodeURIComponent);
    } catch {
      throw refused("an absolute https URL", "resource_refused");
    }
    const method = (init.method ?? given?.method ?? "GET").toUpperCase();
    const headers = new Headers(init.headers ?? given?.headers);
    for (const name of ["authorization", "dpop"]) {
      if (headers.has(name)) throw hostError("reserved_parameter", { phase: "api", actual: name });
    }
    const body = await replayable(init.body === undefined ? given?.body : init.body, headers, tokenType === "DPoP", !!given);
    const signal = init.signal ?? given?.signal;
    for (let second = false; ; second = true) {
      const nonce = nonces.of("r", url);
      const text = call([
        tokenType === "DPoP" ? "resource" : "bearer",
        url,
        method,
        development ? 1 : "",
        named,
        tokenType,
        accessToken,
        ...(tokenType === "DPoP" ? proofLines(dpop!, nonce) : []),
      ]);
      const end = text.indexOf("\n");
      headers.set("authorization", text.slice(0, end));
      if (tokenType === "DPoP") headers.set("dpop", await stamped(dpop!, text.slice(end + 1), offset, 0, nonce));
      // The time limit holds until the answer begins, the caller's signal until it ends.
      const response = await ask(bearer.transport, "api", url, { method, headers, ...body }, signal, whole, { open: true });
      if (tokenType !== "DPoP") return response;
      const answer = { head: [`${response.status}`, "", ""], nonce: header(response, "dpop-nonce"), challenge: header(response, "www-authenticate"), body: "" };
      if (!again(nonces, "r", url, second, answer)) return response;
      // Let go of the refusal, so that its connection can be used again; nobody waits for that.
      response.body?.cancel().catch(() => {});
    }
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
