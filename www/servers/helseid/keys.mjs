// The local HelseID's own key and its clients' keys, made by npm `jose`, once in a process: RSA keys are slow to make.
// RFC 7517; a client's public key is what its registration holds, with `alg` inside, as NHN's samples have it.
// Refuses nothing: what a key may be is the client's and the server's to judge.

import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";

const made = new Map();

/** A key of an algorithm by a name of its own, such as `client PS256`. */
export function key(name) {
  if (!made.has(name)) made.set(name, make(name.split(" ").at(-1)));
  return made.get(name);
}

async function make(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...(alg.endsWith("S256") && alg[0] !== "E" && { modulusLength: 2048 }) });
  const publicJwk = { ...(await exportJWK(publicKey)), alg };
  const kid = await calculateJwkThumbprint(publicJwk);
  Object.assign(publicJwk, { kid, use: "sig" });
  return { alg, kid, privateKey, publicKey, publicJwk, privateJwk: { ...(await exportJWK(privateKey)), alg, kid } };
}
