// Codes and access tokens in the shape Hydra gives them: 43 characters, a dot, 43 characters of base64url.
// RFC 6749 1.4 and 10.10: opaque to the client, too long to guess; the second half is an HMAC over the first.
// Refuses a handle whose HMAC does not fit before anything is looked up.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

// The 43rd character of 32 octets in base64url carries four bits, so only these sixteen may stand there.
const LAST = "AEIMQUYcgkosw048";
const SHAPE = /^([A-Za-z0-9_-]{42})[AEIMQUYcgkosw048]\.[A-Za-z0-9_-]{43}$/;

/** The part of a handle that oidc-provider stores: 42 characters of 6 bits. */
export const HANDLE_BITS = 42 * 6;

export function createHandles(key = randomBytes(32)) {
  const mac = (text) => createHmac("sha256", key).update(text).digest();

  function seal(id) {
    const first = id + LAST[mac(`last:${id}`)[0] & 15];
    return `${first}.${mac(first).toString("base64url")}`;
  }

  function open(handle) {
    const match = SHAPE.exec(handle ?? "");
    if (!match) return undefined;
    const expected = Buffer.from(seal(match[1]));
    const found = Buffer.from(handle);
    return expected.length === found.length && timingSafeEqual(expected, found) ? match[1] : undefined;
  }

  return { seal, open };
}
