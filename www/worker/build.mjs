// Bundles the worker for Miniflare, as wrangler bundles it for Cloudflare: one module, and each wasm file beside it.
// Workers take wasm only as an imported, already compiled module; esbuild's "copy" keeps the import as it stands.
// Refuses to inline wasm: workerd does not compile bytes at run time.
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "..", "target", "demo", "worker");

/** The modules for Miniflare, the entry first. */
export async function buildWorker() {
  const { outputFiles, warnings } = await build({
    absWorkingDir: here,
    entryPoints: ["src/index.mjs"],
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    external: ["cloudflare:*", "node:*"],
    write: false,
    logLevel: "warning",
  });
  if (warnings.length > 0) throw new Error("the worker was built with warnings");
  return outputFiles
    .map(({ path, contents, text }) =>
      path.endsWith(".wasm") ? { type: "CompiledWasm", path: basename(path), contents } : { type: "ESModule", path: basename(path), contents: text },
    )
    .sort((one, other) => (one.type === "ESModule" ? 0 : 1) - (other.type === "ESModule" ? 0 : 1));
}
