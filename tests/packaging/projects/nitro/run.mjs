// Nitro, the server of Nuxt: built for Cloudflare and run in workerd, and built for Node and run there.
// Its own support of wasm is on, as the README says; Cloudflare needs that, and Node gets the same files with it as without.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { start } from "../../../lib/process.mjs";
import { freePort } from "../../../lib/server.mjs";
import { edgeLine, exchangeLine, flowLine } from "../../expected.mjs";
import { runTool, toolEnv } from "../../workspace.mjs";

export const name = "nitro";
export const source = "nitro";
export const tools = { nitropack: "2.13.6" };

const routes = Object.entries({ "/flow": flowLine, "/exchange": exchangeLine, "/edge": edgeLine });

async function cloudflare(dir) {
  await runTool(dir, "nitropack", ["build", "--preset", "cloudflare-module"], { name: "nitro", env: { WASM: "1" } });
  const out = join(dir, ".output", "server");
  const files = readdirSync(out, { recursive: true }).map((file) => String(file).replaceAll("\\", "/"));
  const modules = files
    .filter((file) => /\.(mjs|wasm)$/.test(file))
    .sort((file) => (file === "index.mjs" ? -1 : 1))
    .map((path) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path, contents: readFileSync(join(out, path)) }));
  const worker = new Miniflare({
    modulesRoot: "/",
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["nodejs_compat"],
    cf: false,
    outboundService: { network: { allow: [] } },
    modules,
  });
  try {
    for (const [path, line] of routes) assert.equal(await (await worker.dispatchFetch(`http://localhost${path}`)).text(), line, path);
  } finally {
    await worker.dispose();
  }
}

async function node(dir) {
  await runTool(dir, "nitropack", ["build", "--preset", "node-server"], { name: "nitro", env: { WASM: "1" } });
  const port = await freePort();
  const env = toolEnv(dir, { PORT: `${port}`, HOST: "localhost" });
  const server = await start(process.execPath, [join(dir, ".output", "server", "index.mjs")], { cwd: dir, env, ready: (text) => /Listening/.test(text) });
  try {
    for (const [path, line] of routes) assert.equal(await (await fetch(`http://localhost:${port}${path}`)).text(), line, path);
  } finally {
    await server.stop();
  }
}

export async function check({ dir }) {
  await cloudflare(dir);
  await node(dir);
}
