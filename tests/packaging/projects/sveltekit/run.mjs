// SvelteKit, built for Node: the hook logs in and out, renews, and fills locals.
import { npmRuntime } from "../../../../pkg/toolchain.mjs";
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { providerServer, walk } from "../../sessions.mjs";
import { runTool, toolEnv } from "../../workspace.mjs";

export const name = "sveltekit";
export const source = "sveltekit";
export const tools = { "@sveltejs/kit": "3.2.0", "@sveltejs/adapter-node": "6.0.1", "@sveltejs/vite-plugin-svelte": "7.3.1", svelte: "5.57.3", vite: "8.3.8" };

export async function check({ dir }) {
  // SvelteKit asks for Node 22.
  const node = Number(process.versions.node.split(".")[0]) < 22 ? await npmRuntime("node22") : process.execPath;
  if (!node) return { gap: "SvelteKit needs Node 22, which could not be installed from npm" };
  const provider = await providerServer();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  await runTool(dir, "vite", ["build"], { node, env: { ORIGIN: origin }, timeoutMs: 300_000 });
  const server = await start(node, ["build/index.js"], {
    cwd: dir,
    env: toolEnv(dir, { ORIGIN: origin, HOST: "localhost", PORT: `${port}`, PROVIDER: provider.address }),
    ready: (text) => /Listening/.test(text),
  });
  try {
    return await walk(origin, provider.world);
  } finally {
    await server.stop();
    provider.close();
  }
}
