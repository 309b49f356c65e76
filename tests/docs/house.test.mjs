// The house: floors, arrows, circles and lengths, read from the code's own imports; and the documents that speak of it.
// docs/architecture.md, "The floors". What the code still breaks is listed; a list may only grow shorter.
// Refuses an import from a floor above, a circle of files, a file over 450 lines, a link that leads nowhere, a word told twice.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { anchors } from "../lib/documents.mjs";
import { circles, rustImports, sources, typescriptImports, upward, usePaths } from "../lib/house.mjs";
import { factsOf, providers } from "../../pkg/generate.mjs";
import { lockedVersion } from "../../pkg/toolchain.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (file) => readFileSync(join(ROOT, file), "utf8");

/** From the ground up; folders in one list share a floor. */
const HOUSES = {
  "pkg/src": { end: ".ts", imports: typescriptImports, floors: ["core", "crypto", "protocol", "tokens", "providers", ["edge", "page"], "entries"] },
  src: { end: ".rs", imports: rustImports, floors: ["ground", "jose", "protocol", ["flow", "signer"], "provider", "shell", "lib.rs"] },
};

/** What is still allowed. A line that is no longer needed fails too: take it away. */
const STILL = {
  "pkg/src": { upward: [], between: [], circles: [] },
  src: { upward: [], between: [], circles: [] },
};

const LONGEST = 450;
/** Files that are longer, and how long they may be. */
const LONG = {};

const house = (folder) => {
  const { end, imports } = HOUSES[folder];
  const files = sources(join(ROOT, folder), end);
  return imports(files);
};

for (const [folder, { floors }] of Object.entries(HOUSES)) {
  test(`${folder}: every file stands on a floor, and imports go down only`, () => {
    const imports = house(folder);
    const known = floors.flat();
    const homeless = [...imports.keys()].filter((file) => !known.includes(file.split("/")[0]));
    assert.deepEqual(homeless, [], "files in no folder of the floors");
    assert.ok([...imports.values()].reduce((sum, { size }) => sum + size, 0) > 200, "imports were read");
    assert.deepEqual(upward(imports, floors).sort(), STILL[folder].upward);
  });

  test(`${folder}: no files import each other in a circle`, () => {
    const found = circles(house(folder)).map((loop) => loop.join(" "));
    assert.deepEqual(found.sort(), STILL[folder].circles);
  });
}

/** Providers that are one of a kind, as their provider.json says, and the provider that knows the kind. */
const KINDS = providers().flatMap((id) => (factsOf(id).of ? [[id, factsOf(id).of]] : []));

for (const [folder, at] of [
  ["pkg/src", "providers"],
  ["src", "provider"],
]) {
  test(`${folder}: no provider knows another, but the one whose kind it is`, () => {
    for (const [, kind] of KINDS) assert.ok(providers().includes(kind) && !factsOf(kind).of, `${kind} is itself of no kind`);
    const ofKind = (one, other) => KINDS.some(([id, kind]) => id === one && kind === other);
    const own = (file) => file.match(new RegExp(`^${at}/(\\w+)/`))?.[1];
    const found = [...house(folder)].flatMap(([file, targets]) =>
      [...targets]
        .filter((target) => own(file) && own(target) && own(file) !== own(target) && !ofKind(own(file), own(target)))
        .map((target) => `${file} -> ${target}`),
    );
    assert.deepEqual(found.sort(), STILL[folder].between);
  });
}

test("the reader of imports sees what it must", () => {
  assert.deepEqual(usePaths("a::{b, c::{self, D as E}}, f"), ["a::b", "a::c::self", "a::c::D", "f"]);
  const rust = rustImports(
    new Map([
      ["lib.rs", "pub use top::a::Name;\npub mod top;"],
      ["top/mod.rs", "pub mod a;\nmod b;\npub use b::Other;"],
      ["top/a.rs", "use super::Other;\npub struct Name;"],
      ["top/b.rs", "// use crate::top::a;\nfn x() { crate::Name }"],
    ]),
  );
  assert.deepEqual(Object.fromEntries([...rust].map(([file, targets]) => [file, [...targets]])), {
    "lib.rs": [],
    "top/mod.rs": [],
    "top/a.rs": ["top/b.rs"],
    "top/b.rs": ["top/a.rs"],
  });
  assert.deepEqual(circles(rust), [["top/a.rs", "top/b.rs"]]);
  const typescript = typescriptImports(
    new Map([
      ["low/a.ts", 'import type { B } from "../high/b.js";'],
      ["high/b.ts", 'export { c } from "./c.js";'],
      ["high/c.ts", 'const d = await import("../low/a.js");'],
      ["side/d.ts", 'import { b } from "../high/b.js";'],
    ]),
  );
  assert.deepEqual(upward(typescript, ["low", ["high", "side"]]), ["low/a.ts -> high/b.ts", "side/d.ts -> high/b.ts"]);
  assert.deepEqual(circles(typescript), [["high/b.ts", "high/c.ts", "low/a.ts"]]);
});

const NOT_OURS = /^(?:\.git|\.cache|\.wrangler|\.dist-.*|node_modules|target|dist|generated|vectors)$/;
/** All files but what is built, installed or data, by their path. */
const walk = (folder = "") =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((one) => {
    const path = folder ? `${folder}/${one.name}` : one.name;
    if (one.isDirectory()) return NOT_OURS.test(one.name) ? [] : walk(path);
    return one.isFile() ? [path] : [];
  });
const FILES = walk();

test(`no file is longer than ${LONGEST} lines`, () => {
  const long = FILES.filter((file) => /\.(rs|ts|mjs|js|jsx|css)$/.test(file))
    .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
    .filter(({ lines }) => lines > LONGEST);
  for (const { file, lines } of long) assert.ok(lines <= (LONG[file] ?? LONGEST), `${file} has ${lines} lines`);
  assert.deepEqual(
    Object.keys(LONG).filter((file) => !long.some((one) => one.file === file)),
    [],
    "no longer long: take the line away",
  );
});

const DOCUMENTS = FILES.filter((file) => /^(?:[^/]+|docs\/.*|www\/README)\.md$/.test(file));
test("every link of a document leads somewhere", () => {
  for (const file of ["CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "README.md", "CHANGELOG.md", "docs/architecture.md"]) {
    assert.ok(DOCUMENTS.includes(file), `${file} is there`);
  }
  let links = 0;
  for (const file of DOCUMENTS) {
    const text = read(file).replace(/^(```+).*\n[\s\S]*?^\1$/gm, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links += 1;
      const [path, anchor] = target.split("#");
      const to = path ? join(dirname(join(ROOT, file)), path) : join(ROOT, file);
      assert.ok(existsSync(to), `${file}: ${target}`);
      if (anchor) assert.ok(anchors(readFileSync(to, "utf8")).has(anchor), `${file}: ${target}`);
    }
  }
  assert.ok(links > 8, `${links} links`);
});

test("every path that architecture and contributing name exists, and every folder of a floor is named", () => {
  for (const file of ["docs/architecture.md", "CONTRIBUTING.md", "RELEASING.md"]) {
    for (const [, path] of read(file).matchAll(/`((?:src|pkg|tests|www|examples|benches|docs|\.ci)(?:\/[\w./-]+)?)`/g)) {
      if (path.includes("example/") || /\/example\.\w+$/.test(path)) continue;
      if (path === "pkg/dist") continue;
      assert.ok(existsSync(join(ROOT, path)), `${file}: ${path}`);
    }
  }
  const text = read("docs/architecture.md");
  for (const [folder, { floors }] of Object.entries(HOUSES)) {
    for (const floor of floors.flat()) if (!floor.endsWith(".rs")) assert.ok(text.includes(`\`${folder}/${floor}\``), `${folder}/${floor} is explained`);
    const folders = readdirSync(join(ROOT, folder), { withFileTypes: true }).filter((one) => one.isDirectory());
    assert.deepEqual(
      folders.map(({ name }) => name).sort(),
      floors
        .flat()
        .filter((floor) => !floor.endsWith(".rs"))
        .sort(),
    );
  }
});

test("the glossary has each word once, in order", () => {
  const [, glossary] = read("docs/architecture.md").split("## Glossary\n");
  const words = [...glossary.matchAll(/^\| ([^|]+?) \| [^|]+ \|$/gm)].map(([, word]) => word).filter((word) => word !== "word" && !/^-+$/.test(word));
  assert.ok(words.length > 40);
  assert.deepEqual(words, [...new Set(words)].sort());
});

test("the public run is the same as everywhere else, and asks for advisories beside it", () => {
  const text = read(".github/workflows/ci.yml");
  const commands = [...text.matchAll(/^ +- run: (.*)$/gm)].map(([, command]) => command);
  assert.ok(commands.includes(".ci/run"));
  assert.ok(commands.includes("npm run audit"));
  const install = read(".ci/run").match(/^npm ci.*$/m)[0];
  for (const command of commands.filter((one) => one.startsWith("npm ci"))) assert.equal(command, install);
  for (const [, script] of commands.join("\n").matchAll(/npm run (\S+)/g)) assert.ok(JSON.parse(read("package.json")).scripts[script], script);
  // An action is named by its commit: a tag can be moved.
  const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
  assert.ok(actions.length > 4);
  for (const action of actions) assert.match(action, /@[0-9a-f]{40}$/);
  assert.match(text, /^permissions:\n {2}contents: read$/m);
  const audit = read("tests/audit.mjs");
  for (const part of ['"audit"', '"check"', "cargoDeny"]) assert.ok(audit.includes(part), part);
  const deny = read("deny.toml");
  for (const section of ["advisories", "licenses", "bans", "sources"]) assert.ok(deny.includes(`[${section}]`), section);
  assert.match(deny, /crate = "rsa"/);
});

test("crate, package, locks and changelog name one version", () => {
  const version = read("Cargo.toml").match(/^version = "(.*)"$/m)[1];
  assert.equal(JSON.parse(read("pkg/package.json")).version, version);
  assert.equal(lockedVersion(read("Cargo.lock"), "samtykke"), version);
  const { packages } = JSON.parse(read("package-lock.json"));
  assert.deepEqual([packages.pkg.version, packages["www/servers"].version], [version, version]);
  assert.equal(JSON.parse(read("www/servers/package.json")).version, version);
  assert.match(read("CHANGELOG.md"), new RegExp(`^## ${version.replaceAll(".", "\\.")} \\((?:unreleased|\\d{4}-\\d{2}-\\d{2})\\)$`, "m"));
});
