// One session in two processes' hands: they refresh one after the other by the lock of a store, and share what comes.
// HelseID ends a session whose spent refresh token it sees again, so a refresh too many is a session lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { decodeJwt } = await import("jose");
const { SigningKey } = await import("samtykke/helseid");
const { memoryStore, sealedStore } = await import("samtykke/tokens");
const { connect, fails, requests, sessionOf, stage } = await import("./support.mjs");

/** Refreshes that the server answered with tokens or refused, but for nonce rounds. */
const refreshes = (server) =>
  new Set(
    requests(server, "/connect/token")
      .filter(({ form }) => form.get("grant_type") === "refresh_token")
      .map(({ form }) => form.get("refresh_token")),
  ).size;

/** A login, and two clients that have its session, each with a store of its own to `save` in, unless one is given. */
async function both(t, options = {}, storage = [{}, {}]) {
  const { server, kj, phr } = await stage(t);
  const dpop = await SigningKey.generate();
  const clients = [await connect(server, { dpop, ...options }), await connect(server, { dpop, ...options })];
  const first = await sessionOf(clients[0], undefined, () => {});
  const sessions = clients.map((client, at) => client.session(first.state, { save: () => {}, ...storage[at] }));
  return { server, kj, phr, first, sessions };
}

test("without a store the second of two has no token left to refresh with: what the store is for", async (t) => {
  const {
    server,
    sessions: [one, two],
  } = await both(t);
  await one.tokens({ resource: "nhn:kj" });
  // One process remembers, beyond its clients; of another's refresh the server would say the same, and end the session.
  await fails(() => two.tokens({ resource: "nhn:kj" }), { code: "transaction_used" });
  assert.equal(refreshes(server), 1);
});

test("two who ask at once: one refresh, both get its token, and the token works", async (t) => {
  const { server, kj, sessions } = await both(t, { sessionStore: memoryStore() });
  const [one, two] = await Promise.all(sessions.map((session) => session.tokens({ resource: "nhn:kj" })));
  assert.equal(one.accessToken, two.accessToken);
  assert.equal(refreshes(server), 1);
  for (const session of sessions) assert.equal((await session.fetch({ resource: "nhn:kj" }, { origins: [kj.origin] })(`${kj.origin}/x`)).status, 200);
  assert.equal(refreshes(server), 1);
  assert.deepEqual(
    { ...two, others: undefined, expiresAt: 0 },
    {
      accessToken: one.accessToken,
      tokenType: "DPoP",
      expiresIn: 600,
      scope: one.scope,
      requestedScope: one.requestedScope,
      rejectedScope: [],
      missingScope: [],
      others: undefined,
      expiresAt: 0,
    },
  );
  assert.ok(Math.abs(one.expiresAt - two.expiresAt) <= 1);
});

test("in turns, for many audiences and organisations: each refresh has the newest refresh token, whoever got it", async (t) => {
  const {
    server,
    sessions: [one, two],
  } = await both(t, { sessionStore: memoryStore() });
  const child = { organization: { tenancy: "single", child: "883974832" } };
  const wanted = [
    [one, "nhn:kj"],
    [two, "nhn:phr"],
    [one, "nhn:kj", child],
    [two, "nhn:kj"],
    [two, "nhn:kj", child],
    [one, "nhn:phr"],
  ];
  for (const [session, resource, details] of wanted)
    assert.equal(decodeJwt((await session.tokens({ resource, ...(details && { details }) })).accessToken).aud, resource);
  assert.equal(refreshes(server), 3, "one for each target");
  await Promise.all([one.tokens({ resource: "nhn:phr", details: child }), two.tokens({ resource: "nhn:phr", details: child })]);
  assert.equal(refreshes(server), 4);
  const [left, right] = [one, two].map(({ state }) => JSON.parse(state));
  assert.ok(Math.abs(left.turn - right.turn) <= 1);
});

test("a sealed store shows no refresh token and no person", async (t) => {
  const memory = memoryStore();
  const texts = [];
  const watched = { ...memory, write: (...args) => (texts.push(args.join(" ")), memory.write(...args)) };
  const { sessions } = await both(t, { sessionStore: sealedStore(watched, "A".repeat(43)) });
  await Promise.all(sessions.map((session) => session.tokens({ resource: "nhn:kj" })));
  const { refreshToken } = JSON.parse(sessions[0].state);
  assert.equal(texts.length, 1);
  for (const secret of [refreshToken, "bEJ2+kq/8Zs1cT0=", "13116900216", "refreshToken"]) assert.ok(!texts[0].includes(secret));
});

test("a refresh that is refused gives the lock back at once, and one that stored nothing changes nothing", async (t) => {
  const {
    server,
    sessions: [one, two],
  } = await both(t, { sessionStore: memoryStore() });
  server.change.refuse = { status: 400, body: { error: "invalid_target" } };
  await fails(() => one.tokens({ resource: "nhn:kj" }), { code: "token_error" });
  const started = Date.now();
  assert.ok(await two.tokens({ resource: "nhn:kj" }));
  assert.ok(Date.now() - started < 2_000);
  assert.ok(await one.tokens({ resource: "nhn:kj" }));
  assert.equal(refreshes(server), 1);
});

test("a refresh that got the next refresh token and failed after that hands it on all the same", async (t) => {
  let broken = true;
  const save = () => {
    if (broken) throw new Error("disk full");
  };
  const {
    sessions: [one, two],
  } = await both(t, { sessionStore: memoryStore() }, [{ save }, {}]);
  const failed = await fails(() => one.tokens({ resource: "nhn:kj" }), { code: "store_failed" });
  assert.equal(failed.cause.message, "disk full");
  assert.ok(await two.tokens({ resource: "nhn:kj" }), "with the refresh token that the other one got");
  broken = false;
  assert.ok(await one.tokens({ resource: "nhn:phr" }));
});

test("whoever was killed after it had stored the session loses nothing where load reads it", async (t) => {
  const memory = memoryStore();
  // The first process ends before it writes to the store; its lock ends by itself.
  const dying = { ...memory, lock: (name) => memory.lock(name, 300), write: () => new Promise(() => {}), unlock: () => new Promise(() => {}) };
  const { server } = await stage(t);
  const dpop = await SigningKey.generate();
  let stored;
  const storage = { save: (text) => void (stored = text), load: () => stored };
  const one = await connect(server, { dpop, sessionStore: dying });
  const first = await sessionOf(one, undefined, storage.save);
  const other = (await connect(server, { dpop, sessionStore: memory })).session(first.state, storage);
  await one.session(first.state, storage).tokens({ resource: "nhn:kj" });
  assert.ok(await other.tokens({ resource: "nhn:kj" }));
  assert.equal(refreshes(server), 2, "one extra");
  const blind = (await connect(server, { dpop, sessionStore: memoryStore() })).session(first.state, { save: () => {} });
  await fails(() => blind.tokens({ resource: "nhn:phr" }), { code: "transaction_used" });
  assert.equal(refreshes(server), 2, "the spent token is not sent again");
});

test("while the store is down nobody refreshes, unless that is allowed, and it is heard of; one that is damaged costs a refresh", async (t) => {
  const heard = [];
  const broken = {
    read: async () => {
      throw new Error("down");
    },
    lock: async () => {
      throw new Error("down");
    },
    write: async () => false,
    unlock: async () => {},
  };
  const hears = { sessionStore: broken, onStoreError: (error) => heard.push(error.message) };
  const strict = await both(t, hears);
  const facts = { code: "session_unavailable", phase: "session", action: "try_later", retryable: true };
  await fails(() => strict.sessions[0].tokens({ resource: "nhn:kj" }), facts);
  await fails(() => strict.sessions[0].tokens({ resource: "nhn:kj" }), facts);
  assert.equal(refreshes(strict.server), 0);
  assert.deepEqual(heard.splice(0), ["down"]);
  const {
    sessions: [one],
  } = await both(t, { ...hears, sessionStoreOptional: true });
  assert.ok(await one.tokens({ resource: "nhn:kj" }));
  assert.deepEqual(heard, ["down"]);
  for (const text of [
    "",
    "{",
    "null",
    '{"saved":{}}',
    '{"saved":{"refreshToken":"x","scope":"openid"},"tokens":7}',
    '{"saved":{"refreshToken":"x","scope":"openid","turn":9},"tokens":[["k",0,{}]]}',
    '{"saved":{"scope":"openid","turn":9},"tokens":[]}',
    '{"saved":{"refreshToken":"x","scope":"openid","turn":9},"tokens":[["k",0,{"accessToken":"x","tokenType":"Bearer","missingScope":[]}]]}',
  ]) {
    const { sessions } = await both(t, { sessionStore: { ...memoryStore(), read: async () => ({ text, left: 60_000 }) } });
    assert.ok(await sessions[0].tokens({ resource: "nhn:kj" }), text);
  }
});

test("what is handed on fits a store of small values, and always has the refresh token", async (t) => {
  const written = [];
  const small = memoryStore();
  const sealed = sealedStore({ ...small, write: (name, fence, text, ms) => (written.push(text.length), small.write(name, fence, text, ms)) }, "A".repeat(43));
  const {
    server,
    sessions: [one, two],
  } = await both(t, { sessionStore: sealed });
  for (let at = 0; at < 16; at++) {
    server.change.token = (claims) => ({ ...claims, filling: "x".repeat(3_200) });
    await one.tokens({ resource: "nhn:kj", details: { organization: { tenancy: "single", child: "883974832" }, sfmJournalId: `j-${at}` } });
  }
  assert.ok(Math.max(...written) > 40_000, "many tokens are handed on");
  assert.ok(Math.max(...written) < 64 * 1024, `${Math.max(...written)}`);
  // The other one has the newest refresh token and the login's claims, whatever there was no room for.
  assert.ok(await two.tokens({ resource: "nhn:phr" }));
  // Its own refresh may bring an id_token of another second.
  const { iat: _, exp: __, ...login } = one.claims;
  const { iat, exp, ...same } = two.claims;
  assert.ok(iat >= one.claims.iat && exp >= one.claims.exp);
  assert.deepEqual(same, login);
});

test("wrong settings are refused by name", async (t) => {
  const { server } = await stage(t);
  for (const wrong of [{ sessionStore: {} }, { sessionStore: 7 }, { sessionStoreOptional: 1 }, { onStoreError: 7 }])
    await fails(() => connect(server, wrong), { code: "invalid_configuration" });
  const helseid = await connect(server);
  const session = await sessionOf(helseid);
  assert.throws(() => helseid.session(session.state, { save: () => {}, load: 7 }), { code: "invalid_parameter" });
});
