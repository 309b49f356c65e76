// DPoP keys in the three browsers' own IndexedDB, by the packed package.

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { before, test } from "node:test";
import { installTarball, pack } from "../lib/pack.mjs";
import { runSuite } from "./index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
let packageDir;
before(async () => {
  const folder = join(root, "target", "dpop-store");
  packageDir = await installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
});

test("a DPoP key stays in the browser, and cannot be read out", async (t) => {
  for (const runtime of ["chromium", "firefox", "webkit"]) {
    await t.test(runtime, async (one) => {
      const outcome = await runSuite({ runtime, packageDir, suite: fileURLToPath(new URL("./suites/dpop_store.mjs", import.meta.url)) });
      if (outcome.unavailable) {
        console.log(`gap: DPoP keys in ${runtime}: ${outcome.unavailable}`);
        return one.skip(outcome.unavailable);
      }
      assert.ok(outcome.ok, `${outcome.error}\n${outcome.stack}`);
      const { shown, ...facts } = outcome.output;
      assert.deepEqual(facts, { same: true, apart: true, renewed: true, verifies: true });
      assert.ok(!("d" in JSON.parse(shown).publicJwk));
    });
  }
});
