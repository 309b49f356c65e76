// The edge handlers as a browser meets them: login, callback, session, exchange, logout (RFC 9700, BBA section 6.1).
// The jar keeps a browser's rules for `__Host-` cookies, so a wrong attribute loses the cookie and the flow.
// Refuses a token, code or verifier in any header, and a second exchange of one answer.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { createEdge } from "samtykke/edge";

import { ORIGIN, assertSafe, failure, key, parse, stage } from "./browser.mjs";
import { CLIENT_ID, SECRET, TOKEN, TOKEN_URL, answered, assertNoSecret, clientOf, fails, freshCode, json, tokenBody } from "./support.mjs";

test("login sends the person away with one sealed cookie, to the attribute", async () => {
  const { login } = stage();
  const { response, location, state } = await login();
  assertSafe(response, [state.slice(16)]);
  assert.equal(response.status, 303);
  assert.ok(location.startsWith(`https://access-preprod.norskgjeld.no/oauth2/auth?client_id=${CLIENT_ID}&`));
  const set = response.headers.getSetCookie().map(parse);
  assert.equal(set.length, 1);
  assert.equal(set[0].name, `__Host-samtykke-login-${state.slice(0, 16)}`);
  assert.deepEqual(set[0].attributes, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax", "Secure"]);
  assert.equal(response.headers.get("vary"), "Cookie");
  assert.equal(await response.text(), "");
});

test("the callback exchanges once, seals the session and leads to a clean path", async () => {
  const { login, answer, callback, jar, requests, session } = stage({ returnTo: "/home", sessionSeconds: 600 });
  const flow = await login({ returnTo: "/result?tab=debt#top" });
  const response = await callback(answer(flow, { scope: "debt.unsecured.presentation" }));
  assertSafe(response, [flow.code, flow.state.slice(16)]);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/result?tab=debt#top");
  const set = response.headers.getSetCookie().map(parse);
  assert.deepEqual(
    set.map(({ name }) => name),
    [`__Host-samtykke-login-${flow.state.slice(0, 16)}`, "__Host-samtykke-session"],
  );
  assert.deepEqual(set[0].attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax", "Secure"]);
  assert.deepEqual(set[1].attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"]);
  assert.deepEqual([...jar.cookies.keys()], ["__Host-samtykke-session"]);
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

test("without a target of its own a flow ends at the configured path, and a session lives as long as its token", async () => {
  const { signIn, session } = stage({ returnTo: "/home", answers: [json(tokenBody({ expires_in: 120, vendor: "x".repeat(5000) }))] });
  assert.equal((await signIn()).headers.get("location"), "/home");
  const { tokens, expiresAt } = await session();
  assert.ok(Math.abs(expiresAt - Date.now() / 1000 - 120) < 3);
  assert.equal(tokens.others, undefined);
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
  await signIn();
  const before = await session();
  const value = await edge.keep({ ...before, data: { seen: ["æ", 1] } }, request("/"));
  assert.equal(parse(value).name, "__Host-samtykke-session");
  assertNoSecret(value, [TOKEN], "the cookie");
  jar.take(new Response(null, { headers: { "set-cookie": value } }));
  const after = await session();
  assert.deepEqual(after.data, { seen: ["æ", 1] });
  assert.equal(after.expiresAt, before.expiresAt);
  await fails(edge.keep({ ...before, data: { large: "x".repeat(4000) } }, request("/")), {
    code: "session_too_large",
    phase: "session",
    action: "fix_configuration",
  });
});

test("logout needs a POST of this origin, and deletes the session", async () => {
  const { signIn, session, edge, jar, request } = stage({ returnTo: "/bye" });
  await signIn();
  for (const init of [
    { method: "GET" },
    { method: "POST" },
    { method: "POST", headers: { origin: "https://evil.example" } },
    { method: "POST", headers: { "sec-fetch-site": "cross-site", origin: ORIGIN } },
  ]) {
    const refused = jar.take(await edge.logout(request("/logout", init)));
    assert.equal(refused.status, 403);
    assert.deepEqual(refused.headers.getSetCookie(), []);
  }
  assert.ok(await session());
  const response = jar.take(await edge.logout(request("/logout", { method: "POST", headers: { origin: ORIGIN } })));
  assertSafe(response);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/bye");
  assert.equal(jar.cookies.size, 0);
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
  const without = stage(inside);
  assert.equal(failure(await without.callback(without.answer(await without.login()))), "callback_wrong_redirect_uri");
});

test("cookies without Secure only on http loopback, and only when asked for", async () => {
  const local = { origin: "http://localhost:4402", redirectUri: "http://localhost:4402/callback" };
  const { login, answer, callback, jar, session } = stage({ ...local, insecureLocalhost: true, https: false });
  await login();
  const flow = await login();
  assert.equal((await callback(answer(flow))).headers.get("location"), "/");
  assert.ok(jar.cookies.has("samtykke-session"));
  assert.ok(await session());
  await stage(local).login();
  for (const origin of [
    "https://localhost:4402",
    "http://localhost.evil.example",
    "http://localhostevil",
    "http://app.example.no",
    "http://127.0.0.1.evil.example",
    ORIGIN,
  ]) {
    const { response } = await stage({ origin, insecureLocalhost: true }).login();
    assert.match(response.headers.getSetCookie()[0], /^__Host-.*; Secure$/, origin);
  }
});

test("cookie names can be chosen, and two sets of handlers do not meet", async () => {
  const { signIn, jar, request } = stage({ cookieName: "loan-2_x" });
  await signIn();
  assert.deepEqual([...jar.cookies.keys()], ["__Host-loan-2_x-session"]);
  assert.equal(await createEdge({ client: clientOf(), keys: key() }).session(request("/")), null);
  for (const cookieName of ["", "a b", "a;b", "a=b", "å", "x".repeat(41), "a\nb"]) {
    await fails(() => createEdge({ client: clientOf(), keys: key(), cookieName }), { code: "invalid_configuration" });
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
