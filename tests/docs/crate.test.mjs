// The crate as a user first sees it: few names at the root and no prelude, guides, each example in the table of src/lib.rs and run.
// Refuses an example that nobody runs, a row whose features are not those that it takes, and randomness that is a constant.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (...path) => readFileSync(join(ROOT, ...path), "utf8");
const lib = read("src", "lib.rs");
const manifest = read("Cargo.toml");
const files = (folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((path) => join(folder, `${path}`));

/** What a list of `pub use` names, with nested braces. */
function named(tree) {
  const inside = /^(.*?)\{(.*)\}$/s.exec(tree.trim());
  if (!inside)
    return [
      tree
        .trim()
        .replace(/.* as /, "")
        .split("::")
        .at(-1),
    ];
  let depth = 0;
  const parts = [""];
  for (const letter of inside[2]) {
    depth += { "{": 1, "}": -1 }[letter] ?? 0;
    if (letter === "," && !depth) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.filter((part) => part.trim()).flatMap((part) => (part.trim() === "self" ? [inside[1].split("::").at(-3)] : named(part)));
}

test("the root re-exports at most 20 names, which are no prelude", () => {
  // Those of a shell are modules under their own names, behind their features.
  const all = [...lib.matchAll(/^pub use ((?!shell::)[^;]+);/gm)].flatMap(([, tree]) => named(tree));
  assert.ok(all.includes("Error") && all.includes("Registration") && all.includes("Tokens"), all.join());
  assert.ok(all.length <= 20, `${all.length}: ${all.join()}`);
  assert.ok(!/\bprelude\b/.test(lib) && !files("src").some((file) => file.includes("prelude")));
  assert.ok(![...lib.matchAll(/^pub use [^;]*\*/gm)].length, "no names that nobody sees here");
});

test("guides are pages alone", () => {
  const guide = /pub mod guide \{([\s\S]*?)\n\}/.exec(lib)[1];
  const pages = [...guide.matchAll(/pub mod (\w+) \{\}/g)].map(([, name]) => name);
  assert.deepEqual(pages, ["native_service", "leptos_and_yew", "workers", "machine_tokens", "testing", "migration"]);
  for (const name of pages) assert.ok(existsSync(join(ROOT, "src", "shell", "guide", `${name}.md`)), name);
});

/** Every example by its name: the file that holds its `main`, and the features that it takes. */
const examples = readdirSync(join(ROOT, "examples"), { withFileTypes: true }).flatMap((entry) => {
  const file = entry.isDirectory() ? join("examples", entry.name, "main.rs") : join("examples", entry.name);
  if (!file.endsWith(".rs") || !existsSync(join(ROOT, file))) return [];
  const name = entry.name.replace(/\.rs$/, "");
  const [, table = ""] = new RegExp(`\\[\\[example\\]\\]\\nname = "${name}"\\n((?:.+\\n)*)`).exec(manifest) ?? [];
  const features = [...(/required-features = \[(.*)\]/.exec(table)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, feature]) => feature);
  return [{ name, file, features }];
});

test("each example stands in the crate's table with its features, and a test runs it", () => {
  assert.ok(examples.length >= 10, examples.map(({ name }) => name).join());
  const tests = files("tests").filter((file) => file.endsWith(".mjs"));
  const texts = tests.filter((file) => !file.includes("node_modules")).map((file) => read(file));
  const run = (name) => new RegExp(`(?:[eE]xample|started|startProgram)\\(\\s*"${name}"|"--example",\\s*"${name}"`);
  for (const { name, features } of examples) {
    const row = lib.split("\n").find((line) => line.startsWith(`//! | \`${name}\` |`));
    assert.ok(row, `${name} is not in src/lib.rs`);
    const said = [...row.split("|")[2].matchAll(/`([^`]+)`/g)].map(([, feature]) => feature);
    assert.deepEqual(said.sort(), features.sort(), name);
    assert.ok(
      texts.some((text) => run(name).test(text)),
      `no test runs ${name}`,
    );
  }
});

test("no example has randomness that is a constant", () => {
  for (const file of files("examples").filter((path) => path.endsWith(".rs"))) {
    const text = read(file);
    // Room that is filled is of zeros; a constant of other octets would be handed on as it is.
    for (const [found] of text.matchAll(/\[\s*[1-9]\w*\s*;\s*\w+\s*\]/g)) assert.fail(`${file}: ${found}`);
    for (const [, name] of text.matchAll(/let mut (\w+) = \[0; (?:\d+|COUNT)\];/g))
      assert.match(text, new RegExp(`(?:fill\\(&mut ${name}\\)|read\\(&mut ${name}\\))`), `${file}: ${name} stays zero`);
  }
});
