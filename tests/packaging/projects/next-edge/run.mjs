// Next: the proxy renews, route handlers log in and out, a server component reads the session.
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { providerServer, walk } from "../../sessions.mjs";
import { runTool, toolCommand, toolEnv } from "../../workspace.mjs";

export const name = "next-edge";
export const source = "next-edge";
export const tools = { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" };

export async function check({ dir }) {
  const provider = await providerServer();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const env = { ORIGIN: origin, PROVIDER: provider.address };
  await runTool(dir, "next", ["build"], { env, timeoutMs: 300_000 });
  const [program, args] = toolCommand(dir, "next", ["start", "-p", `${port}`, "-H", "localhost"]);
  const server = await start(program, args, { cwd: dir, env: toolEnv(dir, env), ready: (text) => /Ready/.test(text) });
  try {
    return await walk(origin, provider.world);
  } finally {
    await server.stop();
    provider.close();
  }
}
