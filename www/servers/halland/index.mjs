// The local Region Halland: AD FS with one client, and a gateway with two APIs. Made-up names; one call starts both.

import { startAdfs } from "../adfs/server.mjs";
import { certificate } from "../adfs/certificate.mjs";
import { startGateway } from "./gateway.mjs";

export const CLIENT = "0f6e2b1c-8f5d-4f0b-9a53-2d7b1c9e4f10";
export const HSA = "hsainfoapi.regionhalland.se";
export const EXAMPLE = "exempelapi.regionhalland.se";
export const CALLBACK = "https://app.example.se/callback";
export const KEYS = ["prim-0123456789abcdef", "sec-0123456789abcdef"];

let made;

/** `names`: where others reach the two, for a server that hands requests on. */
export async function startHalland({ names = {} } = {}) {
  made ??= certificate();
  const client = {
    id: CLIENT,
    certificates: [made],
    redirectUris: [CALLBACK],
    permissions: { [HSA]: ["hsainfoapi.read", "hsainfoapi.write"], [EXAMPLE]: ["exempelapi.Public"] },
  };
  const adfs = await startAdfs({ client, resources: [HSA, EXAMPLE, "other.regionhalland.se"], name: names.adfs });
  const apis = {
    "/hsa/": { resource: HSA, scope: "hsainfoapi.read", keys: [...KEYS] },
    "/example/": { resource: EXAMPLE, scope: "exempelapi.Public", keys: ["other-key"] },
  };
  const gateway = await startGateway({ adfs, apis, name: names.gateway });
  return { adfs, gateway, apis, client, certificate: made, close: async () => void (await Promise.all([adfs.close(), gateway.close()])) };
}
