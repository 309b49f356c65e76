// webpack for the web, without a line of configuration for this package: one script comes out, and it runs under the strict CSP.
import assert from "node:assert/strict";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flowLine } from "../../expected.mjs";
import { page, resultOf } from "../../page.mjs";
import { runTool } from "../../workspace.mjs";

export const name = "webpack";
export const source = "webpack";
export const browser = true;
export const tools = { webpack: "5.112.2", "webpack-cli": "7.3.1" };

export async function check({ dir }) {
  const { stdout } = await runTool(dir, "webpack", []);
  assert.doesNotMatch(stdout, /WARNING|ERROR/, stdout);
  const dist = join(dir, "dist");
  assert.deepEqual(readdirSync(dist), ["main.js"]);
  writeFileSync(join(dist, "index.html"), page('<script src="/main.js"></script>'));
  assert.equal(await resultOf(dist), flowLine);
  return `main.js ${statSync(join(dist, "main.js")).size} B`;
}
