// The guide, step by step, against the local service: what is stored when, what confirms, how long it waits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Enrolment, Selvbetjening, confirmRoute, loopback } from "samtykke/selvbetjening";
import { SigningKey } from "samtykke";
import { TEMPLATE, decide } from "samtykke-local/selvbetjening";
import { DRAFT, ORGANIZATION, QUICK, REDIRECT, begun, code, enrolled, loginTo, memoryStore } from "./support.mjs";

const { apiKey } = TEMPLATE;

test("from draft to approval: key and id are stored before the browser opens, pending turns to ok", async (t) => {
  const { world, service, store, control } = await begun(t, { refusals: 3 });
  const receiver = await loopback();
  const draft = { ...DRAFT, apiScopes: [...DRAFT.apiScopes, "nhn:phr/mhd"], audienceSpecificClientClaims: [{ key: "her_id", value: "123" }] };
  const enrolment = await Enrolment.begin(service, draft, { apiKey, store, redirectUri: receiver.redirectUri });
  // First the key alone, before anything is sent; then the client id with it.
  const [first, second] = store.writes;
  assert.ok(JSON.parse(first.handles[first.key.reference]).d && !("d" in first.key.public) && first.clientId === undefined);
  assert.deepEqual([second.key, second.clientId], [first.key, enrolment.clientId]);
  assert.equal(enrolment.confirmUrl, `${world.portal}/confirm-client/${enrolment.clientId}`);
  assert.equal(enrolment.confirmed, false);

  const [back, answer] = await Promise.all([receiver.wait({ seconds: 5 }), decide(enrolment.confirmUrl).then((url) => fetch(url))]);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /^Confirmed/);
  await enrolment.confirm(back);
  assert.equal(enrolment.confirmed, true);
  await assert.rejects(enrolment.confirm(back), code("transaction_used"));

  const pauses = [];
  const client = await enrolment.client();
  const current = await client.waitUntilUsable({ ...QUICK, onWait: (pause) => pauses.push(pause) });
  assert.deepEqual(
    pauses.map(({ attempt, seconds }) => [attempt, seconds]),
    [
      [1, 0.02],
      [2, 0.03],
      [3, 0.045],
    ],
  );
  assert.deepEqual([current.ready, current.pending, current.unknown], [false, ["nhn:phr/mhd", "her_id"], []]);
  assert.equal(current.audienceSpecificClientClaims[0].pendingClaimValue, "123");

  let asked = 0;
  const approved = await client.waitForApproval({
    ...QUICK,
    onWait: ({ client: seen }) => {
      assert.deepEqual(seen.pending, ["nhn:phr/mhd", "her_id"]);
      if (++asked === 2) control.approve(enrolment.clientId);
    },
  });
  assert.deepEqual([approved.ready, approved.pending, asked], [true, [], 2]);
  assert.deepEqual(control.violations(), []);
  // One token for all of it (FK3).
  assert.equal(control.requests().filter((line) => line.startsWith("token")).length, 4);
});

test("a person who never comes back loses nothing: the wait ends, the program starts anew, the client is there", async (t) => {
  const { service, store, control } = await begun(t);
  const receiver = await loopback();
  const enrolment = await Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: receiver.redirectUri, id: "cli" });
  await assert.rejects(receiver.wait({ seconds: 0.05 }), code("timeout"));
  await assert.rejects(fetch(receiver.redirectUri), "nobody listens any more");
  await decide(enrolment.confirmUrl);

  const again = await Enrolment.open(service, "cli", { store });
  assert.deepEqual([again.clientId, again.confirmed], [enrolment.clientId, false]);
  assert.equal((await again.waitUntilUsable(QUICK)).ready, true);
  assert.deepEqual(control.violations(), []);
  await assert.rejects(Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: REDIRECT, id: "cli" }), code("invalid_parameter"));
});

test("an answer to the draft that is lost leaves the key, and no client id to confirm", async (t) => {
  const { service, store, control } = await begun(t);
  control.next("POST /v1/client-drafts", "lose");
  await assert.rejects(Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: REDIRECT, id: "cli" }), code("network_error"));
  assert.equal(control.requests().length, 1, "a draft is never sent twice");
  const left = await Enrolment.open(service, "cli", { store });
  assert.throws(() => left.confirmUrl, code("transaction_missing"));
  await assert.rejects(left.confirm(`${REDIRECT}?status=Success`), code("transaction_missing"));
});

test("the older form: port and path in the confirm URL, none in the draft", async (t) => {
  const { service, store, control } = await begun(t);
  const receiver = await loopback();
  const enrolment = await Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: receiver.redirectUri, form: "older" });
  const url = new URL(enrolment.confirmUrl);
  assert.deepEqual([...url.searchParams.keys()], ["redirectPort", "redirectPath"]);
  assert.equal(control.clients()[0].confirmationRedirectUri, undefined);
  const back = await decide(enrolment.confirmUrl);
  assert.equal(back, `${receiver.redirectUri}?status=Success`);
  const [answer] = await Promise.all([receiver.wait({ seconds: 5 }), fetch(back).then((response) => response.text())]);
  await enrolment.confirm(answer);
  await assert.rejects(Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: "https://app.example.no/cb", form: "older" }), code("invalid_parameter"));
  assert.equal(control.clients().length, 1, "refused before a draft is made");
  // Nor is one sent whose key is not safe; a client id that is not is on the error.
  for (const [at, requests] of [
    [0, 0],
    [1, 1],
  ]) {
    let writes = 0;
    const broken = { read: () => undefined, write: () => (writes++ === at ? Promise.reject(new Error("the disk is full")) : undefined) };
    const before = control.requests().length;
    await assert.rejects(Enrolment.begin(service, DRAFT, { apiKey, store: broken, redirectUri: REDIRECT }), (error) => {
      assert.equal(JSON.parse(error.raw?.() ?? "{}").clientId, at ? control.clients().at(-1).id : undefined);
      return code("store_failed")(error) && error.cause.message === "the disk is full";
    });
    assert.equal(control.requests().length - before, requests);
  }
});

test("a person who rejects confirms nothing", async (t) => {
  const { service, store } = await begun(t);
  const receiver = await loopback();
  const enrolment = await Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: receiver.redirectUri });
  const [back, page] = await Promise.all([
    receiver.wait({ seconds: 5 }),
    decide(enrolment.confirmUrl, "reject")
      .then((url) => fetch(url))
      .then((response) => response.text()),
  ]);
  assert.match(page, /^Not confirmed/);
  await assert.rejects(enrolment.confirm(back), (error) => code("confirmation_refused")(error) && error.action === "user_cancelled");
  assert.equal(enrolment.confirmed, false);
  await assert.rejects(enrolment.waitUntilUsable({ ...QUICK, limit: 0.2 }), (error) => code("timeout")(error) && error.cause.oauth.error === "invalid_client");
});

test("an answer that is absent, doubled, unknown, elsewhere or late confirms nothing", async (t) => {
  const { service, store } = await begun(t);
  const enrolment = await Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: REDIRECT, within: 1, id: "cli" });
  for (const [answer, expected] of [
    [REDIRECT, "confirmation_refused"],
    [`${REDIRECT}?status=`, "confirmation_refused"],
    [`${REDIRECT}?status=success`, "confirmation_refused"],
    [`${REDIRECT}?status=Confirmed`, "confirmation_refused"],
    [`${REDIRECT}?status=Success&status=Success`, "callback_duplicate_parameter"],
    [`${REDIRECT}x?status=Success`, "callback_wrong_redirect_uri"],
    ["http://localhost:4407/confirmed/8fdK?status=Success", "callback_wrong_redirect_uri"],
  ]) {
    await assert.rejects(enrolment.confirm(answer), code(expected), answer);
    assert.equal(enrolment.confirmed, false);
  }
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 3000 });
  await assert.rejects(enrolment.confirm(`${REDIRECT}?status=Success`), code("transaction_expired"));
  t.mock.timers.reset();
  await assert.rejects(Enrolment.open(service, "other", { store }), code("transaction_missing"));
  const good = JSON.parse(store.kept.get("cli"));
  for (const odd of [
    {},
    [],
    null,
    7,
    { ...good, v: 2 },
    { ...good, v: "1" },
    { ...good, key: 7 },
    { ...good, key: undefined },
    { ...good, key: { ...good.key, reference: "other" } },
    { ...good, clientId: 7 },
    { ...good, draft: {} },
    { ...good, handles: undefined },
    { ...good, handles: {} },
    { ...good, handles: null },
    { ...good, handles: { [good.key.reference]: 7 } },
    { ...good, until: "x" },
    { ...good, confirmed: "no" },
    { ...good, next: {} },
    { ...good, more: 1 },
  ]) {
    store.kept.set("broken", JSON.stringify(odd));
    await assert.rejects(Enrolment.open(service, "broken", { store }), code("transaction_malformed"), JSON.stringify(odd));
  }
  store.kept.set("broken", JSON.stringify({ ...good, environment: "https://portal.example https://api.example" }));
  await assert.rejects(Enrolment.open(service, "broken", { store }), code("transaction_mismatch"));
  store.kept.set("broken", "{");
  await assert.rejects(Enrolment.open(service, "broken", { store }), code("transaction_malformed"));
});

test("the receiver takes one GET on its own path, from this machine's names alone", async (t) => {
  const receiver = await loopback();
  t.after(() => receiver.close());
  const { port, pathname, origin } = new URL(receiver.redirectUri);
  assert.ok(pathname.length > 50, "a path that cannot be guessed");
  const { request } = await import("node:http");
  const status = (path, { method = "GET", host = `localhost:${port}` } = {}) =>
    new Promise((done, fail) =>
      request({ host: "127.0.0.1", port, path, method, headers: { host, connection: "close" } }, (response) => (response.resume(), done(response.statusCode)))
        .on("error", fail)
        .end(),
    );
  assert.equal(await status("/favicon.ico"), 404);
  assert.equal(await status("/confirmed?status=Success"), 404);
  assert.equal(await status(`${pathname}?status=Success`, { host: `evil.example:${port}` }), 421);
  assert.equal(await status(`${pathname}?status=Success`, { method: "POST" }), 405);
  const waiting = receiver.wait({ seconds: 5 });
  assert.deepEqual(await Promise.all([status(`${pathname}?status=Success`), status(`${pathname}?status=Success`)]).then((all) => all.sort()), [200, 409]);
  assert.equal(await waiting, `${origin}${pathname}?status=Success`);
  const stopped = await loopback({ path: "/callback", host: "127.0.0.1" });
  assert.match(stopped.redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  await assert.rejects(stopped.wait({ signal: AbortSignal.timeout(20) }), code("aborted"));
  await assert.rejects(loopback({ path: "callback" }), code("invalid_parameter"));
  await assert.rejects(loopback({ port: 70_000 }), code("invalid_parameter"));
  const taken = await loopback();
  t.after(() => taken.close());
  await assert.rejects(loopback({ port: Number(new URL(taken.redirectUri).port) }), code("invalid_configuration"));
});

test("the answer is there although a browser holds a connection that it does not use, which is closed", async (t) => {
  const { connect } = await import("node:net");
  const receiver = await loopback();
  t.after(() => receiver.close());
  const { port } = new URL(receiver.redirectUri);
  const spare = connect(Number(port), "127.0.0.1");
  await new Promise((done) => spare.once("connect", done));
  const closed = new Promise((done) => spare.once("close", done));
  const waiting = receiver.wait({ seconds: 5 });
  const response = await fetch(`${receiver.redirectUri}?status=Success`);
  assert.equal(await response.text(), "Confirmed. You can close this page.\n");
  const started = Date.now();
  assert.equal(await waiting, `${receiver.redirectUri}?status=Success`);
  assert.ok(Date.now() - started < 500);
  await closed;
  assert.ok(Date.now() - started < 3_000);
  await assert.rejects(fetch(receiver.redirectUri));
});

test("the route for workers confirms the draft that its address names, once", async (t) => {
  const { service, store } = await begun(t);
  const seen = [];
  const route = confirmRoute(service, { store, onConfirmed: (enrolment) => void seen.push(enrolment.clientId) });
  const redirectUri = (id) => `https://app.example.no/confirmed/${id}`;
  const one = await Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri });
  const two = await Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri });
  const back = await decide(one.confirmUrl);
  assert.equal(back, `https://app.example.no/confirmed/${one.id}?status=Success`);
  const ask = async (url, init) => (await route(new Request(url, init))).status;
  assert.equal(await ask(`https://app.example.no/confirmed/${two.id}?status=Aborted`), 400);
  assert.equal(await ask(`https://app.example.no/other/${one.id}?status=Success`), 400);
  assert.equal(await ask(back, { method: "POST" }), 405);
  assert.equal(await ask("https://app.example.no/confirmed/unknown?status=Success"), 404);
  assert.equal(await ask("https://app.example.no/confirmed/?status=Success"), 404);
  // Behind a proxy, over http.
  assert.equal(await ask(back.replace("https://app.example.no", "http://10.0.0.1")), 200);
  assert.equal(await ask(back), 409);
  assert.deepEqual(seen, [one.clientId]);
  assert.equal((await Enrolment.open(service, two.id, { store })).confirmed, false);
  const sent = await confirmRoute(service, { store, done: "/clients" })(new Request(`https://app.example.no/confirmed/${two.id}?status=Success`));
  assert.deepEqual([sent.status, sent.headers.get("location"), sent.headers.get("referrer-policy")], [303, "/clients", "no-referrer"]);
  for (const done of ["//evil.example", "https://evil.example", "/\\evil.example"])
    assert.throws(() => confirmRoute(service, { store, done }), code("invalid_configuration"));
});

test("a wrong API key, an invalid draft and a private key are refused, the latter before anything is sent", async (t) => {
  const { service, store, control } = await begun(t);
  const key = await SigningKey.generate({ kid: "k1" });
  const jwk = { ...key.publicJwk, alg: key.alg, kid: "k1" };
  for (const member of ["d", "p", "q", "dp", "dq", "qi", "k"]) {
    await assert.rejects(service.createDraft(DRAFT, { ...jwk, [member]: "AQAB" }, { apiKey }), code("key_refused"), member);
  }
  for (const odd of [
    { ...jwk, alg: undefined },
    { ...jwk, alg: "ES384" },
    { ...jwk, kid: undefined },
  ])
    await assert.rejects(service.createDraft(DRAFT, odd, { apiKey }), code("key_refused"));
  for (const odd of [
    { organizationNumber: "1" },
    { ...DRAFT, apiScopes: ["nhn:phr/mhd"] },
    { ...DRAFT, redirectUris: ["http://rp.example/"] },
    { ...DRAFT, publicJwk: "{}" },
    { ...DRAFT, organizationNumber: 999977774 },
  ]) {
    await assert.rejects(service.createDraft(odd, jwk, { apiKey }), code("invalid_parameter"), JSON.stringify(odd));
  }
  await assert.rejects(service.createDraft(DRAFT, jwk, { apiKey: "a\nb" }), code("invalid_parameter"));
  assert.deepEqual(control.requests(), [], "nothing was sent");

  const denied = await service.createDraft(DRAFT, jwk, { apiKey: "wrong-key" }).catch((error) => error);
  assert.ok(code("unauthorized")(denied) && !JSON.stringify(denied).includes("wrong-key"));
  const unknown = await service.createDraft({ organizationNumber: "123456789" }, jwk, { apiKey }).catch((error) => error);
  assert.ok(code("api_error")(unknown));
  assert.deepEqual([unknown.provider.code, unknown.actual, unknown.http.status], ["OrganizationNumber", "The organization is not known.", 400]);
  assert.match(await service.createDraft({ organizationNumber: ORGANIZATION }, jwk, { apiKey }), /^[0-9a-f-]{36}$/);
  await assert.rejects(Enrolment.begin(service, DRAFT, { apiKey: "wrong-key", store, redirectUri: REDIRECT }), code("unauthorized"));
});

test("a page is given neither API key nor private key", async (t) => {
  const { service, store } = await begun(t);
  globalThis.document = {};
  t.after(() => delete globalThis.document);
  const key = await SigningKey.generate({ kid: "k1" });
  await assert.rejects(service.createDraft(DRAFT, { ...key.publicJwk, alg: key.alg, kid: "k1" }, { apiKey }), code("secret_in_browser"));
  await assert.rejects(Enrolment.begin(service, DRAFT, { apiKey, store, redirectUri: REDIRECT }), code("secret_in_browser"));
  await assert.rejects(Enrolment.open(service, "cli", { store }), code("secret_in_browser"));
  assert.throws(() => service.as({ clientId: "c", key }), code("secret_in_browser"));
});

test("wrong settings are typed errors", async (t) => {
  const { world, service } = await begun(t);
  const login = loginTo(world);
  for (const options of [
    undefined,
    {},
    { environment: "prod", login },
    { environment: "test" },
    { environment: { portal: 1, api: 2 }, login },
    { environment: "test", login, keyBody: "x" },
    { environment: { portal: "https://a.example", api: "http://b.example" }, login },
  ]) {
    assert.throws(() => new Selvbetjening(options), code("invalid_configuration"));
  }
  for (const store of [undefined, {}, { read() {} }]) await assert.rejects(Enrolment.open(service, "x", { store }), code("invalid_configuration"));
  await assert.rejects(Enrolment.begin({}, DRAFT, { apiKey, store: memoryStore(), redirectUri: REDIRECT }), code("invalid_configuration"));
  for (const odd of ["..", "a/b", 7, ""]) assert.throws(() => service.confirmUrl(odd), code("invalid_parameter"));
  assert.equal(new Selvbetjening({ environment: "test", login }).confirmUrl("c-1"), "https://selvbetjening.test.nhn.no/confirm-client/c-1");
  const { enrolment } = await enrolled(t);
  await assert.rejects(enrolment.waitUntilUsable({ first: 0 }), code("invalid_parameter"));
});
