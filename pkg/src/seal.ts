// Sealed values: AES-256-GCM with a list of keys, the first to seal, all to open (NIST SP 800-38D).
// The purpose is authenticated with the value, so that a login cookie cannot pass for a session.

import { hostError } from "./error.js";

const encoder = new TextEncoder();

/** Keys for {@link seal}: 32 octets each as base64url, newest first. */
export type SealKeys = string | readonly string[];

function octets(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function base64url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const imported = new Map<string, Promise<CryptoKey>>();

function importKey(text: string): Promise<CryptoKey> {
  let key = imported.get(text);
  if (!key) {
    let raw: Uint8Array<ArrayBuffer>;
    try {
      raw = octets(text.trim());
    } catch {
      raw = new Uint8Array(0);
    }
    if (raw.length !== 32) throw hostError("invalid_configuration", { phase: "session", expected: "cookie keys of 32 octets as base64url" });
    key = crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
    imported.set(text, key);
  }
  return key;
}

// A missing environment variable arrives here as undefined.
const list = (keys: SealKeys | undefined): readonly string[] => (typeof keys === "string" ? keys.split(/[\s,]+/).filter(Boolean) : (keys ?? []));

/** Checks keys when a program starts, not when the first person comes. */
export function checkKeys(keys: SealKeys): void {
  const all = list(keys);
  if (!all.length) throw hostError("invalid_configuration", { phase: "session", expected: "at least one cookie key" });
  for (const key of all) importKey(key).catch(() => {});
}

/** Seals a text for a purpose with the first key. */
export async function seal(keys: SealKeys, purpose: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await importKey(list(keys)[0]!);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(purpose) }, key, encoder.encode(text));
  const whole = new Uint8Array(12 + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), 12);
  return base64url(whole);
}

/** Opens what {@link seal} sealed for the same purpose with any of the keys; `undefined` for anything else. */
export async function open(keys: SealKeys, purpose: string, sealed: string): Promise<string | undefined> {
  let whole: Uint8Array<ArrayBuffer>;
  try {
    whole = octets(sealed);
  } catch {
    return undefined;
  }
  // The decoder takes padding, white space and stray bits; a sealed value has one spelling.
  if (base64url(whole) !== sealed) return undefined;
  for (const text of list(keys)) {
    try {
      const key = await importKey(text);
      const algorithm = { name: "AES-GCM", iv: whole.subarray(0, 12), additionalData: encoder.encode(purpose) };
      return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, whole.subarray(12)));
    } catch {
      // The next key may fit.
    }
  }
  return undefined;
}
