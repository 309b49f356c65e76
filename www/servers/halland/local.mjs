// The local Region Halland, as `start` opens it: AD FS and the gateway, each at a port of its own.

import { createGate } from "../shared/gate.mjs";
import { CODES } from "./adfs.mjs";
import { CALLBACK, CLIENT, EXAMPLE, HSA, KEYS, startHalland } from "./index.mjs";

/** It needs the root of its addresses. */
export const PORTS = ["adfs", "gateway"];
/** Settings that its configuration may hold. */
export const SETTINGS = ["faults"];

const endpointOf = (path) => {
  if (path.includes("/.well-known/")) return "discovery";
  if (path.endsWith("/discovery/keys")) return "jwks";
  const [, name] = /^\/adfs\/(?:oauth2\/)?(\w+)/.exec(path) ?? [];
  return { token: "token", authorize: "authorization", logout: "logout" }[name] ?? "userinfo";
};

export async function open({ names, clock, config }) {
  const halland = await startHalland({ names });
  const { keyPem, pem } = halland.certificate;
  const named = Object.entries(CODES).map(([fault, { status, body }]) => ({
    endpoint: "token",
    fault,
    answer: () => ({ status, headers: { "content-type": "application/json;charset=UTF-8" }, body: JSON.stringify(body) }),
  }));
  const gate = (part, endpoints, of) =>
    createGate({ endpoints, endpointOf: of, port: () => halland[part].port, named: [...(config.faults ?? []), ...named], now: () => clock.now() });
  return {
    issuer: halland.adfs.issuer,
    environment: { issuer: halland.adfs.issuer },
    apis: { gateway: { origin: halland.gateway.origin, keys: KEYS, resources: [HSA, EXAMPLE] } },
    clients: [{ clientId: CLIENT, redirectUris: [CALLBACK], keyPem, certificates: pem }],
    gates: {
      adfs: gate("adfs", ["discovery", "jwks", "token", "authorization", "logout", "userinfo"], endpointOf),
      gateway: gate("gateway", ["gateway"], () => "gateway"),
    },
    control: halland,
    issueToken: ({ resource = HSA, scope = "hsainfoapi.read", sub } = {}) => halland.adfs.accessToken({ resource, scopes: scope.split(" ") }, sub),
    setClock(seconds) {
      for (const part of [halland.adfs, halland.gateway]) part.settings.clock = seconds;
    },
    reset() {
      for (const part of [halland.adfs, halland.gateway]) for (const list of [part.requests, part.faults]) list.length = 0;
    },
    close: () => halland.close(),
  };
}
