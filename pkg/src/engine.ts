// The core's only door: text in, text out. Instantiates the wasm on first use, synchronously.
// The calling code is ours rather than generated, because the instance is replaced from time to time: the core's
// allocator never frees, so dropping the instance is what frees, and what wipes the secrets of past calls.

import { type Action, type ErrorFacts, SamtykkeError, hostError, thrown } from "./error.js";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly call: (input: number, inputLength: number, random: number, randomLength: number) => number;
  readonly __wbindgen_malloc: (size: number, alignment: number) => number;
}

/** Octets of memory after which the instance is replaced. */
const LIMIT = 4 << 20;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

let source: (() => WebAssembly.Module) | undefined;
let compiled: WebAssembly.Module | undefined;
let rank = -1;
let exports: Exports | undefined;
let octets: Uint8Array;
let input: Uint8Array;
let at = 0;
let room = 0;

/** What the full core can say of an error beyond what a page needs. */
export interface Details {
  /** The facts in an error's further lines. */
  more(lines: readonly (string | undefined)[]): Partial<ErrorFacts>;
  /** The facts of a code that the host found, from the core's table. */
  known(code: string): Partial<ErrorFacts>;
}

/** @internal */
export let details: Details | undefined;

/** @internal Names where the wasm comes from. The full core does all the browser one does, so the higher rank wins. */
export function provide(from: () => WebAssembly.Module, as: number, full?: Details): void {
  if (as <= rank) return;
  source = from;
  rank = as;
  details = full;
  compiled = exports = undefined;
}

function instance(): Exports {
  if (exports && exports.memory.buffer.byteLength < LIMIT) return exports;
  try {
    compiled ??= source!();
    room = 0;
    return (exports = new WebAssembly.Instance(compiled).exports as unknown as Exports);
  } catch (cause) {
    throw unavailable(cause, "fix_configuration", "Allow wasm: script-src 'self' 'wasm-unsafe-eval'; see the cause.");
  }
}

/** Lines that were joined and checked before. */
export class Lines {
  constructor(readonly text: string) {}
}

/** What a line can hold. */
export type Value = string | number | undefined | Lines;

/** A value as a line. A line end in it would make two of one. */
export function line(value: string | number | undefined): string {
  const text = `${value ?? ""}`;
  if (text.includes("\n")) throw hostError("invalid_parameter", { phase: "authorization", action: "fix_configuration", expected: "values without line ends" });
  return text;
}

/** Runs one operation of the core: `head` are its lines, `rest` what may hold line ends itself. */
export const call = (head: readonly Value[], rest = "", random?: Uint8Array): string =>
  run(head.map((value) => `${value instanceof Lines ? value.text : line(value)}\n`).join("") + rest, random);

/** Runs an operation whose lines are joined. */
export function run(text: string, random?: Uint8Array): string {
  const core = instance();
  if (text.length * 3 > room || octets.buffer !== core.memory.buffer) {
    // One place for input, kept: the core reads it and never holds on to it.
    if (text.length * 3 > room) at = core.__wbindgen_malloc((room = text.length * 3 + 2048) + 96, 1) >>> 0;
    octets = new Uint8Array(core.memory.buffer);
    input = octets.subarray(at, at + room);
  }
  const { written } = encoder.encodeInto(text, input);
  if (random) octets.set(random, at + room);
  let answer: string;
  try {
    const place = core.call(at, written, at + room, random ? 96 : 0);
    answer = decoder.decode(new Uint8Array(core.memory.buffer, place % 2 ** 32, place / 2 ** 32));
  } catch (cause) {
    // A trapped instance is in an unknown state: never used again.
    exports = undefined;
    throw unavailable(cause, "try_later");
  }
  if (answer[0] !== "!") return answer;
  throw thrown(answer);
}

const unavailable = (cause: unknown, action: Action, hint?: string) =>
  new SamtykkeError({ code: "wasm_unavailable", phase: "runtime", action, hint }, { cause });
