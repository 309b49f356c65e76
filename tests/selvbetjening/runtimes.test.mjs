// The way back in each runtime that a program or worker of this kind runs in, by the packed package.
// Node, Deno and Bun listen on loopback by their own servers; workerd cannot, says so, and has the route.

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installTarball, pack } from "../lib/pack.mjs";
import { freePort } from "../lib/server.mjs";
import { runSuite } from "../runtimes/index.mjs";

const folder = join(fileURLToPath(new URL("../..", import.meta.url)), "target", "selvbetjening");
let packageDir;
before(async () => {
  packageDir = await installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
});

for (const runtime of ["node", "deno", "bun", "workerd"]) {
  test(`${runtime} takes the person back`, async (t) => {
    const port = await freePort();
    const suite = fileURLToPath(new URL("./suites/return.mjs", import.meta.url));
    const outcome = await runSuite({ runtime, packageDir, suite, input: { port }, network: runtime === "workerd" ? [] : [`http://127.0.0.1:${port}`] });
    if (outcome.unavailable) {
      console.log(`gap: Selvbetjening in ${runtime}: ${outcome.unavailable}`);
      return t.skip(outcome.unavailable);
    }
    assert.ok(outcome.ok, `${outcome.error}\n${outcome.stack}`);
    const { received, routed } = outcome.output;
    if (runtime === "workerd") assert.equal(received, "invalid_configuration");
    else
      assert.deepEqual(received, {
        answers: [
          [404, ""],
          [405, ""],
          [200, "Confirmed. You can close this page."],
        ],
        same: true,
      });
    assert.deepEqual(routed, {
      sent: [["https://api.selvbetjening.test.nhn.no/v1/client-drafts", "k", "string"]],
      confirmUrl: "https://selvbetjening.test.nhn.no/confirm-client/c-1",
      answers: [400, 200, 409],
    });
  });
}
