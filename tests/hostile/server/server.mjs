// The hostile server: authorization server, JWKS host and, on an origin of its own, an API; over real HTTP on localhost.
// Correct by default; `change` makes it misbehave in one way. Every request is logged, every breach of the client's recorded.
// Refuses what it cannot route, and says so in the log: a request that nobody expected is a finding too.

import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { PROFILES } from "./profiles.mjs";
import { authorize } from "./authorization.mjs";
import { device } from "./device.mjs";
import { discovery, jwks } from "./discovery.mjs";
import { introspect, revoke } from "./introspection.mjs";
import { endSession } from "./logout.mjs";
import { pushed } from "./par.mjs";
import { api, claimsSource, resourceMetadata } from "./resource.mjs";
import { token } from "./token.mjs";
import { userinfo } from "./userinfo.mjs";
import { parameters } from "./judge/request.mjs";
import { violate } from "./judge/rules.mjs";

/** What the server knows of the client under test. The secret is awkward on purpose: each wrong encoding damages it. */
export const CLIENT = {
  id: "client-1",
  secret: "a%b+c d:e/f~g-0123456789-0123456789",
  redirectUris: ["https://rp.example/callback"],
  postLogoutUris: ["https://rp.example/left"],
};

/** path → name in the log and handler; the JWKS has a new path in each server. */
const AS_ROUTES = {
  "/.well-known/openid-configuration": ["discovery", discovery],
  "/.well-known/oauth-authorization-server": ["discovery", discovery],
  "/authorize": ["authorize", authorize],
  "/par": ["par", pushed],
  "/token": ["token", token],
  "/mtls/token": ["token", token],
  "/userinfo": ["userinfo", userinfo],
  "/device_authorization": ["device", device],
  "/introspect": ["introspect", introspect],
  "/revoke": ["revoke", revoke],
  "/end_session": ["logout", endSession],
  "/claims": ["claims", claimsSource],
};
const API_ROUTES = {
  "/resource": ["api", api],
  "/.well-known/oauth-protected-resource/resource": ["resource metadata", resourceMetadata],
};

const listen = (server) =>
  new Promise((done, fail) => server.once("error", fail).listen(0, "localhost", () => done(`http://localhost:${server.address().port}`)));

/**
 * @param {{ profile?: string, change?: object, more?: object }} options `profile` names a row of PROFILES, `more` overrides
 *   members of it, `change` is the `change` of a module's row.
 */
export async function startServer({ profile = "oidc", change = {}, more = {} } = {}) {
  if (!PROFILES[profile]) throw new Error(`no profile ${profile}`);
  const world = {
    profile: { ...PROFILES[profile], ...more },
    change,
    client: CLIENT,
    log: [],
    violations: [],
    pushed: new Map(),
    codes: new Map(),
    tokens: new Map(),
    refreshTokens: new Map(),
    idTokens: new Set(),
    devices: new Map(),
    nonces: {},
    challenged: new Set(),
    refreshes: 0,
    rotations: 0,
    jwksPath: `/jwks-${randomBytes(6).toString("hex")}`,
    /** The key that signs now. */
    signing: () => [world.profile.alg, `${world.profile.alg} next`, `${world.profile.alg} third`][world.rotations],
    rotate: () => void (world.rotations += 1),
  };
  const routes = { ...AS_ROUTES, [world.jwksPath]: ["jwks", jwks] };
  const servers = [
    createServer((request, response) => serve(world, routes, world.issuer, request, response)),
    createServer((request, response) => serve(world, API_ROUTES, world.api, request, response)),
  ];
  [world.issuer, world.api] = await Promise.all(servers.map(listen));
  world.close = () =>
    Promise.all(
      servers.map(
        (server) =>
          new Promise((done) => {
            server.close(done);
            server.closeAllConnections();
          }),
      ),
    );
  /** How often an endpoint was asked. */
  world.count = (at) => world.log.filter((one) => one.at === at).length;
  return world;
}

async function serve(world, routes, origin, request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { pathname, search } = new URL(request.url, origin);
  const [at, handler] = routes[pathname] ?? ["unknown"];
  const { method, headers } = request;
  const body = Buffer.concat(chunks).toString();
  const exchange = { at, method, url: `${origin}${pathname}`, search, headers, body, response, form: {} };
  world.log.push({ at, method, url: `${origin}${request.url}`, headers, body });
  response.setHeader("cache-control", "no-store");
  response.answer = (status, value, more = {}) => {
    if (response.headersSent) return;
    response.writeHead(status, { ...(value !== undefined && { "content-type": "application/json" }), ...more });
    response.end(typeof value === "string" || value === undefined ? value : JSON.stringify(value));
  };
  if (headers.cookie !== undefined || headers.referer !== undefined) violate(world, "stray_header", { cookie: headers.cookie, referer: headers.referer });
  try {
    if (!handler) return response.answer(404, { error: "not_found" });
    if (method === "POST" && at !== "api") {
      if (!/^application\/x-www-form-urlencoded\b/i.test(headers["content-type"] ?? ""))
        violate(world, "method_other", headers["content-type"] ?? "no media type");
      exchange.form = parameters(world, body);
    }
    await handler(world, exchange);
  } catch (error) {
    // A mistake of the server's own must not look like a refusal by the client.
    world.broken = error;
    response.answer(500, { error: "server_error" });
  }
}

/** POST only, as RFC 6749 section 3.2 has it; answers and records otherwise. */
export function isPost(world, { method, response }) {
  if (method === "POST") return true;
  violate(world, "method_other", method);
  response.answer(405, { error: "invalid_request" });
  return false;
}
