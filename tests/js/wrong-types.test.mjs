// Callers without TypeScript: numbers, null, objects without their members, where a text, an option or a request belongs.
// Each ends in a SamtykkeError that says what was expected, before anything is sent; none in a TypeError from inside.
// Refuses to let a number pass for an identity number or a consent id: it has lost its leading zeros.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, clientSecretBasic, none } from "samtykke";
import { languageOf, userMessage } from "samtykke/messages";
import { createEdge } from "samtykke/edge";
import { AgreementApi, ConsentFeed, DebtApi, audiences } from "samtykke/norskgjeld";

import { ORIGIN, key, stage } from "./browser.mjs";
import { TOKEN, clientOf, fails, fetchOf, json, preprod, tokenBody } from "./support.mjs";

const configuration = { code: "invalid_configuration", phase: "configuration", action: "fix_configuration" };
const parameter = (phase) => ({ code: "invalid_parameter", phase, action: "fix_configuration" });
/** What is no object; arrays and functions are told apart where it matters. */
const NOTHINGS = [null, 0, 7, "text", true, Symbol("x"), 7n];
const TRANSPORTS = [...NOTHINGS, { fetch: 7 }, { fetch: null }, { timeout: "5" }, { timeout: null }, { timeout: NaN }, { timeout: 0 }, { timeout: -1 }];

test("a client is made of a provider, an authentication and options", async () => {
  const authentication = clientSecretBasic("s");
  for (const provider of [undefined, ...NOTHINGS]) await fails(() => new Client(provider, authentication), configuration);
  for (const one of [...NOTHINGS, {}, { method: "none" }]) await fails(() => new Client(preprod, one), configuration);
  for (const transport of TRANSPORTS) await fails(() => new Client(preprod, none(), transport), configuration);
  for (const secret of [undefined, ...NOTHINGS.filter((one) => one !== "text"), {}, ["s"]]) await fails(() => clientSecretBasic(secret), configuration);
});

test("a client's calls take what they say", async () => {
  const { fetch, requests } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch });
  for (const options of NOTHINGS) {
    await fails(client.clientCredentials(options), parameter("token"));
    await fails(client.exchange("x", options), parameter("token"));
  }
  for (const code of [undefined, ...NOTHINGS.filter((one) => one !== "text"), Object.create(null), { toString: null }])
    await fails(client.exchange(code), parameter("token"));
  for (const code of ["text", {}, [], new Date()]) await fails(client.exchange(code), { code: "code_malformed" });
  assert.equal(requests.length, 0);
  // A fetch that gives no response.
  for (const answer of [undefined, ...NOTHINGS, {}, { status: 200 }, { status: 200, body: null }, { status: 200, body: {} }])
    await fails(clientOf({ fetch: async () => answer }).clientCredentials(), { code: "network_error", phase: "token" });
});

test("the APIs are made of a provider and options with a token", async () => {
  for (const Api of [DebtApi, AgreementApi, ConsentFeed]) {
    for (const provider of [undefined, ...NOTHINGS, {}, { environment: 7 }, { environment: "" }])
      await fails(() => new Api(provider, { token: TOKEN }), configuration);
    for (const options of [undefined, ...TRANSPORTS, {}]) await fails(() => new Api(preprod, options), configuration);
    for (const token of [undefined, null, 7, {}, [TOKEN]]) await fails(() => new Api(preprod, { token }), configuration);
    for (const more of [{ traceId: 7 }, { traceId: null }, { retries: "2" }, { retries: null }, ...TRANSPORTS.slice(NOTHINGS.length)])
      await fails(() => new Api(preprod, { token: TOKEN, ...more }), configuration);
  }
  for (const provider of [undefined, ...NOTHINGS, {}, { environment: 7 }]) await fails(() => audiences(provider), configuration);
});

test("an API's calls take what they say, and nothing is sent otherwise", async () => {
  const { fetch, requests } = fetchOf(json({}));
  const [debt, agreements, feed] = [DebtApi, AgreementApi, ConsentFeed].map((Api) => new Api(preprod, { token: TOKEN, fetch }));
  const nin = "04842249091";
  const agreement = { nin, purpose: "presentation", days: 10, clientConsentId: "c" };
  for (const id of [undefined, ...NOTHINGS.filter((one) => one !== "text"), {}, ["a"]])
    for (const name of ["debtById", "status", "revoke"]) await fails(debt[name](id), parameter("api"));
  for (const options of NOTHINGS) {
    await fails(debt.debt(options), parameter("api"));
    await fails(debt.status("a", options), parameter("api"));
    await fails(agreements.register(agreement, options), parameter("api"), [nin]);
    await fails(feed.read(options), parameter("api"));
  }
  for (const one of [undefined, ...NOTHINGS, {}]) await fails(agreements.register(one), parameter("api"));
  for (const change of [{ nin: 14842249091 }, { nin: undefined }, { purpose: null }, { days: "10" }, { days: undefined }, { clientConsentId: 7 }]) {
    await fails(agreements.register({ ...agreement, ...change }), parameter("api"), [nin, "14842249091"]);
  }
  for (const token of [undefined, null, 7, {}]) await fails(new DebtApi(preprod, { fetch, token: async () => token }).debt(), parameter("api"));
  assert.equal(requests.length, 0);
});

test("handlers are made of a client, keys and options", async () => {
  const made = { client: clientOf(), keys: key() };
  for (const options of [undefined, ...NOTHINGS, {}]) await fails(() => createEdge(options), configuration);
  for (const client of [undefined, ...NOTHINGS, {}, { exchange() {} }, { provider: preprod }])
    await fails(() => createEdge({ ...made, client }), configuration);
  for (const keys of [undefined, null, 7, {}, [7], [null], [[]], true])
    await fails(() => createEdge({ ...made, keys }), { code: "invalid_configuration", phase: "session" });
  const odd = {
    claim: [null, 7, {}],
    onError: [null, 7, {}],
    maxAge: [null, "60", 0, -1, 1.5, NaN, Infinity],
    idle: [0],
    cookieBudget: ["1"],
    refresh: ["always", true],
    store: [{}, null],
    errorPage: ["x"],
    onSession: [{}],
    waitUntil: [1],
    crossSiteStart: [1],
    paths: ["x", { nowhere: "/" }],
    basePath: [7],
    cookieName: ["samtykke"],
    responseMode: ["fragment"],
  };
  for (const [name, values] of Object.entries(odd)) for (const value of values) await fails(() => createEdge({ ...made, [name]: value }), configuration);
});

test("handlers answer requests, and say so when they get none", async () => {
  const { edge } = stage();
  for (const request of [undefined, ...NOTHINGS, {}, { url: `${ORIGIN}/callback` }, { url: 7, headers: {} }]) {
    for (const name of ["login", "callback", "exchange", "session", "refresh", "logout", "loggedOut", "backchannelLogout", "route", "handle", "keep"]) {
      await fails(edge[name](request, { purpose: "presentation" }), parameter("session"));
    }
  }
});

test("a login for no consent, or with odd options, is answered with its code", async () => {
  for (const what of [undefined, ...NOTHINGS]) {
    const { login, jar, edge, request } = stage();
    const { response } = what === undefined ? { response: await edge.login(request("/login")) } : await login({ what });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).code, "invalid_parameter");
    assert.equal(jar.cookies.size, 0);
  }
  for (const more of NOTHINGS) {
    const { edge, request } = stage();
    const response = await edge.login(request("/login"), { purpose: "presentation" }, more);
    assert.equal((await response.json()).code, "invalid_parameter");
  }
});

test("a message for a person is a text, whatever was thrown", () => {
  const usual = userMessage({ code: "restart" }, "nb");
  assert.ok(usual.length > 10);
  for (const odd of [
    undefined,
    null,
    7,
    "text",
    {},
    new TypeError("x"),
    { code: 7, action: {} },
    { code: "constructor" },
    { code: "__proto__", action: "toString" },
  ])
    assert.equal(userMessage(odd, "nb"), usual);
  for (const tag of [undefined, null, "", 7]) assert.equal(languageOf(tag), "en");
});
