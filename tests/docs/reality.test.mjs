// The tables of what real systems send: whole, with a source and a date for each form, and with rows that exist where they are named.
// Refuses a system without a cell, a form without a source, and "none found" without the searches.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CELLS, MARKS, SYSTEMS, rows, table } from "../reality/table.mjs";

const read = (name) => readFileSync(new URL(`../reality/${name}`, import.meta.url), "utf8");

test("every system has every cell, each with its proof", () => {
  const all = rows();
  for (const system of Object.keys(SYSTEMS)) {
    for (const cell of CELLS)
      assert.ok(
        all.some((row) => row.system === system && row.cell === cell),
        `${system}: ${cell}`,
      );
  }
  for (const row of all) {
    const { system, cell, form, mark, source, date, searched } = row;
    assert.ok(SYSTEMS[system] && CELLS.includes(cell) && form && MARKS.includes(mark), JSON.stringify(row));
    if (mark === "none") assert.ok(searched.length > 0 && searched.every((text) => text.length > 10) && !source, JSON.stringify(row));
    else assert.ok(source.length > 10 && /^20\d\d(-\d\d){0,2}$/.test(date) && !searched, JSON.stringify(row));
  }
  assert.equal(new Set(all.map(({ system, cell, form }) => `${system} ${cell} ${form}`)).size, all.length, "near-copies count once");
});

test("rows that are kept are there", () => {
  const kept = rows().filter((row) => row.rows);
  assert.ok(kept.length > 10);
  for (const { rows: where } of kept) {
    const [file, path] = where.split("#");
    const data = JSON.parse(read(file));
    const found = file === "servers.json" ? data.rows.filter(({ server }) => server === path) : path.split("/").reduce((value, name) => value?.[name], data);
    assert.ok(Array.isArray(found) ? found.length > 0 : found, where);
  }
});

test("TABLE.md is made from the rows", () => {
  assert.equal(read("TABLE.md"), table());
});
