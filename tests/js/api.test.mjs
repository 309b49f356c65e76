// norskgjeld's debt, status, revocation and agreement calls (api-docs reference/openapi.json), by the documented bodies.
// Both error shapes, empty and foreign bodies; what may be repeated and what never is.
// Refuses odd ids before anything is sent, and a token that leaves the API's origin.

import assert from "node:assert/strict";
import { test } from "node:test";

import { provider } from "samtykke";
import { AgreementApi, ConsentFeed, DebtApi, audiences, norskgjeld } from "samtykke/norskgjeld";

import { REDIRECT_URI, TOKEN, assertNoSecret, fails, fetchOf, hostile, json, preprod, settings } from "./support.mjs";
import { quickTimers } from "./timers.mjs";

const ID = "3649911c-a58a-4b76-9794-edd8c692e84f";
const DEBT =
  '{"ssn":"14842249091","loans":[{"creditorName":"EXAMPLE LENDER","loan":{"type":"chargeCard","timestamp":"2022-11-03T00:00:00Z","coBorrower":2,"interestBearingBalance":6069400,"nonInterestBearingBalance":641000}}],"numberOfCreditorsAnswered":1,"numberOfcreditorsMissing":0,"consent":{"exp":1785312537,"id":"3649911c-a58a-4b76-9794-edd8c692e84f","scope":"debt.unsecured.presentation"}}';
const AGREEMENT = { nin: "14842249091", purpose: "presentation", days: 100, clientConsentId: "vår-1" };
const REGISTERED = { client_consent_id: "vår-1", consent: { id: ID, expires_at: "2026-07-29T08:08:57Z", scope_of_consent: "debt.unsecured.presentation" } };

const debtApi = (options) => new DebtApi(preprod, { token: TOKEN, ...options });
/** Each call by name, what it sends, and an answer that makes it succeed. */
const CALLS = {
  debt: { run: (options) => debtApi(options).debt(), method: "GET", path: "/v1/debt", good: () => json(DEBT), repeatable: false },
  debtById: { run: (options) => debtApi(options).debtById(ID), method: "GET", path: `/v1/debt/${ID}`, good: () => json(DEBT), repeatable: false },
  status: { run: (options) => debtApi(options).status(ID), method: "GET", path: `/v1/debt/${ID}/status`, good: () => json({ active: true }), repeatable: true },
  revoke: {
    run: (options) => debtApi(options).revoke(ID),
    method: "DELETE",
    path: `/v1/debt/${ID}`,
    good: () => new Response(null, { status: 204 }),
    repeatable: true,
  },
  register: {
    run: (options) => new AgreementApi(preprod, { token: TOKEN, ...options }).register(AGREEMENT),
    method: "PUT",
    path: "/v1/consent/agreement",
    good: () => json(REGISTERED),
    repeatable: true,
  },
};

test("each call sends the documented request, with the token in its header alone", async () => {
  for (const [name, { run, method, path, good }] of Object.entries(CALLS)) {
    const { fetch, requests } = fetchOf(good);
    await run({ fetch });
    const [{ url, headers, body, redirect, credentials, cache }] = requests;
    assert.equal(requests.length, 1, name);
    assert.equal(url, `https://api-preprod.norskgjeld.no${path}`);
    assert.equal(requests[0].method, method);
    assert.equal(headers.authorization, `Bearer ${TOKEN}`);
    assert.equal(headers.accept, "application/json");
    assert.match(headers["x-trace-id"], /^[\w-]{22}$/);
    assert.deepEqual({ redirect, credentials, cache }, { redirect: "manual", credentials: "omit", cache: "no-store" });
    assert.ok(!url.includes(TOKEN));
    if (name === "register") {
      assert.equal(headers["content-type"], "application/json");
      assert.equal(body, '{"nin":"14842249091","scope_of_consent":"debt.unsecured.presentation","consent_duration_days":100,"client_consent_id":"vår-1"}');
    } else assert.equal(body, undefined);
  }
});

test("the environment decides the origin; audiences follow it", async () => {
  for (const [environment, api] of [
    ["preprod", "https://api-preprod.norskgjeld.no"],
    ["production", "https://api.norskgjeld.no"],
    [{ auth: "http://localhost:4400", api: "http://localhost:4401" }, "http://localhost:4401"],
  ]) {
    const chosen = norskgjeld({ ...settings, environment });
    const { fetch, requests } = fetchOf(json(DEBT));
    await new DebtApi(chosen, { token: TOKEN, fetch }).debt();
    assert.equal(requests[0].url, `${api}/v1/debt`);
    assert.deepEqual(audiences(chosen), { debt: `${api}/v1/debt`, agreement: `${api}/v1/consent/agreement`, consentEvents: `${api}/feed/v1/consent` });
  }
  const op = provider({ issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", clientId: "c", redirectUri: REDIRECT_URI });
  for (const Api of [DebtApi, AgreementApi, ConsentFeed]) await fails(() => new Api(op, { token: TOKEN }), { code: "invalid_configuration" });
});

test("debt comes through as it was sent, with fields yet undocumented", async () => {
  const more = DEBT.replace("{", '{"__proto__":{"polluted":1},"new":{"a":[1,2]},');
  for (const body of [
    DEBT,
    more,
    `\ufeff${DEBT}`,
    '{"loans":[]}',
    "{}",
    '{"ssn":null,"loans":[{"creditorName":"X","loan":null}],"numberOfcreditorsMissing":1}',
  ]) {
    const { fetch } = fetchOf(json(body));
    assert.deepEqual(await debtApi({ fetch }).debt(), JSON.parse(body.replace("\ufeff", "")));
  }
  assert.equal({}.polluted, undefined);
  for (const body of [
    "[]",
    "null",
    '"x"',
    "",
    DEBT.slice(1),
    `${DEBT}x`,
    '{"loans":{}}',
    '{"loans":[{"creditorName":1}]}',
    '{"ssn":14842249091}',
    '{"ssn":"1","ssn":"2"}',
    '{"consent":{"exp":1}}',
  ]) {
    const { fetch, requests } = fetchOf(json(body));
    await fails(debtApi({ fetch }).debt(), { code: "api_response_malformed", phase: "api", retryable: false }, ["14842249091"]);
    assert.equal(requests.length, 1);
  }
});

test("a status is read in both documented shapes", async () => {
  const shapes = [
    [
      { active: true, expires_at: 1785312537 },
      { active: true, expiresAt: 1785312537 },
    ],
    [
      { active: "true", expires_at: "2026-07-29T08:08:57Z" },
      { active: true, expiresAt: 1785312537 },
    ],
    [{ active: false }, { active: false }],
    [{ active: "false", expires_at: null }, { active: false }],
  ];
  for (const [body, expected] of shapes) assert.deepEqual(await debtApi(fetchOf(json(body))).status(ID), expected);
  for (const body of [{}, { active: 1 }, { active: "yes" }, { active: null }, { active: true, expires_at: "soon" }]) {
    await fails(debtApi(fetchOf(json(body))).status(ID), { code: "api_response_malformed", phase: "api" });
  }
});

test("a withdrawal tells a withdrawn consent from one that was inactive", async () => {
  const inactive = (error, error_description) => json({ error, error_description }, 403);
  assert.deepEqual(await debtApi(fetchOf(new Response(null, { status: 204 }))).revoke(ID), { withdrawn: true });
  for (const answer of [
    inactive("invalid consent", "Consent expired at 2021-02-26T09:31:07.265053Z"),
    inactive("No Valid Consent"),
    inactive("forbidden", "the CONSENT is used"),
  ]) {
    assert.deepEqual(await debtApi(fetchOf(answer)).revoke(ID), { withdrawn: false });
  }
  // A bad token must not pass for a consent that is gone: the person withdrew it, and it is still there.
  await fails(debtApi(fetchOf(inactive("Invalid access token", "Access token is expired"))).revoke(ID), { code: "token_invalid" });
  for (const answer of [inactive("forbidden"), new Response("", { status: 403 }), new Response("<html>consent", { status: 403 })]) {
    await fails(debtApi(fetchOf(answer)).revoke(ID), { code: "unauthorized" });
  }
  await fails(debtApi(fetchOf(json({}, 200))).revoke(ID), { phase: "api", code: "api_error" });
});

test("a registered agreement is read, and a conflict named", async () => {
  const register = (answer) => new AgreementApi(preprod, { token: TOKEN, ...fetchOf(answer) }).register(AGREEMENT);
  assert.deepEqual(await register(json(REGISTERED)), { clientConsentId: "vår-1", id: ID, expiresAt: 1785312537, scope: "debt.unsecured.presentation" });
  const spring = { timestamp: "2026-01-01T00:00:00Z", path: "/v1/consent/agreement", status: 409, error: "Conflict", requestId: "abc-1" };
  const error = await fails(register(json(spring, 409)), { code: "conflict", phase: "api", action: "fix_configuration", retryable: false }, [AGREEMENT.nin]);
  assert.deepEqual(error.provider, { code: "Conflict", traceId: "abc-1" });
  for (const body of [{}, { client_consent_id: "x" }, { client_consent_id: "x", consent: {} }, { consent: { id: ID } }]) {
    await fails(register(json(body)), { code: "api_response_malformed" });
  }
});

test("every documented failure of every call has its name", async () => {
  const own = (status, error, error_description) => [
    () => json({ error, error_description, timestamp: "t", trace_id: "tr-1" }, status),
    { provider: { code: error, traceId: "tr-1" } },
  ];
  const bare = (status, body = null, headers = {}) => [() => new Response(body, { status, headers }), { provider: undefined }];
  const table = [
    [own(400, "bad request"), { code: "api_error", action: "fix_configuration" }],
    [own(403, "Invalid access token"), { code: "token_invalid", action: "restart" }],
    [own(403, "invalid access token", "Access token is expired"), { code: "token_invalid" }],
    [own(403, "no valid consent"), { code: "consent_inactive", action: "restart" }],
    [own(403, "invalid consent"), { code: "consent_inactive" }],
    [own(403, "other"), { code: "unauthorized", action: "fix_configuration" }],
    [bare(401), { code: "token_invalid", action: "restart" }],
    [bare(403), { code: "unauthorized" }],
    [own(500, "server error"), { code: "api_error", action: "try_later" }],
    [bare(502, "<html>bad gateway", { "content-type": "text/html" }), { code: "api_error", action: "try_later" }],
    [bare(502, Buffer.from([0xe6, 0xf8]), { "content-type": "text/html" }), { code: "api_error", action: "try_later" }],
    [bare(302, null, { location: "https://evil.example/" }), { code: "redirect_refused", action: "fix_configuration" }],
    [bare(200, "<html>", { "content-type": "text/html" }), { code: "api_response_malformed" }],
    [bare(200, Buffer.from([0x7b, 0xff, 0x7d])), { code: "api_response_malformed" }],
  ];
  for (const [name, { run }] of Object.entries(CALLS)) {
    for (const [[answer, { provider: details }], facts] of table) {
      // These two are successes or another failure of a withdrawal, tested above.
      if (name === "revoke" && (facts.code === "consent_inactive" || facts.code === "api_response_malformed")) continue;
      const { fetch } = fetchOf(answer);
      const error = await fails(run({ fetch, retries: 0 }), { phase: "api", ...facts }, [AGREEMENT.nin]);
      assert.deepEqual(error.provider, details, `${name}: ${facts.code}`);
      if (facts.code !== "redirect_refused") assert.ok(error.http.status >= 200);
    }
  }
});

test("lookups are never repeated; the others twice at most, and only after trouble", async () => {
  const troubles = [
    () => json({ error: "server error" }, 500),
    () => new Response("", { status: 503 }),
    () => new Response("", { status: 429 }),
    () => Promise.reject(new TypeError("fetch failed")),
  ];
  const finals = [
    () => json({ error: "x" }, 400),
    () => new Response("", { status: 401 }),
    () => json({ error: "invalid access token" }, 403),
    () => new Response("", { status: 409 }),
    () => new Response(null, { status: 302 }),
  ];
  await quickTimers(async (delays) => {
    for (const [name, { run, good, repeatable }] of Object.entries(CALLS)) {
      for (const trouble of troubles) {
        const always = fetchOf(trouble);
        await fails(run(always), { phase: "api", retryable: repeatable });
        assert.equal(always.requests.length, repeatable ? 3 : 1, name);
        const mended = fetchOf(trouble, trouble, good);
        if (repeatable) await run(mended);
        else await fails(run(mended), {});
        assert.equal(mended.requests.length, repeatable ? 3 : 1, name);
      }
      for (const final of finals) {
        const { fetch, requests } = fetchOf(final);
        await fails(run({ fetch }), { retryable: false });
        assert.equal(requests.length, 1, name);
      }
      for (const [retries, expected] of [
        [0, 1],
        [1, 2],
        [NaN, 1],
        [-1, 1],
      ]) {
        const { fetch, requests } = fetchOf(troubles[1]);
        await fails(run({ fetch, retries }), { code: "api_error" });
        assert.equal(requests.length, repeatable ? expected : 1, `${name} with retries ${retries}`);
      }
    }
    assert.ok(
      delays.every((delay) => delay >= 250 && delay <= 1000),
      `pauses ${delays}`,
    );
  });
});

test("a token that is refused is asked for anew, once, whatever the call; the same one again is not sent", async () => {
  const refusals = [() => json({ error: "Invalid access token" }, 403), () => new Response("", { status: 401 })];
  for (const [name, { run, good }] of Object.entries(CALLS)) {
    for (const refusal of refusals) {
      const asked = [];
      const token = async (refused) => (asked.push(refused), refused ? "token-2" : "token-1");
      const mended = fetchOf(refusal, good);
      await run({ ...mended, token });
      assert.deepEqual(
        [asked, mended.requests.map(({ headers }) => headers.authorization)],
        [
          [undefined, "token-1"],
          ["Bearer token-1", "Bearer token-2"],
        ],
        name,
      );
      const never = fetchOf(refusal);
      await fails(run({ ...never, token: (refused) => (refused ? "token-2" : "token-1") }), { phase: "api", retryable: false });
      assert.equal(never.requests.length, 2, "no loop");
      // Whoever has no other token is told of the first refusal; nothing is sent twice.
      const same = fetchOf(refusal);
      await fails(run({ ...same, token: () => TOKEN }), { phase: "api" });
      assert.equal(same.requests.length, 1, name);
    }
    const inactive = fetchOf(() => json({ error: "invalid consent" }, 403));
    const asked = [];
    await run({ ...inactive, token: (refused) => (asked.push(refused), TOKEN) }).catch(() => {});
    assert.deepEqual(asked, [undefined], "a dead consent is no dead token");
  }
});

test("a withdrawal repeated after trouble takes an inactive consent for done", async () => {
  await quickTimers(async () => {
    const { fetch, requests } = fetchOf(() => Promise.reject(new TypeError("reset")), json({ error: "invalid consent" }, 403));
    assert.deepEqual(await debtApi({ fetch }).revoke(ID), { withdrawn: false });
    assert.equal(requests.length, 2);
  });
});

test("Retry-After is honoured, up to half a minute", async () => {
  await quickTimers(async (delays) => {
    const busy = (after) => () => new Response("", { status: 429, headers: { "retry-after": after } });
    await debtApi(fetchOf(busy("7"), json({ active: true }))).status(ID);
    assert.deepEqual(delays.splice(0), [7000]);
    const { fetch, requests } = fetchOf(busy("31"));
    const error = await fails(debtApi({ fetch }).status(ID), { code: "api_error", retryable: true });
    assert.deepEqual(error.http, { status: 429, retryAfter: 31 });
    assert.equal(requests.length, 1);
    // A date is as good as a number.
    const later = fetchOf(busy("Wed, 21 Oct 2099 07:28:00 GMT"));
    await fails(debtApi({ fetch: later.fetch }).status(ID), { code: "api_error", retryable: true });
    assert.equal(later.requests.length, 1);
    await debtApi(fetchOf(busy(new Date(Date.now() + 20_000).toUTCString()), json({ active: true }))).status(ID);
    assert.ok(delays.splice(0).some((delay) => delay > 17_000 && delay <= 21_000));
    for (const odd of ["-5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "1e9", "99999999999999999999"]) {
      await debtApi(fetchOf(busy(odd), json({ active: true }))).status(ID);
      assert.ok(
        delays.splice(0).every((delay) => delay <= 500),
        odd,
      );
    }
  });
});

test("the caller's signal ends a pause at once", async () => {
  const controller = new AbortController();
  const { fetch, requests } = fetchOf(new Response("", { status: 429, headers: { "retry-after": "20" } }));
  setTimeout(() => controller.abort(new Error("left")), 50);
  const start = Date.now();
  const error = await fails(debtApi({ fetch }).status(ID, { signal: controller.signal }), { code: "aborted", phase: "api", retryable: false });
  assert.equal(error.cause.message, "left");
  assert.ok(Date.now() - start < 5000);
  assert.equal(requests.length, 1);
  await fails(debtApi({ fetch }).status(ID, { signal: controller.signal }), { code: "aborted" });
  assert.equal(requests.length, 1);
});

test("a token function is asked again for each sending", async () => {
  await quickTimers(async () => {
    const tokens = ["first.token", "second.token"];
    const { fetch, requests } = fetchOf(new Response("", { status: 500 }), json({ active: true }));
    await debtApi({ fetch, token: async () => tokens.shift() }).status(ID);
    assert.deepEqual(
      requests.map(({ headers }) => headers.authorization),
      ["Bearer first.token", "Bearer second.token"],
    );
  });
});

test("odd ids, tokens and agreements are refused before anything is sent", async () => {
  const { fetch, requests } = fetchOf(json(DEBT));
  const ids = ["", undefined, null, "a/b", "../../feed", "a?b", "a#b", "a%2fb", "å", " ", "a\nb", "a\0", "\ud800", "x".repeat(65)];
  for (const id of ids) for (const name of ["debtById", "status", "revoke"]) await fails(debtApi({ fetch })[name](id), { code: "invalid_parameter" });
  for (const token of ["", "two words", "å", "line\nend", "nul\0", "\ud800"])
    await fails(debtApi({ fetch, token }).debt(), { code: "invalid_parameter" }, [token]);
  const agreements = [
    { nin: "1484224909" },
    { nin: "1484224909x" },
    { nin: "148422490911" },
    { nin: "" },
    { days: 0 },
    { days: 366 },
    { days: 1.5 },
    { days: NaN },
    { days: -1 },
    { purpose: "processing", days: 29 },
    { purpose: "x" },
    { clientConsentId: "" },
    { clientConsentId: "x".repeat(256) },
    { clientConsentId: "a\nb" },
    { clientConsentId: "a\0" },
  ];
  for (const change of agreements) {
    await fails(new AgreementApi(preprod, { token: TOKEN, fetch }).register({ ...AGREEMENT, ...change }), { code: "invalid_parameter" }, [AGREEMENT.nin]);
  }
  assert.equal(requests.length, 0);
});

test("a trace id goes out, comes back in errors, and cannot smuggle a header", async () => {
  const { fetch, requests } = fetchOf(json({ error: "x", trace_id: "trace-7" }, 400));
  const error = await fails(debtApi({ fetch, traceId: "trace-7" }).debt(), { code: "api_error" });
  assert.equal(requests[0].headers["x-trace-id"], "trace-7");
  assert.equal(error.provider.traceId, "trace-7");
  for (const traceId of ["two words", "å", "x".repeat(129)]) {
    await fails(debtApi({ fetch, traceId }).debt(), { code: "api_error" });
    assert.match(requests.at(-1).headers["x-trace-id"], /^[\w-]{22}$/);
  }
  await fails(debtApi({ fetch, traceId: "a\r\nauthorization: x" }).debt(), { code: "invalid_parameter" });
});

test("over real sockets: no redirect is followed, no endless body read, no token shown", async (t) => {
  const other = await hostile(t, (_, response) => response.end(DEBT));
  const api = await hostile(t, (request, response) => {
    if (request.url.endsWith("/status")) return response.writeHead(307, { location: `${other.origin}${request.url}` }).end();
    response.writeHead(200, { "content-type": "application/json" });
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 16, " ")));
    };
    response.on("drain", more);
    more();
  });
  const debt = new DebtApi(norskgjeld({ ...settings, environment: { auth: api.origin, api: api.origin } }), { token: TOKEN });
  assertNoSecret(debt, [TOKEN], "the API object");
  await fails(debt.status(ID), { code: "redirect_refused", phase: "api" });
  await fails(debt.debt(), { code: "api_response_malformed", phase: "api", retryable: false });
  assert.equal(api.requests.length, 2);
  assert.equal(other.requests.length, 0);
  assert.equal(api.requests[0].headers.authorization, `Bearer ${TOKEN}`);
});
