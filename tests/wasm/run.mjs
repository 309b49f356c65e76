// Runs the tests of Rust on wasm in Chromium, Firefox, WebKit, dedicated workers and Node, against a server that it starts.
// wasm-bindgen's own test runner does the work; one line for each environment, `gap:` for one that this machine lacks.
// A Chromium without its driver is opened by Playwright, at the page that the runner then only serves.
// Refuses to call it passed when nothing ran, when a test was left out, or when a run was not where it was meant to be.
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBindgen, ensureChromium, findBrowsers } from "../../pkg/toolchain.mjs";
import { chromiumFlags, detectBrowser, openBrowser, openDisplay } from "../lib/browsers.mjs";
import { run, start, tail } from "../lib/process.mjs";
import { openToPages, startWorld } from "../lib/local_world.mjs";
import { freePort } from "../lib/server.mjs";
import { tempDir } from "../lib/temp.mjs";
import { startServer } from "./server.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const gaps = [];
const { wasmBindgenTestRunner } = await ensureBindgen(gaps);
if (!wasmBindgenTestRunner) {
  console.log(gaps.map(({ what, why, run: command }) => `gap: Rust shell: ${what}: ${why}; run: ${command}`).join("\n"));
  process.exit(1);
}

await ensureChromium();
const on = findBrowsers();
const browser = { WASM_BINDGEN_USE_BROWSER: "1" };
const worker = { WASM_BINDGEN_USE_DEDICATED_WORKER: "1" };
const chromium = { driver: on.chromedriver && { CHROMEDRIVER: on.chromedriver }, needs: [["chromium", on.chromium]] };
const firefox = {
  driver: { GECKODRIVER: on.geckodriver },
  needs: [
    ["firefox", on.firefox],
    ["geckodriver", on.geckodriver],
  ],
};
// The runner asks the driver it takes for Safari's for a session without options; WebKitGTK's then starts its own MiniBrowser.
const webkit = {
  driver: { SAFARIDRIVER: on.webkitdriver },
  display: true,
  needs: [
    ["WebKitWebDriver", on.webkitdriver],
    ["MiniBrowser", on.minibrowser],
    ["Xvfb", on.xvfb],
  ],
};
const environments = [
  { name: "Node", scope: "Object", env: { WASM_BINDGEN_USE_NODE_EXPERIMENTAL: "1" }, needs: [], version: process.version },
  { name: "Chromium", scope: "Window", browser: "chromium", env: browser, ...chromium },
  { name: "a worker in Chromium", scope: "DedicatedWorkerGlobalScope", browser: "chromium", env: worker, ...chromium },
  { name: "Firefox", scope: "Window", browser: "firefox", env: browser, ...firefox },
  { name: "a worker in Firefox", scope: "DedicatedWorkerGlobalScope", browser: "firefox", env: worker, ...firefox },
  { name: "WebKit", scope: "Window", browser: "webkit", env: browser, ...webkit },
  { name: "a worker in WebKit", scope: "DedicatedWorkerGlobalScope", browser: "webkit", env: worker, ...webkit },
];

/** How the driver starts its browser: headless, quiet, and by the path that was found. */
function capabilities(home) {
  const file = join(home, "webdriver.json");
  writeFileSync(
    file,
    JSON.stringify({
      "goog:chromeOptions": { binary: on.chromium, args: [...chromiumFlags, `--user-data-dir=${join(home, "profile")}`] },
      "moz:firefoxOptions": {
        binary: on.firefox,
        args: ["-headless"],
        prefs: {
          "app.update.enabled": false,
          "network.captive-portal-service.enabled": false,
          "network.connectivity-service.enabled": false,
          "services.settings.server": "data:,",
          "toolkit.telemetry.server": "",
          "datareporting.policy.dataSubmissionEnabled": false,
          // Pages at 127.0.0.1 may ask a server at localhost.
          "network.lna.enabled": false,
        },
      },
    }),
  );
  return file;
}

/** The runner serves the tests' page and is ended; the browser is opened here, and what the page says is the outcome. */
async function withoutDriver(name, wasm, { cwd, env }) {
  const address = `127.0.0.1:${await freePort()}`;
  const options = { cwd, env: { ...env, NO_HEADLESS: "1", WASM_BINDGEN_TEST_ADDRESS: address }, ready: (text) => text.includes(address) };
  const page = await start(wasmBindgenTestRunner, [wasm], options);
  const browser = await openBrowser(name).catch(async (error) => {
    await page.stop();
    throw error;
  });
  try {
    await browser.goto(`http://${address}/`);
    const ended = async () => {
      const text = await browser.text("#output");
      return text?.includes("test result: ") && text;
    };
    return { code: 0, stdout: await browser.until("the tests' result", ended, 180_000), stderr: "" };
  } catch (error) {
    return { code: 1, stdout: (await browser.text("#output").catch(() => "")) ?? "", stderr: error.message };
  } finally {
    await browser.close();
    await page.stop();
  }
}

const server = await startServer();
const world = await startWorld();
const closeToPages = openToPages();
const only = process.argv.slice(2);
const numbers = new Set();
let failed = false;
try {
  const base = {
    ...process.env,
    SAMTYKKE_TEST_SERVER: server.origin,
    SAMTYKKE_LOCAL_WORLD: world.origin,
    PATH: [dirname(wasmBindgenTestRunner), process.env.PATH].join(delimiter),
  };
  for (const name of ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"]) for (const part of ["", "_REMOTE", "_ARGS"]) delete base[name + part];
  const cargo = ["test", "--locked", "--target", "wasm32-unknown-unknown", "--features", "fetch,p256"];
  const built = await run("cargo", [...cargo, "--test", "wasm", "--no-run"], { cwd: root, env: base, timeoutMs: 15 * 60_000 });
  if (built.code !== 0) throw new Error(tail(built.stdout + built.stderr, 60));

  for (const { name, scope, browser: which, env, driver, display, needs, version } of environments) {
    if (only.length && !only.some((word) => name.toLowerCase().includes(word))) continue;
    const missing = needs.find(([, path]) => !path);
    if (missing) {
      console.log(`gap: Rust shell in ${name}: ${missing[0]} was not found`);
      continue;
    }
    // Its own empty home: Firefox will not start in another's, and nothing is left in the person's profile.
    const home = tempDir("rust-wasm");
    mkdirSync(join(home, "profile"));
    server.scopes.clear();
    const own = which
      ? { ...driver, WASM_BINDGEN_TEST_WEBDRIVER_JSON: capabilities(home), WASM_BINDGEN_TEST_TIMEOUT: "180", WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "60" }
      : {};
    const screen = display && (await openDisplay(on, home));
    if (screen) own.DISPLAY = `:${screen.value}`;
    const runner = { cwd: root, env: { ...base, HOME: home, USERPROFILE: home, ...env, ...own }, timeoutMs: 6 * 60_000 };
    const result = await (which && !driver
      ? withoutDriver(which, artifact(built.stderr), runner)
      : run(wasmBindgenTestRunner, [artifact(built.stderr)], runner));
    await screen?.stop({ gentleMs: 2_000 });
    const text = result.stdout + result.stderr;
    const [, passed, rest] = text.match(/test result: ok\. (\d+) passed; 0 failed; (\d+) ignored/) ?? [];
    const ok = result.code === 0 && Number(passed) > 0 && rest === "0" && server.scopes.has(scope) && server.scopes.size === 1;
    if (ok) {
      numbers.add(passed);
      console.log(`ran: Rust shell in ${name} (${version ?? (await detectBrowser(which)).version}): ${passed} tests`);
    } else {
      failed = true;
      console.log(`failed: Rust shell in ${name}; expected the scope ${scope}, the server saw: ${[...server.scopes].join(", ") || "none"}\n${tail(text, 80)}`);
    }
  }
  if (numbers.size > 1) throw new Error(`the environments did not run the same tests: ${[...numbers].join(", ")}`);
  if (!numbers.size) failed = true;

  // The examples in the documentation of the shell compile; they are not run, having nobody to talk to.
  if (!only.length) {
    const docs = await run("cargo", [...cargo, "--doc", "fetch"], { cwd: root, env: base, timeoutMs: 10 * 60_000 });
    const [, compiled] = (docs.stdout + docs.stderr).match(/test result: ok\. (\d+) passed/) ?? [];
    if (docs.code === 0 && Number(compiled) > 0) console.log(`ran: Rust shell's documentation: ${compiled} examples`);
    else {
      failed = true;
      console.log(`failed: Rust shell's documentation\n${tail(docs.stdout + docs.stderr, 60)}`);
    }
  }
} catch (error) {
  failed = true;
  console.log(`failed: ${error.message}`);
} finally {
  closeToPages();
  await world.close();
  await server.close();
}
process.exitCode = failed ? 1 : 0;

/** The test's wasm, as cargo names it when it has built it. */
function artifact(output) {
  const found = output.match(/Executable .*\((.+\.wasm)\)/);
  if (!found) throw new Error(`cargo named no test\n${tail(output)}`);
  return resolve(root, found[1]); // relative to the project, unless the target folder is elsewhere
}
