// Errors as the page gets them: a stable code and what to do, never a description, a trace of the stack or a secret.
// RFC 9110 15 for the status; the codes are samtykke's.
// Refuses to pass on an error that is not the library's: it is logged by name, and the page hears "try later".
import { SamtykkeError } from "samtykke";
import { json } from "./headers.mjs";

const statusOf = {
  session_missing: 401,
  session_invalid: 401,
  consent_inactive: 403,
  token_invalid: 403,
  origin_refused: 403,
  timeout: 504,
  network_error: 502,
  content_type_unexpected: 502,
  http_status_unexpected: 502,
  redirect_refused: 502,
  token_response_malformed: 502,
  token_response_too_large: 502,
  api_response_malformed: 502,
  token_error: 502,
};

export function problem(error) {
  if (!(error instanceof SamtykkeError)) {
    console.error(`unexpected ${error?.name ?? "error"}`);
    return json(500, { code: "api_error", phase: "runtime", action: "try_later", retryable: false });
  }
  const { code, phase, action, retryable, http, provider } = error;
  return json(statusOf[code] ?? 400, {
    code,
    phase,
    action,
    retryable,
    ...(http ? { http: { status: http.status, retryAfter: http.retryAfter } } : {}),
    ...(provider?.traceId ? { traceId: provider.traceId } : {}),
  });
}

/** For a navigation: the person is sent to the page, which shows the message for this code. */
export function problemPage(error) {
  const { code, action } = typeof error.code === "string" && typeof error.action === "string" ? error : { code: "api_error", action: "try_later" };
  return new Response(null, { status: 303, headers: { location: `/failed?${new URLSearchParams({ error: code, action })}` } });
}
