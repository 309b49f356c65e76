// The wasms that entries brought, for all but the page: each entry brings one, linked with the operations that its verbs need. A core
// that has an operation is as good for it as another, so whoever asks need not say which entry it came by.

import { type Core, chooseBy, unavailable } from "./wasm.js";

interface Brought extends Core {
  /**
   * Its operations, and its machines with a `>` before them, each between spaces; a `~` before those that it does where no other core
   * can. All of the protocol where it has no list.
   */
  readonly has: string | undefined;
}

const cores: Brought[] = [];

// The one function that a core with machines may call, whatever its name is in this build: it ends a call that must not go on.
const broken = (): never => {
  throw new Error("broken");
};
const imports: WebAssembly.Imports = new Proxy({}, { get: () => new Proxy({}, { get: () => broken }) });

/** @internal Brings a wasm, at a place of its own: of several that have an operation the first one does it. */
export function registerCore(place: number, source: () => WebAssembly.Module, end: number, has?: string): void {
  let compiled: WebAssembly.Module | undefined;
  cores[place] ??= { source: () => (compiled ??= source()), end, has, imports };
}

chooseBy((text, page) => {
  const [name] = text.split("\n", 1);
  // There are holes where an entry was not imported. What a page has is the last to serve, as it does less.
  const core: Core | false | undefined =
    cores.find((core) => core && (!core.has || core.has.includes(` ${name} `))) ??
    cores.find((core) => core?.has?.includes(`~${name} `)) ??
    (/^[CBF]$/.test(name!) && page);
  if (!core) throw unavailable(undefined, "fix_configuration", `No imported entry does this (${name}): import "samtykke"`);
  // Memory never shrinks: after a huge answer the instance is replaced. Not after a large one: growing anew is what takes the time.
  if ((core.exports?.memory.buffer.byteLength ?? 0) >= 2e7) core.exports = undefined;
  return core;
});
