// A machine as `npm test` finds it the first time: Rust, Node and what they need, no browser, no driver, no server, no package manager.
// PATH holds links to the named programs alone; home, cache and settings are empty but for what the test lays there.
// Refuses to let anything of this machine through by its environment: only the variables named here are set.
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDir, which } from "../../pkg/toolchain.mjs";
import { run } from "../lib/process.mjs";
import { tempDir } from "../lib/temp.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const needed = ["node", "npm", "cargo", "rustc", "sh"];
const programs = [...needed, "npx", "rustup", "rustdoc", "git", "cc", "gcc", "ld", "ar", "as", "env", "ps", "tar", "gzip", "dirname", "uname"];

/** What `npm test` builds in minutes and keeps: laid into the new cache, so that the test is about browsers alone. */
const kept = () => readdirSync(cacheDir()).filter((name) => /^wasm-bindgen-\d/.test(name));

/**
 * @param {{cached?: string[]}} options `cached`: folders of this machine's cache that the new one has too
 * @returns {{test: (...args: string[]) => Promise<{code: number, stdout: string, stderr: string}>, env: Record<string, string>, logs: string}}
 *   `npm test` there, and the folder of its stages' output
 */
export function freshMachine({ cached = [] } = {}) {
  const home = tempDir("fresh");
  const bin = join(home, "bin");
  const cache = join(home, "cache", "samtykke");
  for (const folder of [bin, cache, join(home, "tmp")]) mkdirSync(folder, { recursive: true });
  for (const name of programs) {
    const path = which(name);
    if (path) symlinkSync(path, join(bin, name));
    else if (needed.includes(name)) throw new Error(`${name} was not found`);
  }
  for (const name of [...kept(), ...cached]) symlinkSync(join(cacheDir(), name), join(cache, name));
  const env = {
    PATH: bin,
    HOME: home,
    TMPDIR: join(home, "tmp"),
    XDG_CACHE_HOME: join(home, "cache"),
    CARGO_HOME: process.env.CARGO_HOME ?? join(homedir(), ".cargo"),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), ".rustup"),
    // npm can install nothing: an empty cache, and no registry to ask.
    npm_config_cache: join(home, "npm"),
    npm_config_offline: "true",
    NO_COLOR: "1",
  };
  const logs = join(home, "logs");
  const test = (...args) => run(process.execPath, ["tests/run.mjs", "--built", "--logs", logs, ...args], { cwd: root, env, timeoutMs: 10 * 60_000 });
  return { test, env, logs };
}
