// Making keys, signing and verifying, by WebCrypto. Where Node loads this package, signatures_node.ts stands in this file's place.

import { type CryptoKey, type Jwk, rowOf } from "./webcrypto.js";

/** @internal What a key was imported from: a JWK, or a private key as PKCS#8. */
export type Source = Jwk | Uint8Array<ArrayBuffer>;

/** @internal What a key can do. */
export type Use = "sign" | "verify";

/** @internal Takes note of what a key was imported from. */
export const rememberSource: (key: CryptoKey, source: Source, alg: string, use: Use) => CryptoKey = (key) => key;

/** @internal A new pair of keys, the public one readable. */
export const generateKeyPair = (alg: string, extractable: boolean): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey({ ...rowOf(alg).key, modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) }, extractable, [
    "sign",
    "verify",
  ]) as Promise<CryptoKeyPair>;

/** @internal Signs octets, or says whether `signature` is theirs. */
export const signOrVerify = (
  alg: string,
  key: CryptoKey,
  octets: Uint8Array<ArrayBuffer>,
  signature?: Uint8Array<ArrayBuffer>,
): Promise<ArrayBuffer | boolean> | Uint8Array | boolean =>
  signature ? crypto.subtle.verify(rowOf(alg).use, key, signature, octets) : crypto.subtle.sign(rowOf(alg).use, key, octets);
