// `node tests/tokens/table.mjs`: what a thousand callers in four processes or isolates cost, under load and under each fault.
// Writes the table of TABLE.md: questions put to the server, what callers got, waits. Measured, never assumed.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { linkPackage } from "../verdicts/run.mjs";
import { bookOf, denoFigures, redisFigures, workerFigures } from "./figures.mjs";
import { startProvider } from "./provider.mjs";

const FILE = new URL("TABLE.md", import.meta.url);
const [BEGIN, END] = ["<!-- figures: written by table.mjs -->", "<!-- end of figures -->"];

linkPackage();
const provider = await startProvider();
const folder = mkdtempSync(join(tmpdir(), "samtykke-table-"));
const book = bookOf(provider, (row) => process.stderr.write(`${row}\n`));
await redisFigures(provider, book, await import("samtykke/tokens"));
await workerFigures(provider, book, folder);
await denoFigures(provider, book);
await provider.close();
rmSync(folder, { recursive: true, force: true });

const table = [
  "| store | what happens | questions to the server | of them extra | callers got | longest wait | next caller's wait |",
  "|---|---|---|---|---|---|---|",
  ...book.rows.map((columns) => `| ${columns.join(" | ")} |`),
].join("\n");
const text = readFileSync(FILE, "utf8");
const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
if (begin < 0 || end < begin) throw new Error("TABLE.md lacks the lines between which the table stands");
writeFileSync(FILE, `${text.slice(0, begin)}${BEGIN}\n\n${table}\n\n${text.slice(end)}`);
process.exit(0);
