// The documents and their code blocks. A block's fence names its language and its harness: ```js tokens
// Harnesses: a name of one of the tests that load blocks (tests/docs, and the consumers' sites of tests/packaging); `types`
// (type-checked); `doctest` (Rust, compiled and run by cargo test); `commands`; `crate` (Cargo.toml); `from PATH` (a part of
// a file that is run elsewhere); `sketch` (nothing). Refuses a block whose fence is not closed.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { slug } from "../../docs/slug.mjs";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const markdown = (folder) =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((one) => {
    const path = folder ? `${folder}/${one.name}` : one.name;
    if (one.isDirectory()) return folder && one.name !== "node_modules" ? markdown(path) : [];
    return one.name.endsWith(".md") ? [path] : [];
  });

/** Every document that people read, by its path: those at the root and the site's pages. */
export const DOCUMENTS = [...markdown(""), ...markdown("docs")].sort();

export const read = (file) => readFileSync(join(ROOT, file), "utf8").replaceAll("\r\n", "\n");

/** The blocks of a document's text. */
export function blocksIn(text, file = "") {
  const found = [];
  let open;
  for (const [at, line] of text.split("\n").entries()) {
    const fence = line.match(/^(```+)(.*)$/);
    if (open && fence?.[1] === open.fence && !fence[2]) {
      found.push({
        file,
        line: open.line,
        language: open.language,
        harness: open.harness,
        rest: open.rest,
        text: open.lines.map((one) => `${one}\n`).join(""),
      });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) {
      // What rustdoc reads for itself has to stand before a word that it does not know.
      const [language = "", harness = "", ...rest] = fence[2]
        .trim()
        .replace(/ no_run\b/, "")
        .split(/\s+/);
      open = { fence: fence[1], line: at + 1, language, harness, rest: rest.join(" "), lines: [] };
    }
  }
  if (open) throw new Error(`${file}:${open.line}: the block is not closed`);
  return found;
}

/** All blocks of all documents. */
export const BLOCKS = DOCUMENTS.flatMap((file) => blocksIn(read(file), file));

/** The text of the JavaScript block with this name. Several may have it, where they say the same. */
export function block(name) {
  const [first, ...others] = BLOCKS.filter(({ language, harness }) => language === "js" && harness === name);
  if (!first) throw new Error(`no document has a block named ${name}`);
  for (const other of others)
    if (other.text !== first.text) throw new Error(`${other.file}:${other.line} is not ${first.file}:${first.line}, and both are named ${name}`);
  return first.text;
}

/** Runs a block as a module of its own inside this checkout, where "samtykke" resolves; `at` has other addresses for some of its. */
export async function load(name, at = {}) {
  if (!existsSync(join(ROOT, "target"))) mkdirSync(join(ROOT, "target"));
  const folder = mkdtempSync(join(ROOT, "target", "block-"));
  try {
    const file = join(folder, `${name}.mjs`);
    let text = block(name);
    for (const [said, meant] of Object.entries(at)) {
      if (!text.includes(said)) throw new Error(`the block ${name} does not name ${said}`);
      text = text.replaceAll(said, meant);
    }
    writeFileSync(file, text);
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The anchors of a document's headings, as the site, the repository's pages and rustdoc make them. */
export const anchors = (text) => {
  const seen = new Map();
  const prose = text.replace(/^(```+).*\n[\s\S]*?^\1$/gm, "");
  return new Set(
    [...prose.matchAll(/^#+ (.*)$/gm)].map(([, title]) => {
      const anchor = slug(title);
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return times ? `${anchor}-${times}` : anchor;
    }),
  );
};
