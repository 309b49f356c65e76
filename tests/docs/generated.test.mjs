// What is generated and committed is what its sources say, and the generator refuses what it does not know.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { factsOf, generated, providers, rustOf } from "../../pkg/generate.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (file) => (existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), "utf8") : undefined);

test("each generated file is as its sources have it: npm run generate", () => {
  const files = generated();
  assert.ok(files.size > 1.5 * providers().length);
  for (const [file, source] of files) assert.equal(read(file), source, file);
});

test("every provider's folder has its facts, with a source, and no generated file is left over", () => {
  const folders = readdirSync(join(ROOT, "src", "provider"), { withFileTypes: true }).filter((one) => one.isDirectory());
  assert.deepEqual(
    folders.map(({ name }) => name),
    providers(),
  );
  const files = generated();
  for (const id of providers()) {
    assert.ok(factsOf(id).sources.length > 0, id);
    for (const file of [`src/provider/${id}/data.rs`, `pkg/src/providers/${id}/data.ts`]) assert.equal(read(file) !== undefined, files.has(file), file);
  }
});

test("a member that the generator does not know, and a row that is too short, are refused", () => {
  const facts = factsOf("adfs");
  for (const [wrong, says] of [
    [{ ...facts, endpoint: {} }, /provider.json has no member "endpoint"/],
    [{ ...facts, requests: { fee_resource: true } }, /requests has no member "fee_resource"/],
    [{ ...facts, requests: { assertion: { lifetme: 1 } } }, /assertion has no member "lifetme"/],
    [{ ...facts, endpoints: { token: "/t" } }, /endpoints has no member "token"/],
    [{ ...facts, tables: { t: { about: "", columns: ["a", "b"], rows: [["1"]] } } }, /1 has 1 values of 2/],
  ])
    assert.throws(() => rustOf("adfs", wrong), says);
});
