// Packs the npm package and installs the tarball, as a publisher and then a consumer would do.
// Refuses to pack an unbuilt package: a tarball without its dist folder would install well and prove nothing.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "./process.mjs";

export const packageFolder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "pkg");
const windows = process.platform === "win32";

/** Runs npm. On Windows it is a script, which only Node itself can start without a shell. */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  if (script && /npm-cli\.[cm]?js$/.test(script)) return must(process.execPath, [script, ...args, ...quiet], { timeoutMs: 300_000, ...options });
  return must(windows ? "npm.cmd" : "npm", [...args, ...quiet], { timeoutMs: 300_000, ...options });
}

/** Packs `folder` into `into` and gives the tarball's path. */
export async function pack(into, folder = packageFolder) {
  if (!existsSync(join(folder, "dist"))) throw new Error(`${folder} is not built: run node pkg/build.mjs first`);
  mkdirSync(into, { recursive: true });
  await npm(["pack", "--pack-destination", into], { cwd: folder });
  const tarball = readdirSync(into).find((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error(`npm pack left no tarball in ${into}`);
  return join(into, tarball);
}

/** Makes `folder` a project that has the tarball installed, and nothing else. */
export async function installTarball(tarball, folder) {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, "package.json"))) {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  }
  await npm(["install", "--prefer-offline", tarball], { cwd: folder });
  return folder;
}

/** The paths inside a tarball, without the "package/" that npm puts before each. */
export async function tarballFiles(tarball) {
  const { stdout } = await must("tar", ["-tzf", tarball]);
  return stdout
    .trim()
    .split(/\r?\n/)
    .map((line) => line.replace(/^package\//, ""))
    .filter((line) => line && !line.endsWith("/"))
    .sort();
}
