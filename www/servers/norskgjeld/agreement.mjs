// The agreement API: a client registers a consent it has collected itself.
// Norsk Gjeldsinformasjon's "integrated consent": PUT, idempotent on client_consent_id with equal data.
// Refuses other data under a known client_consent_id (409), a purpose the client may not use (403), bad fields (400).

import { DEBT_SCOPES, MAX_DAYS } from "./scopes.mjs";
import { spring } from "./spring.mjs";

const INT32 = 2 ** 31 - 1;

function readAgreement(text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return { problem: "Failed to read HTTP message" };
  }
  if (body === null || typeof body !== "object" || Array.isArray(body)) return { problem: "Failed to read HTTP message" };
  const { nin, scope_of_consent: scope, consent_duration_days: duration, client_consent_id: externalId } = body;
  // Jackson reads "100" as a number, so the real API most likely does; the client is told it is wrong.
  const asText = typeof duration === "string";
  const days = asText && /^[0-9]{1,10}$/.test(duration) ? Number(duration) : duration;
  if (typeof nin !== "string" || !/^[0-9]{11}$/.test(nin)) return { problem: "nin must be 11 digits" };
  if (!DEBT_SCOPES.includes(scope)) return { problem: "scope_of_consent is not a known value" };
  if (!Number.isInteger(days) || days < 1 || days > INT32) return { problem: "consent_duration_days must be a positive int32" };
  if (typeof externalId !== "string" || externalId === "") return { problem: "client_consent_id is required" };
  return { nin, scope, days, externalId, asText };
}

export function agreementApi({ clock, clients, consents, audiences, journal }) {
  const { refuse, judge } = spring({ clock, service: audiences.services.agreement, scope: "consent.create" });

  const answer = (consent) => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: {
      client_consent_id: consent.externalId,
      consent: { id: consent.id, expires_at: clock.iso(consent.exp * 1000), scope_of_consent: consent.scope },
    },
  });

  return {
    agreement({ bearer, url, req, body }) {
      const path = url.pathname;
      const refusal = judge(bearer, path);
      if (refusal) return refusal;
      if (!/^application\/json(?:;|$)/i.test(req.headers["content-type"] ?? "")) return refuse(415, path);
      const read = readAgreement(body);
      if (read.problem) return refuse(400, path, read.problem);
      const { nin, scope, days, externalId, asText } = read;
      if (asText) journal.violation("days_as_text", "agreement", "consent_duration_days was sent as a string");
      if (!clients.get(bearer.clientId)?.scopes.includes(scope)) return refuse(403, path, "Access Denied");

      const known = consents.byExternalId(bearer.clientId, externalId);
      if (known) {
        const same = known.nin === nin && known.scope === scope && known.askedDays === days;
        return same ? answer(known) : refuse(409, path, "client_consent_id is already registered with other data");
      }
      const most = MAX_DAYS[scope.slice("debt.unsecured.".length)];
      if (days > most) journal.violation("days_above_maximum", "agreement", "more days were asked for than the purpose allows");
      const consent = consents.create({ clientId: bearer.clientId, nin, scope, days: Math.min(days, most), externalId });
      consent.askedDays = days;
      return answer(consent);
    },
  };
}
