// A local ACM/IDM under one origin: the front routes, misbehaves on demand and notes what came; oidc-provider behind it decides.
// Logout and switch-identity as documented (afmelden, switch-identiteit); a login that one test user makes at once; a delegated
// request as documented (aanvraag-code): oidc-provider decides on it as on a login, and its redirect is answered as JSON.
// Refuses secrets and anything else in the query of the token endpoint, return addresses that are not registered, machines' tokens.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { startElys } from "./elys.mjs";
import { TARGET, createOp } from "./op.mjs";

export const API = "b3f43c85-53a5-443d-838c-7c2d0359897b";
export const CLIENT = "2a7d2e04-5f2b-4a36-9f0f-3f6d8f1f0a11";
export const LOGIN = "6d0f5f0e-1d5c-4a0e-8f43-0c5b1d9e7a22";
export const RETURN = "https://app.example.be/";
export const CALLBACK = "https://app.example.be/callback";
export const ORGANISATION = "0123456749";

const pair = async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true, modulusLength: 2048 });
  return { privateJwk: { ...(await exportJWK(privateKey)), alg: "RS256" }, publicJwk: { ...(await exportJWK(publicKey)), alg: "RS256" }, privateKey };
};
let keys;

/** Starts the server and the eLys API. `names` are where others reach them, for a server that hands requests on; `clients` add to those
 * there are. `settings` may be changed while it runs: `takesTokenEndpoint`, `refreshSeconds`. */
export async function startAcmIdm({ names = {}, clients: more = [] } = {}) {
  keys ??= await Promise.all([pair(), pair(), pair()]);
  const [own, client, other] = keys;
  const settings = { takesTokenEndpoint: false, refreshSeconds: 3600 };
  const requests = [];
  /** Answers in place of the server's, in turn: `{ path, status, type, body, headers, change }`. */
  const faults = [];
  let handle;
  const server = createServer((request, response) => handle(request, response));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  const issuer = `${names.op ?? `http://127.0.0.1:${port}`}/op`;

  const shared = { organisation: ORGANISATION, organisationName: "Testgemeente" };
  const clients = new Map([
    [CLIENT, { jwk: client.publicJwk, scopes: ["vo_info", "elys_depzorg"], name: "eLys beta Testgemeente client", ...shared }],
    ["defaults", { jwk: client.publicJwk, scopes: ["vo_info"], defaults: ["vo_info", "elys_depzorg"], name: "defaults", ...shared }],
    ["old-name", { jwk: client.publicJwk, scopes: ["vo_info", "dao_depzorg"], name: "DAO beta Testgemeente client", ...shared }],
    ["unapproved", { jwk: client.publicJwk, scopes: [], name: "unapproved", ...shared }],
    ["by-secret", { secret: "a%b+c d:e/f~g", method: "client_secret_basic", scopes: ["vo_info", "elys_depzorg"], name: "secret", ...shared }],
    [API, { secret: "api-secret-of-elys", method: "client_secret_basic", scopes: [], name: "eLys API", ...shared }],
    [
      LOGIN,
      { jwk: client.publicJwk, scopes: ["openid", "offline_access", "profile", "vo", "rrn", TARGET + API], name: "login", redirectUris: [CALLBACK], ...shared },
    ],
  ]);
  for (const { clientId, ...client } of more) clients.set(clientId, { scopes: [], name: clientId, ...shared, ...client });
  const provider = await createOp({
    issuer,
    clients,
    settings,
    apis: new Map([[API, ["https://elys.api.beta-athumi.eu"]]]),
    jwks: { keys: [{ ...own.privateJwk, kid: "op-1", use: "sig" }] },
    signedIntrospection: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "op-1", typ: "JWT" }).sign(own.privateKey),
  });
  const op = provider.callback();

  handle = async (request, response) => {
    const url = new URL(request.url, issuer);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    requests.push({ method: request.method, path: url.pathname, search: url.search, headers: request.headers, body: body.toString() });
    const fault = faults.find(({ path }) => url.pathname.endsWith(path));
    if (fault?.status) {
      faults.splice(faults.indexOf(fault), 1);
      response.writeHead(fault.status, { "content-type": fault.type ?? "application/json", ...fault.headers });
      const { searchParams } = url;
      return response.end(typeof fault.body === "function" ? fault.body(searchParams) : (fault.body ?? ""));
    }
    const bearer = url.pathname === "/op/v1/auth" && /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (bearer) return delegate(url, bearer, request.headers, response);
    if (url.pathname === "/op/v1/logout") return logout(url, response);
    if (url.pathname.endsWith("/v1/token") && url.search) {
      response.writeHead(400, { "content-type": "application/json" });
      return response.end('{"error":"invalid_request"}');
    }
    // offline_access takes no prompt here; oidc-provider wants one.
    if (url.pathname === "/op/v1/auth" && url.searchParams.get("scope")?.includes("offline_access")) url.searchParams.set("prompt", "consent");
    // The body was read; the engine reads it again, below the mount point /op.
    const again = Object.assign(Readable.from(body.length ? [body] : []), {
      method: request.method,
      headers: request.headers,
      socket: request.socket,
      connection: request.socket,
      httpVersion: request.httpVersion,
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      originalUrl: url.pathname + url.search,
      url: (url.pathname + url.search).replace(/^\/op/, "") || "/",
      complete: true,
    });
    if (fault?.change) {
      faults.splice(faults.indexOf(fault), 1);
      const end = response.end.bind(response);
      response.end = (text) => {
        const changed = JSON.stringify(fault.change(JSON.parse(text)));
        response.setHeader("content-length", Buffer.byteLength(changed));
        return end(changed);
      };
    }
    if (url.pathname.startsWith("/op/interaction/")) return login(again, response);
    op(again, response);
  };

  async function delegate(url, bearer, { accept }, response) {
    const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const found = await provider.AccessToken.find(bearer);
    // A machine's token is no AccessToken of a person.
    if (!found?.isValid || found.clientId !== url.searchParams.get("client_id")) return answer(401, { error: "invalid_token" });
    if (accept !== "application/json") return response.writeHead(406).end();
    const state = url.searchParams.get("state");
    if (
      !url.searchParams
        .get("scope")
        ?.split(" ")
        .includes(TARGET + API)
    )
      return answer(400, { error: "invalid_scope", state });
    // The engine decides, by a login that the person is taken to have made already.
    const back = await browse(url.href).catch(() => undefined);
    if (!back) return answer(400, { error: "invalid_request" });
    const { code, error, error_description, state: echoed } = Object.fromEntries(new URL(back).searchParams);
    if (error) return answer(400, { error, error_description, state: echoed });
    answer(200, { code, state: echoed });
  }

  async function login(request, response) {
    const { prompt, params } = await provider.interactionDetails(request, response);
    const result = {};
    if (prompt.name === "login") result.login = { accountId: "person-1", acr: params.acr_values?.split(" ")[0] };
    else {
      const grant = new provider.Grant({ accountId: "person-1", clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      result.consent = { grantId: await grant.save() };
    }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  }

  function logout({ searchParams }, response) {
    const back = searchParams.get("post_logout_redirect_uri");
    const known = clients.has(searchParams.get("client_id")) && (back === null ? !searchParams.has("switch") : back === RETURN);
    if (!known) return response.writeHead(400).end("unknown client or return address");
    if (back === null) return response.writeHead(200).end("logged out");
    const to = new URL(back);
    if (searchParams.has("state")) to.searchParams.set("state", searchParams.get("state"));
    response.writeHead(302, { location: to.href }).end();
  }

  const elys = await startElys({ issuer, name: names.elys, api: API, secret: "api-secret-of-elys" });
  return {
    issuer,
    ports: { op: port, elys: elys.port },
    settings,
    requests,
    faults,
    elys,
    /** The private key of the machine clients and of the login client; and one that nobody registered. */
    key: client.privateJwk,
    unregistered: other.privateJwk,
    ownKey: own,
    /** How often the token endpoint was asked. */
    tokenRequests: () => requests.filter(({ path }) => path.endsWith("/v1/token")),
    async close() {
      await elys.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A browser: follows redirects with cookies until the address is another site's, and gives that. */
export async function browse(url) {
  const jar = new Map();
  const { origin } = new URL(url);
  for (let at = url, hops = 0; hops < 20; hops++) {
    const response = await fetch(at, { redirect: "manual", headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      jar.set(name, value);
    }
    const next = response.headers.get("location");
    if (!next) throw new Error(`${response.status} ${await response.text()}`);
    at = new URL(next, at).href;
    if (new URL(at).origin !== origin) return at;
  }
  throw new Error("redirected for ever");
}

export const uuid = randomUUID;
