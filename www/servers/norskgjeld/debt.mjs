// The debt API: lookups by a code's token or by consent id, a consent's status, and its withdrawal.
// Norsk Gjeldsinformasjon's "collect debt" page and OpenAPI schemas debt_information, consent_status, error.
// Refuses with 403, never 401, a token that is not good, and a consent that is spent, withdrawn or too old.

import { debtInformation } from "./people.mjs";
import { DEBT_SCOPES } from "./scopes.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

const TOKEN_PROBLEMS = {
  missing: ["Invalid access token", "Access token is missing"],
  unknown: ["Invalid access token", "Access token is not active"],
  expired: ["Invalid access token", "Access token is expired"],
  kind: ["invalid access token", "Access token is of the wrong kind for this resource"],
  audience: ["invalid access token", "Access token is for another audience"],
  scope: ["invalid access token", "Access token lacks the scope of the consent"],
};

export function debtApi({ clock, consents, audiences, journal }) {
  const ok = (body) => ({ status: 200, headers: HEADERS, body });
  const refuse = (status, traceId, error, description) => ({
    status,
    headers: HEADERS,
    body: {
      error,
      ...(description === undefined ? {} : { error_description: description }),
      timestamp: clock.iso(),
      trace_id: traceId,
    },
  });
  const badToken = (problem, traceId) => refuse(403, traceId, ...TOKEN_PROBLEMS[problem]);
  const inactive = (consent, traceId) =>
    consent?.ended === "expired"
      ? refuse(403, traceId, "invalid consent", `Consent expired at ${clock.iso(consent.exp * 1000)}`)
      : refuse(403, traceId, "no valid consent");

  /** What is wrong with a client's token for the debt service, if anything. */
  function clientTokenProblem(bearer) {
    if (bearer.problem) return bearer.problem;
    if (bearer.kind !== "client") return "kind";
    return bearer.audience.includes(audiences.services.debt) ? undefined : "audience";
  }

  function lookUp(consent, endpoint, traceId) {
    if (!consent || consent.ended) {
      if (consent?.ended === "used") journal.violation("lookup_repeated", endpoint, "a consent for one lookup was used again");
      return inactive(consent, traceId);
    }
    const body = debtInformation(consent, clock);
    consents.spend(consent);
    return ok(body);
  }

  /** A consent of this client; another client's is no different from an unknown one. */
  const own = (bearer, id) => {
    const consent = consents.get(id.toLowerCase());
    return consent?.clientId === bearer.clientId ? consent : undefined;
  };

  return {
    debt({ bearer, traceId }) {
      if (bearer.problem) return badToken(bearer.problem, traceId);
      if (bearer.kind !== "code") return badToken("kind", traceId);
      return lookUp(consents.byGrant(bearer.grantId), "debt", traceId);
    },

    debt_by_id({ bearer, id, traceId }) {
      const problem = clientTokenProblem(bearer);
      if (problem) return badToken(problem, traceId);
      if (!UUID.test(id)) return refuse(400, traceId, "invalid request", "The consent id is not a UUID");
      const consent = own(bearer, id);
      if (consent && !bearer.scopes.includes(consent.scope)) return badToken("scope", traceId);
      return lookUp(consent, "debt_by_id", traceId);
    },

    status({ bearer, id, traceId }) {
      const problem = clientTokenProblem(bearer);
      if (problem) return badToken(problem, traceId);
      if (!UUID.test(id)) return refuse(400, traceId, "invalid request", "The consent id is not a UUID");
      const consent = own(bearer, id);
      return ok({ active: consent !== undefined && !consent.ended, expires_at: consent?.exp ?? 0 });
    },

    delete({ bearer, id, traceId }) {
      const problem = clientTokenProblem(bearer);
      if (problem) return badToken(problem, traceId);
      if (!bearer.scopes.some((scope) => DEBT_SCOPES.includes(scope))) return badToken("scope", traceId);
      if (!UUID.test(id)) return refuse(400, traceId, "invalid request", "The consent id is not a UUID");
      const consent = own(bearer, id);
      if (!consent || consent.ended) {
        const when = consent?.ended === "expired" ? `Consent expired at ${clock.iso(consent.exp * 1000)}` : undefined;
        return refuse(403, traceId, "invalid consent", when);
      }
      consents.revoke(consent);
      return { status: 204, headers: { "cache-control": "no-store" }, body: undefined };
    },
  };
}
