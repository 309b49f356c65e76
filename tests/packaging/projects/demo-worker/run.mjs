// The demo's own worker as `wrangler deploy` would send it to Cloudflare: the source that `npm run demo` runs in workerd.
// Its wrangler.toml is used as it stands: page, wasm, Durable Object and variables must all be found.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmRuntime } from "../../../../pkg/toolchain.mjs";
import { must } from "../../../lib/process.mjs";
import { toolCommand, toolEnv } from "../../workspace.mjs";
import { tools as workerdTools } from "../workerd/run.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");

export const name = "demo-worker";
export const source = "demo-worker";
export const tools = workerdTools;

export async function check({ dir }) {
  const node = Number(process.versions.node.split(".")[0]) < 22 ? await npmRuntime("node22") : process.execPath;
  if (!node) return { gap: "wrangler needs Node 22, which could not be installed from npm" };
  const out = join(dir, "out");
  const [, args] = toolCommand(dir, "wrangler", ["deploy", "--dry-run", "--outdir", out]);
  const { stdout } = await must(node, args, { cwd: join(root, "www", "worker"), env: toolEnv(dir), timeoutMs: 180_000 });
  for (const part of ["env.CLAIMS (Claims)", "env.ASSETS", "env.PUBLIC_ORIGIN", "Read 7 files"])
    assert.ok(stdout.includes(part), `${part} is not in\n${stdout}`);
  const files = readdirSync(out);
  assert.equal(files.filter((file) => file.endsWith(".wasm")).length, 7, files.join(", "));
  assert.ok(files.includes("index.js"));
  return stdout.match(/Total Upload: .*/)?.[0] ?? "";
}
