// Sends the core's requests by fetch. Follows no redirect, sends no cookie, keeps no cached answer, reads at most 1 MiB.
// Options that a runtime lacks are not passed: Cloudflare's workerd throws on some of them.

import { hostError } from "./error.js";

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

const MAX_BODY = 1 << 20;

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

/** Sends a request; answers the lines by which the core judges the response, and its body. */
export async function send(request: CoreRequest, transport: Transport, signal?: AbortSignal): Promise<{ head: string[]; body: string }> {
  const { fetch = globalThis.fetch as Fetch, timeout = 30 } = transport;
  const { method, url, headers, body } = request;
  const controller = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, timeout * 1000);
  const stop = () => controller.abort();
  const aborted = new Promise<never>((_, reject) => controller.signal.addEventListener("abort", () => reject(new Error("aborted"))));
  aborted.catch(() => {});
  try {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", stop);
    const init: RequestInit = { method, headers, body, redirect: "manual", signal: controller.signal };
    for (const [name, value] of [["credentials", "omit"], ["cache", "no-store"], ["referrerPolicy", "no-referrer"]] as const) {
      if (typeof Request === "function" && name in Request.prototype && !isWorkerd) init[name] = value as never;
    }
    // A `fetch` that heeds no signal is raced, so that no caller waits for ever.
    const response = await Promise.race([fetch.call(undefined, url, init), aborted]);
    if (response.type === "opaqueredirect" || response.redirected) throw hostError("redirect_refused", { phase: phaseOf(url) });
    const { status } = response;
    const header = (name: string) => response.headers.get(name)?.replace(/\s+/g, " ") ?? "";
    const text = await Promise.race([read(response), aborted]);
    return { head: [String(status), header("content-type"), header("retry-after")], body: text };
  } catch (cause) {
    if ((cause as Error).name === "SamtykkeError") throw cause;
    const code = late ? "timeout" : signal?.aborted ? "aborted" : "network_error";
    throw hostError(code, { phase: phaseOf(url), retryable: request.repeatable && code !== "aborted" }, signal?.aborted ? signal.reason : cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

// workerd has some of these properties and yet refuses the options (cloudflare/workers-sdk#2514).
const isWorkerd = typeof navigator === "object" && navigator?.userAgent === "Cloudflare-Workers";

const phaseOf = (url: string) => (url.includes("/token") ? "token" : "api");

async function read(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return response.text();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_BODY) {
      await reader.cancel();
      throw hostError("token_response_too_large", { http: { status: response.status } });
    }
    text += decoder.decode(value, { stream: true });
  }
}
