// Finds what building and testing need, and installs what can be installed without asking: the one place where tool versions stand.
// The wasm-bindgen program has the version of the crate in Cargo.lock; everything built here is cached outside the build folder.
// Refuses to pass over a missing thing: each one ends in `gaps`, with the command a person should run. Needs nothing but Node.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, platform } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromiumIn, hasChromium, unpackChromium } from "./chromium.mjs";

/** Programs that are not in package.json because only a full test run needs them. */
export const versions = {
  cargoDeny: "0.20.2",
  chromium: "153.0.0",
  geckodriver: "0.37.1",
  node22: "22.23.3",
  node24: "24.21.0",
  deno: "2.9.6",
  bun: "1.4.5",
  redis: "6.3.1",
  ioredis: "6.0.0",
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = platform() === "win32";
const mac = platform() === "darwin";
const exe = windows ? ".exe" : "";

export const say = (line) => process.stderr.write(`samtykke: ${line}\n`);

/** The folder for everything that is slow to get and worth keeping between runs. */
export const cacheDir = () => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "samtykke");

const isFile = (path) => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};
const folders = (path) => {
  try {
    return readdirSync(path)
      .sort()
      .reverse()
      .map((name) => join(path, name));
  } catch {
    return [];
  }
};

/** The path of a program in PATH, or null. */
export function which(name) {
  for (const dir of (process.env.PATH ?? "").split(delimiter)) {
    if (dir && isFile(join(dir, name + exe))) return join(dir, name + exe);
  }
  return null;
}

const firstFile = (...paths) => paths.find((path) => path && isFile(path)) ?? null;

/** What a program answers to `--version` (or other arguments), or null when it does not run. */
export function ask(program, args = ["--version"]) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 30_000, stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout.trim() : null;
}

/** Runs a program with its output on stderr, so that a person sees that something goes on. */
function stream(program, args, options = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", 2, 2] });
    child.once("error", () => done(false));
    child.once("close", (code) => done(code === 0));
  });
}

/** npm without going through a shell script where that can be avoided: Windows cannot start npm.cmd directly. */
function npm(args, options) {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.[cm]?js$/.test(script)) return stream(process.execPath, [script, ...args], options);
  return stream(windows ? "npm.cmd" : "npm", args, { ...options, shell: windows });
}

// ---- Rust ----

/** rustc with the wasm target. */
export async function ensureRust(gaps) {
  const sysroot = ask("rustc", ["--print", "sysroot"]);
  if (!sysroot || !ask("cargo")) {
    gaps.push({ what: "Rust", why: "rustc and cargo were not found", run: "install Rust with rustup, as https://rustup.rs describes" });
    return;
  }
  const target = "wasm32-unknown-unknown";
  if (existsSync(join(sysroot, "lib", "rustlib", target))) return;
  say(`adding the Rust target ${target} (once)`);
  if (which("rustup") && (await stream("rustup", ["target", "add", target]))) return;
  gaps.push({ what: target, why: "the Rust target for wasm could not be added", run: `rustup target add ${target}` });
}

/** The version of a crate in a Cargo.lock, or null. */
export function lockedVersion(lock, name) {
  const found = lock.match(new RegExp(`^name = "${name}"\\r?\\nversion = "([^"]+)"`, "m"));
  return found ? found[1] : null;
}

/** A published Rust program at one exact version: in PATH, else in the cache, else built into the cache. Gives the folder it is in. */
async function cargoProgram({ crate, program, version, gaps }) {
  const isIt = (path) => path && isFile(path) && (ask(path) ?? "").split(/\s+/)[1] === version;
  const inPath = which(program);
  if (isIt(inPath)) return dirname(inPath);
  const into = join(cacheDir(), `${crate.replace(/-cli$/, "")}-${version}`);
  const cached = join(into, "bin", program + exe);
  if (isIt(cached)) return dirname(cached);
  // Without --locked: the lock inside the crate can name versions that a lagging registry mirror does not offer yet.
  const args = ["install", crate, "--version", version, "--root", into];
  say(`building ${crate} ${version} into ${into} (once; takes 2 to 10 minutes)`);
  mkdirSync(into, { recursive: true });
  // Run from the cache, not from the project: its .cargo/config must not change how a tool is built.
  if ((await stream("cargo", args, { cwd: into })) && isIt(cached)) return dirname(cached);
  gaps.push({ what: `${crate} ${version}`, why: "it could not be built", run: `cargo ${args.join(" ")}` });
  return null;
}

/** wasm-bindgen and its test runner, exactly as old as the crate: the two speak a private format to each other. */
export async function ensureBindgen(gaps, lockFile = join(root, "Cargo.lock")) {
  const version = isFile(lockFile) ? lockedVersion(readFileSync(lockFile, "utf8"), "wasm-bindgen") : null;
  if (!version) {
    gaps.push({ what: "wasm-bindgen", why: `${lockFile} names no wasm-bindgen`, run: "cargo generate-lockfile" });
    return {};
  }
  const dir = await cargoProgram({ crate: "wasm-bindgen-cli", program: "wasm-bindgen", version, gaps });
  if (!dir) return {};
  return { wasmBindgen: join(dir, `wasm-bindgen${exe}`), wasmBindgenTestRunner: firstFile(join(dir, `wasm-bindgen-test-runner${exe}`)) };
}

/** The program that looks for advisories and licences among the crates: its path, or null. */
export async function cargoDeny(gaps) {
  const dir = await cargoProgram({ crate: "cargo-deny", program: "cargo-deny", version: versions.cargoDeny, gaps });
  return dir && join(dir, `cargo-deny${exe}`);
}

// ---- npm ----

/** Whether node_modules holds what package-lock.json says. Times of files say nothing after a checkout, so versions are compared. */
export function installedAsLocked(folder) {
  try {
    const wanted = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
    const there = JSON.parse(readFileSync(join(folder, "node_modules", ".package-lock.json"), "utf8")).packages;
    return Object.entries(wanted).every(([path, entry]) => !path || entry.optional || entry.link || there[path]?.version === entry.version);
  } catch {
    return false;
  }
}

/** The node packages of the project. */
export async function ensureNpm(gaps, folder = root) {
  if (installedAsLocked(folder)) return;
  const clean = isFile(join(folder, "package-lock.json")) && !existsSync(join(folder, "node_modules"));
  const args = [clean ? "ci" : "install", "--no-audit", "--no-fund"];
  say(`installing node packages (npm ${args[0]})`);
  if (await npm(args, { cwd: folder })) return;
  gaps.push({ what: "node packages", why: `npm ${args[0]} failed`, run: `npm ${args[0]}` });
}

/**
 * A folder in the cache whose node_modules holds exactly these packages, installed on first use.
 * A marker is written last, so an interrupted install is done again. `lock`: a package-lock.json that says the version of everything.
 * @returns {Promise<string|null>} the folder, or null when npm could not install them.
 */
export function npmFolder(name, dependencies, lock) {
  if (!installing.has(name)) installing.set(name, installFolder(name, dependencies, lock));
  return installing.get(name);
}
const installing = new Map(); // two tests that ask for the same tools at once share one install

async function installFolder(name, dependencies, lock) {
  const folder = join(cacheDir(), name);
  const marker = join(folder, "node_modules", ".complete");
  const manifest = JSON.stringify({ private: true, type: "module", dependencies });
  if (isFile(marker) && readFileSync(marker, "utf8") === manifest) return folder;
  say(
    `installing ${Object.entries(dependencies)
      .map(([one, version]) => `${one} ${version}`)
      .join(", ")} into ${folder} (once)`,
  );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest);
  if (lock) writeFileSync(join(folder, "package-lock.json"), lock);
  if (!(await npm([lock ? "ci" : "install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder }))) return null;
  writeFileSync(marker, manifest);
  return folder;
}

/** The program of a JavaScript runtime from npm ("node22", "node24", "deno", "bun"), or null. Called by path: a .bin link may be missing. */
export async function npmRuntime(name) {
  const version = versions[name];
  const folder = await npmFolder(`${name}-${version}`, { [name.replace(/\d+$/, "")]: version });
  if (!folder) return null;
  const modules = join(folder, "node_modules");
  // Each package has its program in a package of the platform; newer npm versions may not run the script that copies it.
  const below = (scope, path) => folders(join(modules, scope)).map((one) => join(one, path));
  const candidates = {
    node: [join(modules, "node", "bin", `node${exe}`)],
    deno: [...below("@deno", `deno${exe}`), join(modules, "deno", `deno${exe}`)],
    bun: [join(modules, "bun", "bin", "bun.exe"), ...below("@oven", `bin/bun${exe}`)],
  }[name.replace(/\d+$/, "")];
  return candidates.find((path) => isFile(path) && ask(path)?.includes(version)) ?? null;
}

// ---- browsers ----

const programFiles = () => [process.env.ProgramFiles, process.env["ProgramFiles(x86)"], process.env.LOCALAPPDATA].filter(Boolean);

/** Where Playwright keeps the browsers that a person installed with it, and the newest folder of one of them. */
export function playwrightBrowser(name) {
  const cache =
    process.env.PLAYWRIGHT_BROWSERS_PATH ||
    (mac
      ? join(homedir(), "Library", "Caches", "ms-playwright")
      : windows
        ? join(process.env.LOCALAPPDATA ?? homedir(), "ms-playwright")
        : join(homedir(), ".cache", "ms-playwright"));
  return folders(cache).find((path) => new RegExp(`[\\\\/]${name}-\\d+$`).test(path) && isFile(join(path, "INSTALLATION_COMPLETE"))) ?? null;
}

const chromiumFolder = `chromium-${versions.chromium}`;

/** This machine's own Chrome or Chromium, else the one from npm where it has been got; its path, or null. */
export function findChromium() {
  if (process.env.CHROME_PATH && isFile(process.env.CHROME_PATH)) return process.env.CHROME_PATH;
  const apps =
    mac &&
    ["/Applications", join(homedir(), "Applications")].flatMap((dir) => [
      join(dir, "Google Chrome.app/Contents/MacOS/Google Chrome"),
      join(dir, "Chromium.app/Contents/MacOS/Chromium"),
    ]);
  const installed = windows && programFiles().map((dir) => join(dir, "Google\\Chrome\\Application\\chrome.exe"));
  const bundled = playwrightBrowser("chromium");
  const inside =
    bundled &&
    folders(bundled).flatMap((dir) => [
      join(dir, "chrome"),
      join(dir, "chrome.exe"),
      join(dir, "Chromium.app/Contents/MacOS/Chromium"),
      join(dir, "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing"),
    ]);
  return (
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"].map(which).find(Boolean) ??
    firstFile(...(apps || []), ...(installed || []), ...(inside || []), hasChromium() && chromiumIn(join(cacheDir(), chromiumFolder)))
  );
}

/** `findChromium`, and npm's where the machine has none. */
export const ensureChromium = async () => findChromium() ?? (await npmChromium());

/** The Chromium from npm, got on first use; null where there is none for this system, or it does not run here. */
export async function npmChromium() {
  if (!hasChromium()) return null;
  const folder = await npmFolder(chromiumFolder, { "@sparticuz/chromium": versions.chromium });
  if (!folder) return null;
  const program = await unpackChromium(folder);
  return ask(program) ? program : null;
}

export function findFirefox() {
  const installed = windows && programFiles().map((dir) => join(dir, "Mozilla Firefox\\firefox.exe"));
  return which("firefox") ?? which("firefox-esr") ?? firstFile(mac && "/Applications/Firefox.app/Contents/MacOS/firefox", ...(installed || []));
}

/** WebKit's driver and the small browser it drives (Linux): the driver speaks only to a browser built for automation. */
export function findWebkit() {
  const browsers = ["/usr/lib", "/usr/libexec"]
    .flatMap((dir) => [dir, ...folders(dir)])
    .flatMap((dir) => ["4.1", "6.0", "4.0"].map((api) => join(dir, `webkit2gtk-${api}`, "MiniBrowser")));
  return { webkitdriver: which("WebKitWebDriver"), minibrowser: mac || windows ? null : firstFile(...browsers), xvfb: which("Xvfb") };
}

const debian = () => platform() === "linux" && which("apt-get") !== null;
const aptPackages = { chromium: ["chromium", "chromium-driver", "fonts-liberation"], firefox: ["firefox-esr"], webkit: ["webkit2gtk-driver", "xvfb"] };

/** What stands before apt-get: nothing as root, sudo where it asks for no password, null where packages cannot be installed. */
function privilege() {
  if (!debian()) return null;
  if (process.getuid() === 0) return [];
  return which("sudo") && ask("sudo", ["-n", "true"]) !== null ? ["sudo", "-n"] : null;
}

/** Installs Debian packages, one group after the other: a name that one distribution lacks must not keep the rest away. */
async function apt(prefix, groups) {
  const [program, ...args] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  say(`installing ${groups.flat().join(", ")} (apt-get)`);
  if (!(await stream(program, [...args, "update", "-q"]))) say("apt-get update failed; trying with the lists that are here");
  for (const names of groups) await stream(program, [...args, "install", "-y", "-q", "--no-install-recommends", ...names]);
}

/** The browsers as they are now. Firefox has its driver only after `ensureBrowsers`, which may build it. */
export function findBrowsers() {
  const gecko = join(cacheDir(), `geckodriver-${versions.geckodriver}`, "bin", `geckodriver${exe}`);
  return {
    chromium: findChromium(),
    chromedriver: which("chromedriver"),
    firefox: findFirefox(),
    geckodriver: which("geckodriver") ?? firstFile(gecko),
    ...findWebkit(),
  };
}

const complete = (name, found) =>
  ({
    chromium: found.chromium && found.chromedriver,
    firefox: found.firefox,
    webkit: found.webkitdriver && found.minibrowser && found.xvfb,
  })[name];

const elsewhere = {
  chromium: "install Chrome and the chromedriver of the same version (macOS: brew install --cask google-chrome chromedriver)",
  firefox: "install Firefox, or run: npx playwright-core install firefox",
  webkit: "npx playwright-core install webkit",
};

/** Browsers and their drivers. `install` allows apt-get where that is how this machine is run (CI). */
export async function ensureBrowsers(gaps, { names = ["chromium", "firefox", "webkit"], install = false } = {}) {
  const missing = names.filter((name) => !complete(name, findBrowsers()));
  const prefix = missing.length && install ? privilege() : null;
  if (prefix)
    await apt(
      prefix,
      missing.map((name) => aptPackages[name]),
    );
  if (names.includes("chromium")) await ensureChromium();
  let found = findBrowsers();
  for (const name of names) {
    if (complete(name, found) || playwrightBrowser(name)) continue;
    const what = name === "chromium" && found.chromium ? "chromedriver" : name;
    gaps.push({ what, why: "it was not found", run: debian() ? `sudo apt-get install ${aptPackages[name].join(" ")}` : elsewhere[name] });
  }
  if (names.includes("firefox") && found.firefox && !found.geckodriver) {
    const dir = await cargoProgram({ crate: "geckodriver", program: "geckodriver", version: versions.geckodriver, gaps });
    if (dir) found = { ...found, geckodriver: join(dir, `geckodriver${exe}`) };
  }
  return found;
}

// ---- Redis ----

/** The server; `install` allows Debian's package where it is missing (CI). Its path, or null. */
export async function ensureRedis(gaps, { install = false } = {}) {
  const prefix = which("redis-server") || !install ? null : privilege();
  if (prefix) await apt(prefix, [["redis-server"]]);
  const found = which("redis-server");
  if (!found)
    gaps.push({
      what: "redis-server",
      why: "it was not found",
      run: debian() ? "sudo apt-get install redis-server" : "install Redis (macOS: brew install redis)",
    });
  return found;
}

/** The two clients that people use, in the cache: a folder to import them from, or null. */
export const redisClients = () => npmFolder(`redis-${versions.redis}-${versions.ioredis}`, { redis: versions.redis, ioredis: versions.ioredis });

// ---- all of it ----

/**
 * @param {{rust?: boolean, bindgen?: boolean, npm?: boolean, browsers?: boolean|string[], install?: boolean}} wanted
 *   `browsers` is true for all three or a list of names; `install` allows system packages (CI only).
 * @returns {Promise<{wasmBindgen?: string, wasmBindgenTestRunner?: string, chromium?: string, chromedriver?: string, firefox?: string,
 *   geckodriver?: string, webkitdriver?: string, minibrowser?: string, xvfb?: string, gaps: {what: string, why: string, run: string}[]}>}
 */
export async function ensure({ rust = false, bindgen = false, npm: packages = false, browsers = false, install = false } = {}) {
  const gaps = [];
  let found = {};
  if (rust || bindgen) await ensureRust(gaps);
  if (bindgen && !gaps.some((gap) => gap.what === "Rust")) found = { ...found, ...(await ensureBindgen(gaps)) };
  if (packages) await ensureNpm(gaps);
  if (browsers) found = { ...found, ...(await ensureBrowsers(gaps, { names: browsers === true ? undefined : browsers, install })) };
  for (const gap of gaps) say(`missing: ${gap.what} (${gap.why}). Run: ${gap.run}`);
  return { ...found, gaps };
}

// `node pkg/toolchain.mjs [--install]` shows what this machine has.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { gaps, ...found } = await ensure({ rust: true, bindgen: true, npm: true, browsers: true, install: process.argv.includes("--install") });
  for (const [name, path] of Object.entries(found)) console.log(`${name.padEnd(22)} ${path ?? "not found"}`);
  process.exitCode = gaps.length ? 1 : 0;
}
