// Names of targets and texts of records beside the crate's: one table for both (tests/native/tokens.rs reads the same file).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
await import("samtykke/tokens");
const { line, nameOf } = await import("../../pkg/dist/lib/tokens/clock.js");
const { recordOf, recordText } = await import("../../pkg/dist/lib/tokens/record.js");
const { names, records } = JSON.parse(readFileSync(new URL("records.json", import.meta.url), "utf8"));

test("records are read as the table says", () => {
  assert.ok(records.length > 8);
  for (const { text, read } of records) {
    const record = recordOf(text);
    const found = record && { accessToken: record.tokens?.accessToken, replace: record.replace, code: record.error?.code };
    assert.deepEqual(found && JSON.parse(JSON.stringify(found)), read ?? undefined, text);
  }
});

test("records are written as the table says", () => {
  for (const { text, read, written = text } of records) {
    if (!read) continue;
    const again = recordOf(recordText(recordOf(text)));
    assert.deepEqual(again, recordOf(written), text);
  }
});

test("names are those of the table", () => {
  const base = line("i", "https://op.example") + line("c", "client-1");
  for (const { target, name } of names) assert.equal(nameOf(base, target), base + name, JSON.stringify(target));
});
