// A Cloudflare worker: `wrangler deploy --dry-run` makes what would be deployed, and workerd runs just that.
// No Node compatibility and no wrangler rule for wasm are set: the package must need neither.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { npmRuntime } from "../../../../pkg/toolchain.mjs";
import { edgeLine, exchangeLine, flowLine } from "../../expected.mjs";
import { runTool } from "../../workspace.mjs";

export const name = "workerd";
export const source = "workerd";
export const tools = { wrangler: "4.116.0", miniflare: "4.20260730.0" };

export async function check({ dir }) {
  // wrangler itself asks for Node 22; what it makes does not depend on that.
  const node = Number(process.versions.node.split(".")[0]) < 22 ? await npmRuntime("node22") : process.execPath;
  if (!node) return { gap: "wrangler needs Node 22, which could not be installed from npm" };
  await runTool(dir, "wrangler", ["deploy", "--dry-run", "--outdir", "out"], { node });
  const out = join(dir, "out");
  const wasm = readdirSync(out).filter((file) => file.endsWith(".wasm"));
  const require = createRequire(join(dir, "package.json"));
  const { Miniflare } = await import(pathToFileURL(require.resolve("miniflare")));
  const worker = new Miniflare({
    modulesRoot: "/",
    compatibilityDate: "2026-07-01",
    cf: false,
    outboundService: { network: { allow: [] } },
    modules: [
      { type: "ESModule", path: "worker.js", contents: readFileSync(join(out, "worker.js"), "utf8") },
      ...wasm.map((file) => ({ type: "CompiledWasm", path: file, contents: readFileSync(join(out, file)) })),
    ],
  });
  try {
    for (const [path, line] of [
      ["/flow", flowLine],
      ["/exchange", exchangeLine],
      ["/edge", edgeLine],
    ]) {
      const response = await worker.dispatchFetch(`http://localhost${path}`);
      assert.equal(await response.text(), line);
    }
  } finally {
    await worker.dispose();
  }
  return `${wasm.length} wasm module${wasm.length === 1 ? "" : "s"}`;
}
