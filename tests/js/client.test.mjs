// The confidential client: what it sends, to the byte, and what it hands back (RFC 6749 sections 2.3.1, 4.1.3, 4.4.2).
// The Basic header is decoded by a decoder of the platform's own, not by the library.
// Refuses a second sending of a code, whatever came of the first.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, ClientAuthentication, clientSecretBasic, clientSecretPost, none, norskgjeld, provider } from "samtykke";

import {
  CLIENT_ID,
  ISSUER,
  REDIRECT_URI,
  SECRET,
  TOKEN,
  TOKEN_URL,
  answered,
  assertNoSecret,
  clientOf,
  fails,
  fetchOf,
  freshCode,
  json,
  preprod,
  settings,
  tokenBody,
} from "./support.mjs";
import { tokensFrom } from "../lib/answering.mjs";

const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const STATE = "Xk3vQ0b1Zr8mN2p5T7w9Aa";
const NONCE = "n-0S6_WzA2MjAbCd";

/** Id and secret as a server reads them: base64, then form-decoding by the platform (RFC 6749 section 2.3.1). */
function decodeBasic(header) {
  const [scheme, encoded] = header.split(" ");
  const [id, secret] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const decode = (text) => new URLSearchParams(`v=${text}`).get("v");
  return [scheme, decode(id), decode(secret)];
}

test("the documented authorization URL comes out to the byte", () => {
  const scope = "debt.unsecured.presentation.100 openid";
  const login = clientOf().begin({ scope, state: STATE, nonce: NONCE, codeVerifier: VERIFIER });
  assert.equal(
    login.url,
    "https://access-preprod.norskgjeld.no/oauth2/auth?client_id=eksempelbank-client&response_type=code&scope=debt.unsecured.presentation.100%20openid&state=Xk3vQ0b1Zr8mN2p5T7w9Aa&redirect_uri=https%3A%2F%2Fapp.example.no%2Fcallback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&nonce=n-0S6_WzA2MjAbCd",
  );
  const same = clientOf().begin({ purpose: "presentation", days: 100, openid: true });
  assert.equal(new URL(same.url).searchParams.get("scope"), scope);
});

test("an exchange sends exactly one request, to the byte", async () => {
  const { fetch, requests } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch });
  const code = freshCode();
  const login = client.begin({ scope: "debt.unsecured.presentation.100 openid", codeVerifier: VERIFIER });
  const checked = client.finish(login.transaction, `${REDIRECT_URI}?code=${code}&state=${login.state}`);
  await client.exchange(checked);
  assert.equal(requests.length, 1);
  const { url, method, headers, body, redirect, credentials, cache, referrerPolicy, signal } = requests[0];
  assert.equal(url, TOKEN_URL);
  assert.equal(method, "POST");
  assert.deepEqual(Object.keys(headers).sort(), ["accept", "authorization", "content-type"]);
  assert.equal(headers.accept, "application/json");
  assert.equal(headers["content-type"], "application/x-www-form-urlencoded");
  assert.equal(
    body,
    `grant_type=authorization_code&client_id=eksempelbank-client&redirect_uri=https%3A%2F%2Fapp.example.no%2Fcallback&code=${code}&code_verifier=${VERIFIER}`,
  );
  assert.deepEqual(
    { redirect, credentials, cache, referrerPolicy },
    { redirect: "manual", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" },
  );
  assert.ok(signal instanceof AbortSignal);
});

test("Basic survives a decoder that form-decodes, as the documented vectors do", async () => {
  const vectors = ["ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmJTdFZw==", "ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmfmc="];
  for (const vector of vectors) assert.deepEqual(decodeBasic(`Basic ${vector}`), ["Basic", CLIENT_ID, SECRET]);
  for (const secret of [SECRET, "plain", "100%", "a+b", "æøå€🔑", "-_.!~*'()", "a&b=c", " leading and trailing ", '"\\', "::", "%41"]) {
    const { fetch, requests } = fetchOf(json(tokenBody()));
    await clientOf({ fetch, secret }).clientCredentials();
    assert.deepEqual(decodeBasic(requests[0].headers.authorization), ["Basic", CLIENT_ID, secret]);
    assert.match(requests[0].headers.authorization, /^Basic [A-Za-z0-9+/]+={0,2}$/);
    assert.ok(!requests[0].body.includes("client_secret"));
  }
});

test("client credentials send audience and scope in the documented order", async () => {
  const { fetch, requests } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch });
  const audience = "https://api-preprod.norskgjeld.no/v1/debt";
  const tokens = await client.clientCredentials({ audience, scope: "debt.unsecured.presentation debt.unsecured.processing" });
  assert.equal(
    requests[0].body,
    "grant_type=client_credentials&audience=https%3A%2F%2Fapi-preprod.norskgjeld.no%2Fv1%2Fdebt&scope=debt.unsecured.presentation+debt.unsecured.processing",
  );
  assert.equal(tokens.requestedScope, "debt.unsecured.presentation debt.unsecured.processing");
  assert.equal(tokens.scope, "debt.unsecured.presentation");
  await client.clientCredentials();
  assert.equal(requests[1].body, "grant_type=client_credentials");
  for (const scope of ["a  b", " a", "a ", 'a"b', "å"]) await fails(client.clientCredentials({ scope }), { code: "invalid_scope", phase: "token" });
  assert.equal(requests.length, 2);
});

test("tokens carry what the server said, and the time they end", async () => {
  const others = '"__proto__":{"polluted":true},"vendor":[1]';
  const { fetch } = fetchOf(json(`{"access_token":"${TOKEN}","expires_in":3599,"token_type":"BEARER",${others}}`));
  const before = Math.floor(Date.now() / 1000);
  const tokens = await clientOf({ fetch }).clientCredentials({ scope: "debt.unsecured.presentation" });
  assert.equal(tokens.accessToken, TOKEN);
  assert.equal(tokens.tokenType, "Bearer");
  assert.equal(tokens.scope, undefined);
  assert.ok(tokens.expiresAt >= before + 3599 && tokens.expiresAt <= before + 3601);
  assert.ok(Object.isFrozen(tokens));
  assert.equal(Object.getPrototypeOf(tokens.others), null);
  assert.deepEqual(tokens.others.vendor, [1]);
  assert.equal({}.polluted, undefined);
  assert.equal(tokens.others.polluted, undefined);
});

test("the granted scope may lack the days, and an id_token may be missing", async () => {
  const { fetch } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch });
  const { checked } = answered(client, { request: { purpose: "presentation", days: 100, openid: true } });
  const tokens = await client.exchange(checked);
  assert.equal(tokens.scope, "debt.unsecured.presentation");
  assert.equal(tokens.requestedScope, "debt.unsecured.presentation.100 openid");
  assert.equal(tokens.idToken, undefined);
});

test("another server's id_token must come when it was asked for", async () => {
  const settings = {
    issuer: "https://op.example",
    authorizationEndpoint: "https://op.example/a",
    tokenEndpoint: "https://op.example/connect",
    clientId: "c",
    redirectUri: REDIRECT_URI,
  };
  const { fetch, requests } = fetchOf(json({ access_token: TOKEN, token_type: "Bearer" }));
  // One that could not be verified is of no use, so without the server's keys the code is not even sent.
  const keyless = new Client(provider(settings), none(), { fetch });
  await fails(keyless.exchange(answered(keyless, { request: { scope: "openid read" } }).checked), { code: "invalid_configuration", phase: "token" });
  assert.equal(requests.length, 0);
  const client = new Client(provider({ ...settings, jwksUri: "https://op.example/jwks" }), none(), { fetch });
  const { checked } = answered(client, { request: { scope: "openid read" } });
  await fails(client.exchange(checked), { code: "id_token_missing", phase: "token" });
  assert.equal(requests[0].headers.authorization, undefined);
  assert.match(requests[0].body, /(^|&)client_id=c(&|$)/);
});

test("a secret in the body goes there alone, and norskgjeld refuses it", async () => {
  const op = provider({
    issuer: "https://op.example",
    authorizationEndpoint: "https://op.example/a",
    tokenEndpoint: "https://op.example/t",
    clientId: "c",
    redirectUri: REDIRECT_URI,
  });
  const { fetch, requests } = fetchOf(json({ access_token: TOKEN, token_type: "Bearer" }));
  await new Client(op, clientSecretPost(SECRET), { fetch }).clientCredentials();
  assert.equal(new URLSearchParams(requests[0].body).get("client_secret"), SECRET);
  assert.equal(requests[0].headers.authorization, undefined);
  assert.ok(!requests[0].url.includes("client_secret"));
  for (const authentication of [clientSecretPost(SECRET), none()]) {
    await fails(new Client(preprod, authentication, { fetch }).clientCredentials(), { code: "invalid_configuration" });
  }
  assert.equal(requests.length, 1);
});

test("a code goes out once: in turn, at once, as text, in another spelling, by another client", async () => {
  const { fetch, requests } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch });
  const { checked, code } = answered(client);
  const both = await Promise.allSettled([client.exchange(checked), client.exchange(checked)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["fulfilled", "rejected"],
  );
  await fails(client.exchange(checked), { code: "transaction_used", phase: "token", action: "restart", retryable: false });
  await fails(client.exchange(String(checked)), { code: "transaction_used" });
  await fails(clientOf({ fetch }).exchange(String(checked)), { code: "transaction_used" });
  const other = [...code].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
  for (const spelling of [other, other.toUpperCase()]) {
    const text = String(checked).split(" ").with(5, spelling).join(" ");
    await fails(client.exchange(text), { code: "transaction_used" }, [code]);
  }
  assert.equal(requests.length, 1);
});

test("a code is not sent again after any failure", async () => {
  const failures = {
    "network failure": [() => Promise.reject(new TypeError("fetch failed")), { code: "network_error", phase: "token", retryable: false }],
    "a fetch that throws nothing": [() => Promise.reject(undefined), { code: "network_error", phase: "token", retryable: false }],
    "OAuth error": [json({ error: "invalid_grant" }, 400), { code: "token_error", phase: "token", action: "restart", retryable: false }],
    "server error": [json({ error: "server_error" }, 500), { code: "http_status_unexpected", phase: "token", retryable: false }],
    "busy server": [json("", 503, { "retry-after": "7" }), { code: "http_status_unexpected", retryable: false }],
    HTML: [new Response("<html>", { headers: { "content-type": "text/html" } }), { code: "content_type_unexpected", phase: "token", retryable: false }],
    redirect: [
      new Response(null, { status: 307, headers: { location: "https://evil.example/" } }),
      { code: "redirect_refused", phase: "token", retryable: false },
    ],
  };
  for (const [name, [answer, facts]] of Object.entries(failures)) {
    const { fetch, requests } = fetchOf(answer);
    const client = clientOf({ fetch });
    const { checked, code, verifier } = answered(client);
    const error = await fails(client.exchange(checked), facts, [code, verifier]);
    if (name === "busy server") assert.deepEqual(error.http, { status: 503, retryAfter: 7 });
    if (name === "OAuth error") assert.equal(error.oauth.error, "invalid_grant");
    await fails(client.exchange(checked), { code: "transaction_used" }, [code, verifier]);
    assert.equal(requests.length, 1, name);
  }
});

test("a redirect is refused in every shape a fetch gives it", async () => {
  const opaque = Object.defineProperty(new Response(null, { status: 200 }), "type", { value: "opaqueredirect" });
  const followed = Object.defineProperty(json(tokenBody()), "redirected", { value: true });
  for (const status of [300, 301, 302, 303, 305, 307, 308]) {
    const { fetch } = fetchOf(new Response(null, { status, headers: { location: "/elsewhere" } }));
    await fails(clientOf({ fetch }).clientCredentials(), { code: "redirect_refused", phase: "token", action: "fix_configuration" });
  }
  for (const response of [opaque, followed]) {
    await fails(clientOf({ fetch: async () => response }).clientCredentials(), { code: "redirect_refused", phase: "token" });
  }
  // The phase is the request's, not a guess from the address.
  const op = provider({
    issuer: "https://op.example",
    authorizationEndpoint: "https://op.example/a",
    tokenEndpoint: "https://op.example/connect",
    clientId: "c",
    redirectUri: REDIRECT_URI,
  });
  const client = new Client(op, clientSecretBasic(SECRET), { fetch: async () => opaque });
  await fails(client.clientCredentials(), { code: "redirect_refused", phase: "token" });
});

test("a code of another client, redirect URI or issuer is refused before anything is sent", async () => {
  const { fetch, requests } = fetchOf(json(tokenBody()));
  const { checked } = answered(clientOf());
  const authentication = clientSecretBasic(SECRET);
  for (const change of [{ clientId: "another" }, { redirectUri: "https://app.example.no/callback2" }, { environment: "production" }]) {
    const client = new Client(norskgjeld({ ...settings, ...change }), authentication, { fetch });
    await fails(client.exchange(checked), { code: "transaction_mismatch", phase: "token" });
  }
  for (const text of ["", "undefined", "a b c", `${ISSUER} ${CLIENT_ID} ${REDIRECT_URI}  short code  scope`, `${checked}\nx`, "x".repeat(40_000)]) {
    await fails(clientOf({ fetch }).exchange(text), { code: "code_malformed" });
  }
  assert.equal(requests.length, 0);
  // A refusal sends nothing, so the right client may still use the code.
  assert.equal((await clientOf({ fetch }).exchange(checked)).accessToken, TOKEN);
});

test("settings that cannot work are refused when the client is made", async () => {
  for (const secret of ["", undefined, null, 7, "line\n", "nul\0", "tab\t", "half \ud800"]) {
    for (const make of [clientSecretBasic, clientSecretPost]) await fails(() => make(secret), { code: "invalid_configuration", phase: "configuration" });
  }
  for (const authentication of [null, SECRET, {}, { method: "client_secret_basic" }]) {
    await fails(() => new Client(preprod, authentication), { code: "invalid_configuration" });
  }
  await fails(() => new Client(preprod, none(), clientSecretBasic(SECRET)), { code: "invalid_configuration" });
  const op = provider({ issuer: "https://op.example", authorizationEndpoint: "https://op.example/a", clientId: "c", redirectUri: REDIRECT_URI });
  await fails(new Client(op, clientSecretBasic(SECRET)).clientCredentials(), { code: "invalid_configuration", phase: "token" });
});

test("nothing that holds a secret shows it", async () => {
  const { fetch } = fetchOf(json(tokenBody()));
  const client = clientOf({ fetch });
  const authentication = clientSecretBasic(SECRET);
  assert.ok(authentication instanceof ClientAuthentication);
  assertNoSecret(authentication, [SECRET], "the authentication");
  assertNoSecret(client, [SECRET], "the client");
  const { inspect } = await import("node:util");
  const { checked, code, verifier } = answered(client);
  for (const secret of [code, verifier]) assert.ok(!inspect(checked, { showHidden: true, depth: 9 }).includes(secret), "console.log of a code shows it");
  const tokens = await client.clientCredentials();
  assert.ok(!inspect(tokens).includes(TOKEN), "console.log of tokens shows them");
  assert.ok(!inspect({ deep: [{ tokens }] }, { depth: 9 }).includes(TOKEN));
});

test("an answer that a fetch of the caller's gives is judged the same way", async () => {
  const contentType = "application/json;charset=UTF-8";
  const of = (more, options) => tokensFrom({ contentType, body: JSON.stringify(tokenBody(more)) }, options);
  assert.equal((await of({}, { scope: "debt.unsecured.presentation.7" })).requestedScope, "debt.unsecured.presentation.7");
  await fails(of({ token_type: "mac" }), { code: "token_type_unexpected" });
  await fails(of({ expires_in: "3599" }), { code: "token_response_malformed" });
  assert.equal((await of({ expires_in: "3599" }, { expiresInString: true })).expiresIn, 3599);
  const error = await fails(tokensFrom({ status: 503, contentType, retryAfter: "12" }), { code: "http_status_unexpected" });
  assert.deepEqual(error.http, { status: 503, retryAfter: 12 });
});
