// HelseID's part of the check: the guide as a person walks it, with pages opened, redirects followed and forms posted.
// First every wrong turn that can be taken again, then the way through; the worker keeps where the person is.
// Refuses a confirmation or a login that came from elsewhere, and a page that does not say what it stands in for.
import assert from "node:assert/strict";
import { Person } from "samtykke-local/internal/shared/person.mjs";

/** What a step's person does at the other site: the decisions before the last are refused, with these codes. */
const TURNS = {
  confirm: [
    [["decision", "reject"], {}, "confirmation_refused"],
    [["decision", "later"], {}, "confirmation_refused"],
    [["decision", "approve"], {}],
  ],
  login: [
    [["decision", "cancel"], {}, "authorization_error"],
    [["decision", "login"], { person: "1" }, "claim_refused"],
    [["decision", "login"], { person: "0" }],
  ],
};

export function checkHelseId(demo, { visitor, verify, take }) {
  const isOurs = (url) => url.origin === demo.url;

  /** A visitor and their browser: the demo's own addresses are asked for with the visitor's cookies. */
  function browser() {
    const page = visitor();
    return { page, person: new Person({ visit: async (url) => (isOurs(url) ? page.navigate(url.pathname + url.search) : undefined) }) };
  }

  const kept = async (page) => (await page.call("GET", "/api/systems")).json().systems.find(({ id }) => id === "helseid").results;
  const failed = ({ url }) => new URL(url).searchParams.get("error");

  async function away(page, step) {
    const { go, waiting, error } = await take(page, "helseid", step);
    assert.equal(error, undefined, `${step}: ${JSON.stringify(error)}`);
    assert.ok(go && waiting, `${step} sends nobody anywhere`);
    assert.equal((await kept(page))[step].waiting, true, `whoever leaves during "${step}" finds it open`);
    return go;
  }

  async function decided({ page, person }, step, [button, choices, refused]) {
    const there = await person.open(await away(page, step));
    assert.match(there.text, /Lokal erstatning for (Selvbetjening|HelseID)/);
    const back = await person.press(there, button, choices);
    assert.equal(back.url, `${demo.url}/systems#helseid`);
    const result = (await kept(page))[step];
    assert.equal(result.error?.code, refused, `${step}, ${button[1]}`);
    return { back, there };
  }

  async function plain(page, step) {
    const { error, facts } = await take(page, "helseid", step);
    assert.equal(error, undefined, `${step}: ${JSON.stringify(error)}`);
    return Object.fromEntries(facts.map(({ name, value }) => [name, value]));
  }

  async function ready(it) {
    await it.page.navigate("/systems");
    await plain(it.page, "draft");
    await decided(it, "confirm", [["decision", "approve"], {}]);
    await plain(it.page, "status");
    await plain(it.page, "approve");
  }

  return run();

  async function run() {
    await verify("helseid: the whole guide, with every wrong turn before the right one", async () => {
      const it = browser();
      const { page } = it;
      await page.navigate("/systems");
      assert.equal((await take(page, "helseid", "confirm")).error.code, "invalid_parameter", "nothing to confirm yet");
      await plain(page, "draft");
      for (const turn of TURNS.confirm) await decided(it, "confirm", turn);
      const status = await plain(page, "status");
      assert.deepEqual([status.ready, status.pending], ["false", "nhn:phr/mhd/read"]);
      const early = await take(page, "helseid", "login");
      assert.deepEqual([early.error.code, early.error.theirs], ["oauth_error", "invalid_scope"], "access that is pending");
      await plain(page, "approve");
      assert.equal((await plain(page, "ready")).ready, "true");
      assert.equal((await take(page, "helseid", "first")).error.code, "invalid_parameter", "nobody is logged in yet");
      for (const turn of TURNS.login) await decided(it, "login", turn);
      assert.equal((await plain(page, "first")).aud, "nhn:phr");
      assert.equal((await plain(page, "second")).aud, "nhn:kj");
      assert.equal((await plain(page, "machine")).token_type, "DPoP");
      const results = await kept(page);
      for (const step of ["draft", "confirm", "status", "approve", "ready", "login", "first", "second", "machine"])
        assert.ok(results[step] && !results[step].error && !results[step].waiting, step);
      const [proof] = results.second.messages.at(-1).signed;
      const claims = Object.fromEntries(proof.claims.map(({ name, value }) => [name, value]));
      assert.ok(
        proof.name === "DPoP" && claims.htm === "GET" && claims.htu.endsWith("/documents") && claims.ath && claims.jti,
        "the API call's proof, taken apart",
      );
      await plain(page, "draft");
      assert.deepEqual(Object.keys(await kept(page)), ["draft"], "another client begins anew");
    });

    await verify("helseid: a confirmation counts once, in the browser that began it, for its draft alone", async () => {
      const it = browser();
      await it.page.navigate("/systems");
      await plain(it.page, "draft");
      const there = await it.person.open(await away(it.page, "confirm"));
      const other = browser();
      await other.page.navigate("/systems");
      await plain(other.page, "draft");
      await away(other.page, "confirm");
      assert.equal(failed(await other.person.press(there, ["decision", "approve"])), "transaction_missing", "another visitor's");
      assert.equal((await kept(other.page)).confirm.waiting, true);
      const mine = await it.person.press(there, ["decision", "approve"]);
      assert.equal((await kept(it.page)).confirm.error, undefined);
      const [, address] = mine.hops;
      assert.match(address, /\/systems\/confirmed\/[\w-]{43}\?status=Success$/);
      assert.equal(failed(await it.person.open(address)), "transaction_missing", "again");
      assert.equal((await kept(it.page)).confirm.error, undefined, "and nothing of it is lost");
      assert.equal(failed(await it.person.open(`${demo.url}/systems/confirmed/${"x".repeat(43)}?status=Success`)), "transaction_missing");
    });

    await verify("helseid: a login comes back to the browser that began it, once", async () => {
      const it = browser();
      await ready(it);
      const { page, person } = it;
      const there = await person.open(await away(page, "login"));
      const lost = [...page.cookies].find(([name]) => name.endsWith("samtykke-demo-login"));
      page.cookies.delete(lost[0]);
      const gone = await person.press(there, ["decision", "login"]);
      assert.equal(failed(gone), "transaction_missing", "without the cookie that binds it");
      page.cookies.set(...lost);
      const stranger = browser();
      await stranger.page.navigate("/systems");
      assert.equal(failed(await stranger.person.open(gone.hops.find((hop) => hop.includes("code=")))), "transaction_missing", "in another browser");
      const back = await decided(it, "login", [["decision", "login"], {}]);
      const address = back.back.hops.find((hop) => hop.includes("code="));
      assert.equal(failed(await person.open(address)), "transaction_missing", "again");
      assert.equal((await plain(page, "first")).aud, "nhn:phr", "the login still holds");
      // An answer with another login's state is refused, and the step can be taken again.
      await away(page, "login");
      await person.open(address);
      assert.equal((await kept(page)).login.error.code, "state_mismatch");
      await decided(it, "login", [["decision", "login"], {}]);
    });
  }
}
