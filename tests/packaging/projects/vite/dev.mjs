// Vite's dev server, with its own pre-bundling of dependencies as it comes: no configuration file.
import assert from "node:assert/strict";
import { freePort } from "../../../lib/server.mjs";
import { start } from "../../../lib/process.mjs";
import { flowLine } from "../../expected.mjs";
import { resultAt } from "../../page.mjs";
import { toolCommand, toolEnv } from "../../workspace.mjs";

export const name = "vite-dev";
export const source = "vite";
export const browser = true;
export const tools = { vite: "8.3.8" };

export async function check({ dir }) {
  const port = await freePort();
  const [program, args] = toolCommand(dir, "vite", ["--port", String(port), "--strictPort", "--host", "localhost"]);
  const server = await start(program, args, { cwd: dir, env: toolEnv(dir), ready: (text) => /Local:/.test(text) });
  try {
    assert.equal(await resultAt(`http://localhost:${port}/`, () => [server.output()]), flowLine);
  } finally {
    await server.stop();
  }
}
