// eLys behind the local ACM/IDM: ping compared with the client and explained, the ids of every call, refusals, environments kept apart.
// Facts of athumi-eu/digitale-aangifte-overlijden-demo (algemeen/security).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client, SigningKey, privateKeyJwt } from "samtykke";
import { ElysApi, acmidm } from "samtykke/acmidm";
import { assertNoSecret, fails, fetchOf, json } from "../js/support.mjs";
import { API, CLIENT, ORGANISATION, startAcmIdm, uuid } from "samtykke-local/acmidm";

let world, key;
before(async () => {
  world = await startAcmIdm();
  key = await SigningKey.fromJwk(world.key, { alg: "RS256" });
});
after(() => world.close());

const providerOf = (id = CLIENT) => acmidm({ environment: { issuer: world.issuer }, clientId: id });
const tokenOf =
  (scope = "vo_info elys_depzorg", id = CLIENT, more = {}) =>
  async () =>
    (await new Client(providerOf(id), privateKeyJwt(key)).clientCredentials({ scope, audience: API, ...more })).accessToken;
const apiOf = ({ provider = providerOf(), ...options } = {}) =>
  new ElysApi(provider, { environment: { origin: world.elys.origin }, token: tokenOf(), ...options });
const points = ({ mismatches }) => mismatches.map(({ point, expected, found }) => [point, expected, found]);
const SCOPE = "vo_info elys_depzorg";

test("a ping that matches", async () => {
  const report = await apiOf().ping({ organisationCode: "0123.456.749", scope: SCOPE });
  assert.deepEqual([report.matches, report.mismatches], [true, []]);
  assert.deepEqual(
    [report.clientId, report.organisationCode, report.organisationName, report.application],
    [CLIENT, ORGANISATION, "Testgemeente", "eLys beta Testgemeente client"],
  );
  assert.deepEqual([report.scopes, report.audience, report.issuer, report.expiresAt - report.issuedAt], [["vo_info", "elys_depzorg"], [], world.issuer, 3600]);
  assert.equal(
    (await apiOf({ provider: providerOf("defaults"), token: tokenOf("", "defaults", { scope: undefined }) }).ping({ scope: "vo_info" })).matches,
    true,
    "a wider grant is normal",
  );
});

test("every call has its three ids, the request id anew", async () => {
  const [correlationId, tracingId] = [uuid(), uuid()];
  const api = apiOf({ correlationId, tracingId });
  const from = world.elys.requests.length;
  await api.ping();
  assert.equal((await api.fetch("/v1/things")).status, 200);
  const sent = world.elys.requests.slice(from).map(({ headers }) => headers);
  for (const headers of sent) assert.deepEqual([headers["x-correlation-id"], headers["x-tracing-id"]], [correlationId, tracingId]);
  assert.equal(new Set(sent.map((headers) => headers["x-request-id"])).size, 2);
  for (const odd of ["", "no-uuid", "5f0c7b1e-6d43-4a52-9d0b-0a1b2c3d4e5g", "a\nb"])
    await fails(() => apiOf({ correlationId: odd }), { code: "invalid_parameter" });
  await fails(api.fetch("/v1/things", { headers: { "X-Request-Id": uuid() } }), { code: "invalid_parameter" });
  await fails(api.fetch("/v1/things", { headers: { authorization: "Bearer x" } }), { code: "reserved_parameter" });
});

test("what does not match is explained", async () => {
  const ping = (options, expected) => apiOf(options).ping(expected);
  world.elys.settings.scopes = false;
  const noInfo = await ping({ token: tokenOf("elys_depzorg") }, { organisationCode: ORGANISATION, scope: SCOPE });
  assert.deepEqual(points(noInfo), [
    ["organisation_code", ORGANISATION, ""],
    ["scope", "vo_info", "elys_depzorg"],
  ]);
  assert.match(noInfo.mismatches[0].advice, /vo_info/);
  const unapproved = await ping({ token: tokenOf("vo_info") }, { scope: SCOPE });
  assert.deepEqual(points(unapproved), [["scope", "elys_depzorg", "vo_info"]]);
  assert.match(unapproved.mismatches[0].advice, /approved/);
  const renamed = await ping({ provider: providerOf("old-name"), token: tokenOf("vo_info dao_depzorg", "old-name") }, { scope: SCOPE });
  assert.match(renamed.mismatches[0].advice, /old name/);
  world.elys.settings.scopes = true;
  const organisation = await ping({}, { organisationCode: "OVO002949" });
  assert.deepEqual(points(organisation), [["organisation_code", "OVO002949", ORGANISATION]]);
  const confused = await ping({ provider: providerOf(API) }, {});
  assert.deepEqual(points(confused), [["client_id", API, CLIENT]]);
  assert.match(confused.mismatches[0].advice, /ClientID API/);
  for (const { mismatches } of [noInfo, unapproved, renamed, organisation, confused]) for (const { advice } of mismatches) assert.ok(advice.length > 20);
});

test("answers a local server would not give: another issuer, not active, contradictions", async () => {
  const good = {
    VoOrgcode: ORGANISATION,
    scopes: ["vo_info"],
    clientId: CLIENT,
    token: {
      client_id: CLIENT,
      vo_orgcode: ORGANISATION,
      iss: world.issuer,
      active: true,
      aud: [],
      scope: ["vo_info"],
      exp: "2024-12-19T09:55:56Z",
      iat: "2024-12-19T08:55:56Z",
    },
  };
  const ping = (change, expected) => apiOf({ token: "x.y", ...fetchOf(json(change)) }).ping(expected);
  assert.deepEqual([(await ping(good)).matches, (await ping(good)).expiresAt], [true, 1734602156]);
  assert.equal((await ping({ ...good, scopes: "vo_info elys_depzorg" }, { scope: SCOPE })).matches, true, "scopes as a text");
  assert.deepEqual(points(await ping({ ...good, token: { ...good.token, iss: "https://authenticatie.vlaanderen.be/op" } })), [
    ["issuer", world.issuer, "https://authenticatie.vlaanderen.be/op"],
  ]);
  assert.deepEqual(points(await ping({ ...good, token: { ...good.token, active: false } })), [["active", "true", "false"]]);
  assert.deepEqual(points(await ping({ ...good, token: { ...good.token, vo_orgcode: "0999999922" } }))[0][0], "client_id");
  for (const body of ["[]", "{}", "null", "<html>", '{"clientId":5}', `{"clientId":"${CLIENT}","clientId":"x"}`, ""]) {
    await fails(apiOf({ token: "x.y", ...fetchOf(json(body)) }).ping(), { code: "api_response_malformed", phase: "api" });
  }
});

test("refusals say what to check, and nothing is asked for for ever", async () => {
  world.elys.settings.audience = true;
  const wrong = await fails(apiOf({ token: tokenOf(SCOPE, CLIENT, { audience: "no-such-api" }) }).ping(), {
    code: "unauthorized",
    action: "fix_configuration",
    retryable: false,
  });
  assert.match(wrong.expected, /audience/);
  assert.equal((await apiOf().ping()).matches, true);
  world.elys.settings.audience = false;
  let asked = 0;
  const from = world.elys.requests.length;
  const dead = await fails(apiOf({ token: () => `dead-token-${asked++}` }).ping(), { code: "token_invalid" });
  assert.match(dead.expected, /audience/);
  assert.deepEqual([asked, world.elys.requests.length - from], [2, 2]);
  await fails(apiOf({ token: () => `dead-token-${asked++}` }).fetch("/v1/things"), { code: "token_invalid" });
  assert.deepEqual([asked, world.elys.requests.length - from], [4, 4]);
  await fails(apiOf({ token: "dead-token" }).ping(), { code: "token_invalid" });
  await fails(apiOf({ token: () => "dead-token" }).ping(), { code: "token_invalid" });
  assert.equal(world.elys.requests.length - from, 6, "the same token is not sent again");
  const tokens = ["dead-token", await tokenOf()()];
  const refused = [];
  assert.equal((await apiOf({ token: (before) => (refused.push(before), tokens.shift()) }).ping()).matches, true);
  assert.deepEqual(refused, [undefined, "dead-token"]);
});

test("a gateway's HTML, trouble, redirects", async () => {
  const fault = (status, body, type) => world.elys.faults.push({ status, body, type });
  fault(503, "<html>", "text/html");
  await fails(apiOf().ping(), { code: "api_error", action: "try_later", retryable: true });
  fault(200, "<html>", "text/html");
  await fails(apiOf().ping(), { code: "api_response_malformed" });
  fault(404, "");
  await fails(apiOf().ping(), { code: "api_error", action: "fix_configuration" });
  fault(302, "");
  await fails(apiOf().ping(), { code: "redirect_refused" });
  await fails(apiOf({ fetch: () => Promise.reject(new TypeError("unreachable")) }).ping(), { code: "network_error" });
});

test("environments are kept apart: no token of T&I reaches production, none leaves the origin", async () => {
  const [ti, production] = ["ti", "production"].map((environment) => acmidm({ environment, clientId: "c" }));
  const token = "x.y";
  for (const [provider, environment] of [
    [ti, "production"],
    [production, "beta"],
    [production, "acceptance"],
    [production, "dao-beta"],
    [providerOf(), "beta"],
    [ti, { origin: world.elys.origin }],
  ]) {
    await fails(() => new ElysApi(provider, { environment, token }), { code: "invalid_configuration" });
  }
  for (const [provider, environment, origin] of [
    [ti, "beta", "https://elys.api.beta-athumi.eu"],
    [ti, "acceptance", "https://elys.api.acc-athumi.eu"],
    [production, "production", "https://elys.api.athumi.eu"],
    [ti, "dao-beta", "https://dao.api.beta-athumi.eu"],
  ]) {
    const { fetch, requests } = fetchOf(json({ clientId: "c" }));
    const api = new ElysApi(provider, { environment, token, fetch });
    assert.equal((await api.ping()).matches, true);
    assert.equal(requests[0].url, `${origin}/health/v1/ping`);
    for (const path of ["https://evil.example/", "//evil.example/", "@evil.example/", ".evil.example/", "/\\evil.example"]) {
      await api.fetch(path).catch((error) => assert.match(error.code, /invalid_parameter|resource_refused/));
    }
    for (const path of ["v1/things", "", undefined]) await fails(api.fetch(path), { code: "invalid_parameter", phase: "api" });
    assert.ok(
      requests.every(({ url }) => new URL(url).origin === origin),
      "the token stayed",
    );
    assertNoSecret(api, ["x.y"], "the API");
  }
  for (const options of [undefined, {}, { environment: "beta" }, { environment: "beta", token: 5 }, { token }])
    await fails(() => new ElysApi(ti, options), { code: "invalid_configuration" });
});
