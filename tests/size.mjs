// No entry grows beyond what it may weigh (bytes are the same on every machine, so this is a test; times are a report).
// An entry that is over the ceiling it is built for is said to be, in every run.

import { ENTRIES, measure } from "../pkg/size.mjs";

const { entries } = await measure();
let failed = false;
for (const { entry, gzip } of entries) {
  const { ceiling = Infinity, most = ceiling } = ENTRIES.find((known) => known.entry === entry);
  failed ||= gzip > most;
  const over = gzip > ceiling ? `, over its ceiling of ${ceiling}` : "";
  console.log(`${gzip > most ? "FAILED" : "ran:"} ${entry} ${gzip} bytes gzip${most < Infinity ? ` of at most ${most}` : ""}${over}`);
}
process.exit(failed ? 1 : 0);
