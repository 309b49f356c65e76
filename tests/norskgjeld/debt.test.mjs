// The debt API of the local Norsk Gjeldsinformasjon: what a lookup shows, and when it says no.
// Norsk Gjeldsinformasjon's OpenAPI schemas debt_information, consent_status and error.
// Refuses (tests that it refuses) with 403 and never 401, and spends a default consent at its first lookup.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { basic, CALLBACK, OTHER_USER, start, USER } from "./support.mjs";

const OTHER = { id: "other-bank", secret: "s", redirectUris: [CALLBACK] };

let nogi;
before(async () => {
  nogi = await start();
  nogi.control.addClient(OTHER);
});
after(() => nogi.close());

const lastConsent = () => nogi.control.consents().at(-1);
const later = async (seconds, work) => {
  nogi.control.setClock(seconds * 1000);
  try {
    return await work();
  } finally {
    nogi.control.setClock(0);
  }
};

test("a lookup has the documented members, spelling and numbers", async () => {
  const { access_token } = await nogi.login();
  const { status, body, response } = await nogi.api("/v1/debt", access_token);
  assert.equal(status, 200);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  assert.deepEqual(Object.keys(body), ["ssn", "loans", "numberOfCreditorsAnswered", "numberOfcreditorsMissing", "consent"]);
  assert.equal(body.ssn, USER);
  assert.deepEqual(body.consent, { exp: lastConsent().exp, id: lastConsent().id, scope: "debt.unsecured.presentation" });
  assert.equal(body.numberOfcreditorsMissing, 1);
  assert.equal(body.numberOfCreditorsAnswered, body.loans.length - 1);
  assert.equal(body.loans.filter(({ loan }) => loan === null).length, 1);

  const fields = {
    creditFacility: [
      "creditLimit",
      "interestBearingBalance",
      "nonInterestBearingBalance",
      "nominalInterestRate",
      "installmentCharges",
      "installmentChargePeriod",
    ],
    repaymentLoan: ["originalBalance", "balance", "terms", "nominalInterestRate", "installmentCharges", "installmentChargePeriod"],
    chargeCard: ["interestBearingBalance", "nonInterestBearingBalance"],
  };
  const loans = body.loans.map(({ loan }) => loan).filter(Boolean);
  assert.deepEqual(new Set(loans.map(({ type }) => type)), new Set(Object.keys(fields)));
  for (const { type, timestamp, coBorrower, ...rest } of loans) {
    assert.deepEqual(Object.keys(rest).sort(), [...fields[type]].sort());
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok([0, 1, 2].includes(coBorrower));
    for (const value of Object.values(rest)) assert.ok(Number.isInteger(value) || /^(MONTHLY|QUARTERLY|HALF-YEARLY|YEARLY)$/.test(value));
  }
});

test("the second test user has all three kinds too; the third, and anyone typed, has none", async () => {
  const look = async (user) => (await nogi.api("/v1/debt", (await nogi.login({ user })).access_token)).body;
  const second = await look(OTHER_USER);
  assert.deepEqual([second.ssn, new Set(second.loans.map(({ loan }) => loan.type)).size, second.numberOfcreditorsMissing], [OTHER_USER, 3, 0]);
  for (const user of ["05900099157", "01819012345"]) {
    const { ssn, loans, numberOfCreditorsAnswered } = await look(user);
    assert.deepEqual({ ssn, loans, numberOfCreditorsAnswered }, { ssn: user, loans: [], numberOfCreditorsAnswered: 0 });
  }
});

test("a default consent: ten minutes and one lookup", async () => {
  nogi.control.clear();
  const { access_token } = await nogi.login();
  assert.equal(lastConsent().exp, Math.floor(lastConsent().createdAt / 1000) + 600);
  assert.equal((await nogi.api("/v1/debt", access_token)).status, 200);
  const again = await nogi.api("/v1/debt", access_token);
  assert.deepEqual([again.status, again.body.error], [403, "no valid consent"]);
  assert.ok(nogi.sins().includes("lookup_repeated"));

  const unused = await nogi.login();
  const { exp } = lastConsent();
  const late = await later(601, () => nogi.api("/v1/debt", unused.access_token));
  assert.deepEqual([late.status, late.body.error], [403, "invalid consent"]);
  assert.equal(late.body.error_description, `Consent expired at ${new Date(exp * 1000).toISOString()}`);
});

test("with days: any number of lookups until the time has passed", async () => {
  await nogi.login({ scope: "debt.unsecured.processing.2" });
  const { id, exp } = lastConsent();
  const look = async () => (await nogi.api(`/v1/debt/${id}`, await nogi.clientToken())).status;
  assert.deepEqual([await look(), await look(), await look()], [200, 200, 200]);
  assert.equal(await later(2 * 86_400 - 10, look), 200);
  assert.equal(await later(2 * 86_400 + 1, look), 403);
  assert.equal(exp, Math.floor(lastConsent().createdAt / 1000) + 2 * 86_400);
});

test("what each token may do", async () => {
  const { access_token } = await nogi.login({ scope: "debt.unsecured.presentation.10" });
  const { id } = lastConsent();
  const service = await nogi.clientToken();
  const code = async (path, bearer, init) => {
    const { status, body } = await nogi.api(path, bearer, init);
    return body?.error ? `${status} ${body.error}` : status;
  };
  assert.equal(await code(`/v1/debt/${id}`, service), 200);
  assert.equal(await code("/v1/debt", service), "403 invalid access token");
  assert.equal(await code(`/v1/debt/${id}`, access_token), "403 invalid access token");
  assert.equal(await code(`/v1/debt/${id}/status`, access_token), "403 invalid access token");
  assert.equal(await code(`/v1/debt/${id}`, await nogi.clientToken("feed")), "403 invalid access token", "another audience");
  assert.equal(await code(`/v1/debt/${id}`, await nogi.clientToken("debt", "debt.unsecured.processing")), "403 invalid access token", "another purpose");
  assert.equal(await code(`/v1/debt/${id}`, await nogi.clientToken("debt", "")), "403 invalid access token");
  assert.equal(await code(`/v1/debt/${id}/status`, await nogi.clientToken("debt", "")), 200, "status needs no scope");
  assert.equal(await code(`/v1/debt/${id}`, await nogi.clientToken("debt", "consent.create"), { method: "DELETE" }), "403 invalid access token");
});

test("a bad token is 403, with the trace id that was sent", async () => {
  for (const bearer of [undefined, "nonsense", "x.y", `${"A".repeat(43)}.${"A".repeat(43)}`]) {
    const { status, body } = await nogi.api("/v1/debt", bearer, { headers: { "x-trace-id": "my-trace" } });
    assert.equal(status, 403);
    assert.deepEqual(Object.keys(body), ["error", "error_description", "timestamp", "trace_id"]);
    assert.deepEqual([body.error, body.trace_id], ["Invalid access token", "my-trace"]);
    assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 5000);
  }
  const response = await fetch(`${nogi.apiUrl}/v1/debt`);
  assert.match((await response.json()).trace_id, /^[0-9a-f-]{36}$/, "one is made up when none was sent");
});

test("status: active, spent, unknown, and a number for the time", async () => {
  const service = await nogi.clientToken();
  const status = async (id) => (await nogi.api(`/v1/debt/${id}/status`, service)).body;
  const { access_token } = await nogi.login();
  const { id, exp } = lastConsent();
  assert.deepEqual(await status(id), { active: true, expires_at: exp });
  await nogi.api("/v1/debt", access_token);
  assert.deepEqual(await status(id), { active: false, expires_at: exp });
  assert.deepEqual(await status("3649911c-a58a-4b76-9794-edd8c692e84f"), { active: false, expires_at: 0 });
  assert.equal((await nogi.api("/v1/debt/not-a-uuid/status", service)).status, 400);
  assert.equal((await nogi.api("/v1/debt/not-a-uuid", service)).status, 400);
});

test("DELETE withdraws once: 204 without a body, then 403 invalid consent", async () => {
  await nogi.login({ scope: "debt.unsecured.presentation.10" });
  const { id } = lastConsent();
  const service = await nogi.clientToken();
  const drop = () => nogi.api(`/v1/debt/${id}`, service, { method: "DELETE" });
  const first = await drop();
  assert.deepEqual([first.status, first.text], [204, ""]);
  const second = await drop();
  assert.deepEqual([second.status, second.body.error], [403, "invalid consent"]);
  assert.deepEqual((await nogi.api(`/v1/debt/${id}/status`, service)).body.active, false);
  const look = await nogi.api(`/v1/debt/${id}`, service);
  assert.deepEqual([look.status, look.body.error], [403, "no valid consent"]);
});

test("a person who withdraws at norskgjeld.no ends the consent as well", async () => {
  const { access_token } = await nogi.login({ scope: "debt.unsecured.presentation.10" });
  nogi.control.withdraw(lastConsent().id);
  const { status, body } = await nogi.api("/v1/debt", access_token);
  assert.deepEqual([status, body.error], [403, "no valid consent"]);
});

test("another client's consent is as good as unknown", async () => {
  await nogi.login({ scope: "debt.unsecured.presentation.10" });
  const { id } = lastConsent();
  const stranger = await nogi.clientToken("debt", undefined, { authorization: basic(OTHER.id, OTHER.secret) });
  assert.deepEqual((await nogi.api(`/v1/debt/${id}/status`, stranger)).body, { active: false, expires_at: 0 });
  assert.equal((await nogi.api(`/v1/debt/${id}`, stranger)).body.error, "no valid consent");
  assert.equal((await nogi.api(`/v1/debt/${id}`, stranger, { method: "DELETE" })).status, 403);
  assert.equal(lastConsent().ended, undefined);
});

test("manners at the API are noted: Accept, trace id, cookies, a token in the URL", async () => {
  nogi.control.clear();
  await fetch(`${nogi.apiUrl}/v1/debt?access_token=x`, { headers: { cookie: "a=b", accept: "text/html" } });
  assert.deepEqual(nogi.sins().sort(), ["accept_missing", "cookie_sent", "secret_in_url", "trace_id_missing"]);
});
