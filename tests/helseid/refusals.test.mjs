// What HelseID must never get from a client, and a client never take from HelseID: the letters are those of the reference sheet.
// RFC 9207, RFC 9449, RFC 8725, OIDC Core section 3.1.3.7; HelseID "Feilmeldinger" and "Organisasjonsnumre".
// Refuses a refusal that comes too late: what is wrong before it is sent must send nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";

import { Client } from "samtykke";
import { HelseId, SigningKey, claimOf } from "samtykke/helseid";
import { key } from "samtykke-local/internal/helseid/keys.mjs";
import { PEOPLE } from "samtykke-local/helseid";
import { SCOPE, connect, fails, loggedIn, requests, sessionOf, stage } from "./support.mjs";

const save = () => {};
const LEVEL = "helseid://claims/identity/security_level";

/** A login whose callback the server sends off with a change. */
async function callback(server, helseid, change) {
  server.change.callback = (location) => {
    const url = new URL(location);
    change(url.searchParams);
    return url.href;
  };
  return loggedIn(helseid);
}

test("a: a callback without iss, with another's, another's state, or an error beside the code", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  for (const [change, code] of [
    [(query) => query.delete("iss"), "issuer_missing"],
    [(query) => query.set("iss", "https://helseid-sts.nhn.no"), "issuer_mismatch"],
    [(query) => query.set("iss", `${server.issuer}/`), "issuer_mismatch"],
    [(query) => query.delete("state"), "state_missing"],
    [(query) => query.set("state", "x".repeat(43)), "state_mismatch"],
    [(query) => query.append("error", "access_denied"), "callback_unexpected_parameter"],
  ]) {
    const { transaction, back } = await callback(server, helseid, change);
    await fails(() => helseid.finish(transaction, back, { save }), { code });
  }
  const told = await callback(server, helseid, (query) => {
    query.delete("code");
    for (const [name, value] of [
      ["error", "invalid_request"],
      ["error_description", "HID-1010: on demand"],
    ])
      query.set(name, value);
  });
  await fails(() => helseid.finish(told.transaction, told.back, { save }), { provider: { code: "HID-1010" }, action: "fix_configuration" });
  const { transaction, back } = await loggedIn(helseid);
  await fails(() => helseid.finish(transaction, back.replace("/callback", "/other"), { save }), { code: "callback_wrong_redirect_uri" });
  await fails(() => helseid.finish(transaction, back.replace("1337", "1338"), { save }), { code: "callback_wrong_redirect_uri" });
  assert.equal(requests(server, "/connect/token").length, 0, "no code was sent for any of them");
  await helseid.finish(transaction, back, { save });
  await fails(() => helseid.finish(transaction, back, { save }), { code: "transaction_used" });
});

test("b: metadata of another issuer, with http, without PAR; an issuer with a slash", async (t) => {
  const { server } = await stage(t);
  for (const [change, code] of [
    [(document) => ({ ...document, issuer: "https://helseid-sts.nhn.no" }), "metadata_issuer_mismatch"],
    [(document) => ({ ...document, issuer: `${document.issuer}/` }), "metadata_issuer_mismatch"],
    [(document) => ({ ...document, token_endpoint: "http://helseid-sts.test.nhn.no/connect/token" }), "endpoint_refused"],
    [({ pushed_authorization_request_endpoint: _, ...document }) => document, "endpoint_missing"],
  ]) {
    server.change.metadata = change;
    await fails(() => connect(server), { code });
  }
  await fails(() => connect({ issuer: `${server.issuer}/` }), { code: "invalid_configuration" });
  assert.ok(await connect(server), "what failed is not remembered");
});

test("c: a Bearer token, one of another key, of no key, of another audience", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const asked = { scope: "nhn:kj/api", resource: "nhn:kj" };
  server.change.answer = (body) => ({ ...body, token_type: "Bearer" });
  await fails(() => helseid.machine(asked), { code: "token_type_unexpected" });
  for (const change of [
    (claims) => ({ ...claims, cnf: { jkt: "x".repeat(43) } }),
    ({ cnf: _, ...claims }) => claims,
    (claims) => ({ ...claims, aud: "nhn:phr" }),
    (claims) => ({ ...claims, aud: ["nhn:kj", "nhn:phr"] }),
  ]) {
    server.change.token = change;
    await fails(() => helseid.machine(asked), { code: "claim_refused", phase: "token" });
  }
  assert.equal(decodeJwt((await helseid.machine(asked)).accessToken).aud, "nhn:kj", "no refused one was kept");
});

test("c: a refused access token does not lose the refresh token that came with it", async (t) => {
  const { server } = await stage(t);
  const saved = [];
  const session = await sessionOf(await connect(server), undefined, (state) => void saved.push(JSON.parse(state).refreshToken));
  server.change.token = (claims) => ({ ...claims, cnf: { jkt: "x".repeat(43) } });
  await fails(() => session.tokens({ resource: "nhn:kj" }), { code: "claim_refused" });
  assert.equal(new Set(saved).size, 2, "the new one is stored");
  assert.equal(decodeJwt((await session.tokens({ resource: "nhn:kj" })).accessToken).aud, "nhn:kj");
});

test("d: two challenges in a row, one without a nonce, one with 200 end it; another error is none", async (t) => {
  const { server } = await stage(t);
  const body = { error: "use_dpop_nonce", error_description: "Authorization server requires nonce in DPoP proof" };
  for (const [answer, code] of [
    [{ status: 400, headers: { "dpop-nonce": "again" }, body }, "dpop_nonce_refused"],
    [{ status: 200, headers: { "dpop-nonce": "again" }, body }, "token_error"],
    [{ status: 400, headers: { "dpop-nonce": "again" }, body: { error: "invalid_client" } }, "token_error"],
  ]) {
    const helseid = await connect(server);
    const before = requests(server, "/connect/token").length;
    server.change.challenge = answer;
    await fails(() => helseid.machine({ scope: "nhn:kj/api" }), { code });
    assert.equal(requests(server, "/connect/token").length - before, 2, "the first asks for the nonce, the second is the last");
  }
  server.change.refuse = { status: 400, body };
  await fails(async () => (await connect(server)).machine({ scope: "nhn:kj/api" }), { code: "dpop_nonce_missing" });
});

test("e: an id_token of another algorithm, audience, nonce, hash or key; too low a level; another person at a refresh", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const finish = async (change) => {
    const { transaction, back } = await loggedIn(helseid);
    server.change.claims = change;
    return helseid.finish(transaction, back, { save });
  };
  for (const [change, code] of [
    [(claims) => ({ ...claims, aud: ["single", "other"] }), "claim_refused"],
    [(claims) => ({ ...claims, iss: "https://helseid-sts.nhn.no" }), "claim_refused"],
    [(claims) => ({ ...claims, exp: 1 }), "jwt_expired"],
    [(claims) => ({ ...claims, nonce: "n".repeat(43) }), "nonce_mismatch"],
    [(claims) => ({ ...claims, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }), "claim_refused"],
    [(claims) => ({ ...claims, [LEVEL]: "3" }), "claim_refused"],
    [({ [LEVEL]: _, ...claims }) => claims, "claim_refused"],
  ]) {
    await fails(() => finish(change), { code });
  }
  server.person = PEOPLE[1];
  const low = await fails(() => finish((claims) => claims), { code: "claim_refused", actual: "3" });
  assert.match(low.expected, /security_level: at least 4/);
  const lower = await connect(server, { securityLevel: 3 });
  assert.equal((await sessionOf(lower)).claims[LEVEL], "3");
  server.person = PEOPLE[0];
  const session = await sessionOf(helseid);
  server.change.claims = (claims) => ({ ...claims, sub: "someone else" });
  await fails(() => session.tokens({ resource: "nhn:kj" }), { code: "claim_refused" });
});

test("e: an id_token not signed with RS256", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  for (const alg of ["none", "HS256", "PS256"]) {
    const { transaction, back } = await loggedIn(helseid);
    server.change.answer = (body) => {
      const [, claims, signature] = body.id_token.split(".");
      return { ...body, id_token: `${Buffer.from(JSON.stringify({ alg })).toString("base64url")}.${claims}.${signature}` };
    };
    await fails(() => helseid.finish(transaction, back, { save }), { code: "algorithm_refused" });
  }
});

test("f: keys HelseID does not take, lifetimes over a minute, levels that are none", async (t) => {
  const { server } = await stage(t);
  const ed = await SigningKey.generate({ alg: "EdDSA" }).catch(() => SigningKey.generate({ alg: "Ed25519" }));
  await fails(() => connect(server, { key: ed }), { code: "algorithm_refused" });
  await fails(() => connect(server, { dpop: ed }), { code: "algorithm_refused" });
  const { n: _, ...rsa } = (await key("client PS256")).privateJwk;
  await fails(() => SigningKey.fromJwk({ ...rsa, n: Buffer.alloc(128, 0xc1).toString("base64url") }), { code: "key_refused" });
  await fails(() => SigningKey.fromJwk({ kty: "oct", k: "AAAA", alg: "HS256" }), { code: "key_refused" });
  const { alg: _a, ...nameless } = (await key("client PS256")).privateJwk;
  await fails(() => SigningKey.fromJwk(nameless), { code: "algorithm_refused" });
  for (const wrong of [
    { assertionLifetime: 61 },
    { assertionLifetime: 0 },
    { assertionLifetime: 1.5 },
    { securityLevel: 1 },
    { securityLevel: "4" },
    { environment: "prod" },
    { environment: "toString" },
    { key: {} },
  ]) {
    await fails(() => connect(server, wrong), { code: "invalid_configuration" });
  }
});

test("f: what may not be asked for together is refused before anything is sent", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const { transaction, back } = await loggedIn(helseid);
  const sent = server.log.length;
  const details = { organization: { tenancy: "single", child: "883974832" } };
  await fails(() => helseid.finish(transaction, back, { save, details }), { code: "invalid_parameter" });
  await fails(() => helseid.finish(transaction, back, { save, scope: "nhn:kj/api" }), { code: "invalid_parameter" });
  for (const scope of ["openid", "nhn:kj/api profile", "offline_access", "helseid://scopes/identity/pid", "helseid://scopes/hpr/hpr_number"]) {
    await fails(() => helseid.machine({ scope }), { code: "invalid_scope" });
  }
  await fails(() => helseid.login({ scope: "openid nhn:kj/api" }), { code: "invalid_scope" });
  for (const wrong of [
    {},
    { raw: [] },
    { raw: [{}] },
    { sfmJournalId: "" },
    { organization: { tenancy: "single", child: "12345678" } },
    { organization: { tenancy: "single", child: "999977775", parent: "999977776" } },
    { organization: { tenancy: "multi", child: "999977775" } },
    { organization: { tenancy: "multi", parent: "" } },
    { organization: { tenancy: "multi", parent: "999977775", child: "1234" } },
    { organization: { tenancy: "multi", parent: "999977775", child: 999977776 } },
    { organization: { child: "999977775" } },
    { organization: { tenancy: "single", child: 999977775 } },
    { organization: { tenancy: "single", child: "999977775" }, raw: [{ type: "helseid_authorization" }] },
  ]) {
    await fails(() => helseid.machine({ scope: "nhn:kj/api", details: wrong }), { code: "invalid_parameter" });
    await fails(() => helseid.login({ scope: SCOPE, details: wrong }), { code: "invalid_parameter" });
    assert.throws(() => claimOf(wrong), { code: "invalid_parameter" });
  }
  assert.equal(server.log.length, sent);
  assert.ok(await helseid.finish(transaction, back, { save }), "the code was not spent by the refusals");
});

test("f: details in the assertion and in the request at once", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const session = await sessionOf(helseid);
  const client = await helseid.client();
  const organization = claimOf({ organization: { tenancy: "single", child: "883974832" } });
  const both = { resource: "nhn:kj", assertionClaims: { assertion_details: organization }, authorizationDetails: [organization] };
  const sent = server.log.length;
  const { refreshToken } = JSON.parse(session.state);
  for (const ask of [
    () => client.clientCredentials({ ...both, scope: "nhn:kj/api" }),
    () => client.refresh(refreshToken, both),
    () => client.tokenExchange({ ...both, subjectToken: "a.b.c" }),
    () => client.exchange("code", both),
  ]) {
    await fails(ask, { code: "invalid_parameter" });
  }
  assert.equal(server.log.length, sent, "refused before anything is sent");
  const { authorizationDetails: _, ...one } = both;
  assert.ok((await client.clientCredentials({ ...one, scope: "nhn:kj/api" })).accessToken);
  assert.ok((await client.refresh(refreshToken, { ...one, unchecked: true })).accessToken);
});

test("f: HelseID's own refusals come with their number", async (t) => {
  const { server } = await stage(t);
  const [single, multi] = [await connect(server), await connect(server, { clientId: "multi" })];
  const scope = "nhn:kj/api";
  const organization = (parent) => ({ organization: { tenancy: "multi", parent } });
  const of =
    (details, helseid = multi) =>
    () =>
      helseid.machine({ scope, details });
  await fails(of(organization("123456789")), { code: "token_error", provider: { code: "HID-1001" }, action: "fix_configuration" });
  await fails(of({ organization: { tenancy: "single", child: "123456789" } }, single), { provider: { code: "HID-1002" } });
  await fails(of({ raw: [{ type: "other" }] }, single), { provider: { code: "HID-1007" } });
  for (const number of ["1003", "1005", "1006", "1008", "1010"]) {
    server.change.refuse = { status: 400, body: { error: "invalid_request", error_description: `HID-${number}: on demand` } };
    const error = await fails(of(organization("999977775")), { provider: { code: `HID-${number}` } });
    assert.deepEqual([error.oauth.error, error.http.status], ["invalid_request", 400]);
  }
  server.change.refuse = { status: 400, body: { error: "invalid_request", error_description: "HID-1010: on demand" } };
  await fails(() => single.login({ scope: SCOPE }), { provider: { code: "HID-1010" } });
});

test("the local HelseID refuses details with a code, so that the library's refusal is not its own judge", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const { transaction, back } = await loggedIn(helseid);
  const client = await helseid.client();
  const code = client.finish(transaction, back);
  const assertionClaims = { assertion_details: claimOf({ organization: { tenancy: "single", child: "883974832" } }) };
  const sent = server.log.length;
  await fails(() => client.exchange(code, { resource: "nhn:phr", assertionClaims }), { code: "invalid_parameter" });
  assert.equal(server.log.length, sent, "refused before it is sent");
  // The exchange of any server's client knows nothing of the rule.
  const error = await fails(() => Client.prototype.exchange.call(client, code, { resource: "nhn:phr", assertionClaims }), { code: "token_error" });
  assert.match(error.oauth.description, /^HID-1009/);
});

test("g: a public key with private members, a token to an origin that was not named, or to another's API", async (t) => {
  const { server, phr, kj } = await stage(t);
  const { privateJwk, publicJwk } = await key("client PS256");
  for (const name of ["d", "p", "q", "dp", "dq", "qi"]) {
    await fails(() => SigningKey.custom({ alg: "PS256", publicJwk: { ...publicJwk, [name]: privateJwk[name] }, sign: () => new Uint8Array(256) }), {
      code: "key_refused",
    });
  }
  await fails(() => SigningKey.custom({ alg: "PS256", publicJwk: { ...publicJwk, k: "AAAA" }, sign: () => new Uint8Array(256) }), { code: "key_refused" });
  const helseid = await connect(server);
  const asked = { scope: "nhn:kj/api" };
  await fails(() => helseid.fetch(asked, { origins: [kj.origin] })(`${phr.origin}/x`), { code: "resource_refused" });
  await fails(() => helseid.fetch(asked, { origins: [kj.origin] })(`${kj.origin}/x`, { headers: { authorization: "Bearer x" } }), {
    code: "reserved_parameter",
  });
  assert.deepEqual([phr.refused, kj.refused], [[], []], "nothing arrived");
  const wrong = await helseid.fetch(asked, { origins: [phr.origin] })(`${phr.origin}/x`);
  assert.equal(wrong.status, 401, "another audience's API refuses the token");
});

test("k: a page is refused a private key, unless it says that it is no website", async (t) => {
  const { server } = await stage(t);
  globalThis.document = {};
  t.after(() => delete globalThis.document);
  await fails(() => connect(server), { code: "secret_in_browser" });
  assert.ok(await connect(server, { inPage: true }));
});

test("the protocol's own client keeps to the profile too", async (t) => {
  const { server } = await stage(t);
  const client = await (await connect(server)).client();
  const { requirePushedRequests, requireDpop, freeResource, signingAlgorithms } = client.provider.server;
  assert.deepEqual(
    { requirePushedRequests, requireDpop, freeResource, signingAlgorithms },
    { requirePushedRequests: true, requireDpop: true, freeResource: true, signingAlgorithms: ["RS256"] },
  );
  await fails(async () => client.begin({ scope: SCOPE }), { code: "invalid_configuration" });
});

test("an exchanged token may say little, but must be bound", async (t) => {
  const { server } = await stage(t);
  const asked = [];
  let type = "DPoP";
  const answering = async (url, init) => {
    if (!String(init.body).includes("token-exchange")) return fetch(url, init);
    asked.push(init);
    return Response.json({ access_token: "x.y", token_type: type, expires_in: 60 });
  };
  const client = await (await connect(server, { fetch: answering })).client();
  const exchange = () => client.tokenExchange({ subjectToken: "a.b.c", scope: "nhn:kj/api" });
  assert.equal((await exchange()).tokenType, "DPoP");
  const sent = new URLSearchParams(String(asked[0].body));
  assert.deepEqual([sent.get("subject_token"), sent.get("subject_token_type")], ["a.b.c", "urn:ietf:params:oauth:token-type:access_token"]);
  assert.ok(sent.get("client_assertion") && new Headers(asked[0].headers).get("dpop"));
  type = "Bearer";
  await fails(exchange, { code: "token_type_unexpected" });
});

test("userinfo of another person is refused, also when no id_token came with the token", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const session = helseid.session((await sessionOf(helseid)).state, { save });
  server.change.answer = ({ id_token: _, ...body }) => body;
  assert.equal((await session.userinfo()).sub, PEOPLE[0].sub, "compared with the login's");
  server.change.claims = (claims) => ({ ...claims, sub: "someone else" });
  await fails(() => session.userinfo(), { code: "subject_mismatch" });
});

test("wrong types end in an error of the library's", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const session = await sessionOf(helseid, { scope: SCOPE.replace("offline_access ", "") });
  const lasting = await fails(() => session.tokens({ resource: "nhn:kj" }), { code: "invalid_parameter" });
  assert.match(lasting.expected, /^offline_access/);
  for (const wrong of [undefined, null, 1, "x"]) {
    await fails(() => HelseId.connect(wrong), { code: "invalid_configuration" });
    await fails(() => helseid.login(wrong), { code: "invalid_parameter" });
    await fails(() => helseid.finish("x", "x", wrong), { code: "invalid_parameter" });
    await fails(async () => helseid.session("{}", wrong), { code: "invalid_parameter" });
    if (wrong !== undefined) await fails(() => session.tokens(wrong), { code: "invalid_parameter" });
  }
  for (const state of ["", "{", "[]", "{}", "null"]) await fails(async () => helseid.session(state, { save }), { code: "session_invalid" });
  await fails(async () => helseid.session(session.state.replace("single", "multi"), { save }), { code: "invalid_configuration" });
  assert.equal(JSON.stringify({ session }), '{"session":"HelseIdSession"}', "a session in a log shows nothing");
  assert.ok(!(await import("node:util")).inspect(session, { depth: 9, showHidden: true }).includes("eyJ"));
});
