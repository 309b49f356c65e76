// What the demo needs before anything of it can be imported: node packages, the built npm package, the built page.
// The tools and their versions are in pkg/toolchain.mjs; this only asks for them and says how it goes.
// Refuses to pass over a gap: each is told with the command that closes it.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensure } from "../../pkg/toolchain.mjs";

const here = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The newest time below a folder, or of a file. */
function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const oldest = (folder) =>
  Math.min(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );

/** Whether pkg/dist is there and newer than everything it is made from. */
export function packageIsBuilt(root = here) {
  const dist = join(root, "pkg", "dist");
  if (!existsSync(dist) || readdirSync(dist).length === 0) return false;
  const sources = ["src", "Cargo.toml", "Cargo.lock", "pkg/src", "pkg/build.mjs", "pkg/package.json"].map((path) => join(root, path)).filter(existsSync);
  return oldest(dist) >= Math.max(...sources.map(newest));
}

function run(script) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(here, script)], { cwd: here, stdio: ["ignore", 2, 2] });
    child.once("error", () => done(false));
    child.once("close", (code) => done(code === 0));
  });
}

/** @returns {Promise<boolean>} whether everything is there */
export async function prepare({ progress, rebuild = false }) {
  const build = rebuild || !packageIsBuilt();
  const { gaps } = await ensure({ npm: true, rust: build, bindgen: build });
  if (gaps.length > 0) return false;
  if (build) {
    progress("building the package: Rust to wasm, then JavaScript (a minute the first time) …");
    if (!(await run("pkg/build.mjs"))) {
      progress("the package could not be built; the reason is above");
      return false;
    }
  }
  progress("building the page …");
  try {
    const { buildPage } = await import("../page/build.mjs");
    await buildPage();
    return true;
  } catch (error) {
    progress(`the page could not be built: ${error.message}`);
    return false;
  }
}
