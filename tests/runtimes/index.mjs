// Runs one suite in any runtime that the package supports, and gives back what the suite returned.
// A suite is one ESM file: `export async function run(input)`, input and result JSON, the package imported by its name.
// Refuses to hide a failure: a runtime that is not there, a suite that throws, hangs or crashes each has its own plain answer.
import { resolve } from "node:path";
import { removeDir } from "../lib/temp.mjs";
import { bun } from "./bun.mjs";
import { chromium } from "./chromium.mjs";
import { deno } from "./deno.mjs";
import { firefox } from "./firefox.mjs";
import { node, node22, node24 } from "./node.mjs";
import { prepare } from "./prepare.mjs";
import { webkit } from "./webkit.mjs";
import { workerd } from "./workerd.mjs";

const known = [node, node22, node24, workerd, deno, bun, chromium, firefox, webkit];
const answers = new Map();

/** What `detect` said, asked once: it may install a runtime or start a program. */
function detected(runtime) {
  if (!answers.has(runtime.name)) {
    answers.set(
      runtime.name,
      runtime.detect().catch((error) => ({ available: false, why: error.message })),
    );
  }
  return answers.get(runtime.name);
}

/** The runtimes by name, each with `detect(): Promise<{available, version?, why?}>`. */
export const runtimes = known.map((runtime) => ({ name: runtime.name, detect: () => detected(runtime) }));

/**
 * @param {{runtime: string, packageDir: string, suite: string, input?: unknown, network?: string[], timeoutMs?: number}} task
 *   `packageDir` has node_modules/samtykke, installed from the packed tarball. `network`: origins on this machine
 *   that the suite may call; without it there is no network in Deno and workerd, and none but the page's own in browsers.
 * @returns {Promise<{ok: true, output: unknown, version: string, ms: number}
 *   | {ok: false, error: string, stack: string, version: string, ms: number} | {unavailable: string}>}
 */
export async function runSuite({ runtime, packageDir, suite, input = null, network = [], timeoutMs = 60_000 }) {
  const chosen = known.find((one) => one.name === runtime);
  if (!chosen) throw new Error(`no runtime named ${runtime}; there are ${known.map((one) => one.name).join(", ")}`);
  const found = await detected(chosen);
  if (!found.available) return { unavailable: found.why };
  const started = performance.now();
  let folder;
  try {
    const prepared = await prepare(resolve(packageDir), resolve(suite));
    folder = prepared.folder;
    const result = await chosen.run({ ...prepared, found, packageDir: resolve(packageDir), input, network, timeoutMs });
    found.version = result.version ?? found.version; // WebKit tells its version only while it runs
    return { version: found.version, ...result };
  } catch (error) {
    return { ok: false, error: error.message, stack: error.stack, version: found.version, ms: Math.round(performance.now() - started) };
  } finally {
    if (folder) removeDir(folder);
  }
}
