// The route that the portal sends a person back to, for workers and servers: the confirmation of one draft, judged and answered.

import { type Names, assertConfigured, present } from "../../core/check.js";
import { Enrolment, type EnrolmentKeeping, assertKeeping } from "./enrolment.js";
import { SamtykkeError } from "../../core/error.js";
import type { Selvbetjening } from "./service.js";

/** How {@link confirmRoute} answers. */
export interface RouteOptions extends EnrolmentKeeping {
  /** Called when a draft is confirmed, before the browser gets its answer. */
  readonly onConfirmed?: (enrolment: Enrolment) => void | Promise<void>;
  /** A path on this origin to send the browser to; a short text unless given. */
  readonly done?: string;
}

const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "content-type": "text/plain; charset=utf-8",
  "x-content-type-options": "nosniff",
};
const STATUS: Readonly<Record<string, number>> = { transaction_missing: 404, transaction_used: 409, transaction_expired: 410 };

/**
 * The route that the portal sends the person back to, for workers and servers: the path's last part is the enrolment's id.
 * Behind a proxy it judges by path and query; the origin is that of the stored redirect URI.
 *
 * @example
 * ```ts
 * const confirmed = confirmRoute(service, { store });
 * if (url.pathname.startsWith("/confirmed/")) return confirmed(request);
 * ```
 */
export function confirmRoute(service: Selvbetjening, options: RouteOptions): (request: Request) => Promise<Response> {
  assertKeeping(service, options, { store: 1, keys: 1, onConfirmed: 1, done: 1 } satisfies Names<RouteOptions>);
  const { onConfirmed, done } = options;
  const kept = present(options, ["store", "keys"]) as unknown as EnrolmentKeeping;
  assertConfigured(done === undefined || (typeof done === "string" && /^\/(?![/\\])[!-[\]-~]*$/.test(done)), "done: a path on this origin");
  return async (request) => {
    const answer = (status: number, text: string, headers = {}) => new Response(text, { status, headers: { ...HEADERS, ...headers } });
    if (request.method !== "GET") return answer(405, "", { allow: "GET" });
    const { pathname, search } = new URL(request.url);
    try {
      const enrolment = await Enrolment.open(service, pathname.slice(pathname.lastIndexOf("/") + 1), kept);
      await enrolment.confirm(pathname + search);
      await onConfirmed?.(enrolment);
    } catch (error) {
      if (!(error instanceof SamtykkeError)) throw error;
      return answer(STATUS[error.code] ?? 400, `Not confirmed (${error.code}).\n`);
    }
    return done === undefined ? answer(200, "Confirmed. You can close this page.\n") : answer(303, "", { location: done });
  };
}
