// A worker's text as what workerd is deployed: one module, and each wasm beside it, still imported as a module.
// Cloudflare compiles no wasm at run time; wrangler bundles so. Refuses nothing.

import { basename, join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./documents.mjs";

/** @param {string} source the worker, which imports "samtykke" */
export async function modules(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, sourcefile: "worker.mjs" },
    outdir: join(ROOT, "target"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd"],
    loader: { ".wasm": "copy" },
    external: ["cloudflare:*"],
    write: false,
  });
  return outputFiles
    .map(({ path, contents, text }) =>
      path.endsWith(".wasm") ? { type: "CompiledWasm", path: basename(path), contents } : { type: "ESModule", path: "worker.mjs", contents: text },
    )
    .sort((one) => (one.type === "ESModule" ? -1 : 1));
}
