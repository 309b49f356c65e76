// RSA keys as older tools write them (PKCS#1, "RSA PRIVATE KEY"), put into the PKCS#8 that WebCrypto reads.
// RFC 8017 appendix A.1.2, RFC 5958 section 2. What is inside is WebCrypto's to judge.

import { hostError } from "../core/error.js";
import { octetsFrom } from "./webcrypto.js";

/** A value in DER: tag, length in its shortest form, content (X.690 section 8.1). */
function der(tag: number, ...parts: readonly ArrayLike<number>[]): number[] {
  const content = parts.flatMap((part) => Array.from(part));
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return [tag, ...size, ...content];
}

/** Version 0, then rsaEncryption (RFC 8017 appendix A.1). */
const HEAD = [2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];

/**
 * An RSA key in PKCS#1 (`-----BEGIN RSA PRIVATE KEY-----`, not encrypted) as PKCS#8, for `SigningKey.fromPem`.
 *
 * @throws {SamtykkeError} `key_refused`.
 * @example
 * ```ts
 * const rsa = await SigningKey.fromPem(fromPkcs1(env.CLIENT_KEY), { alg: "RS256" });
 * ```
 */
export function fromPkcs1(pem: string): string {
  const [, base64] = /^\s*-----BEGIN RSA PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END RSA PRIVATE KEY-----\s*$/.exec(pem) ?? [];
  let key: Uint8Array;
  try {
    key = octetsFrom(base64!.replace(/\s/g, ""));
    // 8192 bits take less than 5 kB.
    if (key[0] !== 0x30 || key.length > 8192) throw new TypeError("no key in DER");
  } catch {
    throw hostError("key_refused", { expected: "PEM of one RSA PRIVATE KEY, unencrypted PKCS#1" });
  }
  const whole = String.fromCharCode(...der(0x30, HEAD, der(4, key)));
  return `-----BEGIN PRIVATE KEY-----\n${btoa(whole).replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}
