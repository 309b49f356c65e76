// What the package takes from its surroundings, and what it must not: randomness, dependencies, unsafe code, a loose CSP.
// Checklist N119, N124 and N134. Each source is made to fail, or is read, so that a change is seen.
// Refuses a second source of randomness, a dependency of the npm package, and `unsafe` in the crate.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { begin } from "samtykke";

import { preprod } from "./support.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("randomness is the host's: without it nothing begins, and Math.random is never asked", (t) => {
  t.mock.method(Math, "random", () => assert.fail("Math.random was asked"));
  let asked = 0;
  const { getRandomValues } = crypto;
  t.mock.method(crypto, "getRandomValues", (into) => {
    asked += into.length;
    return getRandomValues.call(crypto, into);
  });
  const one = begin(preprod, { purpose: "presentation" });
  const two = begin(preprod, { purpose: "presentation" });
  assert.notEqual(one.state, two.state);
  assert.ok(asked >= 2 * 96, "state, nonce and verifier take 32 octets each");
  t.mock.method(crypto, "getRandomValues", () => {
    throw new Error("no entropy");
  });
  assert.throws(() => begin(preprod, { purpose: "presentation" }));
});

test("the same octets would give the same flow: nothing else is mixed in, nothing is left out", (t) => {
  t.mock.method(crypto, "getRandomValues", (into) => into.fill(7));
  const [one, two] = [begin(preprod, { purpose: "presentation" }), begin(preprod, { purpose: "presentation" })];
  assert.equal(one.state, two.state);
  assert.equal(one.state, Buffer.alloc(32, 7).toString("base64url"));
});

test("no unsafe code in the crate, no dependency in the npm package, no script that runs on install", () => {
  assert.match(read("src/lib.rs"), /^#!\[forbid\(unsafe_code\)\]$/m);
  const sources = readdirSync(new URL("../../src/", import.meta.url), { recursive: true }).filter((name) => name.endsWith(".rs"));
  assert.ok(sources.length > 20);
  for (const name of sources) assert.doesNotMatch(read(`src/${name}`), /\bunsafe\s*(\{|fn|impl|extern)|allow\(unsafe_code\)/, name);
  const manifest = JSON.parse(read("pkg/package.json"));
  for (const name of ["dependencies", "optionalDependencies", "scripts"]) assert.equal(manifest[name], undefined, name);
  // React is its users' own, as is what reads PKCS#12: nobody else gets them.
  assert.deepEqual(
    [manifest.peerDependencies, manifest.peerDependenciesMeta],
    [
      { "node-forge": "^1.4.3", react: ">=18" },
      { "node-forge": { optional: true }, react: { optional: true } },
    ],
  );
});

test("in the crate, only the bindings and one file of the ground know for which entry they are compiled", () => {
  const sources = readdirSync(new URL("../../src/", import.meta.url), { recursive: true }).map((name) => String(name).replaceAll("\\", "/"));
  const asking = sources.filter((name) => name.endsWith(".rs") && /cfg\w*!?\([^\n]*samtykke_entry/.test(read(`src/${name}`)));
  const allowed = (name) => name.startsWith("shell/bindings/") || name === "shell/mod.rs" || name === "ground/lean.rs";
  assert.ok(asking.includes("ground/lean.rs") && asking.includes("shell/bindings/mod.rs"));
  assert.deepEqual(
    asking.filter((name) => !allowed(name)),
    [],
  );
  assert.doesNotMatch(read("src/shell/mod.rs"), /samtykke_entry\s*=/);
  const [, features] = /^\[features\]\n([\s\S]*?)\n\[/m.exec(read("Cargo.toml"));
  assert.deepEqual([...features.matchAll(/^([\w-]+) = /gm)].map((found) => found[1]).sort(), [
    "aws-lc-rs",
    "axum",
    "blocking",
    "default",
    "encrypted-keys",
    "fetch",
    "jose-jwk",
    "native",
    "npm",
    "p256",
    "pkcs12",
    "redis",
    "reqwest",
    "rustls",
    "serde",
    "testing",
    "tower",
    "tracing",
  ]);
});

test("the policy that the README gives is strict", () => {
  const policy = new Map(
    /```text csp\n(default-src [^\n]*)\n```/
      .exec(read("README.md"))[1]
      .split("; ")
      .map((part) => [part.split(" ")[0], part.split(" ").slice(1).join(" ")]),
  );
  assert.equal(policy.get("default-src"), "'none'");
  assert.equal(policy.get("script-src"), "'self' 'wasm-unsafe-eval'");
  for (const name of ["base-uri", "frame-ancestors"]) assert.equal(policy.get(name), "'none'");
  for (const name of ["connect-src", "form-action"]) assert.equal(policy.get(name), "'self'");
  assert.equal(policy.get("require-trusted-types-for"), "'script'");
});

test("where a bundler hands over no module, the error tells of that and not of a policy", async () => {
  const dist = new URL("../../pkg/dist/lib/core/", import.meta.url);
  const [{ run }, { registerCore }, { compileModule }] = await Promise.all(["wasm", "cores", "wasm_module"].map((name) => import(new URL(`${name}.js`, dist))));
  for (const [place, imported] of ["/assets/full.wasm", { memory: {} }, Promise.resolve(), new Uint8Array(8), undefined].entries()) {
    registerCore(9 - place, () => compileModule(imported), 0);
    assert.throws(
      () => run("any"),
      ({ code, hint, cause }) => code === "wasm_unavailable" && /hand over .* as a WebAssembly\.Module/.test(hint) && cause instanceof TypeError,
    );
  }
  // What refuses to compile is the page's policy.
  registerCore(0, () => new WebAssembly.Module(new Uint8Array(8)), 0);
  assert.throws(
    () => run("any"),
    ({ code, hint }) => code === "wasm_unavailable" && hint.includes("'wasm-unsafe-eval'"),
  );
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  assert.equal(compileModule(module), module);
});
