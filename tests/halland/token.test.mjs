// Tokens of the local AD FS: assertions by certificate, one resource a token, codes and refresh, AD FS' error codes.
// Facts of windowsserverdocs and of Region Halland's page; npm jose judges. Each refusal of the server's has a case.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SignJWT, decodeJwt, decodeProtectedHeader } from "jose";
import { Client, SigningKey, discover, privateKeyJwt, provider } from "samtykke";
import { accessTokenIssuer, hallandRules, certificateTimes, currentKey, halland, adfsTarget, msis, refreshExpiresIn } from "samtykke/halland";
import { fails } from "../js/support.mjs";
import { clientFor } from "../lib/answering.mjs";
import { certificate } from "samtykke-local/internal/adfs/certificate.mjs";
import { CALLBACK, CLIENT, EXAMPLE, HSA, startHalland } from "samtykke-local/halland";

let world, adfs;
before(async () => {
  world = await startHalland();
  ({ adfs } = world);
});
after(() => world.close());

const keyOf = ({ keyPem, pem } = world.certificate, options = {}) => SigningKey.fromPem(keyPem, { alg: "RS256", certificates: pem, ...options });
async function clientOf({ rules, made, key, clientId = CLIENT, redirectUri = CALLBACK, tokenEndpoint, ...options } = {}) {
  const settings = { issuer: adfs.issuer, clientId, redirectUri, development: true, ...(tokenEndpoint && { tokenEndpoint }) };
  return new Client(halland(settings), privateKeyJwt(key ?? (await keyOf(made)), rules), options);
}
const form = () => adfs.tokenRequests().at(-1).form;
const READ = adfsTarget(HSA, "hsainfoapi.read hsainfoapi.write");

test("client credentials as documented: resource a bare name, client_id in the form, x5t, aud as called", async () => {
  const tokens = await (await clientOf()).clientCredentials(READ);
  const sent = Object.fromEntries(form());
  const { client_assertion: assertion, ...rest } = sent;
  assert.deepEqual(rest, {
    grant_type: "client_credentials",
    resource: HSA,
    scope: "hsainfoapi.read hsainfoapi.write",
    client_id: CLIENT,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  });
  assert.match(adfs.tokenRequests().at(-1).body, /(^|&)resource=hsainfoapi\.regionhalland\.se(&|$)/);
  assert.deepEqual(decodeProtectedHeader(assertion), { alg: "RS256", typ: "JWT", x5t: world.certificate.x5t });
  const { iss, sub, aud, nbf, iat, exp, jti } = decodeJwt(assertion);
  assert.deepEqual([iss, sub, aud], [CLIENT, CLIENT, `${adfs.issuer}/oauth2/token/`]);
  assert.deepEqual([typeof nbf, nbf, exp - nbf], ["number", iat, 300]);
  assert.match(jti, /^[0-9a-f-]{36}$/);
  await (await clientOf({ key: await keyOf(world.certificate, { kid: "key-1" }) })).clientCredentials(READ);
  assert.equal(decodeProtectedHeader(form().get("client_assertion")).kid, undefined, "x5t names the certificate");
  assert.deepEqual([tokens.tokenType, tokens.expiresIn, tokens.others.resource, tokens.refreshToken], ["Bearer", 3600, HSA, undefined]);
});

test("the thumbprint's published example", () => {
  assert.equal(Buffer.from("84E05C1D98BCE3A5421D225B140B36E86A3D5534", "hex").toString("base64url"), "hOBcHZi846VCHSJbFAs26Go9VTQ");
  assert.equal(Buffer.from(world.certificate.x5tHex, "hex").toString("base64url"), world.certificate.x5t);
});

test("one token a resource: each asked for on its own, and the API's name in it", async () => {
  const client = await clientOf();
  const [hsa, example] = [await client.clientCredentials(adfsTarget(HSA)), await client.clientCredentials(adfsTarget(EXAMPLE, "exempelapi.Public"))];
  assert.deepEqual(
    [decodeJwt(hsa.accessToken).aud, decodeJwt(example.accessToken).aud],
    [`microsoft:identityserver:${HSA}`, `microsoft:identityserver:${EXAMPLE}`],
  );
  assert.deepEqual([decodeJwt(hsa.accessToken).iss, "kid" in decodeProtectedHeader(hsa.accessToken)], [accessTokenIssuer(adfs.issuer), false]);
  const joined = await client.clientCredentials(adfsTarget(HSA, "hsainfoapi.read", { joined: true }));
  assert.deepEqual([form().get("scope"), form().has("resource"), joined.others.resource], [`${HSA}/hsainfoapi.read`, false, HSA]);
  for (const scope of [undefined, "", " "]) await fails(() => adfsTarget(HSA, scope, { joined: true }), { code: "invalid_parameter" });
});

test("no resource: refused by the target; sent all the same it is a token for userinfo", async () => {
  await fails(() => adfsTarget(""), { code: "invalid_parameter" });
  await fails(() => adfsTarget(undefined, "x"), { code: "invalid_parameter" });
  const { others } = await (await clientOf()).clientCredentials({ scope: "hsainfoapi.read" });
  assert.equal(others.resource, "urn:microsoft:userinfo");
});

test("resources and scopes the server refuses, with its code and what to do", async () => {
  const client = await clientOf();
  const refused = async (target, error, code) => {
    const failed = await fails(client.clientCredentials(target), { code: "token_error" });
    const found = msis(failed);
    assert.deepEqual([failed.oauth.error, found.code, found.action], [error, code, "fix_configuration"]);
    assert.ok(found.advice.length > 20);
  };
  await refused(adfsTarget("unknown.regionhalland.se"), "invalid_resource", "MSIS9602");
  await refused(adfsTarget(`https://${HSA}`), "invalid_resource", "MSIS9602");
  await refused(adfsTarget(HSA.toUpperCase()), "invalid_resource", "MSIS9602");
  await refused(adfsTarget(`${HSA}/`), "invalid_resource", "MSIS9602");
  await refused(adfsTarget("other.regionhalland.se"), "access_denied", "MSIS9605");
  await refused(adfsTarget(HSA, "hsainfoapi.delete"), "access_denied", "MSIS9605");
  await refused(adfsTarget(EXAMPLE, "exempelapi.public"), "access_denied", "MSIS9605");
});

test("assertions the server refuses", async () => {
  const refused = async (name, why, options, target = READ) => {
    const error = await fails((await clientOf(options)).clientCredentials(target), { code: "token_error" });
    assert.deepEqual([error.oauth.error, msis(error).code, adfs.reasons.at(-1)], ["invalid_client", "MSIS9622", why], name);
  };
  await refused("the issuer as aud", "aud", { rules: { audience: "issuer" } });
  await refused("the wrong slash", "aud", { rules: { audience: { literal: `${adfs.issuer}/oauth2/token` } } });
  await refused("x5t#S256 alone", "x5t", { rules: { x5t: "never", x5tS256: "always" } });
  await refused("no thumbprint", "x5t", { rules: { x5t: "never" } });
  await refused("another's certificate of the same name", "x5t", { made: certificate() });
  await refused("a renewed certificate not yet registered", "x5t", { made: certificate({ keys: world.certificate.keys }) });
  await refused("a clock that is behind", "exp", { clockOffset: -3600 });
  await refused("a clock that is ahead", "nbf", { clockOffset: 3600 });
  const unknown = await fails((await clientOf({ clientId: "11111111-0000-0000-0000-000000000000" })).clientCredentials(READ), { code: "token_error" });
  assert.equal(msis(unknown).code, "MSIS9607");
  for (const [name, days] of [
    ["expired", { from: -20, to: -10 }],
    ["not yet valid", { from: 10, to: 20 }],
  ]) {
    // The server would say MSIS9622; the client says the dates, and asks nothing.
    const made = certificate(days);
    world.client.certificates.push(made);
    const before = adfs.tokenRequests().length;
    const error = await fails((await clientOf({ made })).clientCredentials(READ), { code: "key_refused" });
    assert.match(error.actual, /^one from 20/, name);
    assert.equal(adfs.tokenRequests().length, before);
  }
});

test("assertions the library does not make", async () => {
  const before = adfs.tokenRequests().length;
  const asks = async (options) => (await clientOf(options)).clientCredentials(READ);
  const { keyPem, pem } = world.certificate;
  await fails(asks({ key: await SigningKey.fromPem(keyPem, { alg: "RS256" }) }), { code: "invalid_configuration" });
  await fails(asks({ key: await SigningKey.fromPem(keyPem, { alg: "PS256", certificates: pem }) }), { code: "invalid_configuration" });
  await fails(asks({ rules: { lifetime: 601 } }), { code: "invalid_configuration" });
  await fails(keyOf({ keyPem, pem: certificate().pem }), { code: "key_refused" });
  await fails(() => halland({ issuer: "https://adfs.example.se/adfs/", clientId: CLIENT }), { code: "invalid_configuration" });
  await fails(() => halland({ issuer: "http://adfs.example.se/adfs", clientId: CLIENT }), { code: "invalid_configuration" });
  await fails(() => halland({ issuer: adfs.issuer, clientId: CLIENT, development: true, clientSecret: "x" }), { code: "secret_in_browser" });
  await fails(() => halland(), { code: "invalid_configuration" });
  assert.equal(adfs.tokenRequests().length, before);
});

test("what others send and the server refuses: it is as strict as these tests need", async () => {
  const { keys, x5t, x5tHex, keyHash, x5tS256 } = world.certificate;
  const now = Math.floor(Date.now() / 1000);
  const send = async (header, claims = {}, key = keys.privateKey) => {
    const assertion = await new SignJWT({
      iss: CLIENT,
      sub: CLIENT,
      aud: `${adfs.issuer}/oauth2/token/`,
      nbf: now,
      exp: now + 300,
      jti: crypto.randomUUID(),
      ...claims,
    })
      .setProtectedHeader(header)
      .sign(key);
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      resource: HSA,
      client_id: CLIENT,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    });
    const post = () => fetch(`${adfs.issuer}/oauth2/token/`, { method: "POST", body });
    return { response: await post(), post };
  };
  const right = await send({ alg: "RS256", x5t });
  assert.equal(right.response.status, 200);
  assert.deepEqual([(await right.post()).status, adfs.reasons.at(-1)], [400, "jti"]);
  for (const [name, header, claims, why] of [
    ["hex", { alg: "RS256", x5t: x5tHex }, {}, "x5t"],
    ["padded", { alg: "RS256", x5t: `${x5t}=` }, {}, "x5t"],
    ["of the key", { alg: "RS256", x5t: keyHash }, {}, "x5t"],
    ["SHA-256", { alg: "RS256", "x5t#S256": x5tS256 }, {}, "x5t"],
    ["PS256", { alg: "PS256", x5t }, {}, "ERR_JOSE_ALG_NOT_ALLOWED"],
    ["too long", { alg: "RS256", x5t }, { exp: now + 601 }, "lifetime"],
    ["a list", { alg: "RS256", x5t }, { aud: [`${adfs.issuer}/oauth2/token/`] }, "aud is a list"],
  ]) {
    const { response } = await send(header, claims);
    assert.deepEqual([response.status, adfs.reasons.at(-1)], [400, why], name);
  }
});

test("the slash is a setting: a server that insists on the other form gets it, in address and aud", async () => {
  adfs.settings.slash = false;
  const tokens = await (await clientOf({ tokenEndpoint: `${adfs.issuer}/oauth2/token` })).clientCredentials(READ);
  assert.ok(tokens.accessToken);
  assert.equal(adfs.tokenRequests().at(-1).path, "/adfs/oauth2/token");
  await fails((await clientOf()).clientCredentials(READ), { code: "token_error" });
  adfs.settings.slash = true;
});

test("authorization code: resource at both ends, a verified id_token, refresh tokens that stay, and their end", async () => {
  const client = await clientOf();
  const login = client.begin({ scope: "openid hsainfoapi.read", extra: { resource: HSA, domain_hint: "regionhalland.se" } });
  assert.equal(new URL(login.url).searchParams.get("resource"), HSA);
  const back = async ({ url, transaction }) => client.finish(transaction, (await fetch(url, { redirect: "manual" })).headers.get("location"));
  const tokens = await client.exchange(await back(login), { resource: HSA });
  assert.equal(form().get("resource"), HSA);
  assert.deepEqual([tokens.claims.iss, tokens.claims.aud, tokens.claims.sub], [adfs.issuer, CLIENT, "person-1"]);
  assert.deepEqual([tokens.scope, refreshExpiresIn(tokens)], ["openid hsainfoapi.read", 28_800]);
  for (const odd of [undefined, "28800", -1, 1.5]) assert.equal(refreshExpiresIn({ others: { refresh_token_expires_in: odd } }), undefined);
  const renewed = await client.refresh(tokens, { resource: HSA });
  assert.equal(renewed.refreshToken, tokens.refreshToken, "AD FS gives no new one");
  adfs.settings.refreshExpired = true;
  const ended = await fails(client.refresh(renewed), { code: "session_ended", action: "restart" });
  assert.deepEqual([msis(ended).code, msis(ended).action, ended.http.status], ["MSIS9615", "restart", 401]);
  adfs.settings.refreshExpired = false;
  await fails(client.refresh("unknown-token"), { code: "session_ended" });
  const [whole, other] = [new Date().toISOString(), new Date(Date.now() + 60_000).toISOString()];
  adfs.settings.authTime = whole;
  assert.equal(
    (await client.exchange(await back(client.begin({ scope: "openid" })))).claims.auth_time,
    Math.floor(Date.parse(whole) / 1000),
    "a date as text becomes a time",
  );
  for (adfs.settings.authTime of [other, "yesterday", `${Math.floor(Date.now() / 1000)}`, ""]) {
    const { expected, actual } = await fails(client.exchange(await back(client.begin({ scope: "openid" }))), { code: "claim_refused" });
    assert.match(`${expected} ${actual}`, /auth_time/);
  }
  adfs.settings.authTime = undefined;
  const denied = client.begin({ scope: "openid exempelapi.admin", extra: { resource: EXAMPLE } });
  const error = await fails(back(denied), { phase: "callback" });
  assert.equal(msis(error).code, "MSIS9605");
  const twice = await back(client.begin({ scope: "openid", extra: { resource: HSA } }));
  await client.exchange(twice);
  await fails(client.exchange(twice), { code: "transaction_used" });
  const standard = provider({
    issuer: adfs.issuer,
    authorizationEndpoint: `${adfs.issuer}/oauth2/authorize/`,
    tokenEndpoint: `${adfs.issuer}/oauth2/token/`,
    clientId: CLIENT,
    redirectUri: CALLBACK,
    development: true,
  });
  await fails(() => new Client(standard).begin({ scope: "openid", extra: { resource: HSA } }), { code: "invalid_parameter" });
});

test("discovery, with a slash at the end of its endpoints, and what AD FS does not have", async () => {
  const found = await discover(adfs.issuer, { clientId: CLIENT, development: true, ...hallandRules });
  assert.equal(found.tokenEndpoint, `${adfs.issuer}/oauth2/token/`);
  const client = new Client(found, privateKeyJwt(await keyOf()));
  assert.ok((await client.clientCredentials(READ)).accessToken);
  await fails(client.introspect("x"), { code: "endpoint_missing" });
  await fails(client.revoke("x"), { code: "endpoint_missing" });
  const { url, state } = client.logoutUrl({ postLogoutRedirectUri: "https://app.example.se/" });
  assert.ok(state && url.startsWith(`${adfs.issuer}/oauth2/logout?client_id=`));
});

test("two certificates overlap while one is renewed", async () => {
  const next = certificate();
  world.client.certificates.push(next);
  for (const made of [world.certificate, next]) assert.ok((await (await clientOf({ made })).clientCredentials(READ)).accessToken);
});

test("the key to sign with: the first whose certificate is valid now, and whether it ends soon", async () => {
  const day = 86_400;
  const now = Math.floor(Date.now() / 1000);
  const made = {
    old: certificate({ from: -400, to: 10 }),
    next: certificate({ from: -1, to: 9000 }),
    past: certificate({ from: -20, to: -10 }),
    future: certificate({ from: 10, to: 20 }),
  };
  const keys = Object.fromEntries(await Promise.all(Object.entries(made).map(async ([name, one]) => [name, await keyOf(one)])));
  for (const [name, { read }] of Object.entries(made)) {
    assert.deepEqual(certificateTimes(keys[name]), { notBefore: Date.parse(read.validFrom) / 1000, notAfter: Date.parse(read.validTo) / 1000 }, name);
  }
  const old = currentKey([keys.past, keys.future, keys.old, keys.next]);
  assert.deepEqual([old.key === keys.old, old.expiresSoon], [true, true]);
  assert.equal(currentKey([keys.old], { warn: 5 * day }).expiresSoon, false);
  assert.equal(currentKey([keys.old, keys.next], { now: now + 11 * day }).key, keys.next);
  await fails(() => currentKey([keys.past, keys.future]), { code: "key_refused" });
  await fails(() => currentKey([]), { code: "key_refused" });
  await fails(() => currentKey(keys.old), { code: "invalid_configuration" });
  await fails(() => certificateTimes(undefined), { code: "key_refused" });
  await fails(async () => certificateTimes(await SigningKey.generate()), { code: "key_refused" });
});

test("answers of a server in trouble", async () => {
  const client = await clientOf();
  const fault = (status, body, type) => adfs.faults.push({ status, body, type });
  fault(500, { error: "server_error" });
  await fails(client.clientCredentials(READ), { code: "http_status_unexpected", action: "try_later" });
  fault(503, "<html>", "text/html");
  await fails(client.clientCredentials(READ), { code: "http_status_unexpected" });
  const { refreshToken } = await clientFor({ contentType: "application/json", body: '{"access_token":"x","token_type":"bearer"}' }).refresh("kept");
  assert.equal(refreshToken, "kept");
});

test("AD FS' codes are found wherever they stand, and none where there is none", () => {
  assert.deepEqual(msis("MSIS9999: x"), { code: "MSIS9999" });
  assert.equal(msis("see MSIS9921").action, "fix_configuration");
  for (const none of ["", "MSIS", "MSIS12", "MSIS1234567", undefined, null, {}, new Error("MSIS9602")]) assert.equal(msis(none), undefined);
});

test("a browser that is not let through sees a network error, not a wrong client", async () => {
  const client = await clientOf({ fetch: () => Promise.reject(new TypeError("Failed to fetch")) });
  const error = await fails(client.clientCredentials(READ), { code: "network_error", phase: "token" });
  assert.equal(error.oauth, undefined);
});
