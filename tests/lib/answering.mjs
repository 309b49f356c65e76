// A server's answer as the package judges it: a client whose `fetch` gives that very answer to everything it asks.

import { Client, clientSecretBasic, provider } from "samtykke";

const OP = "https://op.example";
const SERVER = provider({
  issuer: OP,
  authorizationEndpoint: `${OP}/authorize`,
  tokenEndpoint: `${OP}/token`,
  pushedAuthorizationRequestEndpoint: `${OP}/par`,
  introspectionEndpoint: `${OP}/introspect`,
  revocationEndpoint: `${OP}/revoke`,
  userinfoEndpoint: `${OP}/userinfo`,
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
});

/** A `fetch` that gives this answer; without `contentType` it has no media type at all. */
export function answering({ status = 200, contentType, retryAfter, wwwAuthenticate, body = "" }) {
  const named = { "content-type": contentType, "retry-after": retryAfter, "www-authenticate": wwwAuthenticate };
  const headers = Object.entries(named).filter(([, value]) => value !== undefined && value !== null);
  // Octets have no media type of their own.
  const octets = [204, 304].includes(status) ? null : new TextEncoder().encode(body);
  return async () => new Response(octets, { status, headers });
}

/** A client of a server that answers so; `options` are the client's. */
export const clientFor = (answer, options = {}) => new Client(SERVER, clientSecretBasic("correct horse"), { fetch: answering(answer), ...options });

/** The tokens of an answer to the client's own request. */
export const tokensFrom = (answer, { scope, ...options } = {}) => clientFor(answer, options).clientCredentials(scope === undefined ? {} : { scope });
