// Each cold start that the bench times does what it says, in a process of its own; how fast is the bench's.

import assert from "node:assert/strict";
import { test } from "node:test";

import { JOBS, cold } from "../../benches/cold.mjs";

test("every cold start runs", () => {
  assert.ok(JOBS.length > 25);
  for (const job of JOBS) assert.ok(cold(job) > 0, job);
});
