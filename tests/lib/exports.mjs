// Resolves an import as a runtime would: the `exports` field of a package under a list of conditions.
// Node.js documentation, "Conditional exports": the first condition of the object that is active wins.
// Refuses patterns ("./*") and unknown paths: this project's own package has neither.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const browserConditions = ["browser", "import", "module", "default"];

function pick(target, conditions) {
  if (typeof target === "string") return target;
  for (const [condition, value] of Object.entries(target ?? {})) {
    if (condition !== "default" && !conditions.includes(condition)) continue;
    const found = pick(value, conditions);
    if (found) return found;
  }
  return null;
}

/** The file, relative to the package's folder, that `specifier` ("samtykke/browser") means. */
export function resolveExport(modules, specifier, conditions = browserConditions) {
  const [name, rest] = specifier.match(/^((?:@[^/]+\/)?[^/]+)(\/.+)?$/).slice(1);
  const { exports } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  const table = typeof exports === "string" || !Object.keys(exports).some((key) => key.startsWith(".")) ? { ".": exports } : exports;
  const found = pick(table[`.${rest ?? ""}`], conditions);
  if (!found) throw new Error(`${name} exports no ".${rest ?? ""}" for ${conditions.join(", ")}`);
  return { name, file: found.replace(/^\.\//, "") };
}

/** The import map with which a page without a bundler finds these imports below `base` ("/node_modules/"). */
export function importMap(modules, specifiers, base = "/node_modules/") {
  const imports = {};
  for (const specifier of specifiers) {
    const { name, file } = resolveExport(modules, specifier);
    imports[specifier] = `${base}${name}/${file}`;
  }
  return { imports };
}
