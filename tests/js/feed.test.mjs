// The feed of consent events and its cursor (api-docs reference/consent/consent-feed.md).
// Numbers have gaps and no order, a reading includes its start, events stay seven days, an event can come twice.
// Refuses a cursor that is no number, and to read for ever.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConsentFeed } from "samtykke/norskgjeld";

import { TOKEN, fails, json, preprod } from "./support.mjs";
import { quickTimers } from "./timers.mjs";

const event = (sequenceNr, more = {}) => ({
  sequenceNr,
  eventId: `event-${sequenceNr}`,
  consentId: `consent-${sequenceNr}`,
  timestamp: "2026-01-01T00:00:00Z",
  eventType: "SAMTYKKE_OPPRETTET",
  samtykkeOpprettetEvent: null,
  samtykkeArkivertEvent: null,
  ...more,
});

/** A feed of these events, served as documented: from a number on, that one included, at most `limit`. */
function feedOf(events, { first = events[0]?.sequenceNr ?? 0, last = events.at(-1)?.sequenceNr ?? 0, page } = {}) {
  const requests = [];
  const fetch = async (url) => {
    const { pathname, searchParams } = new URL(url);
    requests.push(pathname.split("/").at(-1) === "consent" ? `events ${searchParams}` : pathname.split("/").at(-1));
    if (pathname === "/feed/v1/consent/firstSequenceNr") return new Response(JSON.stringify({ firstSequenceNr: first }));
    if (pathname === "/feed/v1/consent/lastSequenceNr") return new Response(JSON.stringify({ lastSequenceNr: last }));
    assert.equal(pathname, "/feed/v1/consent");
    const from = Number(searchParams.get("fromSequenceNr"));
    const limit = Number(searchParams.get("limit"));
    const result = page ? page(from, limit) : events.filter(({ sequenceNr }) => sequenceNr >= from).slice(0, limit);
    // The documentation contradicts itself on endSequenceNr; a reader that trusts it loses events.
    return json({ startSequenceNr: from, endSequenceNr: 999_999, generatedAt: "t", result });
  };
  return { requests, fetch, read: (options) => new ConsentFeed(preprod, { token: TOKEN, fetch }).read(options) };
}

const numbers = ({ events }) => events.map(({ sequenceNumber }) => sequenceNumber);

test("7, 8 and 13 make the cursor 13; the next reading starts after it", async () => {
  const feed = feedOf([event(7), event(8), event(13)]);
  const batch = await feed.read();
  assert.deepEqual([numbers(batch), batch.cursor, batch.lost], [[7, 8, 13], 13, false]);
  assert.deepEqual(feed.requests, ["firstSequenceNr", "lastSequenceNr", "events fromSequenceNr=7&limit=500"]);
  const again = await feed.read({ cursor: batch.cursor });
  assert.deepEqual([numbers(again), again.cursor, again.lost], [[], 13, false]);
  assert.ok(!feed.requests.includes("events fromSequenceNr=14&limit=500"), "asked beyond the end of the feed");
  assert.deepEqual(numbers(await feed.read({ cursor: 7 })), [8, 13]);
  assert.deepEqual(numbers(await feed.read({ cursor: 9 })), [13]);
});

test("pages are read to the end, out of order and with gaps", async () => {
  const feed = feedOf([event(7), event(8), event(13), event(14), event(90)]);
  const batch = await feed.read({ limit: 2 });
  assert.deepEqual([numbers(batch), batch.cursor], [[7, 8, 13, 14, 90], 90]);
  assert.deepEqual(feed.requests.slice(2), ["events fromSequenceNr=7&limit=2", "events fromSequenceNr=9&limit=2", "events fromSequenceNr=15&limit=2"]);
  const mixed = feedOf([], { first: 7, last: 13, page: () => [event(13), event(7), event(8)] });
  assert.equal((await mixed.read()).cursor, 13);
});

test("an event that comes twice is handed out once", async () => {
  const pages = [
    [event(7), event(8)],
    [event(8), { ...event(9), eventId: "event-7" }, event(10)],
  ];
  const feed = feedOf([], { first: 7, last: 10, page: () => pages.shift() });
  const batch = await feed.read();
  assert.deepEqual([numbers(batch), batch.cursor], [[7, 8, 10], 10]);
});

test("a cursor from before the oldest event means events were lost", async () => {
  for (const [cursor, lost] of [
    [0, false],
    [1, true],
    [8, true],
    [9, false],
    [10, false],
  ]) {
    const batch = await feedOf([event(10), event(11)]).read({ cursor });
    assert.equal(batch.lost, lost, `cursor ${cursor}`);
    assert.equal(batch.cursor, 11);
  }
});

test("an empty feed, one that is behind, and one that does not move all end", async () => {
  const empty = await feedOf([]).read();
  assert.deepEqual(empty, { events: [], cursor: 0, lost: false });
  const behind = feedOf([event(3)]);
  assert.deepEqual(await behind.read({ cursor: 50 }), { events: [], cursor: 50, lost: false });
  assert.equal(behind.requests.length, 2);
  const hollow = feedOf([], { first: 1, last: 100, page: () => [] });
  assert.deepEqual(await hollow.read({ cursor: 5 }), { events: [], cursor: 5, lost: false });
  assert.equal(hollow.requests.length, 3);
  const stuck = feedOf([], { first: 1, last: 100, page: () => [event(4), event(5)] });
  const batch = await stuck.read({ cursor: 3 });
  assert.deepEqual([numbers(batch), batch.cursor, stuck.requests.length], [[4, 5], 5, 4]);
});

test("a feed without end is handed out in bounded batches, and nothing is skipped between them", async () => {
  const page = (from, limit) => Array.from({ length: limit }, (_, at) => event(from + at));
  const feed = feedOf([], { first: 1, last: 1e12, page });
  const batch = await feed.read();
  assert.equal(batch.events.length, 10_000);
  assert.equal(batch.cursor, batch.events.at(-1).sequenceNumber);
  const next = await feed.read({ cursor: batch.cursor });
  assert.equal(next.events[0].sequenceNumber, batch.cursor + 1);
});

test("a feed that repeats one event for ever is not read for ever", async () => {
  const page = (from, limit) => Array.from({ length: limit }, (_, at) => event(from + at, { eventId: "same" }));
  const feed = feedOf([], { first: 1, last: 1e12, page });
  const batch = await feed.read();
  assert.deepEqual([batch.events.length, batch.cursor, feed.requests.length], [1, 10_000, 22]);
});

test("a known event costs no look at all the others", async () => {
  // What the first pages cost, and what the last ones of a full batch do.
  const read = async () => {
    const asked = [];
    const page = (from, limit) => {
      asked.push(performance.now());
      return Array.from({ length: limit }, (_, at) => event(from + at, { eventId: `3649911c-a58a-4b76-9794-${String(from + at).padStart(12, "0")}` }));
    };
    const batch = await feedOf([], { first: 1, last: 1e12, page }).read({ limit: 500 });
    assert.equal(batch.events.length, 10_000);
    asked.push(performance.now());
    const pages = asked.slice(1).map((time, at) => time - asked[at]);
    return { first: Math.min(...pages.slice(0, 5)), last: Math.min(...pages.slice(-5)) };
  };
  const readings = [await read(), await read(), await read()];
  const [first, last] = ["first", "last"].map((name) => Math.min(...readings.map((reading) => reading[name])));
  assert.ok(last < first * 4, `a page at the end took ${last} ms, one at the start ${first} ms`);
});

test("events carry the outer consent id and the details of either kind", async () => {
  const events = [
    event(1, { samtykkeOpprettetEvent: { clientId: "client", consentId: "inner", scope: "debt.unsecured.presentation", externalConsentId: "own-1" } }),
    event(2, { eventType: "SAMTYKKE_ARKIVERT", samtykkeArkivertEvent: { clientId: "client", consentId: "own-1" } }),
    event(3, { eventType: 'SAMTYKKE_ENDRET "quoted"', samtykkeOpprettetEvent: undefined }),
  ];
  const batch = await feedOf(events).read();
  assert.deepEqual(batch.events, [
    {
      sequenceNumber: 1,
      eventId: "event-1",
      consentId: "consent-1",
      timestamp: "2026-01-01T00:00:00Z",
      eventType: "SAMTYKKE_OPPRETTET",
      clientId: "client",
      scope: "debt.unsecured.presentation",
      externalConsentId: "own-1",
    },
    { sequenceNumber: 2, eventId: "event-2", consentId: "consent-2", timestamp: "2026-01-01T00:00:00Z", eventType: "SAMTYKKE_ARKIVERT", clientId: "client" },
    { sequenceNumber: 3, eventId: "event-3", consentId: "consent-3", timestamp: "2026-01-01T00:00:00Z", eventType: 'SAMTYKKE_ENDRET "quoted"' },
  ]);
});

test("a cursor or limit that is no whole number is refused before anything is sent", async () => {
  const feed = feedOf([event(7)]);
  for (const cursor of [-1, 1.5, NaN, Infinity, "7", null, 2 ** 53, 7n]) await fails(feed.read({ cursor }), { code: "invalid_parameter", phase: "api" });
  for (const limit of [0, -1, 1.5, NaN, "500", null]) await fails(feed.read({ limit }), { code: "invalid_parameter", phase: "api" });
  assert.equal(feed.requests.length, 0);
});

test("an answer that is no feed is refused; a failing page is tried again", async () => {
  const bodies = [{}, { result: {} }, { result: [{}] }, { result: [event("7")] }, { result: [event(-1)] }, { result: [{ ...event(7), eventId: 5 }] }];
  for (const body of bodies) {
    const fetch = async (url) => (url.endsWith("SequenceNr") ? json({ firstSequenceNr: 1, lastSequenceNr: 9 }) : json(body));
    await fails(new ConsentFeed(preprod, { token: TOKEN, fetch }).read(), { code: "api_response_malformed", phase: "api" });
  }
  for (const body of [{ firstSequenceNr: "1" }, { firstSequenceNr: -1 }, { firstSequenceNr: 1.5 }, {}]) {
    await fails(new ConsentFeed(preprod, { token: TOKEN, fetch: async () => json(body) }).read(), { code: "api_response_malformed" });
  }
  await quickTimers(async () => {
    const feed = feedOf([event(7)]);
    let failures = 2;
    const fetch = async (url) => (url.includes("?") && failures-- > 0 ? new Response("", { status: 503 }) : feed.fetch(url));
    assert.equal((await new ConsentFeed(preprod, { token: TOKEN, fetch }).read()).cursor, 7);
    assert.equal(failures, -1);
  });
});
