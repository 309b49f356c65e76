// Vite's production build: what it emits is exactly one page and one script, and they run under the strict CSP.
// No wasm asset is emitted, so there is nothing that a wrong base path or MIME type could break.
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { flowLine } from "../../expected.mjs";
import { resultOf } from "../../page.mjs";
import { runTool } from "../../workspace.mjs";

export const name = "vite-build";
export const source = "vite";
export const browser = true;
export const tools = { vite: "8.3.8" };

export async function check({ dir }) {
  await runTool(dir, "vite", ["build"]);
  const dist = join(dir, "dist");
  const emitted = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) =>
      join(one.parentPath, one.name)
        .slice(dist.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
  assert.equal(emitted.length, 2, `vite emitted ${emitted.join(", ")}`);
  assert.match(emitted[0], /^assets\/index-[\w-]{8}\.js$/);
  assert.equal(emitted[1], "index.html");
  assert.equal(await resultOf(dist), flowLine);
  return `${emitted[0].replace(/-[\w-]{8}\./, ".")} ${statSync(join(dist, emitted[0])).size} B`;
}
