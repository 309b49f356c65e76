// Judges an authorization request before anything is shown to a person, in the order Hydra does.
// RFC 6749 3.1.2.4, 4.1.1 and 4.1.2.1; RFC 7636 4.3; Norsk Gjeldsinformasjon's "auth endpoint" page.
// Refuses to redirect to anything but a byte-equal registered URI; state below 8, nonce below 8, bad scopes.

import { parseConsentScope } from "./scopes.mjs";

const MIN_ENTROPY = 8;
const SECRET_NAMES = ["client_secret", "code_verifier", "access_token", "id_token", "refresh_token"];
const UNUSED_NAMES = ["response_mode", "audience", "prompt", "request", "request_uri", "resource"];
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

const page = (status, error, description) => ({ kind: "page", status, error, description });

/** Sins that do not stop a request at the real server either; tests read them afterwards. */
function noteSins(query, headers, journal) {
  const sin = (code, detail) => journal.violation(code, "auth", detail);
  const names = [...query.keys()];
  for (const name of new Set(names)) {
    if (names.filter((other) => other === name).length > 1) sin("duplicate_parameter", `${name} was sent more than once`);
  }
  for (const name of SECRET_NAMES) if (query.has(name)) sin("secret_in_url", `${name} stood in the authorization URL`);
  for (const name of UNUSED_NAMES) if (query.has(name)) sin(`${name}_on_auth`, `${name} does not belong on /oauth2/auth`);
  if (headers.authorization) sin("credentials_on_auth", "an Authorization header was sent to /oauth2/auth");
  if (headers["sec-fetch-dest"] === "empty") sin("auth_by_fetch", "/oauth2/auth needs a navigation");
  if (/^i?frame$/.test(headers["sec-fetch-dest"] ?? "")) sin("auth_in_frame", "/oauth2/auth needs a top-level navigation");
  if (!query.get("code_challenge")) sin("pkce_missing", "no code_challenge was sent");
  for (const name of ["state", "nonce", "code_challenge"]) {
    if (query.get(name)) journal.once(name, query.get(name), "auth");
  }
}

export function judgeAuthorization({ query, headers, clients, audiences, journal }) {
  noteSins(query, headers, journal);

  const client = clients.get(query.get("client_id") ?? "");
  if (!client) return page(401, "invalid_client", "Klienten er ikke registrert her.");
  const redirectUri = query.get("redirect_uri");
  if (redirectUri === null || !client.redirectUris.includes(redirectUri)) {
    journal.violation("redirect_uri_unregistered", "auth", "redirect_uri is not byte for byte one of the registered");
    return page(400, "invalid_request", "Adressen i redirect_uri er ikke, tegn for tegn, en av de registrerte.");
  }

  const state = query.get("state") ?? "";
  const mode = query.get("response_mode") ?? "query";
  const refuse = (error, description) => ({
    kind: "callback",
    redirectUri,
    mode: mode === "fragment" ? mode : "query",
    error,
    description,
    state,
  });

  for (const name of ["request", "request_uri", "registration"]) {
    if (query.has(name)) return refuse(`${name}_not_supported`, `The parameter '${name}' can not be used here.`);
  }
  const scope = parseConsentScope(query.get("scope"));
  // NoGi's own rules are judged by its own application, which sends no description.
  if (!scope.ok) {
    journal.violation("scope_rules", "auth", scope.reason);
    return refuse("invalid_scopes", "");
  }
  for (const name of scope.granted.split(" ")) {
    if (!client.scopes.includes(name)) return refuse("invalid_scope", `The client may not ask for scope '${name}'.`);
  }
  for (const audience of (query.get("audience") ?? "").split(" ").filter(Boolean)) {
    if (!audiences.allowed(audience)) return refuse("invalid_request", audiences.refusal(audience));
  }
  if (query.get("response_type") !== "code") return refuse("unsupported_response_type", "Only response_type 'code' is offered.");
  if (mode !== "query" && mode !== "fragment") return refuse("unsupported_response_mode", "Only 'query' and 'fragment' are offered.");
  if (state.length < MIN_ENTROPY) {
    journal.violation("state_too_short", "auth", "state has fewer than 8 characters");
    return refuse("invalid_state", "The 'state' is missing or has fewer than 8 characters.");
  }
  const nonce = query.get("nonce") ?? "";
  if (nonce !== "" && nonce.length < MIN_ENTROPY) {
    journal.violation("nonce_too_short", "auth", "nonce has fewer than 8 characters");
    return refuse("insufficient_entropy", "The 'nonce' has fewer than 8 characters.");
  }
  if (scope.openid && nonce === "") journal.violation("nonce_missing", "auth", "openid was asked for without a nonce");
  if (query.get("prompt") === "none") return refuse("login_required", "A person has to log in.");
  const challenge = query.get("code_challenge") ?? "";
  const method = query.get("code_challenge_method") ?? (challenge === "" ? "" : "plain");
  if (method !== "" && method !== "S256") {
    journal.violation("pkce_not_s256", "auth", "code_challenge_method is not S256");
    return refuse("invalid_request", "Use code_challenge_method 'S256'.");
  }
  if (method === "S256" && !CHALLENGE.test(challenge)) return refuse("invalid_request", "The 'code_challenge' is not 43 characters of base64url.");
  if (scope.clamped) journal.violation("days_above_maximum", "auth", "more days were asked for than the purpose allows");

  return { kind: "flow", flow: { client, redirectUri, mode, state, nonce, challenge, scope } };
}

/** The query oidc-provider gets: only what it needs, and nothing it would judge otherwise than Hydra. */
export function providerQuery({ client, redirectUri, state, nonce, challenge, scope, mode }, flowId) {
  return {
    client_id: client.id,
    response_type: "code",
    response_mode: mode,
    redirect_uri: redirectUri,
    scope: scope.granted,
    state,
    // Hydra ignores a nonce without openid; oidc-provider would refuse it.
    ...(scope.openid && nonce !== "" ? { nonce } : {}),
    ...(challenge === "" ? {} : { code_challenge: challenge, code_challenge_method: "S256" }),
    nogi_flow: flowId,
  };
}
