// Signing keys: WebCrypto's, which cannot be read out, or a signer of yours (KMS, HSM) behind the same face.
// The core checks every key before WebCrypto sees it: type, curve, point, RSA size and exponent, private members.

import { type Names, isBuffer, isObject, isOctets, only, present } from "../core/check.js";
import { call } from "../core/wasm.js";
import { hostError } from "../core/error.js";
import { type Block, blocks, labels, unfit } from "./pem.js";
import { type Use, generateKeyPair, signOrVerify, rememberSource } from "./signatures.js";
import { type CryptoKey, type Jwk, type SignatureAlgorithm, base64url, octetsOf, refuse, rowOf } from "./webcrypto.js";

/** A public key's own members (RFC 7518 section 6, RFC 8037 section 2). */
export type PublicJwk =
  | { readonly kty: "EC"; readonly crv: "P-256" | "P-384" | "P-521"; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string }
  | { readonly kty: "RSA"; readonly n: string; readonly e: string };

/** A certificate's names in a header (RFC 7515 sections 4.1.6 to 4.1.8), and when it is valid. */
export interface CertificateNames {
  /** SHA-1 of the certificate, base64url. */
  readonly x5t: string;
  /** SHA-256 of the certificate, base64url. */
  readonly x5tS256: string;
  /** The certificate first, then those that lead to a root: base64 of DER. */
  readonly x5c: readonly string[];
  /** From when it is valid, in seconds since 1970. */
  readonly notBefore: number;
  /** Until when. */
  readonly notAfter: number;
}

/** Which key, and how headers name it. */
export interface KeyOptions {
  /** What to sign with. A key on a curve has one algorithm; an RSA key needs this, or an `alg` of its own. */
  readonly alg?: SignatureAlgorithm;
  /** The id that headers name. None is made up. */
  readonly kid?: string;
  /**
   * The key's certificate and those that lead to a root, as PEM, in any order; others among them are left out. An assertion that
   * names a certificate is refused before it is valid and after, without a request.
   */
  readonly certificates?: string;
}

/** A signer that does not give its key away. */
export interface CustomSigner {
  readonly alg: SignatureAlgorithm;
  readonly kid?: string;
  readonly publicJwk: Jwk;
  readonly certificates?: string;
  /** Signs octets as the algorithm says; for ECDSA the octets of R and S side by side, not DER. */
  readonly sign: (octets: Uint8Array) => Promise<Uint8Array> | Uint8Array;
}

const OPTIONS: Names<KeyOptions> = { alg: 1, kid: 1, certificates: 1 };
const CUSTOM: Names<CustomSigner> = { ...OPTIONS, publicJwk: 1, sign: 1 };

const CERTIFICATE = "CERTIFICATE";
const PUBLIC = ["kty", "crv", "x", "y", "n", "e"];
const MEMBERS = [...PUBLIC, "d", "p", "q", "dp", "dq", "qi"];

interface Facts {
  alg: SignatureAlgorithm;
  thumbprint: string;
  kid?: string;
  publicJwk: PublicJwk;
  certificate?: CertificateNames;
}

/** WebCrypto's answer, or a signer's of yours. */
type Sign = (octets: Uint8Array<ArrayBuffer>) => Promise<Uint8Array | ArrayBuffer>;

/**
 * A key to sign with: client assertions, request objects, DPoP proofs. Printing or serialising one shows public facts alone.
 *
 * @example
 * ```ts
 * const key = await SigningKey.fromJwk(JSON.parse(env.CLIENT_JWK));
 * const fresh = await SigningKey.generate(); // ES256, cannot be read out
 * ```
 */
export class SigningKey {
  readonly alg: SignatureAlgorithm;
  /** The id that headers name, when one was given. */
  readonly kid?: string;
  readonly publicJwk: PublicJwk;
  /** RFC 7638, SHA-256: `jkt` and `dpop_jkt` of DPoP. */
  readonly thumbprint: string;
  readonly certificate?: CertificateNames;
  readonly #sign: Sign;
  readonly #pair?: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };

  private constructor(facts: Facts, sign: Sign, pair?: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }) {
    this.alg = facts.alg;
    this.publicJwk = Object.freeze(facts.publicJwk);
    this.thumbprint = facts.thumbprint;
    if (facts.kid !== undefined) this.kid = facts.kid;
    if (facts.certificate) this.certificate = facts.certificate;
    this.#sign = sign;
    this.#pair = pair;
    Object.freeze(this);
  }

  /**
   * A private key from its JWK. Its copy in WebCrypto cannot be read out; the JWK you gave is yours to forget. In Node a second
   * copy, which nothing gives out either, signs by Node's own crypto where that is faster (`ES256`, `EdDSA`); so it is with PEM
   * and with keys made here.
   *
   * @throws {SamtykkeError} `key_refused` saying what was expected; `algorithm_refused`.
   */
  static async fromJwk(jwk: Jwk, options: KeyOptions = {}): Promise<SigningKey> {
    only(options, OPTIONS);
    const facts = await factsOf(jwk, options, "private");
    if (!jwk.d) throw hostError("key_refused", { expected: "a private key: with d" });
    return SigningKey.#paired(facts, await importCryptoKey("jwk", present(jwk, MEMBERS), facts.alg, false));
  }

  /**
   * A private key from PEM: unencrypted PKCS#8 (`-----BEGIN PRIVATE KEY-----`), with text around it, on one line, line breaks
   * written as `\n`. Certificates in the same text are the key's, unless `certificates` are given. Other forms, and encrypted
   * ones, are read by `readKey` of `samtykke/keys`; PKCS#12 (`.p12`, `.pfx`) becomes PEM by `openssl pkcs12 -nodes -in key.p12`.
   *
   * @throws {SamtykkeError} `key_refused` saying what was expected and what was found; `algorithm_refused`.
   */
  static async fromPem(pem: string, options: KeyOptions & { readonly alg: SignatureAlgorithm }): Promise<SigningKey> {
    keyOptions(options);
    const found = blocks(pem);
    const [key, ...more] = found.filter(({ label }) => label.includes("PRIVATE KEY"));
    if (more.length || key?.label !== "PRIVATE KEY") {
      throw unfit("PEM of one PRIVATE KEY, unencrypted PKCS#8; readKey of samtykke/keys makes it of other forms", labels(found));
    }
    const { der } = key;
    // Once readable, to learn its public half, which PKCS#8 need not hold; that copy is dropped at once.
    const readable = await importCryptoKey("pkcs8", der, options.alg, true);
    const beside = found.filter(({ label }) => label === CERTIFICATE);
    const facts = await factsOf(present(await crypto.subtle.exportKey("jwk", readable), PUBLIC), options, "public", beside);
    return SigningKey.#paired(facts, await importCryptoKey("pkcs8", der, options.alg, false));
  }

  /**
   * A new key, `ES256` unless asked otherwise; RSA keys have 3072 bits.
   *
   * @throws {SamtykkeError} `algorithm_refused` when the runtime lacks the algorithm.
   */
  static async generate(options: { readonly alg?: SignatureAlgorithm; readonly kid?: string; readonly extractable?: boolean } = {}): Promise<SigningKey> {
    only(options, { alg: 1, kid: 1, extractable: 1 } satisfies Names<typeof options>);
    const { alg = "ES256", kid, extractable = false } = options;
    const pair = await generateKeyPair(alg, extractable).catch(refuse);
    return SigningKey.fromCryptoKeys(pair, { alg, kid });
  }

  /**
   * A pair that WebCrypto made, such as one kept in IndexedDB. Fit for it: the private key may sign, the public one is readable.
   *
   * @throws {SamtykkeError} `key_refused`.
   */
  static async fromCryptoKeys(
    pair: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey },
    options: KeyOptions & { readonly alg: SignatureAlgorithm },
  ): Promise<SigningKey> {
    keyOptions(options);
    if (!isObject(pair)) throw hostError("key_refused", { expected: "a pair: { privateKey, publicKey }" });
    const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey).catch(refuse);
    return SigningKey.#paired(await factsOf(present(jwk, PUBLIC), options, "public"), pair.privateKey);
  }

  /**
   * A signer of yours: a key management service, a hardware module. Its signatures are checked for their length.
   *
   * @throws {SamtykkeError} `key_refused` for the public key; `signing_failed` when signing does.
   */
  static async custom(signer: CustomSigner): Promise<SigningKey> {
    if (!isObject(signer) || typeof signer.sign !== "function") throw hostError("invalid_configuration", { expected: "a signer: { alg, publicJwk, sign }" });
    only(signer, CUSTOM);
    const facts = await factsOf(signer.publicJwk, signer, "public");
    return new SigningKey(facts, async (octets) => signer.sign(octets));
  }

  static async #paired(facts: Facts, privateKey: CryptoKey): Promise<SigningKey> {
    const { alg } = facts;
    const key = new SigningKey(facts, (octets) => signOrVerify(alg, privateKey, octets) as Promise<ArrayBuffer>, {
      privateKey,
      publicKey: await verificationKey(facts.publicJwk, alg),
    });
    // Halves that do not belong together would only be noticed by a server, and read there as an attack.
    const probe = octetsOf("samtykke");
    if (!(await signOrVerify(alg, key.#pair!.publicKey, probe, (await key.sign(probe)) as Uint8Array<ArrayBuffer>))) {
      throw hostError("key_refused", { expected: "both halves of one key" });
    }
    return key;
  }

  /**
   * Signs text (as UTF-8) or octets.
   *
   * @throws {SamtykkeError} `signing_failed`, with the signer's error as `cause`.
   */
  async sign(input: string | Uint8Array): Promise<Uint8Array> {
    const { publicJwk } = this;
    // A modulus has no zeros before it, and its text no padding.
    const expected = rowOf(this.alg).octets ?? ((publicJwk as { n: string }).n.length * 3) >> 2;
    let signed: Uint8Array;
    try {
      const made = await this.#sign(octetsOf(input));
      signed = isBuffer(made) ? new Uint8Array(made) : made;
    } catch (cause) {
      throw hostError("signing_failed", {}, cause);
    }
    if (!isOctets(signed) || signed.length !== expected) {
      throw hostError("signing_failed", { expected: `a signature of ${expected} octets, not DER` });
    }
    return signed;
  }

  /** @internal The pair, for a store that can hold it; a custom signer has none. */
  static pairOf(key: SigningKey): { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey } | undefined {
    return key.#pair;
  }

  /** Public facts alone. */
  toJSON(): { alg: SignatureAlgorithm; kid?: string; thumbprint: string; publicJwk: PublicJwk } {
    return { alg: this.alg, kid: this.kid, thumbprint: this.thumbprint, publicJwk: this.publicJwk };
  }
}

/**
 * The public key of a PEM text: a `PUBLIC KEY` (SubjectPublicKeyInfo), or the first of its `CERTIFICATE`s.
 *
 * @throws {SamtykkeError} `key_refused`.
 */
export function publicJwkFromPem(pem: string): PublicJwk {
  const found = blocks(pem);
  const [first, ...others] = found;
  if (!first || (first.label === "PUBLIC KEY" ? others.length : first.label !== CERTIFICATE)) {
    throw unfit("PEM of one PUBLIC KEY, or of CERTIFICATEs", labels(found));
  }
  return JSON.parse(publicLines(first)[1]) as PublicJwk;
}

/** @internal Refuses to name a certificate out of its time; `time` in seconds since 1970. */
export function inTime({ certificate }: SigningKey, time: number): void {
  if (!certificate || (certificate.notBefore <= time && time <= certificate.notAfter)) return;
  const date = (seconds: number) => new Date(seconds * 1000).toISOString();
  throw unfit(`a certificate that is valid at ${date(time)}`, `one from ${date(certificate.notBefore)} to ${date(certificate.notAfter)}`);
}

/** PEM and pairs of WebCrypto's do not say what they sign with. */
function keyOptions(options: KeyOptions): void {
  if (!isObject(options) || options.alg === undefined)
    throw hostError("invalid_configuration", { expected: "{ alg }: what the key signs with, such as RS256" });
  only(options, OPTIONS);
}

/** Thumbprint and JWK of a public key or certificate. */
const publicLines = ({ label, der }: Block) => call(["der", label], base64url(der)).split("\n") as [string, string];

async function factsOf(jwk: Jwk, { alg, kid, certificates }: KeyOptions, mode: "private" | "public", beside: readonly Block[] = []): Promise<Facts> {
  let text: string | undefined;
  try {
    text = JSON.stringify(jwk);
  } catch {
    // Then it is none, as the core says of an empty text.
  }
  if (alg !== undefined) rowOf(alg);
  const [name, thumbprint, own, json] = call(["jwk", mode, alg], text).split("\n") as [SignatureAlgorithm, string, string, string];
  const facts: Facts = { alg: name, thumbprint, publicJwk: JSON.parse(json) as PublicJwk };
  const id = kid ?? (own || undefined);
  if (id !== undefined) facts.kid = id;
  const list = certificates === undefined ? beside : blocks(certificates);
  if (certificates !== undefined && (!list.length || list.some(({ label }) => label !== CERTIFICATE))) throw unfit("PEM of CERTIFICATEs", labels(list));
  if (list.length) facts.certificate = await readCertificateNames(json, list);
  return facts;
}

/** The names of the certificate among these that is a key's; the core puts the others in order. */
async function readCertificateNames(json: string, list: readonly Block[]): Promise<CertificateNames> {
  const [notBefore, notAfter, ...order] = call(["chain", json, ...list.map(({ der }) => base64url(der))])
    .trim()
    .split("\n")
    .map(Number) as [number, number, ...number[]];
  const chain = order.map((place) => list[place]!);
  const hash = async (name: string) => base64url(new Uint8Array(await crypto.subtle.digest(name, chain[0]!.der)));
  const x5c = Object.freeze(chain.map(({ base64 }) => base64));
  return Object.freeze({ x5t: await hash("SHA-1"), x5tS256: await hash("SHA-256"), x5c, notBefore, notAfter });
}

/** What WebCrypto makes of a key that the core has checked. */
async function importCryptoKey(
  format: "jwk" | "pkcs8",
  key: Jwk | Uint8Array<ArrayBuffer>,
  alg: string,
  extractable: boolean,
  use: Use = "sign",
): Promise<CryptoKey> {
  const row = rowOf(alg);
  try {
    return rememberSource(await crypto.subtle.importKey(format as "jwk", key as JsonWebKey, row.key, extractable, [use]), key, alg, use);
  } catch (cause) {
    return refuse(cause);
  }
}

/** @internal A public key the core has checked, for WebCrypto to verify with. */
export const verificationKey = (jwk: PublicJwk, alg: string): Promise<CryptoKey> => importCryptoKey("jwk", { ...jwk }, alg, true, "verify");
