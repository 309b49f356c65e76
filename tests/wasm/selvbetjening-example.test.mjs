// The Rust example of Selvbetjening against the local one: `cargo run --features p256 --example selvbetjening`.
// Refuses to skip: without cargo, or without a build, it fails.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { before } from "node:test";
import { fileURLToPath } from "node:url";
import { must } from "../lib/process.mjs";
import { walks } from "../selvbetjening/walk.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let program;

before(async () => {
  const built = await must("cargo", ["build", "--locked", "--features", "p256", "--example", "selvbetjening", "--message-format=json"], { cwd: root, timeoutMs: 15 * 60_000 });
  program = built.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
    .find((message) => message.target?.name === "selvbetjening" && message.executable)?.executable;
  assert.ok(program, "cargo named no executable");
});

walks(() => [program, []], root);
