// PKCS#12 in workerd, which compiles no text: neither this entry nor the library under it asks for that.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Miniflare } from "miniflare";
import { linkPackage } from "../verdicts/run.mjs";
import { bundleWorker } from "./workerd.mjs";

linkPackage();

test("keys in PKCS#12 come out in workerd, by new and by older schemes", { timeout: 60_000 }, async (t) => {
  // As wrangler bundles: what a package names for browsers is taken (node-forge leaves Node's crypto out).
  const modules = await bundleWorker(fileURLToPath(new URL("pkcs12/worker.mjs", import.meta.url)), { platform: "browser" });
  const worker = new Miniflare({ modules, modulesRoot: "/", compatibilityDate: "2026-07-01", cf: false });
  t.after(() => worker.dispose());
  const at = await worker.ready;
  for (const [name, alg, password, signature] of [
    ["rsa-openssl3", "RS256", "grønn-bjørk 7", 256],
    ["rsa-openssl11", "RS256", "hunter2-hunter2", 256],
    ["p256-keytool", "ES256", "hunter2-hunter2", 64],
    ["p256-keytool-legacy", "ES256", "hunter2-hunter2", 64],
  ]) {
    const body = readFileSync(new URL(`../vectors/pkcs12/${name}.p12`, import.meta.url));
    const answer = await fetch(at, { method: "POST", body, headers: { "x-alg": alg, "x-password": encodeURIComponent(password) } });
    assert.deepEqual(await answer.json(), { signature, certificates: 3 }, name);
  }
});
