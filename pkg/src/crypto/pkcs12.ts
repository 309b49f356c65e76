// PKCS#12 (RFC 7292) as the PEM that `SigningKey.fromPem` reads: a key, its certificate and the chain. PBES2 and the MAC are WebCrypto's;
// what that has not, PKCS#12's own derivation of keys, 3DES and RC2, is node-forge's, which this entry alone loads.
// Refuses a file without a MAC, one whose MAC is not the password's, any scheme but PBES2 with AES, 3DES and RC2-40, and more rounds than
// a key needs, before anything is derived.

import asn1 from "node-forge/lib/asn1.js";
import pbe, { type Digest } from "node-forge/lib/pbe.js";
import sha1 from "node-forge/lib/sha1.js";
import sha256 from "node-forge/lib/sha256.js";
import sha512 from "node-forge/lib/sha512.js";
import util from "node-forge/lib/util.js";

import { isOctets, only } from "../core/check.js";
import { type SamtykkeError, hostError } from "../core/error.js";
import { OCTETS, SEQUENCE, type Value, formatOid, inside, value, values, whole } from "./der.js";
import { unfit } from "./pem.js";
import { OTHERS, armour, decryptPkcs8, pbes2Of } from "./private_key.js";

type Octets = Uint8Array<ArrayBuffer>;

/** More rounds than any tool writes; some seconds of work. */
const MAX_ROUNDS = 1_000_000;

/** Octets of a key and the longest of chains. */
const MAX_FILE = 65_535;

const PBES2 = "1.2.840.113549.1.5.13";
/** 3DES, and RC2 with 40 bits: what OpenSSL wrote before 3.0, Java before 17, and Windows. */
const OLDER = ["1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.6"];
const [DATA, ENCRYPTED] = ["1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"] as const;
const [KEY, SHROUDED, CERTIFICATE] = ["1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.2", "1.2.840.113549.1.12.10.1.3"] as const;
const X509 = "1.2.840.113549.1.9.22.1";

/** Hashes of MACs: as WebCrypto calls them, and what derives their keys. */
const HASHES: Readonly<Record<string, readonly [string, { create(): Digest }]>> = {
  "1.3.14.3.2.26": ["SHA-1", sha1],
  "2.16.840.1.101.3.4.2.1": ["SHA-256", sha256],
  "2.16.840.1.101.3.4.2.2": ["SHA-384", sha512.sha384],
  "2.16.840.1.101.3.4.2.3": ["SHA-512", sha512],
};

const AGAIN = "openssl pkcs12 -in key.p12 -nodes -legacy | openssl pkcs12 -export -out new.p12";

const refused = (actual: string, cause?: unknown): SamtykkeError =>
  unfit(`PKCS#12 in DER by PBES2, 3DES or RC2-40, with a MAC; convert it: ${AGAIN}`, actual, cause);

/** What was found in a file, as DER. */
interface Found {
  readonly keys: Octets[];
  readonly certificates: Octets[];
}

/**
 * The private key of a PKCS#12 file (`.p12`, `.pfx`) as PEM for `SigningKey.fromPem`, its certificates after it, in whatever order they are
 * in the file. Needs `node-forge` beside this package. PBES2 with AES, 3DES and RC2-40 are read, at most a million rounds; anything else is
 * refused with the command that converts it.
 *
 * @param options - `password`: the file's.
 * @throws {SamtykkeError} `password_refused` for another password than the file's; `key_refused` saying what was expected and found.
 * @example
 * ```ts
 * const pem = await readPkcs12(await readFile("enterprise.p12"), { password: env.PASSWORD });
 * const key = await SigningKey.fromPem(pem, { alg: "RS256" });
 * ```
 */
export async function readPkcs12(file: Uint8Array, options: { readonly password: string }): Promise<string> {
  only(options, { password: 1 });
  const { password } = options;
  if (!isOctets(file)) throw refused("no octets: read the file as it is, not as text");
  if (file.length > MAX_FILE) throw unfit(`a file of at most ${MAX_FILE} octets`, `${file.length}`);
  if (typeof password !== "string") throw unfit("password: text", typeof password);
  const found: Found = { keys: [], certificates: [] };
  try {
    const [, safe, mac] = inside(new Uint8Array(file)) as [Value, Value, Value | undefined];
    const content = dataOf(values(safe.content) as [Value, Value]);
    if (!mac) throw refused("a file without a MAC");
    await checkMac(values(mac.content) as [Value, Value, Value | undefined], content, password);
    for (const part of inside(content)) await take(values(part.content) as [Value, Value], password, found);
  } catch (cause) {
    throw (cause as { code?: string }).code ? cause : refused("other octets", cause);
  }
  const [key, ...others] = found.keys;
  if (!key || others.length) throw unfit("one private key in the file", `${found.keys.length}`);
  const text = [pem("PRIVATE KEY", key), ...found.certificates.map((der) => pem("CERTIFICATE", der))].join("");
  key.fill(0);
  return text;
}

const binary = (octets: Uint8Array): string => Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
const octetsIn = (text: string): Octets => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const pem = (label: string, der: Octets): string => armour(label, btoa(binary(der)));

/** The octets in a part of type `data`. */
function dataOf([type, content]: readonly [Value, Value]): Octets {
  if (formatOid(type) !== DATA) throw refused(`content of type ${formatOid(type)}`);
  return octets(values(content.content)[0]!);
}

/** The content of an octet string, which in DER is never put together from several. */
function octets({ tag, content }: Value): Octets {
  if (tag !== OCTETS) throw new RangeError("no octet string");
  return content as Octets;
}

/** RFC 7292 section 5.1: HMAC by a key that the password makes. */
async function checkMac([info, salt, rounds]: readonly [Value, Value, Value | undefined], content: Octets, password: string): Promise<void> {
  const [algorithm, digest] = values(info.content) as [Value, Value];
  const name = formatOid(values(algorithm.content)[0]!);
  if (!Object.hasOwn(HASHES, name)) throw refused(`a MAC by ${name}`);
  const [hash, made] = HASHES[name]!;
  const md = made.create();
  const key = octetsIn(pbe.generatePkcs12Key(password, util.createBuffer(binary(octets(salt))), 3, counted(rounds), md.digestLength, md).getBytes());
  const { subtle } = crypto;
  const imported = await subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["verify"]);
  if (!(await subtle.verify("HMAC", imported, octets(digest), content))) throw hostError("password_refused", { phase: "configuration" });
}

/** Takes what is in a part of the file. */
async function take(part: readonly [Value, Value], password: string, found: Found): Promise<void> {
  let content: Octets;
  if (formatOid(part[0]) === ENCRYPTED) {
    const [, info] = inside(part[1].content as Octets) as [Value, Value];
    const [, algorithm, sealed] = values(info.content) as [Value, Value, Value];
    // An implicit tag of a primitive octet string: 0x80.
    if (sealed.tag !== 0x80) throw new RangeError("no octet string");
    content = await decryptBag(algorithm, sealed.content as Octets, password);
  } else content = dataOf(part);
  for (const bag of inside(content)) {
    const [type, { content: own }] = values(bag.content) as [Value, Value];
    const kind = formatOid(type);
    if (kind === KEY) found.keys.push((own as Octets).slice());
    if (kind === SHROUDED) {
      const [algorithm, sealed] = inside(own as Octets) as [Value, Value];
      found.keys.push(await decryptBag(algorithm, octets(sealed), password));
    }
    if (kind !== CERTIFICATE) continue;
    const [form, certificate] = inside(own as Octets) as [Value, Value];
    if (formatOid(form) === X509) found.certificates.push(octets(values(certificate.content)[0]!));
  }
}

/** Decrypts by the scheme that is named. */
async function decryptBag(algorithm: Value, sealed: Octets, password: string): Promise<Octets> {
  const [scheme, parameters] = values(algorithm.content) as [Value, Value];
  const name = formatOid(scheme);
  if (name === PBES2) {
    const whole = value(SEQUENCE, value(SEQUENCE, algorithm.content), value(OCTETS, sealed));
    const { other, iterations } = pbes2Of(whole);
    if (other) throw refused(`PBES2 with ${other}`);
    within(iterations!);
    return decryptPkcs8(whole, password);
  }
  if (!OLDER.includes(name)) throw refused(OTHERS[name] ?? name);
  counted(values(parameters.content)[1]);
  const cipher = pbe.getCipherForPKCS12PBE(name, asn1.fromDer(binary(value(SEQUENCE, parameters.content))), password);
  cipher.update(util.createBuffer(binary(sealed)));
  if (!cipher.finish()) throw refused("what cannot be decrypted");
  return octetsIn(cipher.output.getBytes());
}

/** Rounds, of which none named is one. */
const counted = (rounds: Value | undefined): number => within(rounds ? whole(rounds) : 1);

function within(rounds: number): number {
  if (rounds > MAX_ROUNDS || !rounds) throw unfit(`1 to ${MAX_ROUNDS} rounds; convert it: ${AGAIN}`, `${rounds}`);
  return rounds;
}
