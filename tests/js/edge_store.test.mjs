// Sessions in a store: one refresh for all isolates, numbers that say nothing, a store that is down, logout by the server.
// OpenID Connect Back-Channel Logout sections 2.5 to 2.8; RFC 9700 section 4.14.2.
// Refuses numbers of the browser's choosing, logout tokens twice, and a session that comes back after its end.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createEdge } from "samtykke/edge";
import { storedSessions } from "samtykke/edge/store";
import { memoryStore } from "samtykke/tokens";

import { ISSUER, keycloak } from "../lib/keycloak.mjs";
import { ORIGIN, key } from "./browser.mjs";
import { clientFor, stage } from "./session_stage.mjs";
import { assertNoSecret, fails, pause } from "./support.mjs";

test("with a store a hundred requests in two isolates make one refresh, stored before it is used, and the cookie stays", async () => {
  const store = memoryStore();
  const { world, signIn, make, request, jar, session, edge } = await stage({ store: storedSessions(store) });
  world.next.life = 30;
  await signIn();
  world.next.life = 300;
  const before = jar.header();
  // Another isolate has a client of its own.
  const other = make({ client: clientFor(world) });
  const found = await Promise.all(Array.from({ length: 100 }, (_, at) => (at % 2 ? edge : other).refresh(request("/"))));
  assert.equal(world.requests.refresh, 1);
  assert.equal(new Set(found.map(({ session }) => session.tokens.accessToken)).size, 1);
  assert.deepEqual(
    found.flatMap(({ cookies, error }) => [...cookies, ...(error ? [error] : [])]),
    [],
  );
  assert.equal(jar.header(), before);
  assert.ok((await session()).tokens.expiresAt > Date.now() / 1000 + 200);
});

test("a store that is down ends no session and begins no login", async () => {
  const store = memoryStore();
  const { signIn, session, edge, request, post, jar, errors } = await stage({ store: storedSessions(store), errorPath: "/failed" });
  await signIn();
  const before = jar.header();
  const broken = { ...store };
  for (const name of ["read", "lock", "compareAndSet", "delete"]) store[name] = async () => Promise.reject(new Error("ECONNREFUSED"));
  await fails(session(), { code: "session_unavailable", phase: "session", action: "try_later", retryable: true });
  const page = await edge.handle(request("/", { headers: { "sec-fetch-mode": "navigate" } }), () => assert.fail("nobody is asked"));
  assert.deepEqual([page.status, page.headers.get("location"), page.headers.getSetCookie()], [503, null, []]);
  const out = await edge.logout(post("/logout"));
  assert.deepEqual([out.status, out.headers.getSetCookie()], [503, []]);
  Object.assign(store, broken);
  assert.equal(jar.header(), before);
  assert.ok(await session());
  assert.ok(errors.every(({ code }) => code === "session_unavailable"));
});

test("a store's session has a new number at each login, none of the browser's choosing, and says nothing of it", async () => {
  const store = memoryStore();
  const names = [];
  const texts = [];
  const { compareAndSet } = store;
  store.compareAndSet = (name, before, text, life) => (names.push(name), texts.push(text), compareAndSet(name, before, text, life));
  const { signIn, jar, session, edge } = await stage({ store: storedSessions(store) });
  await signIn();
  const [cookie] = jar.names("session");
  const first = jar.cookies.get(cookie);
  assert.equal(Buffer.from(first, "base64url").length, 32);
  const { tokens } = await session();
  assertNoSecret({ names, texts }, [first, tokens.accessToken], "the store");
  await signIn();
  const second = jar.cookies.get(cookie);
  assert.notEqual(second, first);
  await pause(10);
  assert.equal(await edge.session(new Request(ORIGIN, { headers: { cookie: `${cookie}=${first}` } })), null, "the old number still opens");
  // A number that nobody gave out opens nothing, and is not taken over.
  const chosen = Buffer.alloc(32, 7).toString("base64url");
  jar.cookies.set(cookie, chosen);
  assert.equal(await session(), null);
  await signIn();
  assert.notEqual(jar.cookies.get(cookie), chosen);
  // A record under another's name does not open there.
  const live = names.at(-1);
  const { text } = await store.read(live);
  const { createHash } = await import("node:crypto");
  const nameOf = (id) =>
    createHash("sha256")
      .update(JSON.stringify(["session", `${ISSUER} app /`, id]))
      .digest("base64url");
  assert.equal(live, nameOf(jar.cookies.get(cookie)));
  await compareAndSet(nameOf(chosen), undefined, text, 60_000);
  assert.equal(await edge.session(new Request(ORIGIN, { headers: { cookie: `${cookie}=${chosen}` } })), null);
});

test("a session that ends while its tokens are renewed does not come back", async () => {
  const store = memoryStore();
  const { world, signIn, refresh, edge, post, session, jar } = await stage({ store: storedSessions(store) });
  await signIn();
  let go;
  world.next.wait = new Promise((done) => {
    go = done;
  });
  const renewing = refresh();
  await pause(20);
  const cookie = jar.header();
  await edge.logout(post("/logout"));
  go();
  assert.equal((await renewing).session, null);
  assert.equal(await edge.session(new Request(ORIGIN, { headers: { cookie } })), null);
  assert.equal(await session(), null);
});

test("logout tokens end the session they name, or all of the person's, in every isolate, once", async () => {
  const store = memoryStore();
  const server = await keycloak();
  const people = await Promise.all(
    [0, 1, 2].map(() => stage({ server, store: storedSessions(store), backchannelLogout: true, keys: ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"] })),
  );
  const logins = [];
  for (const [at, { signIn }] of people.entries()) logins.push((await signIn(undefined, undefined, { sub: at < 2 ? "kari" : "ola" })).login);
  const { edge, errors } = people[0];
  const send = async (
    token,
    { method = "POST", type = "application/x-www-form-urlencoded", body = new URLSearchParams({ logout_token: token }).toString() } = {},
  ) => edge.backchannelLogout(new Request(`${ORIGIN}/backchannel-logout`, { method, headers: { "content-type": type }, ...(method === "POST" && { body }) }));
  const here = async () => Promise.all(people.map(async ({ session }) => (await session())?.claims.sub));
  for (const [claims, options] of [
    [{ aud: "another", sub: "kari" }],
    [{ aud: "app" }],
    [{ aud: "app", sub: "kari", nonce: "n" }],
    [{ aud: "app", sub: "kari", events: {} }],
    [{ aud: "app", sub: "kari", exp: 1 }],
    [{ aud: "app", sub: "kari" }, { type: "text/plain" }],
    [{ aud: "app", sub: "kari" }, { body: "logout_token=x" }],
    [{ aud: "app", sub: "kari" }, { body: "" }],
  ]) {
    const answer = await send(await server.logoutToken(claims), options);
    assert.deepEqual([answer.status, answer.headers.get("cache-control")], [400, "private, no-store"], JSON.stringify(claims));
  }
  assert.equal((await send("x", { method: "GET" })).status, 405);
  assert.deepEqual(await here(), ["kari", "kari", "ola"]);
  const one = await server.logoutToken({ aud: "app", sub: "kari", sid: logins[1].sid });
  assert.equal((await send(one)).status, 200, errors.join());
  assert.deepEqual(await here(), ["kari", undefined, "ola"]);
  assert.equal((await send(one)).status, 400, "a logout token twice");
  assert.equal((await send(await server.logoutToken({ aud: "app", sub: "kari" }))).status, 200);
  assert.deepEqual(await here(), [undefined, undefined, "ola"]);
  // A login after it lives.
  await pause(1_100);
  await people[0].signIn();
  assert.deepEqual(await here(), ["kari", undefined, "ola"]);
  await fails(() => createEdge({ client: clientFor(server), keys: key(), backchannelLogout: true }), { code: "invalid_configuration" });
});

test("two callbacks in two isolates send one code once, where there is a store", async () => {
  const store = memoryStore();
  const { world, edge, make, request, take, jar } = await stage({ store: storedSessions(store) });
  const other = make({ client: clientFor(world) });
  const away = take(await edge.login(request("/login"), { scope: "openid" }));
  const { url } = world.authorize(away.headers.get("location"));
  const cookie = jar.header();
  const both = await Promise.all([edge, other].map((one) => one.callback(new Request(url, { headers: { cookie } }))));
  assert.deepEqual(both.map(({ status }) => status).sort(), [303, 400]);
  assert.equal(world.requests.code, 1);
});

test("a store that cannot delete, or compare before it sets, keeps no sessions", async () => {
  const { read, lock, write, unlock, compareAndSet, ...rest } = memoryStore();
  for (const store of [
    undefined,
    null,
    {},
    { read, lock, write, unlock },
    { read, lock, write, unlock, compareAndSet },
    { read, lock, write, unlock, delete: rest.delete },
  ]) {
    await fails(() => storedSessions(store), { code: "invalid_configuration" });
  }
  const { world } = await stage();
  await fails(() => createEdge({ client: clientFor(world), keys: key(), store: memoryStore() }), { code: "invalid_configuration" });
});
