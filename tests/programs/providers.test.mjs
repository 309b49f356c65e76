// The crate's clients of providers, natively, against the local ones: HelseID, Maskinporten and its self-service, ACM/IDM with eLys,
// Region Halland's AD FS and gateway, ID-porten. Each from a login or a grant to an API's answer (tests/native/local.rs).
// Refuses to skip: without cargo, or a build, it fails; what went over the wire is counted here.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startWorld } from "../lib/local_world.mjs";
import { run } from "../lib/process.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FEATURES = "reqwest,aws-lc-rs,redis,axum,tower,testing,tracing,rustls,blocking";
const world = await startWorld();
after(() => world.close());

test("clients of providers get through, from a login or a grant to an API", async () => {
  const args = ["test", "--locked", "--features", FEATURES, "--test", "native", "--", "--exact", "local::clients_of_providers_get_through", "--nocapture"];
  const env = { ...process.env, SAMTYKKE_LOCAL_WORLD: world.origin, NO_PROXY: "127.0.0.1,localhost" };
  const { code, stdout, stderr } = await run("cargo", args, { cwd: ROOT, env, timeoutMs: 15 * 60_000 });
  assert.equal(code, 0, stdout + stderr);
  const through = [...stdout.matchAll(/^through (\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(through, ["helseid", "maskinporten", "acmidm", "halland", "idporten"]);

  const { local } = world;
  const grants = (name) => local[name].requests("token").map(({ form }) => form.grant_type);
  // One refresh for the audience that was not there, and one of the session that was stored, which knows no token.
  assert.deepEqual(grants("helseid"), ["authorization_code", "refresh_token", "refresh_token"]);
  assert.deepEqual(grants("idporten"), ["authorization_code", "refresh_token"]);
  assert.deepEqual(grants("acmidm"), ["client_credentials", "authorization_code", "authorization_code"]);
  assert.deepEqual(grants("halland"), ["client_credentials", "client_credentials"]);
  assert.equal(local.maskinporten.requests("token").length, 3);
  assert.deepEqual(
    world.api.refused.filter((rule) => rule !== "exactly one DPoP header"),
    [],
  );
});
