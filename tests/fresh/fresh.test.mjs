// `npm test` on a machine that has Rust and Node alone, run for real on one laid out so: with npm's Chromium, and with no browser at all.
// What cannot be had there is named and the run still passes; where CI asks for everything, the same is a failure.
// Refuses a run that passes by leaving something out unsaid.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { chromiumIn, hasChromium } from "../../pkg/chromium.mjs";
import { ask, cacheDir, npmChromium, versions, which } from "../../pkg/toolchain.mjs";
import { must, run } from "../lib/process.mjs";
import { freshMachine } from "./machine.mjs";

const skip = !hasChromium() && "npm brings a Chromium for Linux on x64 alone";
const folder = `chromium-${versions.chromium}`;
// A person's way by each of the two flows, and by keyboard alone: the stage itself runs them all in the browser that it finds.
const clicks = ["started by the page: a person sees", "started by the worker, for some days", "by keyboard alone: choose"];
const lines = ({ stdout }, start) => stdout.split("\n").filter((line) => line.startsWith(start));
const rows = (result) => Object.fromEntries([...result.stdout.matchAll(/^([a-z0-9-]+) +(passed|FAILED) +\d+$/gm)].map(([, name, how]) => [name, how]));
const said = (result) => `${result.stdout}\n${result.stderr}`;

/** The gaps that every machine without packages of its system has. */
const unnamed = (result, ...names) => names.filter((name) => !lines(result, "not run: ").some((line) => line.startsWith(`not run: ${name}: `)));

test("the machine laid out for these tests has no browser, no driver, no server and no package manager", { skip }, async () => {
  const { env } = freshMachine();
  const names = ["chromium", "google-chrome", "firefox", "chromedriver", "geckodriver", "WebKitWebDriver", "Xvfb", "redis-server", "apt-get", "sudo"];
  const program = `import { findBrowsers, which } from "./pkg/toolchain.mjs";
    const { minibrowser, ...found } = findBrowsers(); // WebKit's is looked for by its path, and useless without its driver
    console.log(JSON.stringify([...${JSON.stringify(names)}.map(which), ...Object.values(found)].filter(Boolean)));`;
  const { stdout } = await must(process.execPath, ["--input-type=module", "-e", program], { env });
  assert.deepEqual(JSON.parse(stdout), []);
});

test("with the Chromium from npm alone: clicks in the demo pass, and what is missing is named", { skip, timeout: 300_000 }, async () => {
  assert.ok(await npmChromium(), "npm's Chromium could not be had");
  const machine = freshMachine({ cached: [folder] });
  const result = await machine.test("--only", "e2e", "--match", clicks.join("|"));
  assert.equal(result.code, 0, said(result));
  const log = readFileSync(join(machine.logs, "e2e.log"), "utf8");
  for (const name of clicks) assert.ok(log.includes(`✔ ${name}`), `${name} did not run`);
  assert.deepEqual(rows(result), { e2e: "passed" });
  assert.match(result.stdout, new RegExp(`^ +the demo in chromium ${versions.chromium.split(".")[0]}\\.`, "m"));
  assert.deepEqual(unnamed(result, "chromedriver", "firefox", "webkit"), []);
  assert.match(result.stdout.trimEnd(), /\npassed, but for what was not run$/);
});

test("with no browser at all: passes, and says so; not where CI asks for everything", { skip, timeout: 300_000 }, async () => {
  const machine = freshMachine();
  const result = await machine.test("--only", "demo-check", "e2e");
  assert.equal(result.code, 0, said(result));
  assert.deepEqual(rows(result), { "demo-check": "passed", e2e: "passed" });
  assert.deepEqual(unnamed(result, "chromium", "firefox", "webkit", "the demo in Chromium"), []);
  assert.match(result.stdout.trimEnd(), /\npassed, but for what was not run$/);

  const strict = await machine.test("--ci", "--only", "e2e");
  assert.equal(strict.code, 1, said(strict));
  assert.deepEqual(rows(strict), { e2e: "passed" });
  assert.deepEqual(unnamed(strict, "chromium", "firefox", "webkit", "the demo in Chromium"), []);
  assert.match(strict.stdout.trimEnd(), /\nFAILED$/);
});

test("without a redis-server the stage of the token source passes, and names what it left out", { skip, timeout: 300_000 }, async () => {
  const { env } = freshMachine();
  const result = await run(process.execPath, ["--test", "--test-reporter=spec", "tests/tokens/redis.test.mjs"], { env, timeoutMs: 60_000 });
  assert.equal(result.code, 0, said(result));
  assert.match(result.stdout, /^gap: redis-server: it was not found; run: /m);
});

test("npm's Chromium needs nothing of the system but the C library", { skip: skip || (!which("ldd") && "ldd was not found") }, async () => {
  const program = await npmChromium();
  assert.ok(program, "npm's Chromium could not be had");
  assert.equal(program, chromiumIn(join(cacheDir(), folder)));
  const browser = join(program, "..");
  const libraries = ask("env", [`LD_LIBRARY_PATH=${join(browser, "lib")}`, "ldd", join(browser, "headless")])
    .split("\n")
    .map((line) => line.trim());
  assert.ok(libraries.length > 8, libraries.join("\n"));
  const system = /^(linux-vdso|lib(c|m|dl|pthread|rt|gcc_s)|\/lib\S*\/ld-linux-x86-64)\.so/;
  assert.deepEqual(
    libraries.filter((line) => !system.test(line) && !line.includes(`=> ${browser}/lib/`)),
    [],
  );
});
