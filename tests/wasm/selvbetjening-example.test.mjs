// The Rust example of Selvbetjening against the local one: `cargo run --features p256 --example selvbetjening`.
// Refuses to skip: without cargo, or without a build, it fails.

import { dirname } from "node:path";
import { before } from "node:test";
import { fileURLToPath } from "node:url";
import { builtExample } from "../lib/example.mjs";
import { walks } from "../selvbetjening/walk.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let program;

before(async () => {
  program = await builtExample("selvbetjening", "p256");
});

walks(() => [program, []], root);
