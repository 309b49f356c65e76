// The self-service API as it is documented (docs.digdir.no, oidc_api_admin and its Maskinporten page), odd answers included:
// a 409 as a bare JSON text, 404 where a client has no keys, an error in place of some empty lists.

import { createPublicKey } from "node:crypto";
import { jwtVerify } from "jose";

const READ_ONLY = ["created", "last_updated", "client_secret", "onbehalfof", "jwks", "jwks_uri"];
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** An answer other than success. `body` undefined: none at all. */
class Problem extends Error {
  constructor(status, body) {
    super(`${status}`);
    this.status = status;
    this.body = body;
  }
}

/** The documented error object. */
const documented = (status, message, field) => ({
  status,
  timestamp: new Date().toISOString(),
  correlation_id: crypto.randomUUID(),
  errors: [{ errorMessage: message, isFieldError: !!field, objectName: "Client", fieldIdentifier: field }],
  error: `, ${message}`,
  error_description: `, ${message}`,
});
const fail = (status, message, field) => {
  throw new Problem(status, documented(status, message, field));
};

const isOrganisation = (text) => /^\d{9}$/.test(text) && [3, 2, 7, 6, 5, 4, 3, 2, 1].reduce((sum, weight, at) => sum + weight * +text[at], 0) % 11 === 0;

/** Method and path, the scopes of which a token needs one, and what is done. */
const ROUTES = [
  [
    "GET",
    /^\/clients$/,
    ["dcr.read", "dcr.modify", "dcr.write"],
    ({ store, org, query }) => {
      const clients = store.clients(org, query.get("inactive") === "true");
      // The admin client itself is always there; a stranger's list is empty, and says so as an error.
      if (!clients.length) throw new Problem(404, { ...documented(404, ""), error_description: "Organization does not have any clients" });
      return clients;
    },
  ],
  ["POST", /^\/clients$/, ["dcr.write"], (context) => createClient(context)],
  ["GET", /^\/clients\/([^/]+)$/, ["dcr.read", "dcr.modify", "dcr.write"], ({ found }) => shown(found)],
  [
    "PUT",
    /^\/clients\/([^/]+)$/,
    ["dcr.modify", "dcr.write"],
    ({ store, found, body, org, now }) => {
      for (const name of READ_ONLY) if (name in body) fail(400, `${name} is read-only`, name);
      if (body.integration_type !== found.integration_type) fail(400, "integration_type cannot be changed", "integration_type");
      const value = { ...body, client_id: found.client_id, created: found.created, last_updated: now() };
      store.setClient(found.client_id, org, body.active !== false, value);
      return value;
    },
  ],
  [
    "DELETE",
    /^\/clients\/([^/]+)$/,
    ["dcr.write"],
    ({ store, found, org }) => {
      const { org: _, jwks: __, ...value } = found;
      store.setClient(found.client_id, org, false, value);
    },
  ],
  ["POST", /^\/clients\/([^/]+)\/secret$/, ["dcr.write"], ({ found }) => ({ ...shown(found), client_secret: crypto.randomUUID() })],
  [
    "GET",
    /^\/clients\/([^/]+)\/jwks$/,
    ["dcr.read", "dcr.write"],
    ({ found }) => {
      if (!found.jwks) fail(404, "no keys");
      return { keys: found.jwks.keys.map(({ posted: _, ...key }) => key), created: found.jwks.created, last_updated: found.jwks.created };
    },
  ],
  ...["POST", "PUT"].map((method) => [method, /^\/clients\/([^/]+)\/jwks$/, ["dcr.write"], (context) => replaceKeys(context)]),
  [
    "DELETE",
    /^\/clients\/([^/]+)\/jwks$/,
    ["dcr.write"],
    ({ store, found }) => {
      store.setKeys(found.client_id, undefined);
      throw new Problem(204);
    },
  ],
  [
    "GET",
    /^\/clients\/([^/]+)\/jwks\/([^/]+)$/,
    ["dcr.read", "dcr.write"],
    ({ found, second }) => found.jwks?.keys.find(({ kid }) => kid === second) ?? fail(404, "no such key"),
  ],
  [
    "PUT",
    /^\/clients\/([^/]+)\/jwks\/([^/]+)$/,
    ["dcr.write"],
    ({ store, found, second, body, clock }) => {
      const keys = found.jwks?.keys ?? [];
      if (!keys.some(({ kid }) => kid === second)) fail(404, "no such key");
      if (body.kid !== second) fail(400, "kid is another than the path's", "kid");
      const key = stored(body, clock());
      store.setKeys(found.client_id, { ...found.jwks, keys: keys.map((known) => (known.kid === second ? key : known)) });
      const { posted: _, ...answer } = key;
      return answer;
    },
  ],
  // Text to JWK, as the portal's page uses it. That the key is added to the set is not documented.
  [
    "POST",
    /^\/v2\/clients\/([^/]+)\/key$/,
    ["dcr.write"],
    ({ store, found, text, type, now, clock }) => {
      if (type !== "text/plain") throw new Problem(415, documented(415, "text/plain"));
      const key = stored(keyOf(text), clock());
      const keys = found.jwks?.keys ?? [];
      if (keys.some(({ kid }) => kid === key.kid)) throw new Problem(409, "Conflict. Duplicate keys in request.");
      if (keys.length > 4) fail(400, "one to five keys", "keys");
      store.setKeys(found.client_id, { created: now(), ...found.jwks, keys: [...keys, key] });
      const { posted: _, ...answer } = key;
      return answer;
    },
  ],
  [
    "DELETE",
    /^\/clients\/([^/]+)\/jwks\/([^/]+)$/,
    ["dcr.write"],
    ({ store, found, second }) => {
      const keys = found.jwks?.keys.filter(({ kid }) => kid !== second) ?? [];
      if (keys.length === (found.jwks?.keys.length ?? 0)) fail(404, "no such key");
      store.setKeys(found.client_id, keys.length ? { ...found.jwks, keys } : undefined);
      throw new Problem(204);
    },
  ],
  ["GET", /^\/clients\/([^/]+)\/onbehalfof$/, ["dcr.read", "dcr.write"], ({ store, found }) => store.onBehalfOf(found.client_id)],
  [
    "POST",
    /^\/clients\/([^/]+)\/onbehalfof$/,
    ["dcr/onbehalfof:write", "dcr.write"],
    ({ store, found, body, now }) => {
      const value = { ...body, onbehalfof: `${found.client_id}::${body.onbehalfof}`, created: now(), last_updated: now() };
      store.setOnBehalfOf(found.client_id, value.onbehalfof, value);
      return value;
    },
  ],
  [
    "PUT",
    /^\/clients\/([^/]+)\/onbehalfof\/([^/]+)$/,
    ["dcr/onbehalfof:write", "dcr.write"],
    ({ store, found, second, body, now }) => {
      if (!store.onBehalfOf(found.client_id).some(({ onbehalfof }) => onbehalfof === second)) fail(404, "no such onbehalfof");
      const value = { ...body, onbehalfof: second, last_updated: now() };
      store.setOnBehalfOf(found.client_id, second, value);
      return value;
    },
  ],
  [
    "DELETE",
    /^\/clients\/([^/]+)\/onbehalfof\/([^/]+)$/,
    ["dcr/onbehalfof:write", "dcr.write"],
    ({ store, found, second }) => store.dropOnBehalfOf(found.client_id, second),
  ],
  [
    "GET",
    /^\/scopes$/,
    ["scopes.write"],
    ({ store, org, query }) =>
      store
        .scopes()
        .filter((scope) => scope.owner_orgno === org && (scope.active || query.get("inactive") === "true") && [null, scope.name].includes(query.get("scope"))),
  ],
  [
    "GET",
    /^\/scopes\/scope$/,
    ["scopes.write"],
    (context) => {
      const scope = ownScope(context);
      return scope.active || context.query.get("inactive") === "true" ? scope : fail(404, "no such scope");
    },
  ],
  [
    "POST",
    /^\/scopes$/,
    ["scopes.write"],
    ({ store, org, body, now }) => {
      for (const name of ["prefix", "subscope", "description"]) if (!body[name]) fail(400, `${name} is missing`, name);
      const name = `${body.prefix}:${body.subscope}`;
      if (store.scope(name)) throw new Problem(409, documented(409, "the scope is there, or was"));
      const value = { name, visibility: "PUBLIC", token_type: "SELF_CONTAINED", ...body, created: now(), last_updated: now() };
      store.setScope(name, org, true, value);
      return store.scope(name);
    },
  ],
  [
    "PUT",
    /^\/scopes$/,
    ["scopes.write"],
    (context) => {
      const { store, org, body, now } = context;
      const scope = ownScope(context);
      for (const name of ["created", "last_updated"]) if (name in body) fail(400, `${name} is read-only`, name);
      if (body.name !== scope.name) fail(400, "the name cannot be changed", "name");
      const { active = true, owner_orgno: _, ...value } = body;
      store.setScope(scope.name, org, active, { ...value, created: scope.created, last_updated: now() });
      return store.scope(scope.name);
    },
  ],
  [
    "DELETE",
    /^\/scopes$/,
    ["scopes.write"],
    (context) => {
      const { owner_orgno: org, active: _, ...value } = ownScope(context);
      context.store.setScope(value.name, org, false, value);
      return context.store.scope(value.name);
    },
  ],
  [
    "GET",
    /^\/scopes\/all$/,
    undefined,
    ({ store, query }) =>
      store
        .scopes()
        .filter(
          (scope) =>
            scope.active &&
            scope.visibility === "PUBLIC" &&
            (query.get("accessible_for_all") !== "true" || scope.accessible_for_all) &&
            (query.get("delegated_sources") !== "true" || scope.delegation_source),
        ),
  ],
  [
    "GET",
    /^\/scopes\/access$/,
    ["scopes.write"],
    (context) => {
      const { store, org, query } = context;
      if (query.get("scope")) ownScope(context);
      const rows = store
        .accesses()
        .filter(
          (row) =>
            row.owner_orgno === org && [null, row.scope].includes(query.get("scope")) && [null, row.consumer_orgno].includes(query.get("consumer_orgno")),
        );
      if (!rows.length) throw new Problem(400, { ...documented(400, ""), error_description: "The scope does not have any accesses" });
      return rows;
    },
  ],
  ["GET", /^\/scopes\/access\/all$/, undefined, ({ store, org }) => store.accesses().filter((row) => row.consumer_orgno === org)],
  ["PUT", /^\/scopes\/access\/([^/]+)$/, ["scopes.write"], (context) => setAccess(context, "APPROVED")],
  ["DELETE", /^\/scopes\/access\/([^/]+)$/, ["scopes.write"], (context) => setAccess(context, "DENIED")],
  [
    "GET",
    /^\/delegationsources$/,
    undefined,
    () => [{ name: "Altinn TT02", issuer: "https://tt02.altinn.no/", created: "2019-01-01T00:00:00.000Z", last_updated: "2019-01-01T00:00:00Z" }],
  ],
  ["GET", /^\/prefix$/, ["scopes.write"], ({ prefixes }) => prefixes],
  [
    "GET",
    /^\/organizations\/([^/]+)$/,
    undefined,
    ({ first }) => (isOrganisation(first) ? { orgnr: first, name: `Organisation ${first}` } : fail(404, "no such organisation")),
  ],
];

/** For a person's session in the portal alone: who it is, and for which synthetic organisation of the test environment. */
const PORTAL = {
  "GET /auth/user": ({ session: { name, organisation, synthetic } }) => ({ name, orgno: organisation, synthetic }),
  "POST /auth/switch-synth-org": ({ store, token, session, body }) => {
    if (!session.synthetic.includes(body.orgno)) fail(400, "no synthetic organisation of this person's", "orgno");
    store.setSession(token, { ...session, organisation: body.orgno });
    throw new Problem(200);
  },
};

/** Paths without a token. */
const PUBLIC = /^\/(scopes\/all|delegationsources)$/;

const shown = ({ org: _, jwks: __, ...client }) => client;

function ownScope({ store, org, query }) {
  const scope = store.scope(query.get("scope"));
  if (!scope) fail(404, "no such scope");
  if (scope.owner_orgno !== org) fail(403, "another organisation's scope");
  return scope;
}

function setAccess(context, state) {
  const { store, first, org, query, now } = context;
  ownScope(context);
  if (!isOrganisation(first)) fail(400, "invalid organisation number");
  const before = store.access(query.get("scope"), first);
  if (state === "DENIED" && !before) fail(404, "no such access");
  const value = {
    scope: query.get("scope"),
    state,
    prefix: null,
    created: before?.created ?? now(),
    consumer_orgno: first,
    last_updated: now(),
    owner_orgno: org,
  };
  store.setAccess(value);
  return value;
}

function createClient({ store, org, body, now }) {
  const id = body.client_id ?? crypto.randomUUID();
  if (store.client(id)) throw new Problem(409, documented(409, "the client is there, or was"));
  if (!body.scopes?.length) fail(400, "scopes is missing", "scopes");
  for (const name of READ_ONLY) if (name in body) fail(400, `${name} is read-only`, name);
  const value = { access_token_lifetime: 120, ...body, client_id: id, client_orgno: org, active: true, created: now(), last_updated: now() };
  store.setClient(id, org, true, value);
  return value;
}

const YEAR = 365 * 86_400;

/** A key as it is kept: one that comes with its end keeps it; one without lives for a year from now. */
function stored({ created: _, last_updated: __, ...key }, now) {
  if (key.kty !== "RSA" || key.use !== "sig" || !["RS256", "RS384", "RS512"].includes(key.alg)) fail(400, "kty RSA, use sig, alg RS256 or RS512", "keys");
  if (!/^[A-Za-z0-9._-]+$/.test(key.kid)) fail(400, "kid", "kid");
  return { ...key, exp: Math.min(key.exp ?? now + YEAR, now + YEAR), posted: now };
}

/** The JWK of a text: of a PEM, under an id made here, or the JWK that it is. */
function keyOf(text) {
  try {
    if (text.startsWith("{")) return JSON.parse(text);
    return { ...createPublicKey(text).export({ format: "jwk" }), use: "sig", alg: "RS256", kid: crypto.randomUUID() };
  } catch {
    fail(400, "no key");
  }
}

function replaceKeys({ store, found, body, now, clock }) {
  const keys = body.keys;
  if (!Array.isArray(keys) || !keys.length || keys.length > 5) fail(400, "one to five keys", "keys");
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) throw new Problem(409, "Conflict. Duplicate keys in request.");
  store.setKeys(found.client_id, { created: now(), keys: keys.map((key) => stored(key, clock())) });
  throw new Problem(201, "");
}

/** Answers one request: status and body. `violations` is told of what must never be sent. */
export async function answerApi({ store, issuer, clock, publicKey, prefixes, violations }, request, path, text) {
  try {
    const url = new URL(path, issuer);
    let body = {};
    const type = request.headers["content-type"];
    if (type === "text/plain") {
      if (/PRIVATE KEY|"(d|p|q|dp|dq|qi)"/.test(text)) violations.push("private key received");
    } else if (text) {
      try {
        body = JSON.parse(text, function (name, value) {
          if (PRIVATE.includes(name) && this.kty) violations.push("private key received");
          return value;
        });
      } catch {
        fail(400, "no JSON");
      }
    }
    const now = () => new Date(clock() * 1000).toISOString();
    const portal = PORTAL[`${request.method} ${url.pathname}`];
    if (portal) {
      const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "") ?? [];
      const session = token && store.session(token);
      if (!session) throw new Problem(token?.startsWith("eyJ") ? 403 : 401);
      return { status: 200, body: portal({ store, token, session, body }) };
    }
    for (const [method, pattern, scopes, handler] of ROUTES) {
      const match = request.method === method && pattern.exec(url.pathname);
      if (!match) continue;
      const [first, second] = match.slice(1).map(decodeURIComponent);
      const open = PUBLIC.test(url.pathname);
      if (open && request.headers.authorization) violations.push("token sent to a public list");
      const org = open ? undefined : await caller(request, scopes, { store, issuer, publicKey, clock });
      const context = { store, org, query: url.searchParams, body, text, type, first, second, prefixes, clock, now };
      if (/^(\/v2)?\/clients\//.test(url.pathname)) {
        context.found = store.client(first);
        if (!context.found) fail(404, "no such client");
        if (context.found.org !== org) fail(403, "another organisation's client");
      }
      return { status: 200, body: handler(context) };
    }
    return { status: 404, body: undefined };
  } catch (problem) {
    if (problem instanceof Problem) return { status: problem.status, body: problem.body };
    throw problem;
  }
}

/** The organisation of the token, when it has one of the scopes. */
async function caller(request, scopes, { store, issuer, publicKey, clock }) {
  // The portal calls the same API with a person's session.
  const session = store.session(/^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
  if (session) return session.organisation;
  const token = /^Bearer ([\w.-]+)$/.exec(request.headers.authorization ?? "")?.[1];
  const verified =
    token && (await jwtVerify(token, publicKey, { issuer, algorithms: ["RS256"], currentDate: new Date(clock() * 1000) }).catch(() => undefined));
  if (!verified) throw new Problem(401, undefined);
  const granted = verified.payload.scope.split(" ");
  if (scopes && !scopes.some((scope) => granted.includes(`idporten:${scope}`))) fail(403, "the token lacks the scope");
  return verified.payload.consumer.ID.slice("0192:".length);
}
