// What the edge handlers refuse: foreign targets, forged, swapped, old and oversized input, other origins.
// RFC 9700 sections 4.7 and 4.11.1, RFC 6265bis; every refusal is an answer with a code, never an exception.
// Refuses to exchange anything on the way, and to spend a pending flow on a forgery.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { createEdge, open, seal } from "samtykke/edge";

import { ORIGIN, assertSafe, failure, key, parse, stage } from "./browser.mjs";
import { CODE, SECRET, TOKEN, answered, clientOf, fails, fetchOf, json, pause, tokenBody } from "./support.mjs";

const ELSEWHERE = [
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "\\/evil.example",
  "https:evil.example",
  "https://evil.example",
  "https:///evil.example",
  "/%2f%2fevil.example",
  "/%2Fevil.example",
  "/%5cevil.example",
  "/%5C%5Cevil.example",
  "/%252f%252fevil.example",
  "/%25252fevil.example",
  "/%2525252525252fevil.example",
  "/%2fevil.example%",
  "/%5cevil.example%zz",
  "/%2fevil.example%ff",
  "/\t/evil.example",
  "/%09/evil.example",
  "\t//evil.example",
  " //evil.example",
  "/\n/evil.example",
  "/%0a/evil.example",
  "/%0d%0aset-cookie:a=b",
  "/a\r\nset-cookie: a=b",
  "/a\0",
  "/a%00",
  "/a\u007f",
  "/a b",
  "javascript:alert(1)",
  "data:text/html,x",
  "evil.example",
  "result",
  "",
  ".",
  "..",
  "?x",
  "#x",
  "/\u2028",
  "/blåbær",
  "/\uff0fevil.example",
  "/\ud800",
  `/${"x".repeat(2048)}`,
  "@evil.example",
  ":80",
  null,
  7,
  {},
  ["/a"],
];
const HERE = [
  "/",
  "/result",
  "/a/b?c=d&e=%2F%2Fok#f",
  "/100%25",
  "/bl%C3%A5b%C3%A6r",
  "/?next=https://evil.example",
  "/a//b",
  "/.//evil.example",
  `/${"x".repeat(2047)}`,
  "/a%",
  "/@evil.example",
];

test("a target elsewhere is refused at the start, in every disguise", async () => {
  for (const target of ELSEWHERE) {
    const name = JSON.stringify(target);
    const { login, jar } = stage();
    const { response } = await login({ returnTo: target });
    assertSafe(response);
    assert.equal(response.status, 400, name);
    assert.equal((await response.json()).code, "return_to_refused", name);
    assert.equal(jar.cookies.size, 0);
    if (target === null) continue;
    for (const option of ["returnTo", "errorPath"]) {
      await fails(() => createEdge({ client: clientOf(), keys: key(), [option]: target }), {
        code: "return_to_refused",
        phase: "session",
        action: "fix_configuration",
      });
    }
  }
});

test("a path of this origin is kept to the letter, and a browser stays here", async () => {
  for (const target of HERE) {
    const { login, answer, callback } = stage();
    const response = await callback(answer(await login({ returnTo: target })));
    assert.equal(response.headers.get("location"), target);
    assert.equal(new URL(target, ORIGIN).origin, ORIGIN);
  }
});

test("a failed flow leads to the error path with its code and what to do, and no more", async () => {
  for (const [errorPath, start] of [
    ["/oops", "/oops?error="],
    ["/oops?lang=nb", "/oops?lang=nb&error="],
  ]) {
    const { login, callback, answer, errors, jar } = stage({ errorPath });
    const flow = await login();
    const response = await callback(
      answer({ state: flow.state }, { error: "consent_denied", error_description: "secret words <script>" }).replace("code=undefined&", ""),
    );
    assert.equal(response.headers.get("location"), `${start}consent_denied&action=user_declined`);
    assertSafe(response, [flow.state.slice(16), "secret words"]);
    assert.equal(errors.length, 1);
    assert.equal(errors[0].oauth.error, "consent_denied");
    // The server has answered: this flow is over.
    assert.deepEqual(jar.names("login"), []);
    assert.equal(failure(await callback(answer(flow))), "transaction_missing");
  }
});

test("whatever the token endpoint does, the person gets an answer and no session", async () => {
  const bad = {
    token_error: json({ error: "invalid_grant", error_description: TOKEN }, 400),
    content_type_unexpected: new Response(TOKEN, { headers: { "content-type": "text/html" } }),
    token_response_malformed: json(`{"access_token":"${TOKEN}"`),
    http_status_unexpected: new Response(TOKEN, { status: 500 }),
    redirect_refused: new Response(null, { status: 302, headers: { location: `https://evil.example/${TOKEN}` } }),
    network_error: () => Promise.reject(new TypeError("fetch failed")),
    session_too_large: json(tokenBody({ access_token: TOKEN.repeat(200) })),
  };
  for (const [code, answer] of Object.entries(bad)) {
    const { login, answer: back, callback, posted, jar, requests, session } = stage({ answers: [answer] });
    const flow = await login();
    const response = await callback(back(flow));
    assert.equal(failure(response), code);
    assertSafe(response, [flow.code]);
    assert.equal(jar.cookies.size, 0, `${code} left a cookie`);
    assert.equal(await session(), null);
    assert.equal(requests.length, 1);
    const { checked } = answered(clientOf({ redirectUri: `${ORIGIN}/callback` }));
    const refused = await posted(String(checked));
    assert.ok(refused.status >= 400);
    const body = await refused.text();
    assert.equal(JSON.parse(body).code, code);
    assert.ok(!body.includes(TOKEN) && !body.includes(SECRET) && !body.includes(CODE));
  }
});

test("a forged answer is named, and the pending flow survives it", async () => {
  const { login, answer, callback, requests, jar } = stage();
  const flow = await login();
  const { state, code } = flow;
  const forged = [
    [answer({ code, state: `${state.slice(0, -1)}~` }), "state_mismatch"],
    [answer({ code, state: "abcdefgh".repeat(4) }), "state_mismatch"],
    [`/callback?code=${code}`, "state_missing"],
    [`/callback?code=${code}&state=`, "state_missing"],
    [`${answer({ code, state }, {})}&state=${state}`, "callback_duplicate_parameter"],
    [`${answer({ code, state })}&code=${code}`, "callback_duplicate_parameter"],
    [`${answer({ code, state })}&access_token=x`, "callback_unexpected_parameter"],
    [`${answer({ code, state })}&error=x`, "callback_unexpected_parameter"],
    [answer({ code, state }, { iss: "https://evil.example/" }), "issuer_mismatch"],
    [`/callback?state=${state}`, "code_missing"],
    [`/callback?state=${state}&code=%00`, "code_malformed"],
    [`/callback?state=${state}&code=%zz`, "callback_malformed"],
    [answer({ code: "x".repeat(9000), state }), "callback_too_large"],
    [answer({ code, state }).replace("/callback", "/elsewhere"), "callback_wrong_redirect_uri"],
    [answer({ state: "forged-state-of-another" }, { error: "consent_denied" }).replace("code=undefined&", ""), "state_mismatch"],
  ];
  for (const [path, expected] of forged) {
    const response = await callback(path);
    assert.equal(failure(response), expected);
    assertSafe(response, [code]);
    assert.equal(jar.names("login").length, 1, expected);
  }
  assert.equal(requests.length, 0);
  assert.equal(failure(await callback(answer(flow))), null);
});

test("a state that would write a header of its own does not", async (t) => {
  const { login, callback, jar } = stage();
  await login({ what: { purpose: "presentation", lifetime: 60 } });
  const cookie = jar.header();
  const then = Date.now();
  t.mock.method(Date, "now", () => then + 61_000);
  for (const state of ["a; Domain=evil", "a\r\nset-cookie: b=c", "a=b", "\0", "å".repeat(20)]) {
    const response = await callback(`/callback?code=x&state=${encodeURIComponent(state)}`, { cookie });
    assert.equal(failure(response), "transaction_expired");
    const set = response.headers.getSetCookie().map(parse);
    assert.deepEqual(
      set.map(({ value, attributes }) => [value, attributes.join()]),
      [["", "HttpOnly,Max-Age=0,Path=/,SameSite=Lax,Secure"]],
    );
    assert.ok(cookie.startsWith(`${set[0].name}=`), "another cookie than the expired one was deleted");
  }
});

test("a login cookie that was changed, swapped, sealed with another key or for another use is refused", async () => {
  const keys = [key(), key()];
  const { login, answer, callback, jar, requests, session, signIn } = stage({ keys });
  const [first, second] = [await login(), await login()];
  const [[firstName, firstValue], [secondName, secondValue]] = [...jar.cookies];
  const changed = Buffer.from(firstValue, "base64url");
  changed[changed.length - 20] ^= 1;
  await signIn();
  const [sessionName] = jar.names("session");
  const sessionValue = jar.cookies.get(sessionName);
  const purpose = `login https://access-preprod.norskgjeld.no/ eksempelbank-client /`;
  const before = requests.length;
  const cases = [
    [`${firstName}=${changed.toString("base64url")}`, first, "session_invalid"],
    [`${firstName}=${firstValue}x`, first, "session_invalid"],
    [`${firstName}=`, first, "transaction_missing"],
    [`${firstName}=${randomBytes(300).toString("base64url")}`, first, "session_invalid"],
    [`${firstName}=${sessionValue}`, first, "session_invalid"],
    [`${firstName}=${await seal(key(), purpose, await open(keys, purpose, firstValue))}`, first, "session_invalid"],
    [`${firstName}=${secondValue}`, first, "state_mismatch"],
    [`${secondName}=${secondValue}`, first, "state_mismatch"],
    // A name given twice: one of them is another's.
    [`${firstName}=${firstValue}; ${firstName}=${secondValue}`, first, "transaction_missing"],
    [`${firstName.replace("__Host-", "")}=${firstValue}`, first, "transaction_missing"],
    ["", first, "transaction_missing"],
  ];
  for (const [cookie, flow, expected] of cases) assert.equal(failure(await callback(answer(flow), { cookie })), expected, cookie.slice(0, 60));
  assert.equal(requests.length, before);
  for (const value of [firstValue, `${sessionValue}A`, sessionValue.slice(1), ""]) assert.equal(await session(`${sessionName}=${value}`), null);
  assert.equal(await session(`${sessionName.replace("__Host-", "")}=${sessionValue}`), null);
  assert.equal(await session(`${sessionName}=${sessionValue}; ${sessionName}=${firstValue}`), null);
  assert.ok(await session(`x=1; ${sessionName}=${sessionValue}; y`));
  assert.equal(failure(await callback(answer(second), { cookie: `${secondName}=${secondValue}` })), null);
});

test("keys rotate without ending flows or sessions; a removed key ends both", async () => {
  const [old, fresh] = [key(), key()];
  const { fetch } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch, redirectUri: `${ORIGIN}/callback` });
  const before = stage({ client, keys: [old] });
  await before.signIn();
  const flow = await before.login();
  const removed = stage({ client, keys: [fresh] });
  removed.jar.cookies = new Map(before.jar.cookies);
  assert.equal(await removed.session(), null);
  assert.equal(failure(await removed.callback(removed.answer(flow))), "session_invalid");
  const rotated = stage({ client, keys: `${fresh},${old}` });
  rotated.jar.cookies = new Map(before.jar.cookies);
  assert.ok(await rotated.session());
  assert.equal(failure(await rotated.callback(rotated.answer(flow))), null);
  const onlyNew = stage({ client, keys: [fresh] });
  onlyNew.jar.cookies = new Map(rotated.jar.cookies);
  assert.ok(await onlyNew.session(), "sealed with the old key");
});

test("a person who follows a link to a login that cannot start sees a page, not JSON", async () => {
  const keys = [key()];
  const edge = createEdge({
    client: clientOf(),
    keys,
    errorPath: "/failed?lang=nb#top",
    onError: () => {
      throw new Error("a listener's own");
    },
  });
  const request = new Request(`${ORIGIN}/login`, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" } });
  const response = await edge.login(request, { purpose: "presentation" });
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/failed?lang=nb&error=origin_refused&action=fix_configuration#top");
  assert.equal(response.headers.get("set-cookie"), null);
});

test("another site may not start a flow, unless it was asked for", async () => {
  for (const [site, allowed] of [
    ["cross-site", false],
    ["same-site", true],
    ["same-origin", true],
    ["none", true],
    [undefined, true],
  ]) {
    const { login, jar } = stage();
    const { response } = await login({ headers: site ? { "sec-fetch-site": site } : {} });
    assert.equal(response.status, allowed ? 303 : 403, site);
    assert.equal(jar.cookies.size, allowed ? 1 : 0);
    if (!allowed) assert.equal((await response.json()).code, "origin_refused");
  }
  const { response } = await stage({ crossSiteStart: true }).login({ headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(response.status, 303);
});

test("a login that cannot be built answers with its code, and sets nothing", async () => {
  for (const what of [
    { purpose: "processing", days: 29 },
    { scope: "openid debt.unsecured.presentation" },
    { purpose: "x" },
    { scope: "debt.unsecured.presentation", extra: { state: "x" } },
  ]) {
    const { login, jar, errors } = stage();
    const { response } = await login({ what });
    assertSafe(response);
    assert.ok(response.status >= 400);
    const { code } = await response.json();
    assert.ok(["invalid_scope", "reserved_parameter"].includes(code), code);
    assert.equal(jar.cookies.size, 0);
    assert.equal(errors.length, 1);
  }
});

test("a code is taken only from a page of this origin", async () => {
  const own = () => String(answered(clientOf({ redirectUri: `${ORIGIN}/callback` })).checked);
  const { edge, request, requests } = stage();
  const refused = [
    {},
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `${ORIGIN}.evil.example` },
    { origin: "http://app.example.no" },
    { origin: `${ORIGIN}:8443` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { "sec-fetch-site": "cross-site", origin: ORIGIN },
    { "sec-fetch-site": "Same-Origin, cross-site" },
  ];
  for (const headers of refused) {
    const response = await edge.exchange(request("/exchange", { method: "POST", body: own(), headers }));
    assertSafe(response);
    assert.equal(response.status, 403, JSON.stringify(headers));
    assert.equal((await response.json()).code, "origin_refused");
    assert.deepEqual(response.headers.getSetCookie(), []);
  }
  for (const method of ["GET", "PUT", "DELETE"]) {
    const response = await edge.exchange(
      request("/exchange", { method, ...(method === "GET" ? {} : { body: own() }), headers: { "sec-fetch-site": "same-origin", origin: ORIGIN } }),
    );
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "POST");
  }
  assert.equal(requests.length, 0);
  for (const headers of [{ "sec-fetch-site": "same-origin" }, { origin: ORIGIN }]) {
    assert.equal((await edge.exchange(request("/exchange", { method: "POST", body: own(), headers }))).status, 204);
  }
});

test("a posted text that is no checked code is refused, and no claim made for it", async () => {
  const claims = [];
  const { posted, requests } = stage({ claim: (state) => (claims.push(state), true) });
  const other = String(answered(clientOf({ redirectUri: `${ORIGIN}/other` })).checked);
  for (const [body, expected] of [
    ["", "code_malformed"],
    ["{", "code_malformed"],
    ['"', "code_malformed"],
    ['"x"', "code_malformed"],
    ["a b c d e %zz g h", "code_malformed"],
    [Buffer.from([0xff, 0xfe]), "code_malformed"],
    ["x\0y", "code_malformed"],
  ]) {
    const response = await posted(body);
    assert.equal(response.status, 400);
    assert.equal((await response.json()).code, expected);
  }
  assert.deepEqual(claims, []);
  assert.equal((await (await posted(other)).json()).code, "transaction_mismatch");
  assert.equal(requests.length, 0);
});

test("oversize bodies are cut while they stream", async () => {
  const { posted, callback, login, requests } = stage();
  await login();
  const endless = () => {
    const state = { octets: 0, cancelled: false };
    const body = new ReadableStream({
      pull: (to) => {
        state.octets += 4096;
        to.enqueue(new Uint8Array(4096).fill(97));
      },
      cancel: () => {
        state.cancelled = true;
      },
    });
    return { state, body };
  };
  for (const send of [
    (body) => posted(body).then(async (response) => (await response.json()).code),
    async (body) => failure(await callback("/callback", { method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded" } })),
  ]) {
    assert.equal(await send("x".repeat(33 * 1024)), "callback_too_large");
    const { state, body } = endless();
    assert.equal(await send(body), "callback_too_large");
    assert.ok(state.octets < 128 * 1024 && state.cancelled, `${state.octets} octets were read`);
  }
  assert.equal(requests.length, 0);
});

test("a person who leaves does not spend the code for nothing: the exchange goes on, and the worker waits for it", async () => {
  const controller = new AbortController();
  let respond;
  const slow = (_, { signal }) =>
    new Promise((resolve, reject) => {
      respond = () => resolve(json(tokenBody()));
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const waited = [];
  const { login, answer, edge, request, requests, jar, session } = stage({ answers: [slow], waitUntil: (work) => waited.push(work) });
  const flow = await login();
  const response = edge.callback(request(answer(flow), { signal: controller.signal }));
  while (!requests.length) await pause(5);
  controller.abort();
  await pause(20);
  assert.equal(waited.length, 1);
  respond();
  jar.take(await response);
  await waited[0];
  assert.equal((await session()).tokens.accessToken, TOKEN);
});
