// The crate's features by pairs, natively and on wasm; the core without std; the oldest Rust, with a lock that is resolved for it.
// Features only add: each pair must build, whatever else is on. `--list` shows what would be checked.
// Refuses to run for ever: what is not done after its minutes is named, and the run has failed. Refuses to skip with `--ci`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { run, tail } from "../lib/process.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MINUTES = Number(process.env.SAMTYKKE_FEATURES_MINUTES ?? 25);
const flags = new Set(process.argv.slice(2));
const manifest = readFileSync(join(ROOT, "Cargo.toml"), "utf8");
const [, table] = /^\[features\]\n([\s\S]*?)\n\[/m.exec(manifest);
const features = [...table.matchAll(/^([\w-]+) = /gm)].map(([, name]) => name).filter((name) => !["default", "npm", "fetch"].includes(name));
const [, oldest] = /^rust-version = "([\d.]+)"/m.exec(manifest);
assert.ok(features.length > 10, features.join());

const pairs = (names) => names.flatMap((one, at) => names.slice(at + 1).map((other) => `${one},${other}`));
const check = (...more) => ["cargo", "check", "--quiet", "--locked", "--lib", ...more];
const WASM = ["--target", "wasm32-unknown-unknown"];
const BARE = ["--target", "thumbv7em-none-eabihf"];
const PORTABLE = ["serde", "p256", "jose-jwk", "encrypted-keys"];

const jobs = [
  ...["", ...features, ...pairs(features)].map((names) => ({ name: `native: ${names || "no feature"}`, command: check("--features", names) })),
  // On wasm native features compile to nothing, and `fetch` brings its own.
  ...["", ...pairs(["fetch", ...PORTABLE]), "fetch,native,redis,axum"].map((names) => ({
    name: `wasm: ${names || "no feature"}`,
    command: check(...WASM, "--features", names),
  })),
  ...["", ...PORTABLE].map((names) => ({ name: `no_std: ${names || "no feature"}`, command: check(...BARE, "--features", names), target: BARE[1] })),
  { name: `Rust ${oldest}: all native features`, oldest: true },
];

if (flags.has("--list")) {
  console.log(jobs.map(({ name }) => name).join("\n"));
  process.exit(0);
}

const installed = (...args) => {
  try {
    return execFileSync("rustup", args, { encoding: "utf8" });
  } catch {
    return "";
  }
};
const targets = installed("target", "list", "--installed");
const toolchains = installed("toolchain", "list");
const env = { ...process.env, RUSTFLAGS: "-D warnings" };
const end = Date.now() + MINUTES * 60_000;
const left = () => end - Date.now();

/** All native features by the oldest Rust, in a copy whose lock knows it. */
async function byOldest() {
  const toolchain = toolchains.match(new RegExp(`^${oldest}\\S*`, "m"))?.[0];
  if (!toolchain) return { gap: `rustup toolchain install ${oldest}` };
  const copy = mkdtempSync(join(tmpdir(), "samtykke-oldest-"));
  try {
    for (const part of ["Cargo.toml", "src", "docs", "README.md", "examples", "benches", "tests"])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true, filter: (path) => !path.includes("node_modules") });
    // The resolver takes the newest version that this Rust can build.
    const resolving = { ...env, CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS: "fallback", RUSTFLAGS: "" };
    const resolved = await run("cargo", [`+${toolchain}`, "generate-lockfile"], { cwd: copy, env: resolving, timeoutMs: Math.min(left(), 120_000) });
    if (resolved.code !== 0) return resolved;
    const args = [`+${toolchain}`, "check", "--quiet", "--locked", "--lib", "--features", features.join()];
    return await run("cargo", args, { cwd: copy, env: { ...resolving, CARGO_TARGET_DIR: join(ROOT, "target", "oldest") }, timeoutMs: left() });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const only = [...flags].filter((flag) => !flag.startsWith("--"));
const wanted = jobs.filter(({ name }) => !only.length || only.some((word) => name.includes(word)));
let failed = 0;
let ran = 0;

/** Takes one job after the other, in a target folder of its own. */
async function work(folder) {
  for (let job = wanted.shift(); job; job = wanted.shift()) {
    if (left() <= 0) {
      console.log(`failed: ${job.name}: not done after ${MINUTES} minutes`);
      failed += 1;
      continue;
    }
    const missing = job.target && !targets.includes(job.target) && { gap: `rustup target add ${job.target}` };
    const [program, ...args] = job.command ?? [];
    const own = { cwd: ROOT, env: { ...env, CARGO_TARGET_DIR: folder }, timeoutMs: left() };
    const outcome = missing || (job.oldest ? await byOldest() : await run(program, args, own));
    ran += 1;
    if (outcome.gap) {
      console.log(`${flags.has("--ci") ? "failed" : "gap"}: ${job.name}; run: ${outcome.gap}`);
      failed += flags.has("--ci") ? 1 : 0;
    } else if (outcome.code !== 0) {
      console.log(`failed: ${job.name}\n${tail(outcome.stdout + outcome.stderr, 40)}`);
      failed += 1;
    }
  }
}

// Checking this crate is one thread's work, and two at once wait for each other in one folder.
await Promise.all(["features", "features-2"].map((name) => work(join(ROOT, "target", name))));
console.log(`${failed ? "failed" : "ran"}: ${ran} checks of features, ${failed} failed`);
process.exitCode = failed || !ran ? 1 : 0;
