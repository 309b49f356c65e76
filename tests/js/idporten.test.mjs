// ID-porten and Ansattporten against the local servers of that name, and Altinn's exchange in the documented forms.
// docs.digdir.no (oidc_protocol_authorize, oidc_func_onbehalfof), docs.altinn.studio (Authentication).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, SigningKey, clientSecretBasic, privateKeyJwt } from "samtykke";
import { exchangeForAltinn, idporten, idportenLogin } from "samtykke/idporten";
import * as maskinporten from "samtykke/maskinporten";
import { start } from "samtykke-local";
import { fails } from "./support.mjs";

const REDIRECT = "http://localhost:8788/callback";
let local;
before(async () => {
  local = await start({ providers: ["idporten", "ansattporten"], port: 0 });
});
after(() => local.close());

async function clientOf(server, keyed = true) {
  const porten = ({ clientId }) => idporten({ environment: server.environment, clientId, redirectUri: REDIRECT });
  const [signing, secret] = server.clients;
  if (!keyed) return new Client(porten(secret), clientSecretBasic(secret.secret));
  return new Client(porten(signing), privateKeyJwt(await SigningKey.fromJwk(signing.privateJwk, { alg: "RS256" })));
}

/** A login as a person walks it. */
async function login(server, client, asked, person) {
  const { url, transaction } = await client.start(idportenLogin(asked));
  const back = await server.login(url, { person });
  return client.exchange(client.finish(transaction, back));
}

test("environments are data, and a login is pushed to the documented addresses", async () => {
  const at = idporten({ environment: "test", clientId: "c", redirectUri: REDIRECT });
  assert.equal(at.authorizationEndpoint, "https://login.test.idporten.no/authorize");
  assert.equal(at.server.userinfoEndpoint, "https://test.idporten.no/userinfo");
  assert.equal(at.server.pushedAuthorizationRequestEndpoint, "https://test.idporten.no/par");
  const employees = idporten({ environment: "ansattporten-production", clientId: "c", redirectUri: REDIRECT });
  assert.equal(employees.issuer, "https://ansattporten.no");
  assert.equal(employees.server.userinfoEndpoint, undefined);
  for (const environment of ["ver2", "toString", undefined, { issuer: "https://idporten.no/" }, { issuer: "http://idporten.no" }, 1])
    assert.throws(() => idporten({ environment, clientId: "c", redirectUri: REDIRECT }), { code: "invalid_configuration" });
  assert.throws(() => idporten(), { code: "invalid_configuration" });
});

test("a person logs in, at a level that is enough", async () => {
  const server = local.idporten;
  for (const keyed of [true, false]) {
    const client = await clientOf(server, keyed);
    const tokens = await login(server, client, { acrValues: ["idporten-loa-substantial"], uiLocales: "nn" }, "Ingrid Fjellheim");
    assert.equal(tokens.claims.acr, "idporten-loa-high");
    assert.equal(tokens.claims.pid, "14842249091");
    assert.equal((await client.userinfo(tokens)).sub, tokens.claims.sub);
    const renewed = await client.refresh(tokens);
    assert.ok(renewed.accessToken && renewed.accessToken !== tokens.accessToken);
    await client.revoke(renewed.refreshToken ?? tokens.refreshToken);
  }
  assert.ok(server.requests("par").length >= 2);
});

test("a login for a customer says so, and one whose id_token names no customer is refused", async () => {
  const server = local.idporten;
  const { claims } = await login(server, await clientOf(server), { onBehalfOf: "leikanger_kommune" }, "Ingrid Fjellheim");
  assert.equal(claims.client_onbehalfof, "leikanger_kommune");
  // The local Ansattporten knows of no customers.
  const client = await clientOf(local.ansattporten);
  await fails(login(local.ansattporten, client, { onBehalfOf: "leikanger_kommune" }), { code: "claim_refused" });
});

test("a person logs in at Ansattporten", async () => {
  const client = await clientOf(local.ansattporten);
  const { claims } = await login(local.ansattporten, client, { acrValues: ["substantial"] });
  assert.equal(claims.iss, local.ansattporten.environment.issuer);
  assert.ok(["substantial", "high"].includes(claims.acr));
});

test("what a login asks for is judged", () => {
  const details = [{ type: "ansattporten:altinn:service", resource: "urn:altinn:resource:2480:40" }];
  assert.deepEqual(idportenLogin({ scope: "openid", authorizationDetails: details, prompt: "login" }), {
    scope: "openid",
    extra: { authorization_details: JSON.stringify(details), prompt: "login" },
  });
  for (const wrong of [{ acrValues: "idporten-loa-high" }, { authorizationDetails: {} }, { acr: ["x"] }, null, "openid"])
    assert.throws(() => idportenLogin(wrong), { code: "invalid_parameter" });
});

const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"exp":1718124835}').toString("base64url")}.c2ln`;
const answered = (status, body, type = "text/plain; charset=utf-8") => {
  const seen = [];
  const fetch = async (url, { method, headers, redirect }) => {
    seen.push({ url, method, authorization: headers.authorization, redirect });
    return new Response(body, { status, headers: { "content-type": type } });
  };
  return { seen, fetch };
};

test("Altinn gives a token of its own, bare or quoted", async () => {
  assert.equal(maskinporten.exchangeForAltinn, exchangeForAltinn);
  for (const [body, type] of [
    [TOKEN, "text/plain; charset=utf-8"],
    [`"${TOKEN}"`, "application/json"],
  ]) {
    const { seen, fetch } = answered(200, body, type);
    const found = await exchangeForAltinn("x.y.z", { environment: "tt02", issuer: "maskinporten", testDepartment: true, fetch });
    assert.deepEqual(found, { accessToken: TOKEN, expiresAt: 1_718_124_835 });
    const url = "https://platform.tt02.altinn.no/authentication/api/v1/exchange/maskinporten?test=true";
    assert.deepEqual(seen, [{ url, method: "GET", authorization: "Bearer x.y.z", redirect: "manual" }]);
  }
  const { seen, fetch } = answered(200, "opaque");
  const options = { environment: { platform: "https://altinn.example" }, issuer: "id-porten", fetch };
  assert.deepEqual(await exchangeForAltinn({ accessToken: "a" }, options), { accessToken: "opaque" });
  assert.equal(seen[0].url, "https://altinn.example/authentication/api/v1/exchange/id-porten");
});

test("Altinn's refusals say what to compare", async () => {
  for (const [status, body, code] of [
    [401, "", "token_invalid"],
    [403, "", "unauthorized"],
    [302, "", "redirect_refused"],
    [500, "", "http_status_unexpected"],
    [200, "<html></html>", "token_response_malformed"],
  ]) {
    const { fetch } = answered(status, body);
    await fails(exchangeForAltinn("x.y.z", { environment: "production", issuer: "maskinporten", fetch }), { code });
  }
  await fails(exchangeForAltinn("x.y", { environment: "tt01", issuer: "maskinporten" }), { code: "invalid_configuration" });
  await fails(exchangeForAltinn("x.y", { environment: "tt02", issuer: "helseid" }), { code: "invalid_parameter" });
  for (const wrong of [undefined, 1, { accessToken: 1 }, "a b"]) {
    await fails(exchangeForAltinn(wrong, { environment: "tt02", issuer: "maskinporten" }), { code: "invalid_parameter" });
  }
  await fails(exchangeForAltinn("x.y"), { code: "invalid_parameter" });
});
