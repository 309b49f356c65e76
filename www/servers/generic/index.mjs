// A small authorization server of any name: codes, refresh tokens, client credentials, JWT bearer, token exchange, PAR, DPoP, JARM.
// It answers plainly (RFC 6749 section 5.2), or in the words of Keycloak, Spring, Hydra, zitadel or NAV's mock server (servers.json).
// Refuses what those standards refuse; whoever is registered may ask for anything else.

import { exportJWK, generateKeyPair } from "jose";

import { languageOf } from "../shared/languages.mjs";
import { asset } from "../shared/pages.mjs";
import { authorize, login, push } from "./authorize.mjs";
import { endSessions } from "./backchannel.mjs";
import { corsHeaders } from "./cors.mjs";
import { accessToken } from "./issue.mjs";
import { Refusal, SERVERS, faultsOf, told } from "./like.mjs";
import { introspection, logout, revocation, userinfo } from "./resources.mjs";
import { State, secretText } from "./state.mjs";
import { OFFERED, token } from "./token.mjs";

/** Endpoints by their names, and where they are. */
export const ROUTES = {
  authorization: "/authorize",
  token: "/token",
  par: "/par",
  jwks: "/jwks",
  userinfo: "/userinfo",
  introspection: "/introspect",
  revocation: "/revoke",
  logout: "/logout",
};

export const PEOPLE = [
  { sub: "person-1", name: "Kari Nordmann", claims: { given_name: "Kari", family_name: "Nordmann", email: "kari@example.no" } },
  { sub: "person-2", name: "Ola Nordmann", claims: { given_name: "Ola", family_name: "Nordmann" } },
];

let made;
/** One key for each algorithm in a process: RSA keys are slow to make. */
async function signingKey(alg) {
  made ??= new Map();
  if (!made.has(alg)) made.set(alg, generateKeyPair(alg, { extractable: true }));
  const { privateKey, publicKey } = await made.get(alg);
  const kid = `local-${alg.toLowerCase()}`;
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

const metadata = ({ issuer, routes, like, grants = OFFERED, signing, levels, parRequired }) => ({
  issuer,
  authorization_endpoint: issuer + routes.authorization,
  token_endpoint: issuer + routes.token,
  jwks_uri: issuer + routes.jwks,
  pushed_authorization_request_endpoint: issuer + routes.par,
  userinfo_endpoint: issuer + routes.userinfo,
  introspection_endpoint: issuer + routes.introspection,
  revocation_endpoint: issuer + routes.revocation,
  end_session_endpoint: issuer + routes.logout,
  // ID-porten has none of it.
  ...(!levels && { backchannel_logout_supported: true, backchannel_logout_session_supported: true }),
  grant_types_supported: grants,
  response_types_supported: ["code"],
  response_modes_supported: ["query", "fragment", "form_post", "query.jwt", "jwt"],
  subject_types_supported: ["public"],
  code_challenge_methods_supported: ["S256"],
  id_token_signing_alg_values_supported: [signing.alg],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
  token_endpoint_auth_signing_alg_values_supported: ["RS256", "PS256", "ES256", "EdDSA"],
  dpop_signing_alg_values_supported: ["ES256", "EdDSA", "PS256", "RS256"],
  authorization_signing_alg_values_supported: [signing.alg],
  authorization_response_iss_parameter_supported: true,
  require_pushed_authorization_requests: Boolean(parRequired),
  ...(levels && { acr_values_supported: levels }),
  ...(like && { "x-local-like": like }),
});

const json = (value) => ({ status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) });

const POSTED = { token, par: push, introspection, revocation };

async function answer(world, endpoint, { request, url, form, rest }) {
  const tongue = (params) => languageOf(params.get("ui_locales"), request.headers["accept-language"]);
  const { like } = world;
  switch (endpoint) {
    case "discovery":
      return rest.includes("oauth-authorization-server") ? (told(like, "discovery", "RFC 8414's address") ?? json(world.metadata)) : json(world.metadata);
    case "jwks":
      return json({ keys: [world.signing.publicJwk] });
    case "authorization":
      return authorize(world, request.method === "POST" ? form : url.searchParams, tongue);
    case "login":
      return login(world, rest.slice("/login/".length), request.method, form, tongue);
    case "userinfo":
      return userinfo(world, request);
    case "logout":
      return logout(world, request.method === "POST" ? form : url.searchParams);
    case "assets":
      return asset(rest);
    default:
      if (POSTED[endpoint] && request.method === "POST") return POSTED[endpoint](world, request, form);
      return told(like, "token", "wrong address", "wrong path") ?? { status: 404, headers: {}, body: "" };
  }
}

/** An answer, a refusal among them. */
async function answered(world, endpoint, asked) {
  try {
    return (await answer(world, endpoint, asked)) ?? { status: 404, headers: {}, body: "" };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const said = error.answer(world.like);
    return { ...said, headers: { ...said.headers, ...error.headers } };
  }
}

/**
 * A server of this name at an address. `clock` as in `shared/clock.mjs`; the rest is its configuration: `like`, `clients`, `people`,
 * `mappings`, `lives`, `rotation`, `audience`, `alg`, `parRequired`, `pkce`, `dpopNonce`; and what a server of a known kind adds.
 */
export async function createGeneric({ name, origin, base = "", clock, clients = [], people = PEOPLE, mappings = [], lives, alg = "RS256", ...rest }) {
  if (rest.like !== undefined && !SERVERS.includes(rest.like)) throw new TypeError(`like is one of ${SERVERS.join(", ")}, not ${rest.like}`);
  const world = {
    service: name,
    owner: name,
    issuer: origin + base,
    base,
    routes: ROUTES,
    mappings,
    rotation: true,
    cookie: "local-session",
    logins: new Map(),
    ...rest,
    dpopNonce: rest.dpopNonce ? { value: secretText() } : undefined,
    signing: await signingKey(alg),
    state: new State({ clients, people, lives, clock }),
  };
  world.metadata = { ...metadata(world), ...world.more };
  for (const absent of world.without ?? []) delete world.metadata[absent];
  const known = Object.entries(world.routes);
  return {
    world,
    issuer: world.issuer,
    faults: [...faultsOf(world.like)],
    /** The endpoint of a path below the base. */
    endpointOf(path) {
      if (path.startsWith("/.well-known/")) return "discovery";
      if (path.startsWith("/login/")) return "login";
      if (path.startsWith("/assets/")) return "assets";
      return known.find(([, route]) => route === path)?.[0];
    },
    async handle({ request, url, form, path }) {
      const endpoint = this.endpointOf(path);
      const cors = corsHeaders(world, endpoint, request, form);
      if (request.method === "OPTIONS") return { status: 204, headers: cors, body: "" };
      const { headers, ...said } = await answered(world, endpoint, { request, url, form, rest: path });
      return { ...said, headers: { ...headers, ...cors } };
    },
    /** A signed access token with these claims, for a client that is registered. */
    async issueToken({ client_id: id, scope = "", sub, ...claims } = {}) {
      const client = world.state.clients.get(id) ?? [...world.state.clients.values()][0];
      const person = world.state.people.find((one) => one.sub === sub);
      return (await accessToken(world, client, { person, subject: sub ?? client.clientId, scope, extra: claims })).text;
    },
    /** Ends sessions, and tells the clients that took part. */
    endSessions: (wanted) => endSessions(world, wanted),
    reset() {
      world.state.clear();
      world.logins.clear();
    },
  };
}
