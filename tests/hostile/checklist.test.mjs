// tests/CHECKLIST.md: all 134 numbers, and every proof that a row names exists under that name.
// That a test fails when its check is removed is for the test's own author; that it is there, is for this one.
// Refuses a row without a proof or a reason, and a proof in a form that is not known here.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { ROWS } from "./rows.mjs";
import { RULES } from "./server/judge/rules.mjs";

const root = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const rows = [...read("tests/CHECKLIST.md").matchAll(/^\| N(\d{3}) \| (.*?) \| (.*) \|$/gm)].map(([, number, , proof]) => ({ number: Number(number), proofs: proof.split("<br>") }));

const cases = new Set();
for (const file of readdirSync(new URL("tests/vectors/oauth/", root))) {
  for (const one of JSON.parse(read(`tests/vectors/oauth/${file}`)).cases ?? []) cases.add(one.id);
}
const undecided = new Set(/const UNDECIDED = \[(.*?)\]/s.exec(read("tests/verdicts/check.mjs"))?.[1].match(/\w+/g) ?? []);
const names = new Set(ROWS.map(({ name }) => name));

/** What is wrong with a proof; nothing when it stands. */
function wrong(proof) {
  const test = /^`([^`]+)` (".*")$/.exec(proof);
  if (test) {
    const [, path, quoted] = test;
    if (!existsSync(new URL(path, root))) return `no file ${path}`;
    const text = read(path);
    const missing = quoted.slice(1, -1).split('", "').find((name) => !(path.endsWith(".rs") ? new RegExp(`fn ${name}\\(`).test(text) : text.includes(`test("${name}"`)));
    return missing && `no test "${missing}" in ${path}`;
  }
  const [, kind, list] = /^(case|rule|module|advisory) (.+)$/.exec(proof) ?? [];
  const has = { case: (id) => cases.has(id) && !undecided.has(id), rule: (name) => name in RULES, module: (name) => names.has(name), advisory: (name) => names.has(name) }[kind];
  if (has) {
    const missing = list.split(["case", "rule"].includes(kind) ? ", " : "; ").find((one) => !has(one));
    return missing && `no ${kind} ${missing}`;
  }
  return /^(does not apply|note): .{20,}/.test(proof) ? undefined : `not understood: ${proof}`;
}

test("all 134 duties are there, in order", () => {
  assert.deepEqual(rows.map(({ number }) => number), Array.from({ length: 134 }, (_, at) => at + 1));
});

test("a note stands beside a proof, never alone", () => {
  for (const { number, proofs } of rows) assert.ok(proofs.some((proof) => !proof.startsWith("note: ")), `N${number}`);
});

test("every proof exists", () => {
  assert.deepEqual(rows.flatMap(({ number, proofs }) => proofs.map((proof) => wrong(proof)).filter(Boolean).map((why) => `N${number}: ${why}`)), []);
});

test("a proof that is not there is found missing", () => {
  for (const odd of ["case XX999", "rule none", "module none", "advisory none", "", "it works", '`tests/core/flow.rs` "none"', '`tests/none.rs` "x"', "does not apply: no"]) {
    assert.ok(wrong(odd), odd);
  }
});
