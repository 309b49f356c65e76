// tests/NEGATIVE.md: every negative case of each provider, and every proof that a row names exists under that name.
// The list of the cases is here, by provider and group: how many rows each group has.
// Refuses a case without a row, a row without a proof, two rows of one number, and a case that names no page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { read, wrong } from "./proofs.mjs";

/** Maskinporten, HelseID, ACM/IDM (Vlaanderen), Region Halland, any AD FS, Norsk Gjeldsinformasjon: groups in order, rows of each. */
const CASES = {
  M: [2, 1, 4, 1, 1, 1, 1, 1, 2, 1, 3, 3, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 3, 1, 2, 1, 1, 1, 4, 1],
  H: { a: 5, b: 3, c: 4, d: 3, e: 6, f: 14, g: 6, h: 4, i: 3, j: 3, k: 2 },
  V: { a: 9, b: 2, c: 4, d: 3, e: 3 },
  R: { a: 8, b: 4, c: 2, d: 2, e: 1 },
  A: { a: 3, b: 3, c: 3, d: 2 },
  G: { a: 2, b: 1, c: 2, d: 1, e: 1, f: 1, g: 1, h: 2, i: 1, j: 2, k: 2, l: 1 },
};
const wanted = Object.entries(CASES).flatMap(([provider, groups]) =>
  (Array.isArray(groups)
    ? groups.map((count, at) => [`${provider}${at + 1}`, count, count > 1])
    : Object.entries(groups).map(([group, count]) => [provider + group, count, true])
  ).flatMap(([group, count, numbered]) => Array.from({ length: count }, (_, at) => (numbered ? `${group}.${at + 1}` : group))),
);

const rows = [...read("tests/NEGATIVE.md").matchAll(/^\| ([A-Z]\w+(?:\.\d+)?) \| (.*?) \| (.*?) \| (.*) \|$/gm)].map(([, id, what, page, proof]) => ({
  id,
  what,
  page,
  proofs: proof.split("<br>"),
}));

test("every case has its row, in order, with what it is and the page it comes from", () => {
  assert.deepEqual(
    rows.map(({ id }) => id),
    wanted,
  );
  for (const { id, what, page } of rows) assert.ok(what.length > 10 && page.length > 3, id);
});

test("a row has a proof that is no note", () => {
  for (const { id, proofs } of rows)
    assert.ok(
      proofs.some((proof) => !/^(note|does not apply): /.test(proof)),
      id,
    );
});

test("every proof exists", () => {
  assert.deepEqual(
    rows.flatMap(({ id, proofs }) =>
      proofs
        .map((proof) => wrong(proof))
        .filter(Boolean)
        .map((why) => `${id}: ${why}`),
    ),
    [],
  );
});
