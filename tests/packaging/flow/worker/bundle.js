// Bundles the README's worker as wrangler does: one module, and each wasm file beside it, still imported as a module.
import { build } from "esbuild";

await build({
  entryPoints: ["worker.js"],
  outdir: "out",
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["workerd"],
  loader: { ".wasm": "copy" },
  logLevel: "warning",
});
