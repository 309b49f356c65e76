// Every row that is run against samtykke: modules of the conformance suite, and advisories.
// Apart from results.mjs so that tests of the tables need no client.
// Refuses a name that is there twice.

import { ADVISORY_RUNS } from "./modules/advisories.mjs";
import { FURTHER } from "./modules/further.mjs";
import { RUN } from "./modules/index.mjs";

export const ROWS = [...RUN, ...ADVISORY_RUNS, ...FURTHER];

const names = new Set();
for (const { name } of ROWS) {
  if (names.has(name)) throw new Error(`two rows of the name ${name}`);
  names.add(name);
}
