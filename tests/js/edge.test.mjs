// The edge handlers as a browser meets them: login, callback, session, exchange, logout (RFC 9700, BBA section 6.1).
// The jar keeps a browser's rules for `__Host-` cookies, so a wrong attribute loses the cookie and the flow.
// Refuses a token, code or verifier in any header, and a second exchange of one answer.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { Client, clientSecretBasic, norskgjeld } from "samtykke";

import { Jar, ORIGIN, assertSafe, failure, key, parse, stage } from "./browser.mjs";
import { CLIENT_ID, SECRET, TOKEN, TOKEN_URL, answered, assertNoSecret, clientOf, fails, freshCode, json, tokenBody } from "./support.mjs";

test("login sends the person away with one sealed cookie, to the attribute", async () => {
  const { login } = stage();
  const { response, location, state } = await login();
  assertSafe(response, [state.slice(16)]);
  assert.equal(response.status, 303);
  assert.ok(location.startsWith(`https://access-preprod.norskgjeld.no/oauth2/auth?client_id=${CLIENT_ID}&`));
  const set = response.headers.getSetCookie().map(parse);
  assert.equal(set.length, 1);
  assert.match(set[0].name, /^__Host-samtykke-[\w-]{8}-login-/);
  assert.ok(set[0].name.endsWith(`-login-${state.slice(0, 16)}`));
  assert.deepEqual(set[0].attributes, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax", "Secure"]);
  assert.equal(response.headers.get("vary"), "Cookie");
  assert.equal(await response.text(), "");
});

test("the callback exchanges once, seals the session and leads to a clean path", async () => {
  const { login, answer, callback, jar, requests, session } = stage({ returnTo: "/home", maxAge: 600 });
  const flow = await login({ returnTo: "/result?tab=debt#top" });
  const response = await callback(answer(flow, { scope: "debt.unsecured.presentation" }));
  assertSafe(response, [flow.code, flow.state.slice(16)]);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/result?tab=debt#top");
  const set = response.headers.getSetCookie().map(parse);
  assert.deepEqual(
    set.map(({ name }) => name.replace(/^__Host-samtykke-[\w-]{8}-/, "")),
    [`login-${flow.state.slice(0, 16)}`, "session-0", "session-1", "session-2"],
  );
  const ages = set.map(({ attributes }) => attributes.find((attribute) => attribute.startsWith("Max-Age=")).slice(8));
  assert.ok(ages[0] === "0" && ages[1] <= 600 && ages[1] >= 598 && ages[2] === "0" && ages[3] === "0", ages.join());
  for (const { attributes } of set)
    assert.deepEqual(
      attributes.filter((attribute) => !attribute.startsWith("Max-Age=")),
      ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
    );
  assert.deepEqual(
    [...jar.cookies.keys()].map((name) => name.slice(-10)),
    ["-session-0"],
  );
  assert.equal(requests.length, 1);
  assert.equal(requests[0].url, TOKEN_URL);
  const form = new URLSearchParams(requests[0].body);
  assert.equal(form.get("code"), flow.code);
  assert.equal(createHash("sha256").update(form.get("code_verifier")).digest("base64url"), flow.challenge);
  const { tokens, expiresAt } = await session();
  assert.equal(tokens.accessToken, TOKEN);
  assert.equal(tokens.requestedScope, "debt.unsecured.presentation");
  assert.ok(Math.abs(expiresAt - Date.now() / 1000 - 600) < 3);
});

test("without a target of its own a flow ends at the configured path, and a session outlives its token", async () => {
  const { signIn, session } = stage({ returnTo: "/home", answers: [json(tokenBody({ expires_in: 120, vendor: "x".repeat(5000) }))] });
  assert.equal((await signIn()).headers.get("location"), "/home");
  const { tokens, expiresAt, idleAt, begunAt } = await session();
  const now = Date.now() / 1000;
  for (const [time, from] of [
    [begunAt, 0],
    [tokens.expiresAt, 120],
    [idleAt, 3_600],
    [expiresAt, 43_200],
  ]) {
    assert.ok(Math.abs(time - now - from) < 3, `${from}`);
  }
  assert.deepEqual(Object.keys(tokens.others), []);
});

test("a session ends on time, also when its cookie stays", async (t) => {
  const { signIn, session, jar } = stage();
  // A clock of its own: this machine's may be set right in between.
  let time = Date.now();
  t.mock.method(Date, "now", () => time);
  await signIn();
  const cookie = jar.header();
  assert.ok(await session(cookie));
  time += 3598_000;
  assert.ok(await session(cookie));
  time += 2000;
  assert.equal(await session(cookie), null);
});

test("a session can remember data, and keeps its end", async () => {
  const { signIn, session, edge, jar, request } = stage();
  await fails(edge.keep(request("/"), { a: 1 }), { code: "session_missing" });
  await signIn();
  const before = await session();
  const take = async (data) => jar.take(edge.answer(new Response("page"), await edge.keep(request("/"), data)));
  const response = await take({ seen: ["æ", 1] });
  assert.equal(response.headers.get("cache-control"), "private, no-store");
  assert.equal(response.headers.get("vary"), "Cookie");
  assertNoSecret(response.headers.get("set-cookie"), [TOKEN], "the cookie");
  const after = await session();
  assert.deepEqual(after.data, { seen: ["æ", 1] });
  assert.deepEqual([after.expiresAt, after.idleAt, after.tokens.accessToken], [before.expiresAt, before.idleAt, TOKEN]);
  await fails(edge.keep(request("/"), { large: randomBytes(4000).toString("hex") }), {
    code: "session_too_large",
    phase: "session",
    action: "fix_configuration",
  });
  const cyclic = {};
  cyclic.self = cyclic;
  for (const odd of [cyclic, () => {}, 10n]) await fails(edge.keep(request("/"), odd), { code: "invalid_parameter", phase: "session" });
  await take(null);
  assert.equal((await session()).data, undefined);
});

test("logout needs a POST of this origin, and deletes the session", async () => {
  const { signIn, session, edge, jar, request } = stage({ returnTo: "/bye" });
  await signIn();
  for (const init of [
    { method: "POST" },
    { method: "POST", headers: { origin: "https://evil.example" } },
    { method: "POST", headers: { "sec-fetch-site": "cross-site", origin: ORIGIN } },
  ]) {
    const refused = jar.take(await edge.logout(request("/logout", init)));
    assert.equal(refused.status, 403);
    assert.deepEqual(refused.headers.getSetCookie(), []);
  }
  const got = await edge.logout(request("/logout", { headers: { "sec-fetch-site": "same-origin" } }));
  assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"]);
  assert.match((await got.json()).hint, /a form that a page of this origin posts/);
  assert.ok(await session());
  const response = jar.take(await edge.logout(request("/logout", { method: "POST", headers: { origin: ORIGIN } })));
  assertSafe(response);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/bye");
  assert.deepEqual(
    [...jar.cookies.keys()].map((cookie) => cookie.split("-").at(-1)),
    ["over"],
  );
  assert.equal(await session(), null);
});

test("two tabs end in either order", async () => {
  const { login, answer, callback, jar, requests } = stage();
  const first = await login({ returnTo: "/first" });
  const second = await login({ returnTo: "/second" });
  assert.equal(jar.names("login").length, 2);
  assert.equal((await callback(answer(second))).headers.get("location"), "/second");
  assert.equal((await callback(answer(first))).headers.get("location"), "/first");
  assert.equal(requests.length, 2);
  assert.deepEqual(jar.names("login"), []);
});

test("abandoned flows do not pile up in the browser", async () => {
  const { login, answer, callback, jar } = stage();
  const flows = [];
  for (let round = 0; round < 9; round++) flows.push(await login());
  assert.equal(jar.names("login").length, 5);
  assert.equal((await callback(answer(flows.at(-1)))).headers.get("location"), "/");
});

test("a replayed callback, in turn or at once, makes one exchange", async () => {
  const { login, answer, callback, jar, requests } = stage();
  const flow = await login();
  const cookie = jar.header();
  const both = await Promise.all([callback(answer(flow), { cookie }), callback(answer(flow), { cookie })]);
  assert.deepEqual(both.map(failure).sort(), [null, "transaction_used"].sort());
  assert.equal(failure(await callback(answer(flow), { cookie })), "transaction_used");
  assert.equal(failure(await callback(answer(flow))), "transaction_missing");
  assert.equal(requests.length, 1);
});

test("a claim decides across isolates, after the checks and before the exchange", async () => {
  const claimed = [];
  let verdict = true;
  const { login, answer, callback, requests, posted } = stage({
    claim: async (state) => {
      claimed.push([state, requests.length]);
      if (verdict instanceof Error) throw verdict;
      return verdict;
    },
  });
  const first = await login();
  assert.equal(failure(await callback(answer({ ...first, state: first.state.replace(/^.{20}/, "$&x") }))), "state_mismatch");
  assert.deepEqual(claimed, []);
  assert.equal(failure(await callback(answer(first))), null);
  assert.deepEqual(claimed.splice(0), [[first.state, 0]]);
  verdict = false;
  assert.equal(failure(await callback(answer(await login()))), "transaction_used");
  verdict = new Error("the store is down");
  assert.equal(failure(await callback(answer(await login()))), "api_error");
  assert.equal(requests.length, 1);
  // A posted code is claimed too, by the code itself, however it is spelled.
  claimed.length = 0;
  verdict = false;
  const { checked, code } = answered(clientOf({ redirectUri: `${ORIGIN}/callback` }));
  const spelled = String(checked)
    .split(" ")
    .with(5, [...code].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(""))
    .join(" ");
  for (const text of [String(checked), spelled]) assert.equal((await (await posted(text)).json()).code, "transaction_used");
  assert.equal(claimed[0][0], claimed[1][0]);
  // The store of claims learns no code.
  assert.match(claimed[0][0], /^code [0-9a-f]{64}$/);
  assert.equal(requests.length, 1);
});

test("a page's code becomes a session: 204, as text or JSON, once", async () => {
  const { posted, session, requests } = stage();
  for (const write of [String, JSON.stringify]) {
    const { checked, code, verifier } = answered(clientOf({ redirectUri: `${ORIGIN}/callback` }));
    const response = await posted(write(checked));
    assertSafe(response, [code, verifier]);
    assert.equal(response.status, 204);
    assert.equal((await session()).tokens.accessToken, TOKEN);
    const again = await posted(String(checked));
    assert.equal(again.status, 400);
    assert.deepEqual(await again.json(), { code: "transaction_used", phase: "token", action: "restart", retryable: false });
  }
  assert.equal(requests.length, 2);
});

test("form_post arrives by POST with a cookie that crosses sites", async () => {
  const { login, callback, jar, requests } = stage();
  const what = { scope: "debt.unsecured.presentation", responseMode: "form_post" };
  const flow = await login({ what });
  assert.equal(new URL(flow.location).searchParams.get("response_mode"), "form_post");
  assert.deepEqual(parse(flow.response.headers.getSetCookie()[0]).attributes, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=None", "Secure"]);
  const body = String(new URLSearchParams({ code: flow.code, state: flow.state }));
  const post = (type) => callback("/callback", { method: "POST", body, headers: { "content-type": type, "sec-fetch-site": "cross-site" } });
  assert.equal(failure(await post("text/plain")), "callback_malformed");
  assert.equal(failure(await callback(`/callback?${body}`)), "callback_malformed");
  assert.equal(requests.length, 0);
  const response = await post("application/x-www-form-urlencoded;charset=UTF-8");
  assert.equal(response.status, 303);
  assert.equal(failure(response), null);
  assert.equal(requests.length, 1);
  assert.deepEqual(jar.names("login"), []);
  const plain = await login();
  const wrong = {
    method: "POST",
    body: String(new URLSearchParams({ code: plain.code, state: plain.state })),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  };
  assert.equal(failure(await callback("/callback", wrong)), "callback_malformed");
});

test("behind a proxy the public origin counts", async () => {
  const inside = { origin: "http://10.0.0.5:8080" };
  const { login, answer, callback, posted } = stage({ ...inside, behindProxy: true });
  assert.equal(failure(await callback(answer(await login()))), null);
  const { checked } = answered(clientOf({ redirectUri: `${ORIGIN}/callback` }));
  assert.equal((await posted(String(checked), { headers: { "sec-fetch-site": "", origin: ORIGIN } })).status, 204);
  const { response } = await stage(inside).login();
  assert.equal(response.status, 403);
  const { code: refused, expected, actual } = await response.json();
  assert.equal(refused, "origin_refused");
  assert.equal(actual, inside.origin);
  assert.ok(expected.includes(ORIGIN) && expected.includes("behindProxy"), expected);
});

test("cookies without Secure only on http loopback, and only when asked for", async () => {
  const local = { origin: "http://localhost:4402", redirectUri: "http://localhost:4402/callback" };
  const { login, answer, callback, jar, session } = stage({ ...local, insecureLocalhost: true, https: false });
  await login();
  const flow = await login();
  assert.equal((await callback(answer(flow))).headers.get("location"), "/");
  assert.match(jar.names("session").join(), /^samtykke-[\w-]{8}-session-0$/);
  assert.ok(await session());
  await stage(local).login();
  for (const origin of ["https://localhost:4402", "https://localhost.evil.example", "https://127.0.0.1.evil.example", ORIGIN]) {
    const { response } = await stage({ origin, redirectUri: `${origin}/callback`, insecureLocalhost: true }).login();
    assert.match(response.headers.getSetCookie()[0], /^__Host-.*; Secure$/, origin);
  }
});

test("handlers of several clients and applications share an origin and keys, and do not meet", async () => {
  const keys = [key()];
  const jar = new Jar();
  const client = (clientId) =>
    new Client(norskgjeld({ environment: "preprod", clientId, redirectUri: `${ORIGIN}/callback` }), clientSecretBasic(SECRET), {
      fetch: async () => json(tokenBody({ access_token: `of-${clientId}` })),
    });
  const both = ["one", "two"].flatMap((id) =>
    ["/", "/app"].map((basePath) => ({ id, basePath, stage: stage({ client: client(id), keys, basePath, errorPath: basePath }) })),
  );
  for (const { stage } of both) Object.assign(stage.jar, { cookies: jar.cookies });
  for (const { stage } of both) await stage.signIn();
  assert.equal(jar.cookies.size, 4);
  const names = [...jar.cookies.keys()];
  for (const { id, stage } of both) {
    assert.equal((await stage.session()).tokens.accessToken, `of-${id}`);
    // Another's cookie under this one's name does not open.
    const own = names.find((name) => name === names[both.findIndex((one) => one.stage === stage)]);
    for (const other of names) if (other !== own) assert.equal(await stage.session(`${own}=${jar.cookies.get(other)}`), null);
  }
});

test("nothing the handlers give shows the secret", async () => {
  const { edge, signIn, errors, callback } = stage();
  assertNoSecret(edge, [SECRET, TOKEN], "the handlers");
  await signIn();
  await callback(`/callback?code=${freshCode()}&state=abcdefgh`);
  for (const error of errors) assertNoSecret(error, [SECRET, TOKEN], "an error");
  assert.equal(errors.length, 1);
});
