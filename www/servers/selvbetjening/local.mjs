// The local Selvbetjening, as `start` opens it: API and portal at ports of their own, its clients known to the local HelseID.

import { createGate } from "../shared/gate.mjs";
import { TEMPLATE, startSelvbetjening } from "./index.mjs";

/** It needs the root of its addresses. */
export const PORTS = ["api", "portal"];
/** It opens after this one, whose clients it knows. */
export const NEEDS = "helseid";
/** Settings that its configuration may hold. */
export const SETTINGS = ["propagation", "refusals", "keyPropagation", "retireOldKeys", "keyLifetime", "faults"];

export async function open({ names, clock, config, others }) {
  const { faults = [], ...settings } = config;
  const self = await startSelvbetjening({ names, helseid: others.helseid.control, ...settings });
  const gate = (part) =>
    createGate({
      endpoints: ["draft", "client", "keys", "delegations", "confirm"],
      endpointOf: (path) =>
        ({ "/v1/client-drafts": "draft", "/v1/client": "client", "/v1/client-secret": "keys", "/v1/multi-tenant-delegations": "delegations" })[path] ??
        "confirm",
      port: () => self.ports[part],
      named: faults,
      now: () => clock.now(),
    });
  return {
    issuer: self.issuer,
    environment: self.environment,
    clients: [{ apiKey: TEMPLATE.apiKey, organizations: TEMPLATE.organizations, scopes: TEMPLATE.scopes }],
    gates: { api: gate("api"), portal: gate("portal") },
    control: self.control,
    clock: "the machine's",
    reset: () => self.control.state.faults.clear(),
    close: () => self.close(),
  };
}
