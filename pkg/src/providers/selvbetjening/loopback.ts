// A receiver on loopback for the portal's answer, for programs on the person's own machine: Node, Deno and Bun.
// Its path cannot be guessed, so what arrives there belongs to the draft that was given it. One answer, then it is used.

import { call } from "../../core/wasm.js";
import { type Names, assertGiven, isLimit, only } from "../../core/check.js";
import { randomId } from "./enrolment.js";
import { hostError } from "../../core/error.js";

/** How a receiver listens. */
export interface LoopbackOptions {
  /** A free one unless given. */
  readonly port?: number;
  /** `/confirmed/` and 256 random bits unless given. A fixed path binds the answer to no draft: only where a template demands it. */
  readonly path?: string;
  /** What stands in the redirect URI: `localhost` unless given. It listens on 127.0.0.1 either way. */
  readonly host?: "localhost" | "127.0.0.1";
  /** What the person reads, by whether the draft is confirmed. */
  readonly text?: (confirmed: boolean) => string;
}

/** A receiver that listens. */
export interface Receiver {
  /** For the draft. */
  readonly redirectUri: string;
  /**
   * Waits for the answer, however it turns out: `Enrolment.confirm` judges it. Stops listening afterwards.
   *
   * @throws {SamtykkeError} `timeout` after `seconds` (3600 unless given), `aborted`.
   */
  wait(options?: { readonly seconds?: number; readonly signal?: AbortSignal }): Promise<string>;
  /** Stops listening, waits for nobody, and closes every connection within a second. */
  close(): Promise<void>;
}

/** A request, as far as it is judged, and its answer. */
interface Asked {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly host: string;
}
interface Answered {
  readonly status: number;
  readonly text: string;
}
/** `sent` hears that an answer has left. */
type Handler = (asked: Asked) => Answered & { readonly sent?: () => void };
interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

const HEADERS = {
  "cache-control": "no-store",
  "content-type": "text/plain; charset=utf-8",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  connection: "close",
};
const usual = (confirmed: boolean) => (confirmed ? "Confirmed. You can close this page.\n" : "Not confirmed. You can close this page.\n");

/**
 * Listens on loopback. Give its `redirectUri` to the draft, open the confirm URL, then `wait`.
 *
 * @throws {SamtykkeError} `invalid_configuration` where the runtime cannot listen, such as a worker: use `confirmRoute` there.
 */
export async function loopback(options: LoopbackOptions = {}): Promise<Receiver> {
  only(options, { port: 1, path: 1, host: 1, text: 1 } satisfies Names<LoopbackOptions>);
  const { port = 0, path = `/confirmed/${randomId()}`, host = "localhost", text = usual } = options;
  assertGiven(Number.isInteger(port) && port >= 0 && port <= 65535, "configuration", "port: 0 to 65535");
  assertGiven(typeof path === "string" && /^(?:\/[\w.~-]+)+$/.test(path), "configuration", "path: a slash, then letters, digits, - . _ ~");
  assertGiven(host === "localhost" || host === "127.0.0.1", "configuration", "host: localhost or 127.0.0.1");
  let arrived!: (answer: string) => void;
  const answer = new Promise<string>((resolve) => (arrived = resolve));
  let used = false;
  let origin = "";
  const listening = await listen(port, ({ method, target, host: asked }) => {
    const [where, query = ""] = target.split(/\?(.*)/s) as [string, string?];
    // A page elsewhere that points its own name at this machine is not the portal.
    if (asked !== `localhost:${listening.port}` && asked !== `127.0.0.1:${listening.port}`) return { status: 421, text: "" };
    if (where !== path) return { status: 404, text: "" };
    if (method !== "GET") return { status: 405, text: "" };
    if (used) return { status: 409, text: "Used already.\n" };
    used = true;
    const url = origin + path + (query && `?${query}`);
    return { status: 200, text: text(confirms(origin + path, url)), sent: () => arrived(url) };
  });
  origin = `http://${host}:${listening.port}`;
  return {
    redirectUri: origin + path,
    close: () => listening.close(),
    async wait(more = {}) {
      only(more, { seconds: 1, signal: 1 }, "callback");
      const { seconds = 3600, signal } = more;
      assertGiven(isLimit(seconds), "callback", "seconds: more than 0, at most 3,600");
      let timer: ReturnType<typeof setTimeout> | undefined;
      let stop: (() => void) | undefined;
      try {
        return await new Promise<string>((resolve, reject) => {
          answer.then(resolve, reject);
          timer = setTimeout(() => reject(hostError("timeout", { phase: "callback", expected: "the portal's answer in time" })), seconds * 1000);
          stop = () => reject(hostError("aborted", { phase: "callback" }, signal?.reason));
          if (signal?.aborted) stop();
          signal?.addEventListener("abort", stop, { once: true });
        });
      } finally {
        clearTimeout(timer);
        if (stop) signal?.removeEventListener("abort", stop);
        await listening.close();
      }
    },
  };
}

function confirms(redirectUri: string, url: string): boolean {
  try {
    call(["selvbetjening", "confirmed", redirectUri], url);
    return true;
  } catch {
    return false;
  }
}

interface FetchServer {
  readonly port?: number;
  readonly addr?: { readonly port: number };
  stop?(force?: boolean): Promise<void> | void;
  shutdown?(): Promise<void>;
}
interface NodeServer {
  listen(port: number, host: string, ready: () => void): void;
  address(): { readonly port: number };
  once(event: "error", then: (error: unknown) => void): void;
  close(): void;
  closeAllConnections(): void;
}
interface NodeHttp {
  createServer(
    handler: (
      request: { readonly method?: string; readonly url?: string; readonly headers: { readonly host?: string } },
      response: { writeHead(status: number, headers: object): void; end(text: string): void; once(event: "close", then: () => void): void },
    ) => void,
  ): NodeServer;
}
/** What may be there, and is asked for in this order. */
interface Runtimes {
  readonly Deno?: { serve?(options: object, handler: (request: Request) => Response): FetchServer };
  readonly Bun?: { serve?(options: object): FetchServer };
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

async function listen(port: number, handle: Handler): Promise<Listening> {
  const { Deno, Bun, process } = globalThis as unknown as Runtimes;
  const hostname = "127.0.0.1";
  const served = (request: Request) => {
    const { href, origin, host } = new URL(request.url);
    const { status, text, sent } = handle({ method: request.method, target: href.slice(origin.length), host: request.headers.get("host") ?? host });
    // Nothing tells when it has left; it does before the rest is closed.
    if (sent) setTimeout(sent);
    return new Response(text, { status, headers: HEADERS });
  };
  if (Deno?.serve) {
    const all = new AbortController();
    const server = Deno.serve({ port, hostname, signal: all.signal, onListen() {} }, served);
    return {
      port: server.addr!.port,
      close: once(() =>
        leave(
          () => server.shutdown!(),
          () => all.abort(),
        ),
      ),
    };
  }
  if (Bun?.serve) {
    const server = Bun.serve({ port, hostname, fetch: served });
    return {
      port: server.port!,
      close: once(() =>
        leave(
          () => server.stop!(),
          () => server.stop!(true),
        ),
      ),
    };
  }
  // No import, which bundlers for pages and workers would stumble on.
  const http = process?.getBuiltinModule?.("node:http") as NodeHttp | undefined;
  if (!http) throw hostError("invalid_configuration", { expected: "Node, Deno or Bun; elsewhere a route of yours, with confirmRoute" });
  const server = http.createServer((request, response) => {
    const { status, text, sent } = handle({ method: request.method ?? "", target: request.url ?? "", host: request.headers.host ?? "" });
    if (sent) response.once("close", sent);
    response.writeHead(status, HEADERS);
    response.end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(hostError("invalid_configuration", { expected: "a port that is free" }, cause)));
    server.listen(port, hostname, resolve);
  });
  return {
    port: server.address().port,
    close: once(() =>
      leave(
        () => server.close(),
        () => server.closeAllConnections(),
      ),
    ),
  };
}

/** Milliseconds that answers on their way have to leave. */
const LEAVING = 1_000;

/** Takes no more, and ends what is left a little later: a browser holds connections that it does not use, for as long as it likes. */
function leave(stop: () => unknown, force: () => unknown): void {
  Promise.resolve(stop()).catch(() => {});
  const timer: unknown = setTimeout(force, LEAVING);
  (timer as { unref?(): void }).unref?.();
}

/** Runs something once, whoever asks. */
function once(run: () => void): () => Promise<void> {
  let ran = false;
  return async () => {
    if (!ran) run();
    ran = true;
  };
}
