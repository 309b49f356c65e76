// samtykke-local stands alone: whoever installs it has its own files and its two dependencies, and nothing of this checkout.
// Refuses an import of the package under test, of the tests, or of anything that its package.json does not name.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { sources } from "../lib/house.mjs";

const FOLDER = fileURLToPath(new URL("../../www/servers/", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(FOLDER, "package.json"), "utf8"));

test("the local providers import their own files, Node and two libraries", () => {
  const files = [...sources(FOLDER, ".mjs")].filter(([file]) => !file.includes("node_modules/"));
  assert.ok(files.length > 50, `${files.length} files`);
  assert.deepEqual(Object.keys(dependencies), ["jose", "oidc-provider"]);
  const libraries = new Set();
  for (const [file, text] of files) {
    const imported = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|\bimport\(\s*"([^"]+)"/gm)].map(([, first, second]) => first ?? second);
    // Files that are read, beside this one.
    const read = [...text.matchAll(/\bnew URL\("([^"]*)", import\.meta\.url\)/g)].map(([, name]) => `./${name}`);
    for (const name of [...imported, ...read]) {
      if (name.startsWith("node:")) continue;
      if (name.startsWith(".")) {
        assert.ok(!posix.join(posix.dirname(file), name).startsWith(".."), `${file}: ${name} leaves the package`);
        continue;
      }
      const library = name.split("/")[0];
      assert.ok(Object.hasOwn(dependencies, library), `${file}: ${name}`);
      libraries.add(library);
    }
  }
  assert.deepEqual([...libraries].sort(), Object.keys(dependencies));
});
