// Any AD FS, with one client and two APIs. Made-up names; one call starts it.

import { certificate } from "./certificate.mjs";
import { startAdfs } from "./server.mjs";

export { startAdfs };
export { CODES } from "./server.mjs";
export const CLIENT = "5c1d8e2f-6a43-4b0f-8e2a-9f3d7b6c1a20";
export const SECRET = "made-up-secret-of-the-local-ad-fs";
export const API = "https://api.example.org/";
export const OTHER = "urn:example:other";
export const CALLBACK = "http://localhost:1337/callback";
export const LOGGED_OUT = "http://localhost:1337/logged-out";

let made;

/** `name`: where others reach it, for a server that hands requests on. */
export async function startExampleAdfs({ name } = {}) {
  made ??= certificate();
  const client = {
    id: CLIENT,
    secret: SECRET,
    certificates: [made],
    redirectUris: [CALLBACK, LOGGED_OUT],
    permissions: { [API]: ["read", "write"], [OTHER]: ["read"] },
  };
  const adfs = await startAdfs({ client, resources: [API, OTHER, "urn:example:forbidden"], name });
  return { adfs, client, certificate: made, close: () => adfs.close() };
}
