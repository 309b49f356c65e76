// Installs the packed tarball into small real projects and runs them: node tests/packaging/run.mjs [--tarball FILE] [--jobs N] [names…]
// Each project is an application of a few lines in one bundler, runtime or compiler; its output is compared, not its exit code alone.
// Refuses to pass over anything: a failed project ends in exit 1; one that cannot run here is named, and fails where CI is set.
import { cpus } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { detectBrowser } from "../lib/browsers.mjs";
import { pack } from "../lib/pack.mjs";
import { removeDir, tempDir } from "../lib/temp.mjs";
import * as bun from "./projects/bun/run.mjs";
import * as demoWorker from "./projects/demo-worker/run.mjs";
import * as deno from "./projects/deno/run.mjs";
import * as esbuild from "./projects/esbuild/build.mjs";
import * as importMap from "./projects/import-map/page.mjs";
import * as nuxt from "./projects/nuxt/run.mjs";
import * as reactRouter from "./projects/react-router/run.mjs";
import * as jest from "./projects/jest/run.mjs";
import * as attw from "./projects/lint/attw.mjs";
import * as publint from "./projects/lint/publint.mjs";
import * as next from "./projects/next/build.mjs";
import * as nitro from "./projects/nitro/run.mjs";
import * as nodeCjs from "./projects/node/cjs.mjs";
import * as nodeEsm from "./projects/node/esm.mjs";
import * as express from "./projects/express/run.mjs";
import * as hono from "./projects/hono/run.mjs";
import * as nextEdge from "./projects/next-edge/run.mjs";
import * as publicClient from "./projects/public-client/run.mjs";
import { react, react18 } from "./projects/react/run.mjs";
import * as sveltekit from "./projects/sveltekit/run.mjs";
import * as parcel from "./projects/parcel/build.mjs";
import * as files from "./projects/tarball/files.mjs";
import * as typescript from "./projects/typescript/check.mjs";
import * as vitest from "./projects/vitest/run.mjs";
import * as viteBuild from "./projects/vite/build.mjs";
import * as viteDev from "./projects/vite/dev.mjs";
import * as vueSsr from "./projects/vue-ssr/run.mjs";
import * as webpack from "./projects/webpack/build.mjs";
import * as workerd from "./projects/workerd/run.mjs";
import { MOST, secondsOf } from "./limit.mjs";
import { makeProject } from "./workspace.mjs";

export const projects = [
  files,
  publint,
  attw,
  typescript,
  nodeEsm,
  nodeCjs,
  deno,
  bun,
  esbuild,
  importMap,
  viteDev,
  viteBuild,
  vueSsr,
  webpack,
  parcel,
  vitest,
  jest,
  nitro,
  workerd,
  demoWorker,
  next,
  express,
  hono,
  nextEdge,
  sveltekit,
  reactRouter,
  nuxt,
  publicClient,
  react,
  react18,
];

/** Runs one project in a fresh folder. Never throws: a failure is a result. */
async function runProject(project, { tarball, chromium, named }) {
  const started = performance.now();
  const result = (more) => ({ name: project.name, began: started, ms: Math.round(performance.now() - started), ...more });
  if (project.browser && !chromium.available) return result({ gap: chromium.why });
  if (project.ci && !named && !process.env.CI) return result({ later: "its tools are large: with --ci, or by name" });
  const dir = tempDir(`packaging-${project.name}`);
  try {
    await makeProject({ source: project.source, tools: project.tools, tarball, dir });
    const note = await project.check({ dir, tarball });
    return note?.gap ? result({ gap: note.gap }) : result({ ok: true, note: note ?? "" });
  } catch (error) {
    return error.gap ? result({ gap: error.gap }) : result({ ok: false, note: error.message });
  } finally {
    removeDir(dir);
  }
}

/**
 * @param {{tarball?: string, names?: string[], jobs?: number, report?: (result: object) => void}} options
 * @returns {Promise<{name: string, began: number, ms: number, ok?: boolean, note?: string, gap?: string}[]>} in the order of `projects`
 */
export async function runPackaging({ tarball, names = [], jobs = Math.min(2, cpus().length), report = () => {} } = {}) {
  const unknown = names.filter((name) => !projects.some((project) => project.name === name));
  if (unknown.length) throw new Error(`no project named ${unknown.join(", ")}; there are ${projects.map((project) => project.name).join(", ")}`);
  const chosen = projects.filter((project) => !names.length || names.includes(project.name));
  const packed = tempDir("packed");
  const context = { tarball: resolve(tarball ?? (await pack(packed))), chromium: await detectBrowser("chromium"), named: names.length > 0 };
  const results = [];
  const waiting = [...chosen];
  const worker = async () => {
    for (let project = waiting.shift(); project; project = waiting.shift()) {
      const result = await runProject(project, context);
      report(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  removeDir(packed);
  return results.sort((a, b) => chosen.findIndex((one) => one.name === a.name) - chosen.findIndex((one) => one.name === b.name));
}

const status = ({ ok, gap, later }) => (later ? "later" : gap ? "gap" : ok ? "ok" : "FAILED");

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { tarball: { type: "string" }, jobs: { type: "string" } } });
  const report = (result) => process.stderr.write(`${status(result).padEnd(7)}${result.name} (${(result.ms / 1000).toFixed(1)} s)\n`);
  const results = await runPackaging({ tarball: values.tarball, names: positionals, jobs: values.jobs ? Number(values.jobs) : undefined, report });
  for (const { name, note } of results.filter((one) => one.ok === false)) console.log(`\n---- ${name} ----\n${note}\n`);
  console.log("\nproject      result  seconds  note");
  for (const result of results) {
    const note = result.ok === false ? result.note.split("\n")[0] : (result.gap ?? result.later ?? result.note);
    console.log(`${result.name.padEnd(13)}${status(result).padEnd(8)}${(result.ms / 1000).toFixed(1).padStart(7)}  ${note}`.trimEnd());
  }
  // For the summary of `npm test`: what ran where, and what did not.
  const ran = results.filter((one) => one.ok).map((one) => one.name);
  if (ran.length) console.log(`\nran: the packed tarball in ${ran.join(", ")}`);
  for (const { name, gap } of results.filter((one) => one.gap)) console.log(`gap: the packed tarball in ${name}: ${gap}`);
  for (const { name, later } of results.filter((one) => one.later)) console.log(`gap: the packed tarball in ${name}: ${later}`);
  const seconds = secondsOf(results);
  const slow = seconds > MOST;
  if (slow) console.log(`\nthe frameworks took ${seconds.toFixed(0)} s together; ${MOST} s are theirs`);
  const failed = results.filter((one) => !one.ok && !one.later && (!one.gap || process.env.CI)).length + (slow ? 1 : 0);
  const gaps = results.filter((one) => one.gap || one.later).length;
  console.log(`\n${results.filter((one) => one.ok).length} passed, ${failed} failed${gaps ? `, ${gaps} not run here` : ""}`);
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
