// The crate as it is published, and what its manifest promises: node tests/packaging/crate.mjs
// Packs it, unpacks it and compiles its tests with every feature; compiles the core where there is no standard library, and all of it
// with the oldest Rust it names. Refuses to pass over a toolchain that is missing: it is named, and fails where CI is set.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempDir } from "../lib/temp.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
const ci = process.argv.includes("--ci") || process.env.CI === "true";
/** A target without a standard library. */
const BARE = "thumbv7em-none-eabihf";
/** Features whose crates need none either. */
const BARE_FEATURES = ["", "serde", "p256", "jose-jwk", "serde,p256,jose-jwk"];

let gaps = 0;
const gap = (what) => {
  gaps += 1;
  console.log(`gap: ${what}`);
};

function run(command, args, cwd = ROOT, target = TARGET, env = {}) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, CARGO_TARGET_DIR: target, ...env } });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim().split("\n").slice(-40).join("\n")}`);
}

/** Whether rustup does this; a machine without rustup, or without network, does not. */
const rustup = (...args) => spawnSync("rustup", args, { cwd: ROOT, timeout: 300_000 }).status === 0;

function packaged() {
  const dir = tempDir("samtykke-crate");
  run("cargo", ["package", "--quiet", "--locked", "--allow-dirty", "--no-verify"]);
  const { version } = JSON.parse(readFileSync(join(ROOT, "pkg", "package.json"), "utf8"));
  run("tar", ["-xzf", join(TARGET, "package", `samtykke-${version}.crate`), "-C", dir]);
  const crate = join(dir, `samtykke-${version}`);
  run("cargo", ["test", "--quiet", "--locked", "--no-run", "--all-features"], crate);
  // As docs.rs builds it: by what the packed manifest says.
  const settings = /^\[package\.metadata\.docs\.rs\]\nall-features = true\ntargets = (\[[^\]]+\])/m.exec(readFileSync(join(crate, "Cargo.toml"), "utf8"));
  if (!settings) throw new Error("the packed manifest says nothing to docs.rs");
  for (const [, target] of settings[1].matchAll(/"([^"]+)"/g)) {
    run("cargo", ["doc", "--quiet", "--locked", "--no-deps", "--all-features", "--target", target], crate, TARGET, { RUSTDOCFLAGS: "-D warnings" });
  }
}

function withoutStd() {
  if (!rustup("target", "add", BARE)) return gap(`the core without a standard library: no target ${BARE}; run: rustup target add ${BARE}`);
  for (const features of BARE_FEATURES) run("cargo", ["check", "--quiet", "--locked", "--lib", "--target", BARE, "--features", features]);
  return `no_std on ${BARE}, with and without ${BARE_FEATURES.at(-1)}`;
}

function oldestRust() {
  const [, version] = /^rust-version = "([\d.]+)"$/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"));
  const toolchain = `${version}.0`;
  const wasm = "wasm32-unknown-unknown";
  const had = rustup("run", toolchain, "rustc", "--version") || rustup("toolchain", "install", toolchain, "--profile", "minimal");
  if (!had || !rustup("target", "add", wasm, "--toolchain", toolchain)) {
    return gap(`the oldest Rust: no ${toolchain}; run: rustup toolchain install ${toolchain} --target ${wasm}`);
  }
  const check = (...args) => run("rustup", ["run", toolchain, "cargo", "check", "--quiet", "--locked", "--lib", ...args], ROOT, join(TARGET, "oldest"));
  check("--all-features");
  check("--all-features", "--target", wasm);
  return `Rust ${toolchain}, all features, native and ${wasm}`;
}

/** Each runs though another failed; what it says it ran, or its own name, goes into the summary. */
function check(name, what) {
  try {
    const gapsBefore = gaps;
    const ran = what();
    if (gaps === gapsBefore) console.log(`ran: ${ran ?? name}`);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

check("the published crate's tests compile with all features, and its documentation builds as docs.rs does", packaged);
check("the core needs no standard library", withoutStd);
check("the oldest Rust that the manifest names builds everything", oldestRust);
if (ci && gaps) process.exitCode = 1;
