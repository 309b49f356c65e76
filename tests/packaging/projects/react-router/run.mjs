// React Router in framework mode, built for Node: the root's middleware logs in and out and renews, a loader reads the session.
// Only with --ci: its tools are large.
import { npmRuntime } from "../../../../pkg/toolchain.mjs";
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { providerServer, walk } from "../../sessions.mjs";
import { runTool, toolCommand, toolEnv } from "../../workspace.mjs";

export const name = "react-router";
export const source = "react-router";
export const ci = true;
export const tools = {
  "@react-router/dev": "8.4.0",
  "@react-router/node": "8.4.0",
  "@react-router/serve": "8.4.0",
  isbot: "5.2.3",
  react: "19.3.1",
  "react-dom": "19.3.1",
  "react-router": "8.4.0",
  vite: "8.3.8",
};

export async function check({ dir }) {
  const node = Number(process.versions.node.split(".")[0]) < 22 ? await npmRuntime("node22") : process.execPath;
  if (!node) return { gap: "React Router needs Node 22, which could not be installed from npm" };
  const provider = await providerServer();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  await runTool(dir, "@react-router/dev", ["build"], { name: "react-router", node, timeoutMs: 300_000 });
  const [, args] = toolCommand(dir, "@react-router/serve", ["build/server/index.js"], "react-router-serve");
  const env = { NODE_ENV: "production", ORIGIN: origin, HOST: "localhost", PORT: `${port}`, PROVIDER: provider.address };
  const server = await start(node, args, { cwd: dir, env: toolEnv(dir, env), ready: (text) => /http:\/\/localhost/.test(text) });
  try {
    return await walk(origin, provider.world);
  } finally {
    await server.stop();
    provider.close();
  }
}
