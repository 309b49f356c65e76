// A page without any bundler: the browser finds the package's own files through an import map.
// The policy allows the map, which must stand in the page, by its hash; everything else is the strict CSP.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { importMap } from "../../../lib/exports.mjs";
import { strictPolicy } from "../../../lib/server.mjs";
import { flowLine } from "../../expected.mjs";
import { page, resultOf } from "../../page.mjs";

export const name = "import-map";
export const source = "import-map";
export const browser = true;

export async function check({ dir }) {
  const map = JSON.stringify(importMap(join(dir, "node_modules"), ["samtykke/browser"]));
  const hash = createHash("sha256").update(map).digest("base64");
  writeFileSync(join(dir, "index.html"), page(`<script type="importmap">${map}</script><script type="module" src="/main.js"></script>`));
  assert.equal(await resultOf(dir, strictPolicy.replace("script-src", `script-src 'sha256-${hash}'`)), flowLine);
}
