// What pages of other origins may read (the Fetch standard's CORS protocol), as servers with a list of web origins for each client have it.
// Metadata and keys are anybody's; the rest is for pages of a client's own. Refuses by silence: the browser keeps the answer from the page.

const ANYBODYS = ["discovery", "jwks"];
const CLIENTS = ["token", "par", "userinfo", "revocation", "introspection"];

const originOf = (uri) => (URL.canParse(uri) ? new URL(uri).origin : undefined);

/** Whether a client's pages may live there: `webOrigins`; for a public client without it, where it is sent back to, anywhere if that is open. */
function allows({ webOrigins, redirectUris, method }, origin) {
  if (webOrigins) return webOrigins.includes("*") || webOrigins.includes(origin);
  return method === "none" && (redirectUris?.some((uri) => originOf(uri) === origin) ?? true);
}

/** Headers for an answer of an endpoint: none where the request is of no page, or of one that may not read it. */
export function corsHeaders({ state }, endpoint, { headers: { origin }, method }, form) {
  const open = ANYBODYS.includes(endpoint);
  if (!origin || !(open || CLIENTS.includes(endpoint))) return {};
  // A preflight names no client, nor does a call with a token.
  const client = state.clients.get(form.get("client_id"));
  const asked = client ? [client] : [...state.clients.values()];
  const vary = { vary: "Origin" };
  if (!open && !asked.some((one) => allows(one, origin))) return vary;
  const allowed = { ...vary, "access-control-allow-origin": open ? "*" : origin };
  if (method !== "OPTIONS") return { ...allowed, "access-control-expose-headers": "DPoP-Nonce, WWW-Authenticate" };
  return {
    ...allowed,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "Authorization, Content-Type, DPoP",
    "access-control-max-age": "60",
  };
}
