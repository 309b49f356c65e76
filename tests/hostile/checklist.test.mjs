// tests/CHECKLIST.md: all 134 numbers, and every proof that a row names exists under that name.
// Refuses a row without a proof or a reason.

import assert from "node:assert/strict";
import { test } from "node:test";

import { read, wrong } from "./proofs.mjs";

const rows = [...read("tests/CHECKLIST.md").matchAll(/^\| N(\d{3}) \| (.*?) \| (.*) \|$/gm)].map(([, number, , proof]) => ({
  number: Number(number),
  proofs: proof.split("<br>"),
}));

test("all 134 duties are there, in order", () => {
  assert.deepEqual(
    rows.map(({ number }) => number),
    Array.from({ length: 134 }, (_, at) => at + 1),
  );
});

test("a note stands beside a proof, never alone", () => {
  for (const { number, proofs } of rows)
    assert.ok(
      proofs.some((proof) => !proof.startsWith("note: ")),
      `N${number}`,
    );
});

test("every proof exists", () => {
  assert.deepEqual(
    rows.flatMap(({ number, proofs }) =>
      proofs
        .map((proof) => wrong(proof))
        .filter(Boolean)
        .map((why) => `N${number}: ${why}`),
    ),
    [],
  );
});

test("a proof that is not there is found missing", () => {
  for (const odd of [
    "case XX999",
    "rule none",
    "module none",
    "advisory none",
    "",
    "it works",
    '`tests/core/flow.rs` "none"',
    '`tests/none.rs` "x"',
    "does not apply: no",
  ]) {
    assert.ok(wrong(odd), odd);
  }
});
