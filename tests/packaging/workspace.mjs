// Makes the folder of one mini-project: its own files, the shared two, its tools from the cache, and the package from the tarball.
// Tools are installed once into the cache and copied, not linked: bundlers treat a link that leaves the project as another project.
// Refuses to mix: every project has its own node_modules, and the package in it comes from the tarball alone.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmFolder } from "../../pkg/toolchain.mjs";
import { npm } from "../lib/pack.mjs";
import { must, plainEnv } from "../lib/process.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** The versions of all that a project's tools bring, where it pins them: tests/packaging/lock.mjs writes it. */
export const lockOf = (source) => join(here, "projects", source, "package-lock.json");

/** @param {{source: string, tools?: Record<string, string>, tarball: string, dir: string}} project `source` is its folder below projects/. */
export async function makeProject({ source, tools = {}, tarball, dir }) {
  await mkdir(dir, { recursive: true });
  if (Object.keys(tools).length) {
    const lock = existsSync(lockOf(source)) ? readFileSync(lockOf(source), "utf8") : undefined;
    const hash = createHash("sha256")
      .update(JSON.stringify(tools))
      .update(lock ?? "")
      .digest("hex")
      .slice(0, 12);
    const cached = await npmFolder(`packaging-tools-${hash}`, tools, lock);
    // Offline it is not the project that failed.
    if (!cached) throw Object.assign(new Error(), { gap: `npm could not install ${Object.keys(tools).join(", ")}` });
    for (const part of ["node_modules", "package-lock.json"]) {
      await cp(join(cached, part), join(dir, part), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    }
  }
  // "type" stands here on purpose: without it npm writes "commonjs", and bundlers then read the project's own .js files as that.
  await writeFile(join(dir, "package.json"), JSON.stringify({ name: source, private: true, type: "module", dependencies: tools }, null, 2));
  await npm(["install", "--prefer-offline", tarball], { cwd: dir });
  await cp(join(here, "shared"), dir, { recursive: true });
  const app = join(here, "projects", source, "app");
  if (existsSync(app)) await cp(app, dir, { recursive: true });
  return dir;
}

/** The path of a tool's own script, as its package.json names it: a link in .bin is not a script on every system. */
function script(dir, tool, name) {
  const folder = join(dir, "node_modules", tool);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bin === "string" ? bin : bin[name ?? tool.replace(/^.*\//, "")]);
}

/** An environment for tools: no telemetry, no look for updates, nothing of this process's Node options. */
export const toolEnv = (dir, extra = {}) =>
  plainEnv(dir, {
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
    DO_NOT_TRACK: "1",
    NO_UPDATE_NOTIFIER: "1",
    ...extra,
  });

/** The program and arguments that run a tool of the project. */
export const toolCommand = (dir, tool, args, name) => [process.execPath, [script(dir, tool, name), ...args]];

/** Runs a tool of the project to its end, by this Node or the one given; a failure carries what it printed. */
export async function runTool(dir, tool, args, { name, node, env = {}, timeoutMs = 180_000 } = {}) {
  const [program, all] = toolCommand(dir, tool, args, name);
  return must(node ?? program, all, { cwd: dir, env: toolEnv(dir, env), timeoutMs });
}

/** The installed package's own package.json: what a project got, not what the source tree holds. */
export const installed = async (dir) => JSON.parse(await readFile(join(dir, "node_modules", "samtykke", "package.json"), "utf8"));
