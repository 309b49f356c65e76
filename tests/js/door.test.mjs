// Each entry brings one wasm at most, and that wasm has what pkg/build.mjs says it has: the table of operations, walked.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { CORES } from "../../pkg/build.mjs";

const dist = new URL("../../pkg/dist/", import.meta.url);
const read = (file) => readFileSync(new URL(file, dist), "utf8");
const encoder = new TextEncoder();

/** What a wasm answers to a text: by its plain call, or as the first step of a machine. */
function answer(name, text, machine) {
  const module = new WebAssembly.Module(readFileSync(new URL(`wasm/${name}.wasm`, dist)));
  const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => () => assert.fail("broke off") }) });
  const { memory, call, __wbindgen_malloc: malloc, run_start: start, run_text: told } = new WebAssembly.Instance(module, imports).exports;
  const octets = encoder.encode(text);
  const at = malloc(octets.length + 96, 1) >>> 0;
  new Uint8Array(memory.buffer).set(octets, at);
  const random = at + octets.length;
  const place = machine ? told(start(at, octets.length, random, 96) >>> 0) : call(at, octets.length, random, 0);
  return new TextDecoder().decode(new Uint8Array(memory.buffer, place % 2 ** 32, place / 2 ** 32));
}

const UNKNOWN = "a known operation";
// Enough of a client for a machine to be chosen: see `party` in src/shell/bindings/exchanges.rs.
const client = [
  "",
  "",
  "",
  "https://op.example",
  "",
  "https://op.example/token",
  "c",
  "",
  "",
  "",
  "",
  ...Array(12).fill(""),
  "client_secret_basic",
  "secret",
  "i",
  "nnnn",
  "",
  "60",
];
const lines = (operation) => `${operation}\n1700000000\n${client.join("\n")}${"\n".repeat(40)}`;

test("each operation that a provider's wasm is said to have is there", () => {
  const providers = Object.entries(CORES).filter(([, { has }]) => has);
  assert.ok(providers.length > 4);
  for (const [name, { has, machines }] of providers) {
    for (const operation of has.trim().split(" ")) {
      if (/^~?>/.test(operation)) continue;
      // A page has no room for the table of errors: its shell words them by action.
      if (name === "exchange" && operation === "error") continue;
      // A provider's own name is followed by the operation, and so is that of what several share.
      const found = answer(name, `${operation === "altinn" ? "altinn\nanswer" : operation}\n${"\n".repeat(20)}`);
      if (operation !== name) assert.ok(!found.includes(UNKNOWN), `${name}: ${operation}`);
    }
    for (const machine of machines) {
      assert.match(has, new RegExp(` ~?>${machine} `));
      assert.ok(!answer(name, lines(machine), true).includes(UNKNOWN), `${name}: >${machine}`);
    }
    assert.match(answer(name, "no_operation\n"), new RegExp(UNKNOWN));
    if (machines.length) assert.match(answer(name, lines("no_machine"), true), new RegExp(UNKNOWN));
  }
  // What is not linked is not there, so that the list is what decides.
  assert.match(answer("maskinporten", `key\n${"\n".repeat(20)}`), new RegExp(UNKNOWN));
  assert.match(answer("maskinporten", lines("code"), true), new RegExp(UNKNOWN));
});

test("the wasm of all entries has what each of them has, and all of the protocol", () => {
  const { operations, machines } = CORES.all;
  assert.ok(operations.length > 12 && machines.length > 18);
  for (const core of ["all", "full"]) {
    const own = Object.keys(CORES).filter((name) => !["all", "browser", "exchange", "full"].includes(name));
    // What a provider asks of another's wasm is no part of the protocol.
    const protocol = operations.filter((operation) => core === "all" || ![...own, "altinn"].includes(operation));
    for (const operation of protocol)
      assert.ok(!answer(core, `${operation === "altinn" ? "altinn\nanswer" : operation}\n${"\n".repeat(20)}`).includes(UNKNOWN), `${core}: ${operation}`);
    const known = machines.filter((machine) => core === "all" || !own.some((name) => machine.startsWith(name)));
    for (const machine of known) assert.ok(!answer(core, lines(machine), true).includes(UNKNOWN), `${core}: >${machine}`);
  }
  // What a page's public client has is its own.
  for (const [name, { has = "" }] of Object.entries(CORES).filter(([name]) => name !== "exchange")) {
    for (const operation of has
      .trim()
      .split(" ")
      .filter((one) => one && !/^~?>/.test(one) && one !== name && one !== "altinn"))
      assert.ok(!answer("all", `${operation}\n${"\n".repeat(20)}`).includes(UNKNOWN), `${name}: ${operation}`);
    for (const machine of has.match(/(?<=>)\w+/g) ?? []) assert.ok(!answer("all", lines(machine), true).includes(UNKNOWN), `${name}: >${machine}`);
  }
});

test("the entry of all has every name of theirs, and its calls need no other entry", async () => {
  const all = await import("samtykke/all");
  for (const entry of [
    "samtykke",
    ...Object.keys(CORES)
      .filter((name) => !["all", "browser", "exchange", "full"].includes(name))
      .map((name) => `samtykke/${name}`),
  ])
    for (const [name, value] of Object.entries(await import(entry))) assert.equal(all[name], value, `${entry}: ${name}`);
});

test("each entry brings one wasm at most", () => {
  const entries = readdirSync(dist).filter((file) => file.endsWith(".js"));
  assert.ok(entries.length > 20);
  const counts = entries.map((file) => [...read(file).matchAll(/from "\.\/wasm\//g)].length);
  assert.deepEqual([...new Set(counts)].sort(), [0, 1]);
  for (const file of entries.filter((file) => !file.includes(".workerd") && !file.includes(".edge-light"))) {
    assert.ok(existsSync(new URL(`node/${file}`, dist)), file);
    assert.ok((read(`node/${file}`).match(/(bring|provide)\(/g) ?? []).length <= 1, file);
  }
});

test("an operation that no imported entry has is refused with what to import", async () => {
  const { registerCore } = await import(new URL("lib/core/cores.js", dist));
  const { run } = await import(new URL("lib/core/wasm.js", dist));
  registerCore(0, () => assert.fail("not asked"), 0, " this that ");
  assert.throws(
    () => run("other\n"),
    ({ code, action, hint }) => code === "wasm_unavailable" && action === "fix_configuration" && hint.includes('import "samtykke"'),
  );
});
