// The door to the providers' own cores: a wasm for each, for its APIs. Text in, text out, as with the protocol's.

import { type Exports, type Value, instantiate, joined, run } from "./wasm.js";
import type { SamtykkeError } from "./error.js";

interface Core {
  readonly source: () => WebAssembly.Module;
  readonly end: number;
  compiled?: WebAssembly.Module;
  exports?: Exports | undefined;
}

const cores = new Map<string, Core>();

/** @internal Names where a provider's wasm comes from, and where its constants end. */
export function provideApis(name: string, source: () => WebAssembly.Module, end: number): void {
  if (!cores.has(name)) cores.set(name, { source, end });
}

/** @internal Runs one operation: the provider's name and lines, then what may hold line ends itself. Others any of them can run. */
export function apis(head: readonly Value[], rest = ""): string {
  const core = cores.get(head[0] as string) ?? cores.values().next().value!;
  core.exports = instantiate(core.exports, () => (core.compiled ??= core.source()));
  try {
    return run(joined(head) + rest, undefined, core.exports, core.end);
  } catch (error) {
    // After a trap it is in an unknown state.
    if ((error as SamtykkeError).code === "wasm_unavailable") core.exports = undefined;
    throw error;
  }
}
