// What may be shown of a request or an answer when a flow is drawn or logged.
// RFC 6749 10.3 to 10.6 and RFC 9700 4.2: codes, tokens, secrets and verifiers never leave in a trace.
// Refuses by default: a name that is not listed as harmless is hidden.

const HIDDEN = "••••••";

const PLAIN = new Set([
  "audience",
  "client_id",
  "code_challenge",
  "code_challenge_method",
  "consent_duration_days",
  "error",
  "error_description",
  "expires_in",
  "fromSequenceNr",
  "grant_type",
  "limit",
  "prompt",
  "redirect_uri",
  "response_mode",
  "response_type",
  "scope",
  "scope_of_consent",
  "token_type",
  "token_type_hint",
  "action",
  "status",
  "active",
  "expires_at",
  "trace_id",
  "numberOfCreditorsAnswered",
  "numberOfcreditorsMissing",
  "startSequenceNr",
  "endSequenceNr",
  "generatedAt",
  "firstSequenceNr",
  "lastSequenceNr",
  "client_consent_id",
  "message",
  "path",
  "timestamp",
  "requestId",
  "issuer",
  "accept",
]);
const SHORTENED = new Set(["state", "nonce"]);

const text = (value) => (typeof value === "object" && value !== null ? undefined : String(value));

function maskValue(name, value) {
  const plain = text(value);
  if (SHORTENED.has(name)) return `${(plain ?? "").slice(0, 4)}…`;
  if (name === "loans" && Array.isArray(value)) return `${value.length}`;
  if (name === "result" && Array.isArray(value)) return `${value.length}`;
  if (name === "consent" && value !== null && typeof value === "object") return text(value.scope ?? value.scope_of_consent) ?? HIDDEN;
  if (!PLAIN.has(name) || plain === undefined) return HIDDEN;
  return plain.length > 200 ? `${plain.slice(0, 199)}…` : plain;
}

/** Masks an object, or the pairs of URLSearchParams, name by name. */
export function maskParams(params) {
  if (params === null || typeof params !== "object" || Array.isArray(params)) return {};
  const pairs = params instanceof URLSearchParams ? [...params] : Object.entries(params);
  return Object.fromEntries(pairs.map(([name, value]) => [name, maskValue(name, value)]));
}

/** Masks an Authorization header down to its scheme. */
export function maskAuthorization(header) {
  return `${/^[A-Za-z]+/.exec(header)?.[0] ?? ""} ${HIDDEN}`.trim();
}

/** Paths name an interaction by an id that a person's cookie is bound to; it is not drawn. */
export const maskPath = (path) => path.replace(/^(\/login|\/consent|\/oauth2\/auth)\/.+$/, "$1/…");
