// The local ACM/IDM with eLys, as `start` opens it: each at a port of its own.

import { SignJWT, importJWK } from "jose";

import { createGate } from "../shared/gate.mjs";
import { API, CALLBACK, CLIENT, LOGIN, ORGANISATION, startAcmIdm } from "./index.mjs";

/** It needs the root of its addresses. */
export const PORTS = ["op", "elys"];
/** Settings that its configuration may hold. */
export const SETTINGS = ["clients", "faults"];

const ENDPOINTS = { auth: "authorization", token: "token", keys: "jwks", introspect: "introspection", userinfo: "userinfo", logout: "logout" };
const endpointOf = (path) => (path.includes("/.well-known/") ? "discovery" : (ENDPOINTS[/^\/op\/v1\/(\w+)/.exec(path)?.[1]] ?? "login"));

export async function open({ names, clock, config }) {
  const acm = await startAcmIdm({ names, clients: config.clients });
  const own = { privateJwk: acm.key, organisation: ORGANISATION };
  const gate = (part, endpoints, named) =>
    createGate({ endpoints, endpointOf: named, port: () => acm.ports[part], named: config.faults, now: () => clock.now() });
  return {
    issuer: acm.issuer,
    environment: { issuer: acm.issuer },
    apis: { elys: { origin: acm.elys.origin, clientId: API } },
    clients: [
      { clientId: CLIENT, scopes: ["vo_info", "elys_depzorg"], ...own },
      { clientId: LOGIN, redirectUris: [CALLBACK], ...own },
      ...(config.clients ?? []),
    ],
    gates: {
      op: gate("op", ["discovery", "login", ...Object.values(ENDPOINTS)], endpointOf),
      elys: gate("elys", ["elys"], () => "elys"),
    },
    control: acm,
    /** Its tokens are opaque, so one is got as a machine gets it. */
    async issueToken({ scope = "vo_info elys_depzorg", audience = API } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const assertion = await new SignJWT({ iss: CLIENT, sub: CLIENT, aud: acm.issuer, iat: now, exp: now + 60, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: "RS256" })
        .sign(await importJWK(acm.key, "RS256"));
      const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      const body = new URLSearchParams({ grant_type: "client_credentials", scope, audience, client_assertion: assertion, client_assertion_type });
      const answer = await fetch(`${acm.issuer}/v1/token`, { method: "POST", body });
      const said = await answer.json();
      if (!answer.ok) throw new TypeError(`no token: ${said.error}`);
      return said.access_token;
    },
    clock: "the machine's",
    reset() {
      acm.requests.length = 0;
      acm.faults.length = 0;
    },
    close: () => acm.close(),
  };
}
