// Reads who imports whom: TypeScript of the package, Rust of the crate. Files are named by their path in the folder that is read.
// Refuses nothing itself; a path that leads to no file of the folder (a library's, a generated one) is passed over.

import { readFileSync, readdirSync } from "node:fs";
import { join, posix, sep } from "node:path";

/** All files of a folder whose name ends so, by their path in it, with their text. */
export function sources(folder, end) {
  const names = readdirSync(folder, { recursive: true }).map((name) => name.split(sep).join("/"));
  return new Map(
    names
      .filter((name) => name.endsWith(end))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
}

/** Imports of TypeScript files, types too: each file, and those it imports from. */
export function typescriptImports(files) {
  const imports = new Map();
  for (const [file, text] of files) {
    const found = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)\.js"/g)].map(([, path]) => `${posix.join(posix.dirname(file), path)}.ts`);
    imports.set(file, new Set(found.filter((path) => files.has(path) && path !== file)));
  }
  return imports;
}

/** The paths in a `use` tree: `a::{b, c::{self, D}}` is `a::b`, `a::c::self` and `a::c::D`. */
export function usePaths(tree) {
  const parts = [];
  let depth = 0;
  let part = "";
  for (const letter of tree) {
    if (letter === "{") depth += 1;
    if (letter === "}") depth -= 1;
    if (letter === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += letter;
  }
  return [...parts, part].flatMap((text) => {
    const [, head, inside] = text.trim().match(/^([\w:]*?)\{(.*)\}$/s) ?? [];
    if (head !== undefined) return usePaths(inside).map((path) => head + path);
    const path = text.trim().replace(/\s+as\s+\w+$/, "");
    return path ? [path] : [];
  });
}

/** Without comments, texts and what is compiled for tests alone. */
const code = (text) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/#\[cfg\(test\)\]\s*mod \w+ \{[\s\S]*$/, "");

const moduleOf = (file) =>
  file
    .replace(/\.rs$/, "")
    .replace(/(^|\/)(mod|lib)$/, "")
    .split("/")
    .filter(Boolean);

/** Imports of a crate's files: by `use` and by paths in the code. A name that another file hands on counts as that file's. */
export function rustImports(files) {
  const fileOf = new Map([...files.keys()].map((file) => [moduleOf(file).join("::"), file]));
  const plain = new Map([...files].map(([file, text]) => [file, code(text)]));
  const absolute = (path, file) => {
    const parts = path.split("::");
    let base = moduleOf(file);
    if (parts[0] === "crate") base = [];
    else if (parts[0] === "super") {
      while (parts[0] === "super") {
        base = base.slice(0, -1);
        parts.shift();
      }
      return [...base, ...parts];
    } else if (parts[0] !== "self") return fileOf.has([...base, parts[0]].join("::")) ? [...base, ...parts] : undefined;
    return [...base, ...parts.slice(1)];
  };
  /** What a file hands on: the name, and where it has it from. */
  const handed = new Map();
  for (const [file, text] of plain) {
    const names = new Map();
    for (const [, tree] of text.matchAll(/\bpub(?:\([\w ]+\))? use ([^;]+);/g)) {
      for (const path of usePaths(tree.replace(/\s+/g, " "))) {
        const whole = absolute(path, file);
        if (whole)
          names.set(
            whole.at(-1) === "self" ? whole.at(-2) : whole.at(-1),
            whole.filter((part) => part !== "self"),
          );
      }
    }
    handed.set(file, names);
  }
  /** The file that a path from the root leads to. */
  const resolve = (path, seen = 0) => {
    for (let length = path.length; length >= 0; length--) {
      const file = fileOf.get(path.slice(0, length).join("::"));
      if (file === undefined) continue;
      const from = handed.get(file).get(path[length]);
      return from && seen < 9 ? resolve([...from, ...path.slice(length + 1)], seen + 1) : file;
    }
    return undefined;
  };
  const imports = new Map();
  for (const [file, text] of plain) {
    const found = [];
    const add = (path, face) => {
      const whole = absolute(path, file);
      const target = whole && resolve(whole.filter((part) => part !== "self" && part !== "*"));
      const own = [...moduleOf(file), ""].join("::");
      // The face of a folder hands its own files' names on, and knows nothing of them.
      if (target && !(face && moduleOf(target).join("::").startsWith(own))) found.push(target);
    };
    for (const [, face, tree] of text.matchAll(/\b(pub(?:\([\w ]+\))? )?use ([^;]+);/g))
      for (const path of usePaths(tree.replace(/\s+/g, " "))) add(path, face);
    for (const [path] of text.replace(/\buse [^;]+;/g, "").matchAll(/(?<![\w:])(?:crate|super)(?:::\w+)+/g)) add(path);
    imports.set(file, new Set(found.filter((path) => path !== file)));
  }
  return imports;
}

/** Files that import each other in a loop, each loop's files sorted. */
export function circles(imports) {
  const found = [];
  const order = new Map();
  const low = new Map();
  const stack = [];
  const visit = (file) => {
    order.set(file, order.size);
    low.set(file, order.get(file));
    stack.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) !== order.get(file)) return;
    const loop = stack.splice(stack.indexOf(file));
    if (loop.length > 1) found.push(loop.sort());
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return found;
}

/** Imports from a floor above: `floors` are names of folders, from the ground up; those that share a floor know nothing of each other. */
export function upward(imports, floors) {
  const folderOf = (file) => (file.includes("/") ? file.split("/")[0] : file);
  const floorOf = (file) => floors.findIndex((floor) => [floor].flat().includes(folderOf(file)));
  return [...imports].flatMap(([file, targets]) =>
    [...targets]
      .filter((target) => floorOf(target) > floorOf(file) || (floorOf(target) === floorOf(file) && folderOf(target) !== folderOf(file)))
      .map((target) => `${file} -> ${target}`),
  );
}
