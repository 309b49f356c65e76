// Node, by `import`: no flag, no set-up call, nothing on stderr.
import assert from "node:assert/strict";
import { must, plainEnv } from "../../../lib/process.mjs";
import { assertPrinted, serverLines } from "../../expected.mjs";

export const name = "node-esm";
export const source = "node";

export async function check({ dir }) {
  const { stdout, stderr } = await must(process.execPath, ["main.mjs"], { cwd: dir, env: plainEnv(dir) });
  assertPrinted(stdout, serverLines);
  assert.equal(stderr, "");
  return process.version;
}
