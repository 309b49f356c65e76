// Sends the core's requests by fetch. Follows no redirect, sends no cookie, keeps no cached answer, reads at most 1 MiB.
// Options that a runtime lacks are not passed: Cloudflare's workerd throws on some of them.

import { seconds } from "./clock.js";
import { type Names, assertConfigured, isLimit, isObject } from "./check.js";
import { type Phase, SamtykkeError, hostError } from "./error.js";
import { waitFor } from "./wait.js";

/** A function like the global `fetch`; give your own for a proxy, a fixed egress address or a test. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How requests are sent. */
export interface Transport {
  /** Used in place of the global `fetch`. */
  readonly fetch?: Fetch;
  /** Seconds until a request is given up; 30 unless given. */
  readonly timeout?: number;
}

/** A request as the core words it. */
export interface CoreRequest {
  readonly repeatable: boolean;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** @throws {SamtykkeError} `invalid_configuration` for options of another type; a timer takes NaN for "at once". */
export function checkTransport(transport: Transport): void {
  assertConfigured(isObject(transport), "options as an object");
  const { fetch, timeout } = transport;
  assertConfigured(fetch === undefined || typeof fetch === "function", "fetch: a function");
  assertConfigured(isLimit(timeout), "timeout: seconds, more than 0 and at most 3,600");
}

/** @internal */
export const TRANSPORT: Names<Transport> = { fetch: 1, timeout: 1 };

/** @internal The most octets of an answer that are read (1 MiB). */
export const MAX_BODY = 1 << 20;
const TOO_LARGE = {
  configuration: "metadata_malformed",
  authorization: "token_response_too_large",
  token: "token_response_too_large",
  api: "api_response_malformed",
};
/** Milliseconds beyond which a timer fires at once instead (HTML, timers). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Reads the lines of a request. */
export function request(text: string): CoreRequest {
  const split = text.indexOf("\n\n");
  const [repeatable, method, url, ...lines] = text.slice(0, split).split("\n") as [string, string, string, ...string[]];
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(": ");
    headers[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return { repeatable: !!repeatable, method, url, headers, body: text.slice(split + 2) || undefined };
}

/** @internal An answer: the lines by which the core judges it, and its body. */
export interface Sent {
  /** Status, media type, `Retry-After`. */
  readonly head: string[];
  /** `DPoP-Nonce`. */
  readonly nonce: string;
  /** `WWW-Authenticate`. */
  readonly challenge: string;
  /** `Cache-Control`. */
  readonly caching: string;
  readonly body: string;
}

/** @internal The options of a request that the runtime implements: workerd throws on others (cloudflare/workers-sdk#2514). */
export function hostOptions(): RequestInit {
  const init: RequestInit = {};
  for (const [name, value] of [
    ["credentials", "omit"],
    ["cache", "no-store"],
    ["referrerPolicy", "no-referrer"],
  ] as const) {
    if (typeof Request === "function" && name in Request.prototype) init[name] = value as never;
  }
  return init;
}

/** @internal Sends one request within the time limit and the caller's signal, and takes from the response what is wanted of it. */
export async function ask<T>(
  { fetch = globalThis.fetch as Fetch, timeout = 30 }: Transport,
  phase: Phase,
  url: string,
  init: RequestInit,
  signal: AbortSignal | null | undefined,
  take: (response: Response, within: <V>(work: Promise<V>) => Promise<V>) => T | Promise<T>,
  { repeatable = false }: { readonly repeatable?: boolean },
): Promise<T> {
  const controller = new AbortController();
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      controller.abort();
    },
    Math.min(timeout * 1000, LONGEST_TIMER),
  );
  const stop = () => controller.abort(signal?.reason);
  const aborted = new Promise<never>((_, reject) => controller.signal.addEventListener("abort", () => reject(new Error("aborted"))));
  aborted.catch(() => {});
  // A `fetch` that heeds no signal is raced, so that no caller waits for ever.
  const within = <V>(work: Promise<V>) => Promise.race([work, aborted]);
  try {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", stop);
    const response = await within(fetch.call(undefined, url, { ...init, ...hostOptions(), redirect: "manual", signal: controller.signal }));
    if (response.type === "opaqueredirect" || response.redirected) throw hostError("redirect_refused", { phase });
    return await take(response, within);
  } catch (cause) {
    if (cause instanceof SamtykkeError) throw cause;
    const code = late ? "timeout" : signal?.aborted ? "aborted" : "network_error";
    throw hostError(code, { phase, retryable: repeatable && code !== "aborted" }, signal?.aborted ? signal.reason : cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** @internal A header, or nothing; it holds no line end. */
export const header = ({ headers }: Response, name: string): string => headers.get(name)?.replace(/\s+/g, " ") ?? "";

/** @internal Sends a request of a phase; answers the lines by which the core judges the response, and its body. */
export function send(
  { method, url, headers, body, repeatable }: CoreRequest,
  phase: Phase & ("configuration" | "authorization" | "token" | "api"),
  transport: Transport,
  signal?: AbortSignal,
): Promise<Sent> {
  const take = async (response: Response, within: <V>(work: Promise<V>) => Promise<V>) => {
    const { status } = response;
    const text = await within(read(response, MAX_BODY));
    if (text === undefined) throw hostError(TOO_LARGE[phase], { http: { status } });
    const [type, retry, nonce, challenge, caching] = ["content-type", "retry-after", "dpop-nonce", "www-authenticate", "cache-control"].map((name) =>
      header(response, name),
    ) as [string, string, string, string, string];
    return { head: [`${status}`, type, seconds(retry) ?? ""], nonce, challenge, caching, body: text };
  };
  return ask(transport, phase, url, { method, headers, body }, signal, take, { repeatable });
}

/**
 * Reads a body of at most `most` octets; `undefined` for a longer one, which is cut off where it gets too long.
 * Octets that are not UTF-8 are neither JSON nor a form: such a body counts as empty, and the status says the rest.
 */
export async function read(message: Response | Request, most: number, begun?: (cancel: () => void) => void): Promise<string | undefined> {
  const reader = message.body?.getReader();
  begun?.(() => reader?.cancel().catch(() => {}));
  if (!reader) {
    const text = await message.text();
    return text.length > most ? undefined : text;
  }
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      // Not waited for: a stream that never ends need not end its cancelling either.
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  try {
    return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  } catch {
    return "";
  }
}

/**
 * @internal As {@link read}, for an answer of an API whose head has come: its body has a time limit of its own, and the caller's signal.
 *
 * @throws {SamtykkeError} `timeout`, `aborted`, `network_error`.
 */
export async function readWithin(
  response: Response,
  most: number,
  { timeout }: Transport,
  signal: AbortSignal | null | undefined,
): Promise<string | undefined> {
  let cancel = () => {};
  const work = read(response, most, (stop) => {
    cancel = stop;
  });
  const text = work.catch((cause: unknown) => {
    if (signal?.aborted) throw hostError("aborted", { phase: "api" }, signal.reason);
    throw hostError("network_error", { phase: "api" }, cause);
  });
  // Later: Node's fetch leaves a rejection behind where a copy is let go of while its signal aborts.
  return waitFor(text, { timeout, signal }, "api", {}, () => void setTimeout(() => cancel()));
}
