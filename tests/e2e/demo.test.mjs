// The demo end to end: one demo, one Chromium, every run that a person can take. `node --test tests/e2e`
// Takes the screenshots in target/screenshots that are looked at before a release.
// Refuses to pass when the provider saw a client misbehave in any of the runs; without a Chromium it says that none was run.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { access } from "./access.mjs";
import { happyRuns } from "./happy.mjs";
import { helseIdRuns } from "./helseid.mjs";
import { openStage } from "./stage.mjs";
import { systemRuns } from "./systems.mjs";
import { unhappyRuns } from "./unhappy.mjs";

const the = { stage: await openStage() };
const { why } = the.stage;
console.log(why ? `gap: the demo in Chromium: ${why}` : `ran: the demo in ${the.stage.version}`);

describe("the demo", { skip: why }, () => {
  after(() => the.stage.close());

  happyRuns(the);
  unhappyRuns(the);
  systemRuns(the);
  helseIdRuns(the);
  access(the);

  test("the provider saw no violation of the protocol in all of this", () => {
    const found = the.stage.control.violations().map(({ code, endpoint, detail }) => `${endpoint}: ${code}, ${detail}`);
    found.push(...the.stage.demo.locals.violations());
    assert.deepEqual([...new Set(found)], []);
  });
});
