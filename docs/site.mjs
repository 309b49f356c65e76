// `npm run docs`: installs what the site's makers need, builds pages, API and Rust pages into target/site, checks every link, and
// serves them. `-- --check` ends there. What cannot be installed, offline, is named as not run ("gap:"), and is no failure.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { check } from "./check.mjs";
import { outside } from "./links.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);
const SITE = join(ROOT, "target", "site");

const say = (line) => process.stdout.write(`${line}\n`);

function run(program, rest, { cwd = ROOT, env } = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, rest, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  return { ok: status === 0, said: `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}` };
}

function must(what, outcome) {
  if (outcome.ok) return;
  say(outcome.said.slice(-8_000));
  say(`${what} failed`);
  process.exit(1);
}

/** Whether the makers are there, as the lockfile has them. */
function installed() {
  const lock = (file) => Object.entries(JSON.parse(readFileSync(file, "utf8")).packages).filter(([path, { optional }]) => path && !optional);
  const there = join(HERE, "node_modules", ".package-lock.json");
  if (!existsSync(there)) return false;
  const found = new Map(lock(there));
  return lock(join(HERE, "package-lock.json")).every(([path, { version }]) => found.get(path)?.version === version);
}

/** The API's pages, from the entries' own comments. */
function api() {
  must("typedoc", run(process.execPath, [join(HERE, "node_modules", "typedoc", "bin", "typedoc"), "--options", join(HERE, "typedoc.json")], { cwd: HERE }));
}

/** The crate's pages. */
function rust() {
  // Pages of crates that somebody else built there are none of this site's.
  const made = join(ROOT, "target", "doc");
  rmSync(made, { recursive: true, force: true });
  must("cargo doc", run("cargo", ["doc", "--quiet", "--locked", "--no-deps", "--all-features", "--lib", "--target-dir", join(ROOT, "target")]));
  cpSync(made, join(SITE, "rust"), { recursive: true });
}

/** Copies of the files that pages link to outside this folder. */
function linked() {
  const pages = (folder) =>
    readdirSync(join(HERE, folder), { withFileTypes: true }).flatMap((one) => {
      const path = folder ? `${folder}/${one.name}` : one.name;
      if (one.isDirectory()) return one.name === "node_modules" ? [] : pages(path);
      return one.name.endsWith(".md") ? [path] : [];
    });
  for (const from of pages("")) {
    for (const [, href] of readFileSync(join(HERE, from), "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
      const path = /^[a-z]+:|^[/#]/i.test(href) ? undefined : outside(from, href);
      if (!path || !existsSync(join(ROOT, path))) continue;
      const to = join(SITE, "files", `${path}.txt`);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, readFileSync(join(ROOT, path)));
    }
  }
}

/** Builds the site; answers why it could not, where that is nobody's fault. */
export function buildSite() {
  if (!installed()) {
    say("installing the site's makers into docs/node_modules");
    const outcome = run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: HERE });
    if (!outcome.ok) return `the documentation site: its makers could not be installed; run: npm ci --prefix docs`;
  }
  rmSync(SITE, { recursive: true, force: true });
  must("vitepress", run(process.execPath, [join(HERE, "node_modules", "vitepress", "bin", "vitepress.js"), "build", HERE], { env: { NO_COLOR: "1" } }));
  api();
  rust();
  linked();
  const { pages, links, dead } = check(SITE);
  // Errors lead to rustdoc's page of them, which makes its anchors in its own way.
  for (const [, code] of readFileSync(join(HERE, "errors.md"), "utf8").matchAll(/^#### (.*)$/gm)) {
    for (const page of ["errors.html", "rust/samtykke/errors/index.html"]) {
      if (!readFileSync(join(SITE, page), "utf8").includes(`id="${code}"`)) dead.push(`${page}: no anchor ${code}`);
    }
  }
  for (const one of dead) say(`dead: ${one}`);
  must("the check of links", { ok: dead.length === 0, said: "" });
  say(`ran: ${pages} pages, ${links} links`);
  return undefined;
}

const TYPES = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
};

function serve(port) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const file = [join(SITE, path), join(SITE, `${path}.html`), join(SITE, path, "index.html")].find(
      (one) => one.startsWith(SITE) && extname(one) && existsSync(one),
    );
    response.writeHead(file ? 200 : 404, { "content-type": `${TYPES[extname(file ?? ".html")] ?? "application/octet-stream"}; charset=utf-8` });
    response.end(readFileSync(file ?? join(SITE, "404.html")));
  });
  server.listen(port, "localhost", () => say(`http://localhost:${server.address().port}/`));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { check: { type: "boolean" }, port: { type: "string", default: "4180" } } });
  const gap = buildSite();
  if (gap) say(`gap: ${gap}`);
  if (gap && !values.check) process.exit(1);
  if (!values.check) serve(Number(values.port));
}
