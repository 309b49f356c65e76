// Signing and verifying: by WebCrypto, or in Node at once by its own crypto, where the way to another thread costs more than
// the work itself. That other copy of a key is seen by nothing outside this file.

import { type CryptoKey, type Jwk, rowOf } from "./webcrypto.js";

interface Quick {
  readonly key: object;
  readonly dsaEncoding: string;
}
interface NodeCrypto {
  createPrivateKey(of: { format: string; key: Jwk }): object;
  createPublicKey(of: { format: string; key: Jwk }): object;
  sign(hash: string | null, octets: Uint8Array, key: Quick): Uint8Array;
  verify(hash: string | null, octets: Uint8Array, key: Quick, signature: Uint8Array): boolean;
}

const { navigator, process } = globalThis as { navigator?: { userAgent?: string }; process?: { versions?: object; getBuiltinModule?(name: string): NodeCrypto } };
/**
 * Node's own door to the library that WebCrypto also asks there: at once, where WebCrypto waits for another thread. Next's edge
 * runtime has a `process` too, without versions, whose functions throw. Opened by the first key: that takes milliseconds.
 */
let node: NodeCrypto | undefined;

/** Keys as that door takes them, where that pays. Nobody else has these: they could be read out. */
const quick = new WeakMap<CryptoKey, Quick>();

/** @internal Remembers what a key was imported from. Signing with RSA takes its time, so it is left to a thread. */
export function quickened(key: CryptoKey, jwk: Jwk, alg: string): CryptoKey {
  if (/^([ER]S256|Ed)/.test(alg) && !(jwk.n && jwk.d) && process?.versions && /^(undef|Node)/.test(navigator?.userAgent as string) && (node ??= process.getBuiltinModule?.("crypto"))) {
    quick.set(key, { key: node[`create${jwk.d ? "Private" : "Public"}Key`]({ format: "jwk", key: jwk }), dsaEncoding: "ieee-p1363" });
  }
  return key;
}

/** @internal Signs octets, or says whether `signature` is theirs. */
export function signing(alg: string, key: CryptoKey, octets: Uint8Array<ArrayBuffer>, signature?: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer | boolean> | Uint8Array | boolean {
  const own = quick.get(key);
  if (node && own) {
    const hash = alg[1] === "d" ? null : "sha256";
    return signature ? node.verify(hash, octets, own, signature) : node.sign(hash, octets, own);
  }
  const { use } = rowOf(alg);
  const { subtle } = crypto;
  return signature ? subtle.verify(use, key, signature, octets) : subtle.sign(use, key, octets);
}
