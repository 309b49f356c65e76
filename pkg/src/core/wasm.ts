// The core's only door: text in, text out. Instantiates the wasm on first use, synchronously. Each entry brings one wasm, linked with
// the operations that its verbs need; one that has an operation is as good for it as another.
// The calling code is ours rather than generated: after each call everything above the core's constants is zeroed. That frees
// what the call took, as the core's allocator starts from zeroed memory, and leaves none of its secrets behind.

import { type Action, SamtykkeError, hostError, parseError } from "./error.js";

/** What a wasm of ours exports. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly call: (input: number, inputLength: number, random: number, randomLength: number) => number;
  readonly __wbindgen_malloc: (size: number, alignment: number) => number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** @internal A wasm that an entry brought. */
export interface Core {
  readonly source: () => WebAssembly.Module;
  /** Where its constants end: all above is zero in a new instance. */
  readonly end: number;
  /** What it asks of its host, where it has machines. */
  readonly imports?: WebAssembly.Imports;
  exports?: Exports | undefined;
}

let page: Core;

/** @internal Brings the page's wasm, which begins and finishes. */
export function provide(core: Core): void {
  page = core;
}

/** @internal The wasm that has an operation, by its lines. */
export let coreOf: (text: string) => Core = () => page;

/** @internal Says how it is chosen where entries brought several. */
export function chooseBy(choose: (text: string, page: Core | undefined) => Core): void {
  coreOf = (text) => choose(text, page);
}

/** @internal A new instance. */
export function instance(core: Core): Exports {
  try {
    return new WebAssembly.Instance(core.source(), core.imports).exports as unknown as Exports;
  } catch (cause) {
    // What gives the module can know better.
    throw unavailable(cause, "fix_configuration", (cause as { hint?: string }).hint ?? "CSP: 'wasm-unsafe-eval'; or bundle for workerd");
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
  if (text.includes("\n")) throw hostError("invalid_parameter", { phase: "authorization", action: "fix_configuration", expected: "a line" });
  return text;
}

/** Runs one operation of the core: `head` are its lines, `rest` what may hold line ends itself. */
export const call = (head: readonly Value[], rest = "", random?: Uint8Array): string => run(joined(head) + rest, random);

/** Values as lines. */
export const joined = (head: readonly Value[]): string => head.map((value) => `${value instanceof Lines ? value.text : line(value)}\n`).join("");

/** Runs an operation whose lines are joined. */
export function run(text: string, random?: Uint8Array): string {
  const chosen = coreOf(text);
  const room = text.length * 3;
  const core = (chosen.exports ??= instance(chosen));
  let answer: string;
  try {
    const at = core.__wbindgen_malloc(room + 96, 1) >>> 0;
    const octets = (start: number, length: number) => new Uint8Array(core.memory.buffer, start, length);
    const input = octets(at, room + 96);
    if (random) input.set(random, room);
    const place = core.call(at, encoder.encodeInto(text, input).written, at + room, random ? 96 : 0);
    answer = decoder.decode(octets(place % 2 ** 32, place / 2 ** 32));
    octets(chosen.end, core.__wbindgen_malloc(1, 1) - chosen.end).fill(0);
  } catch (cause) {
    // A trapped instance is in an unknown state: never used again.
    chosen.exports = undefined;
    throw unavailable(cause, "try_later");
  }
  if (answer[0] === "!") throw parseError(answer);
  return answer;
}

/** @internal */
export const unavailable = (cause: unknown, action: Action, hint?: string) =>
  new SamtykkeError({ code: "wasm_unavailable", phase: "runtime", action, hint }, { cause });
