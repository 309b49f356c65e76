// workerd, the runtime of Cloudflare Workers, through Miniflare: bundled as a worker is, with wasm as an imported module.
// Conditions "workerd" and "worker"; no Node compatibility, so the package must not lean on it.
// Refuses the network, but for this machine's own when a suite names origins: others get an error, as in Deno without permissions.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import { within } from "../lib/wait.mjs";

// workerd goes on after a rejection that nobody handles; here it counts as a failure, as it does in the other runtimes.
const worker = `import { attempt } from "./attempt.mjs";
let unhandled;
addEventListener("unhandledrejection", ({ reason }) => { unhandled ??= String(reason); });
export default {
  async fetch(request) {
    const { input } = await request.json();
    const outcome = await attempt(() => import("./suite.mjs"), input);
    await new Promise((next) => setTimeout(next, 0));
    return new Response(unhandled ? JSON.stringify({ ok: false, error: "unhandled rejection: " + unhandled, stack: "" }) : outcome);
  },
};
`;

/** workerd compiles wasm only when it is a module of the worker, so each .wasm import stays one and its file goes along. */
export function wasmModules() {
  const found = new Map();
  const plugin = {
    name: "wasm-modules",
    setup(builder) {
      builder.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path.replace(/\?module$/, ""));
        found.set(basename(file), readFileSync(file));
        return { path: `./${basename(file)}`, external: true };
      });
    },
  };
  return { plugin, modules: () => [...found].map(([path, contents]) => ({ type: "CompiledWasm", path, contents })) };
}

/** Bundles `entry` for workerd and gives Miniflare's list of modules. `more`: options of esbuild's. */
export async function bundleWorker(entry, more = {}) {
  const wasm = wasmModules();
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    outfile: "worker.mjs",
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd", "worker"],
    target: "esnext",
    charset: "utf8",
    logLevel: "silent",
    plugins: [wasm.plugin],
    ...more,
  });
  return [{ type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text }, ...wasm.modules()];
}

async function miniflare() {
  try {
    return await import("miniflare");
  } catch {
    return null;
  }
}

export const workerd = {
  name: "workerd",
  async detect() {
    if (!(await miniflare())) return { available: false, why: "miniflare is not installed: run npm install" };
    // workerd belongs to miniflare and may be installed below it.
    const { version } = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd/package.json");
    return { available: true, version: `workerd ${version}` };
  },
  async run({ folder, input, network, timeoutMs }) {
    const { Miniflare } = await miniflare();
    const started = performance.now();
    const ms = () => Math.round(performance.now() - started);
    const entry = join(folder, "worker.mjs");
    writeFileSync(entry, worker);
    let server,
      log = "";
    const keep = (stream) =>
      stream.on("data", (chunk) => {
        log += chunk;
      });
    try {
      server = new Miniflare({
        modules: await bundleWorker(entry),
        modulesRoot: "/",
        compatibilityDate: "2026-07-01",
        cf: false,
        outboundService: { network: { allow: network.length ? ["local"] : [] } },
        handleRuntimeStdio(stdout, stderr) {
          keep(stdout);
          keep(stderr);
        },
      });
      const ask = async () => {
        const response = await server.dispatchFetch("http://localhost/", { method: "POST", body: JSON.stringify({ input }) });
        const text = await response.text();
        return response.ok ? JSON.parse(text) : { ok: false, error: `workerd answered ${response.status}`, stack: text };
      };
      return { ...(await within(timeoutMs, ask(), () => ({ ok: false, error: `timed out after ${timeoutMs} ms`, stack: log }))), ms: ms() };
    } catch (error) {
      return { ok: false, error: `${error.name}: ${error.message}`, stack: log, ms: ms() };
    } finally {
      // A worker in an endless loop cannot answer; its process is ended all the same.
      if (server)
        await within(
          5_000,
          server.dispose().catch(() => {}),
          () => {},
        );
    }
  },
};
