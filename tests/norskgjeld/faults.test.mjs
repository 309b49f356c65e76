// Faults on demand, the trace and the records of the local Norsk Gjeldsinformasjon.
// What a client meets between itself and a server: HTML, slowness, cut lines, 429, 5xx, redirects.
// Refuses (tests that it refuses) misspelt faults, and any secret in a trace, a log line or a violation.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { start, USER } from "./support.mjs";

let nogi;
const events = [];
const lines = [];
before(async () => {
  nogi = await start({ onEvent: (event) => events.push(event), log: (line) => lines.push(line) });
});
after(() => nogi.close());
beforeEach(() => {
  nogi.control.clear();
  nogi.control.clearFaults();
  events.length = 0;
  lines.length = 0;
});

const SERVICE = () => ({ grant_type: "client_credentials", audience: nogi.audiences.debt, scope: "debt.unsecured.presentation" });
const next = (fault, more) => nogi.control.next({ endpoint: "token", fault, ...more });
const ask = () => nogi.post("/oauth2/token", SERVICE(), {});

test("html, 429, 500, 503, redirect, empty, and any answer of one's own", async () => {
  const see = async (fault, more) => {
    next(fault, more);
    const response = await fetch(`${nogi.authUrl}/oauth2/token`, { method: "POST", redirect: "manual" });
    return [response.status, response.headers, await response.text()];
  };
  const [htmlStatus, htmlHeaders, html] = await see("html");
  assert.equal(htmlStatus, 200);
  assert.match(htmlHeaders.get("content-type"), /^text\/html/);
  assert.match(html, /^<!doctype html>/);
  assert.equal((await see("html", { status: 502 }))[0], 502);
  const [tooMany, { get }] = [await see("429", { retryAfter: 7 }), Headers.prototype];
  assert.deepEqual([tooMany[0], get.call(tooMany[1], "retry-after")], [429, "7"]);
  assert.equal((await see(429))[1].get("retry-after"), "2");
  assert.deepEqual(JSON.parse((await see("500"))[2]).error, "server_error");
  assert.equal((await see("503"))[0], 503);
  const [moved, headers] = await see("redirect", { location: "https://evil.example/token" });
  assert.deepEqual([moved, headers.get("location")], [307, "https://evil.example/token"]);
  assert.deepEqual(
    (await see("empty")).filter((part) => !(part instanceof Headers)),
    [200, ""],
  );
  assert.deepEqual(
    (await see("answer", { status: 201, body: "x" })).filter((part) => !(part instanceof Headers)),
    [201, "x"],
  );
});

test("slow answers late, and truthfully", async () => {
  next("slow", { delayMs: 150 });
  const began = performance.now();
  const response = await ask();
  assert.ok(performance.now() - began >= 145);
  assert.equal(response.status, 200);
  assert.equal((await response.json()).token_type, "bearer");
});

test("close and truncated cut the line", async () => {
  next("close");
  await assert.rejects(ask());
  next("truncated");
  const response = await ask();
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
});

test("processed: the request was carried out though the answer was lost", async () => {
  const { fields } = await nogi.consent({ scope: "debt.unsecured.presentation.5" });
  next("close", { processed: true });
  await assert.rejects(nogi.post("/oauth2/token", fields));
  assert.equal((await nogi.token(fields)).body.error, "invalid_grant", "the code is spent");

  const fresh = await nogi.consent({ scope: "debt.unsecured.presentation.5" });
  next("close");
  await assert.rejects(nogi.post("/oauth2/token", fresh.fields));
  assert.equal((await nogi.token(fresh.fields)).status, 200, "without it the code is not");
});

test("change rewrites a good answer", async () => {
  next("change", { change: ({ scope, ...rest }) => ({ ...rest, token_type: "mac" }) });
  const body = await (await ask()).json();
  assert.deepEqual([body.token_type, "scope" in body, "access_token" in body], ["mac", false, true]);
});

test("faults wait in line, repeat as asked, and touch only their endpoint", async () => {
  next("500", { times: 2 });
  next("empty");
  nogi.control.next({ endpoint: "debt", fault: "503" });
  const statuses = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await ask()).status);
  assert.deepEqual(statuses, [500, 500, 200, 200]);
  assert.equal((await nogi.api("/v1/debt")).status, 503);
  assert.equal((await nogi.api("/v1/debt")).status, 403);
  next("500");
  nogi.control.clearFaults();
  assert.equal((await ask()).status, 200);
});

test("every API endpoint and the pages can fail", async () => {
  const places = {
    debt: ["/v1/debt"],
    debt_by_id: ["/v1/debt/x"],
    status: ["/v1/debt/x/status"],
    delete: ["/v1/debt/x", "DELETE"],
    agreement: ["/v1/consent/agreement", "PUT"],
    feed: ["/feed/v1/consent"],
    feed_first: ["/feed/v1/consent/firstSequenceNr"],
    feed_last: ["/feed/v1/consent/lastSequenceNr"],
  };
  for (const [endpoint, [path, method = "GET"]] of Object.entries(places)) {
    nogi.control.next({ endpoint, fault: "500" });
    assert.equal((await nogi.api(path, undefined, { method })).status, 500, endpoint);
  }
  const pages = {
    auth: nogi.control.authorizationUrl(),
    jwks: `${nogi.authUrl}/.well-known/jwks.json`,
    discovery: `${nogi.issuer}.well-known/openid-configuration`,
    userinfo: `${nogi.authUrl}/userinfo`,
  };
  for (const [endpoint, url] of Object.entries(pages)) {
    nogi.control.next({ endpoint, fault: "503" });
    assert.equal((await fetch(url, { redirect: "manual" })).status, 503, endpoint);
  }
});

test("misspelt faults are refused", () => {
  assert.throws(() => nogi.control.next({ endpoint: "tokens", fault: "500" }), /unknown endpoint/);
  assert.throws(() => nogi.control.next({ endpoint: "token", fault: "explode" }), /unknown fault/);
  assert.throws(() => nogi.control.next({ endpoint: "token", fault: "change" }), /needs a function/);
});

test("requests are counted by endpoint, faulty ones too", async () => {
  next("close");
  await assert.rejects(ask());
  await ask();
  await nogi.api("/v1/debt");
  assert.deepEqual(nogi.control.requests(), { token: 2, debt: 1 });
});

test("the trace tells who, whom, what and how it went, and no secret", async () => {
  const { fields, verifier, code, state } = await nogi.consent({ scope: "debt.unsecured.presentation openid", nonce: "nonce-0123456789" });
  const { body } = await nogi.token(fields);
  await nogi.api("/v1/debt", body.access_token);
  await nogi.token(fields, { authorization: `Basic ${btoa(`${nogi.client.id}:wrong-secret`)}` });

  const steps = events.map(({ from, to, method, path, status }) => `${from}>${to} ${method} ${path} ${status}`);
  assert.deepEqual(steps, [
    "browser>auth GET /oauth2/auth 303",
    "browser>auth GET /login/… 200",
    "browser>auth POST /login/… 303",
    "browser>auth GET /oauth2/auth/… 303",
    "browser>auth GET /consent/… 200",
    "browser>auth POST /consent/… 303",
    "browser>auth GET /oauth2/auth/… 302",
    "worker>auth POST /oauth2/token 200",
    "worker>api GET /v1/debt 200",
    "worker>auth POST /oauth2/token 401",
  ]);
  const [asked, , , , , , answered, exchange] = events;
  assert.equal(asked.params.code_challenge_method, "S256");
  assert.equal(asked.params.state, `${state.slice(0, 4)}…`);
  assert.ok(Number.isInteger(asked.at));
  assert.deepEqual(Object.keys(answered.answer.params), ["code", "scope", "state"]);
  assert.equal(exchange.params.authorization, "Basic ••••••");
  assert.equal(exchange.params.grant_type, "authorization_code");
  assert.equal(exchange.answer.params.expires_in, "3599");

  const told = JSON.stringify([events, lines, nogi.control.violations()]);
  for (const secret of [verifier, code, body.access_token, body.id_token, nogi.client.secret, USER, "wrong-secret", state, "nonce-0123456789"]) {
    assert.ok(!told.includes(secret));
  }
  assert.equal(lines.length, events.length);
});

test("a listener that throws does not hurt a request", async () => {
  const warned = [];
  process.once("warning", (warning) => warned.push(warning.message));
  const fragile = await start({
    onEvent: () => {
      throw new Error("listener");
    },
  });
  try {
    assert.equal((await fetch(`${fragile.issuer}.well-known/openid-configuration`)).status, 200);
    await new Promise((resolve) => setImmediate(resolve));
    assert.match(warned.join(), /trace listener failed/);
  } finally {
    await fragile.close();
  }
});

test("a given `now` is the provider's time", async () => {
  let time = Date.UTC(2031, 0, 1);
  const frozen = await start({ now: () => time });
  try {
    const { access_token } = await frozen.login({ scope: "debt.unsecured.presentation.5" });
    assert.equal(frozen.control.consents()[0].createdAt, time);
    assert.equal((await frozen.api("/v1/debt", access_token)).status, 200);
    time += 3_601_000;
    const { status, body } = await frozen.api("/v1/debt", access_token);
    assert.deepEqual([status, body.timestamp], [403, "2031-01-01T01:00:01.000Z"]);
  } finally {
    await frozen.close();
  }
});
