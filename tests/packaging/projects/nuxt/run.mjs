// Nuxt, built for Node: a server middleware logs in and out and renews, a page reads the session.
// Only with --ci: its tools are large.
import { npmRuntime } from "../../../../pkg/toolchain.mjs";
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { providerServer, walk } from "../../sessions.mjs";
import { runTool, toolEnv } from "../../workspace.mjs";

export const name = "nuxt";
export const source = "nuxt";
export const ci = true;
export const tools = { nuxt: "4.5.2", vite: "8.3.8" };

export async function check({ dir }) {
  const node = Number(process.versions.node.split(".")[0]) < 22 ? await npmRuntime("node22") : process.execPath;
  if (!node) return { gap: "Nuxt needs Node 22, which could not be installed from npm" };
  const provider = await providerServer();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  await runTool(dir, "nuxt", ["build"], { node, env: { NUXT_TELEMETRY_DISABLED: "1" }, timeoutMs: 300_000 });
  const env = { ORIGIN: origin, HOST: "localhost", PORT: `${port}`, PROVIDER: provider.address };
  const server = await start(node, [".output/server/index.mjs"], { cwd: dir, env: toolEnv(dir, env), ready: (text) => /Listening/.test(text) });
  try {
    return await walk(origin, provider.world);
  } finally {
    await server.stop();
    provider.close();
  }
}
