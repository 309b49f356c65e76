// What WebCrypto calls each algorithm (WebCrypto section 18, RFC 7518 section 3): rows, as in the core's table.

import { hostError } from "../core/error.js";

/** The signature algorithms, by their registered names (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export type SignatureAlgorithm = "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA" | "Ed25519";

/** WebCrypto's key, by whatever name a runtime's types have for it. */
export type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** A key as JSON (RFC 7517 section 4, RFC 7518 section 6). */
export interface Jwk {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly d?: string;
  readonly n?: string;
  readonly e?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[] | string[];
  readonly ext?: boolean;
}

/** @internal A row: how a key is imported or made, how it signs, and octets of a signature where the key does not decide. */
export interface Row {
  readonly key: EcKeyImportParams & RsaHashedImportParams;
  readonly use: EcdsaParams & RsaPssParams;
  readonly octets?: number;
}

const rsa = (name: string, bits: number): Row => ({
  key: { name, hash: `SHA-${bits}` } as Row["key"],
  use: { name, saltLength: bits / 8 } as Row["use"],
});
const ec = (curve: number, bits: number): Row => ({
  key: { name: "ECDSA", namedCurve: `P-${curve}` } as Row["key"],
  use: { name: "ECDSA", hash: `SHA-${bits}` } as Row["use"],
  octets: Math.ceil(curve / 8) * 2,
});
const ed: Row = { key: { name: "Ed25519" } as Row["key"], use: { name: "Ed25519" } as Row["use"], octets: 64 };

const ROWS: Readonly<Record<SignatureAlgorithm, Row>> = {
  RS256: rsa("RSASSA-PKCS1-v1_5", 256),
  RS384: rsa("RSASSA-PKCS1-v1_5", 384),
  RS512: rsa("RSASSA-PKCS1-v1_5", 512),
  PS256: rsa("RSA-PSS", 256),
  PS384: rsa("RSA-PSS", 384),
  PS512: rsa("RSA-PSS", 512),
  ES256: ec(256, 256),
  ES384: ec(384, 384),
  ES512: ec(521, 512),
  EdDSA: ed,
  Ed25519: ed,
};

/** @internal The row of a name. */
export function rowOf(alg: string): Row {
  const row = Object.hasOwn(ROWS, alg) && ROWS[alg as SignatureAlgorithm];
  if (!row) throw hostError("algorithm_refused", { expected: Object.keys(ROWS).join(" ") });
  return row;
}

/** @internal Throws for a key WebCrypto refused: it lacks the algorithm, or the key is none. Its own words can hold no secret. */
export function refuse(cause: unknown): never {
  throw (cause as Error)?.name === "NotSupportedError"
    ? hostError("algorithm_refused", { expected: "an algorithm this runtime has" }, cause)
    : hostError("key_refused", { expected: "a key for the algorithm" }, cause);
}

/** @internal */
export { base64url, parseJwtPart, octetsFrom, octetsOf } from "./base64url.js";
