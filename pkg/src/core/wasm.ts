// The core's only door: text in, text out. Instantiates the wasm on first use, synchronously.
// The calling code is ours rather than generated: after each call everything above the core's constants is zeroed. That frees
// what the call took, as the core's allocator starts from zeroed memory, and leaves none of its secrets behind.

import { type Action, SamtykkeError, hostError, thrown } from "./error.js";

/** What a wasm of ours exports. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly call: (input: number, inputLength: number, random: number, randomLength: number) => number;
  readonly __wbindgen_malloc: (size: number, alignment: number) => number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

let source: (() => WebAssembly.Module) | undefined;
let compiled: WebAssembly.Module | undefined;
let rank = -1;
/** Where the constants end: all above is zero in a new instance. */
let constants: number;
let exports: Exports | undefined;

/** @internal Names where the wasm comes from. The full core does all the browser one does, so the higher rank wins. */
export function provide(from: () => WebAssembly.Module, end: number, as: number): void {
  if (as <= rank) return;
  source = from;
  constants = end;
  rank = as;
  compiled = exports = undefined;
}

let imports: WebAssembly.Imports | undefined;

/** @internal Says what a wasm with machines asks of its host. */
export function link(to: WebAssembly.Imports): void {
  imports = to;
}

/** @internal The instance, or a new one. */
export function instantiate(kept: Exports | undefined, module: () => WebAssembly.Module): Exports {
  // Memory never shrinks: after a huge answer the instance is replaced. Not after a large one: growing anew is what takes the time.
  if (kept && kept.memory.buffer.byteLength < 2e7) return kept;
  try {
    return new WebAssembly.Instance(module(), imports).exports as unknown as Exports;
  } catch (cause) {
    // What gives the module can know better.
    throw unavailable(cause, "fix_configuration", (cause as { hint?: string }).hint ?? "CSP: 'wasm-unsafe-eval'; or bundle for workerd");
  }
}

/** @internal The protocol's wasm, and where its constants end. */
export const moduleOf = (): [WebAssembly.Module, number] => [(compiled ??= source!()), constants];

/** Lines that were joined and checked before. */
export class Lines {
  constructor(readonly text: string) {}
}

/** What a line can hold. */
export type Value = string | number | undefined | Lines;

/** A value as a line. A line end in it would make two of one. */
export function line(value: string | number | undefined): string {
  const text = `${value ?? ""}`;
  if (text.includes("\n")) throw hostError("invalid_parameter", { phase: "authorization", action: "fix_configuration", expected: "a line" });
  return text;
}

/** Runs one operation of the core: `head` are its lines, `rest` what may hold line ends itself. */
export const call = (head: readonly Value[], rest = "", random?: Uint8Array): string => run(joined(head) + rest, random);

/** Values as lines. */
export const joined = (head: readonly Value[]): string => head.map((value) => `${value instanceof Lines ? value.text : line(value)}\n`).join("");

/** Runs an operation whose lines are joined. `core` is what runs it, the protocol's own unless given. */
export function run(text: string, random?: Uint8Array, core = (exports = instantiate(exports, () => (compiled ??= source!()))), end = constants): string {
  let answer: string;
  try {
    const room = text.length * 3;
    const at = core.__wbindgen_malloc(room + 96, 1) >>> 0;
    const octets = (start: number, length: number) => new Uint8Array(core.memory.buffer, start, length);
    const input = octets(at, room + 96);
    if (random) input.set(random, room);
    const place = core.call(at, encoder.encodeInto(text, input).written, at + room, random ? 96 : 0);
    answer = decoder.decode(octets(place % 2 ** 32, place / 2 ** 32));
    octets(end, core.__wbindgen_malloc(1, 1) - end).fill(0);
  } catch (cause) {
    // A trapped instance is in an unknown state: never used again.
    exports = undefined;
    throw unavailable(cause, "try_later");
  }
  if (answer[0] !== "!") return answer;
  throw thrown(answer);
}

/** @internal */
export const unavailable = (cause: unknown, action: Action, hint?: string) =>
  new SamtykkeError({ code: "wasm_unavailable", phase: "runtime", action, hint }, { cause });
