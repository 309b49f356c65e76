// The local Region Halland, as `start` opens it: AD FS and the gateway, each at a port of its own.

import { createGate } from "../shared/gate.mjs";
import { faultsOf, gateOf } from "../adfs/local.mjs";
import { CALLBACK, CLIENT, EXAMPLE, HSA, KEYS, startHalland } from "./index.mjs";

/** It needs the root of its addresses. */
export const PORTS = ["adfs", "gateway"];
/** Settings that its configuration may hold. */
export const SETTINGS = ["faults"];

export async function open({ names, clock, config }) {
  const halland = await startHalland({ names });
  const { keyPem, pem } = halland.certificate;
  const named = faultsOf(config);
  return {
    issuer: halland.adfs.issuer,
    environment: { issuer: halland.adfs.issuer },
    apis: { gateway: { origin: halland.gateway.origin, keys: KEYS, resources: [HSA, EXAMPLE] } },
    clients: [{ clientId: CLIENT, redirectUris: [CALLBACK], keyPem, certificates: pem }],
    gates: {
      adfs: gateOf(halland.adfs, named, clock),
      gateway: createGate({ endpoints: ["gateway"], endpointOf: () => "gateway", port: () => halland.gateway.port, named, now: () => clock.now() }),
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
