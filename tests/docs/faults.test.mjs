// The table of faults that were found and mended (tests/faults.json): each has tests, and each of these exists.
// Refuses a row without tests or places, rows out of order or twice, and a test that nobody runs under that name.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { document, rules } from "../lib/leniency.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const text = readFileSync(join(ROOT, "tests", "faults.json"), "utf8");
const rows = JSON.parse(text);

/**
 * Whether a file has a test of this name: a Rust function under `#[test]`, a call of `test`, `it` or `check` in JavaScript, or a project
 * of that name that the package is installed into.
 */
function has(file, name) {
  const source = readFileSync(join(ROOT, file), "utf8");
  if (file.endsWith(".rs")) return new RegExp(`#\\[(?:wasm_bindgen_)?test\\]\\s*(?:#\\[[^\\]]*\\]\\s*)*(?:async )?fn ${name}\\(`).test(source);
  if (file.startsWith("tests/packaging/projects/")) return source.includes(`export const name = "${name}";`);
  return [`"${name}"`, `'${name}'`, `\`${name}\``].some((quoted) => source.includes(`(${quoted}`) || source.includes(`(\n  ${quoted}`));
}

test("every fault that was mended names the tests that fail without the mending, and the places searched", () => {
  let last = 0;
  for (const { row, kind, tests, places } of rows) {
    assert.ok(Number.isInteger(row) && row > last, `row ${row} is out of order, or twice`);
    last = row;
    assert.ok(typeof kind === "string" && kind, `row ${row} has no kind`);
    assert.ok(tests.length > 0, `row ${row} has no test`);
    for (const { file, name } of tests) assert.ok(has(file, name), `row ${row}: no test "${name}" in ${file}`);
    assert.ok(places.length > 0, `row ${row} names no place`);
    for (const place of places) assert.ok(existsSync(join(ROOT, place)), `row ${row}: ${place} is not there`);
  }
  assert.equal(text.trimEnd().split("\n").length, rows.length + 2, "one row a line");
});

test("each saved mutation still takes out what it says, of a row that was mended, and its tests are there", () => {
  const mutations = JSON.parse(readFileSync(join(ROOT, "tests", "mutations.json"), "utf8"));
  assert.ok(mutations.length > 0);
  const files = (folder) => readdirSync(join(ROOT, folder), { recursive: true }).filter((name) => name.endsWith(".rs"));
  const crate = ["src", "tests/core", "tests/memory"]
    .flatMap((folder) => files(folder).map((name) => readFileSync(join(ROOT, folder, name), "utf8")))
    .join("\n");
  for (const { row, file, text: before, becomes, test: command } of mutations) {
    assert.ok(
      rows.some((one) => one.row === row),
      `row ${row}`,
    );
    assert.equal(readFileSync(join(ROOT, file), "utf8").split(before).length, 2, `row ${row}: ${file} has it once: ${before}`);
    assert.notEqual(before, becomes);
    const programs = command.filter((name) => name.endsWith(".mjs"));
    if (command[0] === "cargo") assert.ok(crate.includes(`fn ${command.at(-1)}`), `row ${row}: no test ${command.at(-1)}… of the crate`);
    else assert.ok(programs.length && programs.every((name) => existsSync(join(ROOT, name))), `row ${row}: ${programs}`);
  }
  for (const { row } of rows) {
    assert.ok(
      mutations.some((one) => one.row === row),
      `row ${row} has no mutation: nothing shows that its tests fail without the mending`,
    );
  }
});

test("each rule of what is taken and what is refused has its source and tests in both languages, and stands in the document", () => {
  const seen = new Set();
  for (const { side, rule, source, rust, js, ...more } of rules()) {
    assert.ok(["lenient", "option", "strict"].includes(side) && !Object.keys(more).length, rule);
    assert.ok(rule.length > 20 && !seen.has(rule), rule);
    seen.add(rule);
    assert.match(source, /RFC \d{4}|OpenID Connect|WHATWG|\.(no|com)\b|issue/, rule);
    for (const [tests, kind] of [
      [rust, /\.rs$/],
      [js, /\.test\.mjs$/],
    ]) {
      assert.ok(tests.length > 0, rule);
      for (const { file, name } of tests) assert.ok(kind.test(file) && has(file, name), `${rule}: no test "${name}" in ${file}`);
    }
  }
  assert.equal(readFileSync(join(ROOT, "tests", "LENIENCY.md"), "utf8"), document(), "node tests/lib/leniency.mjs");
});
