// ID tokens of the local Norsk Gjeldsinformasjon, verified by jose and by openid-client as strangers.
// OpenID Connect Core 3.1.3.6, 3.1.3.7 and 8.1; `pid` and `consent_id` as Norsk Gjeldsinformasjon adds them.
// Refuses (tests that it refuses) an ID token nobody asked for.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import * as oidc from "openid-client";

import { basic, CALLBACK, OTHER_USER, start, USER } from "./support.mjs";

const SECOND = { id: "second-bank", secret: "s", redirectUris: [CALLBACK] };

let nogi;
before(async () => {
  nogi = await start();
  nogi.control.addClient(SECOND);
});
after(() => nogi.close());

const SCOPE = "debt.unsecured.presentation.10 openid";

test("jose accepts it: RS256, issuer with the slash, audience, nonce, at_hash, pid and consent_id", async () => {
  const tokens = await nogi.login({ scope: SCOPE, nonce: "nonce-of-this-flow" });
  const jwks = createRemoteJWKSet(new URL(`${nogi.authUrl}/.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(tokens.id_token, jwks, {
    issuer: nogi.issuer,
    audience: nogi.client.id,
    algorithms: ["RS256"],
    requiredClaims: ["exp", "iat", "auth_time", "at_hash", "jti", "rat", "sid", "sub"],
  });
  assert.equal(protectedHeader.alg, "RS256");
  assert.equal(payload.nonce, "nonce-of-this-flow");
  assert.equal(payload.pid, USER);
  assert.equal(payload.consent_id, nogi.control.consents().at(-1).id);
  const half = createHash("sha256").update(tokens.access_token).digest().subarray(0, 16).toString("base64url");
  assert.equal(payload.at_hash, half);
  assert.equal(payload.exp - payload.iat, 3600);
  assert.ok(Math.abs(payload.iat - Date.now() / 1000) < 5 && payload.auth_time <= payload.iat);
  assert.equal(tokens.scope, "debt.unsecured.presentation openid");
});

test("there is none without openid, and no nonce where none was sent", async () => {
  assert.equal((await nogi.login({ scope: "debt.unsecured.presentation" })).id_token, undefined);
  const { id_token } = await nogi.login({ scope: SCOPE });
  assert.equal("nonce" in decodeJwt(id_token), false);
});

test("sub is pairwise: steady for one client, another for the next client and the next person, never the NIN", async () => {
  const sub = async (params, headers) => {
    const { fields } = await nogi.consent({ scope: SCOPE, ...params });
    return decodeJwt((await nogi.token(fields, headers)).body.id_token).sub;
  };
  const mine = await sub({});
  assert.equal(await sub({}), mine);
  assert.notEqual(await sub({ user: OTHER_USER }), mine);
  assert.notEqual(await sub({ client_id: SECOND.id }, { authorization: basic(SECOND.id, SECOND.secret) }), mine);
  assert.ok(!mine.includes(USER));
});

test("times follow the provider's clock", async () => {
  nogi.control.setClock(86_400_000);
  try {
    const { iat, exp, auth_time, rat } = decodeJwt((await nogi.login({ scope: SCOPE })).id_token);
    const tomorrow = Date.now() / 1000 + 86_400;
    for (const time of [iat, exp - 3600, auth_time, rat]) assert.ok(Math.abs(time - tomorrow) < 5, String(time - tomorrow));
  } finally {
    nogi.control.setClock(0);
  }
});

test("userinfo gives the same subject to a token with openid, 401 to any other", async () => {
  const tokens = await nogi.login({ scope: SCOPE });
  const ask = async (bearer) => {
    const response = await fetch(`${nogi.authUrl}/userinfo`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
    return [response.status, await response.json()];
  };
  const { sub, pid, consent_id } = decodeJwt(tokens.id_token);
  assert.deepEqual(await ask(tokens.access_token), [200, { sub, pid, consent_id }]);
  for (const bearer of [undefined, "x.y", (await nogi.login()).access_token, await nogi.clientToken()]) {
    assert.equal((await ask(bearer))[0], 401);
  }
});

test("openid-client walks the whole flow, from discovery to claims", async () => {
  nogi.control.clear();
  const config = await oidc.discovery(new URL(nogi.issuer), nogi.client.id, undefined, oidc.ClientSecretBasic(nogi.client.secret), {
    execute: [oidc.allowInsecureRequests],
  });
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const expectedNonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: "debt.unsecured.processing.28 openid",
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const callback = await nogi.control.approve(url.href);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(callback), { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
  assert.equal(tokens.claims().pid, USER);
  assert.equal(tokens.scope, "debt.unsecured.processing openid");
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(userinfo.consent_id, tokens.claims().consent_id);

  const service = await oidc.clientCredentialsGrant(config, { audience: nogi.audiences.debt, scope: "debt.unsecured.processing" });
  assert.equal((await nogi.api(`/v1/debt/${tokens.claims().consent_id}`, service.access_token)).status, 200);
  await oidc.tokenRevocation(config, service.access_token);
  assert.equal((await nogi.api(`/v1/debt/${tokens.claims().consent_id}`, service.access_token)).status, 403);
  assert.deepEqual(nogi.sins(), []);
});
