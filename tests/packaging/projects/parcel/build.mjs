// Parcel: a page, built for production. The one setting is Parcel's own for packages with `exports`, as the README says.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flowLine } from "../../expected.mjs";
import { resultOf } from "../../page.mjs";
import { runTool } from "../../workspace.mjs";

export const name = "parcel";
export const source = "parcel";
export const browser = true;
export const tools = { parcel: "2.16.4" };

export async function check({ dir }) {
  const manifest = join(dir, "package.json");
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, "utf8")), "@parcel/resolver-default": { packageExports: true } }));
  await runTool(dir, "parcel", ["build", "index.html", "--dist-dir", "out", "--no-cache", "--no-source-maps"]);
  assert.equal(await resultOf(join(dir, "out")), flowLine);
}
