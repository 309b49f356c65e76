// Vitest with jsdom: the page's part, a server's part, and keys, where octets come from another realm than the tests' own classes.
// No configuration but the environment's name.
import assert from "node:assert/strict";
import { runTool } from "../../workspace.mjs";

export const name = "vitest";
export const source = "vitest";
export const tools = { vitest: "4.1.12", jsdom: "29.1.1" };

export async function check({ dir }) {
  const { stdout } = await runTool(dir, "vitest", ["run", "--environment", "jsdom", "--reporter", "json"]);
  const { numPassedTests, numTotalTests } = JSON.parse(stdout);
  assert.deepEqual([numPassedTests, numTotalTests], [8, 8]);
}
