// `npm test`: everything, in the order in which a failure tells most. `-- --quick`: native and Node only.
// `-- --ci`: installs what a new machine lacks, and a runtime that could not run is a failure. `-- --only NAME…`: some stages.
// `-- --match PATTERN`: in stages of Node's test runner, the tests whose names match. `-- --logs FOLDER`: for target/test-logs.
// `-- --built`: the package as it is built.
// Each stage's output is kept; a failed one is printed. The summary says what ran where, and what did not.

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CORES, entryFlags } from "../pkg/build.mjs";
import { ensure } from "../pkg/toolchain.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    ci: { type: "boolean" },
    only: { type: "boolean" },
    match: { type: "string" },
    logs: { type: "string" },
    built: { type: "boolean" },
  },
});
const LOGS = values.logs ?? join(ROOT, "target", "test-logs");
const ci = values.ci || process.env.CI === "true";
const { quick = false } = values;
// The stages' own programs ask for it: whether they may install system packages, and whether a gap is a failure.
if (ci) process.env.CI = "true";

const node = (...rest) => [process.execPath, ...rest];
// Files by name: Node 20 does not expand patterns itself.
const suite = (folder, ...flags) => {
  const files = readdirSync(join(ROOT, "tests", folder))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => join("tests", folder, name));
  if (values.match) flags.push(`--test-name-pattern=${values.match}`);
  return node("--test", "--test-reporter=spec", ...flags, ...files);
};

const WASM = ["--target", "wasm32-unknown-unknown"];
const TARGETS = [[], WASM];

/** Stages: commands run one after the other; `quick` ones also for the inner loop; `minutes` until one is given up. */
const STAGES = [
  {
    name: "native",
    quick: true,
    what: "crate: unit, vector, property and documentation tests",
    run: [["cargo", "test", "--locked", "--features", "serde,p256,aws-lc-rs,jose-jwk,encrypted-keys,pkcs12"]],
    minutes: 20,
  },
  {
    name: "rust-native",
    quick: true,
    what: "Rust shell on tokio: driver, clients, token source, Redis, sessions on axum, adapters, documentation; its programs against the local providers, one Redis for Rust and JavaScript",
    run: [
      [
        "cargo",
        "test",
        "--locked",
        "--features",
        "reqwest,aws-lc-rs,redis,axum,tower,testing,tracing,rustls,blocking",
        "--test",
        "native",
        "--test",
        "blocking",
      ],
      ["cargo", "test", "--locked", "--features", "reqwest,aws-lc-rs,redis,axum,tower,testing", "--doc", "--", "shell::native", "documents"],
      // Each feature by itself: they only add, and need no other but those they bring.
      ...["native", "testing,tower", "axum", "redis,p256", "reqwest,rustls", "pkcs12"].map((features) => [
        "cargo",
        "check",
        "--locked",
        "--lib",
        "--features",
        features,
      ]),
      suite("programs", "--test-concurrency=1"),
    ],
    minutes: 15,
  },
  {
    name: "lint",
    what: "rustfmt, clippy with the panic lints, documentation; Biome on TypeScript and JavaScript",
    run: [
      node(join("node_modules", "@biomejs", "biome", "bin", "biome"), "ci", "--error-on-warnings"),
      ["cargo", "fmt", "--check"],
      ["cargo", "fmt", "--check", "--all", "--manifest-path", "tests/wasm/programs/Cargo.toml"],
      ...TARGETS.map((target) => ["cargo", "clippy", "--locked", "--all-targets", "--all-features", ...target, "--", "-D", "warnings"]),
      ...Object.keys(CORES).map((entry) => [
        "cargo",
        "clippy",
        "--locked",
        "--lib",
        ...WASM,
        "--features",
        "npm",
        "--",
        "-D",
        "warnings",
        ...entryFlags(entry),
      ]),
      ...TARGETS.map((target) => ["cargo", "doc", "--locked", "--no-deps", "--all-features", ...target]),
    ],
    env: { RUSTDOCFLAGS: "-D warnings" },
    minutes: 20,
  },
  { name: "package", quick: true, what: "npm package in Node: client, page, edge, APIs, types, against hostile servers", run: [suite("js")], minutes: 10 },
  { name: "local", quick: true, what: "samtykke-local, the local providers as a package of their own", run: [suite("local")], minutes: 10 },
  { name: "provider", what: "the local norskgjeld, judged by other clients", run: [suite("norskgjeld")], minutes: 10 },
  {
    name: "helseid",
    quick: true,
    what: "HelseID: the package against a local one, its login page, and an API as strict as NHN's template",
    run: [suite("helseid")],
    minutes: 10,
  },
  {
    name: "selvbetjening",
    what: "Selvbetjening against the local one and the local HelseID: the guide, updates, keys, the way back in four runtimes, the example",
    run: [suite("selvbetjening")],
    minutes: 10,
  },
  {
    name: "maskinporten",
    what: "Maskinporten and its self-service API against a local one that verifies with jose; the native example",
    run: [suite("maskinporten")],
    minutes: 15,
  },
  {
    name: "acmidm",
    what: "ACM/IDM and eLys against oidc-provider set up to behave like them; both providers in every server runtime",
    run: [suite("acmidm")],
    minutes: 5,
  },
  { name: "halland", quick: true, what: "Region Halland: the package against a strict local AD FS and a gateway", run: [suite("halland")], minutes: 5 },
  {
    name: "hostile",
    quick: true,
    what: "118 client modules of the conformance suite and the advisories, over real HTTP",
    run: [suite("hostile")],
    minutes: 10,
  },
  // One file at a time: each starts processes and a server of its own, and counts what they do together.
  {
    name: "tokens",
    what: "token source: Redis, Durable Object, Deno KV; four processes or isolates, and every fault",
    run: [suite("tokens", "--test-concurrency=1")],
    minutes: 15,
  },
  {
    name: "verdicts",
    quick: true,
    what: "protocol cases, byte-equal in every runtime",
    run: [node("tests/verdicts/check.mjs", ...(quick ? ["native", "node"] : ci ? ["--ci"] : []))],
    minutes: 20,
  },
  { name: "fapi", what: "a FAPI 2.0 login against oidc-provider in every runtime", run: [node("tests/fapi/check.mjs")], minutes: 15 },
  { name: "harness", what: "the runners of the runtimes themselves", run: [suite("lib"), suite("runtimes")], minutes: 15 },
  {
    name: "crate",
    what: "the published crate's tests compile; no standard library; the oldest Rust",
    run: [node("tests/packaging/crate.mjs", ...(ci ? ["--ci"] : []))],
    minutes: 25,
  },
  {
    name: "docs",
    what: "documentation: every block runs, the site is built, every link leads somewhere",
    run: [suite("docs"), node("docs/site.mjs", "--check")],
    minutes: 15,
  },
  { name: "size", what: "size ceilings", run: [node("tests/size.mjs")], minutes: 5 },
  {
    name: "rust-features",
    what: "the crate's features by pairs, natively and on wasm; the core without std; the oldest Rust with a lock resolved for it",
    run: [node("tests/features/run.mjs", ...(process.argv.includes("--ci") ? ["--ci"] : []))],
    minutes: 30,
  },
  {
    name: "rust-wasm",
    what: "Rust shell on wasm: browsers, worker, Node; pages in Leptos and Yew, a worker in workers-rs; the native example",
    run: [node("tests/wasm/run.mjs"), suite("wasm")],
    minutes: 25,
  },
  { name: "packaging", what: "the packed tarball in real projects", run: [node("tests/packaging/run.mjs"), node("tests/packaging/flow.mjs")], minutes: 30 },
  { name: "demo-check", what: "npm run demo -- --check", run: [node("www/demo.mjs", "--check")], minutes: 10 },
  { name: "e2e", what: "the demo in Chromium with a person's clicks", run: [suite("e2e")], minutes: 15 },
  { name: "fresh", what: "npm test itself on a machine with Rust and Node alone", run: [suite("fresh")], minutes: 15 },
  {
    name: "publish",
    what: "npm and cargo publish, dry",
    run: [
      ["npm", "publish", "--dry-run"],
      ["npm", "publish", "--dry-run"],
      ["cargo", "publish", "--dry-run", "--locked", "--allow-dirty"],
    ],
    cwd: ["pkg", "www/servers", "."],
    minutes: 15,
  },
];

const only = values.only && positionals;
const unknown = positionals.filter((name) => !only || !STAGES.some((stage) => stage.name === name));
if (unknown.length || only?.length === 0) {
  process.stderr.write(`no stage ${unknown.join(", ")}; after --only may stand ${STAGES.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}

const results = [];

function run(command, { log, cwd, env, minutes }) {
  return new Promise((done) => {
    const [program, ...rest] = command;
    log.write(`$ ${command.join(" ")}\n`);
    const child = spawn(program, rest, {
      cwd: join(ROOT, cwd ?? "."),
      env: { ...process.env, ...env },
      detached: process.platform !== "win32",
      shell: process.platform === "win32" && program === "npm",
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const timer = setTimeout(() => {
      log.write(`\ngiven up after ${minutes} minutes\n`);
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        child.kill("SIGKILL");
      }
    }, minutes * 60_000);
    child.on("error", (error) => log.write(`${error.message}\n`));
    child.on("close", (code) => {
      clearTimeout(timer);
      done(code === 0);
    });
  });
}

/** What went wrong, for the end of the summary, which is all that some places show: Node's own list of failures, else the last lines. */
function failuresIn(text) {
  const lines = text.trimEnd().split("\n");
  const list = lines.findIndex((line) => line.startsWith("✖ failing tests:"));
  return list < 0
    ? lines.slice(-20)
    : lines
        .slice(list + 1)
        .filter(Boolean)
        .slice(0, 40);
}

async function stage({ name, what, run: commands, cwd = [], env, minutes }) {
  const started = Date.now();
  const file = join(LOGS, `${name}.log`);
  const log = createWriteStream(file);
  process.stderr.write(`… ${name}: ${what}\n`);
  let ok = true;
  for (const [at, command] of commands.entries()) ok = ok && (await run(command, { log, cwd: cwd[at], env, minutes }));
  await new Promise((done) => log.end(done));
  const text = readFileSync(file, "utf8");
  // Runners name what they could not run in lines that begin with "gap:".
  const gaps = [...text.matchAll(/^gap: (.*)$/gm)].map((found) => found[1]);
  const notes = [...text.matchAll(/^ran: (.*)$/gm)].map((found) => found[1]);
  if (!ok) process.stderr.write(`${text.slice(-20_000)}\n`);
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stderr.write(`${ok ? "✓" : "✗"} ${name} (${seconds} s)\n`);
  results.push({ name, ok, seconds, gaps, notes, failures: ok ? [] : failuresIn(text) });
}

mkdirSync(LOGS, { recursive: true });
const tools = await ensure({ rust: true, bindgen: true, npm: true, browsers: !quick, install: ci });
const { build } = await import("../pkg/build.mjs");
if (!values.built) await build();
(await import("./verdicts/run.mjs")).linkPackage();

for (const one of STAGES) {
  if (only ? only.includes(one.name) : !quick || one.quick) await stage(one);
}

const gaps = [...new Set([...tools.gaps.map(({ what, why, run }) => `${what}: ${why}; run: ${run}`), ...results.flatMap((result) => result.gaps)])];
const out = [`\n${"stage".padEnd(12)} result   seconds`];
for (const { name, ok, seconds, notes } of results) {
  out.push(`${name.padEnd(12)} ${(ok ? "passed" : "FAILED").padEnd(8)} ${String(seconds).padStart(7)}`);
  for (const note of notes) out.push(`             ${note}`);
}
for (const gap of gaps) out.push(`not run: ${gap}`);
for (const { name, failures } of results) out.push(...failures.map((line) => `${name}: ${line}`));
const failed = results.some((result) => !result.ok) || (ci && gaps.length > 0);
out.push(failed ? "FAILED" : gaps.length ? "passed, but for what was not run" : "all passed");
process.stdout.write(`${out.join("\n")}\n`);
process.exit(failed ? 1 : 0);
