// Any AD FS: each way to name a certificate, secrets, a public client, both forms of a target, logins, logout and discovery.
// Facts of MS-OAPX and windowsserverdocs, and of servers in use (tests/reality/adfs.json); the local AD FS judges by npm jose.
// Each refusal of the server's has a case.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { Client, JwksCache, SigningKey, clientSecretBasic, clientSecretPost, discover, none, privateKeyJwt } from "samtykke";
import { accessTokenIssuer, adfs as adfsAt, adfsFetch, adfsKeys, adfsRules, adfsTarget, msis, requestId } from "samtykke/adfs";
import { start } from "samtykke-local";
import { API, CALLBACK, CLIENT, LOGGED_OUT, OTHER, SECRET, startExampleAdfs } from "samtykke-local/adfs";
import { fails } from "./support.mjs";

const world = await startExampleAdfs();
const { adfs } = world;
const { keyPem, pem, x5t, x5tHex } = world.certificate;
const keyOf = (options) => SigningKey.fromPem(keyPem, { alg: "RS256", certificates: pem, ...options });
const key = await keyOf();
const first = { ...adfs.settings };
beforeEach(() => {
  Object.assign(adfs.settings, first, { authTime: undefined });
  world.client.public = false;
});
after(() => world.close());

const server = (options) => adfsAt({ issuer: adfs.issuer, clientId: CLIENT, redirectUri: CALLBACK, development: true, ...options });
const READ = adfsTarget(API, "read");
const form = () => adfs.tokenRequests().at(-1).form;
const header = () => decodeProtectedHeader(form().get("client_assertion"));

test("each way to name the certificate is taken by the server that wants it, and by no other", async () => {
  const kid = x5tHex.toUpperCase();
  const known = await keyOf({ kid });
  const ways = { x5t: { x5t }, kid: { kid }, x5t_kid: { kid, x5t } };
  for (const [keyName, names] of Object.entries(ways)) {
    const client = new Client(server({ keyName }), privateKeyJwt(known));
    for (const wanted of Object.keys(ways)) {
      adfs.settings.keyName = wanted;
      const token = client.clientCredentials(READ);
      if (wanted.split("_").every((name) => name in names)) {
        assert.equal((await token).others.resource, API);
        assert.deepEqual(header(), { alg: "RS256", typ: "JWT", ...names });
      } else {
        const error = await fails(token, { code: "token_error" });
        assert.equal(msis(error).code, "MSIS9622", `${keyName} where ${wanted} is wanted`);
      }
    }
  }
  for (const keyName of ["", "KID", null, "toString"]) await fails(() => server({ keyName }), { code: "invalid_configuration" });
  await fails(() => adfsRules("hex"), { code: "invalid_configuration" });
});

test("a key without what its name asks for is refused before anything is sent", async () => {
  const before = adfs.tokenRequests().length;
  const bare = await SigningKey.generate({ alg: "RS256" });
  for (const [keyName, lacking] of [
    ["x5t", bare],
    ["kid", bare],
    ["kid", key],
    ["x5t_kid", key],
  ])
    await fails(new Client(server({ keyName }), privateKeyJwt(lacking)).clientCredentials(READ), { code: "invalid_configuration" });
  const elliptic = await SigningKey.generate({ alg: "ES256", kid: "k" });
  await fails(new Client(server({ keyName: "kid" }), privateKeyJwt(elliptic)).clientCredentials(READ), { code: "invalid_configuration" });
  assert.equal(adfs.tokenRequests().length, before);
});

test("a secret in the form or in the header, and a public client's login", async () => {
  for (const authentication of [clientSecretPost(SECRET), clientSecretBasic(SECRET)]) {
    assert.equal((await new Client(server(), authentication).clientCredentials(READ)).others.resource, API);
  }
  for (const authentication of [clientSecretPost("another"), clientSecretBasic("another")]) {
    const error = await fails(new Client(server(), authentication).clientCredentials(READ), { code: "token_error" });
    assert.deepEqual([error.oauth.error, msis(error).code, error.action], ["invalid_client", "MSIS9622", "fix_configuration"]);
  }
  world.client.public = true;
  const tokens = await login(new Client(server(), none(), { jwks: keys(server()) }));
  assert.equal(tokens.claims.sub, "person-1");
});

const keys = (at) => adfsKeys(at, new JwksCache({ development: true }));
/** What a browser posts of the form that the server answers with. */
function posted(page) {
  const fields = [...page.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  return new Request(page.match(/action="([^"]+)"/)[1], { method: "POST", body: new URLSearchParams(fields) });
}
async function login(client, target = adfsTarget(API, "openid read"), more = {}) {
  const { resource, scope } = target;
  const named = resource && { resource };
  const { url, transaction } = client.begin({ scope, ...more, extra: { ...named } });
  assert.equal(new URL(url).searchParams.get("code_challenge_method"), "S256", "AD FS publishes no list, and takes it");
  const answer = await fetch(url, { redirect: "manual" });
  const back = more.responseMode ? posted(await answer.text()) : answer.headers.get("location");
  return client.exchange(await client.finish(transaction, back), { ...named });
}

test("a login by an address or by a form, with auth_time as a number or as a date", async () => {
  const client = new Client(server(), privateKeyJwt(key), { jwks: keys(server()) });
  for (const more of [{}, { responseMode: "form_post" }]) {
    for (const authTime of [undefined, "2026-01-02T03:04:05Z"]) {
      adfs.settings.authTime = authTime;
      const tokens = await login(client, undefined, more);
      assert.deepEqual([tokens.claims.sub, tokens.claims.iss, tokens.others.resource], ["person-1", adfs.issuer, API]);
      assert.equal(decodeJwt(tokens.accessToken).iss, accessTokenIssuer(adfs.issuer));
    }
  }
  adfs.settings.authTime = "yesterday";
  await fails(login(client), { code: "claim_refused" });
});

test("a logout that leads back, and one that does not", async () => {
  const client = new Client(server(), privateKeyJwt(key), { jwks: keys(server()) });
  const tokens = await login(client);
  const { url } = client.logoutUrl({ idTokenHint: tokens.idToken, postLogoutRedirectUri: LOGGED_OUT });
  assert.equal(new URL(url).pathname, "/adfs/oauth2/logout");
  assert.equal((await fetch(url, { redirect: "manual" })).headers.get("location"), LOGGED_OUT);
  const elsewhere = client.logoutUrl({ idTokenHint: tokens.idToken, postLogoutRedirectUri: "https://elsewhere.example/" });
  assert.equal((await fetch(elsewhere.url, { redirect: "manual" })).status, 200, "an address that is not registered");
});

test("userinfo takes the token of a login without resource, and no token of an API's", async () => {
  const client = new Client(server(), privateKeyJwt(key), { jwks: keys(server()) });
  const own = await login(client, { scope: "openid" });
  assert.equal(decodeJwt(own.accessToken).aud, "microsoft:identityserver:urn:microsoft:userinfo");
  const userinfo = await client.userinfo(own);
  assert.equal(userinfo.sub ?? userinfo.claims?.sub, "person-1");
  const other = await login(client);
  await fails(client.userinfo(other), { code: "token_invalid" });
});

test("a target is one resource, or stands before each scope", async () => {
  const client = new Client(server(), privateKeyJwt(key));
  const one = await client.clientCredentials(READ);
  const joined = await client.clientCredentials(adfsTarget(OTHER, "read", { joined: true }));
  assert.deepEqual(
    [one, joined].map(({ accessToken }) => decodeJwt(accessToken).aud),
    [API, OTHER].map((name) => `microsoft:identityserver:${name}`),
  );
  assert.deepEqual([form().get("scope"), form().has("resource")], [`${OTHER}/read`, false]);
  for (const [resource, scope, options] of [
    ["", "read"],
    [undefined, "read"],
    [API, " ", { joined: true }],
  ])
    await fails(() => adfsTarget(resource, scope, options), { code: "invalid_parameter" });
  const traced = new Client(server(), privateKeyJwt(key), { fetch: adfsFetch(server()) });
  for (const [target, code] of [
    ["urn:example:unknown", "MSIS9602"],
    ["urn:example:forbidden", "MSIS9605"],
  ]) {
    const error = await fails(traced.clientCredentials(adfsTarget(target)), { code: "token_error", action: "fix_configuration" });
    assert.deepEqual([error.provider.code, requestId(error)], [code, adfs.tokenRequests().at(-1).headers["client-request-id"]]);
  }
});

test("a host is the AD FS at it; what is neither is refused", async () => {
  const { issuer, tokenEndpoint } = adfsAt({ issuer: "adfs.example.org", clientId: CLIENT });
  assert.deepEqual([issuer, tokenEndpoint], ["https://adfs.example.org/adfs", "https://adfs.example.org/adfs/oauth2/token/"]);
  for (const odd of ["", "https://adfs.example.org/adfs/", "adfs.example.org/adfs", "http://adfs.example.org/adfs", "user@adfs.example.org", 7, undefined]) {
    await fails(() => adfsAt({ issuer: odd, clientId: CLIENT }), { code: "invalid_configuration" });
  }
});

test("discovery: addresses of the metadata, requests as AD FS wants them", async () => {
  const found = await discover(adfs.issuer, { clientId: CLIENT, redirectUri: CALLBACK, development: true, ...adfsRules("kid") });
  assert.equal(found.tokenEndpoint, `${adfs.issuer}/oauth2/token/`);
  adfs.settings.keyName = "kid";
  const known = await keyOf({ kid: x5tHex.toUpperCase() });
  assert.equal((await new Client(found, privateKeyJwt(known)).clientCredentials(READ)).others.resource, API);
});

test("samtykke-local has one: a token, a login, and AD FS' errors by their codes", async () => {
  const local = await start({ providers: ["adfs"], port: 0 });
  try {
    const { environment, client, apis, issueToken } = local.adfs;
    const at = adfsAt({ ...environment, clientId: client.clientId, redirectUri: client.redirectUris[0], development: true });
    const ours = new Client(at, privateKeyJwt(await SigningKey.fromPem(client.keyPem, { alg: "RS256", certificates: client.certificates })));
    const target = adfsTarget(apis.resources[0], "read");
    for (const token of [(await ours.clientCredentials(target)).accessToken, await issueToken()]) {
      assert.equal(decodeJwt(token).aud, `microsoft:identityserver:${apis.resources[0]}`);
    }
    const codes = { MSIS9604: "try_later", MSIS9607: "fix_configuration", MSIS9609: "fix_configuration", MSIS9622: "fix_configuration" };
    for (const [code, action] of Object.entries(codes)) {
      local.adfs.next({ endpoint: "token", fault: code });
      const error = await fails(ours.clientCredentials(target), { code: "token_error" });
      assert.deepEqual([msis(error).code, msis(error).action], [code, action]);
    }
  } finally {
    await local.close();
  }
});
