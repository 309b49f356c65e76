// Wasm as text in the JavaScript: no file to copy, no set-up call, and it gzips as well as the wasm itself.
// First a table of 91 octets, each less its place, in hexadecimal: the frequent ones, which take one character. Then the
// wasm; `}` and `~` are marks for the others, in their order. `encode` in build.mjs writes what `read` reads.

const PLAIN = 91;

/** Reads octets written as text. */
export function read(text: string): Uint8Array<ArrayBuffer> {
  const order: number[] = [];
  const octets: number[] = [];
  let at = 0;
  for (; at < PLAIN * 2; at += 2) order.push((parseInt(text.slice(at, at + 2), 16) + at / 2) & 255);
  for (let octet = 0; octet < 256; octet++) if (!order.includes(octet)) order.push(octet);
  // Quote and backslash are left out of the characters used.
  const place = () => {
    const letter = text.charCodeAt(at++);
    return letter - 32 - +(letter > 34) - +(letter > 92);
  };
  while (at < text.length) {
    const first = place();
    octets.push(order[first < PLAIN ? first : (first - PLAIN + 1) * PLAIN + place()]!);
  }
  return new Uint8Array(octets);
}
