// The hostile server itself, with npm `openid-client` and `oauth4webapi` as clients: what a module names is what goes over the wire, and
// others finish where a client must finish and refuse where it must refuse. So a refusal of ours is one of a real fault.
// Refuses a row whose fault is not seen on the wire, and a difference that no row names.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Oauth4webapi } from "./clients/oauth4webapi.mjs";
import { OpenidClient } from "./clients/openid_client.mjs";
import { drive } from "./driver.mjs";
import { ADVISORY_RUNS } from "./modules/advisories.mjs";
import { FURTHER } from "./modules/further.mjs";
import { RUN } from "./modules/index.mjs";
import { heard, observed, recorder } from "./wire.mjs";

/** R modules that both let pass in the code flow; each fault is still seen on the wire. */
const LETS_PASS = [
  "oidcc-client-test-invalid-athash", // checks no hash claims of an id_token that came from the token endpoint
  "oidcc-client-test-invalid-chash",
  "fapi1-advanced-final-client-test-invalid-chash",
  "fapi1-advanced-final-client-test-invalid-shash",
  "fapi1-advanced-final-client-test-iat-is-week-in-past", // limits no age
];

class Peer extends OpenidClient {
  // openid-client has no check of logout tokens; the fault is read off the wire.
  logoutToken() {
    return Promise.resolve();
  }
}

const mustRefuse = (row) => Boolean(row.at ?? row.refused) && !LETS_PASS.includes(row.name);

for (const row of RUN) {
  test(row.name, async () => {
    const { fetch, exchanges } = recorder();
    const outcome = await drive(Peer, row, { fetch });
    assert.deepEqual(await observed(outcome, exchanges), [...row.sends].sort(), `refused: ${outcome.refused?.error.stack}`);
    assert.deepEqual(outcome.violations, []);
    if (row.flow === "back-channel logout") return;
    assert.equal(
      Boolean(outcome.refused),
      mustRefuse(row),
      outcome.refused ? `${outcome.refused.at}: ${outcome.refused.error.stack}` : "openid-client accepts it",
    );
  });
}

for (const row of RUN.filter(({ flow }) => flow === "login" || flow === "two logins")) {
  test(`${row.name}, by oauth4webapi`, async () => {
    const outcome = await drive(Oauth4webapi, row);
    assert.deepEqual(outcome.violations, []);
    assert.equal(
      Boolean(outcome.refused),
      mustRefuse(row),
      outcome.refused ? `${outcome.refused.at}: ${outcome.refused.error.stack}` : "oauth4webapi accepts it",
    );
    if (outcome.refused) assert.equal(outcome.refused.at, row.at ?? row.refused);
  });
}

for (const row of [...ADVISORY_RUNS.filter(({ request }) => !request), ...FURTHER]) {
  test(row.name, async () => {
    const { fetch, exchanges } = recorder();
    const outcome = await drive(Peer, row, { fetch });
    assert.deepEqual(outcome.violations, []);
    if (row.request?.body) assert.equal(outcome.client.heard.body, row.request.body);
    if (row.seen) assert.match(heard(outcome, exchanges), row.seen);
    if (row.kind === "A") assert.equal(Boolean(outcome.refused), row.peersRefuse ?? false);
    else assert.ok(row.seen, "a refusal without a fault to see");
  });
}
