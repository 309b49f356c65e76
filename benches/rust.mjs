// The crate beside others of its kind: lines of three programs, crates that a program brings, seconds of a clean build.
// `node benches/rust.mjs` counts; `--build` builds each from nothing as well (minutes, on a machine that does nothing else); `--check`
// compiles the others' programs (benches/peers); `--json` prints data in place of tables.
// Like with like: each row is one kind of program, with TLS by rustls where there is TLS, and every program is laid out by this
// repository's rustfmt. Refuses to compare what did not resolve, and to count a program that is laid out otherwise.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { run, tail } from "../tests/lib/process.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const flags = new Set(process.argv.slice(2));

/** The peers' versions, which a run of another day must not change by itself. */
const PEERS = {
  openidconnect: "=4.1.0",
  "axum-oidc": "=0.6.0",
  huskarl: "=0.11.10",
  "huskarl-axum": "=0.1.0",
  "huskarl-login": "=0.5.0",
  "huskarl-reqwest": "=0.9.3",
};
const peer = (name, features = [], defaults = false) =>
  `${name} = { version = "${PEERS[name]}", default-features = ${defaults}, features = ${JSON.stringify(features)} }`;
const own = (...features) => `samtykke = { path = ${JSON.stringify(ROOT)}, features = ${JSON.stringify(features)} }`;
const AXUM = 'axum = { version = "0.8", default-features = false, features = ["http1", "tokio"] }';
const TOKIO = 'tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }';

const ROWS = [
  ["core", "samtykke", [own()]],
  ["native service with reqwest", "samtykke", [own("reqwest", "rustls", "aws-lc-rs"), TOKIO]],
  ["native service with reqwest", "huskarl", [peer("huskarl", ["default-jws-verifier-platform"]), peer("huskarl-reqwest", ["rustls-tls"]), TOKIO]],
  ["native service with reqwest", "openidconnect", [peer("openidconnect", ["reqwest", "rustls-tls"]), TOKIO]],
  ["login on axum", "samtykke", [own("axum", "reqwest", "rustls"), AXUM, TOKIO]],
  ["login on axum", "huskarl-axum", [peer("huskarl-axum", ["login", "default-jws-verifier-platform"]), peer("huskarl-reqwest", ["rustls-tls"]), AXUM, TOKIO]],
  ["login on axum", "axum-oidc", [peer("axum-oidc"), AXUM, TOKIO]],
  ["shared tokens with Redis", "samtykke", [own("redis", "reqwest", "rustls"), TOKIO]],
];

const REQWEST = 'reqwest = { version = "0.12", default-features = false, features = ["json", "rustls-tls"] }';
const JSON_CRATE = 'serde_json = "1"';
const SERDE = 'serde = { version = "1", features = ["derive"] }';
const SESSIONS = 'tower-sessions = "0.14"';
const AXUM_QUERY = AXUM.replace('"http1", ', '"http1", "query", ');
const HUSKARL = [
  peer("huskarl", ["default-jws-verifier-platform"]),
  peer("huskarl-reqwest", ["rustls-tls"]),
  'huskarl-crypto-native = { version = "=0.11.3" }',
  REQWEST,
  TOKIO,
];

/** What each program does, whose it is, its file, and what it takes to compile; or why there is none. */
const PROGRAMS = [
  ["consent on axum", "samtykke", "examples/consent_axum.rs"],
  [
    "consent on axum",
    "huskarl-axum",
    "benches/peers/consent_huskarl.rs",
    [...HUSKARL, peer("huskarl-axum", ["login", "default-jws-verifier-platform"]), peer("huskarl-login", [], true), AXUM, SERDE, JSON_CRATE],
  ],
  ["consent on axum", "axum-oidc", "benches/peers/consent_axum_oidc.rs", [peer("axum-oidc"), AXUM, REQWEST, JSON_CRATE, SESSIONS, 'tower = "0.5"', TOKIO]],
  [
    "consent on axum",
    "openidconnect",
    "benches/peers/consent_openidconnect.rs",
    [peer("openidconnect", ["reqwest", "rustls-tls"]), AXUM_QUERY, REQWEST, SERDE, JSON_CRATE, SESSIONS, TOKIO],
  ],
  ["machine token from a PEM", "samtykke", "examples/machine_token.rs"],
  ["machine token from a PEM", "huskarl", "benches/peers/machine_huskarl.rs", [...HUSKARL, JSON_CRATE]],
  ["machine token from a PEM", "openidconnect", "it has no grant by a signed statement"],
  ["FAPI 2.0: login, refresh, call", "samtykke", "examples/fapi2_login.rs"],
  ["FAPI 2.0: login, refresh, call", "huskarl", "benches/peers/fapi2_huskarl.rs", [...HUSKARL, 'http = "1"']],
  ["FAPI 2.0: login, refresh, call", "openidconnect", "it has neither pushed requests nor DPoP"],
];

/** Lines of a program but for blank ones, comments and the attributes by which it is empty on wasm. */
const lines = (file) =>
  readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .filter((line) => line.trim() && !line.trim().startsWith("//") && !line.startsWith("#![cfg")).length;

/** A project of its own with these dependencies. */
function project(place, dependencies, program = "fn main() {}\n") {
  mkdirSync(join(place, "src"), { recursive: true });
  const head = '[package]\nname = "compared"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n';
  writeFileSync(join(place, "Cargo.toml"), `${head}${dependencies.join("\n")}\n`);
  writeFileSync(join(place, "src", "main.rs"), program);
}

const folder = mkdtempSync(join(tmpdir(), "samtykke-compare-"));
const rows = [];
const programs = [];
try {
  for (const [at, [kind, crate, dependencies]] of ROWS.entries()) {
    const place = join(folder, `${at}`);
    project(place, dependencies);
    const env = { ...process.env, CARGO_TARGET_DIR: join(place, "target"), RUSTFLAGS: "" };
    const cargo = (...args) => run("cargo", args, { cwd: place, env, timeoutMs: 20 * 60_000 });
    const tree = await cargo("tree", "--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}");
    if (tree.code !== 0) {
      rows.push({ kind, crate, failed: tail(tree.stderr, 6) });
      continue;
    }
    const crates = new Set(
      tree.stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => line.replace(/ \(.*$/, "")),
    );
    const row = { kind, crate, dependencies: crates.size - 1 };
    if (flags.has("--build")) {
      await cargo("fetch");
      const start = performance.now();
      const built = await cargo("build", "--quiet", "--offline");
      if (built.code !== 0) row.failed = tail(built.stderr, 6);
      else row.seconds = Math.round((performance.now() - start) / 100) / 10;
      rmSync(join(place, "target"), { recursive: true, force: true });
    }
    rows.push(row);
  }
  for (const [at, [kind, crate, file, dependencies]] of PROGRAMS.entries()) {
    if (!file.endsWith(".rs")) {
      programs.push({ kind, crate, none: file });
      continue;
    }
    const program = { kind, crate, lines: lines(file) };
    programs.push(program);
    const laid = await run("rustfmt", ["--check", "--edition", "2024", "--config-path", join(ROOT, "rustfmt.toml"), join(ROOT, file)], { cwd: ROOT });
    if (laid.code !== 0) program.failed = `${file} is not laid out by rustfmt`;
    else if (dependencies && flags.has("--check")) {
      const place = join(folder, `program-${at}`);
      project(place, dependencies, readFileSync(join(ROOT, file), "utf8"));
      const env = { ...process.env, CARGO_TARGET_DIR: join(folder, "checked"), RUSTFLAGS: "" };
      const checked = await run("cargo", ["check", "--quiet"], { cwd: place, env, timeoutMs: 20 * 60_000 });
      if (checked.code !== 0) program.failed = tail(checked.stderr, 12);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (flags.has("--json")) console.log(JSON.stringify({ programs, rows }, null, 2));
else {
  console.log("| program | crate | lines |\n|---|---|---|");
  for (const { kind, crate, lines: count, none, failed } of programs) console.log(`| ${kind} | ${crate} | ${failed ?? count ?? `none: ${none}`} |`);
  console.log("\n| program | crate | dependencies | clean build |\n|---|---|---|---|");
  for (const { kind, crate, dependencies, seconds, failed } of rows)
    console.log(
      `| ${kind} | ${crate} | ${failed ? `not resolved: ${failed.split("\n")[0]}` : dependencies} | ${seconds === undefined ? "–" : `${seconds} s`} |`,
    );
}
process.exitCode = rows.some(({ crate, failed }) => failed && crate === "samtykke") || programs.some(({ failed }) => failed) ? 1 : 0;
