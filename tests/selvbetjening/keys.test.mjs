// Keys of a client at Selvbetjening: replaced in two phases, given up, found again, told when they end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SigningKey } from "samtykke";
import { Enrolment, jwkKeys } from "samtykke/selvbetjening";
import { decide } from "samtykke-local/selvbetjening";
import { DRAFT, QUICK, REDIRECT, code, enrolled } from "./support.mjs";

const thumbprints = (record) => record.keys.map((key) => key.jwkThumbprint);
const count = (control, line) => control.requests().filter((one) => one.startsWith(line)).length;

test("a key is replaced in two phases, and the new one proven before the old one goes", async (t) => {
  const { enrolment, record, store, control } = await enrolled(t);
  const old = JSON.parse(store.kept.get(enrolment.id));
  store.writes.length = 0;
  const before = control.requests().length;
  const pauses = [];
  control.state.settings.keyPropagation = 2_000;
  const rotation = await enrolment.rotateKey({ ...QUICK, onWait: (pause) => pauses.push(pause) });
  assert.ok(pauses.length, "HelseID did not know the new key at once");
  assert.equal(rotation.recovered, false);
  assert.ok(rotation.expiresAt > Date.now() / 1000 && enrolment.keyExpiresAt === rotation.expiresAt);
  assert.deepEqual(thumbprints(record)[1], rotation.thumbprint);
  // Kept as the next one first, beside the old; then in its place, once it had got a token.
  const [first, second] = store.writes;
  assert.deepEqual([first.key, store.writes.length], [old.key, 2]);
  assert.equal(first.next.reference, rotation.thumbprint);
  // What finds each key again is kept beside them, of those that the record knows alone.
  assert.deepEqual(Object.keys(first.handles), [old.key.reference, rotation.thumbprint]);
  assert.deepEqual(Object.keys(second.handles), [rotation.thumbprint]);
  assert.equal(JSON.parse(second.handles[rotation.thumbprint]).kid, rotation.thumbprint);
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
  assert.equal((await again.rotateKey(QUICK)).thumbprint, kept.next.reference);
});

test("the end of a key that was replaced meanwhile is not taken for the new one's", async (t) => {
  const { enrolment, record } = await enrolled(t);
  record.keys[0].expiration = "2031-01-01T00:00:00Z";
  const client = await enrolment.client();
  const { answer } = client;
  let rotation;
  client.answer = async (...rest) => {
    const listed = await answer.apply(client, rest);
    client.answer = answer;
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
    assert.equal(store.writes.at(-1).key.reference, thumbprint);
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
  assert.deepEqual(half.key, old);
  assert.ok(half.next);
  assert.equal((await (await enrolment.client()).getClient()).ready, true, "the old key still works");

  const again = await Enrolment.open(service, enrolment.id, { store });
  const rotation = await again.rotateKey(QUICK);
  assert.deepEqual([rotation.recovered, rotation.thumbprint], [true, half.next.reference]);
  assert.deepEqual([count(control, "POST /v1/client-secret"), record.keys.length], [1, 2]);
  assert.deepEqual(store.writes.at(-1).key, half.next);
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
  assert.deepEqual([rotation.recovered, rotation.thumbprint, record.keys.length], [false, next.reference, 2]);
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
  assert.deepEqual([thumbprint, registered], [next.reference, false]);
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
  const { service, enrolment, record, store, control } = await enrolled(t, { retireOldKeys: true, keyPropagation: 2_000 });
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
  const { key, handles } = JSON.parse(kept.get(enrolment.id));
  assert.deepEqual(handles, { [key.reference]: "key-2" });
  assert.doesNotMatch(kept.get(enrolment.id), /"d"/);
  // A service that gives another key by that name is not believed.
  vault.set("key-2", vault.get("key-1"));
  await assert.rejects(enrolment.key(), code("invalid_configuration"));
  assert.deepEqual(control.violations(), []);
});

test("a rotation goes on until the last who waits for it is gone", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  control.state.settings.keyPropagation = 1_000;
  const [one, two] = [new AbortController(), new AbortController()];
  const gone = enrolment.rotateKey({ ...QUICK, signal: one.signal });
  const stays = enrolment.rotateKey(QUICK);
  one.abort();
  await assert.rejects(gone, code("aborted"));
  const { thumbprint } = await stays;
  assert.deepEqual(thumbprints(record).at(-1), thumbprint);
  const alone = enrolment.rotateKey({ ...QUICK, signal: two.signal });
  setTimeout(() => two.abort(), 300);
  await assert.rejects(alone, code("aborted"));
  assert.equal((await enrolment.key()).thumbprint, thumbprint);
  assert.notEqual((await enrolment.rotateKey(QUICK)).thumbprint, thumbprint);
  assert.deepEqual(control.violations(), []);
});
