// The keys of the hostile server and of the client under test, by name; made by npm `jose` when first asked for.
// RFC 7517, RFC 7518. One process makes each key once: RSA keys are slow to make.
// Refuses nothing: wrong keys are what this server is for.

import { createHash, createPublicKey } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";

/** name → algorithm and `kid`. Decoys carry the `kid` of the key they stand beside, as the suite's own decoys do. */
export const KEYS = {
  RS256: { alg: "RS256", kid: "server-1" },
  "RS256 next": { alg: "RS256", kid: "server-2" },
  "RS256 third": { alg: "RS256", kid: "server-3" },
  "RS256 alternate": { alg: "RS256", kid: "alternate" },
  PS256: { alg: "PS256", kid: "server-1" },
  ES256: { alg: "ES256", kid: "server-1" },
  "ES256 next": { alg: "ES256", kid: "server-2" },
  "decoy PS256": { alg: "PS256", kid: "server-1" },
  "decoy ES256": { alg: "ES256", kid: "server-1" },
  "decoy EdDSA": { alg: "EdDSA", kid: "server-1" },
  "attacker RS256": { alg: "RS256", kid: "server-1" },
  "attacker ES256": { alg: "ES256", kid: "server-1" },
  "client ES256": { alg: "ES256", kid: "client-1" },
  "client PS256": { alg: "PS256", kid: "client-1" },
  "client RS256": { alg: "RS256", kid: "client-2" },
  "dpop ES256": { alg: "ES256", kid: undefined },
};

const made = new Map();

/** @returns {Promise<{ name, alg, kid, privateKey: CryptoKey, publicKey: CryptoKey, publicJwk: object, privateJwk: object }>} */
export function key(name) {
  if (!made.has(name)) made.set(name, make(name));
  return made.get(name);
}

async function make(name) {
  const { alg, kid } = KEYS[name];
  const options = { extractable: true, ...(alg === "EdDSA" && { crv: "Ed25519" }) };
  const { privateKey, publicKey } = await generateKeyPair(alg, options);
  const member = { alg, use: "sig", ...(kid && { kid }) };
  const publicJwk = { ...(await exportJWK(publicKey)), ...member };
  const privateJwk = { ...(await exportJWK(privateKey)), ...member };
  return { name, alg, kid, privateKey, publicKey, publicJwk, privateJwk, thumbprint: await calculateJwkThumbprint(publicJwk) };
}

/** The PEM text of a public key: what libraries took for an HMAC secret (CVE-2016-10555 and its like). */
export const pem = (publicJwk) => createPublicKey({ key: publicJwk, format: "jwk" }).export({ type: "spki", format: "pem" });

export const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

/** `at_hash`, `c_hash`, `s_hash`: the left half of the hash (OpenID Connect Core section 3.3.2.11). */
export const leftHalf = (text) => createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
