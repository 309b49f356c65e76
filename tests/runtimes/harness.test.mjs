// Tests the runner of suites itself: what a suite returns comes back byte for byte, and every way to fail is told apart.
// The package here is a stand-in that says under which condition of `exports` it was loaded.
// Refuses to pass without its runtimes: one that is not available is skipped by name, and fails where CI is set.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../lib/server.mjs";
import { removeDir, tempDir } from "../lib/temp.mjs";
import { runSuite, runtimes } from "./index.mjs";

const only = process.env.SAMTYKKE_RUNTIMES?.split(",");
const browsers = ["chromium", "firefox", "webkit"];
const condition = {
  node: "node",
  node22: "node",
  node24: "node",
  workerd: "workerd",
  deno: "deno",
  bun: "bun",
  chromium: "browser",
  firefox: "browser",
  webkit: "browser",
};
const wasm = Buffer.from("0061736d01000000010401600000", "hex");
let packageDir;

const suites = {
  same: 'import { built } from "samtykke";\nimport { twice } from "./part.mjs";\nexport const run = (input) => { console.log("noise"); return { built, twice: twice(2), same: input }; };',
  part: "export const twice = (n) => 2 * n;",
  throws: 'export async function run() { throw new RangeError("æøå on purpose"); }',
  never: "export const run = () => new Promise((done) => setTimeout(done, 600_000));",
  loop: "export function run() { for (;;); }",
  nothing: "export const run = () => {};",
  bigint: "export const run = () => 1n;",
  nameless: "export const other = 1;",
  broken: 'throw new Error("at import");',
  rejects:
    'export const run = async () => { Promise.reject(new Error("nobody listens")); await new Promise((done) => setTimeout(done, 300)); return "late"; };',
  exits: "export const run = () => { globalThis.process.exit(0); };",
  fetches: 'export const run = async () => { try { return (await fetch("http://localhost:9/")).status; } catch (error) { return "refused"; } };',
  asks: 'export const run = (addresses) => Promise.all(addresses.map((address) => fetch(address).then(({ status }) => status, () => "refused")));',
  evaluates: 'export const run = () => { try { return new Function("return 1")(); } catch { return "caught"; } };',
};

before(() => {
  packageDir = tempDir("harness");
  const installed = join(packageDir, "node_modules", "samtykke");
  mkdirSync(installed, { recursive: true });
  const names = ["workerd", "deno", "bun", "browser", "node"];
  for (const name of names) {
    const check = name === "workerd" ? 'import module from "./part.wasm";\nnew WebAssembly.Instance(module);\n' : "";
    writeFileSync(join(installed, `${name}.js`), `${check}export const built = "${name}";\n`);
  }
  writeFileSync(join(installed, "part.wasm"), wasm);
  const exports = { ".": Object.fromEntries(names.map((name) => [name, `./${name}.js`])) };
  writeFileSync(join(installed, "package.json"), JSON.stringify({ name: "samtykke", version: "0.0.0", type: "module", exports }));
  for (const [name, text] of Object.entries(suites)) writeFileSync(join(packageDir, `${name}.mjs`), text);
});
after(() => removeDir(packageDir));

const letters = 'æøå ÆØÅ \u2028\u2029 \0 \u{1F1F3}\u{1F1F4} \ud800 \udfff \ufeff " \\ </script> \r\n';
const awkward = { letters, long: letters.repeat(60_000), numbers: [0.1, 1e21, -1], nested: [[null, { "": true }]] };

// Two at a time: most of it is waiting, for browsers to start and for time-outs.
describe("runtimes", { concurrency: 2 }, () => {
  for (const { name, detect } of runtimes) {
    if (only && !only.includes(name)) continue;
    describe(name, async () => {
      const found = await detect();
      if (!found.available) {
        test("available", { skip: !process.env.CI && found.why }, () => assert.fail(found.why));
        return;
      }
      const go = (suite, more) => runSuite({ runtime: name, packageDir, suite: join(packageDir, `${suite}.mjs`), timeoutMs: 60_000, ...more });
      const isBrowser = browsers.includes(name);

      test("gives back megabytes of awkward text unchanged, under the right condition", async () => {
        const result = await go("same", { input: awkward });
        assert.equal(result.ok, true, result.error);
        assert.deepEqual({ ...result.output, same: null }, { built: condition[name], twice: 4, same: null });
        assert.ok(result.output.same.long === awkward.long, "the long string differs");
        assert.deepEqual(result.output.same, awkward);
        assert.match(result.version, /\d/);
        assert.ok(result.ms > 0);
      });

      test("tells an error of the suite by name and text", async () => {
        const result = await go("throws");
        assert.equal(result.ok, false);
        assert.equal(result.error, "RangeError: æøå on purpose");
      });

      test("ends a suite in an endless loop", async () => {
        const started = Date.now();
        const result = await go("loop", { timeoutMs: 3_000 });
        assert.equal(result.ok, false);
        assert.equal(result.error, "timed out after 3000 ms");
        assert.ok(Date.now() - started < 30_000);
      });

      test("does not let a rejection that nobody handles pass", async () => {
        const result = await go("rejects");
        assert.equal(result.ok, false);
        assert.match(result.error + result.stack, /nobody listens/);
      });

      if (isBrowser) {
        test("fails a suite that would need a looser CSP", async () => {
          const result = await go("evaluates");
          assert.equal(result.ok, false, JSON.stringify(result));
          assert.match(result.error, /CSP was violated: script-src/);
        });
        return;
      }

      test("ends a suite that waits for ever", async () => {
        const result = await go("never", { timeoutMs: 2_000 });
        assert.equal(result.error, "timed out after 2000 ms");
      });

      test("refuses what JSON cannot hold, a suite without run, and one that fails at import", async () => {
        for (const [suite, text] of [
          ["nothing", /nothing that JSON can hold/],
          ["bigint", /^TypeError/],
          ["nameless", /no function named run/],
          ["broken", /^Error: at import$/],
        ]) {
          const result = await go(suite);
          assert.equal(result.ok, false, suite);
          assert.match(result.error, text, suite);
        }
      });

      if (name !== "workerd") {
        test("does not take a program that ended by itself for a result", async () => {
          const result = await go("exits");
          assert.equal(result.ok, false);
          assert.match(result.error, /ended with 0 and gave no outcome/);
        });
      }

      if (name === "deno" || name === "workerd") {
        test("has no network", async () => {
          assert.equal((await go("fetches")).output, "refused");
        });

        test("has the network that a suite is given", async () => {
          const servers = await Promise.all([0, 1].map(() => serve({ routes: { "/": (_, response) => response.end("there") } })));
          const [one, other] = servers.map(({ origin }) => origin);
          try {
            const { output, error } = await go("asks", { input: [one, other], network: [one] });
            assert.equal(output?.[0], 200, error);
            // workerd knows the machine's own network as one.
            if (name === "deno") assert.equal(output[1], "refused");
          } finally {
            await Promise.all(servers.map(({ close }) => close()));
          }
        });
      }
    });
  }
});

test("an unknown runtime is named, with those that exist", async () => {
  await assert.rejects(runSuite({ runtime: "rhino", packageDir, suite: "x" }), /no runtime named rhino; there are node, node22/);
});

test("a package that is not installed is a failure, not a result", async () => {
  const empty = tempDir("empty");
  const suite = join(packageDir, "same.mjs");
  const result = await runSuite({ runtime: "node", packageDir: empty, suite });
  assert.equal(result.ok, false);
  assert.match(result.error, /samtykke/);
});
