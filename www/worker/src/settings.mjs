// The worker's settings, from variables and secrets, into the two clients it uses: one for each way a login can start.
// Norsk Gjeldsinformasjon: environment, credentials and addresses belong together; redirect_uri is registered exactly.
// Refuses to run without a secret or a cookie key, and never takes its own origin from the Host header.
import { Client, clientSecretBasic } from "samtykke";
import { createEdge } from "samtykke/edge";
import { norskgjeld } from "samtykke/norskgjeld";

const environments = new Set(["preprod", "production", "local"]);

export function settings(env, request) {
  for (const name of ["NORSKGJELD_ENVIRONMENT", "PUBLIC_ORIGIN", "CLIENT_ID", "CLIENT_SECRET", "COOKIE_KEYS", "CLAIMS"]) {
    if (!env[name]) throw new TypeError(`the worker's setting ${name} is missing`);
  }
  if (!environments.has(env.NORSKGJELD_ENVIRONMENT)) throw new TypeError("NORSKGJELD_ENVIRONMENT is preprod, production or local");
  const local = env.NORSKGJELD_ENVIRONMENT === "local";
  // Safari refuses Secure cookies on http://localhost. Elsewhere, and in production, nothing gives them up.
  const plainCookies = local && /^(?!.*Chrom).*Safari/.test(request.headers.get("user-agent") ?? "");
  return {
    local,
    plainCookies,
    runCookie: plainCookies ? "samtykke-demo-run" : "__Host-samtykke-demo-run",
    loginCookie: plainCookies ? "samtykke-demo-login" : "__Host-samtykke-demo-login",
    origin: new URL(env.PUBLIC_ORIGIN).origin,
    environment: local ? { auth: env.AUTH_URL, api: env.API_URL } : env.NORSKGJELD_ENVIRONMENT,
    clientId: env.CLIENT_ID,
    secret: env.CLIENT_SECRET,
    keys: env.COOKIE_KEYS,
    claim: (key) => env.CLAIMS.get(env.CLAIMS.idFromName(key)).claim(),
    timeout: Number(env.TIMEOUT_SECONDS ?? 30),
    // The drawing beside the page is for demonstrations; a service that goes to production leaves it off.
    traced: env.TRACE === "on",
  };
}

/** What the page may know: where to send the person, and as whom. */
export const publicService = ({ environment, clientId, local }) => ({ environment, clientId, local });

/** A client and its cookie handlers for one of our callback addresses. `over` carries the fetch that is recorded. */
export function service({ environment, clientId, secret, keys, claim, timeout, origin, plainCookies }, callbackPath, over) {
  const provider = norskgjeld({ environment, clientId, redirectUri: `${origin}${callbackPath}` });
  const client = new Client(provider, clientSecretBasic(secret), { timeout, ...over });
  return {
    provider,
    client,
    edge: createEdge({ client, keys, claim, returnTo: "/consent", errorPath: "/failed", maxAge: 3_600, insecureLocalhost: plainCookies }),
  };
}
