// What a person meets: login, consent, the ways out, and the cookies that tie a flow to one browser tab.
// Norsk Gjeldsinformasjon's error callbacks (RFC 6749 4.1.2.1) and Hydra's CSRF codes.
// Refuses (tests that it refuses) scripts, framing, a second submission and another browser's form.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PEOPLE, createPerson } from "samtykke-local/norskgjeld";
import { CALLBACK, start, USER } from "./support.mjs";

let nogi;
before(async () => {
  nogi = await start();
});
after(() => nogi.close());

const search = (callback) => Object.fromEntries(new URL(callback).searchParams);
const atLogin = async (person, params) => person.follow(nogi.control.authorizationUrl(params));
const atConsent = async (person, params) => person.submit(await atLogin(person, params), { user: USER, action: "login" });

test("every way out has its documented code and an empty description", async () => {
  const ways = { deny: "consent_denied", cancel: "login_cancelled", error: "server_error", "error-at-consent": "server_error" };
  for (const [decision, error] of Object.entries(ways)) {
    const { callback } = await nogi.control.issueCode({ decision, state: "12345678" });
    assert.equal(callback, `${CALLBACK}?error=${error}&error_description=&state=12345678`, decision);
  }
  assert.equal(nogi.control.consents().length, 0, "no consent without approval");
});

test("cancelling is possible on the consent page too", async () => {
  const person = createPerson();
  const { callback } = await person.submit(await atConsent(person), { action: "cancel" });
  assert.equal(search(callback).error, "login_cancelled");
});

test("the pages are Norwegian, labelled, scriptless and strict", async () => {
  const person = createPerson();
  const login = await atLogin(person);
  const consent = await person.submit(login, { user: USER, action: "login" });
  for (const { text } of [login, consent]) {
    assert.match(text, /<html lang="nb">/);
    assert.equal(text.match(/<h1>/g).length, 1);
    assert.match(text, /<main>/);
    assert.match(text, /Lokal testleverandør/);
    assert.doesNotMatch(text, /<script|<style|\sstyle=|\son[a-z]+=|javascript:/i);
  }
  assert.match(login.text, /<fieldset>\s*<legend>/);
  assert.match(login.text, /<label for="nin">/);
  for (const { nin } of PEOPLE) assert.match(login.text, new RegExp(`value="${nin}"`));

  const { headers } = await person.open(consent.url);
  const csp = headers.get("content-security-policy");
  assert.match(csp, /default-src 'none'/);
  assert.doesNotMatch(csp, /unsafe|script-src|\*/);
  assert.match(csp, /frame-ancestors 'none'/);
  assert.match(csp, /form-action 'self' http:\/\/localhost:4402;/, "the form may lead on to the client");
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal(headers.get("x-content-type-options"), "nosniff");

  let rules = "";
  for (const sheet of ["norskgjeld", "parts"]) {
    const css = await fetch(`${nogi.authUrl}/assets/${sheet}.css`);
    assert.match(css.headers.get("content-type"), /^text\/css/);
    rules += await css.text();
  }
  for (const needed of ["prefers-color-scheme: dark", ":focus-visible", "max-width: 36rem"]) assert.ok(rules.includes(needed), needed);
});

test("the consent page says who, why, how long and as whom", async () => {
  const show = async (scope) => (await atConsent(createPerson(), { scope })).text;
  const long = await show("debt.unsecured.processing.28");
  for (const word of ["Eksempelbank", "Behandle en søknad om kreditt", "28 dager", "Ingrid Fjellheim"]) assert.ok(long.includes(word), word);
  const once = await show("debt.unsecured.presentation");
  for (const word of ["Vise deg gjelden din", "Ett oppslag, innen 10 minutter"]) assert.ok(once.includes(word), word);
  assert.match(await show("debt.unsecured.presentation.1"), /<strong>1 dag<\/strong>/);
});

test("a client's name cannot put markup into a page", async () => {
  nogi.control.addClient({ id: "sharp", secret: "s", name: `<b onload="x">&'`, redirectUris: ["https://sharp.example/cb"] });
  const { text } = await atConsent(createPerson(), { client_id: "sharp", redirect_uri: "https://sharp.example/cb" });
  assert.doesNotMatch(text, /<b onload/);
  assert.match(text, /&lt;b onload=&quot;x&quot;&gt;&amp;&#39;/);
});

test("a person may type a number; a wrong one is explained beside the field", async () => {
  const person = createPerson();
  const login = await atLogin(person);
  const refused = await person.submit(login, { user: "other", nin: "123<", action: "login" });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /aria-describedby="nin-help nin-problem" aria-invalid="true"/);
  assert.match(refused.text, /value="123&lt;"/);
  const accepted = await person.submit(login, { user: "other", nin: "010190 12345", action: "login" });
  assert.equal(accepted.status, 200);
  assert.match(accepted.text, /010190 12345/);
});

test("a form without a valid choice is refused on the spot", async () => {
  const person = createPerson();
  const page = await atConsent(person);
  assert.equal((await person.submit(page, { action: "everything" })).status, 400);
  assert.equal((await person.submit(page, {})).status, 400);
  assert.ok(search((await person.submit(page, { action: "approve" })).callback).code, "the flow is still alive");
});

test("every flow starts with a login, so another person can be picked", async () => {
  const person = createPerson();
  await person.decide(nogi.control.authorizationUrl(), { user: USER });
  const again = await atLogin(person);
  assert.match(again.url, /\/login\//);
  const consent = await person.submit(again, { user: "29868099311", action: "login" });
  const { callback } = await person.submit(consent, { action: "approve" });
  assert.ok(search(callback).code);
  assert.equal(nogi.control.consents().at(-1).nin, "29868099311");
});

test("two flows in one browser: the overtaken one gets request_forbidden, the other goes on", async () => {
  const person = createPerson();
  const first = await atConsent(person, { state: "first-flow" });
  const second = await atLogin(person, { state: "second-flow" });
  const { callback } = await person.submit(first, { action: "approve" });
  assert.deepEqual([search(callback).error, search(callback).state], ["request_forbidden", "first-flow"]);
  const consent = await person.submit(second, { user: USER, action: "login" });
  assert.ok(search((await person.submit(consent, { action: "approve" })).callback).code);
});

test("a form from a browser without the cookie gets request_forbidden", async () => {
  const page = await atLogin(createPerson());
  const { callback } = await createPerson().submit(page, { user: USER, action: "login" });
  assert.equal(search(callback).error, "request_forbidden");
});

test("Back and submit again gives access_denied, and no second code", async () => {
  const person = createPerson();
  const page = await atConsent(person);
  assert.ok(search((await person.submit(page, { action: "approve" })).callback).code);
  const again = search((await person.submit(page, { action: "approve" })).callback);
  assert.deepEqual([again.error, again.code], ["access_denied", undefined]);
  assert.equal((await person.open(page.url)).status, 410);
});

test("a login left for over an hour gives request_unauthorized", async () => {
  const person = createPerson();
  const page = await atLogin(person);
  nogi.control.setClock(61 * 60_000);
  try {
    const { callback } = await person.submit(page, { user: USER, action: "login" });
    assert.equal(search(callback).error, "request_unauthorized");
  } finally {
    nogi.control.setClock(0);
  }
});

test("an unknown interaction is not found, and the robot says what it met", async () => {
  assert.equal((await fetch(`${nogi.authUrl}/login/${"x".repeat(43)}`)).status, 404);
  await assert.rejects(nogi.control.approve(nogi.control.authorizationUrl({ client_id: "nobody" })), { status: 401, code: "invalid_client" });
  await assert.rejects(nogi.control.approve(nogi.control.authorizationUrl(), { decision: "maybe" }), /unknown decision/);
});
