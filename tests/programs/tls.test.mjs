// What of TLS and cryptography a native program brings: one aws-lc-rs, which signs and which rustls has its ciphers of, and nothing beside.
// Refuses a second version, `ring`, and OpenSSL, whichever client sends.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The crates of a program with these features, each with its version. */
function crates(features, ...more) {
  const args = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--features", features, ...more];
  const lines = execFileSync("cargo", args, { cwd: ROOT, encoding: "utf8" }).split("\n");
  return [...new Set(lines.map((line) => line.replace(/ \(.*$/, "").trim()).filter(Boolean))];
}
const named = (all, name) => all.filter((one) => one.startsWith(`${name} v`));

test("a program has one aws-lc-rs with reqwest's rustls and ureq's, and no other cryptography", () => {
  for (const features of ["reqwest,rustls,aws-lc-rs", "blocking,rustls,aws-lc-rs", "reqwest,blocking,rustls,aws-lc-rs,redis,axum,tower,tracing"]) {
    const all = crates(features);
    for (const name of ["aws-lc-rs", "aws-lc-sys", "rustls"]) assert.equal(named(all, name).length, 1, `${features}: ${named(all, name)}`);
    for (const name of ["ring", "openssl-sys", "native-tls"]) assert.deepEqual(named(all, name), [], features);
  }
  assert.deepEqual(named(crates("reqwest"), "rustls"), [], "no TLS that was not asked for");
});

test("native features bring nothing to wasm32, and `fetch` nothing to other targets", () => {
  const wasm = ["--target", "wasm32-unknown-unknown"];
  const core = crates("serde", ...wasm);
  assert.deepEqual(crates("serde,reqwest,rustls,aws-lc-rs,redis,axum,tower,blocking,tracing,testing,pkcs12", ...wasm).sort(), core.sort());
  const shell = ["gloo-net", "js-sys", "web-sys", "serde-wasm-bindgen", "wasm-bindgen"];
  const native = crates("fetch");
  for (const name of shell) assert.deepEqual(named(native, name), [], name);
  for (const name of shell) assert.equal(named(crates("fetch", ...wasm), name).length, 1, name);
});
