// The frameworks' six minutes are counted as they pass on a clock, and by names that exist.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FRAMEWORKS, MOST, secondsOf } from "../packaging/limit.mjs";
import { projects } from "../packaging/run.mjs";

test("what runs at once counts once, what others take not at all", () => {
  const result = (name, began, seconds) => ({ name, began, ms: seconds * 1000 });
  assert.equal(secondsOf([]), 0);
  assert.equal(secondsOf([result("hono", 0, 10), result("next", 5_000, 2), result("express", 9_000, 4), result("nuxt", 20_000, 5)]), 18);
  assert.equal(secondsOf([result("nuxt", 20_000, 5), result("vitest", 0, 500)]), 5);
  assert.ok(secondsOf([result("next", 0, MOST), result("sveltekit", MOST * 1000, 1)]) > MOST);
});

test("each framework is a project", () => {
  const names = projects.map(({ name }) => name);
  for (const name of FRAMEWORKS) assert.ok(names.includes(name), name);
});
