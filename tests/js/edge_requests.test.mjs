// Which requests the edge's handlers take, and what travels with a login: methods, prefetches, origins, targets, sizes, pages.
// RFC 9110 sections 9 and 12.5.4, RFC 6265bis, RFC 9700 section 4.11.1, OAuth 2.0 Form Post Response Mode.
// Refuses to spend a code or begin a flow for a request that is no person's, and cookies that a browser would drop.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { createEdge } from "samtykke/edge";

import { ORIGIN, assertSafe, failure, key, parse, stage } from "./browser.mjs";
import { SECRET, TOKEN, assertNoSecret, clientOf, fails, json, tokenBody } from "./support.mjs";

test("a prefetch is answered with nothing, and neither spends a code nor begins a flow", async () => {
  const { login, answer, edge, request, requests, jar, callback } = stage();
  const flow = await login();
  for (const headers of [{ "sec-purpose": "prefetch" }, { "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }]) {
    for (const response of [
      await edge.callback(request(answer(flow), { headers })),
      await edge.login(request("/login", { headers }), { purpose: "presentation" }),
    ]) {
      assert.deepEqual([response.status, response.headers.getSetCookie(), await response.text()], [204, [], ""]);
      assert.equal(response.headers.get("cache-control"), "private, no-store");
    }
  }
  assert.deepEqual([requests.length, jar.names("login").length], [0, 1]);
  assert.equal(failure(await callback(answer(flow))), null);
});

test("a callback is a GET or a POST, and no other method spends its code", async () => {
  const { login, answer, edge, request, requests, callback, errors } = stage();
  const flow = await login();
  for (const method of ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]) {
    const response = await edge.callback(request(answer(flow), { method }));
    assert.deepEqual([response.status, response.headers.get("allow"), response.headers.getSetCookie()], [405, "GET, POST", []], method);
    assert.equal(errors.at(-1).code, "method_refused");
  }
  assert.equal(requests.length, 0);
  assert.equal(failure(await callback(answer(flow))), null);
  for (const [name, method, allow] of [
    ["exchange", "GET", "POST"],
    ["logout", "HEAD", "POST"],
    ["login", "PUT", "GET, POST"],
    ["loggedOut", "POST", "GET"],
  ]) {
    const response = await edge[name](request("/", { method }), { purpose: "presentation" });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow], name);
  }
});

test("an answer that no server can read, or a cookie that a browser drops, is refused by name before anybody is sent away", async () => {
  for (const responseMode of ["fragment", "jwt", "query.jwt", "nonsense"]) {
    const { response } = await stage().login({ what: { scope: "debt.unsecured.presentation", responseMode } });
    assert.equal(response.status, 400, responseMode);
    assert.equal((await response.json()).code, "invalid_parameter");
    await fails(() => createEdge({ client: clientOf(), keys: key(), responseMode }), { code: "invalid_configuration" });
  }
  const local = { origin: "http://localhost:4402", redirectUri: "http://localhost:4402/callback", insecureLocalhost: true, https: false };
  const { login, errors, jar } = stage(local);
  const { response } = await login({ what: { scope: "debt.unsecured.presentation", responseMode: "form_post" } });
  assert.deepEqual([response.status, jar.cookies.size], [400, 0]);
  assert.match(errors[0].expected, /insecureLocalhost/);
});

test("a login cookie that a browser would not keep is refused with its size, and the largest that fits is kept", async () => {
  const { login, errors, jar, callback, answer, edge, request } = stage();
  const large = await login({ returnTo: `/${"x".repeat(2000)}`, state: randomBytes(500).toString("hex") });
  assert.deepEqual([large.response.status, (await large.response.json()).code, jar.cookies.size], [400, "session_too_large", 0]);
  assert.match(errors[0].expected, /login cookie of at most 4096 octets/);
  assert.ok(Number(errors[0].actual) > 4_096);
  const { response } = await login({ state: "x".repeat(1_030) });
  assert.deepEqual([(await response.json()).code, errors[1].expected], ["session_too_large", "state and exchange: at most 1024 octets of JSON"]);
  const odd = await edge.login(request("/login"), { purpose: "presentation" }, { state: 1n });
  assert.equal((await odd.json()).code, "invalid_parameter");
  const flow = await login({ returnTo: `/${"x".repeat(1000)}`, state: { big: "y".repeat(900) } });
  assert.equal(flow.response.status, 303);
  assert.equal(failure(await callback(answer(flow))), null);
});

test("all cookies of one edge stay under 7,000 octets: the oldest logins go first", async () => {
  const { login, jar, answer, callback, signIn, session } = stage({ answers: [json(tokenBody({ access_token: randomBytes(900).toString("hex") }))] });
  await signIn();
  const flows = [];
  for (let round = 0; round < 5; round++) flows.push(await login({ returnTo: `/${"x".repeat(1200)}` }));
  assert.ok(jar.header().length <= 7_000, `${jar.header().length}`);
  assert.ok(jar.names("login").length >= 1 && jar.names("login").length < 5);
  assert.ok(await session(), "the session went instead");
  assert.equal(failure(await callback(answer(flows[0]))), "state_mismatch");
  assert.equal(failure(await callback(answer(flows[4]))), null);
  assert.ok(jar.header().length <= 7_000);
});

test("a login's own options travel sealed to onSession and the exchange", async () => {
  const heard = [];
  const { login, answer, callback, requests, session } = stage({
    onSession: (session, settings) => (heard.push([session.tokens.accessToken, settings]), { role: "user" }),
  });
  const flow = await login({ returnTo: "/a", state: { cart: [1, "æ"] }, exchange: { resource: "https://api.example/" } });
  for (const line of flow.response.headers.getSetCookie()) assert.ok(!Buffer.from(parse(line).value, "base64url").includes("cart"));
  await callback(answer(flow));
  assert.equal(new URLSearchParams(requests[0].body).get("resource"), "https://api.example/");
  assert.equal(heard[0][0], TOKEN);
  assert.deepEqual([heard[0][1].state, heard[0][1].returnTo, heard[0][1].exchange], [{ cart: [1, "æ"] }, "/a", { resource: "https://api.example/" }]);
  assert.equal(Object.hasOwn(heard[0][1], "transaction"), false, "the verifier is told");
  assert.deepEqual((await session()).data, { role: "user" });
  const { edge, request } = stage();
  const refused = await edge.login(request("/login"), { purpose: "presentation" }, { returnTO: "/" });
  assert.equal((await refused.json()).code, "invalid_parameter");
  const twice = await edge.login(request("/login"), { scope: "debt.unsecured.presentation", prompt: "login", extra: { prompt: "none" } });
  assert.equal((await twice.json()).code, "invalid_parameter");
});

test("no one is sent outside the application, nor to a handler of the edge's", async () => {
  const { login, signIn } = stage({
    basePath: "/app",
    errorPath: "/app/failed",
    postLogoutRedirectUri: `${ORIGIN}/app/bye`,
    redirectUri: `${ORIGIN}/app/callback`,
    paths: { login: "/start" },
  });
  for (const target of [
    "/",
    "/application",
    "/app/../x",
    "/app/%2e%2e/x",
    "/app/%252e%252e/x",
    "/app/callback",
    "/app/callback/",
    "/app/callback?code=1",
    "/app/%63allback",
    "/start",
    "/app/logout",
    "/app/bye",
    "/app/exchange",
    "/app/backchannel-logout",
  ]) {
    const { response } = await login({ returnTo: target });
    assert.deepEqual([response.status, (await response.json()).code], [400, "return_to_refused"], target);
  }
  for (const target of ["/app", "/app/", "/app/x?callback=/app/callback", "/app/login"])
    assert.equal((await login({ returnTo: target })).response.status, 303, target);
  void signIn;
  for (const option of ["returnTo", "errorPath"])
    await fails(() => createEdge({ client: clientOf(), keys: key(), basePath: "/app", [option]: "/" }), { code: "return_to_refused" });
});

test("a failed login is a page without scripts in the person's language, with a way on where there is one", async () => {
  const wrong = async (language, change = {}) => {
    const { edge, request } = stage({ errorPath: undefined, ...change });
    return edge.callback(request("/callback?code=x&state=y", { headers: language === undefined ? {} : { "accept-language": language } }));
  };
  for (const [accepted, language, word] of [
    [undefined, "en", "Start again"],
    ["nb-NO", "nb", "Start på nytt"],
    ["nn, nb;q=0.9", "nn", "Innlogginga lukkast ikkje"],
    ["no", "nb", "Start på nytt"],
    ["da, en;q=0.1", "nb", "Start"],
    ["sv-SE;q=0.4, nl;q=0.9", "nl", "Opnieuw beginnen"],
    ["fr, de", "en", "Start again"],
    ["nb;q=0, sv", "sv", "Börja om"],
    ["xx;q=abc, nl;q=1", "nl", "Foutcode"],
    [",;q=,,".repeat(500), "en", "Error code"],
  ]) {
    const page = await wrong(accepted);
    assertSafe(page);
    const text = await page.text();
    assert.deepEqual([page.status, page.headers.get("content-language"), text.includes(`<html lang="${language}">`)], [400, language, true], accepted);
    assert.ok(text.includes(word) && text.includes("transaction_missing"), accepted);
    assert.ok(!/<script|javascript:/i.test(text) && /default-src 'none'/.test(page.headers.get("content-security-policy")));
    assert.ok(text.includes('<a href="/login">'));
  }
  // What only a developer can mend offers no second try.
  const { edge, request } = stage({ errorPath: undefined, answers: [json(tokenBody({ access_token: randomBytes(3000).toString("hex") }))] });
  const away = await edge.login(request("/login"), { purpose: "presentation" });
  const state = new URL(away.headers.get("location")).searchParams.get("state");
  const cookie = away.headers.getSetCookie()[0].split(";", 1)[0];
  const page = await edge.callback(request(`/callback?code=abc&state=${state}`, { cookie }));
  const text = await page.text();
  assert.ok(page.status === 400 && text.includes("session_too_large") && !text.includes("href"));
  assertNoSecret(text, [TOKEN, SECRET, state], "the page");
  // A page of the application's own, and what becomes of one that throws.
  const heard = [];
  const own = await wrong("nb", { errorPage: (error, of) => (heard.push([error.code, of.url]), new Response(`own: ${error.code}`, { status: 418 })) });
  assert.deepEqual([own.status, await own.text(), heard], [418, "own: transaction_missing", [["transaction_missing", `${ORIGIN}/callback?code=x&state=y`]]]);
  const thrown = await wrong("nb", {
    errorPage: () => {
      throw new Error("its own");
    },
  });
  assert.deepEqual([thrown.status, thrown.headers.get("content-type")], [400, "text/html; charset=utf-8"]);
});

test("one entry routes the handlers' paths and hands all others on, with the session's cookies on what they answer", async () => {
  const { edge, request, jar, answer } = stage({ login: () => ({ purpose: "presentation", days: 10 }) });
  const next = (session) => Response.json({ token: session?.tokens.accessToken ?? null }, { headers: { vary: "Accept-Encoding" } });
  const go = async (path, init) => jar.take(await edge.handle(request(path, init), next));
  assert.deepEqual(await (await go("/")).json(), { token: null });
  const away = await go("/login?returnTo=/inside");
  const { searchParams } = new URL(away.headers.get("location"));
  assert.equal(searchParams.get("scope"), "debt.unsecured.presentation.10");
  const home = await go(answer({ code: "abcdef", state: searchParams.get("state") }));
  assert.equal(home.headers.get("location"), "/inside");
  assert.deepEqual(await (await go("/inside")).json(), { token: TOKEN });
  assert.equal((await go("/login?returnTo=//evil.example")).status, 400);
  assert.equal((await go("/exchange", { method: "POST", body: "x" })).status, 403);
  assert.equal((await go("/logout")).status, 405);
  // Not switched on: the application's.
  assert.equal((await go("/backchannel-logout", { method: "POST" })).status, 200);
  assert.equal((await go("/logout", { method: "POST", headers: { "sec-fetch-site": "same-origin" } })).status, 303);
  assert.deepEqual(await (await go("/inside")).json(), { token: null });
  const without = stage();
  assert.equal(await without.edge.route(without.request("/login")), undefined);
  // Cookies make the application's answer this browser's alone.
  const marked = edge.answer(new Response("x", { headers: { vary: "Accept-Encoding", "cache-control": "public, max-age=60" } }), ["a=b"]);
  assert.deepEqual([marked.headers.get("cache-control"), marked.headers.get("vary")], ["private, no-store", "Accept-Encoding, Cookie"]);
  assert.equal(edge.answer(new Response("x", { headers: { "cache-control": "public" } }), []).headers.get("cache-control"), "public");
});
