// The whole consent flow from the packed tarball alone, in an empty Vite project and an empty worker: node tests/packaging/flow.mjs [--tarball FILE]
// The README's blocks are the application; the local norskgjeld is the provider, over HTTP; a person clicks in Chromium.
// Refuses to pass over anything: a failed step ends in exit 1; what could not run is a line "gap: …", and fails where CI is set.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startNorskgjeld } from "samtykke-local/norskgjeld";
import { launchChromium } from "../lib/browsers.mjs";
import { pack } from "../lib/pack.mjs";
import { freePort } from "../lib/server.mjs";
import { removeDir, tempDir } from "../lib/temp.mjs";
import { until } from "../lib/wait.mjs";
import { buildPage, makePage, makeWorker, pageTools, runWorker, startDev, workerTools } from "./flow/sites.mjs";
import { noViolations, pageDenied, pageFlow, unknownPath, workerDenied, workerFlow } from "./flow/steps.mjs";
import { installed } from "./workspace.mjs";

/** The programs below this process that are workerd: none may be left. Null where `ps` is not known. */
function workerds() {
  if (process.platform === "win32") return null;
  const rows = execFileSync("ps", ["-A", "-o", "ppid=,comm="], { encoding: "utf8" }).trim().split("\n");
  return rows.filter((row) => row.trim().startsWith(`${process.pid} `) && row.includes("workerd"));
}

/**
 * @param {{tarball?: string, report?: (line: string) => void}} options
 * @returns {Promise<{ok: string[], failed: string[], gaps: string[]}>} the names of the steps
 */
export async function runFlow({ tarball, report = console.log } = {}) {
  const result = { ok: [], failed: [], gaps: [] };
  const home = tempDir("packaging-flow");
  const closing = [];
  /** Runs one step. What it gives is undefined after a failure, and steps that need it are then not begun. */
  const step = async (name, work, { note = () => "" } = {}) => {
    const started = performance.now();
    try {
      const value = await work();
      const text = note(value);
      report(`ok     ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)${text ? `  ${text}` : ""}`);
      result.ok.push(name);
      return value ?? true;
    } catch (error) {
      report(`FAILED ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)\n${error.stack}`);
      result.failed.push(name);
      return undefined;
    }
  };
  const say = (value) => (typeof value === "string" ? value : "");
  const started = (one) => {
    closing.push(async () => (one.close ? one.close() : one.stop()));
    return one;
  };

  const all = async () => {
    const provider = started(await startNorskgjeld({ authPort: 0, apiPort: 0 }));
    const packed = await step("pack", async () => resolve(tarball ?? (await pack(join(home, "packed")))));
    if (!packed) return;
    const [pageDir, workerDir] = ["vite", "workerd"].map((name) => join(home, name));
    mkdirSync(pageDir);
    const page = await step("vite-install", async () => {
      await makePage({ tarball: packed, dir: pageDir });
      return installed(pageDir);
    });
    const dist = page && (await step("vite-build", () => buildPage(pageDir, provider)));
    const modules = await step("workerd-install-and-bundle", () => makeWorker({ tarball: packed, dir: workerDir }));
    if (!dist || !modules) return;
    report(
      `ran: samtykke ${page.version}, vite ${pageTools.vite}, esbuild ${workerTools.esbuild}, miniflare ${workerTools.miniflare}, node ${process.versions.node}`,
    );

    const devPort = await freePort();
    const worker = (options) => runWorker({ dir: workerDir, modules, provider, ...options });
    const sites = await step("workerd-start", async () => ({
      page: started(await worker({ assets: dist.ofPage })),
      worker: started(await worker({ assets: dist.ofWorker })),
      dev: started(await worker({ origin: `http://localhost:${devPort}` })),
    }));
    if (!sites) return;

    const { browser, why } = await launchChromium();
    if (why) {
      for (const name of ["page-flow", "page-denied", "worker-flow", "worker-denied", "worker-unknown-path", "vite-dev-flow"]) {
        report(`gap: ${name}: ${why}`);
        result.gaps.push(name);
      }
      return;
    }
    started(browser);
    report(`ran: chromium ${browser.version()}`);
    await step("page-flow", () => pageFlow(browser, sites.page, provider), { note: say });
    await step("page-denied", () => pageDenied(browser, sites.page, provider));
    await step("worker-flow", () => workerFlow(browser, sites.worker, provider));
    await step("worker-denied", () => workerDenied(browser, sites.worker, provider));
    await step("worker-unknown-path", () => unknownPath(browser, sites.worker, provider));
    await step(
      "vite-dev-flow",
      async () => {
        started(await startDev(pageDir, { provider, port: devPort, workerUrl: sites.dev.url }));
        return pageFlow(browser, sites.dev, provider, { csp: false }); // Vite's dev server sends no policy of ours
      },
      { note: say },
    );
    await step("no-violation-at-the-provider", async () => noViolations(provider));
  };

  try {
    await all();
  } finally {
    await step("close", async () => {
      const ends = [];
      for (const close of closing.reverse()) ends.push(...(await Promise.allSettled([close()])));
      assert.deepEqual(
        ends.filter((end) => end.status === "rejected").map((end) => end.reason.message),
        [],
      );
      if (workerds()) await until("the end of every workerd", () => workerds().length === 0, 5_000);
    });
    removeDir(home);
  }
  assert.ok(result.ok.length + result.failed.length > 0);
  return result;
}

async function main() {
  const { values } = parseArgs({ options: { tarball: { type: "string" } } });
  const { ok, failed, gaps } = await runFlow({ tarball: values.tarball });
  console.log(`\n${ok.length} passed, ${failed.length} failed${gaps.length ? `, ${gaps.length} not run here` : ""}`);
  process.exitCode = failed.length || (gaps.length && process.env.CI) ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
