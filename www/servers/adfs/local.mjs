// The local AD FS, as `start` opens it at a port of its own, and the gate before any AD FS: its endpoints and its errors by their codes.

import { createGate } from "../shared/gate.mjs";
import { API, CALLBACK, CLIENT, LOGGED_OUT, OTHER, SECRET, startExampleAdfs } from "./index.mjs";
import { CODES } from "./server.mjs";

/** It needs the root of its address. */
export const PORTS = ["adfs"];
/** Settings that its configuration may hold. */
export const SETTINGS = ["faults"];

const endpointOf = (path) => {
  if (path.includes("/.well-known/")) return "discovery";
  if (path.endsWith("/discovery/keys")) return "jwks";
  const [, name] = /^\/adfs\/(?:oauth2\/)?(\w+)/.exec(path) ?? [];
  return { token: "token", authorize: "authorization", logout: "logout" }[name] ?? "userinfo";
};

/** Errors of the token endpoint by AD FS' codes, and those that the configuration adds. */
export const faultsOf = (config) => [
  ...(config.faults ?? []),
  ...Object.entries(CODES).map(([fault, { status, body }]) => ({
    endpoint: "token",
    fault,
    answer: () => ({ status, headers: { "content-type": "application/json;charset=UTF-8" }, body: JSON.stringify(body) }),
  })),
];

/** The gate before an AD FS. */
export const gateOf = (adfs, named, clock) =>
  createGate({
    endpoints: ["discovery", "jwks", "token", "authorization", "logout", "userinfo"],
    endpointOf,
    port: () => adfs.port,
    named,
    now: () => clock.now(),
  });

export async function open({ names, clock, config }) {
  const world = await startExampleAdfs({ name: names.adfs });
  const { adfs } = world;
  const { keyPem, pem, x5tHex } = world.certificate;
  return {
    issuer: adfs.issuer,
    environment: { issuer: adfs.issuer },
    apis: { resources: [API, OTHER] },
    clients: [{ clientId: CLIENT, clientSecret: SECRET, redirectUris: [CALLBACK, LOGGED_OUT], keyPem, certificates: pem, thumbprint: x5tHex.toUpperCase() }],
    gates: { adfs: gateOf(adfs, faultsOf(config), clock) },
    control: world,
    issueToken: ({ resource = API, scope = "read", sub } = {}) => adfs.accessToken({ resource, scopes: scope.split(" ") }, sub),
    setClock(seconds) {
      adfs.settings.clock = seconds;
    },
    reset() {
      for (const list of [adfs.requests, adfs.faults]) list.length = 0;
    },
    close: () => world.close(),
  };
}
