// Wasm as text in the JavaScript: no file to copy, no set-up call, and it gzips as well as the wasm itself.
// First a table of 91 letters, which says what octets take one character: `_` to `z` stand for themselves, and any other letter says
// how far after the last one its octet is. Then the wasm; `}` and `~` are marks for the other octets, in their order, and `~o` stands
// for the constants of SHA-256, which nothing makes shorter. `encode` in build.mjs writes what `read` reads.

const PLAIN = 91;

/** The constants of SHA-256: what is behind the point in the cube roots of the first 64 primes (FIPS 180-4 section 4.2.2). */
export function constants(): Uint8Array {
  const primes: number[] = [];
  for (let number = 2; !primes[63]; number++) if (primes.every((prime) => number % prime)) primes.push(number);
  return new Uint8Array(new Uint32Array(primes.map((prime) => Math.cbrt(prime) * 2 ** 32)).buffer);
}

/** Reads octets written as text; `digest` are the {@link constants} where they were left out. */
export function read(text: string, digest?: Uint8Array): Uint8Array<ArrayBuffer> {
  const order: number[] = [];
  // A letter is an octet at most, but for the constants.
  const octets = new Uint8Array(text.length + 256);
  let at = 0;
  let end = 0;
  let last = -1;
  while (at < PLAIN) {
    const letter = text.charCodeAt(at++);
    order.push(letter > 94 ? letter : (last += letter - 32));
  }
  for (let octet = 0; octet < 256; octet++) if (!order.includes(octet)) order.push(octet);
  // Quote and backslash are left out of the characters used.
  const place = () => {
    const letter = text.charCodeAt(at++);
    return letter - 32 - +(letter > 34) - +(letter > 92);
  };
  while (at < text.length) {
    const first = place();
    const octet = order[first < PLAIN ? first : (first - PLAIN + 1) * PLAIN + place()];
    if (octet !== undefined) octets[end++] = octet;
    else {
      octets.set(digest!, end);
      end += 256;
    }
  }
  return octets.slice(0, end);
}
