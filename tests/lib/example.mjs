// Builds a native example of the crate and says where the program is. Refuses to skip: without cargo, or a build, it throws.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { must } from "./process.mjs";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {string[]} features Features of the crate that the example takes. */
export async function builtExample(name, ...features) {
  const args = ["build", "--locked", ...(features.length ? ["--features", features.join()] : []), "--example", name, "--message-format=json"];
  const { stdout } = await must("cargo", args, { cwd: ROOT, timeoutMs: 15 * 60_000 });
  const messages = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const program = messages.find((message) => message.target?.name === name && message.executable)?.executable;
  assert.ok(program, "cargo named no executable");
  return program;
}
