// The package's arithmetic and names beside the crate's: one table for both (tests/core/token_cache.rs reads the same file).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
await import("samtykke/tokens");
const { early, line, nameOf, pause } = await import("../../pkg/dist/lib/tokens/clock.js");

test("times are those of the shared table", () => {
  const rows = readFileSync(new URL("clock.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((row) => row && !row.startsWith("#"));
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const [kind, ...columns] = row.split("|");
    const found =
      kind === "early"
        ? early(+columns[0], +columns[1], +columns[2])
        : pause(columns[0], +columns[1], columns[2] === "" ? undefined : +columns[2], +columns[3]);
    assert.equal(found, Number(columns.at(-1)), row);
  }
});

test("names join what is equal and keep apart what differs", () => {
  const base = line("i", "https://op.example/") + line("c", "c");
  const name = (target) => nameOf(base, target);
  assert.equal(name({ scope: "a b" }), "ihttps://op.example/\ncc\nsa\nsb\n");
  for (const scope of ["b a", " a  b a", ["b", "a"], ["a b"], ["a", "b", "a"]]) assert.equal(name({ scope }), name({ scope: "a b" }), String(scope));
  assert.equal(name({ resource: ["y", "x"] }), name({ resource: ["x", "y"] }));
  assert.equal(name({ resource: "x" }), name({ resource: ["x"] }));
  assert.equal(name({ audience: "x" }), name({ audience: ["x"] }));
  assert.equal(name({ extra: { b: "1", a: "2" } }), name({ extra: { a: "2", b: "1" } }));
  const details = (more) => ({ authorizationDetails: [{ type: "t", ...more }] });
  assert.equal(name(details({ x: { b: 1, a: [2, 1] } })), name(details({ x: { a: [2, 1], b: 1 } })));
  const others = [
    {},
    { scope: "a" },
    { scope: "a b" },
    { scope: "a\nub" },
    { scope: "a\\nub" },
    { resource: "x" },
    { resource: ["x", "y"] },
    { resource: "x\nry" },
    { audience: "x" },
    { audience: ["x", "y"] },
    { organisation: "x" },
    { organisation: "y" },
    { subject: "x" },
    { subject: "12345678901" },
    { scope: "a", subject: "12345678901" },
    { extra: { x: "y" } },
    { extra: { y: "x" } },
    { extra: { claims: "{}" } },
    { assertionClaims: {} },
    { assertionClaims: { pid: "1" } },
    { assertionClaims: { pid: "2" } },
    details({}),
    details({ x: 1 }),
    details({ x: "1" }),
    details({ x: [2, 1] }),
    details({ x: [1, 2] }),
    { scope: "a", resource: "b" },
    { scope: "b", resource: "a" },
  ];
  assert.equal(new Set(others.map(name)).size, others.length);
  assert.notEqual(nameOf(base + line("k", "1"), {}), name({}));
});
