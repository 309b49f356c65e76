// PEM as people have it (RFC 7468): text around the blocks, lines of any length and ending, a line break written as `\n`.
// Refuses a block without its end and what is no base64; which blocks are of use is for the readers of keys to say.

import { hostError } from "../core/error.js";
import { octetsFrom } from "./webcrypto.js";

/** @internal A block of PEM: its label, and what is in it. */
export interface Block {
  readonly label: string;
  readonly base64: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** @internal A key that is refused: what would have been taken, and what was found. Neither ever holds any of the key. */
export const unfit = (expected: string, actual: string, cause?: unknown) =>
  hostError("key_refused", { phase: "configuration", action: "fix_configuration", expected, actual }, cause);

/** @internal The blocks of a PEM text. */
export function blocks(pem: unknown): Block[] {
  // Secret managers and environment files keep a line break as a backslash and a letter, or as two of them.
  const text = `${pem}`.replace(/\\+r/g, "").replace(/\\+n/g, "\n");
  const found: Block[] = [];
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    let label = match[1]!;
    const end = text.indexOf(`-----END ${label}-----`, begin.lastIndex);
    let base64 = text.slice(begin.lastIndex, end).replace(/\s/g, "");
    if (base64.startsWith("Proc-Type:4,ENCRYPTED")) {
      // RFC 1421 section 4.6.1.1: the form before PKCS#8.
      label += ", encrypted with DEK-Info";
      base64 = "";
    }
    if (end < 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4)
      throw unfit("PEM: base64 up to its -----END", `${label} that is cut off or damaged`);
    found.push({ label, base64, der: octetsFrom(base64) });
    begin.lastIndex = end;
  }
  return found;
}

/** @internal The labels of blocks, for an error. */
export const labels = (found: readonly Block[]): string => found.map(({ label }) => label).join(", ") || "no -----BEGIN …-----";
