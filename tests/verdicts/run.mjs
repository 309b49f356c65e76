// `npm run -s verdicts -- DIR [--runtime NAME]`: one verdict line a case on stdout, undecidable cases on stderr.
// node (the default) uses the built package; every other runtime the packed tarball, installed; `native` the crate.

import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readCases } from "./files.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(HERE));

/** Makes the package and the local providers findable by their names for this checkout's own tools. */
export function linkPackage() {
  for (const [name, folder] of [
    ["samtykke", "pkg"],
    ["samtykke-local", "www/servers"],
  ]) {
    const link = join(ROOT, "node_modules", name);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, folder), link, "junction");
  }
}

/** @returns {Promise<{ lines: string[], undecided: string[], version?: string } | { unavailable: string }>} */
export async function verdicts(folder, runtime, packageDir) {
  if (runtime === "native") {
    const cargo = spawnSync("cargo", ["run", "--quiet", "--features", "aws-lc-rs", "--example", "verdicts", "--", resolve(folder)], {
      cwd: ROOT,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (cargo.error) return { unavailable: cargo.error.message };
    if (cargo.status !== 0) throw new Error(cargo.stderr);
    return { lines: cargo.stdout.trimEnd().split("\n"), undecided: cargo.stderr.split("\n").filter((line) => /^\S+: /.test(line)), version: "native" };
  }
  const files = readCases(folder);
  if (runtime === "node" && !packageDir) {
    linkPackage();
    const { run } = await import("./decide.mjs");
    return run({ files });
  }
  const { runSuite } = await import("../runtimes/index.mjs");
  const outcome = await runSuite({
    runtime,
    packageDir: packageDir ?? (await packed()),
    suite: join(HERE, "decide.mjs"),
    input: { files },
    timeoutMs: 120_000,
  });
  if ("unavailable" in outcome) return outcome;
  if (!outcome.ok) throw new Error(`${runtime}: ${outcome.error}\n${outcome.stack}`);
  return { ...outcome.output, version: outcome.version };
}

async function packed() {
  const { installTarball, pack } = await import("../lib/pack.mjs");
  const folder = join(ROOT, "target", "verdicts");
  return installTarball(await pack(join(folder, "tarball")), join(folder, "project"));
}

async function main() {
  const args = process.argv.slice(2);
  const at = args.indexOf("--runtime");
  const [runtime] = at < 0 ? ["node"] : args.splice(at, 2).slice(1);
  if (args.length !== 1 || !runtime) {
    process.stderr.write("usage: npm run -s verdicts -- DIR [--runtime native|node|node22|node24|workerd|deno|bun|chromium|firefox|webkit]\n");
    process.exit(2);
  }
  if (runtime !== "native" && !existsSync(join(ROOT, "pkg", "dist"))) {
    const { build } = await import("../../pkg/build.mjs");
    await build();
  }
  const outcome = await verdicts(args[0], runtime);
  if ("unavailable" in outcome) {
    process.stderr.write(`${runtime} is not available: ${outcome.unavailable}\n`);
    process.exit(1);
  }
  for (const line of outcome.undecided) process.stderr.write(`not decided: ${line}\n`);
  process.stdout.write(outcome.lines.map((line) => `${line}\n`).join(""));
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) await main();
