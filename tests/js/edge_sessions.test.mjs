// Sessions with tokens of Keycloak's size, from cookies and from a store: who logged in, how long it lasts, refresh, logout.
// OpenID Connect Core sections 3.1.3.7 and 12.2, RP-Initiated Logout, Back-Channel Logout; RFC 9700 section 4.14.2.
// Refuses another person's tokens at a refresh, a spent refresh token sent twice, and a session whose server ended it.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";

import { SigningKey } from "samtykke";
import { storedSessions } from "samtykke/edge/store";
import { memoryStore, sealedStore } from "samtykke/tokens";

import { ENDPOINTS, keycloak } from "../lib/keycloak.mjs";
import { ORIGIN, key } from "./browser.mjs";
import { clientFor, stage } from "./session_stage.mjs";
import { fails, pause } from "./support.mjs";

const kinds = [
  ["cookies", () => ({})],
  ["a store", () => ({ store: storedSessions(memoryStore()) })],
  ["a sealed store", () => ({ store: storedSessions(sealedStore(memoryStore(), key())) })],
];

for (const [name, options] of kinds) {
  test(`login, refresh and logout with Keycloak's tokens, from ${name}`, async () => {
    const { world, jar, signIn, session, refresh, edge, post, take, errors } = await stage({
      ...options(),
      postLogoutRedirectUri: `${ORIGIN}/bye`,
      onSession: (_, { state }) => ({ cart: state }),
    });
    const { home, login } = await signIn(undefined, { state: { items: 3 }, returnTo: "/cart" });
    assert.equal(home.headers.get("location"), "/cart", errors.join());
    assert.ok(home.headers.getSetCookie().join("").length <= 3_800);
    const first = await session();
    assert.deepEqual([first.claims.sub, first.claims.sid, first.data], ["kari", login.sid, { cart: { items: 3 } }]);
    assert.ok(first.tokens.accessToken.length > 1_300 && first.tokens.idToken.length > 1_000);
    assert.equal(first.tokens.refreshToken, undefined);
    assert.equal((await clientFor(world).userinfo(first.tokens)).email, "kari@example.no");
    // Nothing of it shows where it is not asked for.
    for (const text of [JSON.stringify(first), inspect(first), inspect(first, { depth: 9, showHidden: true })])
      assert.ok(!text.includes(first.tokens.accessToken) && !text.includes(first.tokens.idToken));
    const { session: second, cookies } = await refresh();
    assert.equal(cookies.length, name === "cookies" ? 3 : 0);
    assert.notEqual(second.tokens.accessToken, first.tokens.accessToken);
    assert.equal((await session()).tokens.accessToken, second.tokens.accessToken);
    assert.deepEqual([second.claims.sub, second.claims.nonce, second.data, second.begunAt], ["kari", first.claims.nonce, first.data, first.begunAt]);
    await refresh();
    assert.deepEqual([world.requests.code, world.requests.refresh], [1, 2]);
    const { tokens: last } = await session();
    const out = take(await edge.logout(post("/logout")));
    assert.equal(await session(), null);
    const url = new URL(out.headers.get("location"));
    assert.equal(url.origin + url.pathname, ENDPOINTS.endSessionEndpoint);
    assert.deepEqual(
      [url.searchParams.get("client_id"), url.searchParams.get("post_logout_redirect_uri"), url.searchParams.get("id_token_hint")],
      ["app", `${ORIGIN}/bye`, last.idToken],
    );
    await pause(20);
    assert.equal(world.requests.revoke, 1);
    // The return counts by its state alone.
    assert.equal(jar.names("logout").length, 1);
    assert.deepEqual(errors, []);
    for (const forged of ["/bye", "/bye?state=", `/bye?state=${"x".repeat(43)}`, `/bye?state=${url.searchParams.get("state")}&state=x`]) {
      const answer = await edge.loggedOut(new Request(new URL(forged, ORIGIN), { headers: { cookie: jar.header() } }));
      assert.equal(answer.status, 303);
      assert.equal(errors.pop().code, "logout_state_mismatch");
    }
    take(await edge.loggedOut(new Request(`${ORIGIN}/bye?state=${url.searchParams.get("state")}`, { headers: { cookie: jar.header() } })));
    assert.deepEqual([errors.length, [...jar.cookies.keys()].map((cookie) => cookie.split("-").at(-1))], [0, name === "cookies" ? ["over"] : []]);
  });

  test(`an answer that was under way at a logout brings no session back, from ${name}`, async () => {
    const { world, signIn, session, request, edge, post, take } = await stage({ ...options(), refresh: "best-effort" });
    world.next.life = 30;
    await signIn();
    const late = await edge.handle(request("/favicon.ico"), () => new Response());
    take(await edge.logout(post("/logout")));
    take(late);
    assert.equal(await session(), null);
    // Whoever logs in again, if in the same second, is in.
    await signIn();
    assert.equal((await session()).claims.sub, "kari");
  });

  test(`a refresh that brings another person's tokens is refused, and what it spent is kept, from ${name}`, async () => {
    const { world, signIn, session, refresh, errors } = await stage(options());
    await signIn();
    const first = await session();
    for (const [change, expected] of [
      [{ sub: "ola" }, /iss and sub/],
      [{ acr: "1", sub: "mallory" }, /iss and sub/],
    ]) {
      Object.assign(world.next, change);
      await refresh();
      assert.equal(errors.at(-1).code, "claim_refused");
      assert.match(errors.at(-1).expected, expected);
      const now = await session();
      assert.deepEqual([now.claims.sub, now.tokens.accessToken], ["kari", first.tokens.accessToken]);
    }
    for (const member of ["sub", "acr"]) delete world.next[member];
    // The refresh token that came with the refused answer was kept: the spent one would end the login.
    const { session: after, error } = await refresh();
    assert.equal(error, undefined);
    assert.equal(after.claims.sub, "kari");
    assert.equal(world.requests.refresh, 3);
  });

  test(`a login without an id_token takes none at a refresh, from ${name}`, async () => {
    const { world, signIn, session, refresh, errors } = await stage(options());
    world.next.idToken = false;
    await signIn({ scope: "offline_access" });
    const first = await session();
    assert.equal(first.claims, undefined);
    world.next.idToken = true;
    await refresh();
    assert.equal(errors.length, 1);
    assert.equal((await session()).tokens.accessToken, first.tokens.accessToken);
  });

  test(`what the server takes no more is told, and the login stays readable, from ${name}`, async () => {
    const { world, signIn, session, refresh, edge, jar, errors, request } = await stage({ ...options(), refresh: "best-effort" });
    world.next.life = 30;
    await signIn();
    world.next.fail = "invalid_grant";
    const before = jar.header();
    const { session: left, error } = await refresh(edge, false);
    assert.deepEqual([error.code, error.phase, error.action, error.oauth.error], ["session_stale", "session", "restart", "invalid_grant"]);
    assert.equal(errors.at(-1), error);
    assert.equal(left.claims.sub, "kari");
    assert.equal(jar.header(), before);
    assert.equal((await session()).claims.sub, "kari");
    const page = await edge.handle(request("/"), (found, why) => new Response(`${found.claims.sub} ${why.code}`));
    assert.equal(await page.text(), "kari session_stale");
  });

  test(`a session outlives its access token, and ends by idleness, by age and with its refresh token, from ${name}`, async (t) => {
    const server = await keycloak({ life: 60, refreshLife: 100_000 });
    let time = Date.now();
    t.mock.method(Date, "now", () => time);
    const { world, signIn, session, refresh, edge, request, take } = await stage({ ...options(), server, idle: 1_000, maxAge: 2_500 });
    await signIn();
    time += 900_000;
    const expired = await session();
    assert.equal(expired.claims.sub, "kari");
    await fails(edge.fetch(expired, { origins: ["https://api.example"] })("https://api.example/"), { code: "token_expired", phase: "api", action: "restart" });
    // Its use is written down, also where nothing is renewed.
    world.next.fail = "temporarily_unavailable";
    const used = await edge.refresh(request("/"));
    take(edge.answer(new Response(), used.cookies));
    delete world.next.fail;
    if (name === "cookies") assert.equal(used.error, undefined);
    await refresh(edge, true);
    time += 900_000;
    assert.ok(await session());
    await refresh(edge, true);
    time += 690_000;
    assert.ok(await session());
    time += 11_000;
    assert.equal(await session(), null, "older than maxAge");
    const short = await stage({ ...options(), server: await keycloak({ refreshLife: 500 }) });
    await short.signIn();
    assert.ok(Math.abs((await short.session()).expiresAt - time / 1000 - 500) < 3);
    time += 501_000;
    assert.equal(await short.session(), null);
    const idle = await stage({ ...options(), idle: 100 });
    await idle.signIn();
    time += 101_000;
    assert.equal(await idle.session(), null);
  });
}

test("without a store an isolate refreshes once, whatever comes at once or a little later with the old cookie", async () => {
  const { world, signIn, request, edge, make, jar } = await stage({ refresh: "best-effort" });
  world.next.life = 30;
  await signIn();
  world.next.life = 300;
  const old = jar.header();
  const found = await Promise.all(Array.from({ length: 20 }, () => edge.refresh(request("/"))));
  // An edge is made anew for each request in many a worker.
  const later = await make({ client: clientFor(world) }).refresh(new Request(ORIGIN, { headers: { cookie: old } }));
  assert.equal(world.requests.refresh, 1);
  assert.equal(new Set([...found, later].map(({ session }) => session.tokens.accessToken)).size, 1);
  for (const { cookies } of [...found, later]) assert.ok(cookies[0].length > 1_000);
});

test("tokens are renewed within a minute of their end, and only where that was asked for or a store is there", async () => {
  for (const [options, life, expected] of [
    [{}, 30, 0],
    [{ refresh: "off" }, 30, 0],
    [{ refresh: "best-effort" }, 30, 1],
    [{ refresh: "best-effort" }, 90, 0],
    [{ store: storedSessions(memoryStore()) }, 30, 1],
    [{ store: storedSessions(memoryStore()) }, 90, 0],
  ]) {
    const { world, signIn, refresh, edge } = await stage(options);
    world.next.life = life;
    await signIn();
    await refresh(edge, false);
    assert.equal(world.requests.refresh, expected, JSON.stringify(Object.keys(options)) + life);
  }
});

test("a level that was demanded is checked, by name or in claims, and a wish is not", async () => {
  const asked = [
    { acrValues: ["high", "higher"] },
    { claims: { id_token: { acr: { essential: true, values: ["high", "higher"] } } } },
    { extra: { acr_values: "high higher" } },
  ];
  for (const more of asked) {
    for (const acr of ["high", "higher", "low"]) {
      const { signIn, session, errors } = await stage({ errorPath: "/failed" });
      const { home } = await signIn({ scope: "openid", ...more }, undefined, { acr });
      if (acr !== "low") assert.equal((await session()).claims.acr, acr);
      else {
        assert.equal(home.headers.get("location"), "/failed?error=claim_refused&action=restart");
        assert.deepEqual([errors.at(-1).code, await session()], ["claim_refused", null]);
      }
      const wish = await stage();
      await wish.signIn({ scope: "openid", ...more, acrOptional: true }, undefined, { acr });
      assert.equal((await wish.session()).claims.acr, acr);
    }
  }
  const { edge, request } = await stage();
  const url = new URL(
    (
      await edge.login(request("/login"), {
        scope: "openid",
        acrValues: ["a", "b"],
        prompt: "login",
        maxAge: 60,
        resource: ["https://a.example", "https://b.example"],
        claims: { userinfo: { email: null } },
      })
    ).headers.get("location"),
  );
  assert.deepEqual(
    ["acr_values", "prompt", "max_age", "claims"].map((name) => url.searchParams.get(name)),
    ["a b", "login", "60", '{"userinfo":{"email":null}}'],
  );
  assert.deepEqual(url.searchParams.getAll("resource"), ["https://a.example", "https://b.example"]);
});

test("tokens of 4.5 kB fit into cookies, and those that do not are refused by size, limit and cure, their refresh token revoked", async () => {
  const fits = await stage({ server: await keycloak({ sizes: { access: 2_000, refresh: 1_200, id: 1_300 } }), postLogoutRedirectUri: `${ORIGIN}/bye` });
  const { home } = await fits.signIn();
  assert.ok(home.headers.getSetCookie().join("").length <= 3_800);
  const { tokens } = await fits.session();
  assert.ok(tokens.accessToken.length + tokens.idToken.length + 1_200 > 4_400);
  const large = await stage({ server: await keycloak({ sizes: { access: 9_000, refresh: 800, id: 1_100 } }) });
  const { home: refused } = await large.signIn();
  const error = large.errors.at(-1);
  assert.deepEqual(
    [refused.status, error.code, error.action, await large.session(), large.jar.cookies.size],
    [400, "session_too_large", "fix_configuration", null, 0],
  );
  assert.match(error.expected, /at most 3800 octets.*cookieBudget.*store/);
  assert.ok(Number(error.actual) > 3_800);
  await pause(20);
  assert.equal(large.world.requests.revoke, 1);
  // With room for them they come in pieces that belong together.
  const pieces = await stage({ server: await keycloak({ sizes: { access: 9_000, refresh: 800, id: 1_100 } }), cookieBudget: 9_000 });
  await pieces.signIn();
  const names = pieces.jar.names("session");
  assert.ok(names.length > 1, names.join());
  assert.ok((await pieces.session()).tokens.accessToken.length > 8_900);
  const all = new Map(pieces.jar.cookies);
  const read = (cookies) => pieces.edge.session(new Request(ORIGIN, { headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") } }));
  assert.ok(await read(all));
  for (const name of names) assert.equal(await read([...all].filter(([other]) => other !== name)), null, "a piece is missing");
  await pieces.refresh();
  for (const name of names)
    assert.equal(
      await read([...pieces.jar.cookies].map(([other, value]) => [other, other === name ? all.get(name) : value])),
      null,
      "a piece of another writing",
    );
  assert.equal(await read([...all, [names[0].replace(/.$/, "2"), all.get(names[0])]].slice(0, 9)), names.length === 3 ? null : null);
});

test("tokens bound to a key are of no use without it: such a session is over, by name", async () => {
  const server = await keycloak();
  const bound = {
    ...server,
    fetch: async (url, init) => {
      const answer = await server.fetch(url, init);
      if (url !== ENDPOINTS.tokenEndpoint) return answer;
      return Response.json({ ...(await answer.json()), token_type: "DPoP" });
    },
  };
  const dpop = await SigningKey.generate();
  const { signIn, session, make, request, errors } = await stage({ server: bound, client: clientFor(bound, { dpop }) });
  await signIn();
  assert.equal((await session()).tokens.tokenType, "DPoP");
  for (const client of [clientFor(bound, { dpop: await SigningKey.generate() }), clientFor(bound)]) {
    assert.equal(await make({ client }).session(request("/")), null);
    assert.equal(errors.at(-1).code, "session_invalid");
    assert.match(errors.at(-1).expected, /DPoP key/);
  }
});

test("a refresh token alone takes an id_token only of the person that was named, or where nobody is to be checked", async () => {
  const world = await keycloak();
  const client = clientFor(world);
  const login = await client.start({ scope: "openid offline_access" });
  const { refreshToken } = await client.exchange(client.finish(login.transaction, world.authorize(login.url).url));
  const kept = [refreshToken];
  const store = (token) => void kept.unshift(token);
  world.next.sub = "mallory";
  await fails(client.refresh(kept[0], { store }), { code: "claim_refused", phase: "token" });
  await fails(client.refresh(kept[0], { store, subject: "kari" }), { code: "claim_refused", phase: "token" });
  // What each of them spent is not lost.
  assert.equal(new Set(kept).size, 3);
  assert.equal((await client.refresh(kept[0], { store, unchecked: true })).claims.sub, "mallory");
  world.next.sub = "kari";
  assert.equal((await client.refresh(kept[0], { store, subject: "kari" })).claims.sub, "kari");
});
