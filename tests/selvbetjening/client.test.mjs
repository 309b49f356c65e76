// A client in daily use: statuses, settings read and written whole, keys replaced in two phases, delegations, tokens kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SigningKey } from "samtykke";
import { Enrolment, jwkKeys } from "samtykke/selvbetjening";
import { decide } from "./index.mjs";
import { DRAFT, QUICK, REDIRECT, code, enrolled, loginTo } from "./support.mjs";

const thumbprints = (record) => record.keys.map((key) => key.jwkThumbprint);
const count = (control, line) => control.requests().filter((one) => one.startsWith(line)).length;

test("a status that is not known is shown, and never counts as ready", async (t) => {
  const { enrolment, record } = await enrolled(t);
  const client = await enrolment.client();
  assert.equal((await client.getClient()).ready, true);
  record.apiScopes.push({ scope: "nhn:phr/mhd", status: "Rejected", statusReason: "No agreement." });
  const current = await client.getClient();
  assert.deepEqual([current.ready, current.pending, current.unknown], [false, [], ["nhn:phr/mhd"]]);
  assert.deepEqual(current.apiScopes[1], { scope: "nhn:phr/mhd", status: "Rejected", statusReason: "No agreement." });
  // Nothing is pending, so there is nothing to wait for; it is not ready all the same.
  assert.equal((await client.waitForApproval(QUICK)).ready, false);
});

test("a wait for approval ends by the caller's signal, also in the middle of a pause, and outlives trouble", async (t) => {
  const { enrolment, record, control } = await enrolled(t, {}, {}, { ...DRAFT, apiScopes: [...DRAFT.apiScopes, "nhn:phr/mhd"] });
  const client = await enrolment.client();
  const stop = new AbortController();
  const waiting = client.waitForApproval({
    first: 3600,
    longest: 3600,
    signal: stop.signal,
    onWait: () => setTimeout(() => stop.abort(new Error("enough")), 10),
  });
  await assert.rejects(waiting, (error) => code("aborted")(error) && error.cause.message === "enough");
  await assert.rejects(client.waitForApproval({ ...QUICK, signal: AbortSignal.abort() }), code("aborted"));
  await assert.rejects(client.waitForApproval({ ...QUICK, limit: 0.1 }), code("timeout"));

  let pauses = 0;
  const done = await client.waitForApproval({
    ...QUICK,
    onWait: () => {
      pauses++;
      if (pauses === 1) control.next("GET /v1/client", { status: 503, body: "<html>" });
      if (pauses === 2) control.next("GET /v1/client", "drop");
      if (pauses === 3) control.approve(record.id);
    },
  });
  assert.deepEqual([done.ready, pauses], [true, 3]);
  control.next("GET /v1/client", { status: 403, body: "" });
  await assert.rejects(client.waitForApproval(QUICK), code("unauthorized"));
});

test("a wait for approval outlives HelseID's trouble at the token, and comes again no sooner than the server says", async (t) => {
  const { enrolment, record, control } = await enrolled(t, {}, {}, { ...DRAFT, apiScopes: [...DRAFT.apiScopes, "nhn:phr/mhd"] });
  const client = await enrolment.client();
  const pauses = [];
  const done = await client.waitForApproval({
    ...QUICK,
    onWait: ({ seconds }) => {
      pauses.push(seconds);
      // The token of the days before has ended.
      if (pauses.length <= 2) control.revokeTokens();
      if (pauses.length === 1) control.next("POST /connect/token", { status: 503, body: "<html>" });
      if (pauses.length === 2) control.next("POST /connect/token", { status: 429, body: "" });
      if (pauses.length === 3) control.next("GET /v1/client", { status: 503, body: "", headers: { "retry-after": "1" } });
      if (pauses.length === 4) control.approve(record.id);
    },
  });
  assert.deepEqual([done.ready, pauses], [true, [0.02, 0.03, 0.045, 1]]);
  control.next("GET /v1/client", { status: 503, body: "", headers: { "retry-after": "3600" } });
  await assert.rejects(client.waitForApproval(QUICK), (error) => code("timeout")(error) && error.cause.http.retryAfter === 3600);
});

test("a wait for a usable client ends at once for any other reason", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  let pauses = 0;
  const options = { ...QUICK, onWait: () => pauses++ };
  record.apiScopes[0].status = "pending";
  await assert.rejects(enrolment.waitUntilUsable(options), (error) => error.oauth.error === "invalid_scope");
  record.apiScopes[0].status = "ok";
  control.next("GET /v1/client", { status: 403, body: "" });
  await assert.rejects(enrolment.waitUntilUsable(options), code("unauthorized"));
  assert.equal(pauses, 0);
});

test("an update reads all settings and writes all of them", async (t) => {
  const draft = { ...DRAFT, audienceSpecificClientClaims: [{ key: "her_id", value: "123" }], redirectUris: ["https://app.example.no/cb"] };
  const { enrolment, record, control } = await enrolled(t, {}, {}, draft);
  const client = await enrolment.client();
  const after = await client.update((settings) => {
    assert.deepEqual(settings.audienceSpecificClientClaims, [{ key: "her_id", value: "123" }]);
    return { ...settings, redirectUris: [...settings.redirectUris, "https://app.example.no/other"] };
  });
  assert.deepEqual(after.redirectUris, ["https://app.example.no/cb", "https://app.example.no/other"]);
  assert.deepEqual(after.audienceSpecificClientClaims[0].pendingClaimValue, "123", "what waits is still waiting");
  assert.deepEqual(control.violations(), []);
  // A value that waits beside one that holds: the newest wish is written back.
  control.approve(record.id);
  await client.update((settings) => ({ ...settings, audienceSpecificClientClaims: [{ key: "her_id", value: "456" }] }));
  await client.update((settings) => ({ ...settings, postLogoutRedirectUris: ["https://app.example.no/"] }));
  const [claim] = (await client.getClient()).audienceSpecificClientClaims;
  assert.deepEqual([claim.status, claim.activeClaimValue, claim.pendingClaimValue], ["updatePending", "123", "456"]);
  const refused = await client.update((settings) => ({ ...settings, redirectUris: null })).catch((error) => error);
  assert.deepEqual([refused.code, refused.provider.code], ["api_error", "RedirectUris"]);
});

test("an update from partial data, or past an unknown status, is not sent", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  const client = await enrolment.client();
  for (const change of [
    ({ apiScopes }) => ({ apiScopes }),
    ({ childOrganizationNumbers: _, ...rest }) => rest,
    (settings) => ({ ...settings, redirectUris: undefined }),
    (settings) => ({ ...settings, redirectUri: [] }),
    (settings) => ({ ...settings, redirectUris: "https://app.example.no/" }),
    (settings) => ({ ...settings, redirectUris: ["http://app.example.no/"] }),
    (settings) => ({ ...settings, childOrganizationNumbers: ["12345678"] }),
    () => undefined,
  ]) {
    await assert.rejects(client.update(change), code("invalid_parameter"), `${change}`);
  }
  record.apiScopes[0].status = "Suspended";
  await assert.rejects(
    client.update((settings) => settings),
    code("invalid_parameter"),
  );
  record.apiScopes[0].status = "ok";
  control.next("GET /v1/client", { status: 200, body: { apiScopes: [{ scope: "nhn:selvbetjening/client", status: "ok" }] } });
  await assert.rejects(
    client.update((settings) => settings),
    code("invalid_parameter"),
  );
  assert.equal(count(control, "PUT"), 0);
});

test("an update whose settings change underneath is made again from the new ones", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  const client = await enrolment.client();
  let asked = 0;
  await client.update((settings) => {
    if (++asked === 1) record.postLogoutRedirectUris = ["https://app.example.no/bye"];
    return { ...settings, redirectUris: ["https://app.example.no/cb"] };
  });
  assert.equal(asked, 2);
  assert.deepEqual(record.postLogoutRedirectUris, ["https://app.example.no/bye"], "not wiped");
  await assert.rejects(
    client.update((settings) => ((record.redirectUris = [`https://app.example.no/${asked++}`]), settings)),
    code("conflict"),
  );
  assert.equal(count(control, "PUT"), 1);
});

test("a key is replaced in two phases, and the new one proven before the old one goes", async (t) => {
  const { enrolment, record, store, control } = await enrolled(t);
  const old = JSON.parse(store.kept.get(enrolment.id));
  store.writes.length = 0;
  const before = control.requests().length;
  const pauses = [];
  control.state.settings.keyPropagation = 400;
  const rotation = await enrolment.rotateKey({ ...QUICK, onWait: (pause) => pauses.push(pause) });
  assert.ok(pauses.length, "HelseID did not know the new key at once");
  assert.equal(rotation.recovered, false);
  assert.ok(rotation.expiresAt > Date.now() / 1000 && enrolment.keyExpiresAt === rotation.expiresAt);
  assert.deepEqual(thumbprints(record)[1], rotation.thumbprint);
  // Kept as the next one first, beside the old; then in its place, once it had got a token.
  const [first, second] = store.writes;
  assert.deepEqual([first.key, store.writes.length], [old.key, 2]);
  assert.equal(JSON.parse(first.next).kid, rotation.thumbprint);
  assert.deepEqual([second.key, second.next], [first.next, undefined]);
  const requests = control.requests().slice(before);
  assert.ok(requests.indexOf("POST /v1/client-secret") < requests.lastIndexOf(`token ${record.id}`) && requests.at(-1) === "GET /v1/client");
  assert.deepEqual(control.violations(), []);
  // From here on it is the new one alone.
  record.keys.shift();
  control.revokeTokens();
  const client = await enrolment.client();
  assert.deepEqual(
    (await client.listKeys()).map(({ jwkThumbprint, origin }) => [jwkThumbprint, origin]),
    [[rotation.thumbprint, "Api"]],
  );
  assert.equal((await enrolment.key()).thumbprint, rotation.thumbprint);
  const [again, same] = await Promise.all([enrolment.rotateKey(QUICK), enrolment.rotateKey(QUICK)]);
  assert.equal(again, same, "one rotation at a time");
});

test("what the service says in words is told, whatever form they have", async (t) => {
  const { enrolment, control } = await enrolled(t);
  const client = await enrolment.client();
  for (const [body, said] of [
    ["Forbidden", "Forbidden"],
    ['"the client is unknown"', "the client is unknown"],
    [{ detail: "not now" }, "not now"],
    ["<html>", undefined],
    ["", undefined],
  ]) {
    control.next("GET /v1/client", { status: 403, body });
    await assert.rejects(client.getClient(), ({ code: found, actual, http }) => found === "unauthorized" && actual === said && http.status === 403);
  }
});

test("how long the first key lasts is asked, kept, and told in time", async (t) => {
  const { service, enrolment, record, store, control } = await enrolled(t);
  assert.equal(enrolment.keyExpiresAt, undefined);
  const end = Math.floor(Date.now() / 1000) + 40 * 86_400;
  record.keys[0].expiration = new Date(end * 1000).toISOString();
  const thumbprint = record.keys[0].jwkThumbprint;
  assert.deepEqual(await enrolment.keyTimes(), { thumbprint, registered: true, expiresAt: end, expiresSoon: false });
  assert.deepEqual([enrolment.keyExpiresAt, JSON.parse(store.kept.get(enrolment.id)).keyExpiresAt], [end, end]);
  assert.equal((await enrolment.keyTimes({ warn: 41 * 86_400 })).expiresSoon, true);
  assert.equal((await Enrolment.open(service, enrolment.id, { store })).keyExpiresAt, end);
  const writes = store.writes.length;
  await enrolment.keyTimes();
  assert.equal(store.writes.length, writes, "nothing new");
  delete record.keys[0].expiration;
  assert.deepEqual(await enrolment.keyTimes(), { thumbprint, registered: true, expiresSoon: false });
  assert.equal("keyExpiresAt" in JSON.parse(store.kept.get(enrolment.id)), false);
  control.next("GET /v1/client-secret", { status: 200, body: [{ kid: "other", jwkThumbprint: "other" }] });
  assert.deepEqual(await enrolment.keyTimes(), { thumbprint, registered: false, expiresSoon: true });
  await assert.rejects(enrolment.keyTimes({ warn: -1 }), code("invalid_parameter"));
});

test("what is learnt of a key while it is replaced loses nothing of the replacement, however slow the store", async (t) => {
  const { service, enrolment, record, store, control } = await enrolled(t);
  const end = Math.floor(Date.now() / 1000) + 40 * 86_400;
  record.keys[0].expiration = new Date(end * 1000).toISOString();
  // The first write takes longer than all that follows it.
  const own = store.write;
  let slow = 300;
  store.write = async (id, text) => {
    const wait = slow;
    slow = 0;
    await new Promise((done) => setTimeout(done, wait));
    return own.call(store, id, text);
  };
  let writing;
  const begun = new Promise((done) => (writing = done));
  const write = store.write;
  store.write = (...rest) => (writing(), write(...rest));
  const times = enrolment.keyTimes();
  await begun;
  control.next("POST /v1/client-secret", { status: 400, body: { title: "Bad Request", detail: "not now" } });
  await assert.rejects(enrolment.rotateKey(QUICK), code("api_error"));
  assert.equal((await times).expiresAt, end);
  const kept = JSON.parse(store.kept.get(enrolment.id));
  assert.ok(kept.next, "the new key is not forgotten");
  assert.equal(kept.keyExpiresAt, end);
  const again = await Enrolment.open(service, enrolment.id, { store });
  assert.equal((await again.rotateKey(QUICK)).thumbprint, JSON.parse(kept.next).kid);
});

test("the end of a key that was replaced meanwhile is not taken for the new one's", async (t) => {
  const { enrolment, record } = await enrolled(t);
  record.keys[0].expiration = "2031-01-01T00:00:00Z";
  const client = await enrolment.client();
  const find = client.findKey;
  let rotation;
  client.findKey = async (...rest) => {
    const listed = await find.apply(client, rest);
    client.findKey = find;
    rotation = await enrolment.rotateKey(QUICK);
    return listed;
  };
  assert.equal((await enrolment.keyTimes()).expiresAt, Date.parse("2031-01-01T00:00:00Z") / 1000);
  assert.equal(enrolment.keyExpiresAt, rotation.expiresAt);
});

test("a registration whose answer is lost is found in the list, and not made twice", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  control.next("POST /v1/client-secret", "lose");
  const rotation = await enrolment.rotateKey(QUICK);
  assert.equal(rotation.recovered, true);
  assert.deepEqual([count(control, "POST /v1/client-secret"), record.keys.length], [1, 2]);
  assert.equal(rotation.thumbprint, record.keys[1].jwkThumbprint);
  assert.ok(rotation.expiresAt > 0);
  assert.deepEqual(control.violations(), []);
});

test("a registration that was never carried out is made again, with the same key", async (t) => {
  for (const fault of ["drop", { status: 502, body: "Bad Gateway" }]) {
    const { enrolment, record, store, control } = await enrolled(t);
    control.next("POST /v1/client-secret", fault);
    const { recovered, thumbprint } = await enrolment.rotateKey(QUICK);
    assert.deepEqual([recovered, count(control, "POST /v1/client-secret"), record.keys.length], [false, 2, 2]);
    assert.equal(JSON.parse(store.writes.at(-1).key).kid, thumbprint);
    assert.deepEqual(control.violations(), []);
  }
});

test("a program that ends half-way goes on with the same new key; the old one is kept until then", async (t) => {
  const { world, service, enrolment, record, store, control } = await enrolled(t);
  const old = store.writes.at(-1).key;
  // Registered, its answer lost, and the list out of reach: nothing is known.
  control.next("POST /v1/client-secret", "lose");
  control.next("GET /v1/client-secret", "drop");
  await assert.rejects(enrolment.rotateKey(QUICK), code("network_error"));
  const half = JSON.parse(store.kept.get(enrolment.id));
  assert.equal(half.key, old);
  assert.ok(half.next);
  assert.equal((await (await enrolment.client()).getClient()).ready, true, "the old key still works");

  const again = await Enrolment.open(service, enrolment.id, { store });
  const rotation = await again.rotateKey(QUICK);
  assert.deepEqual([rotation.recovered, rotation.thumbprint], [true, JSON.parse(half.next).kid]);
  assert.deepEqual([count(control, "POST /v1/client-secret"), record.keys.length], [1, 2]);
  assert.equal(store.writes.at(-1).key, half.next);
  assert.deepEqual(control.violations(), []);
  assert.ok(world.api);
});

test("a program that ends before the registration makes it when it comes again", async (t) => {
  const { service, enrolment, record, store, control } = await enrolled(t);
  control.next("POST /v1/client-secret", { status: 400, body: { title: "Bad Request", detail: "not now" } });
  await assert.rejects(enrolment.rotateKey(QUICK), code("api_error"));
  const { next } = JSON.parse(store.kept.get(enrolment.id));
  const again = await Enrolment.open(service, enrolment.id, { store });
  const rotation = await again.rotateKey(QUICK);
  assert.deepEqual([rotation.recovered, rotation.thumbprint, record.keys.length], [false, JSON.parse(next).kid, 2]);
  assert.deepEqual(control.violations(), []);
});

test("a new key that HelseID does not take leaves the old one in place", async (t) => {
  const { enrolment, store, control } = await enrolled(t, { keyPropagation: 60_000 });
  const old = store.writes.at(-1).key;
  await assert.rejects(enrolment.rotateKey({ ...QUICK, limit: 0.2 }), code("timeout"));
  const kept = JSON.parse(store.kept.get(enrolment.id));
  assert.deepEqual([kept.key, !!kept.next], [old, true]);
  assert.equal((await (await enrolment.client()).getClient()).ready, true);
  // Later it does: the same key, found in the list.
  for (const client of control.clients()) for (const key of client.keys) key.usableAt = 0;
  assert.equal((await enrolment.rotateKey(QUICK)).recovered, true);
  assert.equal(count(control, "POST /v1/client-secret"), 1);
});

test("a new key that the service refuses for good is given up, and the next rotation makes another", async (t) => {
  const { enrolment, record, store, control } = await enrolled(t);
  await assert.rejects(enrolment.abandonKey(), code("transaction_missing"));
  const old = store.writes.at(-1);
  control.next("POST /v1/client-secret", { status: 400, body: { title: "Bad Request", detail: "not this key" } });
  await assert.rejects(enrolment.rotateKey(QUICK), code("api_error"));
  const { next } = JSON.parse(store.kept.get(enrolment.id));
  const { thumbprint, registered } = await enrolment.abandonKey();
  assert.deepEqual([thumbprint, registered], [JSON.parse(next).kid, false]);
  assert.deepEqual(JSON.parse(store.kept.get(enrolment.id)), JSON.parse(JSON.stringify(old)));
  const rotation = await enrolment.rotateKey(QUICK);
  assert.notEqual(rotation.thumbprint, thumbprint);
  assert.deepEqual([rotation.recovered, record.keys.length], [false, 2]);
  // One that was registered is said to be.
  control.state.settings.keyPropagation = 60_000;
  await assert.rejects(enrolment.rotateKey({ ...QUICK, limit: 0.2 }), code("timeout"));
  const running = enrolment.rotateKey({ ...QUICK, limit: 0.2 });
  await assert.rejects(enrolment.abandonKey(), code("transaction_used"));
  await assert.rejects(running, code("timeout"));
  assert.equal((await enrolment.abandonKey()).registered, true);
  assert.equal((await enrolment.key()).thumbprint, rotation.thumbprint);
  assert.deepEqual(control.violations(), []);
});

test("a new key is not given up where the old one has ended, although its token is good still", async (t) => {
  const { enrolment, record, store, control } = await enrolled(t, { retireOldKeys: true });
  await (await enrolment.client()).getClient();
  control.next("POST /v1/client-secret", "lose");
  control.next("GET /v1/client-secret", "drop");
  await assert.rejects(enrolment.rotateKey(QUICK), code("network_error"));
  await assert.rejects(enrolment.abandonKey(), (error) => error.oauth.error === "invalid_client");
  assert.ok(JSON.parse(store.kept.get(enrolment.id)).next);
  assert.equal((await enrolment.rotateKey(QUICK)).recovered, true);
  assert.deepEqual(thumbprints(record), [(await enrolment.key()).thumbprint]);
});

test("a service that retires the old key at once, and loses its answer: the new key tells", async (t) => {
  const { service, enrolment, record, store, control } = await enrolled(t, { retireOldKeys: true });
  control.next("POST /v1/client-secret", "lose");
  control.next("GET /v1/client-secret", "drop");
  await assert.rejects(enrolment.rotateKey(QUICK), code("network_error"));
  control.revokeTokens();
  await assert.rejects((await enrolment.client()).getClient(), (error) => error.oauth.error === "invalid_client");
  const again = await Enrolment.open(service, enrolment.id, { store });
  const { recovered, expiresAt } = await again.rotateKey(QUICK);
  assert.deepEqual([recovered, expiresAt > Date.now() / 1000], [true, true], "and when it ends");
  assert.deepEqual(thumbprints(record), [(await again.key()).thumbprint]);
});

test("the old key retired, the new one not known yet: it is waited for", async (t) => {
  const { service, enrolment, record, store, control } = await enrolled(t, { retireOldKeys: true, keyPropagation: 300 });
  control.next("POST /v1/client-secret", "lose");
  control.next("GET /v1/client-secret", "drop");
  await assert.rejects(enrolment.rotateKey(QUICK), code("network_error"));
  control.revokeTokens();
  const again = await Enrolment.open(service, enrolment.id, { store });
  let pauses = 0;
  assert.equal((await again.rotateKey({ ...QUICK, onWait: () => pauses++ })).recovered, true);
  assert.ok(pauses > 0, "HelseID did not know it at first");
  assert.deepEqual([thumbprints(record), count(control, "POST /v1/client-secret")], [[(await again.key()).thumbprint], 1]);
  assert.deepEqual(control.violations(), []);
});

test("a key is sent as a text or as itself, and never with private members", async (t) => {
  for (const keyBody of ["text", "object", undefined]) {
    const { enrolment, record } = await enrolled(t, {}, keyBody && { keyBody });
    const client = await enrolment.client();
    const key = await SigningKey.generate({ kid: "k2" });
    const jwk = { ...key.publicJwk, alg: key.alg, kid: "k2" };
    await assert.rejects(client.addKey({ ...jwk, d: "AQAB" }), code("key_refused"));
    assert.equal(record.keys.length, 1);
    assert.ok((await client.addKey(jwk)).expiresAt > Date.now() / 1000);
    assert.equal((await client.findKey(jwk)).jwkThumbprint, key.thumbprint);
    assert.equal(await client.findKey({ ...(await SigningKey.generate()).publicJwk, alg: "ES256", kid: "k2" }), undefined, "by thumbprint, not by kid");
  }
});

test("keys of other algorithms, and keys that stay with a key service", async (t) => {
  for (const alg of ["ES384", "PS256"]) {
    const handle = await jwkKeys(alg).create();
    assert.equal((await jwkKeys().open(handle)).alg, alg);
  }
  const { service, control } = await enrolled(t);
  const vault = new Map();
  const keys = {
    async create() {
      const name = `key-${vault.size + 1}`;
      vault.set(name, await SigningKey.generate({ kid: name }));
      return name;
    },
    open: async (name) => vault.get(name),
  };
  const kept = new Map();
  const store = { read: (id) => kept.get(id), write: (id, text) => void kept.set(id, text) };
  const enrolment = await Enrolment.begin(service, DRAFT, { apiKey: control.state.settings.template.apiKey, store, keys, redirectUri: REDIRECT });
  await decide(enrolment.confirmUrl);
  await enrolment.waitUntilUsable(QUICK);
  await enrolment.rotateKey(QUICK);
  assert.equal(JSON.parse(kept.get(enrolment.id)).key, "key-2");
  assert.doesNotMatch(kept.get(enrolment.id), /"d"/);
  assert.deepEqual(control.violations(), []);
});

test("delegations are read; a token is kept while it is valid, and got anew when it is refused", async (t) => {
  const { enrolment, control } = await enrolled(t);
  const client = await enrolment.client();
  const [delegation] = await client.delegations();
  assert.deepEqual(
    [delegation.organizationNumber, delegation.isHelsenettMember, delegation.serviceTerms[0].signed, delegation.serviceTerms[0].scopes],
    ["999988887", true, false, ["nhn:phr/mhd"]],
  );
  await Promise.all([client.listKeys(), client.getClient(), client.getClient()]);
  assert.equal(count(control, "token"), 1);
  control.revokeTokens();
  assert.equal((await client.getClient()).ready, true);
  assert.equal(count(control, "token"), 2);
  control.next("GET /v1/client", { status: 200, body: "{}" });
  await assert.rejects(client.getClient(), code("api_response_malformed"));
  control.next("GET /v1/client", { status: 302, body: "", headers: { location: "https://evil.example/" } });
  await assert.rejects(client.getClient(), code("redirect_refused"));
  assert.deepEqual(control.violations(), []);
});

test("a login that fails once is tried again; one call's signal and time limit end that call", async (t) => {
  let broken = true;
  const { world, control, record, enrolment, service: _ } = await enrolled(t);
  const { Selvbetjening } = await import("samtykke/selvbetjening");
  const login = loginTo(world);
  const service = new Selvbetjening({
    environment: world.environment,
    timeout: 5,
    login: (identity) => {
      if (broken) throw new Error("no network yet");
      return login(identity);
    },
  });
  const client = service.as({ clientId: record.id, key: await enrolment.key() });
  await assert.rejects(client.getClient(), (error) => code("network_error")(error) && error.cause.message === "no network yet");
  broken = false;
  assert.equal((await client.getClient()).ready, true);
  await assert.rejects(client.getClient({ signal: AbortSignal.abort(new Error("stop")) }), (error) => code("aborted")(error) && error.cause.message === "stop");
  const silent = new Selvbetjening({
    environment: world.environment,
    timeout: 0.05,
    login: async () => ({ clientCredentials: async () => ({ accessToken: "x", tokenType: "DPoP" }), fetch: () => () => new Promise(() => {}) }),
  });
  await assert.rejects(silent.as({ clientId: record.id, key: await enrolment.key() }).getClient(), code("timeout"));
  assert.deepEqual(control.violations(), []);
});
