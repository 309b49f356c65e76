// The local HelseID: a front with HelseID's addresses, metadata, errors and extra members before oidc-provider as engine.
// HelseID "PAR-endepunktet", "Token-endepunktet", "End session-endepunktet", "Feilmeldinger"; errors come on demand, too.
// Refuses what HelseID does and oidc-provider does not: details with a code, identity scopes of machines, parameters in front.

import { once } from "node:events";
import { createServer, request as connect } from "node:http";
import { SignJWT, createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";

import { Clients, keysOf } from "./clients.mjs";
import { interactions } from "./interaction.mjs";
import { key } from "./keys.mjs";
import { hid, organizationsOf } from "./organizations.mjs";
import { PEOPLE } from "./people.mjs";
import { validator } from "./proof.mjs";
import { TOLD, createProvider } from "./provider.mjs";

export { PEOPLE };

/** APIs by audience, and their scopes. */
export const APIS = {
  "nhn:phr": ["nhn:phr/mhd", "nhn:phr/mhd/read", "nhn:phr/mhd/write"],
  "nhn:kj": ["nhn:kj/api"],
  "nhn:selvbetjening": ["nhn:selvbetjening/client"],
};
export const REDIRECT_URI = "http://localhost:1337/callback";
export const GOODBYE = "http://localhost:1337/bye";

const DOCUMENT = (issuer) => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
  ...Object.fromEntries(
    Object.entries({
      authorization: "authorize",
      token: "token",
      pushed_authorization_request: "par",
      userinfo: "userinfo",
      end_session: "endsession",
      revocation: "revocation",
    }).map(([name, path]) => [`${name}_endpoint`, `${issuer}/connect/${path}`]),
  ),
  // As published: PAR optional, secrets allowed, `plain` among the methods, one flag a text.
  require_pushed_authorization_requests: false,
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
  code_challenge_methods_supported: ["plain", "S256"],
  response_types_supported: ["code", "token", "id_token", "code id_token"],
  grant_types_supported: ["authorization_code", "client_credentials", "refresh_token", "implicit"],
  id_token_signing_alg_values_supported: ["RS256"],
  subject_types_supported: ["public"],
  authorization_response_iss_parameter_supported: true,
  backchannel_logout_supported: "true",
});

/** Where a client authenticates. */
const ENDPOINTS = ["/connect/par", "/connect/token"];

const oauth = (error, error_description) => ({ status: 400, body: { error, error_description } });

/**
 * Starts a local HelseID. `clients` add to the two there are: `single`, and `multi` for multi-tenant.
 * `pages`: a person is asked by a page who logs in; else `person` does, at once. `issuer`: another than its own address, for a
 * server that hands requests on, without the path.
 * What `change` holds is done to the next answer and then forgotten: `{ token, claims, callback, metadata }` are functions of
 * what would be sent, `refuse` is an answer in its place, `challenge` a wrong nonce challenge.
 */
export async function startHelseId({ port = 0, clients = [], pages = false, issuer: name, people = PEOPLE } = {}) {
  const front = createServer();
  front.listen(port, "127.0.0.1");
  await once(front, "listening");
  const issuer = name ?? `http://localhost:${front.address().port}`;
  const base = new URL(issuer).pathname.replace(/\/$/, "");
  const signing = await key("server RS256");
  const { publicJwk } = await key("client PS256");
  const registered = [
    { clientId: "single", redirectUris: [REDIRECT_URI], publicJwk, tenancy: "single", organization: "994598759", children: ["883974832"] },
    { clientId: "multi", redirectUris: [REDIRECT_URI], publicJwk, tenancy: "multi", organization: "994598759", delegators: ["999977775"] },
    ...clients,
  ];
  const known = new Clients(registered);
  const provider = await createProvider({ issuer, clients: known, apis: APIS, people, signing, base });
  provider.proxy = true;
  const world = {
    issuer,
    port: front.address().port,
    signing,
    clients: known,
    change: {},
    log: [],
    people,
    person: pages ? undefined : people[0],
    rejected: undefined,
    organizations: new Map(),
  };
  interactions(provider, { people, person: () => world.person, base });
  const answer = provider.callback();
  // Below a path the engine makes its addresses by what stood before it.
  const engine = createServer((request, response) => answer(base ? Object.assign(request, { originalUrl: base + request.url }) : request, response));
  engine.listen(0, "127.0.0.1");
  await once(engine, "listening");
  const keys = createLocalJWKSet({ keys: [signing.publicJwk] });
  Object.assign(world, { keys, userinfo: validator({ issuer, keys }) });

  front.on("request", async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, issuer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    world.log.push({ method: request.method, path: url.pathname, query: url.searchParams, form: new URLSearchParams(form), headers: request.headers });
    let answer;
    try {
      answer = await (own[url.pathname]?.(world, { request, url, form }) ?? pass(world, engine, { request, url, form }));
    } catch (error) {
      answer = oauth(error.oauth ?? "server_error", error.message);
    }
    const { status, headers = {}, body } = answer;
    const text = typeof body === "object" && !Buffer.isBuffer(body) ? JSON.stringify(body) : body;
    response.writeHead(status, { ...(typeof body === "object" && { "content-type": "application/json" }), ...headers }).end(text);
  });

  world.close = async () => {
    for (const server of [front, engine]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  };
  return world;
}

/** What is to be done to this answer, taken out. */
function taken(world, name) {
  const found = world.change[name];
  delete world.change[name];
  return found;
}

const own = {
  "/.well-known/openid-configuration": async (world) => {
    const document = DOCUMENT(world.issuer);
    return { status: 200, body: taken(world, "metadata")?.(document) ?? document };
  },
  "/connect/userinfo": async (world, { request }) => {
    let claims;
    try {
      claims = await world.userinfo(request, world.issuer);
    } catch (error) {
      return { status: 401, headers: { "www-authenticate": `DPoP error="invalid_token", error_description="${error.message}"` }, body: "" };
    }
    const { hpr, ...person } = world.people.find(({ sub }) => sub === claims.sub) ?? {};
    const details = hpr && { "helseid://claims/hpr/hpr_details": { approvals: [{ profession: "LE" }], hpr_number: hpr } };
    const body = { ...person, ...details };
    return { status: 200, body: taken(world, "claims")?.(body) ?? body };
  },
  "/connect/endsession": async ({ issuer, keys }, { url }) => {
    const { id_token_hint: hint, post_logout_redirect_uri: back, state } = Object.fromEntries(url.searchParams);
    if (!hint) return { status: 200, headers: { "content-type": "text/html" }, body: "<button>Sign out</button>" };
    await jwtVerify(hint, keys, { issuer, currentDate: new Date(decodeJwt(hint).iat * 1000) });
    if (back !== GOODBYE) return { status: 400, body: { error: "invalid_request" } };
    return { status: 303, headers: { location: `${back}?state=${encodeURIComponent(state)}` }, body: "" };
  },
};

/** Reads what HelseID reads and oidc-provider does not, then asks the engine. */
async function pass(world, engine, { request, url, form }) {
  const id = form.get("client_id");
  const client = world.clients.find(id);
  const told = {};
  if (request.method === "POST" && id && ENDPOINTS.includes(url.pathname) && world.clients.refuses(id)) {
    world.clients.heard(id, "invalid_client");
    return oauth("invalid_client", "");
  }
  const refusal = ENDPOINTS.includes(url.pathname) && taken(world, "refuse");
  if (refusal) return refusal;
  if (url.pathname === "/connect/authorize") {
    const names = [...url.searchParams.keys()].sort().join(" ");
    if (names !== "client_id request_uri") return oauth("invalid_request", `only client_id and request_uri belong here, not: ${names}`);
  }
  if (url.pathname === "/connect/par") {
    if (form.get("scope")?.split(" ").includes("offline_access")) form.set("offline", "1");
    if (form.has("request")) world.organizations.set(form.get("state"), organizationsOf(await detailsOf(world, client, form), client));
    form.delete("request");
  }
  if (url.pathname === "/connect/token" && client) {
    const { assertion_details: details } = decodeJwt(form.get("client_assertion") ?? "");
    const grant = form.get("grant_type");
    if (details !== undefined && grant === "authorization_code")
      throw hid(1009, "organization numbers are not allowed in the client assertion with authorization_code");
    if (grant === "client_credentials" && /(^| )(openid|profile|offline_access|helseid:\/\/scopes\/identity\/\S+)( |$)/.test(form.get("scope") ?? ""))
      return oauth("invalid_scope", "identity scopes");
    if (details !== undefined) told.organizations = organizationsOf(details, client);
    else if (client.tenancy === "single") told.organizations = { parent: client.organization };
    const challenge = form.has("client_assertion") && hasNonce(request) && taken(world, "challenge");
    if (challenge) return challenge;
  }
  const answer = await ask(engine, request, url, form, told);
  if (url.pathname === "/connect/token" && id) world.clients.heard(id, answer.status === 200 ? undefined : JSON.parse(answer.body).error);
  return changed(world, url, form, answer);
}

const hasNonce = ({ headers }) => headers.dpop && decodeJwt(headers.dpop).nonce !== undefined;

/** The details in a request object that stands beside the other parameters; by the client's own key, for this server. */
async function detailsOf({ issuer }, client, form) {
  const { clientId } = client;
  const { payload } = await jwtVerify(form.get("request"), createLocalJWKSet({ keys: keysOf(client) }), {
    issuer: clientId,
    audience: issuer,
    requiredClaims: ["exp", "nbf", "jti"],
  });
  if (payload.client_id !== clientId || payload.exp - payload.nbf > 60) throw hid(1007, "the request object");
  return payload.authorization_details;
}

function ask(engine, request, url, form, told) {
  const body = request.method === "POST" ? form.toString() : "";
  const headers = { ...request.headers, [TOLD]: JSON.stringify(told), ...(body && { "content-length": Buffer.byteLength(body) }) };
  return new Promise((done, failed) => {
    const out = connect(
      { host: "127.0.0.1", port: engine.address().port, method: request.method, path: url.pathname + url.search, headers },
      async (answer) => {
        const chunks = [];
        for await (const chunk of answer) chunks.push(chunk);
        const { "content-length": _, "transfer-encoding": _t, ...rest } = answer.headers;
        done({ status: answer.statusCode, headers: rest, body: Buffer.concat(chunks).toString() });
      },
    );
    out.on("error", failed);
    out.end(body);
  });
}

/** HelseID's own members, and what the test wants to be wrong. */
async function changed(world, url, form, answer) {
  const { location } = answer.headers;
  if (location?.startsWith(REDIRECT_URI)) return { ...answer, headers: { ...answer.headers, location: taken(world, "callback")?.(location) ?? location } };
  if (url.pathname !== "/connect/token" || answer.status !== 200) return answer;
  const body = JSON.parse(answer.body);
  if (body.refresh_token) body.rt_expires_in = 28_800;
  if (world.rejected) body.rejected_scope = world.rejected;
  for (const [name, member] of [
    ["token", "access_token"],
    ["claims", "id_token"],
  ]) {
    const change = body[member] && taken(world, name);
    if (change) body[member] = await signedAnew(world, body[member], change);
  }
  return { ...answer, body: taken(world, "answer")?.(body) ?? body };
}

/** A token of the server's with other claims, its signature right. */
async function signedAnew({ signing }, token, change) {
  return new SignJWT(change(decodeJwt(token))).setProtectedHeader(decodeProtectedHeader(token)).sign(signing.privateKey);
}

/** Follows a login as a browser does, until it arrives at the client. */
export async function browse(start, end = REDIRECT_URI) {
  const jar = new Map();
  let url = start;
  for (let hop = 0; hop < 9; hop++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      jar.set(name, value);
    }
    const location = response.headers.get("location");
    if (!location) throw new Error(`${response.status} at ${new URL(url).pathname}: ${await response.text()}`);
    url = new URL(location, url).href;
    if (url.startsWith(end)) return url;
  }
  throw new Error("the login goes round in circles");
}

/** An API of one audience, as strict as NHN's template. It keeps what it refused, and why. */
export async function startApi(helseid, audience, options = {}) {
  const judge = validator({ issuer: helseid.issuer, keys: helseid.keys, audience, ...options });
  const server = createServer(async (request, response) => {
    try {
      const claims = await judge(request, api.origin);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(claims));
    } catch (error) {
      api.refused.push(error.message);
      response.writeHead(401, { "www-authenticate": 'DPoP error="invalid_token", algs="ES256 PS256"' }).end();
    }
  });
  const api = { refused: [], close: () => (server.closeAllConnections(), new Promise((done) => server.close(done))) };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  api.origin = `http://localhost:${server.address().port}`;
  return api;
}
