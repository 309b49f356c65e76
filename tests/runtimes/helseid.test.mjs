// HelseID's client in the runtimes that servers and workers have, by the packed package.

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installTarball, pack } from "../lib/pack.mjs";
import { runSuite } from "./index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
let packageDir;
before(async () => {
  const folder = join(root, "target", "helseid-runtimes");
  packageDir = await installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
});

for (const runtime of ["node", "workerd", "deno", "bun"]) {
  test(`HelseID in ${runtime}`, async (t) => {
    const outcome = await runSuite({ runtime, packageDir, suite: fileURLToPath(new URL("./suites/helseid.mjs", import.meta.url)) });
    if (outcome.unavailable) {
      console.log(`gap: HelseID in ${runtime}: ${outcome.unavailable}`);
      return t.skip(outcome.unavailable);
    }
    assert.ok(outcome.ok, `${outcome.error}\n${outcome.stack}`);
    const { sent, refused, ...facts } = outcome.output;
    const one = {
      url: "https://helseid-sts.test.nhn.no/connect/token",
      typ: "client-authentication+jwt",
      aud: "https://helseid-sts.test.nhn.no",
      details: "helseid_authorization",
    };
    assert.deepEqual(sent, [one, { ...one, nonce: "n-1" }]);
    assert.deepEqual(facts, { same: true, type: "DPoP", rejected: ["a:b/c"] });
    assert.equal(refused.code, "invalid_parameter");
    assert.match(refused.expected, /nine digits/);
    assert.ok(refused.hint);
  });
}
