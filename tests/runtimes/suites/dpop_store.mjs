// A suite for browsers: DPoP keys in IndexedDB.

import { dpopKeyStore } from "samtykke";

export async function run() {
  const store = dpopKeyStore({ database: `test ${crypto.randomUUID()}` });
  const [first, second] = await Promise.all([store.get("a"), store.get("a")]);
  const again = await store.get("a");
  const other = await store.get("b");
  const signature = await first.sign("x");
  const { x, y, crv, kty } = first.publicJwk;
  const key = await crypto.subtle.importKey("jwk", { x, y, crv, kty }, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const verifies = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, new TextEncoder().encode("x"));
  await store.remove("a");
  const renewed = await store.get("a");
  return {
    same: first.thumbprint === second.thumbprint && first.thumbprint === again.thumbprint,
    apart: other.thumbprint !== first.thumbprint,
    renewed: renewed.thumbprint !== first.thumbprint,
    verifies,
    shown: JSON.stringify(first),
  };
}
