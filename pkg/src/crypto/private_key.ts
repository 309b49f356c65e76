// Private keys of whatever form as the PEM that `SigningKey.fromPem` reads: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 appendix A.1.2),
// SEC1 (RFC 5915), encrypted PKCS#8 (PBES2: RFC 8018 section 6.2). What is inside is WebCrypto's and the core's to judge.
// Refuses any other form by its name, with the command that converts it, and more rounds than a key needs.

import { only } from "../core/check.js";
import { INTEGER, NULL, OBJECT, OCTETS, SEQUENCE, type Value, formatOid, inside, value, values, whole } from "./der.js";
import { blocks, labels, unfit } from "./pem.js";
import { octetsOf } from "./webcrypto.js";

type Octets = Uint8Array<ArrayBuffer>;

/** More rounds of PBKDF2 than any tool writes; some seconds of work. */
const MAX_ROUNDS = 10_000_000;

const HASHES: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "SHA-1",
  "1.2.840.113549.2.9": "SHA-256",
  "1.2.840.113549.2.10": "SHA-384",
  "1.2.840.113549.2.11": "SHA-512",
};
/** AES-CBC, by the bits of its key. */
const CIPHERS: Readonly<Record<string, number>> = { "2.16.840.1.101.3.4.1.2": 128, "2.16.840.1.101.3.4.1.22": 192, "2.16.840.1.101.3.4.1.42": 256 };
/** @internal What encrypts private keys, too, and WebCrypto does not have. */
export const OTHERS: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.5.3": "PBE-MD5-DES (PBES1)",
  "1.2.840.113549.1.5.10": "PBE-SHA1-DES (PBES1)",
  "1.2.840.113549.1.12.1.3": "PBE-SHA1-3DES (PKCS#12)",
  "1.2.840.113549.1.12.1.6": "PBE-SHA1-RC2-40 (PKCS#12)",
  "1.2.840.113549.1.12.1.1": "PBE-SHA1-RC4-128 (PKCS#12)",
  "1.2.840.113549.1.12.1.5": "PBE-SHA1-RC2-128 (PKCS#12)",
  "1.2.840.113549.3.7": "PBES2 with 3DES",
  "1.2.840.113549.3.2": "PBES2 with RC2",
  "1.3.6.1.4.1.11591.4.11": "PBES2 with scrypt",
};
const READ = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
const AGAIN = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new.pem";
const PLAIN = "openssl pkcs8 -topk8 -nocrypt -in key.pem -out new.pem";
const PKCS12 = "openssl pkcs12 -nodes -in key.p12 -out key.pem (an older file, of 3DES or RC2: with -legacy)";

/**
 * A private key as PEM of PKCS#8, for `SigningKey.fromPem`, out of a text in PKCS#8, PKCS#1 (`RSA PRIVATE KEY`), SEC1 (`EC PRIVATE
 * KEY`) or encrypted PKCS#8 (PBES2: PBKDF2 with HMAC by SHA-1, 256, 384 or 512, and AES-CBC); certificates in the text come after
 * it. Anything else is refused by its name, with the command that converts it.
 *
 * @param options - `passphrase` opens an `ENCRYPTED PRIVATE KEY`: text (as UTF-8) or octets.
 * @throws {SamtykkeError} `key_refused` saying what was expected and what was found.
 * @example
 * ```ts
 * const key = await SigningKey.fromPem(await readKey(env.KEY, { passphrase: env.PASSPHRASE }), { alg: "RS256" });
 * ```
 */
export async function readKey(pem: string, options: { readonly passphrase?: string | Octets } = {}): Promise<string> {
  only(options, { passphrase: 1 });
  const all = blocks(pem);
  const keys = all.filter(({ label }) => / ?PRIVATE KEY/.test(label));
  const [block] = keys;
  if (!block) throw unfit(`PEM with one of ${READ.join(", ")}`, all.length ? labels(all) : what(pem));
  if (keys.length > 1) throw unfit("one private key in the text", `${keys.length} private keys`);
  const { label } = block;
  if (label.includes(",")) throw unfit(`encrypted PKCS#8; convert it: ${AGAIN}`, label);
  if (!READ.includes(label)) throw unfit(`PKCS#8; convert it: ${label.startsWith("OPENSSH") ? "ssh-keygen -p -m PKCS8 -f key" : PLAIN}`, label);
  const der = label === "ENCRYPTED PRIVATE KEY" ? forAny(await decryptPkcs8(block.der, options.passphrase)) : wrapDer(label, block.der);
  const certificates = all.filter(({ label }) => label === "CERTIFICATE").map(({ base64 }) => armour("CERTIFICATE", base64));
  const key = armour("PRIVATE KEY", btoa(String.fromCharCode(...der)));
  der.fill(0);
  return [key, ...certificates].join("");
}

/** @internal A block of PEM. */
export const armour = (label: string, base64: string): string => `-----BEGIN ${label}-----\n${base64.replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;

/** What a text without blocks is, and who reads it. */
function what(text: unknown): string {
  if (typeof text !== "string")
    return `no text; a file in PKCS#12 becomes one by: ${PKCS12}; one in DER by: openssl pkcs8 -inform DER -nocrypt -in key.der -out key.pem`;
  if (/^\s*\{/.test(text)) return "JSON: SigningKey.fromJwk reads a JWK";
  if (/^\s*MI[A-Za-z0-9+/=\s]+$/.test(text)) return `base64 without -----BEGIN; PKCS#12, once decoded, becomes PEM by: ${PKCS12}`;
  return labels([]);
}

/** A version, an algorithm and a key: PKCS#8 (RFC 5958 section 2). */
const pkcs8 = (algorithm: readonly Octets[], key: Octets): Octets => value(SEQUENCE, [INTEGER, 1, 0], value(SEQUENCE, ...algorithm), value(OCTETS, key));

const RSA_OBJECT = new Uint8Array([OBJECT, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1]);
const EC_OBJECT = new Uint8Array([OBJECT, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
const rsa = (key: Octets): Octets => pkcs8([RSA_OBJECT, new Uint8Array([NULL, 0])], key);

function wrapDer(label: string, der: Octets): Octets {
  try {
    if (label === "PRIVATE KEY") return forAny(der);
    if (label === "RSA PRIVATE KEY") {
      inside(der);
      return rsa(der);
    }
    // Version, key, the curve ([0]), the point ([1]); the curve belongs outside, where readers of PKCS#8 look for it.
    const [version, key, ...more] = inside(der) as [Value, Value, ...Value[]];
    const curve = values(more.find(({ tag }) => tag === 0xa0)!.content)[0]!;
    const point = more.filter(({ tag }) => tag === 0xa1).map(({ tag, content }) => value(tag, content));
    const sec1 = value(SEQUENCE, value(version.tag, version.content), value(key.tag, key.content), ...point);
    return pkcs8([EC_OBJECT, value(OBJECT, curve.content)], sec1);
  } catch (cause) {
    throw unfit(`DER of one ${label}, with the name of its curve if it has one`, "other octets", cause);
  }
}

/** PKCS#8 whose RSA key is not for PSS alone: the numbers are the same, and WebCrypto knows the one object for both. */
function forAny(der: Octets): Octets {
  const [, algorithm, key] = inside(der) as [Value, Value, Value];
  return formatOid(values(algorithm.content)[0]!) === "1.2.840.113549.1.1.10" ? rsa(key.content) : der;
}

/** How encrypted PKCS#8 is to be opened. */
interface Lock {
  readonly bits: number;
  readonly hash: string;
  readonly salt: Octets;
  readonly iv: Octets;
  readonly iterations: number;
  readonly data: Octets;
}

function lockOf(der: Octets): Lock {
  const refused = (actual: string, cause?: unknown) => unfit(`PKCS#8 encrypted by PBES2: PBKDF2 and AES-CBC; convert it: ${AGAIN}`, actual, cause);
  const known = <T>(table: Readonly<Record<string, T>>, object: Value): T => {
    const name = formatOid(object);
    if (!Object.hasOwn(table, name)) throw refused(`ENCRYPTED PRIVATE KEY by ${OTHERS[name] ?? name}`);
    return table[name]!;
  };
  try {
    const [algorithm, { content: data }] = inside(der) as [Value, Value];
    const [scheme, parameters] = values(algorithm.content) as [Value, Value];
    known({ "1.2.840.113549.1.5.13": 1 }, scheme);
    const [derivation, encryption] = values(parameters.content).map(({ content }) => values(content)) as [[Value, Value], [Value, Value]];
    known({ "1.2.840.113549.1.5.12": 1 }, derivation[0]);
    const bits = known(CIPHERS, encryption[0]);
    const [salt, rounds, ...more] = values(derivation[1].content) as [Value, Value, ...Value[]];
    const prf = more.find(({ tag }) => tag === SEQUENCE);
    const hash = prf ? known(HASHES, values(prf.content)[0]!) : "SHA-1";
    return { bits, hash, salt: salt.content, iv: encryption[1].content, iterations: whole(rounds), data };
  } catch (cause) {
    throw (cause as { code?: string }).code ? cause : refused("other octets", cause);
  }
}

/** @internal How often encrypted PKCS#8 by PBES2 is derived; `other` is what it is encrypted by, where that is not read here. */
export function pbes2Of(der: Octets): { readonly other?: string; readonly iterations?: number } {
  try {
    return { iterations: lockOf(der).iterations };
  } catch (error) {
    return { other: (error as { actual?: string }).actual?.replace(/^ENCRYPTED PRIVATE KEY by /, "") ?? "" };
  }
}

/** @internal What encrypted PKCS#8 holds. */
export async function decryptPkcs8(der: Octets, passphrase?: string | Octets): Promise<Octets> {
  const { bits, hash, salt, iv, iterations, data } = lockOf(der);
  if (!passphrase?.length) throw unfit("passphrase: that of the ENCRYPTED PRIVATE KEY", "none");
  if (iterations > MAX_ROUNDS || !iterations) throw unfit(`1 to ${MAX_ROUNDS} rounds of PBKDF2; convert it: ${AGAIN}`, `${iterations}`);
  const { subtle } = crypto;
  try {
    const secret = await subtle.importKey("raw", octetsOf(passphrase), "PBKDF2", false, ["deriveKey"]);
    const key = await subtle.deriveKey({ name: "PBKDF2", hash, salt, iterations }, secret, { name: "AES-CBC", length: bits }, false, ["decrypt"]);
    return new Uint8Array(await subtle.decrypt({ name: "AES-CBC", iv }, key, data));
  } catch (cause) {
    throw (cause as Error)?.name === "NotSupportedError"
      ? unfit("rounds and a cipher that this runtime has", `${iterations} rounds, AES-${bits}`, cause)
      : unfit("the passphrase of this ENCRYPTED PRIVATE KEY", "another one", cause);
  }
}
