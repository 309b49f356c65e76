// A local Maskinporten with its self-service API: for tests and for the demo. Its state is in one SQLite file.
// It verifies with `jose`, keeps to docs.digdir.no, and answers any documented error, or any trouble, on demand.
// The self-service is served in three forms over one state: `/api/v1` (with `/api/v2`) and the same paths without it at one
// origin, and the original guide's at another, as it had a host of its own.

import { createServer } from "node:http";
import { exportJWK, generateKeyPair, importJWK } from "jose";

import { answerApi } from "./api.mjs";
import { IDS, Refusal, TOLD } from "./codes.mjs";
import { openStore } from "./store.mjs";
import { issue, judgeGrant, signed } from "./token.mjs";

const ADMIN_SCOPES = ["idporten:dcr.read", "idporten:dcr.write", "idporten:scopes.write", "idporten:dcr/onbehalfof:write"];
const DIGDIR = "991825827";

const pair = async () => {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: "RS256" };
};

/** What a new file holds: the server's key, and an admin client of organisation 991825827 with its key. */
async function seeded(store, now) {
  const known = store.meta("keys");
  if (known) return known;
  const [signer, admin] = [await pair(), await pair()];
  const clientId = crypto.randomUUID();
  store.setClient(clientId, DIGDIR, true, {
    client_id: clientId,
    client_name: "admin",
    integration_type: "maskinporten",
    scopes: ADMIN_SCOPES,
    access_token_lifetime: 120,
  });
  const { kty, n, e, kid, alg } = admin;
  store.setKeys(clientId, { keys: [{ kty, n, e, kid, alg, use: "sig", posted: now }] });
  for (const name of ADMIN_SCOPES) store.setScope(name, DIGDIR, true, { name, visibility: "PRIVATE", description: name });
  const keys = { signer, admin: { clientId, organisation: DIGDIR, privateJwk: admin } };
  store.setMeta("keys", keys);
  return keys;
}

/**
 * @param {{ port?: number, file?: string, issuer?: string, address?: string, clock?: () => number, authorities?: { norwegian: string[], european: { pem: string, qualified?: boolean }[] } }} options
 *   `file` keeps the state over restarts; `issuer`, with its slash, and `address`, without, are others than its own address; `clock` gives seconds since 1970;
 *   `authorities`, as PEM, are the roots of enterprise certificates and of eSeals.
 */
export async function startMaskinporten({ port = 0, file, issuer: name, address, clock = () => Math.floor(Date.now() / 1000), authorities } = {}) {
  const store = openStore(file);
  const { signer, admin } = await seeded(store, clock());
  const { kty, n, e, kid } = signer;
  const publicKey = await importJWK({ kty, n, e }, "RS256");
  const key = { kid, privateKey: await importJWK(signer, "RS256") };

  const [faults, apiFaults, assertions, requests, bases, violations] = [[], [], [], [], [], []];
  const [systemUsers, consents] = [[], []];
  let origin, guide;

  const answer = (asGuide) => async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const say = (status, body, headers = {}) => {
      response.writeHead(status, { "cache-control": "no-store", ...(body !== undefined && { "content-type": "application/json" }), ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const trouble = async ({ status = 200, body = "", type = "text/html", headers = {}, destroy, wait }) => {
      if (wait) await new Promise((done) => setTimeout(done, wait));
      if (destroy) return response.destroy();
      response.writeHead(status, { "content-type": type, ...headers });
      return response.end(body);
    };
    try {
      const { pathname } = new URL(request.url, origin);
      const issuer = name ?? `${origin}/`;
      const form = formOf(request.url, asGuide);
      if (form) {
        requests.push(`${request.method} ${form.path}`);
        bases.push(form.base);
        const fault = apiFaults.shift();
        if (fault) return await trouble(fault);
        const { status, body } = await answerApi({ store, issuer, clock, publicKey, prefixes: ["difitest"], violations }, request, form.path, text);
        return say(status, body);
      }
      if (asGuide) return say(404, undefined);
      if (pathname === "/.well-known/oauth-authorization-server") return say(200, metadata(address ?? origin, issuer));
      if (pathname === "/jwk") return say(200, { keys: [{ kty, n, e, kid, alg: "RS256", use: "sig" }] });
      if (pathname === "/token" && request.method === "POST") {
        const seen = (assertion) => assertions.push(assertion);
        const fault = faults.shift();
        // Trouble comes after the assertion was used up, which is when sending it again would fail.
        const granted = await judgeGrant({ store, issuer, now: clock, systemUsers, consents, authorities }, request, text, seen);
        if (fault?.code) throw new Refusal(fault.code);
        if (fault) return await trouble(fault);
        return say(200, await issue({ issuer, now: clock, signer: key, store }, granted));
      }
      return say(404, undefined);
    } catch (error) {
      if (error instanceof Refusal) return say(error.status, error.body());
      console.error(error);
      return say(500, undefined);
    }
  };
  const listen = (server, at) =>
    new Promise((done, failed) => {
      server.once("error", failed);
      server.listen(at, "127.0.0.1", () => done(`http://127.0.0.1:${server.address().port}`));
    });
  const servers = [createServer(answer(false)), createServer(answer(true))];
  origin = await listen(servers[0], port);
  guide = await listen(servers[1], 0);

  return {
    origin,
    /** Where the self-service is served in the original guide's form, over the same state. */
    guide,
    /** As `maskinporten(…)` takes it. */
    environment: { issuer: name ?? `${origin}/`, tokenEndpoint: `${address ?? origin}/token`, selfService: `${address ?? origin}/api/v1` },
    /** A token with these claims, for APIs that are tried without a client. */
    issueToken: (claims, life = 120) => signed({ issuer: name ?? `${origin}/`, now: clock, signer: key }, claims, life),
    /** A client that may use the self-service API: client id, organisation, private key. */
    admin,
    control: {
      /** The next token request gets this documented error (one of `ids`), or this trouble: `{ status, body, type, headers, destroy, wait }`. */
      fault: (fault) => void faults.push(typeof fault === "string" ? { code: fault } : fault),
      /** The same for the self-service API. */
      apiFault: (fault) => void apiFaults.push(fault),
      ids: IDS,
      /** Those that stand in `error_uri`; the others come as words. */
      told: TOLD,
      /** Header and claims of every assertion that came. */
      assertions,
      /** Method and path of every call of the self-service API. */
      requests,
      /** The form of each of them: `current`, `unversioned`, `guide`; `v2` for the second version, which the first two share. */
      bases,
      /** A person's session in the portal, for an organisation and others of the test environment; gives its token. */
      portalSession(organisation, synthetic = []) {
        const token = `portal-${crypto.randomUUID()}`;
        store.setSession(token, { name: "Kari Nordmann", organisation, synthetic });
        return token;
      },
      /** What must never happen. */
      violations,
      /** A customer delegates a scope to a supplier, as in Altinn. */
      delegate: (consumer, supplier, scope) => store.delegate(consumer, supplier, scope),
      /** `{ id, organisation, system, clients, externalRef? }` */
      systemUsers,
      /** `{ id, from, to, consented, validTo }` */
      consents,
      store,
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
      store.close();
    },
  };
}

/** The form in which a path calls the self-service, and the path as one of `/api/v1`; nothing for what is no call of it. */
function formOf(url, asGuide) {
  if (asGuide) {
    // There the collection ends in a slash, and there is no version.
    if (!API.test(url) || /^\/clients(\?|$)/.test(url)) return undefined;
    return { base: "guide", path: url.replace(/^\/clients\/(?=\?|$)/, "/clients") };
  }
  if (url.startsWith("/api/v1/")) return { base: "current", path: url.slice("/api/v1".length) };
  if (url.startsWith("/api/v2/")) return { base: "v2", path: url.slice("/api".length) };
  return API.test(url) ? { base: "unversioned", path: url } : undefined;
}
const API = /^\/(clients|scopes|delegationsources|prefix|organizations|auth)([/?]|$)/;

/** As Maskinporten's own: no authorization endpoint, no response types. */
const metadata = (origin, issuer) => ({
  issuer,
  token_endpoint: `${origin}/token`,
  jwks_uri: `${origin}/jwk`,
  token_endpoint_auth_methods_supported: ["private_key_jwt"],
  grant_types_supported: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
  token_endpoint_auth_signing_alg_values_supported: ["RS256", "RS384", "RS512"],
  authorization_details_types_supported: ["urn:altinn:systemuser", "urn:altinn:consent"],
});
