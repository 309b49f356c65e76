// The systems' part of the check: every step of every system, in order, as the page would ask for it. HelseID's, which needs a
// person, is in helseid.mjs.
// Steps that are meant to be refused say so here, with the code that must come.
// Refuses an answer that holds a token, an assertion whole, or nothing that was sent where something must be.
import assert from "node:assert/strict";
import { checkHelseId } from "./helseid.mjs";

/** After its last step, steps taken again that must now fail, with the code. */
const AFTERWARDS = { norskgjeld: [["debt", "consent_inactive"]] };
/** Three parts of base64url with a signature: a whole JWT. */
const WHOLE_JWT = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/;

export async function checkSystems(demo, { visitor, verify }) {
  const list = (await visitor().call("GET", "/api/systems")).json().systems;
  assert.ok(list.length > 0, "no system is set up");
  const take = async (page, system, step) => {
    const answer = await page.call("POST", `/api/systems/${system}/${step}`);
    assert.equal(answer.status, 200, answer.text);
    assert.doesNotMatch(answer.text, WHOLE_JWT, `${step} shows a whole JWT`);
    return answer.json();
  };
  for (const { id, steps } of list.filter(({ id }) => id !== "helseid")) {
    await verify(`${id}: ${steps.join(", ")}`, async () => {
      const page = visitor();
      await page.navigate("/systems");
      let sent = 0;
      for (const step of steps) {
        const { error, messages } = await take(page, id, step);
        assert.equal(error, undefined, `${step}: ${JSON.stringify(error)}`);
        sent += messages.length;
      }
      assert.ok(sent > 0, "nothing was sent");
      const kept = (await page.call("GET", "/api/systems")).json().systems.find((one) => one.id === id).results;
      assert.deepEqual(Object.keys(kept), steps, "whoever comes back finds the steps taken");
      for (const [step, code] of AFTERWARDS[id] ?? []) assert.equal((await take(page, id, step)).error?.code, code, step);
    });
  }
  assert.ok(
    list.some(({ id }) => id === "helseid"),
    "HelseID is not set up",
  );
  await checkHelseId(demo, { visitor, verify, take });
  await verify("a system's step is not for other sites, and not for those without a run", async () => {
    const [
      {
        id,
        steps: [step],
      },
    ] = list;
    const page = visitor();
    assert.equal((await page.call("POST", `/api/systems/${id}/${step}`)).status, 401);
    await page.navigate("/systems");
    assert.equal(
      (await page.call("POST", `/api/systems/${id}/${step}`, undefined, { origin: "https://evil.example", "sec-fetch-site": "cross-site" })).status,
      403,
    );
    assert.equal((await page.call("POST", `/api/systems/${id}/constructor`)).status, 404);
  });
}
