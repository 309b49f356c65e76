// Sealed values: AES-256-GCM with a list of keys, the first to seal, all to open (NIST SP 800-38D). docs/formats.md is its form.
// Each kind of value has a key of its own (HKDF-SHA-256, RFC 5869), and the purpose is authenticated with the value, so that a
// login cookie cannot pass for a session, nor one client's for another's.

import { hostError } from "../core/error.js";
import { nodeCrypto } from "../core/node.js";
import { base64url, octetsFrom, octetsOf } from "./base64url.js";

/** @internal */
export const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Keys for {@link seal}: 32 octets each as base64url, newest first. */
export type SealKeys = string | readonly string[];

/** @internal */
export type Octets = Uint8Array<ArrayBuffer>;
type Maybe<T> = T | Promise<T>;

/** A derived key for whoever uses it: Node's own crypto at once, where it is there, as the way to another thread costs more than the work. */
interface Key {
  readonly quick?: object;
  readonly slow?: Promise<CryptoKey>;
}

const VERSION = 1;
const [IV, TAG] = [12, 16];

const roots = new Map<string, Octets>();
const derived = new Map<string, Key>();

function root(text: string): Octets {
  let raw = roots.get(text);
  if (!raw) {
    try {
      // Not by octetsFrom: a key is to lie in no memory that Node's buffers share.
      raw = Uint8Array.from(atob(text.trim().replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    } catch {
      raw = new Uint8Array(0);
    }
    if (raw.length !== 32) throw hostError("invalid_configuration", { phase: "session", expected: "cookie keys of 32 octets as base64url" });
    roots.set(text, raw);
  }
  return raw;
}

/** The key of a kind: what stands before a purpose's first space. */
function keyFor(text: string, purpose: string): Key {
  const info = `samtykke ${VERSION} ${purpose.split(" ", 1)[0]}`;
  const name = `${text} ${info}`;
  let key = derived.get(name);
  if (!key) {
    const raw = root(text);
    const node = nodeCrypto();
    key = node
      ? { quick: node.createSecretKey(new Uint8Array(node.hkdfSync("sha256", raw, new Uint8Array(0), octetsOf(info), 32))) }
      : { slow: slowly(raw, info) };
    derived.set(name, key);
    // A failure is told where the key is used.
    key.slow?.catch(() => derived.delete(name));
  }
  return key;
}

async function slowly(raw: Octets, info: string): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: octetsOf(info) };
  return crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

// A missing environment variable arrives here as undefined.
const list = (keys: SealKeys | undefined): readonly string[] => (typeof keys === "string" ? keys.split(/[\s,]+/).filter(Boolean) : (keys ?? []));

/** Checks keys when a program starts, not when the first person comes; answers them one by one. */
export function checkKeys(keys: SealKeys): readonly string[] {
  const all = list(keys);
  // None at all is no key either.
  for (const key of all.length ? all : [""]) root(key);
  return all;
}

/** @internal Octets one after the other. */
export function concat(parts: readonly Uint8Array[]): Octets {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @internal Seals octets for a purpose with the first key: version, IV, what is sealed, tag. */
export async function sealOctets(keys: SealKeys, purpose: string, octets: Octets): Promise<Octets> {
  const iv = crypto.getRandomValues(new Uint8Array(IV));
  const { quick, slow } = keyFor(list(keys)[0]!, purpose);
  const node = nodeCrypto();
  if (!node || !quick) {
    const algorithm = { name: "AES-GCM", iv, additionalData: octetsOf(purpose) };
    return concat([Uint8Array.of(VERSION), iv, new Uint8Array(await crypto.subtle.encrypt(algorithm, await slow!, octets))]);
  }
  const cipher = node.createCipheriv("aes-256-gcm", quick, iv);
  cipher.setAAD(octetsOf(purpose));
  return concat([Uint8Array.of(VERSION), iv, cipher.update(octets), cipher.final(), cipher.getAuthTag()]);
}

/** Seals a text for a purpose with the first key. Its first word, such as `session`, has a key of its own. */
export const seal = async (keys: SealKeys, purpose: string, text: string): Promise<string> => encoded(await sealOctets(keys, purpose, octetsOf(text)));

/** The language's own codec, where it is and Node's is not: a tenth of the time of one in loops. */
const { Buffer: buffer, Uint8Array: own } = globalThis as unknown as {
  readonly Buffer?: unknown;
  readonly Uint8Array: { fromBase64?(text: string, as: { alphabet: "base64url" }): Coded };
};
interface Coded extends Uint8Array<ArrayBuffer> {
  toBase64(as: { alphabet: "base64url"; omitPadding: true }): string;
}
const decoded = (text: string): Octets => (!buffer && own.fromBase64 ? own.fromBase64(text, { alphabet: "base64url" }) : octetsFrom(text));

/** @internal */
export const encoded = (octets: Octets): string =>
  !buffer && own.fromBase64 ? (octets as Coded).toBase64({ alphabet: "base64url", omitPadding: true }) : base64url(octets);

/** @internal The octets of a base64url text, which has one spelling; a decoder takes padding, white space, stray bits and other letters too. */
export function octetsIn(text: string): Octets | undefined {
  try {
    const whole = decoded(text);
    return encoded(whole) === text ? whole : undefined;
  } catch {
    return undefined;
  }
}

/** Opens what {@link seal} sealed for the same purpose with any of the keys; `undefined` for anything else. */
export const open = async (keys: SealKeys, purpose: string, sealed: string): Promise<string | undefined> => openSealed(keys, purpose, sealed);

/** @internal As {@link open}, at once where that can be. */
export function openSealed(keys: SealKeys, purpose: string, sealed: string): Maybe<string | undefined> {
  const whole = octetsIn(sealed);
  const octets = whole && openOctets(keys, purpose, whole);
  const text = (found: Octets | undefined) => found && decoder.decode(found);
  return octets instanceof Promise ? octets.then(text) : text(octets);
}

/** @internal Opens octets that {@link sealOctets} sealed; nothing for any others. */
export function openOctets(keys: SealKeys, purpose: string, whole: Octets): Maybe<Octets | undefined> {
  if (whole.length < 1 + IV + TAG || whole[0] !== VERSION) return undefined;
  const [iv, rest] = [whole.subarray(1, 1 + IV), whole.subarray(1 + IV)];
  const node = nodeCrypto();
  if (!node) return openedSlowly(keys, purpose, iv, rest);
  for (const text of list(keys)) {
    try {
      const decipher = node.createDecipheriv("aes-256-gcm", keyFor(text, purpose).quick!, iv, { authTagLength: TAG });
      decipher.setAAD(octetsOf(purpose));
      decipher.setAuthTag(rest.subarray(-TAG));
      const octets = decipher.update(rest.subarray(0, -TAG));
      // It throws unless the tag is right; before, nothing of what was sealed is to be looked at.
      decipher.final();
      return octets;
    } catch {
      // The next key may fit.
    }
  }
  return undefined;
}

async function openedSlowly(keys: SealKeys, purpose: string, iv: Octets, rest: Octets): Promise<Octets | undefined> {
  const algorithm = { name: "AES-GCM", iv, additionalData: octetsOf(purpose) };
  for (const text of list(keys)) {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, await keyFor(text, purpose).slow!, rest));
    } catch {
      // The next key may fit.
    }
  }
  return undefined;
}
