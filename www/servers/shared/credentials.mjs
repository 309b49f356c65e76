// Keys and clients that are ready to be tried: made up when a server starts, printed with it, and good for nothing else.
// RFC 7517. Refuses nothing.

import { exportJWK, generateKeyPair } from "jose";

const made = new Map();

/** A key pair of this algorithm by a name of its own, once in a process: RSA keys are slow to make. */
export function keyPair(name, alg) {
  if (!made.has(name)) {
    made.set(
      name,
      generateKeyPair(alg, { extractable: true }).then(async ({ privateKey, publicKey }) => {
        const named = { kid: name, alg };
        return { privateJwk: { ...(await exportJWK(privateKey)), ...named }, publicJwk: { ...(await exportJWK(publicKey)), ...named, use: "sig" } };
      }),
    );
  }
  return made.get(name);
}

const PRIVATE = ["d", "p", "q", "dp", "dq", "qi"];
/** The public members of a key. */
export const publicPart = (jwk) => Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE.includes(name)));
