// The style sheets of the demo are one file for both pages: a name that one page's part styles must not be another's too.
// Refuses a class of the second page's that any other sheet knows.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../www/page/style/", import.meta.url);
const sheets = readdirSync(folder).filter((name) => name.endsWith(".css") && name !== "page.css");
/** Classes that a rule begins with: those under another are of that one alone. */
const styled = (name) => new Set([...readFileSync(new URL(name, folder), "utf8").matchAll(/^\s*\.([a-z-]+)/gm)].map(([, first]) => first));

test("no class of the second page's own is styled by another sheet", () => {
  const own = styled("systems.css");
  assert.ok(own.size > 10, `${own.size} classes`);
  for (const other of sheets.filter((name) => name !== "systems.css")) {
    assert.deepEqual(
      [...styled(other)].filter((name) => own.has(name)),
      [],
      other,
    );
  }
});
