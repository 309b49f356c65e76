// No entry grows beyond its ceiling (bytes are the same on every machine, so this is a test; times are a report).

import { ENTRIES, measure } from "../pkg/size.mjs";

const { entries } = await measure();
let failed = false;
for (const { entry, gzip } of entries) {
  const { ceiling = Infinity } = ENTRIES.find((known) => known.entry === entry);
  failed ||= gzip > ceiling;
  console.log(`${gzip > ceiling ? "FAILED" : "ran:"} ${entry} ${gzip} bytes gzip${ceiling < Infinity ? ` of at most ${ceiling}` : ""}`);
}
process.exit(failed ? 1 : 0);
