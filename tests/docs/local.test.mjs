// The blocks that try a system locally: each starts its provider, and gets from it what it is for.
// docs/systems, "Try it locally", and docs/recipes/testing.md.
// Refuses a block that gets nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../lib/documents.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();

test("Maskinporten gives a token", async () => {
  const { tokenType, expiresIn } = await load("local-maskinporten");
  assert.equal(tokenType, "Bearer");
  assert.ok(expiresIn > 0);
});

test("HelseID logs a person in", async () => {
  const { claims } = await load("local-helseid");
  assert.equal(claims["helseid://claims/identity/security_level"], "4");
});

test("ACM/IDM and eLys know the organisation", async () => {
  const { matches, organisationName } = await load("local-acmidm");
  assert.deepEqual([matches, organisationName], [true, "Testgemeente"]);
});

test("Region Halland's gateway lets the call through", async () => {
  assert.equal((await load("local-halland")).status, 200);
});

test("norskgjeld tells a person's debt", async () => {
  assert.ok((await load("local-norskgjeld")).loans.length > 0);
});

test("a generic server logs in, and fails on demand", async () => {
  const { claims, refused } = await load("local-generic");
  assert.ok(claims.sub);
  assert.equal(refused, "http_status_unexpected");
});
