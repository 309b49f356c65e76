// The local HelseID's login page, by a browser made of code: who logs in is the person's choice, and so is to break it off.
// OpenID Connect Core 3.1.2.6; CSP Level 3.
// Refuses a form without the login that its browser began, and a login as the person before.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Person } from "samtykke-local/internal/shared/person.mjs";
import { PEOPLE, REDIRECT_URI, startHelseId } from "samtykke-local/helseid";
import { connect, fails } from "./support.mjs";

const SCOPE = "openid profile helseid://scopes/identity/security_level nhn:kj/api";
const save = () => {};

async function stage(t) {
  const server = await startHelseId({ pages: true });
  t.after(() => server.close());
  const helseid = await connect(server);
  const person = new Person({ visit: (url) => (url.href.startsWith(REDIRECT_URI) ? { status: 200, text: "" } : undefined) });
  const begin = async (more = {}) => {
    const { url, transaction } = await helseid.login({ scope: SCOPE, prompt: "login", ...more });
    return { transaction, page: await person.open(url) };
  };
  return { server, helseid, person, begin };
}

test("a person chooses who to be; the next login in the same browser asks again, and takes another", async (t) => {
  const { helseid, person, begin } = await stage(t);
  for (const at of [0, 1, 0]) {
    const { transaction, page } = await begin();
    assert.equal(page.status, 200);
    assert.match(page.text, /Lokal erstatning for HelseID/);
    assert.match(page.headers.get("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'/);
    const { url } = await person.press(page, ["decision", "login"], { person: String(at) });
    if (at === 1) await fails(() => helseid.finish(transaction, url, { save }), { code: "claim_refused", actual: "3" });
    else assert.equal((await helseid.finish(transaction, url, { save })).claims.sub, PEOPLE[0].sub);
  }
  const style = await fetch(new URL("/assets/pages.css", (await begin()).page.url));
  assert.match(style.headers.get("content-type"), /^text\/css/);
});

test("without prompt=login whoever is logged in already stays so", async (t) => {
  const { helseid, person, begin } = await stage(t);
  await person.press((await begin()).page, ["decision", "login"]);
  const { transaction, page } = await begin({ prompt: undefined });
  assert.ok(page.url.startsWith(REDIRECT_URI), "no page in between");
  assert.equal((await helseid.finish(transaction, page.url, { save })).claims.sub, PEOPLE[0].sub);
});

test("a login that is broken off comes back as the person's own choice, and no code is sent", async (t) => {
  const { server, helseid, person, begin } = await stage(t);
  const { transaction, page } = await begin();
  const { url } = await person.press(page, ["decision", "cancel"]);
  assert.equal(new URL(url).searchParams.get("error"), "access_denied");
  await fails(() => helseid.finish(transaction, url, { save }), { action: "user_declined" });
  assert.ok(!server.log.some(({ path }) => path === "/connect/token"));
});

test("a form of another browser, of nobody, or sent again logs nobody in", async (t) => {
  const { person, begin } = await stage(t);
  const { page } = await begin();
  const other = await new Person().press(page, ["decision", "login"]);
  assert.equal(other.status, 400);
  assert.match(other.text, /Innloggingen kan ikke fortsette/);
  const odd = await new Person().open(page.url, { method: "POST", body: new URLSearchParams({ decision: "login", person: "constructor" }) });
  assert.equal(odd.status, 400);
  for (const unknown of ["7", "constructor", ""]) {
    const stranger = await person.open(page.url, { method: "POST", body: new URLSearchParams({ decision: "login", person: unknown }) });
    assert.equal(stranger.status, 400);
    assert.match(stranger.text, /no such person/);
  }
  const done = await person.press(page, ["decision", "login"]);
  assert.ok(new URL(done.url).searchParams.has("code"));
  assert.match((await person.press(page, ["decision", "login"])).text, /Innloggingen kan ikke fortsette/);
});
