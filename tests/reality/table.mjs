// TABLE.md from systems.json: `node tests/reality/table.mjs` writes it anew.
// A cell is a row with its source and date, marked recorded or documented; or says that none was found, and how it was looked for.
// Refuses a system without one of the cells, and a mark without its proof.

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const SYSTEMS = {
  norskgjeld: "Norsk Gjeldsinformasjon",
  maskinporten: "Maskinporten",
  helseid: "HelseID",
  acmidm: "ACM/IDM",
  adfs: "AD FS",
  halland: "Region Halland, whose server is an AD FS",
  idporten: "ID-porten",
};
export const CELLS = ["discovery", "key set", "token answer", "error", "API answer", "API error"];
export const MARKS = ["recorded", "documented", "none"];

const at = (name) => new URL(name, import.meta.url);
export const rows = () => JSON.parse(readFileSync(at("systems.json"), "utf8")).rows;

const line = ({ cell, form, mark, source, date, rows: kept, searched }) => {
  const proof = mark === "none" ? `none found; searched: ${searched.join("; ")}` : source;
  return `| ${cell} | ${form} | ${mark === "none" ? "none found" : mark} | ${proof} | ${date ?? ""} | ${kept ? `\`${kept}\`` : ""} |`;
};

/** The whole document. */
export function table(all = rows()) {
  const parts = Object.entries(SYSTEMS).map(([id, name]) => {
    const own = CELLS.flatMap((cell) => all.filter((row) => row.system === id && row.cell === cell));
    return `## ${name}\n\n| cell | form | mark | source | date | kept in |\n|---|---|---|---|---|---|\n${own.map(line).join("\n")}\n`;
  });
  return `# What real systems send\n\nMade from \`systems.json\` by \`node tests/reality/table.mjs\`. Dates are those of the source where it has one, else of the reading.\n\n${parts.join("\n")}`;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) writeFileSync(at("TABLE.md"), table());
