// The rules of what is taken and what is refused (tests/leniency.json) as a document: `node tests/lib/leniency.mjs` writes tests/LENIENCY.md.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const SIDES = {
  lenient: "Taken, because real servers send it and nobody can exploit it",
  option: "Taken by an option alone",
  strict: "Refused, because it could let somebody in or mix two parties up",
};

/** The rules, in the order of the table. */
export const rules = () => JSON.parse(readFileSync(path("leniency.json"), "utf8"));

const cell = (text) => text.replaceAll("|", "\\|");
const named = (tests) => tests.map(({ file, name }) => `${file.replace(/^tests\//, "")}: ${name.replaceAll("`", "")}`).join("<br>");

/** The document. */
export function document() {
  const out = [
    "# Lenient and strict",
    "",
    "What could let somebody in or mix two parties up is refused; what real servers send and nobody can exploit is taken. Each rule has its",
    "source and the tests that fail without it. Written from `leniency.json` by `node tests/lib/leniency.mjs`.",
  ];
  for (const [side, title] of Object.entries(SIDES)) {
    out.push("", `## ${title}`, "", "| rule | source | Rust | package |", "|---|---|---|---|");
    for (const { rule, source, rust, js } of rules().filter((one) => one.side === side)) {
      out.push(`| ${[rule, source, named(rust), named(js)].map(cell).join(" | ")} |`);
    }
  }
  return `${out.join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path("LENIENCY.md"), document());
