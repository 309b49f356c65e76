// The edge's sessions in the runtimes that servers and workers have, by the packed package.

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installTarball, pack } from "../lib/pack.mjs";
import { runSuite } from "./index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
let packageDir;
before(async () => {
  const folder = join(root, "target", "edge-runtimes");
  packageDir = await installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
});

for (const runtime of ["node", "workerd", "deno", "bun"]) {
  test(`sessions in ${runtime}`, async (t) => {
    const outcome = await runSuite({ runtime, packageDir, suite: fileURLToPath(new URL("./suites/edge.mjs", import.meta.url)) });
    if (outcome.unavailable) {
      console.log(`gap: sessions in ${runtime}: ${outcome.unavailable}`);
      return t.skip(outcome.unavailable);
    }
    assert.ok(outcome.ok, `${outcome.error}\n${outcome.stack}`);
    const usual = {
      home: "/home",
      kept: ["kari", "1", true, true],
      same: 1,
      refresh: 1,
      fresh: true,
      hint: true,
      left: null,
      revoked: 1,
      small: true,
      waited: true,
      errors: [],
    };
    assert.deepEqual(outcome.output.cookies, { ...usual, cookieStays: false });
    assert.deepEqual(outcome.output.store, { ...usual, cookieStays: true });
  });
}
