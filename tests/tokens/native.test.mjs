// The native example's source over the crate's TokenCache, against the local Maskinporten: threads of one process.
// Refuses to skip: without cargo, or without a build, it fails.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { startProgram } = await import("../maskinporten/program.mjs");
const program = await startProgram("tokens");
const { mp } = program;
after(program.close);

/** Also says how many questions it put, each with an assertion of its own. */
async function run(settings) {
  const from = mp.control.assertions.length;
  const ended = await program.run(settings);
  const asked = mp.control.assertions.slice(from).map(({ claims }) => claims.jti);
  assert.equal(new Set(asked).size, asked.length);
  return { ...ended, asked: asked.length };
}

test("a thousand threads get one token by one question", async () => {
  const { ok, output, asked } = await run({ CALLERS: "1000" });
  assert.ok(ok, output);
  assert.match(output, /^given 1000 of 1000, different 1$/m);
  assert.equal(asked, 1);
});

test("a token that all of them saw refused is replaced once", async () => {
  const { ok, output, asked } = await run({ RENEW: "yes" });
  assert.ok(ok, output);
  assert.match(output, /^given 100 of 100, different [12]$/m);
  assert.equal(asked, 2);
});

test("a server in trouble is asked three times in all; one that gets well ends it", async () => {
  for (let at = 0; at < 2; at++) mp.control.fault({ status: 503 });
  const well = await run();
  assert.ok(well.ok, well.output);
  assert.deepEqual([well.asked, /different 1$/m.test(well.output)], [3, true]);
  for (let at = 0; at < 3; at++) mp.control.fault({ status: 503 });
  const down = await run();
  assert.deepEqual([down.ok, down.asked, /^given 0 of 100/m.test(down.output)], [false, 3, true], down.output);
});

test("a refusal is asked for once, and told to all", async () => {
  mp.control.fault("MP-250");
  const { ok, output, asked } = await run();
  assert.deepEqual([ok, asked, /^given 0 of 100/m.test(output)], [false, 1, true], output);
});
