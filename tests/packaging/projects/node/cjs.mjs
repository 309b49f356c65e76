// Node, by `require()` of the ES module (Node 20.19 and newer): works because the package has no top-level await.
import assert from "node:assert/strict";
import { must, plainEnv } from "../../../lib/process.mjs";
import { assertPrinted, serverLines } from "../../expected.mjs";

export const name = "node-cjs";
export const source = "node";

export async function check({ dir }) {
  const { stdout, stderr } = await must(process.execPath, ["main.cjs"], { cwd: dir, env: plainEnv(dir) });
  assertPrinted(stdout, serverLines);
  // Older release lines print one warning, that requiring a module is an experiment.
  assert.match(stderr, /^$|ExperimentalWarning: .*require/);
  return process.version;
}
