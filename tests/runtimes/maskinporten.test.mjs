// Maskinporten's client and self-service in the runtimes that servers and workers have, by the packed package.

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installTarball, pack } from "../lib/pack.mjs";
import { runSuite } from "./index.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const API = "/api/v1/scopes";
let packageDir;
before(async () => {
  const folder = join(root, "target", "maskinporten-runtimes");
  packageDir = await installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
});

for (const runtime of ["node", "workerd", "deno", "bun"]) {
  test(`Maskinporten in ${runtime}`, async (t) => {
    const outcome = await runSuite({ runtime, packageDir, suite: fileURLToPath(new URL("./suites/maskinporten.mjs", import.meta.url)) });
    if (outcome.unavailable) {
      console.log(`gap: Maskinporten in ${runtime}: ${outcome.unavailable}`);
      return t.skip(outcome.unavailable);
    }
    assert.ok(outcome.ok, `${outcome.error}\n${outcome.stack}`);
    const { sent, ...facts } = outcome.output;
    const grant = {
      url: "https://test.maskinporten.no/token",
      grant: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      alg: "RS256",
      kid: "k",
      aud: "https://test.maskinporten.no/",
      life: 120,
    };
    assert.deepEqual(sent, [
      { ...grant, names: "aud exp iat iss jti resource scope" },
      { call: `POST ${API}`, bearer: "Bearer token-1" },
      { call: `PUT ${API}/access/889640782?scope=difitest%3Athings`, bearer: "Bearer token-1" },
      { ...grant, names: "aud exp iat iss jti scope" },
    ]);
    assert.deepEqual(facts, {
      ids: 2,
      expiresIn: 119,
      name: "difitest:things",
      state: "APPROVED",
      denied: ["MP-250", "access", "never"],
      refused: "invalid_parameter",
    });
  });
}
