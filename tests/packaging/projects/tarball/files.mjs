// The tarball holds only what a consumer needs, and everything that package.json names.
// Refuses sources, tests, maps, build scripts and anything else that is not on the list below.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { tarballFiles } from "../../../lib/pack.mjs";
import { installed } from "../../workspace.mjs";

export const name = "tarball";
export const source = "tarball";

const allowed = [/^package\.json$/, /^README\.md$/, /^LICENSE[\w.-]*$/, /^(CHANGELOG|SECURITY)\.md$/, /^dist\/[\w./-]+\.(js|d\.ts|wasm)$/];
const needed = [/^package\.json$/, /^README\.md$/, /^LICENSE/, /^dist\/.+\.js$/, /^dist\/.+\.d\.ts$/];

/** Every file that `exports` can lead to. */
const targets = (value) => (typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(targets));

export async function check({ dir, tarball }) {
  const files = await tarballFiles(tarball);
  assert.deepEqual(
    files.filter((file) => !allowed.some((rule) => rule.test(file))),
    [],
    "files that no consumer needs",
  );
  for (const rule of needed)
    assert.ok(
      files.some((file) => rule.test(file)),
      `no file like ${rule}`,
    );
  const manifest = await installed(dir);
  const named = targets(manifest.exports).map((path) => path.replace(/^\.\//, ""));
  assert.deepEqual(
    named.filter((path) => !files.includes(path)),
    [],
    "package.json names files that are not there",
  );
  assert.equal(manifest.type, "module");
  assert.deepEqual(Object.keys(manifest.dependencies ?? {}), [], "a consumer installs nothing else");
  assert.deepEqual(
    Object.keys(manifest.scripts ?? {}).filter((script) => /^(pre|post)?install$/.test(script)),
    [],
    "nothing runs at install",
  );
  for (const file of files.filter((one) => /\.(js|d\.ts)$/.test(one))) {
    const text = readFileSync(join(dir, "node_modules", "samtykke", file), "utf8");
    assert.doesNotMatch(text, /sourceMappingURL/, `${file} points to a source map that is not in the tarball`);
  }
  return `${files.length} files, ${statSync(tarball).size} B`;
}
