// The native example against the local Maskinporten: a token, access granted, a client registered by each form of the
// self-service's addresses, trouble, a refusal, and nothing secret printed.
// Refuses to skip: without cargo, or without a build, it fails.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { startProgram } from "./program.mjs";
import { CUSTOMER, publicPart, rsaJwk } from "./support.mjs";

const { mp, folder, run, close } = await startProgram("maskinporten");
after(close);

test("a token, and access granted with it", async () => {
  const { ok, output } = await run({ GRANT: `${CUSTOMER} difitest:api3` });
  assert.ok(ok, output);
  assert.match(output, /^granted idporten:scopes\.write\nseconds 120\naccess 889640782 Approved$/m);
  assert.equal(mp.control.store.access("difitest:api3", CUSTOMER).state, "APPROVED");
});

test("trouble is tried again with new assertions, a refusal is told with what to do", async () => {
  const { assertions, fault } = mp.control;
  const before = assertions.length;
  fault({ status: 503 });
  fault({ destroy: true });
  const { ok, output } = await run();
  assert.ok(ok, output);
  assert.equal(new Set(assertions.slice(before).map(({ claims }) => claims.jti)).size, 3);
  fault("MP-110");
  const refused = await run();
  assert.equal(refused.ok, false);
  assert.match(refused.output, /^refused MP-110: The audience must be the issuer, slash included/m);
});

test("a client and its keys are registered by each form of the addresses", async () => {
  const { issuer, tokenEndpoint } = mp.environment;
  const [first, second] = [await rsaJwk("first"), await rsaJwk("first")];
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const files = ["first.json", "second.json", "third.pem", "private.json"].map((name) => join(folder, name));
  const texts = [
    JSON.stringify(publicPart(first)),
    JSON.stringify(publicPart(second)),
    publicKey.export({ type: "spki", format: "pem" }),
    JSON.stringify(first),
  ];
  for (const [at, file] of files.entries()) writeFileSync(file, texts[at]);
  const register = (form, given) =>
    run({
      ENVIRONMENT: `${issuer} ${tokenEndpoint} ${form === "guide" ? mp.guide : mp.origin} ${form}`,
      SCOPE: "idporten:dcr.read idporten:dcr.write",
      REGISTER: ["difitest:api3", ...given].join(" "),
    });
  const keysOf = (output) => mp.control.store.client(/^client (\S+)$/m.exec(output)[1]).jwks?.keys.map(({ n }) => n);
  for (const form of ["current", "unversioned", "guide"]) {
    const from = mp.control.bases.length;
    const { ok, output } = await register(form, files.slice(0, form === "guide" ? 2 : 3));
    assert.ok(ok, output);
    assert.match(output, /^replaced first$/m);
    assert.deepEqual([...new Set(mp.control.bases.slice(from))], form === "guide" ? [form] : [form, "v2"]);
    assert.deepEqual(keysOf(output), [second.n, ...(form === "guide" ? [] : [publicKey.export({ format: "jwk" }).n])]);
  }
  const none = await register("guide", files.slice(0, 3));
  assert.equal(none.ok, false, "the guide's base has no upload");
  assert.deepEqual(keysOf(none.output), [second.n]);
  const refused = await register("current", [files[3]]);
  assert.match(refused.output, /key_refused/);
  assert.equal(keysOf(refused.output), undefined);
  assert.deepEqual(mp.control.violations, []);
});
