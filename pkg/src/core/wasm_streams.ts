// Wasm taken apart for the way: its instructions stand together, and of the numbers between them those of a kind. gzip makes
// a tenth less of that than of the wasm itself. pkg/build.mjs takes it apart, and checks that it comes out here as it was.

/** For each instruction up to the constants, the stream of the number after it; `-` for none. */
const KINDS = Array.from("------------33--a1--------------64511---888888888888887777777771191", (kind) => parseInt(kind, 16));
/** @internal What precedes the code. */
export const HEAD = 11;
const OTHER = 1;
const CODES = 2;
/** @internal What follows it. */
export const TAIL = 0;
/** @internal */
export const STREAMS = 12;

/** Goes through a code section octet by octet, saying of which stream each is; `sized` is for what has its length before it. */
export function walk(next: (stream: number) => number, sized: (write: () => void) => void): void {
  // LEB128 of any width: only small ones are looked at.
  const number = (stream: number): number => {
    const octet = next(stream);
    return octet > 127 ? octet - 128 + number(stream) * 128 : octet;
  };
  const body = () => {
    for (let groups = number(OTHER); groups--; next(OTHER)) number(OTHER);
    for (let depth = 1, more: number; depth; ) {
      const code = next(CODES);
      const kind = KINDS[code]!;
      const opens = code > 1 && code < 5;
      depth += +opens - +(code === 11);
      // Blocks, stores and loads: their type or alignment stands with the instruction.
      if (opens || kind === 7 || kind === 8) number(CODES);
      // A table of branches, a call by table, memory copied or filled, a constant of floating point.
      more = code === 14 ? number(OTHER) + 1 : code === 252 ? { 10: 2, 11: 1 }[number(CODES)]! : +(code === 17);
      if (kind >= 0) number(kind);
      for (; more > 0; more--) number(OTHER);
      if (code === 68) for (more = 8; more--; ) next(OTHER);
    }
  };
  sized(() => {
    for (let count = number(OTHER); count--; ) sized(body);
  });
}

/** The wasm: `octets` are the lengths of the streams, three octets each, and then the streams. */
export function woven(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  const places: number[] = [];
  let end = STREAMS * 3;
  for (let at = 0; at < STREAMS * 3; at += 3) {
    places.push(end);
    end += octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16);
  }
  const next = (stream: number) => {
    const octet = octets[places[stream]!++]!;
    out.push(octet);
    return octet;
  };
  const ends = [...places.slice(1), end];
  const all = (stream: number) => {
    while (places[stream]! < ends[stream]!) next(stream);
  };
  all(HEAD);
  walk(next, (write) => {
    const start = out.length;
    write();
    const digits: number[] = [];
    let length = out.length - start;
    for (; length > 127; length >>= 7) digits.push((length & 127) | 128);
    out.splice(start, 0, ...digits, length);
  });
  all(TAIL);
  return new Uint8Array(out);
}
