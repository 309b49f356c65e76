// The page of errors: a section for each code of the core's table, with what the table says of it, where `error.doc` leads.
// src/ground/error/codes.rs is the table; docs/errors.md adds what leads to each error.
// Refuses a code without a section, a section without a code, and a line that the table says otherwise.

import assert from "node:assert/strict";
import { test } from "node:test";
import { anchors, read } from "../lib/documents.mjs";
import { linkPackage } from "../verdicts/run.mjs";

const snake = (name) => name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase();
const TABLE = [...read("src/ground/error/codes.rs").matchAll(/^ {4}[A-Z_]+ "([a-z_]+)" (\w+) (\w+) (true|false) "([^"]+)" "([^"]+)";$/gm)].map(
  ([, code, phase, action, retryable, section, hint]) => ({ code, phase: snake(phase), action: snake(action), retryable: retryable === "true", section, hint }),
);
const PAGE = read("docs/errors.md");

test("every code has its section, with its cause, what to do, and the facts of the table", () => {
  assert.ok(TABLE.length > 80, `${TABLE.length} codes`);
  const sections = new Map(
    PAGE.split(/^#### /m)
      .slice(1)
      .map((text) => [text.split("\n")[0], text.split(/^### /m)[0]]),
  );
  assert.deepEqual([...sections.keys()].sort(), TABLE.map(({ code }) => code).sort());
  for (const { code, phase, action, retryable, section, hint } of TABLE) {
    const [, , cause, , cure, , facts] = sections.get(code).split("\n");
    assert.ok(cause.length > 25 && /[.)]$/.test(cause), `${code}: ${cause}`);
    assert.equal(cure, `**Do:** ${hint}`, code);
    assert.equal(facts, `\`${phase}\` · \`${action}\`${retryable ? " · retryable" : ""} · ${section}`, code);
  }
});

test("error.doc is an address made from one constant, and leads to the code's section", async () => {
  linkPackage();
  const { SamtykkeError } = await import("samtykke");
  const [, docs] = read("src/ground/error/codes.rs").match(/macro_rules! docs \{[^"]*"([^"]+)"/);
  assert.match(docs, /^https:\/\/\S+\/errors\/#$/);
  const there = anchors(PAGE);
  for (const { code } of TABLE) {
    const { doc } = new SamtykkeError({ code, phase: "token", action: "restart" });
    assert.equal(doc, docs + code);
    assert.ok(there.has(new URL(doc).hash.slice(1)), doc);
  }
  // The page that the address names is the crate's: it shows this document.
  assert.match(read("src/lib.rs"), /#\[doc = include_str!\("\.\.\/docs\/errors\.md"\)\]\npub mod errors/);
});
