// The machine systems' part of the check: every step of every system, in order, as the page would ask for it.
// Steps that are meant to be refused say so here, with the code that must come.
// Refuses an answer that holds a token, an assertion whole, or nothing that was sent where something must be.
import assert from "node:assert/strict";

/** After its last step, steps taken again that must now fail, with the code. */
const AFTERWARDS = { norskgjeld: [["debt", "consent_inactive"]] };
/** Three parts of base64url with a signature: a whole JWT. */
const WHOLE_JWT = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/;

export async function checkSystems(demo, { visitor, verify }) {
  const list = (await visitor().call("GET", "/api/systems")).json().systems;
  assert.ok(list.length > 0, "no system is set up");
  for (const { id, steps } of list) {
    await verify(`${id}: ${steps.join(", ")}`, async () => {
      const page = visitor();
      await page.navigate("/systems");
      const take = async (step) => {
        const answer = await page.call("POST", `/api/systems/${id}/${step}`);
        assert.equal(answer.status, 200, answer.text);
        assert.doesNotMatch(answer.text, WHOLE_JWT, `${step} shows a whole JWT`);
        return answer.json();
      };
      let sent = 0;
      for (const step of steps) {
        const { error, messages } = await take(step);
        assert.equal(error, undefined, `${step}: ${JSON.stringify(error)}`);
        sent += messages.length;
      }
      assert.ok(sent > 0, "nothing was sent");
      for (const [step, code] of AFTERWARDS[id] ?? []) assert.equal((await take(step)).error?.code, code, step);
    });
  }
  await verify("a system's step is not for other sites, and not for those without a run", async () => {
    const [{ id, steps: [step] }] = list;
    const page = visitor();
    assert.equal((await page.call("POST", `/api/systems/${id}/${step}`)).status, 401);
    await page.navigate("/systems");
    assert.equal((await page.call("POST", `/api/systems/${id}/${step}`, undefined, { origin: "https://evil.example", "sec-fetch-site": "cross-site" })).status, 403);
    assert.equal((await page.call("POST", `/api/systems/${id}/constructor`)).status, 404);
  });
}
