// Edge handlers in Node's own server and in Express: from its request to a web-standard one, and back. Refuses nothing itself.

import type { SamtykkeError } from "../core/error.js";
import type { Edge } from "./edge.js";
import type { Session } from "./model.js";

/** What of Node's `IncomingMessage`, or Express's request, is used. */
export interface NodeRequest extends AsyncIterable<Uint8Array | string> {
  readonly method?: string;
  readonly url?: string;
  /** Where Express mounted a router, the whole path. */
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: object;
  /** What a body parser left. */
  readonly body?: unknown;
  /** What {@link edgeMiddleware} found. */
  edge?: { readonly session: Session | null; readonly error?: SamtykkeError };
}

/** What of Node's `ServerResponse` is used. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string | readonly string[]): unknown;
  getHeader(name: string): unknown;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  once(event: "drain" | "close", then: () => void): unknown;
  readonly writableFinished: boolean;
}

/** A body that a parser has read already, as it was, or as it would be written. */
function bodyOf(request: NodeRequest): RequestInit["body"] {
  const { body } = request;
  if (body === undefined || body === null) return streamOf(request);
  if (typeof body === "string" || ArrayBuffer.isView(body)) return body as RequestInit["body"];
  if (!/urlencoded/.test(`${request.headers["content-type"]}`)) return JSON.stringify(body);
  const form = new URLSearchParams();
  // A name that came twice is a list, and is to be refused as such.
  for (const [name, value] of Object.entries(body)) for (const one of [value].flat()) form.append(name, `${one}`);
  return form.toString();
}

/** Reads nothing before it is asked: the body may be the application's. */
function streamOf(request: NodeRequest): ReadableStream {
  let chunks: AsyncIterator<Uint8Array | string> | undefined;
  const pull = async (to: ReadableStreamDefaultController) => {
    chunks ??= request[Symbol.asyncIterator]();
    const { done, value } = await chunks.next();
    if (done) to.close();
    else to.enqueue(typeof value === "string" ? new TextEncoder().encode(value) : value);
  };
  return new ReadableStream({ pull, cancel: async () => void (await chunks?.return?.()) }, { highWaterMark: 0 });
}

/**
 * Node's request as a web-standard one. Its origin is the `Host` header's, by http unless the socket is encrypted; behind a proxy
 * that ends TLS give `createEdge` `behindProxy: true`.
 */
export function toRequest(request: NodeRequest, response: NodeResponse): Request {
  const { method = "GET", headers, socket } = request;
  const gone = new AbortController();
  response.once("close", () => response.writableFinished || gone.abort());
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(":")) for (const one of [value ?? []].flat()) given.append(name, one);
  const url = new URL(
    (request.originalUrl ?? request.url ?? "/").replace(/^\/*/, "/"),
    `http${(socket as { encrypted?: boolean }).encrypted ? "s" : ""}://${headers["host"] ?? "localhost"}`,
  );
  const body = method === "GET" || method === "HEAD" ? undefined : bodyOf(request);
  return new Request(url, { method, headers: given, signal: gone.signal, ...(body !== undefined && { body, duplex: "half" }) } as RequestInit);
}

/** Adds a response's headers to Node's, next to the cookies that are there. */
function addHeaders(from: Response, to: NodeResponse): void {
  for (const [name, value] of from.headers) {
    const there = name === "vary" ? to.getHeader(name) : undefined;
    if (name !== "set-cookie") to.setHeader(name, there ? `${[there].flat().join(", ")}, ${value}` : value);
  }
  const cookies = from.headers.getSetCookie();
  if (cookies.length) to.setHeader("set-cookie", [...[(to.getHeader("set-cookie") as string[] | undefined) ?? []].flat(), ...cookies]);
}

/** Sends a web-standard response by Node's, at the pace of whoever reads it. */
export async function sendResponse(from: Response, to: NodeResponse): Promise<void> {
  to.statusCode = from.status;
  addHeaders(from, to);
  const reader = from.body?.getReader();
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader!.read()) {
    if (to.write(chunk.value)) continue;
    await new Promise<void>((done) => {
      to.once("drain", done);
      to.once("close", done);
    });
  }
  to.end();
}

/**
 * Express middleware, and a function for Node's own server: answers the edge's paths; for all others sets `request.edge` to the
 * session, renewed where it must be, and goes on.
 *
 * @example
 * ```ts
 * app.use(edgeMiddleware(edge));
 * app.get("/", (request, response) => response.send(request.edge.session?.claims?.sub ?? "log in first"));
 * ```
 */
export function edgeMiddleware(edge: Pick<Edge, "handle">): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    try {
      let others = false;
      const answer = await edge.handle(toRequest(request, response), (session, error) => {
        others = true;
        request.edge = { session, ...(error && { error }) };
        return new Response();
      });
      if (!others) return await sendResponse(answer, response);
      addHeaders(answer, response);
    } catch (error) {
      return next(error);
    }
    next();
  };
}
