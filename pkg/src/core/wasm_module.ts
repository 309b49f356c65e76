// Wasm that a worker's entry imports: its platform compiles it beforehand, where the bundler hands it over as a module.

/** @internal What was imported, when it is a module; a bundler of another mind gives an address, octets, or what the wasm exports. */
export function compileModule(imported: unknown): WebAssembly.Module {
  if (Object.prototype.toString.call(imported) === "[object WebAssembly.Module]") return imported as WebAssembly.Module;
  const hint = "Let the bundler hand over the package's .wasm as a WebAssembly.Module: README, What runs where; see the cause.";
  throw Object.assign(new TypeError("The imported .wasm is no WebAssembly.Module"), { hint });
}
