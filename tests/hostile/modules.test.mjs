// samtykke against the hostile server: every module of the conformance suite that is in scope, and every advisory.
// A refusal is typed, comes at the step that must refuse, and no request follows; the client broke no rule on the way.
// Refuses a TABLE.md that says anything else than this run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ADVISORIES, DEPENDENCIES } from "./modules/advisories.mjs";
import { MODULES } from "./modules/index.mjs";
import { result } from "./results.mjs";
import { ROWS } from "./rows.mjs";
import { FILE, render } from "./table.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const results = [];

for (const row of ROWS) {
  test(row.name, async () => {
    const one = await result(row);
    results.push(one);
    assert.deepEqual(one.faults, []);
  });
}

test("the table in the repository is what this run gives", () => {
  assert.equal(readFileSync(FILE, "utf8"), render(results), "write it anew: node tests/hostile/table.mjs");
});

test("it is all 118 modules, each once: 70 R, 27 A, 18 F, 3 E", () => {
  const count = {};
  for (const { kind } of MODULES) count[kind] = (count[kind] ?? 0) + 1;
  assert.deepEqual(count, { R: 70, A: 27, F: 18, E: 3 });
  assert.equal(new Set(MODULES.map(({ name }) => name)).size, 118);
});

test("every test that an advisory names exists", () => {
  for (const { tests = [] } of ADVISORIES) {
    for (const [file, name] of tests) {
      const text = readFileSync(`${ROOT}/${file}`, "utf8");
      assert.ok(text.includes(file.endsWith(".rs") ? `fn ${name}()` : JSON.stringify(name)), `${file}: ${name}`);
    }
  }
});

const newer = (version, least) => {
  const [one, two] = [version, least].map((text) => text.split(".").map(Number));
  for (let at = 0; at < 3; at++) if (one[at] !== two[at]) return one[at] > two[at];
  return true;
};

test("dependencies with advisories are new enough, or in no build that is shipped", () => {
  const shipped = execFileSync("cargo", ["tree", "--locked", "--edges", "normal", "--all-features", "--target", "all", "--prefix", "none"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const packages = shipped.split("\n").map((line) => line.split(" "));
  assert.ok(packages.some(([name]) => name === "samtykke"));
  for (const { crate, least } of DEPENDENCIES) {
    for (const [, version] of packages.filter(([name]) => name === crate)) assert.ok(least && newer(version.slice(1), least), `${crate} ${version}`);
  }
});
