// Decryption of what a server encrypted for the client, by WebCrypto (RFC 7516 section 5.2, RFC 7518 sections 4.3, 4.6, 5.2 and 5.3).
// Header and list of algorithms were judged by the core. Whatever is wrong ends in one error: no difference is seen from outside.

import { hostError } from "../core/error.js";
import { octetsFrom, octetsOf } from "./base64url.js";
import type { CryptoKey, Jwk } from "./webcrypto.js";

/** Decrypts a compact JWE, whose header is given as it was read; whatever is wrong, it rejects. */
export type Decrypt = (jwe: string, header: Readonly<Record<string, unknown>>) => Promise<Uint8Array>;

type Octets = Uint8Array<ArrayBuffer>;

/** Octets of the content's key. */
const CONTENTS: Readonly<Record<string, number>> = { A256GCM: 32, "A128CBC-HS256": 32 };
const CURVES = ["P-256", "P-384", "P-521"];

interface Held {
  readonly kid: string | undefined;
  readonly curve: string | undefined;
  readonly key: CryptoKey;
}

const unfit = (actual: unknown) =>
  hostError("key_refused", {
    expected: "a private key to decrypt with: RSA of 2048 bits or more (RSA-OAEP-256), or EC on P-256, P-384 or P-521 (ECDH-ES)",
    actual: String(actual),
  });

async function held(given: Jwk | CryptoKey): Promise<Held> {
  if ("algorithm" in given) {
    const {
      name,
      namedCurve,
      hash,
      modulusLength = 0,
    } = given.algorithm as { name: string; namedCurve?: string; hash?: { name: string }; modulusLength?: number };
    const fits =
      name === "RSA-OAEP"
        ? hash?.name === "SHA-256" && modulusLength >= 2048 && given.usages.includes("decrypt")
        : name === "ECDH" && given.usages.includes("deriveBits");
    if (given.type !== "private" || !fits) throw unfit(name);
    return { kid: undefined, curve: namedCurve, key: given };
  }
  const { kty, crv, d, n, e, p, q, dp, dq, qi, x, y, kid, use } = given;
  const ec = kty === "EC" && CURVES.includes(crv!);
  const short = kty === "RSA" && octetsFrom(String(n)).length < 256;
  if (typeof d !== "string" || (!ec && kty !== "RSA") || short || (use !== undefined && use !== "enc"))
    throw unfit(short ? "RSA of fewer bits" : `${kty} ${crv ?? use ?? ""}`);
  // Members of the key alone: what vendors add to a JWK is none of WebCrypto's business.
  const jwk = (ec ? { kty, crv, d, x, y } : { kty, d, n, e, p, q, dp, dq, qi }) as JsonWebKey;
  const key = await (ec
    ? crypto.subtle.importKey("jwk", jwk, { name: "ECDH", namedCurve: crv! }, false, ["deriveBits"])
    : crypto.subtle.importKey("jwk", jwk, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["decrypt"])
  ).catch(() => {
    throw unfit("a JWK that WebCrypto cannot read");
  });
  return { kid, curve: ec ? crv : undefined, key };
}

/** Octets after their length, as the derivation of keys has them (NIST SP 800-56A section 5.8.1.2). */
function lengthPrefixed(octets: Octets): Octets {
  const whole = new Uint8Array(4 + octets.length);
  new DataView(whole.buffer).setUint32(0, octets.length);
  whole.set(octets, 4);
  return whole;
}

const joined = (...parts: readonly Octets[]): Octets => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const word = (value: number): Octets => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value);
  return octets;
};

/** The key agreed on with the sender's, for the content itself (RFC 7518 section 4.6). */
async function agreeKey({ key, curve }: Held, header: Readonly<Record<string, unknown>>, enc: string, length: number): Promise<Octets> {
  const { kty, crv, x, y } = Object(header["epk"]) as Jwk;
  if (kty !== "EC" || crv !== curve) throw new Error();
  // WebCrypto refuses a point that is not on the curve.
  const theirs = await crypto.subtle.importKey("jwk", { kty, crv, x, y } as JsonWebKey, { name: "ECDH", namedCurve: crv! }, false, []);
  // The whole coordinate, 528 bits of P-521 and not 521.
  const bits = { "P-256": 256, "P-384": 384, "P-521": 528 }[crv!]!;
  const secret = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, key, bits));
  const party = (name: string) => lengthPrefixed(typeof header[name] === "string" ? octetsFrom(header[name] as string) : new Uint8Array());
  const info = joined(lengthPrefixed(octetsOf(enc)), party("apu"), party("apv"), word(length * 8));
  const derived = new Uint8Array(await crypto.subtle.digest("SHA-256", joined(word(1), secret, info)));
  secret.fill(0);
  return derived.subarray(0, length);
}

/** The content's key. One that cannot be decrypted, or has another length, is one that decrypts nothing (RFC 7516 section 11.5). */
async function unwrapKey({ key }: Held, encrypted: Octets, length: number): Promise<Octets> {
  const none = crypto.getRandomValues(new Uint8Array(length));
  try {
    const found = new Uint8Array(await crypto.subtle.decrypt("RSA-OAEP", key, encrypted));
    return found.length === length ? found : none;
  } catch {
    return none;
  }
}

async function byGcm(key: Octets, iv: Octets, text: Octets, tag: Octets, aad: Octets): Promise<ArrayBuffer> {
  if (iv.length !== 12 || tag.length !== 16) throw new Error();
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: aad }, imported, joined(text, tag));
}

async function byCbc(key: Octets, iv: Octets, text: Octets, tag: Octets, aad: Octets): Promise<ArrayBuffer> {
  if (iv.length !== 16 || tag.length !== 16) throw new Error();
  const mac = await crypto.subtle.importKey("raw", key.subarray(0, 16), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  // The length in bits as 64 of them; no header has 2^32.
  const signed = new Uint8Array(await crypto.subtle.sign("HMAC", mac, joined(aad, iv, text, word(0), word(aad.length * 8))));
  let difference = 0;
  for (let at = 0; at < 16; at++) difference |= signed[at]! ^ tag[at]!;
  if (difference) throw new Error();
  const imported = await crypto.subtle.importKey("raw", key.subarray(16), "AES-CBC", false, ["decrypt"]);
  return crypto.subtle.decrypt({ name: "AES-CBC", iv }, imported, text);
}

async function decryptJwe(keys: readonly Held[], jwe: string, header: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  const { alg, enc, kid } = header;
  const length = CONTENTS[String(enc)];
  const [first, ...parts] = jwe.split(".") as [string, ...string[]];
  const [encrypted, iv, text, tag] = parts.map(octetsFrom) as [Octets, Octets, Octets, Octets];
  const epk = Object(header["epk"]) as Jwk;
  const fits = (key: Held) => (alg === "ECDH-ES" ? key.curve !== undefined && key.curve === epk.crv : alg === "RSA-OAEP-256" && key.curve === undefined);
  const fitting = keys.filter(fits);
  // By its id where both have one; one key that fits needs none.
  const key = fitting.find((one) => one.kid !== undefined && one.kid === kid) ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (!key || !length || parts.length !== 4 || (alg === "ECDH-ES" && encrypted.length)) throw new Error();
  const content = await (alg === "ECDH-ES" ? agreeKey(key, header, String(enc), length) : unwrapKey(key, encrypted, length));
  try {
    return new Uint8Array(await (enc === "A256GCM" ? byGcm : byCbc)(content, iv, text, tag, octetsOf(first)));
  } finally {
    content.fill(0);
  }
}

/**
 * Decrypts, for the client option `decrypt`, what the server encrypts for the client: RSA-OAEP-256 and ECDH-ES, A256GCM and
 * A128CBC-HS256. Keys are private JWKs or WebCrypto keys (RSA-OAEP with SHA-256, or ECDH); of several that fit, the token's `kid`
 * chooses.
 *
 * @throws {SamtykkeError} `key_refused`.
 * @example
 * ```ts
 * const decrypt = await decrypter(JSON.parse(env.ENCRYPTION_KEY));
 * const client = new Client(provider, clientSecretBasic(env.CLIENT_SECRET), { decrypt });
 * ```
 */
export async function decrypter(...keys: readonly (Jwk | CryptoKey)[]): Promise<Decrypt> {
  for (const key of keys) if (typeof key !== "object" || key === null) throw unfit(typeof key);
  if (!keys.length) throw unfit("none");
  const all = await Promise.all(keys.map(held));
  return async (jwe, header) => {
    try {
      return await decryptJwe(all, jwe, header);
    } catch {
      throw hostError("decryption_failed");
    }
  };
}
