// The worker of the start page in workerd, with the settings that the page has people write, against the local norskgjeld.
// docs/start/worker.md, "Try it": its commands are run with a stand-in for npm, its wrangler.toml is read.
// Refuses a worker that answers a debt to somebody who did not log in.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Miniflare } from "miniflare";
import { BLOCKS, ROOT, block } from "../lib/documents.mjs";
import { modules } from "../lib/workerd_modules.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();

const only = (harness) => BLOCKS.find((one) => one.harness === harness).text;
const value = (toml, name) => toml.match(new RegExp(`^${name} = "?([^"\\n]+)"?$`, "m"))[1];

/** What the commands leave in an empty folder: the worker's variables, as wrangler reads them. */
function variables(t) {
  const folder = mkdtempSync(join(ROOT, "target", "block-worker-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "npm"), "#!/bin/sh\n");
  chmodSync(join(folder, "npm"), 0o755);
  const { status } = spawnSync("sh", ["-ec", only("worker-files")], { cwd: folder, env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } });
  assert.equal(status, 0);
  const lines = readFileSync(join(folder, ".dev.vars"), "utf8").trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).replace(/^'(.*)'$/, "$1")]));
}

test("the worker logs in at the local norskgjeld and answers the debt", { skip: process.platform === "win32" }, async (t) => {
  const { start } = await import("samtykke-local");
  const local = await start({ providers: ["norskgjeld"], port: 0 });
  t.after(() => local.close());
  const { environment, client, people } = local.norskgjeld;
  const bindings = variables(t);
  assert.deepEqual([bindings.CLIENT_ID, bindings.CLIENT_SECRET], [client.clientId, client.secret]);
  assert.ok(client.redirectUris.includes(bindings.REDIRECT_URI));
  const toml = only("worker-toml");
  assert.equal(new URL(bindings.REDIRECT_URI).port, value(toml, "port"));
  // The page's own change of the worker, with the addresses of this run.
  const worker = block("worker");
  assert.ok(worker.includes('environment: "preprod"'));
  const workerd = new Miniflare({
    cf: false,
    modules: await modules(worker.replace('environment: "preprod"', `environment: ${JSON.stringify(environment)}`)),
    compatibilityDate: value(toml, "compatibility_date"),
    bindings,
  });
  t.after(() => workerd.dispose());
  const jar = new Map();
  const ask = async (url) => {
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const response = await workerd.dispatchFetch(new URL(url, bindings.REDIRECT_URI), { redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, text] = line.match(/^([^=]+)=([^;]*)/);
      if (text) jar.set(name, text);
      else jar.delete(name);
    }
    return response;
  };
  assert.equal((await ask("/debt")).status, 401);
  const login = await ask("/login");
  const back = await local.norskgjeld.login(login.headers.get("location"), { person: people[0].name });
  assert.equal((await ask(back)).headers.get("location"), "/debt");
  assert.ok((await (await ask("/debt")).json()).length > 0);
});
