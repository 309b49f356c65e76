// The local providers as the tests of Rust's shells use them: what is registered, as JSON, a person who logs in, and an API of our own.
// `GET /world` gives the JSON, `GET /walk?provider=…&url=…` walks a login and gives where the browser is sent, `GET /things` is the API,
// `GET /confirm?url=…` confirms a draft of Selvbetjening's.
// Refuses a call of that API without a token that ID-porten signed.

import { createPrivateKey } from "node:crypto";
import { Server, createServer } from "node:http";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";

import { start } from "samtykke-local";
import { API, LOGIN, ORGANISATION } from "samtykke-local/acmidm";
import { EXAMPLE, HSA, KEYS } from "samtykke-local/halland";
import { startApi } from "samtykke-local/helseid";
import { decide } from "samtykke-local/selvbetjening";

const REDIRECT = "http://localhost:1337/callback";
/** One audience of HelseID's whose API is here, and one that takes a refresh. */
const [OWN, OTHER] = ["nhn:kj", "nhn:phr"];

/** @returns what was started: `origin` of the three addresses, `local`, the API of HelseID's audience, and `close`. */
export async function startWorld() {
  const local = await start({ providers: ["maskinporten", "helseid", "idporten", "acmidm", "halland", "selvbetjening"] });
  const { maskinporten, helseid, idporten, acmidm, halland, selvbetjening } = local;
  const api = await startApi(helseid.control, OWN);
  const keys = createRemoteJWKSet(new URL(`${idporten.issuer}/jwks.json`));
  const jwk = ({ privateJwk }) => JSON.stringify(privateJwk);
  const admin = maskinporten.clients.find(({ scopes }) => scopes.includes("idporten:dcr.read"));
  const [machine, person] = acmidm.clients;
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const world = {
    helseid: {
      issuer: helseid.issuer,
      clientId: helseid.client.clientId,
      jwk: jwk(helseid.client),
      redirectUri: REDIRECT,
      own: OWN,
      other: OTHER,
      api: api.origin,
    },
    maskinporten: {
      ...maskinporten.environment,
      clientId: maskinporten.client.clientId,
      jwk: jwk(maskinporten.client),
      scope: maskinporten.client.scopes[0],
      adminId: admin.clientId,
      adminJwk: jwk(admin),
    },
    idporten: { issuer: idporten.issuer, clientId: idporten.client.clientId, jwk: jwk(idporten.client), redirectUri: REDIRECT },
    acmidm: {
      issuer: acmidm.issuer,
      machine: machine.clientId,
      person: person.clientId,
      jwk: jwk(machine),
      redirectUri: person.redirectUris[0],
      organisation: ORGANISATION,
      elys: acmidm.apis.elys.origin,
      api: API,
    },
    halland: {
      issuer: halland.issuer,
      clientId: halland.client.clientId,
      pem: halland.client.keyPem + halland.client.certificates,
      certificates: halland.client.certificates,
      jwk: JSON.stringify({ ...createPrivateKey(halland.client.keyPem).export({ format: "jwk" }), alg: "RS256" }),
      gateway: halland.apis.gateway.origin,
      key: KEYS[0],
      resource: HSA,
      other: EXAMPLE,
    },
    selvbetjening: {
      portal: selvbetjening.environment.portal,
      api: selvbetjening.environment.api,
      apiKey: selvbetjening.client.apiKey,
      organization: selvbetjening.client.organizations[0],
      issuer: helseid.issuer,
      jwk: JSON.stringify({ ...(await exportJWK(privateKey)), alg: "ES256", kid: "key-1" }),
    },
  };
  if (person.clientId !== LOGIN) throw new Error("the client of logins is another");
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const say = (status, body, type = "text/plain") => void response.writeHead(status, { "content-type": type }).end(body);
    try {
      if (url.pathname === "/world") return say(200, JSON.stringify(world), "application/json");
      if (url.pathname === "/walk") return say(200, await local[url.searchParams.get("provider")].login(url.searchParams.get("url")));
      if (url.pathname === "/confirm") return say(200, await decide(url.searchParams.get("url")));
      if (url.pathname !== "/things") return say(404, "");
      const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "") ?? [];
      const { payload } = await jwtVerify(token ?? "", keys, { issuer: idporten.issuer });
      say(200, `things of ${payload.pid}`);
    } catch (error) {
      say(url.pathname === "/things" ? 401 : 500, url.pathname === "/things" ? "no token" : error.message);
    }
  });
  await new Promise((done) => server.listen(0, "localhost", done));
  return {
    origin: `http://localhost:${server.address().port}`,
    local,
    api,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await api.close();
      await local.close();
    },
  };
}

/**
 * Lets pages of any origin ask every server of this process, as the providers' own let none: a page of tests is no person's.
 * WHATWG Fetch, section 3.2 (CORS).
 */
export function openToPages() {
  const { emit } = Server.prototype;
  Server.prototype.emit = function (event, request, response, ...rest) {
    if (event !== "request" || !request.headers.origin) return emit.call(this, event, request, response, ...rest);
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-expose-headers", "dpop-nonce, retry-after, www-authenticate");
    if (request.method !== "OPTIONS") return emit.call(this, event, request, response, ...rest);
    response.setHeader("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
    response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "");
    response.setHeader("access-control-max-age", "600");
    response.writeHead(204).end();
    return true;
  };
  return () => void (Server.prototype.emit = emit);
}
