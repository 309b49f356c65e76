// Joins the modules of the package for runtimes that load them from files one by one (Node, Deno, Bun). There, finding and opening
// some forty files takes longer than all the rest of a cold start, and so does reading the wasm from its short text.
// page.js is what a page needs, core.js the rest of the protocol, apis.js the providers' own; one key or error is the same to all.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const OPTIONS = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  legalComments: "none",
  logLevel: "warning",
  // Names stay whole, for whoever reads a stack.
  minifySyntax: true,
  minifyWhitespace: true,
  absWorkingDir: "/",
  // Beside the package, for whoever reads PKCS#12.
  external: ["node-forge/*"],
};

/** A module's name under `lib`, as what tells its exports apart from other modules'. */
const prefixOf = (module) => `${module.replace(/\W/g, "_")}_`;
/** Names that a module exports, with that before them. */
async function exportsOf(file, module) {
  return Object.keys(await import(pathToFileURL(file))).map((name) => ({ name, unique: prefixOf(module) + name }));
}

const reexport = (names, file, side) =>
  names.length === 0
    ? "export {};\n"
    : `export { ${names.map((name) => (side === "out" ? `${name.name} as ${name.unique}` : `${name.unique} as ${name.name}`)).join(", ")} } from ${JSON.stringify(file)};\n`;

const BUFFER = `import { Buffer } from "node:buffer";\n`;
/** A function that gives a wasm's octets. */
const octets = (dist, core) => `const ${core} = () => Buffer.from("${readFileSync(join(dist, "wasm", `${core}.wasm`)).toString("base64")}", "base64");\n`;

/**
 * Writes `dist/node`. `entries` are names with their wasm; `firstOf` writes what an entry does first, given from where.
 */
export async function joinModules(dist, entries, firstOf) {
  const out = join(dist, "node");
  const lib = (name) => join(dist, "lib", `${name}.js`);
  const entryOf = (entry) => lib(`entries/${entry}`);
  const isApi = (entry) => entries[entry].some((core) => core !== "full" && core !== "browser");
  // What loads another package stands alone.
  const isAlone = (entry) => entry === "pkcs12";
  const isShared = (entry) => entry !== "browser" && !isApi(entry) && !isAlone(entry);
  const all = Object.keys(entries);
  /** Each stands on those before it. */
  const layers = [
    { file: "page.js", roots: [entryOf("browser"), lib("core/wasm")], code: "" },
    {
      file: "core.js",
      roots: [...all.filter(isShared).map(entryOf), lib("core/cores"), lib("core/error_details")],
      code: `${BUFFER}export ${octets(dist, "full")}`,
    },
    { file: "apis.js", roots: all.filter(isApi).map(entryOf), code: "" },
    { file: "alone.js", roots: all.filter(isAlone).map(entryOf), code: "" },
  ];
  mkdirSync(out);

  /** Node has its own form of signatures.js, which builds on the other. */
  const node = lib("crypto/signatures_node");
  const own = {
    name: "own",
    setup({ onResolve }) {
      onResolve({ filter: /\/signatures\.js$/ }, ({ importer }) => (importer === node ? undefined : { path: node }));
    },
  };
  /** Modules that are joined already: where they are, and what they export. */
  const joined = new Map();
  const known = {
    name: "known",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^\.\/(page|core)\.js$/ }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /\.js$/ }, ({ path }) => (joined.has(path) ? { contents: reexport(joined.get(path).names, `./${joined.get(path).file}`) } : undefined));
    },
  };
  for (const { file, roots, code } of layers) {
    const stdin = (contents) => ({ contents, resolveDir: dist, sourcefile: file });
    const { metafile } = await build({
      ...OPTIONS,
      stdin: stdin(roots.map((root) => `import ${JSON.stringify(root)};\n`).join("")),
      plugins: [own],
      write: false,
      metafile: true,
      ignoreAnnotations: true,
    });
    const modules = Object.keys(metafile.inputs)
      .map((path) => join("/", path))
      .filter((path) => path.startsWith(join(dist, "lib")) && !joined.has(path));
    const names = new Map();
    for (const path of modules) names.set(path, await exportsOf(path, relative(join(dist, "lib"), path).replace(/\.js$/, "")));
    const contents = modules.map((path) => reexport(names.get(path), path, "out")).join("") + code;
    await build({ ...OPTIONS, stdin: stdin(contents), plugins: [own, known], outfile: join(out, file) });
    for (const path of modules) joined.set(path, { file, names: names.get(path) });
  }

  for (const [entry, wasm] of Object.entries(entries)) {
    const rest = wasm.filter((core) => core !== "full");
    const { head, provided, details } = firstOf(entry, wasm, (module) => [prefixOf(module), `./${joined.get(lib(module)).file}`]);
    const { file, names } = joined.get(entryOf(entry));
    writeFileSync(
      join(out, `${entry}.js`),
      [
        rest.length ? BUFFER : "",
        wasm.includes("full") ? `import { full } from "./core.js";\n` : "",
        head,
        ...rest.map((core) => octets(dist, core)),
        provided((core) => `new WebAssembly.Module(${core}())`),
        details,
        reexport(names, `./${file}`),
      ].join(""),
    );
  }
}
