// The crate beside others of its kind: lines of its three programs, crates that a program brings, seconds of a clean build.
// `node benches/rust.mjs` counts; `--build` builds each from nothing as well (minutes); `--json` prints data in place of a table.
// Like with like: each row is one kind of program, with TLS by rustls where there is TLS. Refuses to compare what did not resolve.

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

/** Lines of a program but for blank ones, comments and the attributes by which it is empty on wasm. */
const lines = (name) =>
  readFileSync(join(ROOT, "examples", `${name}.rs`), "utf8")
    .split("\n")
    .filter((line) => line.trim() && !line.trim().startsWith("//") && !line.startsWith("#![cfg")).length;

const folder = mkdtempSync(join(tmpdir(), "samtykke-compare-"));
const rows = [];
try {
  for (const [at, [kind, crate, dependencies]] of ROWS.entries()) {
    const place = join(folder, `${at}`);
    mkdirSync(join(place, "src"), { recursive: true });
    writeFileSync(
      join(place, "Cargo.toml"),
      `[package]\nname = "compared"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n${dependencies.join("\n")}\n`,
    );
    writeFileSync(join(place, "src", "main.rs"), "fn main() {}\n");
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
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const programs = Object.fromEntries(["consent_axum", "machine_token", "fapi2_login"].map((name) => [name, lines(name)]));

if (flags.has("--json")) console.log(JSON.stringify({ programs, rows }, null, 2));
else {
  for (const [name, count] of Object.entries(programs)) console.log(`${name}: ${count} lines`);
  console.log("\n| program | crate | dependencies | clean build |\n|---|---|---|---|");
  for (const { kind, crate, dependencies, seconds, failed } of rows)
    console.log(
      `| ${kind} | ${crate} | ${failed ? `not resolved: ${failed.split("\n")[0]}` : dependencies} | ${seconds === undefined ? "–" : `${seconds} s`} |`,
    );
}
process.exitCode = rows.some(({ crate, failed }) => failed && crate === "samtykke") ? 1 : 0;
