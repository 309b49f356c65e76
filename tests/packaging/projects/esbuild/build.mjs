// esbuild: a bundle for the page and one for Node, each a single file that needs nothing beside it.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, plainEnv } from "../../../lib/process.mjs";
import { withTempDir } from "../../../lib/temp.mjs";
import { assertPrinted, flowLine, serverLines } from "../../expected.mjs";
import { page, resultOf } from "../../page.mjs";
import { toolEnv } from "../../workspace.mjs";

export const name = "esbuild";
export const source = "esbuild";
export const browser = true;
export const tools = { esbuild: "0.28.2" };

export async function check({ dir }) {
  const { stderr } = await must(process.execPath, ["bundle.js"], { cwd: dir, env: toolEnv(dir) });
  assert.equal(stderr, "");
  assert.deepEqual(readdirSync(join(dir, "out")).sort(), ["page.js", "server.mjs"]);
  // Each bundle is moved to an empty folder: what it forgot to take along cannot be found there.
  await withTempDir("esbuild-node", async (empty) => {
    copyFileSync(join(dir, "out", "server.mjs"), join(empty, "server.mjs"));
    const { stdout } = await must(process.execPath, ["server.mjs"], { cwd: empty, env: plainEnv(empty) });
    assertPrinted(stdout, serverLines);
  });
  await withTempDir("esbuild-page", async (empty) => {
    copyFileSync(join(dir, "out", "page.js"), join(empty, "page.js"));
    writeFileSync(join(empty, "index.html"), page('<script type="module" src="/page.js"></script>'));
    assert.equal(await resultOf(empty), flowLine);
  });
}
