// Key sets of a server: fetched once for many, kept, renewed for an unknown key id, and not too often.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as jose from "jose";
import { JwksCache, verifyIdToken } from "samtykke";

import { fails, fetchOf, json, pause } from "./support.mjs";

const ISSUER = "https://op.example";
const URI = `${ISSUER}/jwks`;
const expected = { issuer: ISSUER, clientId: "client-1" };

async function signer(kid) {
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await jose.exportJWK(publicKey)), kid };
  const at = () => Math.floor(Date.now() / 1000);
  const token = () =>
    new jose.SignJWT({})
      .setProtectedHeader({ alg: "RS256", kid })
      .setIssuer(ISSUER)
      .setAudience("client-1")
      .setSubject("s")
      .setIssuedAt(at())
      .setExpirationTime(at() + 3600)
      .sign(privateKey);
  return { jwk, token };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** Runs with a clock that can be moved. */
async function clocked(work) {
  const { now } = Date;
  let ahead = 0;
  Date.now = () => now() + ahead * 1000;
  try {
    await work((seconds) => (ahead += seconds));
  } finally {
    Date.now = now;
  }
}

test("many tokens at once cost one fetch, and a kept set none", async () => {
  const one = await signer("1");
  // All of them wait for the answer before it comes.
  const { promise: held, resolve: release } = withResolvers();
  const { fetch, requests } = fetchOf(async () => (await held, json({ keys: [one.jwk] })));
  const saved = [];
  const cache = new JwksCache({ fetch, onFetch: (uri) => saved.push(uri) });
  const tokens = await Promise.all(Array.from({ length: 20 }, one.token));
  const all = Promise.all(tokens.map((token) => verifyIdToken(token, expected, cache.at(URI))));
  await pause(20);
  release();
  await all;
  assert.equal(requests.length, 1);
  assert.deepEqual(saved, [URI]);
  const { fetch: none, requests: more } = fetchOf(new Error("nobody is there"));
  const copy = new JwksCache({ fetch: none, saved: JSON.parse(JSON.stringify(cache.save())) });
  assert.equal((await verifyIdToken(await one.token(), expected, copy.at(URI))).sub, "s");
  assert.equal(more.length, 0);
});

test("an unknown key id is worth one new fetch at once, and no second one before a minute has passed", async () => {
  await clocked(async (pass) => {
    const [one, two, three] = await Promise.all(["1", "2", "3"].map(signer));
    const { fetch, requests } = fetchOf(json({ keys: [one.jwk] }), json({ keys: [one.jwk, two.jwk] }), json({ keys: [three.jwk] }));
    const keys = new JwksCache({ fetch }).at(URI);
    await verifyIdToken(await one.token(), expected, keys);
    // Rotated right after the first fetch, which no unknown key id has caused.
    const renewed = await Promise.all(Array.from({ length: 5 }, async () => verifyIdToken(await two.token(), expected, keys)));
    assert.deepEqual(
      renewed.map(({ sub }) => sub),
      Array(5).fill("s"),
    );
    assert.equal(requests.length, 2);
    // A made-up key id does not make this client knock again.
    for (let at = 0; at < 5; at++) await fails(verifyIdToken(await three.token(), expected, keys), { code: "key_not_found" });
    assert.equal(requests.length, 2);
    pass(61);
    await verifyIdToken(await three.token(), expected, keys);
    assert.equal(requests.length, 3);
    // Rotated away: the old key is refused from then on.
    await fails(verifyIdToken(await one.token(), expected, keys), { code: "key_not_found" });
  });
});

test("a fetch that an old set causes is no reason to wait with an unknown key id", async () => {
  await clocked(async (pass) => {
    const [one, two] = await Promise.all(["1", "2"].map(signer));
    const { fetch, requests } = fetchOf(json({ keys: [one.jwk] }), json({ keys: [one.jwk] }), json({ keys: [one.jwk, two.jwk] }));
    const keys = new JwksCache({ fetch }).at(URI);
    await verifyIdToken(await one.token(), expected, keys);
    pass(601);
    await verifyIdToken(await one.token(), expected, keys);
    assert.equal((await verifyIdToken(await two.token(), expected, keys)).sub, "s");
    assert.equal(requests.length, 3);
  });
});

test("a set is fetched anew when it is old, and one from the future is not believed", async () => {
  await clocked(async (pass) => {
    const one = await signer("1");
    const { fetch, requests } = fetchOf(json({ keys: [one.jwk] }));
    const cache = new JwksCache({ fetch, maxAge: 300 });
    await verifyIdToken(await one.token(), expected, cache.at(URI));
    pass(301);
    await verifyIdToken(await one.token(), expected, cache.at(URI));
    assert.equal(requests.length, 2);
    const future = { [URI]: { jwks: "{}", at: Math.floor(Date.now() / 1000) + 1000 } };
    await verifyIdToken(await one.token(), expected, new JwksCache({ fetch, saved: future }).at(URI));
    assert.equal(requests.length, 3);
  });
});

test("a set is kept as long as its server says, a minute to a day, unless the caller says it", async () => {
  for (const [caching, settings, kept] of [
    ["public, max-age=3600", {}, 3600],
    ["max-age=5", {}, 60],
    ["MAX-AGE=99999999", {}, 86_400],
    ["max-age=0, no-store", {}, 60],
    ["s-maxage=5", {}, 600],
    ["max-age=soon", {}, 600],
    ["", {}, 600],
    ["max-age=3600", { maxAge: 300 }, 300],
    ["max-age=3600", { maxAge: 0 }, 0],
  ]) {
    await clocked(async (pass) => {
      const one = await signer("1");
      const set = () =>
        new Response(JSON.stringify({ keys: [one.jwk] }), { headers: { "content-type": "application/json", ...(caching && { "cache-control": caching }) } });
      const { fetch, requests } = fetchOf(set(), set(), set());
      const cache = new JwksCache({ fetch, ...settings });
      const verify = async (by = cache) => verifyIdToken(await one.token(), expected, by.at(URI));
      await verify();
      pass(Math.max(kept - 2, 0));
      await verify();
      assert.equal(requests.length, kept ? 1 : 2, `${caching}: kept`);
      // Another process that takes it over keeps it no longer.
      const other = new JwksCache({ fetch, ...settings, saved: JSON.parse(JSON.stringify(cache.save())) });
      pass(3);
      await verify();
      assert.equal(requests.length, kept ? 2 : 3, `${caching}: fetched anew`);
      if (kept) {
        await verify(other);
        assert.equal(requests.length, 3, `${caching}: fetched anew by another`);
      }
    });
  }
  await clocked(async (pass) => {
    const one = await signer("1");
    const { fetch, requests } = fetchOf(json({ keys: [one.jwk] }), json({ keys: [one.jwk] }), json({ keys: [one.jwk] }), json({ keys: [one.jwk] }));
    // What was saved before there was a time, or by somebody who lies.
    for (const [life, kept] of [
      [undefined, 600],
      [1e9, 86_400],
      [-1, 60],
      ["x", 60],
    ]) {
      const before = requests.length;
      const at = Math.floor(Date.now() / 1000);
      const cache = new JwksCache({ fetch, saved: { [URI]: { jwks: JSON.stringify({ keys: [one.jwk] }), at, life } } });
      pass(Math.max(kept - 2, 0));
      await verifyIdToken(await one.token(), expected, cache.at(URI));
      assert.equal(requests.length - before, kept ? 0 : 1, `${life}`);
      pass(3);
      await verifyIdToken(await one.token(), expected, cache.at(URI));
      assert.equal(requests.length - before, 1, `${life}: anew`);
    }
  });
});

test("what is no key set is refused, and asked for again the next time", async () => {
  const one = await signer("1");
  const odd = [json({ keys: "none" }), json([]), json({ keys: [one.jwk] }, 500), new Response("<html>", { headers: { "content-type": "text/html" } })];
  for (const answer of odd) {
    const { fetch, requests } = fetchOf(answer, json({ keys: [one.jwk] }));
    const cache = new JwksCache({ fetch });
    await assert.rejects(verifyIdToken(await one.token(), expected, cache.at(URI)), { name: "SamtykkeError" });
    assert.deepEqual(cache.save(), {});
    await verifyIdToken(await one.token(), expected, cache.at(URI));
    assert.equal(requests.length, 2);
  }
  for (const uri of ["http://op.example/jwks", "https://169.254.169.254/jwks", "https://[::ffff:10.0.0.1]/", "relative"]) {
    const { fetch, requests } = fetchOf(json({ keys: [one.jwk] }));
    await assert.rejects(verifyIdToken(await one.token(), expected, new JwksCache({ fetch }).at(uri)), { name: "SamtykkeError" });
    assert.equal(requests.length, 0);
  }
});
