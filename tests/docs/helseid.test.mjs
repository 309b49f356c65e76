// The table for NHN's review points to code and tests that are there: files, names in them, tests by their names.
// docs/helseid-security-profile.md; what it calls the application's own needs no proof of ours.
// Refuses a row without a place, and a row without a test that is not the application's.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TEXT = readFileSync(join(ROOT, "docs", "helseid-security-profile.md"), "utf8");
const read = (file) => readFileSync(join(ROOT, file), "utf8");

test("every requirement has a place in the code and a test that exists", () => {
  let found = 0;
  for (const line of TEXT.split("\n")) {
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.length !== 3 || /^(requirement|-+)$/.test(cells[0])) continue;
    const [requirement, where, proof] = cells;
    found += 1;
    for (const [, file, names = ""] of where.matchAll(/`((?:src|pkg|tests|www)\/[\w./-]+)`(?: \(([^)]*)\))?/g)) {
      const text = read(file);
      for (const [, name] of names.matchAll(/`(\w+)/g)) assert.ok(text.includes(name), `${file} has ${name}`);
    }
    if (!proof) {
      assert.match(where, /\*\*yours\*\*/, `${requirement}: a test, or the application's own`);
      continue;
    }
    const [, file, name] = proof.match(/^`([\w./-]+)` "(.*)"$/) ?? assert.fail(`${requirement}: a file and a test's name`);
    const text = read(file);
    assert.ok(text.includes(file.endsWith(".rs") ? `fn ${name}(` : `test("${name}"`), `${file} has a test "${name}"`);
  }
  assert.ok(found > 40, `${found} requirements`);
});
