// The agreement API and the event feed of the local Norsk Gjeldsinformasjon.
// Norsk Gjeldsinformasjon's OpenAPI: CreateConsentResponseDTO, SamtykkeFeedResponseDTO, SpringErrorSchema.
// Refuses (tests that it refuses) with a bare 401, a Spring body otherwise, and 409 for other data.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { start, USER } from "./support.mjs";

let nogi;
let agreementToken;
let feedToken;
before(async () => {
  nogi = await start();
});
after(() => nogi.close());
beforeEach(async () => {
  nogi.control.setClock(0);
  agreementToken = await nogi.clientToken("agreement", "consent.create");
  feedToken = await nogi.clientToken("feed", "client.access.consent.events");
});

const AGREEMENT = { nin: USER, scope_of_consent: "debt.unsecured.presentation", consent_duration_days: 30, client_consent_id: "a-1" };
const put = (body, token = agreementToken, headers = {}) =>
  nogi.api("/v1/consent/agreement", token, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const feed = async (from, limit = 500) => (await nogi.api(`/feed/v1/consent?fromSequenceNr=${from}&limit=${limit}`, feedToken)).body;
const edges = async () => [
  (await nogi.api("/feed/v1/consent/firstSequenceNr", feedToken)).body,
  (await nogi.api("/feed/v1/consent/lastSequenceNr", feedToken)).body,
];

function assertSpring({ status, body }, expected) {
  assert.equal(status, expected);
  const { timestamp, path, error, requestId, message, ...rest } = body;
  assert.deepEqual(rest, { status: expected });
  assert.ok(Date.parse(timestamp) > 0 && path.startsWith("/") && error && requestId);
  return message;
}

test("an empty feed says zero and gives nothing", async () => {
  assert.deepEqual(await edges(), [{ firstSequenceNr: 0 }, { lastSequenceNr: 0 }]);
  const { result, startSequenceNr, endSequenceNr } = await feed(1);
  assert.deepEqual([result, startSequenceNr, endSequenceNr], [[], 1, 1]);
});

test("an agreement is registered, and again with equal data is the same one", async () => {
  const first = await put(AGREEMENT);
  assert.equal(first.status, 200);
  const [{ id, exp, scope, nin }] = nogi.control.consents();
  assert.deepEqual(first.body, {
    client_consent_id: "a-1",
    consent: { id, expires_at: new Date(exp * 1000).toISOString(), scope_of_consent: scope },
  });
  assert.deepEqual([nin, scope], [USER, AGREEMENT.scope_of_consent]);
  assert.deepEqual((await put(AGREEMENT)).body, first.body);
  assert.equal(nogi.control.consents().length, 1);
  const debt = await nogi.api(`/v1/debt/${id}`, await nogi.clientToken());
  assert.deepEqual([debt.status, debt.body.ssn], [200, USER]);
});

test("other data under the same client_consent_id is a conflict", async () => {
  await put(AGREEMENT);
  for (const change of [{ nin: "29868099311" }, { scope_of_consent: "debt.unsecured.processing" }, { consent_duration_days: 31 }]) {
    assertSpring(await put({ ...AGREEMENT, ...change }), 409);
  }
});

test("no good token: 401 without a body", async () => {
  for (const token of [undefined, "x.y", (await nogi.login()).access_token]) {
    for (const { status, text, response } of [await put(AGREEMENT, token ?? ""), await nogi.api("/feed/v1/consent?fromSequenceNr=1&limit=1", token)]) {
      assert.deepEqual([status, text, response.headers.get("content-length")], [401, "", "0"]);
    }
  }
});

test("a token for another audience or without the scope: 403", async () => {
  for (const token of [feedToken, await nogi.clientToken("agreement", ""), await nogi.clientToken("debt", "consent.create")]) {
    assertSpring(await put(AGREEMENT, token), 403);
  }
  assertSpring(await nogi.api("/feed/v1/consent?fromSequenceNr=1&limit=1", agreementToken), 403);
  assertSpring(await nogi.api("/feed/v1/consent/lastSequenceNr", agreementToken), 403);
});

test("bad fields: 400, and another content type 415", async () => {
  const bad = [
    "{",
    "[]",
    "null",
    {},
    { ...AGREEMENT, nin: "123" },
    { ...AGREEMENT, nin: Number(USER) },
    { ...AGREEMENT, scope_of_consent: "debt.unsecured.presentation.30" },
    { ...AGREEMENT, consent_duration_days: 0 },
    { ...AGREEMENT, consent_duration_days: 1.5 },
    { ...AGREEMENT, consent_duration_days: 2 ** 31 },
    { ...AGREEMENT, client_consent_id: "" },
    { ...AGREEMENT, client_consent_id: undefined },
  ];
  for (const body of bad) assert.ok(assertSpring(await put(body), 400), JSON.stringify(body));
  assertSpring(await put(AGREEMENT, agreementToken, { "content-type": "text/plain" }), 415);
});

test("days as a string pass, as in the documented sample, and are noted", async () => {
  nogi.control.clear();
  assert.equal((await put({ ...AGREEMENT, client_consent_id: "a-2", consent_duration_days: "100" })).status, 200);
  assert.deepEqual(nogi.sins(), ["days_as_text"]);
});

test("a purpose the client has no contract for: 403", async () => {
  const small = { id: "small", secret: "s", scopes: ["consent.create", "debt.unsecured.presentation"] };
  nogi.control.addClient(small);
  const token = await nogi.clientToken("agreement", "consent.create", { authorization: `Basic ${btoa("small:s")}` });
  assertSpring(await put({ ...AGREEMENT, scope_of_consent: "debt.unsecured.processing" }, token), 403);
});

test("the feed: inclusive, limited, with holes, times out of order, both kinds of event", async () => {
  for (let i = 0; i < 3; i += 1) await nogi.login({ scope: "debt.unsecured.presentation.5" });
  const [{ firstSequenceNr }, { lastSequenceNr }] = await edges();
  const all = await feed(1);
  const numbers = all.result.map(({ sequenceNr }) => sequenceNr);
  assert.equal(firstSequenceNr, 7);
  assert.deepEqual([all.startSequenceNr, all.endSequenceNr], [firstSequenceNr, lastSequenceNr]);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  assert.deepEqual(numbers.slice(0, 3), [7, 8, 13], "with holes");
  assert.deepEqual((await feed(8)).result[0].sequenceNr, 8, "inclusive");
  assert.deepEqual((await feed(9)).result[0].sequenceNr, 13, "a number in a hole");
  const two = await feed(7, 2);
  assert.deepEqual([two.result.length, two.endSequenceNr], [2, 8]);
  const beyond = await feed(lastSequenceNr + 1);
  assert.deepEqual([beyond.result, beyond.startSequenceNr], [[], lastSequenceNr + 1]);
  const times = all.result.map(({ timestamp }) => Date.parse(timestamp));
  assert.notDeepEqual(
    times,
    [...times].sort((a, b) => a - b),
    "not in time order",
  );
  assert.equal(new Set(all.result.map(({ eventId }) => eventId)).size, all.result.length);
});

test("events of a regular and of an integrated consent", async () => {
  await put({ ...AGREEMENT, client_consent_id: "ours-7" });
  const integrated = nogi.control.consents().at(-1);
  await nogi.login({ scope: "debt.unsecured.presentation.5" });
  const regular = nogi.control.consents().at(-1);
  nogi.control.withdraw(integrated.id);
  nogi.control.withdraw(regular.id);
  const events = (await feed(1)).result;
  const of = (consentId, type) => events.find((event) => event.consentId === consentId && event.eventType === type);
  const clientId = nogi.client.id;
  const created = of(regular.id, "SAMTYKKE_OPPRETTET");
  assert.deepEqual(created.samtykkeOpprettetEvent, { clientId, consentId: regular.id, scope: regular.scope });
  assert.equal(created.samtykkeArkivertEvent, null);
  assert.deepEqual(of(integrated.id, "SAMTYKKE_OPPRETTET").samtykkeOpprettetEvent.externalConsentId, "ours-7");
  const archived = of(regular.id, "SAMTYKKE_ARKIVERT");
  assert.deepEqual(archived.samtykkeArkivertEvent, { clientId, consentId: regular.id });
  assert.equal(archived.samtykkeOpprettetEvent, null);
  assert.deepEqual(of(integrated.id, "SAMTYKKE_ARKIVERT").samtykkeArkivertEvent, { clientId, consentId: "ours-7" }, "the inner id is the client's own");
});

test("used and expired consents are archived; another client sees none of it", async () => {
  const { access_token } = await nogi.login();
  const used = nogi.control.consents().at(-1);
  await nogi.api("/v1/debt", access_token);
  await nogi.login();
  const expired = nogi.control.consents().at(-1);
  nogi.control.setClock(700_000);
  const archived = (await feed(1)).result.filter(({ eventType }) => eventType === "SAMTYKKE_ARKIVERT");
  assert.ok(archived.some(({ consentId }) => consentId === used.id));
  const late = archived.find(({ consentId }) => consentId === expired.id);
  assert.equal(late.timestamp, new Date(expired.exp * 1000).toISOString());

  nogi.control.addClient({ id: "watcher", secret: "s" });
  const watcher = await nogi.clientToken("feed", "client.access.consent.events", { authorization: `Basic ${btoa("watcher:s")}` });
  assert.deepEqual((await nogi.api("/feed/v1/consent?fromSequenceNr=1&limit=500", watcher)).body.result, []);
});

test("events stay seven days; numbers are never used again", async () => {
  const [, { lastSequenceNr: before }] = await edges();
  nogi.control.setClock(8 * 86_400_000);
  feedToken = await nogi.clientToken("feed", "client.access.consent.events");
  await nogi.login({ scope: "debt.unsecured.presentation.5" });
  const [{ firstSequenceNr }, { lastSequenceNr }] = await edges();
  assert.ok(firstSequenceNr > before && lastSequenceNr >= firstSequenceNr);
});

test("both parameters are needed and must be numbers", async () => {
  for (const query of ["", "fromSequenceNr=1", "limit=1", "fromSequenceNr=x&limit=1", "fromSequenceNr=-1&limit=1", "fromSequenceNr=1&limit=0"]) {
    assert.ok(assertSpring(await nogi.api(`/feed/v1/consent?${query}`, feedToken), 400), query);
  }
});
