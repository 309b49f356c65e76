// The delegated variant (ACG) at the local ACM/IDM: a login's token asks for a code, which becomes a token for another API.
// Facts of authenticatie.vlaanderen.be/docs (rest-acg/aanvraag-code, rest-acg/aanvraag-access-token); oidc-provider issues the codes.
// Each refusal of the client's has a case, over real HTTP.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Client, SigningKey, privateKeyJwt, provider } from "samtykke";
import { acmIdmLogin, acmidm, delegate, grantedAudience } from "samtykke/acmidm";
import { fails } from "../js/support.mjs";
import { API, CALLBACK, CLIENT, LOGIN, browse, startAcmIdm } from "samtykke-local/acmidm";

let world, key, client, tokens;
before(async () => {
  world = await startAcmIdm();
  key = await SigningKey.fromJwk(world.key, { alg: "RS256" });
  client = clientOf();
  tokens = await loggedIn();
});
after(() => world.close());

const clientOf = (options, settings = {}) =>
  new Client(acmidm({ environment: { issuer: world.issuer }, clientId: LOGIN, redirectUri: CALLBACK, ...settings }), privateKeyJwt(key), options);
async function loggedIn(scope) {
  const login = client.begin(acmIdmLogin(scope && { scope }));
  return client.exchange(client.finish(login.transaction, await browse(login.url)));
}
/** Requests an attempt sent, by path. */
async function sentBy(attempt) {
  const before = world.requests.length;
  await attempt();
  return world.requests.slice(before).map(({ path }) => path.slice(path.lastIndexOf("/v1/")));
}
const refusedBy = (fault, expected, more = {}) => {
  world.faults.push({ path: "/v1/auth", ...fault });
  return fails(delegate(client, tokens, { api: API, ...more }), { phase: "authorization", ...expected }, [tokens.accessToken]);
};

test("a token for the API: the request as documented, the code redeemed at once, the person in it", async () => {
  let forApi;
  const [asked, ...others] = await sentBy(async () => (forApi = await delegate(client, tokens, { api: API })));
  assert.deepEqual([asked, others.at(-1)], ["/v1/auth", "/v1/token"]);
  const { method, headers, search } = world.requests.find(({ headers }) => headers.authorization === `Bearer ${tokens.accessToken}`);
  assert.deepEqual([method, headers.accept], ["GET", "application/json"]);
  const query = new URLSearchParams(search);
  assert.deepEqual(
    [query.get("scope"), query.get("response_type"), query.get("client_id"), query.get("redirect_uri"), query.get("code_challenge_method")],
    [`audience:server:client_id:${API}`, "code", LOGIN, CALLBACK, "S256"],
  );
  assert.ok(!search.includes(tokens.accessToken), "the token stays out of the address");
  const form = new URLSearchParams(world.tokenRequests().at(-1).body);
  assert.deepEqual(
    [form.get("grant_type"), form.get("client_id"), form.get("redirect_uri"), form.has("client_assertion")],
    ["authorization_code", LOGIN, CALLBACK, true],
  );
  const found = await client.introspect(forApi.accessToken);
  assert.deepEqual(grantedAudience(found, LOGIN), { kind: "apis", apis: [API] });
  assert.deepEqual([found.subject, forApi.accessToken === tokens.accessToken], [tokens.claims.sub, false]);
});

test("what is wanted of the API beside, a token as text, and several at once", async () => {
  const wider = await delegate(client, tokens.accessToken, { api: API, scope: "vo offline_access" });
  assert.deepEqual(wider.requestedScope, `audience:server:client_id:${API} vo offline_access`);
  assert.ok(wider.refreshToken);
  const three = await Promise.all([1, 2, 3].map(() => delegate(client, tokens, { api: API })));
  assert.equal(new Set(three.map(({ accessToken }) => accessToken)).size, 3);
});

test("a token that does not count: a machine's, an unknown one, an expired one", async (t) => {
  const machine = new Client(acmidm({ environment: { issuer: world.issuer }, clientId: CLIENT }), privateKeyJwt(key));
  const { accessToken } = await machine.clientCredentials({ scope: "vo_info" });
  for (const token of [accessToken, "x.y"]) {
    const paths = await sentBy(async () => {
      const error = await fails(delegate(client, token, { api: API }), { code: "token_invalid", phase: "authorization", action: "restart" }, [token]);
      assert.deepEqual([error.oauth.error, error.http.status], ["invalid_token", 401]);
    });
    assert.deepEqual(paths, ["/v1/auth"], "asked once, and nothing after");
  }
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const old = await loggedIn();
  t.mock.timers.tick(3_601_000);
  await fails(delegate(client, old, { api: API }), { code: "token_invalid" });
});

test("an API the server does not know, or that the client may not ask for", async () => {
  const error = await fails(delegate(client, tokens, { api: "no-such-api" }), { code: "authorization_error", phase: "callback", action: "fix_configuration" });
  assert.deepEqual([error.oauth.error, error.http.status], ["invalid_scope", 400]);
  const scope = await fails(delegate(client, tokens, { api: API, scope: "elys_depzorg" }), { code: "authorization_error" });
  assert.equal(scope.oauth.error, "invalid_scope");
  const elsewhere = clientOf({}, { redirectUri: "https://app.example.be/other" });
  assert.equal((await fails(delegate(elsewhere, tokens, { api: API }), { code: "authorization_error" })).oauth.error, "invalid_request");
});

test("a redirect is refused, and never followed with the token", async () => {
  const reached = [];
  const other = createServer((request, response) => (reached.push(request.headers), response.end("{}")));
  await new Promise((done) => other.listen(0, "127.0.0.1", done));
  const location = `http://127.0.0.1:${other.address().port}/login`;
  for (const status of [301, 302, 303, 307, 308]) await refusedBy({ status, headers: { location } }, { code: "redirect_refused" });
  // To its own login page, or straight to the redirect URI with a code: no JSON either.
  await refusedBy({ status: 302, headers: { location: "/op/interaction/x" } }, { code: "redirect_refused" });
  await refusedBy({ status: 302, headers: { location: `${CALLBACK}?code=abc&state=x` } }, { code: "redirect_refused" });
  assert.deepEqual(reached, []);
  other.close();
});

test("answers that are no JSON, and servers in trouble", async () => {
  await refusedBy({ status: 200, type: "text/html", body: "<html>Log in</html>" }, { code: "content_type_unexpected" });
  await refusedBy(
    { status: 200, type: "text/html", body: (query) => JSON.stringify({ code: "abc", state: query.get("state") }) },
    { code: "content_type_unexpected" },
  );
  for (const body of ["", "<html>", "[]", '{"code":"abc"', "null", '"abc"'])
    await refusedBy({ status: 200, body }, { code: "callback_malformed", phase: "callback" });
  await refusedBy({ status: 502, type: "text/html", body: "<html>" }, { code: "http_status_unexpected", action: "try_later" });
  await refusedBy({ status: 400, type: "text/html", body: "<html>" }, { code: "http_status_unexpected" });
  await refusedBy({ status: 404, body: "{}" }, { code: "http_status_unexpected" });
  await refusedBy({ status: 201, body: "{}" }, { code: "http_status_unexpected" });
  await refusedBy({ status: 401, type: "text/html", body: "<html>" }, { code: "token_invalid" });
  const down = clientOf({ fetch: () => Promise.reject(new TypeError("refused")) });
  await fails(delegate(down, tokens, { api: API }), { code: "network_error", phase: "authorization", retryable: false });
});

test("codes that are not this request's: another state or issuer, none, twice, and tokens in their place", async () => {
  const said = (members) => (query) => JSON.stringify({ code: "abc", state: query.get("state"), ...members(query) });
  for (const [members, code] of [
    [() => ({ state: "another-state-that-is-long" }), "state_mismatch"],
    [() => ({ state: undefined }), "state_missing"],
    [() => ({ state: "" }), "state_missing"],
    [() => ({ iss: "https://authenticatie.vlaanderen.be/op" }), "issuer_mismatch"],
    [() => ({ code: undefined }), "code_missing"],
    [() => ({ code: "" }), "code_malformed"],
    [() => ({ code: "a\nb" }), "code_malformed"],
    [() => ({ code: "é" }), "code_malformed"],
    [() => ({ code: 5 }), "callback_malformed"],
    [() => ({ code: ["abc"] }), "callback_malformed"],
    [() => ({ state: null }), "callback_malformed"],
    [() => ({ error: "access_denied" }), "callback_unexpected_parameter"],
    [() => ({ access_token: "x" }), "callback_unexpected_parameter"],
    [() => ({ id_token: "x" }), "callback_unexpected_parameter"],
    [() => ({ code: "a".repeat(9000) }), "callback_too_large"],
  ]) {
    const paths = await sentBy(() => refusedBy({ status: 200, body: said(members) }, { code, phase: "callback" }));
    assert.deepEqual(paths, ["/v1/auth"], `${code}: no code is exchanged`);
  }
  await refusedBy(
    { status: 200, body: (query) => `{"code":"abc","code":"def","state":"${query.get("state")}"}` },
    { code: "callback_malformed", phase: "callback" },
  );
  // Its own issuer, and members nobody knows, do no harm; the made-up code is then the token endpoint's to refuse.
  world.faults.push({ path: "/v1/auth", status: 200, body: said(() => ({ iss: world.issuer, session_state: "x", expires_in: 30 })) });
  assert.equal((await fails(delegate(client, tokens, { api: API }), { code: "token_error", phase: "token" })).oauth.error, "invalid_grant");
});

test("errors as JSON: the server's own, of this request alone", async () => {
  const denied = await refusedBy(
    { status: 403, body: '{"error":"access_denied","error_description":"geen toegang"}' },
    { code: "authorization_error", phase: "callback", action: "user_declined" },
  );
  assert.deepEqual([denied.oauth.description, denied.http.status], ["geen toegang", 403]);
  const trouble = await refusedBy(
    { status: 200, body: (query) => JSON.stringify({ error: "temporarily_unavailable", state: query.get("state") }) },
    { code: "authorization_error", phase: "callback", action: "try_later" },
  );
  assert.equal(trouble.oauth.error, "temporarily_unavailable");
  await refusedBy({ status: 400, body: '{"error":"invalid_scope","state":"another-state-that-is-long"}' }, { code: "state_mismatch", phase: "callback" });
  await refusedBy({ status: 200, body: '{"error":"access_denied"}' }, { code: "state_missing", phase: "callback" });
  await refusedBy({ status: 400, body: '{"error":5}' }, { code: "http_status_unexpected" });
  await refusedBy(
    { status: 400, body: (query) => JSON.stringify({ error: "x", code: "abc", state: query.get("state") }) },
    { code: "callback_unexpected_parameter", phase: "callback" },
  );
});

test("an answer that is too large is read no further, and used in nothing", async () => {
  const padded = (octets) => (query) => JSON.stringify({ code: "abc", state: query.get("state"), x: "A".repeat(octets) });
  await refusedBy({ status: 200, body: padded(33_000) }, { code: "callback_too_large" });
  await refusedBy({ status: 200, body: padded(1 << 20) }, { code: "token_response_too_large", phase: "token" });
});

test("the token goes to the issuer's origin alone", async () => {
  const { issuer } = world;
  const sent = [];
  const fetch = (url, init) => (sent.push(url), globalThis.fetch(url, init));
  for (const authorizationEndpoint of [
    "https://elsewhere.example.be/op/v1/auth",
    `${issuer.replace("127.0.0.1", "localhost")}/v1/auth`,
    `${new URL(issuer).protocol}//127.0.0.1:1/op/v1/auth`,
  ]) {
    const mixed = provider({ issuer, authorizationEndpoint, tokenEndpoint: `${issuer}/v1/token`, clientId: LOGIN, redirectUri: CALLBACK, development: true });
    await fails(delegate(new Client(mixed, privateKeyJwt(key), { fetch }), tokens, { api: API }), { code: "resource_refused", phase: "authorization" }, [
      tokens.accessToken,
    ]);
  }
  assert.deepEqual(sent, []);
});

test("what is asked for wrongly", async () => {
  const before = world.requests.length;
  const asks = (token, asked, by = client) => delegate(by, token, asked);
  for (const api of [LOGIN, "", "two words", "a\nb", 5, undefined, null, "é"])
    await fails(asks(tokens, { api }), { code: "invalid_parameter", phase: "authorization" }, [tokens.accessToken]);
  for (const token of [undefined, null, 5, {}, { accessToken: 5 }, "", "two words", "é"])
    await fails(asks(token, { api: API }), { code: "invalid_parameter", phase: "authorization" });
  await fails(asks(tokens), { code: "invalid_parameter" });
  await fails(asks(tokens, { api: API, scope: "a  b" }), { code: "invalid_scope" });
  await fails(asks(tokens, { api: API }, {}), { code: "invalid_configuration" });
  await fails(asks(tokens, { api: API }, new Client(acmidm({ environment: { issuer: world.issuer }, clientId: CLIENT }), privateKeyJwt(key))), {
    code: "invalid_configuration",
  });
  const ended = new AbortController();
  ended.abort();
  await fails(asks(tokens, { api: API, signal: ended.signal }), { code: "aborted" });
  assert.equal(world.requests.length, before);
});

test("the code lives 30 seconds, and there is no second try", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const fresh = await loggedIn();
  const slow = clientOf({
    fetch: async (url, init) => {
      if (url.endsWith("/v1/token")) t.mock.timers.tick(31_000);
      return fetch(url, init);
    },
  });
  const paths = await sentBy(() => fails(delegate(slow, fresh, { api: API }), { code: "token_error", action: "restart" }));
  assert.deepEqual(paths.filter((path) => path === "/v1/token").length, 1);
});
