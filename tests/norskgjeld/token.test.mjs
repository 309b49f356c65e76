// The token and revocation endpoints of the local Norsk Gjeldsinformasjon, judged by plain fetch.
// RFC 6749 2.3.1, 4.1.2, 4.1.3, 4.4, 5.1 and 5.2; RFC 7009; RFC 7636 4.6; Hydra's codes and words.
// Refuses (tests that it refuses) secrets in the body, raw secrets, replays, foreign audiences and stray verifiers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { basic, CALLBACK, pkce, rawBasic, start } from "./support.mjs";

const OTHER = { id: "other bank", secret: "+p%lus", redirectUris: [CALLBACK], scopes: ["debt.unsecured.presentation"] };
const RAW_OK = { id: "plain", secret: "letters-and_digits.9", redirectUris: [CALLBACK] };

let nogi;
before(async () => {
  nogi = await start();
  nogi.control.addClient(OTHER);
  nogi.control.addClient({ id: "plus", secret: "a+b", redirectUris: [CALLBACK] });
  nogi.control.addClient(RAW_OK);
});
after(() => nogi.close());

const credentials = (more) => ({ grant_type: "client_credentials", audience: nogi.audiences.debt, ...more });
const HANDLE = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/;

test("a code gives the documented body, in order, and nothing else", async () => {
  const { fields } = await nogi.consent({ scope: "debt.unsecured.presentation.100" });
  const { response, text, body } = await nogi.token({ ...fields, client_id: nogi.client.id });
  assert.equal(response.status, 200);
  assert.equal(text, `{"access_token":"${body.access_token}","expires_in":3599,"scope":"debt.unsecured.presentation","token_type":"bearer"}`);
  assert.match(body.access_token, HANDLE);
  assert.equal(response.headers.get("content-type"), "application/json;charset=UTF-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("pragma"), "no-cache");
});

test("client_credentials echoes the granted scopes", async () => {
  const scope = "debt.unsecured.presentation debt.unsecured.processing";
  const { status, body } = await nogi.token(credentials({ scope }));
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body), ["access_token", "expires_in", "scope", "token_type"]);
  assert.deepEqual([body.scope, body.expires_in, body.token_type], [scope, 3599, "bearer"]);
  assert.match(body.access_token, HANDLE);
});

test("client_credentials without a scope gives an empty one", async () => {
  const { status, body } = await nogi.token(credentials());
  assert.deepEqual([status, body.scope], [200, ""]);
});

test("Basic is form-decoded: a raw secret fails with 400 for % and 401 for +", async () => {
  const answer = async (authorization) => {
    const { status, body } = await nogi.token(credentials({ scope: "debt.unsecured.presentation" }), { authorization });
    return [status, body.error];
  };
  const { id, secret } = nogi.client;
  assert.deepEqual(await answer(rawBasic(id, secret)), [400, "invalid_request"]);
  assert.deepEqual(await answer(rawBasic("plus", "a+b")), [401, "invalid_client"]);
  assert.deepEqual(await answer(basic("plus", "a+b")), [200, undefined]);
  assert.deepEqual(await answer(basic(OTHER.id, OTHER.secret)), [200, undefined]);
  assert.deepEqual(await answer(rawBasic("other+bank", "%2Bp%25lus")), [200, undefined], "plus is a space");
  assert.deepEqual(await answer(rawBasic(RAW_OK.id, RAW_OK.secret)), [200, undefined], "nothing to encode");
  assert.deepEqual(await answer(basic(id, `${secret}x`)), [401, "invalid_client"]);
  assert.deepEqual(await answer(basic("nobody", secret)), [401, "invalid_client"]);
  assert.deepEqual(await answer("Bearer x"), [400, "invalid_request"]);
  assert.ok(nogi.sins().filter((sin) => sin === "basic_not_form_encoded").length >= 2);
});

test("a secret in the body is refused, alone and beside Basic", async () => {
  nogi.control.clear();
  const inBody = { client_id: nogi.client.id, client_secret: nogi.client.secret };
  const alone = await nogi.token(credentials(inBody), { authorization: "" });
  const beside = await nogi.token(credentials(inBody));
  for (const { status, body, response } of [alone, beside]) {
    assert.deepEqual([status, body.error], [401, "invalid_client"]);
    assert.equal(response.headers.get("content-type"), "application/json;charset=UTF-8");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.deepEqual(Object.keys(body), ["error", "error_description"]);
  }
  assert.equal(nogi.sins().filter((sin) => sin === "secret_in_body").length, 2);
  const idOnly = await nogi.token(credentials({ client_id: nogi.client.id }), { authorization: "" });
  assert.deepEqual([idOnly.status, idOnly.body.error], [401, "invalid_client"]);
  const nothing = await nogi.token(credentials(), { authorization: "" });
  assert.deepEqual([nothing.status, nothing.body.error], [400, "invalid_request"]);
});

test("a client_id that contradicts the header is refused", async () => {
  const { status, body } = await nogi.token(credentials({ client_id: "plus" }));
  assert.deepEqual([status, body.error], [400, "invalid_request"]);
});

test("grants: missing, unknown and unoffered", async () => {
  const error = async (fields) => (await nogi.token(fields)).body.error;
  assert.equal(await error({}), "invalid_request");
  for (const grant_type of ["password", "refresh_token", "implicit", "urn:x"]) assert.equal(await error({ grant_type }), "unsupported_grant_type");
});

test("a body that is not a form is no request", async () => {
  const response = await fetch(`${nogi.authUrl}/oauth2/token`, {
    method: "POST",
    headers: { authorization: basic(nogi.client.id, nogi.client.secret), "content-type": "application/json" },
    body: JSON.stringify(credentials()),
  });
  assert.deepEqual([response.status, (await response.json()).error], [400, "invalid_request"]);
  assert.ok(nogi.sins().includes("content_type"));
});

test("audience: needed, and only this environment's", async () => {
  const refused = async (audience) => {
    const { status, body } = await nogi.token({
      grant_type: "client_credentials",
      scope: "debt.unsecured.presentation",
      ...(audience === undefined ? {} : { audience }),
    });
    assert.deepEqual([status, body.error], [400, "invalid_request"]);
    return body.error_description;
  };
  const foreign = "https://api.norskgjeld.no/v1/debt";
  assert.equal(await refused(foreign), `Requested audience '${foreign}' has not been whitelisted by the OAuth 2.0 Client.`);
  await refused("https://api-preprod.norskgjeld.no/v1/debt");
  await refused(`${nogi.audiences.debt} ${foreign}`);
  assert.match(await refused(undefined), /audience/);
  for (const sin of ["audience_foreign", "audience_missing"]) assert.ok(nogi.sins().includes(sin), sin);
});

test("a scope the client has no contract for fails the whole request", async () => {
  const authorization = basic(OTHER.id, OTHER.secret);
  const both = await nogi.token(credentials({ scope: "debt.unsecured.presentation debt.unsecured.processing" }), { authorization });
  assert.deepEqual([both.status, both.body.error], [400, "invalid_scope"]);
  const one = await nogi.token(credentials({ scope: "debt.unsecured.presentation" }), { authorization });
  assert.equal(one.status, 200);
});

test("PKCE is verified, and a verifier without a challenge is invalid_grant", async () => {
  const wrong = async (change, params) => {
    const { fields } = await nogi.consent(params);
    const { status, body } = await nogi.token(change(fields));
    assert.deepEqual([status, body.error], [400, "invalid_grant"]);
  };
  await wrong((fields) => ({ ...fields, code_verifier: pkce().verifier }));
  await wrong(({ code_verifier, ...fields }) => fields);
  await wrong((fields) => ({ ...fields, code_verifier: "too-short" }));
  const plain = await nogi.control.issueCode();
  const fields = { grant_type: "authorization_code", code: plain.code, redirect_uri: CALLBACK };
  const stray = await nogi.token({ ...fields, code_verifier: pkce().verifier });
  assert.deepEqual([stray.status, stray.body.error], [400, "invalid_grant"]);
  assert.ok(nogi.sins().includes("verifier_without_challenge"));
  assert.equal((await nogi.token(fields)).status, 200, "PKCE is optional for a confidential client");
});

test("redirect_uri is repeated byte for byte", async () => {
  for (const redirect_uri of [`${CALLBACK}/`, `${CALLBACK}?`, "http://localhost:4402/auth/callback", undefined]) {
    const { fields } = await nogi.consent();
    const { redirect_uri: sent, ...rest } = fields;
    assert.equal(sent, CALLBACK);
    const { status, body } = await nogi.token({ ...rest, ...(redirect_uri === undefined ? {} : { redirect_uri }) });
    assert.equal(status, 400, String(redirect_uri));
    assert.match(body.error, /^invalid_(grant|request)$/);
  }
  assert.ok(nogi.sins().includes("redirect_uri_changed"));
});

test("a code belongs to its client", async () => {
  const { fields } = await nogi.consent();
  const { status, body } = await nogi.token(fields, { authorization: basic(RAW_OK.id, RAW_OK.secret) });
  assert.deepEqual([status, body.error], [400, "invalid_grant"]);
  assert.equal((await nogi.token(fields)).status, 200, "and is not spent by a stranger");
});

test("a made-up, cut or missing code is invalid_grant", async () => {
  const { fields } = await nogi.consent();
  for (const code of ["x", fields.code.slice(0, -1), fields.code.replace(/.$/, (c) => (c === "A" ? "E" : "A")), ""]) {
    const { status, body } = await nogi.token({ ...fields, code });
    assert.deepEqual([status, body.error], [400, "invalid_grant"], code);
  }
});

test("a replayed code gives invalid_grant and kills the token of its first use", async () => {
  nogi.control.clear();
  const { fields } = await nogi.consent({ scope: "debt.unsecured.presentation.10" });
  const first = await nogi.token(fields);
  assert.equal((await nogi.api("/v1/debt", first.body.access_token)).status, 200);
  const second = await nogi.token(fields);
  assert.deepEqual([second.status, second.body.error], [400, "invalid_grant"]);
  const dead = await nogi.api("/v1/debt", first.body.access_token);
  assert.deepEqual([dead.status, dead.body.error], [403, "Invalid access token"]);
  assert.deepEqual(nogi.sins(), ["code_replayed"]);
});

test("a replay kills the token even when its verifier is wrong", async () => {
  const { fields } = await nogi.consent({ scope: "debt.unsecured.presentation.10" });
  const first = await nogi.token(fields);
  await nogi.token({ ...fields, code_verifier: pkce().verifier });
  assert.equal((await nogi.api("/v1/debt", first.body.access_token)).status, 403);
});

test("another client cannot kill a token by replaying its code", async () => {
  const { fields } = await nogi.consent({ scope: "debt.unsecured.presentation.10" });
  const { body } = await nogi.token(fields);
  const stranger = await nogi.token(fields, { authorization: basic(RAW_OK.id, RAW_OK.secret) });
  assert.deepEqual([stranger.status, stranger.body.error], [400, "invalid_grant"]);
  assert.equal((await nogi.api("/v1/debt", body.access_token)).status, 200);
});

test("a code lives ten minutes, a token an hour", async () => {
  const at = async (seconds, work) => {
    nogi.control.setClock(seconds * 1000);
    try {
      return await work();
    } finally {
      nogi.control.setClock(0);
    }
  };
  const scope = "debt.unsecured.presentation.10";
  const fresh = await nogi.consent({ scope });
  const old = await nogi.consent({ scope });
  assert.equal((await at(590, () => nogi.token(fresh.fields))).status, 200);
  const late = await at(601, () => nogi.token(old.fields));
  assert.deepEqual([late.status, late.body.error], [400, "invalid_grant"]);

  const { access_token } = await nogi.login({ scope });
  assert.equal((await at(3590, () => nogi.api("/v1/debt", access_token))).status, 200);
  const { status, body } = await at(3601, () => nogi.api("/v1/debt", access_token));
  assert.deepEqual([status, body.error_description], [403, "Access token is expired"]);
});

test("a token made while the clock stood ahead expires by that clock", async () => {
  nogi.control.setClock(3_600_000);
  const { access_token } = await nogi.login({ scope: "debt.unsecured.presentation.10" });
  nogi.control.setClock(3_600_000 + 3_500_000);
  assert.equal((await nogi.api("/v1/debt", access_token)).status, 200);
  nogi.control.setClock(3_600_000 + 3_700_000);
  assert.equal((await nogi.api("/v1/debt", access_token)).status, 403);
  nogi.control.setClock(0);
});

test("of a repeated parameter the first counts, and the sin is noted", async () => {
  nogi.control.clear();
  const fields = new URLSearchParams(credentials({ scope: "debt.unsecured.presentation" }));
  fields.append("scope", "consent.create");
  const { status, body } = await nogi.token(fields);
  assert.deepEqual([status, body.scope], [200, "debt.unsecured.presentation"]);
  assert.deepEqual(nogi.sins(), ["duplicate_parameter"]);
});

test("manners at the token endpoint are noted: Accept, cookies, secrets in the URL, audience with a code", async () => {
  nogi.control.clear();
  const { fields } = await nogi.consent();
  const response = await nogi.post("/oauth2/token?code=x", { ...fields, audience: nogi.audiences.debt }, { accept: "*/*", cookie: "a=b" });
  assert.equal(response.status, 200);
  assert.deepEqual(nogi.sins().sort(), ["accept_missing", "audience_on_code_exchange", "cookie_sent", "secret_in_url"]);
});

test("revocation kills the token, not the consent, and never tells what it knew", async () => {
  const { access_token } = await nogi.login({ scope: "debt.unsecured.presentation.10" });
  const revoke = async (token, headers) => {
    const response = await nogi.post("/oauth2/revoke", token === undefined ? {} : { token }, headers);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await revoke("unknown"), [200, ""]);
  assert.deepEqual(await revoke(access_token), [200, ""]);
  assert.equal((await nogi.api("/v1/debt", access_token)).status, 403);
  assert.equal(nogi.control.consents().at(-1).ended, undefined);
  assert.equal((await revoke(access_token, { authorization: "" }))[0], 400);
  assert.equal((await revoke(undefined))[0], 400);
  const client = await nogi.clientToken();
  assert.equal((await revoke(client, { authorization: basic(RAW_OK.id, RAW_OK.secret) }))[0], 200);
  assert.equal((await nogi.api(`/v1/debt/${nogi.control.consents().at(-1).id}/status`, client)).status, 200, "another client's revocation does nothing");
  assert.deepEqual(await revoke(client), [200, ""]);
  assert.equal((await nogi.api(`/v1/debt/${nogi.control.consents().at(-1).id}/status`, client)).status, 403);
});
