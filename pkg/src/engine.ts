// The core's only door: text in, text out. Instantiates the wasm on first use, synchronously.
// The calling code is ours rather than generated, because the instance is replaced from time to time: the core's
// allocator never frees, so dropping the instance is what frees, and what wipes the secrets of past calls.

import { SamtykkeError, hostError, thrown } from "./error.js";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly call: (input: number, inputLength: number, random: number, randomLength: number) => [number, number];
  readonly __wbindgen_malloc: (size: number, alignment: number) => number;
}

/** Octets of memory after which the instance is replaced. */
const LIMIT = 4 << 20;
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

let source: (() => WebAssembly.Module) | undefined;
let compiled: WebAssembly.Module | undefined;
let rank = -1;
let exports: Exports | undefined;

/** Names where the wasm comes from. The full core does all the browser one does, so the higher rank wins. */
export function provide(from: () => WebAssembly.Module, as: number): void {
  if (as <= rank) return;
  source = from;
  rank = as;
  compiled = exports = undefined;
}

function instance(): Exports {
  if (exports && exports.memory.buffer.byteLength < LIMIT) return exports;
  try {
    compiled ??= source!();
    // No object of the host crosses, so the table of such objects stays empty.
    const imports = { "./samtykke_bg.js": { __wbindgen_init_externref_table() {} } };
    return (exports = new WebAssembly.Instance(compiled, imports).exports as unknown as Exports);
  } catch (cause) {
    throw new SamtykkeError(
      {
        code: "wasm_unavailable",
        phase: "runtime",
        action: "fix_configuration",
        hint: "Allow wasm: script-src 'self' 'wasm-unsafe-eval'; see the cause.",
      },
      { cause },
    );
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
  if (text.includes("\n")) throw hostError("invalid_parameter", { expected: "values without line ends" });
  return text;
}

/** Runs one operation of the core: `head` are its lines, `rest` what may hold line ends itself. */
export function call(head: readonly Value[], rest = "", random: Uint8Array = NOTHING): string {
  let text = "";
  for (const value of head) text += `${value instanceof Lines ? value.text : line(value)}\n`;
  text += rest;
  const { memory, call, __wbindgen_malloc: allocate } = instance();
  const most = text.length * 3;
  const at = allocate(most, 1) >>> 0;
  const randomAt = allocate(random.length, 1) >>> 0;
  const octets = new Uint8Array(memory.buffer);
  const { written } = encoder.encodeInto(text, octets.subarray(at, at + most));
  octets.set(random, randomAt);
  let answer: string;
  try {
    const [start, length] = call(at, written, randomAt, random.length);
    answer = decoder.decode(new Uint8Array(memory.buffer, start >>> 0, length >>> 0));
  } catch (cause) {
    // A trapped instance is in an unknown state: never used again.
    exports = undefined;
    throw new SamtykkeError({ code: "wasm_unavailable", phase: "runtime", action: "try_later" }, { cause });
  }
  if (answer[0] === "+") return answer.slice(1);
  throw thrown(answer.slice(1).split("\n"));
}
