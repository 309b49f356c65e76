// An application's edge, as each framework's project makes it.
import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge } from "samtykke/edge";

const issuer = "https://keycloak.example/realms/main";
const at = (name) => `${issuer}/protocol/openid-connect/${name}`;

/** `origin` is the application's; `reach` where its authorization server is. */
export function sessionEdge({ origin, reach, ...more }) {
  const op = provider({
    issuer,
    // Where a browser comes to by itself.
    authorizationEndpoint: reach ? new URL("auth", reach).href : at("auth"),
    development: Boolean(reach),
    tokenEndpoint: at("token"),
    jwksUri: at("certs"),
    revocationEndpoint: at("revoke"),
    clientId: "app",
    redirectUri: `${origin}/callback`,
  });
  const client = new Client(op, clientSecretBasic("s"), { fetch: (url, init) => fetch(`${reach}?url=${encodeURIComponent(url)}`, init) });
  return createEdge({
    client,
    keys: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    login: { scope: "openid" },
    refresh: "best-effort",
    insecureLocalhost: true,
    ...more,
  });
}
