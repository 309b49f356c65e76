// Sealed values: AES-256-GCM with a list of keys, the first to seal, all to open (NIST SP 800-38D).
// The purpose is authenticated with the value, so that a login cookie cannot pass for a session.

import { hostError } from "../core/error.js";
import { nodeCrypto } from "../core/node.js";
import { base64url, octetsFrom } from "./webcrypto.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Keys for {@link seal}: 32 octets each as base64url, newest first. */
export type SealKeys = string | readonly string[];

/** A key for whoever uses it: Node's own crypto at once, where it is there, as the way to another thread costs more than the work. */
interface Key {
  readonly quick?: object;
  readonly slow?: Promise<CryptoKey>;
}

const imported = new Map<string, Key>();

function importKey(text: string): Key {
  let key = imported.get(text);
  if (!key) {
    let raw: Uint8Array<ArrayBuffer>;
    try {
      // Not by octetsFrom: a key is to lie in no memory that Node's buffers share.
      raw = Uint8Array.from(atob(text.trim().replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    } catch {
      raw = new Uint8Array(0);
    }
    if (raw.length !== 32) throw hostError("invalid_configuration", { phase: "session", expected: "cookie keys of 32 octets as base64url" });
    const node = nodeCrypto();
    key = node ? { quick: node.createSecretKey(raw) } : { slow: crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]) };
    imported.set(text, key);
  }
  return key;
}

// A missing environment variable arrives here as undefined.
const list = (keys: SealKeys | undefined): readonly string[] => (typeof keys === "string" ? keys.split(/[\s,]+/).filter(Boolean) : (keys ?? []));

/** Checks keys when a program starts, not when the first person comes; answers them one by one. */
export function checkKeys(keys: SealKeys): readonly string[] {
  const all = list(keys);
  if (!all.length) throw hostError("invalid_configuration", { phase: "session", expected: "at least one cookie key" });
  for (const key of all) importKey(key).slow?.catch(() => {});
  return all;
}

/** Seals a text for a purpose with the first key. */
export async function seal(keys: SealKeys, purpose: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const { quick, slow } = importKey(list(keys)[0]!);
  const node = nodeCrypto();
  let parts: readonly Uint8Array[];
  if (node && quick) {
    const cipher = node.createCipheriv("aes-256-gcm", quick, iv);
    cipher.setAAD(purpose);
    parts = [iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
  } else {
    const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(purpose) };
    parts = [iv, new Uint8Array(await crypto.subtle.encrypt(algorithm, await slow!, encoder.encode(text)))];
  }
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return encoded(whole);
}

/** The language's own codec, where it is and Node's is not: a tenth of the time of one in loops. */
const { Buffer: buffer, Uint8Array: own } = globalThis as unknown as {
  readonly Buffer?: unknown;
  readonly Uint8Array: { fromBase64?(text: string, as: { alphabet: "base64url" }): Octets };
};
interface Octets extends Uint8Array<ArrayBuffer> {
  toBase64(as: { alphabet: "base64url"; omitPadding: true }): string;
}
const decoded = (text: string): Uint8Array<ArrayBuffer> => (!buffer && own.fromBase64 ? own.fromBase64(text, { alphabet: "base64url" }) : octetsFrom(text));
const encoded = (octets: Uint8Array<ArrayBuffer>): string =>
  !buffer && own.fromBase64 ? (octets as Octets).toBase64({ alphabet: "base64url", omitPadding: true }) : base64url(octets);

/** The octets of a sealed value, which has one spelling; a decoder takes padding, white space, stray bits and other letters too. */
function octetsIn(sealed: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const whole = decoded(sealed);
    // 12 of the IV and 16 of the tag, at least.
    return whole.length >= 28 && encoded(whole) === sealed ? whole : undefined;
  } catch {
    return undefined;
  }
}

/** Opens what {@link seal} sealed for the same purpose with any of the keys; `undefined` for anything else. */
export const open = async (keys: SealKeys, purpose: string, sealed: string): Promise<string | undefined> => opened(keys, purpose, sealed);

/** @internal As {@link open}, at once where that can be. */
export function opened(keys: SealKeys, purpose: string, sealed: string): string | undefined | Promise<string | undefined> {
  const whole = octetsIn(sealed);
  if (!whole) return undefined;
  const node = nodeCrypto();
  if (!node) return openedSlowly(keys, purpose, whole);
  for (const text of list(keys)) {
    try {
      const decipher = node.createDecipheriv("aes-256-gcm", importKey(text).quick!, whole.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(purpose);
      decipher.setAuthTag(whole.subarray(-16));
      const octets = decipher.update(whole.subarray(12, -16));
      // It throws unless the tag is right; before, nothing of the text is to be looked at.
      decipher.final();
      return decoder.decode(octets);
    } catch {
      // The next key may fit.
    }
  }
  return undefined;
}

async function openedSlowly(keys: SealKeys, purpose: string, whole: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const algorithm = { name: "AES-GCM", iv: whole.subarray(0, 12), additionalData: encoder.encode(purpose) };
  for (const text of list(keys)) {
    try {
      return decoder.decode(await crypto.subtle.decrypt(algorithm, await importKey(text).slow!, whole.subarray(12)));
    } catch {
      // The next key may fit.
    }
  }
  return undefined;
}
