// A person at the local ACM/IDM: login, 30-second codes, rotating refresh tokens and their end, logout and switch-identity.
// Facts of authenticatie.vlaanderen.be/docs (aanmelden, refresh-token, afmelden, switch-identiteit); oidc-provider judges.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { Client, SigningKey, logoutReturn, privateKeyJwt } from "samtykke";
import { acmIdmLogin, acmidm, loginMeans, switchIdentity } from "samtykke/acmidm";
import { fails } from "../js/support.mjs";
import { CALLBACK, CLIENT, LOGIN, RETURN, browse, startAcmIdm } from "samtykke-local/acmidm";

let world, client;
before(async () => {
  world = await startAcmIdm();
  client = await clientOf();
});
after(() => world.close());

async function clientOf() {
  const key = await SigningKey.fromJwk(world.key, { alg: "RS256" });
  return new Client(acmidm({ environment: { issuer: world.issuer }, clientId: LOGIN, redirectUri: CALLBACK }), privateKeyJwt(key));
}

async function loggedIn(request, options) {
  const login = await client.start(acmIdmLogin(request));
  const code = client.finish(login.transaction, await browse(login.url));
  return { login, code, tokens: await client.exchange(code, options) };
}

test("a login with its own scopes: PKCE, state, nonce, a verified id_token with a kid in its payload", async () => {
  const { login, tokens } = await loggedIn();
  const asked = new URL(login.url).searchParams;
  assert.deepEqual([asked.get("scope"), asked.get("code_challenge_method"), asked.get("response_type")], ["openid vo profile", "S256", "code"]);
  assert.ok(asked.get("state") && asked.get("nonce"));
  const { iss, aud, vo_orgcode, given_name, kid } = tokens.claims;
  assert.deepEqual([iss, aud, vo_orgcode, given_name, kid], [world.issuer, LOGIN, "0123456749", "An", "op-1"]);
  assert.equal(tokens.refreshToken, undefined);
  const person = await client.userinfo(tokens);
  assert.equal(person.sub, tokens.claims.sub);
});

test("means of login: acr only where one is asked for, and then one of them", async () => {
  const { login, tokens } = await loggedIn({ means: ["eid", "itsme"], loginHint: "an@example.be" }, { acrValues: [loginMeans.eid, loginMeans.itsme] });
  assert.equal(new URL(login.url).searchParams.get("acr_values"), "urn:be:vlaanderen:authmech:eid urn:be:vlaanderen:authmech:itsme");
  assert.equal(tokens.claims.acr, loginMeans.eid);
  await fails(loggedIn({ means: ["eid"] }, { acrValues: [loginMeans.csamtotp] }), { code: "invalid_parameter" });
  await fails(() => acmIdmLogin({ means: ["password"] }), { code: "invalid_parameter" });
});

test("a scope the client may not have is refused before the login", async () => {
  const login = await client.start(acmIdmLogin({ scope: "openid elys_depzorg" }));
  const back = await browse(login.url).catch((error) => error.message);
  const error = await fails(() => client.finish(login.transaction, back), { phase: "callback" });
  assert.equal(error.oauth.error, "invalid_scope");
});

test("a code lives 30 seconds and works once", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const begin = async () => {
    const login = await client.start(acmIdmLogin());
    return client.finish(login.transaction, await browse(login.url));
  };
  const quick = await begin();
  t.mock.timers.tick(29_000);
  assert.ok((await client.exchange(quick)).accessToken);
  await fails(client.exchange(quick), { code: "transaction_used" });
  const slow = await begin();
  t.mock.timers.tick(31_000);
  const before = world.tokenRequests().length;
  const late = await fails(client.exchange(slow), { code: "token_error", action: "restart", retryable: false });
  assert.equal(late.oauth.error, "invalid_grant");
  assert.equal(world.tokenRequests().length, before + 1, "no second try");
});

test("the answer by form_post, if asked for", async () => {
  const login = await client.start(acmIdmLogin({ responseMode: "form_post" }));
  assert.equal(new URL(login.url).searchParams.get("response_mode"), "form_post");
  // The browser is given a page with a form that posts itself.
  const page = await browse(login.url).then(
    () => assert.fail("an address"),
    ({ message }) => message,
  );
  assert.match(page, new RegExp(`action="${CALLBACK}"`));
  const fields = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  const code = client.finish(login.transaction, { contentType: "application/x-www-form-urlencoded", body: new URLSearchParams(fields).toString() });
  assert.equal((await client.exchange(code)).claims.sub, "person-1");
});

test("refresh tokens rotate; scope and id_token of the login stay where the answer lacks them", async () => {
  const { tokens } = await loggedIn({ scope: "openid offline_access vo" });
  const renewed = await client.refresh(tokens);
  assert.notEqual(renewed.refreshToken, tokens.refreshToken);
  assert.deepEqual([renewed.idToken, renewed.claims, renewed.scope, renewed.requestedScope], [tokens.idToken, tokens.claims, undefined, tokens.scope]);
  assert.equal((await client.userinfo(renewed)).sub, tokens.claims.sub);
  assert.equal(inspect(renewed.claims), "Claims { … }", "a person's claims are shown to no log");
  // Two callers at once share one request: a refresh token sent twice would end the login.
  const before = world.tokenRequests().length;
  const [one, other] = await Promise.all([client.refresh(renewed), client.refresh(renewed)]);
  assert.deepEqual([one.refreshToken === other.refreshToken, world.tokenRequests().length], [true, before + 1]);
  await fails(client.refresh(renewed), { code: "transaction_used" });
  // And they bind what comes later: another person's id_token is none of this login's.
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const at = Math.floor(Date.now() / 1000);
  const stolen = `${part({ alg: "RS256", kid: "op-1" })}.${part({ ...tokens.claims, sub: "another", iat: at, exp: at + 60 })}.${"A".repeat(342)}`;
  world.faults.push({ path: "/v1/token", status: 200, body: JSON.stringify({ access_token: "x", token_type: "Bearer", expires_in: 60, id_token: stolen }) });
  const { expected } = await fails(client.refresh(one), { code: "claim_refused" });
  assert.match(expected, /sub/);
});

test("the end of a refresh token, invalid_request, is the end of the session", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const { tokens } = await loggedIn({ scope: "openid offline_access" });
  t.mock.timers.tick(3_601_000);
  const ended = await fails(client.refresh(tokens), { code: "session_ended", phase: "token", action: "restart", retryable: false }, [tokens.refreshToken]);
  assert.deepEqual([ended.oauth.error, ended.http.status], ["invalid_request", 400]);
  // Elsewhere the same code is an error of the request.
  world.faults.push({ path: "/v1/token", status: 400, body: '{"error":"invalid_request"}' });
  await fails(client.clientCredentials({ scope: "vo" }), { code: "token_error" });
});

test("a token that another isolate has refreshed ends the session; one that this one has is not sent again, whatever client asks", async () => {
  const { tokens } = await loggedIn({ scope: "openid offline_access" });
  world.faults.push({ path: "/v1/token", status: 400, body: '{"error":"invalid_request"}' });
  await fails(client.refresh(tokens), { code: "session_ended" });
  const renewed = await client.refresh(tokens);
  await fails((await clientOf()).refresh(tokens.refreshToken), { code: "transaction_used" });
  assert.notEqual(renewed.refreshToken, tokens.refreshToken);
});

test("logout and switch-identity: addresses for the browser, and the return judged", async () => {
  const go = async ({ url }) => fetch(url, { redirect: "manual" });
  const plain = client.logoutUrl();
  assert.equal(plain.url, `${world.issuer}/v1/logout?client_id=${LOGIN}`);
  assert.equal((await go(plain)).status, 200);
  const back = client.logoutUrl({ postLogoutRedirectUri: RETURN });
  const { headers } = await go(back);
  logoutReturn(headers.get("location"), back.state);
  await fails(() => logoutReturn(`${RETURN}?state=another`, back.state), { code: "logout_state_mismatch" });
  const other = client.logoutUrl(switchIdentity(RETURN));
  assert.match(other.url, /&switch$/);
  logoutReturn((await go(other)).headers.get("location"), other.state);
  assert.equal((await go(client.logoutUrl(switchIdentity("https://elsewhere.example/")))).status, 400);
  const machine = new Client(acmidm({ environment: "ti", clientId: CLIENT }), client.authentication);
  await fails(() => machine.begin({ scope: "openid" }), { code: "invalid_configuration" });
});
