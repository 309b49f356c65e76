// The door to the providers' own core: a second wasm, for their APIs. Text in, text out, as with the protocol's.

import { type Exports, type Value, instantiate, joined, run } from "./engine.js";
import { SamtykkeError } from "./error.js";

let source: () => WebAssembly.Module;
let constants: number;
let compiled: WebAssembly.Module | undefined;
let exports: Exports | undefined;

/** @internal Names where the wasm comes from, and where its constants end. Whichever entry says so, it is the same. */
export function provideApis(from: () => WebAssembly.Module, end: number): void {
  source = from;
  constants = end;
}

/** @internal Runs one operation on a provider's API: lines, then what may hold line ends itself. */
export function apis(head: readonly Value[], rest = ""): string {
  exports = instantiate(exports, () => (compiled ??= source()));
  try {
    return run(joined(head) + rest, undefined, exports, constants);
  } catch (error) {
    // After a trap it is in an unknown state.
    if ((error as SamtykkeError).code === "wasm_unavailable") exports = undefined;
    throw error;
  }
}
