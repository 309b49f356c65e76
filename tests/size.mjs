// The size ceilings hold (bytes are the same on every machine, so this is a test; times are a report).

import { ENTRIES, measure } from "../pkg/size.mjs";

const { entries } = await measure();
let failed = false;
for (const { entry, gzip } of entries) {
  const { ceiling } = ENTRIES.find((known) => known.entry === entry);
  const over = ceiling !== undefined && gzip > ceiling;
  failed ||= over;
  console.log(`${over ? "FAILED" : "ran:"} ${entry} ${gzip} bytes gzip${ceiling ? ` of ${ceiling}` : ""}`);
}
process.exit(failed ? 1 : 0);
