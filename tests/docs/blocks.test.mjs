// Every code block of every document is run or checked: its fence names by what, and that it is known here.
// The house's rule: documentation that compiles. tests/lib/documents.mjs lists the harnesses.
// Refuses a block without a harness, a test's block that no document has, more sketches than ten, names that do not exist.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BLOCKS, DOCUMENTS, ROOT, blocksIn, read } from "../lib/documents.mjs";
import { linkPackage } from "../verdicts/run.mjs";

const SKETCHES = 10;
const at = ({ file, line }) => `${file}:${line}`;
const of = (harness, language) => BLOCKS.filter((one) => one.harness === harness && (!language || one.language === language));

/** The files whose tests run blocks, and the names by which they ask for them. */
const RUNNERS = [
  ...readdirSync(join(ROOT, "tests", "docs"))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => `tests/docs/${name}`),
  "tests/packaging/flow/readme.mjs",
];
const run = new Set(RUNNERS.flatMap((file) => [...read(file).matchAll(/\b(?:load|block)\("([\w-]+)"/g)].map(([, name]) => name)));
/** What is no block to be loaded, by language: each has its test below, `csp` in tests/js/surroundings.test.mjs. */
const OTHERS = {
  js: ["types", "from", "sketch"],
  ts: ["types", "from", "sketch"],
  tsx: ["types", "from", "sketch"],
  rust: ["doctest", "from", "sketch"],
  sh: ["commands", "backend-run", "rust-run", "worker-files"],
  html: ["page-html"],
  toml: ["crate", "wrangler", "worker-toml"],
  text: ["csp"],
};

test("every block names its harness, and every test's block is there", () => {
  assert.ok(BLOCKS.length > 30, `${BLOCKS.length} blocks`);
  const named = new Set();
  for (const one of BLOCKS) {
    const known = OTHERS[one.language]?.includes(one.harness) || run.has(one.harness);
    assert.ok(known, `${at(one)}: ${one.language || "no language"} ${one.harness || "without a harness"}`);
    named.add(one.harness);
  }
  assert.deepEqual(
    [...run].filter((name) => !named.has(name)),
    [],
    "blocks that tests ask for",
  );
});

test(`at most ${SKETCHES} blocks are sketches`, () => {
  assert.ok(of("sketch").length <= SKETCHES, of("sketch").map(at).join(", "));
});

test("the README stays short", () => {
  const lines = read("README.md").split("\n").length - 1;
  assert.ok(lines <= 150, `${lines} lines`);
});

test("the reader of blocks sees what it must", () => {
  const [first, second] = blocksIn("a\n```js page  b c\nx\n```\n````text sketch\n```\n````\n");
  assert.deepEqual([first.line, first.language, first.harness, first.rest, first.text], [2, "js", "page", "b c", "x\n"]);
  assert.deepEqual([second.harness, second.text], ["sketch", "```\n"]);
  assert.throws(() => blocksIn("```js\n"), /not closed/);
});

test("the crate's documentation tests hold every document with Rust in it", () => {
  const lib = read("src/lib.rs");
  const held = [...lib.matchAll(/include_str!\("\.\.\/([^"]+)"\)/g)].map(([, file]) => file);
  const shipped = read("Cargo.toml").match(/^include = \[(.*)\]$/m)[1];
  // In another order of words rustdoc would leave the block out.
  for (const file of DOCUMENTS)
    for (const [fence] of read(file).matchAll(/^```rust.*$/gm)) assert.match(fence, /^```rust( no_run)? (doctest|sketch|from \S+)$/, file);
  for (const file of new Set(of("doctest").map(({ file }) => file))) {
    assert.ok(held.includes(file), `src/lib.rs includes ${file}`);
    assert.ok(shipped.includes(`"/${file}"`), `Cargo.toml ships ${file}`);
  }
});

test("what is said to come from a file stands there", () => {
  for (const one of of("from")) {
    const bare = (text) => text.replace(/^[ \t]+/gm, "");
    assert.ok(bare(read(one.rest)).includes(bare(one.text)), `${at(one)} is not in ${one.rest}`);
  }
});

test("the crate's features in a Cargo.toml exist", () => {
  const features = [...read("Cargo.toml").matchAll(/^([\w-]+) = \[/gm)].map(([, name]) => name);
  let seen = 0;
  for (const one of of("crate")) {
    for (const [, list] of one.text.matchAll(/samtykke = .*features = \[([^\]]*)\]/g)) {
      for (const [, name] of list.matchAll(/"([^"]+)"/g)) assert.ok((seen += features.includes(name)) && features.includes(name), `${at(one)}: ${name}`);
    }
    const version = read("Cargo.toml").match(/^version = "(\d+\.\d+)/m)[1];
    for (const [, said] of one.text.matchAll(/samtykke = (?:"|.*version = ")([\d.]+)"/g)) assert.equal(said, version, at(one));
  }
  assert.ok(seen > 0);
});

test("a worker's settings for the store are those of the class that the package exports", async () => {
  linkPackage();
  const tokens = await import("samtykke/tokens");
  for (const one of of("wrangler")) {
    const [, name] = one.text.match(/class_name = "(\w+)"/);
    assert.ok(tokens[name], `${at(one)}: ${name}`);
    assert.ok(one.text.includes(`new_sqlite_classes = ["${name}"]`), at(one));
  }
});

test("every document gives the same policy", () => {
  assert.equal(new Set(of("csp").map(({ text }) => text)).size, 1);
});

test("the commands that people are told to type exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const rust = read("Cargo.toml");
  let seen = 0;
  for (const one of of("commands")) {
    for (const line of one.text.split("\n").map((line) => line.replace(/\s+#.*$/, ""))) {
      for (const [, script] of line.matchAll(/npm run (?:-s )?([\w-]+)/g)) assert.ok(((seen += 1), scripts[script]), `${at(one)}: npm run ${script}`);
      for (const [, file] of line.matchAll(/\bnode (?:--test )?([\w./-]+\.mjs)/g))
        assert.ok(((seen += 1), existsSync(join(ROOT, file))), `${at(one)}: ${file}`);
      for (const [, name] of line.matchAll(/--example (\w+)/g)) {
        seen += 1;
        assert.ok(
          rust.includes(`name = "${name}"`) || existsSync(join(ROOT, "examples", `${name}.rs`)) || existsSync(join(ROOT, "examples", name, "main.rs")),
          name,
        );
      }
      for (const [, list] of line.matchAll(/--features (\S+)/g))
        for (const name of list.split(",")) assert.match(rust, new RegExp(`^${name} = `, "m"), at(one));
    }
  }
  assert.ok(seen > 4, `${seen} commands`);
});

test("what is type-checked fits the package's types", () => {
  linkPackage();
  const folder = join(ROOT, "target", "doc-types");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const blocks = of("types");
  const files = new Map(
    blocks.map((one, index) => [
      `${one.file.replace(/\W/g, "_")}_${index}.${one.language === "js" ? "mjs" : one.language === "ts" ? "mts" : one.language}`,
      one,
    ]),
  );
  for (const [name, { text, rest }] of files) {
    writeFileSync(join(folder, name), `${text}export {};\n`);
    // A block that others import has a name.
    if (rest) writeFileSync(join(folder, rest), text);
  }
  writeFileSync(join(folder, "surroundings.d.ts"), read("tests/docs/surroundings.d.ts"));
  // What the documents speak of as "./edge.js".
  writeFileSync(join(folder, "edge.d.ts"), 'export declare const edge: import("samtykke/edge").Edge;\n');
  const options = {
    target: "es2024",
    lib: ["es2024", "dom", "dom.iterable", "esnext.disposable"],
    module: "esnext",
    moduleResolution: "bundler",
    jsx: "preserve",
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: true,
    noImplicitAny: false,
    skipLibCheck: true,
    types: [],
    paths: { "~~/server/*": ["./*"] },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*"] }));
  const { status, stdout } = spawnSync(join(ROOT, "node_modules", ".bin", "tsc"), ["-p", folder, "--pretty", "false"], { encoding: "utf8" });
  const told = stdout.replace(/^\S*?([\w.]+)\((\d+),/gm, (whole, name, line) =>
    files.has(name) ? `${files.get(name).file}:${files.get(name).line + Number(line)} (` : whole,
  );
  assert.equal(status, 0, told);
  assert.ok(blocks.length > 3, `${blocks.length} blocks`);
});
