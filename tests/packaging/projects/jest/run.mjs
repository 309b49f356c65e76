// Jest, whose own modules are CommonJS: Babel makes the package such too, as the README says. In Node, and with a jsdom that has
// Node's fetch and text coders; WebCrypto comes from a setup file.
import assert from "node:assert/strict";
import { runTool } from "../../workspace.mjs";

export const name = "jest";
export const source = "jest";
export const tools = { jest: "30.5.2", "jest-fixed-jsdom": "0.0.11", "@babel/plugin-transform-modules-commonjs": "7.29.14" };

export async function check({ dir }) {
  for (const environment of ["node", "jest-fixed-jsdom"]) {
    const { stdout } = await runTool(dir, "jest", ["--json", "--env", environment, "--no-watchman"]);
    const { numPassedTests, numTotalTests } = JSON.parse(stdout);
    assert.deepEqual([numPassedTests, numTotalTests], [5, 5], environment);
  }
}
