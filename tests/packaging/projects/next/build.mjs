// Next with Turbopack, built and started: a page in the browser, a route in Node, a route in the edge runtime.
// No configuration file: the package must need no entry in transpilePackages or serverExternalPackages.
import assert from "node:assert/strict";
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { edgeLine, exchangeLine, flowLine } from "../../expected.mjs";
import { resultAt } from "../../page.mjs";
import { runTool, toolCommand, toolEnv } from "../../workspace.mjs";

export const name = "next";
export const source = "next";
export const browser = true;
export const tools = { next: "16.4.6", react: "19.3.1", "react-dom": "19.3.1" };

export async function check({ dir }) {
  const { stdout } = await runTool(dir, "next", ["build"], { timeoutMs: 300_000 });
  assert.match(stdout, /Turbopack/);
  const port = await freePort();
  const [program, args] = toolCommand(dir, "next", ["start", "-p", String(port), "-H", "localhost"]);
  const server = await start(program, args, { cwd: dir, env: toolEnv(dir), ready: (text) => /Ready/.test(text) });
  try {
    const origin = `http://localhost:${port}`;
    for (const route of ["/node", "/edge"]) assert.equal(await (await fetch(origin + route)).text(), `${exchangeLine}\n${edgeLine}`, route);
    assert.equal(await resultAt(`${origin}/`, () => [server.output()]), flowLine);
  } finally {
    await server.stop();
  }
}
