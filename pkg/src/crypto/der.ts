// Values in DER (X.690 section 8.1): read one level at a time, and written. For the wrappings of private keys alone; what a
// public key or a certificate says is the core's to read.

/** @internal A value: its tag and its content. */
export interface Value {
  readonly tag: number;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** @internal The values that stand one after the other. Throws where one is longer than what is there. */
export function values(octets: Uint8Array<ArrayBuffer>): Value[] {
  const found: Value[] = [];
  for (let at = 0; at < octets.length; ) {
    const tag = octets[at++]!;
    let length = octets[at++]!;
    if (length > 127) {
      let size = length & 127;
      if (!size || size > 3) throw new RangeError("a length that no key has");
      for (length = 0; size--; ) length = length * 256 + octets[at++]!;
    }
    if (!(at + length <= octets.length)) throw new RangeError("a value that ends after its text");
    found.push({ tag, content: octets.subarray(at, (at += length)) });
  }
  return found;
}

/** @internal The values inside of the only one, which is a sequence. */
export function inside(octets: Uint8Array<ArrayBuffer>): Value[] {
  const [first, ...others] = values(octets);
  if (first?.tag !== SEQUENCE || others.length) throw new RangeError("no sequence");
  return values(first.content);
}

/** @internal A value: its tag, its length in the shortest form, its content. */
export function value(tag: number, ...parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => Array.from(part));
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return new Uint8Array([tag, ...size, ...content]);
}

/** @internal */
export const [INTEGER, OCTETS, NULL, OBJECT, SEQUENCE] = [2, 4, 5, 6, 0x30] as const;

/** @internal A whole number that is not negative and below 2^48. */
export const whole = ({ content }: Value): number => (content.length > 6 ? Number.MAX_SAFE_INTEGER : content.reduce((sum, octet) => sum * 256 + octet, 0));

/** @internal An object identifier as it is written: `1.2.840.113549.1.1.1`. */
export function formatOid({ content }: Value): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 127);
    if (octet < 128) {
      if (!arcs.length) arcs.push(Math.min(Math.floor(arc / 40), 2));
      arcs.push(arcs.length === 1 ? arc - arcs[0]! * 40 : arc);
      arc = 0;
    }
  }
  return arcs.join(".");
}
