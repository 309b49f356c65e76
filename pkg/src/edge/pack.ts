// A session as octets, small enough for cookies: facts as JSON, tokens without base64url, their readable parts deflated together.
// Signatures and opaque tokens are never deflated, nor is anything a visitor can choose, so that no length tells of a secret.
// docs/formats.md is its form.

import { base64url, octetsOf } from "../crypto/base64url.js";
import { type Octets, concat, decoder, octetsIn } from "../crypto/seal.js";

/** Octets of a JWT's header, payload and signature; of another token alone. */
type Lengths = readonly [number, number, number] | readonly [number];

interface Head {
  /** The facts. */
  readonly f: unknown;
  /** For each token, in their order; nothing for one that is not there. */
  readonly t: readonly (Lengths | null)[];
  /** Octets of the deflated part; absent where it is not deflated. */
  readonly z?: number;
}

/** Where a runtime has none, or, as Next's edge runtime, one that throws, nothing is deflated. */
function deflateStream(): CompressionStream | undefined {
  try {
    return new CompressionStream("deflate-raw");
  } catch {
    return undefined;
  }
}

/** By reader and writer: jsdom's Blob has no stream. */
async function pipeThrough(octets: Octets, { readable, writable }: { readonly readable: ReadableStream; readonly writable: WritableStream }): Promise<Octets> {
  const writer = writable.getWriter();
  const written = Promise.all([writer.write(octets), writer.close()]);
  // What fails there fails the reader too.
  written.catch(() => {});
  const reader = readable.getReader();
  const parts: Uint8Array[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
  await written;
  return concat(parts);
}

/** The parts of a token whose text they give back; nothing for one that is no JWT, or is spelled in another way. */
function partsOf(token: string): readonly [Octets, Octets, Octets] | undefined {
  const parts = token.split(".").map((part) => octetsIn(part));
  return parts.length === 3 && parts.every((part) => part?.length) ? (parts as unknown as [Octets, Octets, Octets]) : undefined;
}

/** Packs facts, which must be JSON, and tokens, some of which may not be there. */
export async function pack(facts: unknown, tokens: readonly (string | undefined)[]): Promise<Octets> {
  const [readable, raw]: [Octets[], Octets[]] = [[], []];
  const t = tokens.map((token): Lengths | null => {
    if (token === undefined) return null;
    const parts = partsOf(token);
    if (!parts) {
      const octets = octetsOf(token);
      raw.push(octets);
      return [octets.length];
    }
    const [head, payload, signature] = parts;
    readable.push(head, payload);
    raw.push(signature);
    return [head.length, payload.length, signature.length];
  });
  let middle = concat(readable);
  let z: number | undefined;
  const through = deflateStream();
  if (through) {
    const deflated = await pipeThrough(middle, through);
    if (deflated.length < middle.length) [middle, z] = [deflated, deflated.length];
  }
  const head = octetsOf(JSON.stringify({ f: facts, t, z } satisfies Head));
  return concat([Uint8Array.of(head.length >> 8, head.length & 255), head, middle, ...raw]);
}

/** Facts and tokens of what {@link pack} made. It was sealed, so what does not fit is a fault of ours; it throws. */
export async function unpack(octets: Octets): Promise<{ facts: unknown; tokens: (string | undefined)[] }> {
  let at = 2 + ((octets[0]! << 8) | octets[1]!);
  const { f: facts, t, z } = JSON.parse(decoder.decode(octets.subarray(2, at))) as Head;
  const length = t.reduce((sum, lengths) => sum + (lengths?.length === 3 ? lengths[0] + lengths[1] : 0), 0);
  const middle = octets.slice(at, at + (z ?? length));
  at += middle.length;
  const readable = z === undefined ? middle : await pipeThrough(middle, new DecompressionStream("deflate-raw"));
  let read = 0;
  const tokens = t.map((lengths) => {
    if (!lengths) return undefined;
    const own = lengths.at(-1)!;
    const last = octets.subarray(at, (at += own));
    if (lengths.length === 1) return decoder.decode(last);
    const parts = [readable.subarray(read, (read += lengths[0])), readable.subarray(read, (read += lengths[1])), last];
    return parts.map((part) => base64url(part)).join(".");
  });
  return { facts, tokens };
}
