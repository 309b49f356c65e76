// As signatures.ts, in Node: at once by its own crypto, where the way to WebCrypto's other thread costs more than the work itself.
// That other copy of a key is seen by nothing outside this file, and lies as WebCrypto's does, outside of what scripts can read.

import { isOctets } from "../core/check.js";
import { nodeCrypto } from "../core/node.js";
import { type Source, type Use, generateKeyPair as generateByWebCrypto, signOrVerify as signByWebCrypto } from "./signatures.js";
import { type CryptoKey, rowOf } from "./webcrypto.js";

export type { Source, Use };

/** Keys as Node's own crypto takes them. */
const own = new WeakMap<CryptoKey, { readonly key: object; readonly dsaEncoding: string }>();

/** Whether that pays, and is there. Signing with RSA takes its time, so it is left to a thread. */
const pays = (alg: string, use: Use) => (["ES256", "EdDSA", "Ed25519"].includes(alg) || (alg === "RS256" && use === "verify") ? nodeCrypto() : undefined);

/** @internal */
export function rememberSource(key: CryptoKey, source: Source, alg: string, use: Use): CryptoKey {
  const node = pays(alg, use);
  if (node) {
    const of = isOctets(source) ? { format: "der", type: "pkcs8", key: source } : { format: "jwk", key: source };
    own.set(key, { key: use === "sign" ? node.createPrivateKey(of) : node.createPublicKey(of), dsaEncoding: "ieee-p1363" });
  }
  return key;
}

/** @internal */
export const generateKeyPair = (alg: string, extractable: boolean): Promise<CryptoKeyPair> =>
  pays(alg, "sign") ? generateTwice(alg, extractable) : generateByWebCrypto(alg, extractable);

/** Readable until both copies are there, and the octets wiped; then as the caller wants it. */
async function generateTwice(alg: string, extractable: boolean): Promise<CryptoKeyPair> {
  const { subtle } = crypto;
  const { privateKey, publicKey } = await generateByWebCrypto(alg, true);
  const octets = new Uint8Array(await subtle.exportKey("pkcs8", privateKey));
  try {
    return { privateKey: rememberSource(await subtle.importKey("pkcs8", octets, rowOf(alg).key, extractable, ["sign"]), octets, alg, "sign"), publicKey };
  } finally {
    octets.fill(0);
  }
}

/** @internal */
export function signOrVerify(
  alg: string,
  key: CryptoKey,
  octets: Uint8Array<ArrayBuffer>,
  signature?: Uint8Array<ArrayBuffer>,
): ReturnType<typeof signByWebCrypto> {
  const there = own.get(key);
  const node = there && nodeCrypto();
  if (!node) return signByWebCrypto(alg, key, octets, signature);
  const hash = alg[1] === "d" ? null : "sha256";
  return signature ? node.verify(hash, octets, there, signature) : node.sign(hash, octets, there);
}
