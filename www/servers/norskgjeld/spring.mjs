// How the agreement and feed applications say no: Spring WebFlux's error body, and a bare 401.
// Norsk Gjeldsinformasjon's OpenAPI schema SpringErrorSchema and the 401 that has no body.
// Refuses a token without the service's audience (403) or scope (403).

import { randomUUID } from "node:crypto";

const REASONS = { 400: "Bad Request", 403: "Forbidden", 409: "Conflict", 415: "Unsupported Media Type" };

export function spring({ clock, service, scope }) {
  const refuse = (status, path, message) => ({
    status,
    headers: { "content-type": "application/json" },
    body: {
      timestamp: clock.iso(),
      path,
      status,
      error: REASONS[status],
      ...(message === undefined ? {} : { message }),
      requestId: randomUUID().slice(0, 8),
    },
  });

  /** The refusal a token earns, or undefined when it may pass. */
  function judge(bearer, path) {
    if (bearer.problem || bearer.kind !== "client") return { status: 401, headers: {}, body: undefined };
    if (!bearer.audience.includes(service) || !bearer.scopes.includes(scope)) return refuse(403, path, "Access Denied");
    return undefined;
  }

  return { refuse, judge };
}
