// Writes TABLE.md: all 118 client modules and all advisories with what samtykke did. `node tests/hostile/table.mjs`.
// Deterministic, so that it lies in the repository and modules.test.mjs can tell when it is out of date.
// Refuses to write a table with a fault in it.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ADVISORIES, DEPENDENCIES } from "./modules/advisories.mjs";
import { FURTHER } from "./modules/further.mjs";
import { MODULES } from "./modules/index.mjs";
import { result } from "./results.mjs";
import { ROWS } from "./rows.mjs";

export const FILE = new URL("./TABLE.md", import.meta.url);

const KINDS = { R: "must refuse", A: "must finish", F: "feature", E: "either" };
const cell = (text) => text.replaceAll("|", "\\|");

function moduleLine(row, results) {
  const done = results.get(row.name);
  const outcome = [row.out && `out of scope: ${row.out}`, done?.said, row.note].filter(Boolean).join("; ");
  return `| ${row.name} | ${row.kind} | ${cell(row.sends.join("; ") || "a correct run")} | ${cell(outcome)} |`;
}

function advisoryLines({ ids, fault, run = [], same = [], tests = [], none, note }, results) {
  const lines = run.map((row) => {
    const name = `${ids[0]}: ${row.name}`;
    return `${row.name}: ${results.get(name).said}`;
  });
  lines.push(...same.map((name) => `sent by module ${name}: ${results.get(name).said}`));
  lines.push(...tests.map(([file, name]) => `${file}, "${name}"`));
  if (none) lines.push(none);
  if (note) lines.push(note);
  return `| ${ids.join(", ")} | ${cell(fault)} | ${lines.map(cell).join("<br>")} |`;
}

function tally(modules) {
  const of = (kind) => modules.filter((row) => row.kind === kind);
  return Object.keys(KINDS)
    .map((kind) => {
      const out = of(kind).filter((row) => row.out).length;
      return `${kind} (${KINDS[kind]}) ${of(kind).length - out} of ${of(kind).length}${out ? `, ${out} out of scope` : ""}`;
    })
    .join("; ");
}

/** The whole text. `results`: of every row of ROWS. */
export function render(list) {
  const results = new Map(list.map((one) => [one.row.name, one]));
  const out = [
    "# What a hostile server sends, and what samtykke does",
    "",
    "Written by `node tests/hostile/table.mjs`; the stage `hostile` of `npm test` fails when it is out of date.",
    "The modules are the client tests of the [OpenID Foundation's conformance suite](https://gitlab.com/openid/conformance-suite) (2026-08-20), by their names there. This project's own server (`server/`) sends the same faults over real HTTP and judges every request of the client; it is no certification. `openid-client` and `oauth4webapi` run against the same server, and `wire.mjs` reads each fault off the wire (`server.test.mjs`).",
    "A refusal is a typed error, and no request follows it. Requests in a row to the same endpoint are counted; the second one is a DPoP nonce round.",
    "",
    `Passed: ${tally(MODULES)}.`,
  ];
  for (const plan of new Set(MODULES.map((row) => row.plan))) {
    out.push("", `## ${plan}`, "", "| module | kind | the server sends | samtykke |", "|---|---|---|---|");
    out.push(...MODULES.filter((row) => row.plan === plan).map((row) => moduleLine(row, results)));
  }
  out.push("", "## Advisories of other clients", "", "| advisory | what went wrong | here |", "|---|---|---|");
  out.push(...ADVISORIES.map((one) => advisoryLines(one, results)));
  out.push("", "## Further", "", "| the server sends | kind | samtykke |", "|---|---|---|");
  out.push(...FURTHER.map(({ name, kind }) => `| ${cell(name)} | ${kind} | ${cell(results.get(name).said)} |`));
  out.push("", "## Dependencies", "", "| advisory | crate | here |", "|---|---|---|");
  out.push(
    ...DEPENDENCIES.map(
      ({ id, crate, least, fault }) => `| ${id} | ${crate} | ${fault}; ${least ? `at least ${least} where it is used` : "in no build that is shipped"} |`,
    ),
  );
  return `${out.join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const list = [];
  for (const row of ROWS) list.push(await result(row));
  const faults = list.flatMap(({ row, faults }) => faults.map((fault) => `${row.name}: ${fault}`));
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length) process.exit(1);
  writeFileSync(FILE, render(list));
}
