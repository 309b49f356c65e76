// A login at the local HelseID, from PAR to logout: what went over the wire, judged by oidc-provider and `jose`.
// HelseID "PAR-endepunktet", "Token-endepunktet", "DPoP", "Organisasjonsnumre", "End session-endepunktet".
// Refuses a login that HelseID's own profile would have refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { SigningKey, claimOf, logoutReturn } from "samtykke/helseid";
import { TokenSource, memoryStore } from "samtykke/tokens";
import { GOODBYE, PEOPLE, browse } from "samtykke-local/helseid";
import { SCOPE, clientKey, connect, fails, loggedIn, requests, sessionOf, stage, store } from "./support.mjs";

test("a login: two audiences at PAR, a token for each, one API call with each", async (t) => {
  const { server, phr, kj } = await stage(t);
  const helseid = await connect(server);
  const { saved, save } = store();
  const { url, transaction, back } = await loggedIn(helseid, { scope: SCOPE, acrValues: "Level4", prompt: "login", onBehalfOf: "999977775" });

  assert.deepEqual([...new URL(url).searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const [par] = requests(server, "/connect/par").slice(-1);
  assert.deepEqual(par.form.getAll("resource"), ["nhn:phr", "nhn:kj"]);
  const sent = Object.fromEntries(["code_challenge_method", "acr_values", "prompt", "on_behalf_of", "response_type"].map((name) => [name, par.form.get(name)]));
  assert.deepEqual(sent, { code_challenge_method: "S256", acr_values: "Level4", prompt: "login", on_behalf_of: "999977775", response_type: "code" });

  const session = await helseid.finish(transaction, back, { save });
  assert.equal(session.claims.sub, PEOPLE[0].sub);
  assert.equal(session.claims["helseid://claims/identity/security_level"], "4");
  assert.equal(saved.length, 1);
  assert.ok(session.refreshExpiresAt > Date.now() / 1000 + 28_000);

  const read = session.fetch({ resource: "nhn:phr" }, { origins: [phr.origin] });
  const first = await (await read(`${phr.origin}/documents?patient=1`)).json();
  assert.equal(first.aud, "nhn:phr");
  assert.equal(requests(server, "/connect/token").length, 1, "PAR's nonce serves the exchange; the first audience needs no refresh");
  const other = session.fetch({ resource: "nhn:kj" }, { origins: [kj.origin] });
  assert.equal((await (await other(`${kj.origin}/x`)).json()).aud, "nhn:kj");
  assert.deepEqual([phr.refused, kj.refused], [[], []]);

  const [code, refresh] = requests(server, "/connect/token");
  assert.deepEqual([code.form.get("resource"), refresh.form.get("resource")], ["nhn:phr", "nhn:kj"]);
  assert.ok(!code.form.has("scope") && !refresh.form.has("client_secret") && !("authorization" in code.headers));
});

test("every request authenticates anew: typ, aud, sixty seconds, a new jti, a proof with the nonce", async (t) => {
  const { server } = await stage(t);
  const key = await clientKey();
  const helseid = await connect(server, { key });
  const session = await sessionOf(helseid);
  await session.tokens({ resource: "nhn:kj" });
  const sent = server.log.filter(({ form }) => form.has("client_assertion"));
  assert.ok(sent.length >= 4, "PAR twice for its nonce, the code, a refresh");
  const ids = new Set();
  for (const { form, headers } of sent) {
    const assertion = form.get("client_assertion");
    const { alg, typ, kid } = decodeProtectedHeader(assertion);
    assert.deepEqual({ alg, typ, kid }, { alg: "PS256", typ: "client-authentication+jwt", kid: key.kid });
    const { iss, sub, aud, exp, iat, nbf, jti } = decodeJwt(assertion);
    assert.deepEqual([iss, sub, aud, exp - iat, nbf], ["single", "single", server.issuer, 30, iat]);
    const proof = decodeJwt(headers.dpop);
    for (const id of [jti, proof.jti]) assert.ok(!ids.has(id) && ids.add(id), "a jti is used once");
    assert.ok(!("d" in decodeProtectedHeader(headers.dpop).jwk));
  }
  assert.ok(
    sent.slice(1).every(({ headers }) => decodeJwt(headers.dpop).nonce),
    "only the first proof has no nonce",
  );
});

test("a rotated refresh token is stored before the token that came with it is given out", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const { saved, save } = store();
  const session = await sessionOf(helseid, undefined, save);
  const before = JSON.parse(saved.at(-1)).refreshToken;
  let given = false;
  const order = [];
  const again = helseid.session(saved.at(-1), {
    save: async (state) => {
      await new Promise((done) => setTimeout(done, 5));
      order.push([JSON.parse(state).refreshToken !== before, given]);
    },
  });
  await again.tokens({ resource: "nhn:kj" });
  given = true;
  assert.deepEqual(
    order,
    [
      [true, false],
      [true, false],
    ],
    "stored twice, with the new one, before anything is given out",
  );
  // What was stored goes on where the other left off.
  const resumed = helseid.session(again.state, { save });
  assert.equal(decodeJwt((await resumed.tokens({ resource: "nhn:phr" })).accessToken).aud, "nhn:phr");
  assert.equal(resumed.claims.sub, session.claims.sub);
});

test("a store that fails keeps the token back, and the next call goes on with the new refresh token", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  let broken = false;
  const session = await sessionOf(helseid, undefined, () => {
    if (broken) throw new Error("disk full");
  });
  broken = true;
  const failed = await fails(() => session.tokens({ resource: "nhn:kj" }), { code: "store_failed" });
  assert.equal(failed.cause.message, "disk full");
  broken = false;
  assert.equal(decodeJwt((await session.tokens({ resource: "nhn:kj" })).accessToken).aud, "nhn:kj");
});

test("callers at the same time share a request, and others wait their turn", async (t) => {
  const { server } = await stage(t);
  const session = await sessionOf(await connect(server));
  const before = requests(server, "/connect/token").length;
  const asked = ["nhn:kj", "nhn:kj", "nhn:phr", "nhn:kj"].map((resource) => session.tokens({ resource }));
  const waiting = new AbortController();
  const left = session.tokens({ resource: "nhn:kj", signal: waiting.signal });
  waiting.abort();
  await assert.rejects(left, { code: "aborted" });
  const [one, two, , four] = await Promise.all(asked);
  assert.ok(one === two && two === four);
  assert.equal(requests(server, "/connect/token").length - before, 1, "one refresh; the first audience's token is good");
});

test("a token for part of the login's scope: asked for, kept apart, and never more than the login's", async (t) => {
  const { server } = await stage(t);
  const session = await sessionOf(await connect(server), { scope: `${SCOPE} nhn:phr/mhd/write` });
  const whole = await session.tokens({ resource: "nhn:phr" });
  const part = await session.tokens({ resource: "nhn:phr", scope: "nhn:phr/mhd/read" });
  assert.equal(requests(server, "/connect/token").at(-1).form.get("scope"), "nhn:phr/mhd/read");
  assert.deepEqual(
    [decodeJwt(part.accessToken).scope]
      .flat()
      .join(" ")
      .split(" ")
      .filter((one) => one.startsWith("nhn:")),
    ["nhn:phr/mhd/read"],
  );
  assert.deepEqual(part.missingScope, []);
  assert.ok((await session.tokens({ resource: "nhn:phr", scope: "nhn:phr/mhd/read" })) === part && (await session.tokens({ resource: "nhn:phr" })) === whole);
  const before = requests(server, "/connect/token").length;
  await fails(() => session.tokens({ resource: "nhn:kj", scope: "nhn:kj/admin" }), { code: "invalid_scope" });
  await fails(() => session.tokens({ resource: "nhn:kj", scope: 5 }), { code: "invalid_parameter" });
  assert.equal(requests(server, "/connect/token").length, before, "nothing is sent");
  assert.equal(decodeJwt((await session.tokens({ resource: "nhn:kj" })).accessToken).aud, "nhn:kj");
});

test("refreshes run one after the other, and one that failed does not stop the next", async (t) => {
  const { server } = await stage(t);
  const session = await sessionOf(await connect(server));
  const details = { organization: { tenancy: "single", child: "883974832" } };
  const wrong = { organization: { tenancy: "single", child: "123456789" } };
  const asked = [{ resource: "nhn:kj" }, { resource: "nhn:kj", details: wrong }, { resource: "nhn:phr", details }, { resource: "nhn:kj", details }];
  const before = requests(server, "/connect/token").length;
  const outcomes = await Promise.allSettled(asked.map((target) => session.tokens(target)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
  const sent = requests(server, "/connect/token")
    .slice(before)
    .map(({ form }) => form.get("refresh_token"));
  assert.equal(new Set(sent).size, 3, "each with the newest; the refused one spent none");
  const stopped = AbortSignal.abort();
  await assert.rejects(session.tokens({ resource: "nhn:phr", signal: stopped }), { code: "aborted" });
  assert.equal(requests(server, "/connect/token").length - before, sent.length);
});

test("the organisation changes from refresh to refresh, without a new login", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server, { clientId: "multi" });
  const session = await sessionOf(helseid);
  const of = async (details) => decodeJwt((await session.tokens({ resource: "nhn:kj", ...(details && { details }) })).accessToken);
  const claims = "helseid://claims/client/claims/";
  const organization = (child) => ({ organization: { tenancy: "multi", parent: "999977775", ...(child && { child }) } });
  assert.equal((await of(organization()))[`${claims}orgnr_parent`], "999977775");
  assert.equal((await of(organization("999977776")))[`${claims}orgnr_child`], "999977776");
  assert.equal((await of())[`${claims}orgnr_parent`], undefined);
  const before = requests(server, "/connect/token").length;
  await of(organization("999977776"));
  assert.equal(requests(server, "/connect/token").length, before, "each organisation keeps its token");
});

test("details of a whole login go in a request object beside the parameters", async (t) => {
  const { server } = await stage(t);
  const helseid = await connect(server);
  const details = { organization: { tenancy: "single", child: "883974832" }, sfmJournalId: "j-1" };
  const { transaction, back, state } = await loggedIn(helseid, { scope: SCOPE, details });
  assert.deepEqual(server.organizations.get(state), { parent: "994598759", child: "883974832", journal: "j-1" });
  const [par] = requests(server, "/connect/par").slice(-1);
  assert.equal(par.form.get("scope"), SCOPE);
  assert.deepEqual(Object.keys(decodeJwt(par.form.get("request"))).sort(), ["aud", "authorization_details", "client_id", "exp", "iat", "iss", "jti", "nbf"]);
  assert.ok((await helseid.finish(transaction, back, { save: () => {} })).claims);
});

test("userinfo names the health personnel; logout carries the id_token and comes back with its state", async (t) => {
  const { server } = await stage(t);
  const session = await sessionOf(await connect(server));
  const claims = await session.userinfo();
  assert.equal(claims["helseid://claims/hpr/hpr_details"].hpr_number, "9144900");
  assert.equal(claims.middle_name, "");
  const { url, state } = await session.logoutUrl(GOODBYE);
  const back = (await fetch(url, { redirect: "manual" })).headers.get("location");
  logoutReturn(back, state);
  assert.throws(() => logoutReturn(back, "x".repeat(43)), { code: "logout_state_mismatch" });
});

test("rejected scopes are shown, and such a token is not kept", async (t) => {
  const { server } = await stage(t);
  server.rejected = "nhn:phr/mhd/write";
  server.change.answer = (body) => ({ ...body, scope: "nhn:phr/mhd/read" });
  const helseid = await connect(server);
  const asked = { scope: "nhn:phr/mhd/read nhn:phr/mhd/write", resource: "nhn:phr" };
  const tokens = await helseid.machine(asked);
  assert.deepEqual([tokens.rejectedScope, tokens.missingScope], [["nhn:phr/mhd/write"], ["nhn:phr/mhd/write"]]);
  assert.deepEqual((await helseid.machine(asked)).missingScope, [], "asked for anew, and whole this time");
});

test("a machine's token serves until it ends, whoever asks (FK3)", async (t) => {
  const { server, kj } = await stage(t);
  const helseid = await connect(server, { redirectUri: undefined });
  const asked = { scope: "nhn:kj/api", details: { organization: { tenancy: "single", child: "883974832" } } };
  const all = await Promise.all([1, 2, 3].map(() => helseid.machine(asked)));
  assert.ok(all.every((tokens) => tokens === all[0]));
  const call = helseid.fetch(asked, { origins: [kj.origin] });
  const claims = await (await call(`${kj.origin}/x?y=z`)).json();
  assert.equal(claims["helseid://claims/client/claims/orgnr_child"], "883974832");
  assert.equal(requests(server, "/connect/token").length, 2, "one request, and its nonce round");
  await helseid.machine({ scope: "nhn:kj/api" });
  assert.equal(requests(server, "/connect/token").length, 3, "another organisation is another token; the nonce is known");
  helseid.forget();
  await helseid.machine({ scope: "nhn:kj/api" });
  assert.equal(requests(server, "/connect/token").length, 4);
  // Scopes are a set: in another order, or one twice, they are the same token's.
  const [one, two] = await Promise.all(
    ["nhn:phr/mhd/read nhn:phr/mhd/write", "nhn:phr/mhd/write nhn:phr/mhd/read nhn:phr/mhd/read"].map((scope) => helseid.machine({ scope })),
  );
  assert.ok(one === two);
});

test("processes share a machine's token by a TokenSource and its store", async (t) => {
  const { server, kj } = await stage(t);
  const store = memoryStore();
  const dpop = await SigningKey.generate();
  const sources = await Promise.all([1, 2].map(async () => new TokenSource({ ...(await connect(server, { dpop })).asking(), store })));
  const target = {
    scope: ["nhn:kj/api"],
    resource: "nhn:kj",
    assertionClaims: { assertion_details: claimOf({ organization: { tenancy: "single", child: "883974832" } }) },
  };
  const [one, two] = await Promise.all(sources.map((source) => source.get(target)));
  assert.equal(one.accessToken, two.accessToken);
  assert.equal(requests(server, "/connect/token").length, 2, "one request, and its nonce round");
  const claims = await (await sources[1].fetch(target, { origins: [kj.origin] })(`${kj.origin}/x`)).json();
  assert.equal(claims["helseid://claims/client/claims/orgnr_child"], "883974832");
  assert.deepEqual(kj.refused, []);
  const sent = server.log.length;
  for (const wrong of [
    { scope: "openid" },
    { resource: ["nhn:kj", "nhn:phr"] },
    { organisation: "883974832" },
    { ...target, authorizationDetails: [{ type: "x" }] },
  ]) {
    await fails(() => sources[0].get(wrong), { code: wrong.scope === "openid" ? "invalid_scope" : "invalid_parameter" });
  }
  assert.equal(server.log.length, sent, "refused before anything is sent");
  server.change.answer = (body) => ({ ...body, scope: "nhn:phr/mhd/read" });
  await fails(() => sources[0].get({ scope: "nhn:phr/mhd/read nhn:phr/mhd/write" }), { code: "invalid_scope", actual: "nhn:phr/mhd/write" });
});

test("a clock that is known to be wrong is set right in a source's proofs too, for the token and for the API", async (t) => {
  const { server, kj } = await stage(t);
  const proofs = [];
  const watched = (input, init) => {
    const dpop = new Headers(init?.headers).get("dpop");
    if (dpop) proofs.push(decodeJwt(dpop).iat - Math.floor(Date.now() / 1000));
    return fetch(input, init);
  };
  const source = new TokenSource((await connect(server, { clockOffset: -4, fetch: watched })).asking());
  await source.fetch({ scope: "nhn:kj/api" }, { origins: [kj.origin] })(`${kj.origin}/x`);
  assert.ok(proofs.length >= 2);
  for (const off of proofs) assert.ok(off === -4 || off === -5, `${proofs}`);
  await fails(async () => new TokenSource({ ...(await connect(server)).asking(), clockOffset: "1" }), { code: "invalid_configuration" });
});

test("metadata is fetched once for a day, and the profile holds over it", async (t) => {
  const { server } = await stage(t);
  const one = await connect(server);
  await connect(server);
  await one.login({ scope: SCOPE });
  assert.equal(requests(server, "/.well-known/openid-configuration").length, 1);
  assert.ok(requests(server, "/connect/par").length > 0, "pushed, though the metadata calls it optional");
  await assert.rejects(browse(`${server.issuer}/connect/authorize?client_id=single&scope=openid&response_type=code`), /only client_id and request_uri/);
});

test("a clock that is known to be wrong is set right by clockOffset: in assertions, and in proofs that an API judges to the second (FK4)", async (t) => {
  const { server, kj } = await stage(t);
  const call = async (clockOffset) => {
    const helseid = await connect(server, { clockOffset, assertionLifetime: 60 });
    const response = await helseid.fetch({ scope: "nhn:kj/api" }, { origins: [kj.origin] })(`${kj.origin}/x`);
    const { iat } = decodeJwt(requests(server, "/connect/token").at(-1).form.get("client_assertion"));
    return [response.status, Math.abs(iat - Date.now() / 1000 - clockOffset) < 5];
  };
  assert.deepEqual(await call(0), [200, true]);
  assert.deepEqual(await call(-30), [401, true], "the API takes no proof half a minute old");
});
