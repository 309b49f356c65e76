// Wasm taken apart for the way: its instructions stand together, and of the numbers between them those of a kind. Addresses of constants
// and places in memory are told by how far they lie from the last, and the commonest pairs of instructions by one octet. gzip makes an
// eighth less of that than of the wasm itself. pkg/build.mjs takes it apart, and checks that it comes out here as it was.

/** For each instruction up to the constants, the stream of the number after it; `-` for none. */
const KINDS = Array.from("------------33--a1--------------66611---888888888888887777777771191", (kind) => parseInt(kind, 16));
/** @internal What precedes the code. */
export const HEAD = 5;
const OTHER = 1;
/** @internal */
export const CODES = 2;
/** @internal What follows it. */
export const TAIL = 0;
/** @internal */
export const STREAMS = 11;
const ADDRESSES = 4;
const CONSTANT = 65;
/** @internal Stands for the instruction of a constant that is an address; those above, up to {@link LAST_PAIR}, for pairs. No instruction has these codes. */
export const ADDRESS = 0xd3;
/** @internal */
export const LAST_PAIR = 0xfb;

/** @internal What is done with each part on the way through a code section. */
export interface Hand {
  /** Hands an octet of a stream on. */
  next(stream: number): number;
  /** Hands on a number that is told by how far it lies from the last of its stream; gives it. */
  far(stream: number, last: number): number;
  /** Hands on what has its length before it. */
  sized(write: () => void): void;
}

/** Goes through a code section part by part, saying of which stream each is. */
export function walk({ next, far, sized }: Hand): void {
  // LEB128 of any width: only small ones are looked at.
  const number = (stream: number): number => {
    const octet = next(stream);
    return octet > 127 ? octet - 128 + number(stream) * 128 : octet;
  };
  const last: number[] = new Array(9).fill(0);
  const body = () => {
    last[7] = last[8] = 0;
    for (let groups = number(OTHER); groups--; next(OTHER)) number(OTHER);
    for (let depth = 1, more: number; depth; ) {
      const code = next(CODES);
      const kind = code === ADDRESS ? ADDRESSES : KINDS[code]!;
      const opens = code > 1 && code < 5;
      depth += +opens - +(code === 11);
      // Blocks, stores and loads: their type or alignment stands with the instruction.
      if (opens || kind === 7 || kind === 8) number(CODES);
      // A table of branches, a call by table, memory copied or filled, a constant of floating point.
      more = code === 14 ? number(OTHER) + 1 : code === 252 ? { 10: 2, 11: 1 }[number(CODES)]! : +(code === 17);
      if (kind === 7 || kind === 8 || kind === ADDRESSES) last[kind] = far(kind, last[kind]!);
      else if (kind >= 0) number(kind);
      for (; more > 0; more--) number(OTHER);
      if (code === 68) for (more = 8; more--; ) next(OTHER);
    }
  };
  sized(() => {
    for (let count = number(OTHER); count--; ) sized(body);
  });
}

/** The wasm: `octets` are how many pairs there are, the pairs, the lengths of the streams, three octets each, and then the streams. */
export function weave(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  const places: number[] = [];
  const start = octets[0]! * 2 + 1;
  let end = start + STREAMS * 3;
  for (let at = start; at < start + STREAMS * 3; at += 3) {
    places.push(end);
    end += octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16);
  }
  // What a pair stands for, and all instructions in full.
  const pairs: number[][] = [];
  const whole = (octet: number) => (octet > ADDRESS && octet <= LAST_PAIR ? pairs[octet - ADDRESS - 1]! : [octet]);
  for (let at = 1; at < start; at += 2) pairs.push([...whole(octets[at]!), ...whole(octets[at + 1]!)]);
  const codes: number[] = [];
  for (let at = places[CODES]!; at < places[CODES + 1]!; at++) {
    const octet = octets[at]!;
    if (octet > ADDRESS && octet <= LAST_PAIR) for (const one of pairs[octet - ADDRESS - 1]!) codes.push(one);
    else codes.push(octet);
  }
  let code = 0;
  const next = (stream: number) => {
    const octet = stream === CODES ? codes[code++]! : octets[places[stream]!++]!;
    out.push(octet);
    return octet;
  };
  const write = (to: number[], number: number) => {
    for (; number > 127; number >>= 7) to.push((number & 127) | 128);
    to.push(number);
  };
  const far = (stream: number, last: number) => {
    let number = 0;
    let octet = 128;
    for (let shift = 0; octet > 127; shift += 7) number |= ((octet = octets[places[stream]!++]!) & 127) << shift;
    if (stream === ADDRESSES) out[out.length - 1] = CONSTANT;
    last += number & 1 ? ~(number >> 1) : number >> 1;
    write(out, last);
    return last;
  };
  const ends = [...places.slice(1), end];
  const all = (stream: number) => {
    while (places[stream]! < ends[stream]!) next(stream);
  };
  all(HEAD);
  const sized = (work: () => void) => {
    const start = out.length;
    work();
    const length: number[] = [];
    write(length, out.length - start);
    out.splice(start, 0, ...length);
  };
  walk({ next, far, sized });
  all(TAIL);
  return new Uint8Array(out);
}
