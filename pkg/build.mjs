// Builds the npm package: core to wasm, wasm to text, TypeScript to JavaScript, and one small file for each entry.
// All lands in pkg/dist; nothing there is edited by hand. `--quiet` shows no progress; `--fast`, for the inner loop, leaves wasm larger.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { withEntry } from "./generate.mjs";

const PKG = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(PKG);
const FINAL = join(PKG, "dist");
// Built aside and moved when whole, so that whoever imports the package meanwhile finds the old one or the new one.
const DIST = join(PKG, `.dist-${process.pid}`);
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");

// Named one by one: --all-features emits encodings that Node 20 rejects.
const WASM_FEATURES = ["bulk-memory", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext", "multivalue"];
// Memory starts empty, and below 1024 is only the far end of the stack.
const FAST = process.argv.includes("--fast");
const WASM_OPT = FAST
  ? ["-O1", "--strip-debug", "--strip-producers", "--strip-target-features"]
  : [
      "--low-memory-unused",
      "--zero-filled-memory",
      "--one-caller-inline-max-function-size=300",
      "--converge",
      "--flatten",
      "--rereloop",
      "-Oz",
      "-Oz",
      "--coalesce-locals-learning",
      "--reorder-locals",
      "--vacuum",
      "--reorder-functions",
      "--strip-debug",
      "--strip-producers",
      "--strip-target-features",
    ];

/** What the loader, pkg/src/core/wasm.ts, calls. The rest of what wasm-bindgen exports is for its own loader, and goes, imports and all. */
const USED = ["memory", "call", "__wbindgen_malloc"];
/** And what pkg/src/core/run.ts calls, where there are machines. */
const RUNS = ["run_start", "run_text", "run_step"];

const words = (text) => text.split(" ");
/** What brings keys as JWK, PEM and certificates. */
const KEYS = ["jwk", "der", "chain"];
/**
 * What a provider's wasm holds beside its own operations: those of the protocol, and the machines, that the documented verbs of its entry
 * need (`samtykke_operation` and `samtykke_machine` in src/shell/bindings). A provider without a line is used by the client of `samtykke`.
 */
const LINKED = {
  acmidm: { operations: ["refused"], machines: ["api_bearer"] },
  halland: { operations: ["adfs", "refused"], machines: ["api_bearer"] },
  helseid: {
    operations: ["F", "digest", "key", "choose", "offered", "logout", "logout_return", "challenges", ...KEYS],
    machines: [
      ...words("login code refresh credentials exchange introspect revoke userinfo id_token"),
      ...words("logout_token metadata keys api api_bearer session helseid_login helseid_credentials helseid_session"),
    ],
  },
  idporten: { operations: ["altinn"] },
  maskinporten: {
    operations: ["altinn", "digest", ...KEYS],
    machines: words("maskinporten_token api_bearer maskinporten maskinporten_keys maskinporten_update"),
  },
  norskgjeld: { operations: words("B F key choose"), machines: words("code credentials keys norskgjeld norskgjeld_feed") },
  selvbetjening: { operations: KEYS, machines: words("draft wait update rotate abandon").map((name) => `selvbetjening_${name}`) },
};
/** The machines that know no client. */
const LOOKUPS = /^(?:id_token|logout_token|metadata|resource|keys|api|api_bearer|maskinporten(?:_(?:keys|update))?|(?:norskgjeld|selvbetjening)(?:_\w+)?)$/;
/** What every provider's wasm has. */
const COMMON = ["C", "error"];
const PROVIDERS = withEntry();

function linked(name) {
  const { operations = [], machines = [] } = LINKED[name] ?? {};
  // Who has no keys is the last to work for a client.
  const last = (machine) => (LOOKUPS.test(machine) || operations.includes("jwk") ? "" : "~");
  const has = new Set([name, ...COMMON, ...operations, ...machines.map((machine) => `${last(machine)}>${machine}`)]);
  return { apart: true, whole: true, operations, machines, has: ` ${[...has].join(" ")} ` };
}

/** What the bindings name as operations or machines that are linked one by one. */
function named(kind) {
  const folder = join(ROOT, "src", "shell", "bindings");
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const found = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);
  const flags = sources.flatMap((text) => found(text, new RegExp(`samtykke_${kind} = "(\\w+)"`, "g")));
  const tables = kind === "operation" ? sources.flatMap((text) => found(text, /operations!\(operation, \{\n([\s\S]*?)\n {4}\}, /g)) : [];
  return [...new Set([...flags, ...tables.flatMap((table) => found(table, /^ {8}"(\w+)" => /gm))])].sort();
}

/** Each wasm; of several that have an operation the first one does it (with a `~`: where no other can). A small one is not worth taking apart. */
export const CORES = {
  ...Object.fromEntries(PROVIDERS.map((name) => [name, linked(name)])),
  // The protocol and all providers in one.
  all: { apart: true, whole: true, entries: PROVIDERS, operations: named("operation"), machines: named("machine") },
  // What a public client needs in a page, beside the page's own.
  exchange: { ...linked("exchange"), machines: ["public"], has: " C error >public " },
  full: { apart: true, whole: true },
  // Nothing nests in it, so that its constants lie within two octets' reach.
  browser: { stack: 4_096 },
};
/** Each entry whose first file is written here, and the wasm it brings: one at most. */
const ENTRIES = {
  browser: ["browser"],
  index: ["full"],
  all: ["all"],
  // What a client brings.
  edge: [],
  edge_store: [],
  exchange: ["exchange"],
  jwe: [],
  keys: [],
  pkcs12: [],
  tokens: [],
  ...Object.fromEntries(PROVIDERS.map((name) => [name, [name]])),
};

/** What may stand in a string without an escape, but for the two marks. */
const PLAIN = Array.from({ length: 93 }, (_, at) => String.fromCharCode(at + 32))
  .join("")
  .replace(/["\\]/g, "");

/** Writes octets as text that pkg/src/core/wasm_text.ts reads; `digest` are the constants that it can make itself. */
export function encode(octets, digest) {
  const known = placeOf(octets, digest);
  const parts = known < 0 ? [octets] : [octets.subarray(0, known), octets.subarray(known + digest.length)];
  const count = new Array(256).fill(0);
  for (const part of parts) for (const octet of part) count[octet]++;
  const all = [...count.keys()];
  const frequent = [...all].sort((one, two) => count[two] - count[one] || one - two).slice(0, PLAIN.length);
  // Letters of words stand for themselves, so that the texts in the wasm match those in the code around it. The others come in their order.
  const own = (octet) => octet > 94 && octet < 123;
  const rare = frequent.filter((octet) => !own(octet)).reverse();
  const left = new Set(rare);
  // No two of the table lie further from each other than a letter tells: one between them takes a rare one's place, where that one's
  // neighbours are near enough.
  const sorted = () => [-1, ...[...left].sort((one, two) => one - two)];
  for (;;) {
    const octets = sorted();
    const wide = octets.findIndex((octet, at) => octet - octets[at - 1] > 62);
    if (wide < 0) break;
    // Letters of words are there already.
    let between = octets[wide - 1] + 62;
    while (own(between)) between--;
    left.add(between);
    const joined = sorted();
    left.delete(rare.find((octet) => left.has(octet) && !(joined[joined.indexOf(octet) + 1] - joined[joined.indexOf(octet) - 1] > 62)));
  }
  const ordered = [...left].sort((one, two) => one - two);
  const order = [...PLAIN].map((letter) => frequent.find((octet) => octet === letter.charCodeAt(0) && own(octet)) ?? ordered.shift());
  order.push(...ordered.splice(0, PLAIN.length - order.length));
  let last = -1;
  const table = order
    .map((octet) => {
      if (own(octet)) return String.fromCharCode(octet);
      const far = octet - last;
      if (far > 62) throw new Error("the wasm's frequent octets are too far from each other for pkg/src/core/wasm_text.ts");
      last = octet;
      return String.fromCharCode(32 + far);
    })
    .join("");
  const marks = [...PLAIN, ...["}", "~"].flatMap((mark) => [...PLAIN].map((letter) => mark + letter))];
  const places = [...order, ...all.filter((octet) => !order.includes(octet))];
  const texts = new Map(places.map((octet, at) => [octet, marks[at]]));
  return table + parts.map((part) => Array.from(part, (octet) => texts.get(octet)).join("")).join("~o");
}

/** Where in a wasm the constants of SHA-256 stand; -1 where it hashes nothing. */
const placeOf = (octets, digest) => Buffer.from(octets).indexOf(digest);

/** Takes wasm apart for pkg/src/core/wasm_streams.ts. */
async function apart(wasm) {
  const module = await import(join(DIST, "lib", "core", "wasm_streams.js"));
  const { ADDRESS, CODES, STREAMS, HEAD, TAIL, walk, weave } = module;
  const streams = Array.from({ length: STREAMS }, () => []);
  let at = 8;
  const length = () => {
    const octet = wasm[at++];
    return octet > 127 ? octet - 128 + length() * 128 : octet;
  };
  // The constants stand behind 64 KiB of stack; below 2^20 an address is the same number signed and unsigned.
  const isAddress = () => {
    const start = at++;
    const found = length();
    at = start;
    return wasm[start] === 65 && found >= 65_536 && found < 1 << 20;
  };
  const next = (stream) => {
    const code = stream === CODES && isAddress() ? ADDRESS : wasm[at];
    streams[stream].push(code);
    at++;
    return code;
  };
  const far = (stream, last) => {
    const found = length();
    let left = found < last ? (last - found) * 2 - 1 : (found - last) * 2;
    for (; left > 127; left >>= 7) streams[stream].push((left & 127) | 128);
    streams[stream].push(left);
    return found;
  };
  const sized = (write) => {
    length();
    write();
  };
  // The code is section 10.
  while (wasm[at++] !== 10) {
    const size = length();
    at += size;
  }
  const code = at;
  at = 0;
  while (at < code) next(HEAD);
  walk({ next, far, sized });
  while (at < wasm.length) next(TAIL);
  const pairs = paired(streams, module);
  const octets = new Uint8Array([
    pairs.length / 2,
    ...pairs,
    ...streams.flatMap(({ length }) => [length & 255, (length >> 8) & 255, length >> 16]),
    ...streams.flat(),
  ]);
  if (Buffer.compare(weave(octets), wasm)) throw new Error("the wasm has an instruction that pkg/src/core/wasm_streams.ts does not know");
  return octets;
}

/** Writes the commonest pairs of instructions, and of what stands for such pairs, as one octet each; gives the pairs. */
function paired(streams, { ADDRESS, CODES, LAST_PAIR }) {
  const pairs = [];
  for (let name = ADDRESS + 1; name <= LAST_PAIR; name++) {
    const codes = streams[CODES];
    const counts = new Map();
    for (let at = 1; at < codes.length; at++) counts.set(codes[at - 1] * 256 + codes[at], (counts.get(codes[at - 1] * 256 + codes[at]) ?? 0) + 1);
    const [pair] = [...counts].sort((one, two) => two[1] - one[1] || one[0] - two[0])[0];
    const [first, second] = [pair >> 8, pair & 255];
    pairs.push(first, second);
    const shorter = [];
    for (let at = 0; at < codes.length; at++) shorter.push(codes[at] === first && codes[at + 1] === second && ++at ? name : codes[at]);
    streams[CODES] = shorter;
  }
  return pairs;
}

function say(line) {
  if (!process.argv.includes("--quiet")) process.stderr.write(`${line}\n`);
}

function run(command, args, options = {}) {
  execFileSync(command, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"], ...options });
}

/** What the wasms are made of: a name that changes with any of it. */
let sources;
function sourcesName() {
  if (sources) return sources;
  const hash = createHash("sha256");
  const files = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
  for (const path of [...paths, ...["Cargo.toml", "Cargo.lock", "package-lock.json"].map((name) => join(ROOT, name)), join(PKG, "build.mjs")]) {
    hash.update(`${path.slice(ROOT.length)}\n`).update(readFileSync(path));
  }
  sources = hash
    .update(execFileSync("rustc", ["-vV"]))
    .update(WASM_OPT.join(" "))
    .digest("hex")
    .slice(0, 32);
  return sources;
}

/** The wasm of a core; the one that was built of the same sources before, where there is one. */
function coreOf(name, bindgen) {
  const folder = join(TARGET, "npm", "built");
  const file = join(folder, `${name}-${sourcesName()}.wasm`);
  if (existsSync(file)) return readFileSync(file);
  const wasm = buildCore(name, bindgen);
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder))
    if (statSync(join(folder, old), { throwIfNoEntry: false })?.mtimeMs < Date.now() - 86_400_000) rmSync(join(folder, old));
  // Moved when whole: another build may look for it meanwhile.
  writeFileSync(`${file}.${process.pid}`, wasm);
  renameSync(`${file}.${process.pid}`, file);
  return wasm;
}

/** What makes the crate the wasm of an entry. Each uses a part of the crate, so the rest is dead there, and only there. */
export function entryFlags(name) {
  const { entries = [name], operations = [], machines = [] } = CORES[name];
  const linked = [
    ...(machines.some((machine) => !LOOKUPS.test(machine)) ? ["samtykke_party"] : []),
    ...operations.map((operation) => `samtykke_operation="${operation}"`),
    ...machines.map((machine) => `samtykke_machine="${machine}"`),
  ];
  return [...["samtykke_entry", ...entries.map((entry) => `samtykke_entry="${entry}"`), ...linked].flatMap((flag) => ["--cfg", flag]), "-A", "unused"];
}

function buildCore(name, bindgen) {
  // The cdylib is asked for here, not in Cargo.toml: naming two crate types there switches LTO off.
  // Paths of this machine stay out of the wasm, so that every checkout builds the same bytes.
  // A small stack, below the constants, makes their addresses short; what the core nests is bounded.
  const remap = `-C link-arg=-zstack-size=${CORES[name].stack ?? 65_536} --remap-path-prefix=${ROOT}=. --remap-path-prefix=${process.env.CARGO_HOME ?? join(process.env.HOME ?? "", ".cargo")}=cargo`;
  run(
    "cargo",
    [
      "rustc",
      "--quiet",
      "--locked",
      "--profile",
      "wasm",
      "--lib",
      "--crate-type",
      "cdylib",
      "--target",
      "wasm32-unknown-unknown",
      "--features",
      "npm",
      "--",
      ...entryFlags(name),
    ],
    {
      env: { ...process.env, RUSTFLAGS: remap, CARGO_TARGET_DIR: join(TARGET, "npm") },
    },
  );
  const out = join(DIST, `.bindgen-${name}`);
  run(bindgen, ["--target", "bundler", "--no-typescript", "--out-dir", out, join(TARGET, "npm", "wasm32-unknown-unknown", "wasm", "samtykke.wasm")]);
  const [graph, reached, optimised] = ["graph.json", "reached.wasm", "optimised.wasm"].map((file) => join(out, file));
  const used = name === "full" || CORES[name].machines?.length ? [...USED, ...RUNS] : USED;
  writeFileSync(graph, JSON.stringify([{ name: "loader", root: true, reaches: used }, ...used.map((name) => ({ name, export: name }))]));
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  const binaryen = (tool, args) =>
    run(process.execPath, [join(ROOT, "node_modules", "binaryen", "bin", tool), ...features, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  binaryen("wasm-metadce", ["--graph-file", graph, join(out, "samtykke_bg.wasm"), "-o", reached]);
  binaryen("wasm-opt", [...WASM_OPT, reached, "-o", optimised]);
  const wasm = readFileSync(optimised);
  rmSync(out, { recursive: true });
  return wasm;
}

/** The one function that a wasm with machines asks for: it ends a call that must not go on. */
function importsOf(wasm) {
  const asked = WebAssembly.Module.imports(new WebAssembly.Module(wasm));
  if (asked.length > 1) throw new Error("the wasm asks for more than pkg/src/core/cores.ts gives");
  return Object.fromEntries(asked.map(({ module, name }) => [module, { [name]: () => {} }]));
}

/**
 * Where a wasm's constants end. pkg/src/core/wasm.ts zeroes all above after each call, and this makes sure that it brings back
 * the memory of a new instance: that the allocator's state, and all else that changes, lies there.
 */
function constantsEnd(wasm) {
  const { memory, call, __wbindgen_malloc: malloc } = new WebAssembly.Instance(new WebAssembly.Module(wasm), importsOf(wasm)).exports;
  const before = new Uint8Array(memory.buffer.slice(0));
  const end = before.findLastIndex((octet) => octet !== 0) + 1;
  const text = new TextEncoder().encode("C\nno client\n");
  const at = malloc(text.length, 1) >>> 0;
  new Uint8Array(memory.buffer).set(text, at);
  call(at, text.length, at, 0);
  const after = new Uint8Array(memory.buffer).fill(0, end);
  // The stack lies below the constants; what it held is left.
  const stack = before.findIndex((octet) => octet !== 0);
  if (before.subarray(stack).some((octet, place) => octet !== after[stack + place]))
    throw new Error("a call of the core leaves something behind: see pkg/src/core/wasm.ts");
  return end;
}

/** What an entry does first: names its wasm, and who knows more of errors. `placeOf` says where a module's functions are, and by what prefix. */
function partsOf(cores, ends, placeOf = (module) => ["", `./lib/${module}.js`]) {
  // All but the page's say more of errors.
  const whole = cores.some((core) => CORES[core].whole);
  const provided = (module) =>
    cores
      .map((core) => {
        const { has } = CORES[core];
        const wasm = `() => ${module(core)}, ${ends[core]}`;
        return whole
          ? `registerCore(${Object.keys(CORES).indexOf(core)}, ${wasm}${has ? `, ${JSON.stringify(has)}` : ""});\n`
          : `provide({ source: () => ${module(core)}, end: ${ends[core]} });\n`;
      })
      .join("");
  const imports = (module, names) => {
    if (!names.length) return "";
    const [prefix, from] = placeOf(module);
    return `import { ${names.map((name) => (prefix ? `${prefix}${name} as ${name}` : name)).join(", ")} } from "${from}";\n`;
  };
  const head = [
    imports("core/error", whole ? ["describe"] : []),
    cores.length ? (whole ? imports("core/cores", ["registerCore"]) : imports("core/wasm", ["provide"])) : "",
    imports("core/error_details", whole ? ["details"] : []),
  ].join("");
  return { head, provided, details: whole ? "describe(details);\n" : "" };
}

function writeEntry(entry, cores, ends, hashes) {
  const { head, provided, details } = partsOf(cores, ends);
  const reexport = `${details}export * from "./lib/entries/${entry}.js";\n`;
  const imported = (suffix) =>
    `import { compileModule } from "./lib/core/wasm_module.js";\n${cores.map((core) => `import ${core} from "./wasm/${core}.wasm${suffix}";\n`).join("")}`;
  const readers = !cores.length
    ? ""
    : `import { ${cores.some((core) => hashes[core]) ? "constants, " : ""}read } from "./lib/core/wasm_text.js";\n${cores.some((core) => CORES[core].apart) ? `import { weave } from "./lib/core/wasm_streams.js";\n` : ""}`;
  const octets = (core) => `read(${core}Text${hashes[core] ? ", constants()" : ""})`;
  const files = {
    // The text first: a bundler keeps the order, and the code after it compresses better.
    [`${entry}.js`]: `${cores.map((core) => `import { text as ${core}Text } from "./wasm/${core}.js";\n`).join("")}${head}${readers}${provided((core) => `new WebAssembly.Module(${CORES[core].apart ? `weave(${octets(core)})` : octets(core)})`)}${reexport}`,
    [`${entry}.workerd.js`]: `${head}${imported("")}${provided((core) => `compileModule(${core})`)}${reexport}`,
    [`${entry}.edge-light.js`]: `${head}${imported("?module")}${provided((core) => `compileModule(${core})`)}${reexport}`,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(DIST, file), text);
}

export async function build() {
  const { ensure } = await import("./toolchain.mjs");
  const { wasmBindgen } = await ensure({ rust: true, bindgen: true, npm: true });
  if (!wasmBindgen) throw new Error("the wasm-bindgen tool is missing; see the lines above for how to install it");
  process.once("exit", () => rmSync(DIST, { recursive: true, force: true }));
  mkdirSync(join(DIST, "wasm"), { recursive: true });
  say("compiling the TypeScript");
  run(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", join(PKG, "tsconfig.json"), "--outDir", join(DIST, "lib")]);
  const [ends, hashes] = [{}, {}];
  for (const [name, core] of Object.entries(CORES)) {
    say(`building the ${name} wasm`);
    const wasm = coreOf(name, wasmBindgen);
    ends[name] = constantsEnd(wasm);
    writeFileSync(join(DIST, "wasm", `${name}.wasm`), wasm);
    const { constants, read } = await import(join(DIST, "lib", "core", "wasm_text.js"));
    const octets = core.apart ? await apart(wasm) : wasm;
    const text = encode(octets, constants());
    if (Buffer.compare(read(text, constants()), octets)) throw new Error("the wasm's text does not read as the wasm: see pkg/src/core/wasm_text.ts");
    hashes[name] = placeOf(octets, constants()) >= 0;
    writeFileSync(join(DIST, "wasm", `${name}.js`), `export const text = ${JSON.stringify(text)};\n`);
    say(`  ${wasm.length} bytes, ${gzipSync(wasm, { level: 9 }).length} gzipped`);
  }
  for (const [entry, cores] of Object.entries(ENTRIES)) writeEntry(entry, cores, ends, hashes);
  // Not before the package manager has brought what it stands on.
  const { joinModules } = await import("./join.mjs");
  await joinModules(DIST, ENTRIES, (_entry, cores, placeOf) => partsOf(cores, ends, placeOf));
  for (const file of ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE"]) {
    if (existsSync(join(ROOT, file))) copyFileSync(join(ROOT, file), join(PKG, file));
  }
  rmSync(FINAL, { recursive: true, force: true });
  renameSync(DIST, FINAL);
  say("pkg/dist is ready");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await build();
