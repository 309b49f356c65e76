// HTTP Basic as Hydra reads it: base64 first, then each half is form-url-decoded.
// RFC 6749 2.3.1 and Go's url.QueryUnescape, which Hydra calls on both halves.
// Refuses a half with a broken percent escape (400), and leaves the rest to the comparison (401).

import { createHash, timingSafeEqual } from "node:crypto";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Go's url.QueryUnescape over the octets of a string; undefined when an escape is broken. */
export function queryUnescape(octets) {
  const out = [];
  for (let i = 0; i < octets.length; i += 1) {
    const octet = octets[i];
    if (octet === 0x2b) out.push(0x20);
    else if (octet !== 0x25) out.push(octet);
    else {
      const hex = octets.subarray(i + 1, i + 3).toString("latin1");
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined;
      out.push(Number.parseInt(hex, 16));
      i += 2;
    }
  }
  return Buffer.from(out).toString("utf8");
}

/**
 * Reads an Authorization header. `absent`: no usable Basic credentials; `broken`: an escape does not decode;
 * otherwise the decoded pair, with the pair as it stood on the wire for the judgement of how it was written.
 */
export function readBasic(header) {
  const match = /^basic +(\S+)$/i.exec(header ?? "");
  if (!match || !BASE64.test(match[1])) return { absent: true };
  const octets = Buffer.from(match[1], "base64");
  const colon = octets.indexOf(0x3a);
  if (colon < 0) return { absent: true };
  const wire = { id: octets.subarray(0, colon), secret: octets.subarray(colon + 1) };
  const id = queryUnescape(wire.id);
  const secret = queryUnescape(wire.secret);
  const raw = { id: wire.id.toString("utf8"), secret: wire.secret.toString("utf8") };
  if (id === undefined) return { broken: "client_id", raw };
  if (secret === undefined) return { broken: "client_secret", raw };
  return { id, secret, raw };
}

/** Form-encodes a pair and makes the header oidc-provider is given once the pair has been accepted. */
export function writeBasic(id, secret) {
  const encode = (text) => encodeURIComponent(text);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64")}`;
}

export function sameSecret(a, b) {
  const digest = (text) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(a), digest(b));
}
