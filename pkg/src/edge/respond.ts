// What the handlers answer: never cached, never telling the next page where it came from; failures as a page or as JSON.

import type { SamtykkeError } from "../core/error.js";
import { errorPage, languageFor } from "./error_page.js";
import type { Site } from "./options.js";

const HEADERS = { "cache-control": "private, no-store", "referrer-policy": "no-referrer", vary: "Cookie" } as const;

/** @internal A response of a handler's. */
export function respond(status: number, headers: Readonly<Record<string, string>> = {}, set: readonly string[] = [], body: string | null = null): Response {
  const response = new Response(body, { status, headers: { ...HEADERS, ...headers } });
  for (const line of set) response.headers.append("set-cookie", line);
  return response;
}

/** @internal A response of the application's with cookie lines on it: then it is for this browser alone. */
export function withCookies(response: Response, set: readonly string[]): Response {
  if (!set.length) return response;
  // One that came from fetch has headers that do not change.
  const own = new Response(response.body, response);
  for (const line of set) own.headers.append("set-cookie", line);
  own.headers.set("cache-control", HEADERS["cache-control"]);
  if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(own.headers.get("vary") ?? "")) own.headers.append("vary", "Cookie");
  return own;
}

const STATUSES: Readonly<Record<string, number>> = {
  origin_refused: 403,
  method_refused: 405,
  session_unavailable: 503,
  session_stale: 401,
  session_missing: 401,
};
/** @internal */
export const statusOf = ({ code, action }: SamtykkeError): number => STATUSES[code] ?? (action === "try_later" ? 502 : 400);

/** Whether a person looks at the answer, and not a script. */
const isSeen = ({ headers }: Request) => {
  const mode = headers.get("sec-fetch-mode");
  return mode ? mode === "navigate" : /text\/html/.test(headers.get("accept") ?? "");
};

/** @internal What else an answer says, and whether a person looks at it whatever the request says of itself. */
export interface Refusal {
  readonly headers?: Readonly<Record<string, string>>;
  readonly set?: readonly string[];
  readonly person?: boolean;
}

/** @internal The answer to a request that failed: where the application wants it, else a page, or JSON for a script. Nothing secret in it. */
export async function refuse(site: Site, request: Request, cause: unknown, { headers, set = [], person = isSeen(request) }: Refusal = {}): Promise<Response> {
  const error = site.problem(cause);
  const { code, phase, action, retryable, oauth, expected, actual, hint } = error;
  const status = statusOf(error);
  if (!person) {
    const facts = {
      code,
      phase,
      action,
      retryable,
      oauth: oauth?.error,
      ...(action === "fix_configuration" && phase === "session" && { expected, actual, hint }),
    };
    return respond(status, { "content-type": "application/json", ...headers }, set, JSON.stringify(facts));
  }
  if (site.errorPage) {
    try {
      return withCookies(await site.errorPage(error, request), set);
    } catch (trouble) {
      site.problem(trouble);
    }
  }
  // A store that is down is no reason to send anybody on.
  if (site.errorPath !== undefined && code !== "session_unavailable" && code !== "method_refused") {
    const [path, fragment] = site.errorPath.split("#", 2);
    const mark = path!.includes("?") ? "&" : "?";
    return respond(303, { location: `${path}${mark}error=${code}&action=${action}${fragment ? `#${fragment}` : ""}`, ...headers }, set);
  }
  const language = languageFor(request.headers.get("accept-language"));
  const page = errorPage(error, language, action === "restart" || action === "user_cancelled" || action === "user_declined" ? site.places.login : undefined);
  return respond(
    status,
    {
      "content-type": "text/html; charset=utf-8",
      "content-language": language,
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      ...headers,
    },
    set,
    page,
  );
}
