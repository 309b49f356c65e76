// The local Norsk Gjeldsinformasjon, as `start` opens it: authorization server and API at ports of their own.

import { createGate } from "../shared/gate.mjs";
import { DEMO_CLIENT, PEOPLE, approve, startNorskgjeld } from "./index.mjs";

/** It needs the root of its addresses. */
export const PORTS = ["auth", "api"];
/** Settings that its configuration may hold. */
export const SETTINGS = ["clients", "faults"];

const AUTH = { "/oauth2/auth": "auth", "/oauth2/token": "token", "/oauth2/revoke": "revoke", "/userinfo": "userinfo", "/.well-known/jwks.json": "jwks" };
const authEndpoint = (path) =>
  AUTH[path] ?? (path.startsWith("/.well-known/") ? "discovery" : path.startsWith("/consent/") ? "consent" : path.includes("logout") ? "logout" : "login");
const apiEndpoint = (path) => (path.startsWith("/v1/debt") ? "debt" : path.startsWith("/feed/") ? "feed" : "agreement");

export async function open({ names, clock, config }) {
  const nogi = await startNorskgjeld({ authPort: 0, apiPort: 0, names, ...(config.clients && { clients: config.clients }) });
  const gate = (part, endpoints, endpointOf) =>
    createGate({ endpoints, endpointOf, port: () => nogi.ports[part], named: config.faults, now: () => clock.now() });
  const [client] = config.clients ?? [DEMO_CLIENT];
  return {
    issuer: nogi.issuer,
    environment: { auth: nogi.authUrl, api: nogi.apiUrl },
    clients: (config.clients ?? [DEMO_CLIENT]).map(({ id, secret, redirectUris }) => ({ clientId: id, secret, redirectUris })),
    people: PEOPLE.map(({ nin, name }) => ({ sub: nin, name })),
    gates: {
      auth: gate("auth", [...Object.values(AUTH), "discovery", "consent", "login", "logout"], authEndpoint),
      api: gate("api", ["debt", "feed", "agreement"], apiEndpoint),
    },
    control: nogi.control,
    login: (url, { person, decision }) => approve(url, { user: person?.sub, decision }),
    /** Its tokens are opaque, so one is got as a service gets it. */
    async issueToken({ audience = Object.values(nogi.audiences)[0], scope } = {}) {
      const form = ({ id, secret }) => [id, secret].map((text) => encodeURIComponent(text).replaceAll("%20", "+")).join(":");
      const body = new URLSearchParams({ grant_type: "client_credentials", audience: [audience].flat().join(" "), ...(scope && { scope }) });
      const headers = { authorization: `Basic ${Buffer.from(form(client)).toString("base64")}`, accept: "application/json" };
      const answer = await fetch(`http://127.0.0.1:${nogi.ports.auth}/oauth2/token`, { method: "POST", headers, body });
      const said = await answer.json();
      if (!answer.ok) throw new TypeError(`no token: ${said.error_description}`);
      return said.access_token;
    },
    setClock: (seconds) => nogi.control.setClock(seconds * 1000),
    reset() {
      nogi.control.clear();
      nogi.control.clearFaults();
    },
    close: () => nogi.close(),
  };
}
