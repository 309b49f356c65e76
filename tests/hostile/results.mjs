// Runs every row against samtykke once and says of each, in words that do not change from run to run, what came of it.
// Used by the test and by the writer of TABLE.md. Runs rows one after the other: a refusal is also "no further request".
// Refuses nothing; what is wrong is in `faults`.

import { Samtykke } from "./clients/samtykke.mjs";
import { drive, faults } from "./driver.mjs";

/** `par par authorize token` as `par 2, authorize, token`. */
function counted(log) {
  const out = [];
  for (const at of log) {
    const last = out.at(-1);
    if (last?.at === at) last.times += 1;
    else out.push({ at, times: 1 });
  }
  return out.map(({ at, times }) => (times > 1 ? `${at} ${times}` : at)).join(", ");
}

function said({ refused, left, log }) {
  const requests = `requests: ${counted(log) || "none"}`;
  if (refused) return `refused at ${refused.at}: \`${refused.error.code}\`; ${requests}`;
  return `finished${left ? ` (${left})` : ""}; ${requests}`;
}

/** One row's result. */
export async function result(row) {
  const started = performance.now();
  const outcome = await drive(Samtykke, row);
  const found = faults(row, outcome, Samtykke.isTyped);
  const seconds = (performance.now() - started) / 1000;
  if (row.seconds && seconds > row.seconds) found.push(`took ${seconds.toFixed(1)} s, at most ${row.seconds} s are right`);
  return { row, faults: found, code: outcome.refused?.error.code, said: said(outcome) };
}
