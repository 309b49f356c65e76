// Edge handlers in Next's app router: route handlers, the proxy that renews before anything is rendered, sessions in components.
// Next's own functions are given, so that this entry depends on no version of it.

import type { SamtykkeError } from "../core/error.js";
import type { Edge } from "./edge.js";
import type { Session } from "./model.js";

/** What of Next is used. */
export interface NextParts {
  /** From `next/server`. */
  readonly NextResponse: { next(init?: { request?: { headers: Headers } }): Response };
  /** From `next/headers`. */
  readonly headers: () => Promise<{ get(name: string): string | null }>;
  /** From `next/server`: what is to be done after the response. */
  readonly after?: (work: Promise<unknown>) => void;
}

/** The edge's parts in Next. */
export interface NextEdge {
  /** For `route.ts` of the edge's paths: `export const { GET, POST } = handlers`. */
  readonly handlers: { GET(request: Request): Promise<Response>; POST(request: Request): Promise<Response> };
  /** For `proxy.ts`: renews tokens before anything is rendered, and answers the edge's paths. */
  proxy(request: Request): Promise<Response>;
  /** The session in a server component; it changes nothing there. */
  session(): Promise<Session | null>;
}

/** A request's cookies with those that a response sets or deletes. */
function mergeCookies(cookie: string | null, lines: readonly string[]): string {
  const all = new Map(
    (cookie ?? "")
      .split("; ")
      .filter(Boolean)
      .map((pair) => [pair.split("=", 1)[0]!, pair]),
  );
  for (const line of lines) {
    const pair = line.split(";", 1)[0]!;
    const name = pair.split("=", 1)[0]!;
    if (/; Max-Age=0;/.test(line)) all.delete(name);
    else all.set(name, pair);
  }
  return [...all.values()].join("; ");
}

/**
 * Makes the parts.
 *
 * @example
 * ```ts
 * export const { handlers, proxy, session } = nextEdge(edge, { NextResponse, headers, after });
 * ```
 */
export function nextEdge(edge: Pick<Edge, "handle" | "session" | "route" | "keepAlive">, { NextResponse, headers, after }: NextParts): NextEdge {
  const kept = (request: Request) => {
    if (after) edge.keepAlive(request, (work) => after(work));
    return request;
  };
  const route = async (request: Request) => (await edge.route(kept(request))) ?? new Response(null, { status: 404 });
  return {
    handlers: { GET: route, POST: route },
    async proxy(request) {
      let others: { readonly error?: SamtykkeError } | undefined;
      const answer = await edge.handle(kept(request), (_, error) => {
        others = { ...(error && { error }) };
        return new Response();
      });
      if (!others) return answer;
      const lines = answer.headers.getSetCookie();
      if (!lines.length) return NextResponse.next();
      // What is rendered for this request sees the new session.
      const seen = new Headers(request.headers);
      seen.set("cookie", mergeCookies(seen.get("cookie"), lines));
      const next = NextResponse.next({ request: { headers: seen } });
      for (const line of lines) next.headers.append("set-cookie", line);
      for (const name of ["cache-control", "vary"]) next.headers.set(name, answer.headers.get(name) ?? "");
      return next;
    },
    async session() {
      const cookie = (await headers()).get("cookie") ?? "";
      return edge.session(new Request("https://component.invalid/", { headers: { cookie } }));
    },
  };
}
