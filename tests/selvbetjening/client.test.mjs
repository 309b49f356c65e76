// A client in daily use: statuses, settings read and written whole, delegations, tokens kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DRAFT, QUICK, code, enrolled, loginTo } from "./support.mjs";

const count = (control, line) => control.requests().filter((one) => one.startsWith(line)).length;

test("a status that is not known is shown, and never counts as ready", async (t) => {
  const { enrolment, record } = await enrolled(t);
  const client = await enrolment.client();
  assert.equal((await client.getClient()).ready, true);
  record.apiScopes.push({ scope: "nhn:phr/mhd", status: "Rejected", statusReason: "No agreement." });
  const current = await client.getClient();
  assert.deepEqual([current.ready, current.pending, current.unknown], [false, [], ["nhn:phr/mhd"]]);
  assert.deepEqual(current.apiScopes[1], { scope: "nhn:phr/mhd", status: "Rejected", statusReason: "No agreement." });
  // Nothing is pending, so there is nothing to wait for; it is not ready all the same.
  assert.equal((await client.waitForApproval(QUICK)).ready, false);
});

test("a wait for approval ends by the caller's signal, also in the middle of a pause, and outlives trouble", async (t) => {
  const { enrolment, record, control } = await enrolled(t, {}, {}, { ...DRAFT, apiScopes: [...DRAFT.apiScopes, "nhn:phr/mhd"] });
  const client = await enrolment.client();
  const stop = new AbortController();
  const waiting = client.waitForApproval({
    first: 3600,
    longest: 3600,
    signal: stop.signal,
    onWait: () => setTimeout(() => stop.abort(new Error("enough")), 10),
  });
  await assert.rejects(waiting, (error) => code("aborted")(error) && error.cause.message === "enough");
  await assert.rejects(client.waitForApproval({ ...QUICK, signal: AbortSignal.abort() }), code("aborted"));
  await assert.rejects(client.waitForApproval({ ...QUICK, limit: 0.1 }), code("timeout"));

  let pauses = 0;
  const done = await client.waitForApproval({
    ...QUICK,
    onWait: () => {
      pauses++;
      if (pauses === 1) control.next("GET /v1/client", { status: 503, body: "<html>" });
      if (pauses === 2) control.next("GET /v1/client", "drop");
      if (pauses === 3) control.approve(record.id);
    },
  });
  assert.deepEqual([done.ready, pauses], [true, 3]);
  control.next("GET /v1/client", { status: 403, body: "" });
  await assert.rejects(client.waitForApproval(QUICK), code("unauthorized"));
});

test("a wait for approval outlives HelseID's trouble at the token, and comes again no sooner than the server says", async (t) => {
  const { enrolment, record, control } = await enrolled(t, {}, {}, { ...DRAFT, apiScopes: [...DRAFT.apiScopes, "nhn:phr/mhd"] });
  const client = await enrolment.client();
  const pauses = [];
  const done = await client.waitForApproval({
    ...QUICK,
    onWait: ({ seconds }) => {
      pauses.push(seconds);
      // The token of the days before has ended.
      if (pauses.length <= 2) control.revokeTokens();
      if (pauses.length === 1) control.next("POST /connect/token", { status: 503, body: "<html>" });
      if (pauses.length === 2) control.next("POST /connect/token", { status: 429, body: "" });
      if (pauses.length === 3) control.next("GET /v1/client", { status: 503, body: "", headers: { "retry-after": "1" } });
      if (pauses.length === 4) control.approve(record.id);
    },
  });
  assert.deepEqual([done.ready, pauses], [true, [0.02, 0.03, 0.045, 1]]);
  control.next("GET /v1/client", { status: 503, body: "", headers: { "retry-after": "3600" } });
  await assert.rejects(client.waitForApproval(QUICK), (error) => code("timeout")(error) && error.http.status === 503 && error.http.retryAfter === 3600);
});

test("a wait for a usable client ends at once for any other reason", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  let pauses = 0;
  const options = { ...QUICK, onWait: () => pauses++ };
  record.apiScopes[0].status = "pending";
  await assert.rejects(enrolment.waitUntilUsable(options), (error) => error.oauth.error === "invalid_scope");
  record.apiScopes[0].status = "ok";
  control.next("GET /v1/client", { status: 403, body: "" });
  await assert.rejects(enrolment.waitUntilUsable(options), code("unauthorized"));
  assert.equal(pauses, 0);
});

test("an update reads all settings and writes all of them", async (t) => {
  const draft = { ...DRAFT, audienceSpecificClientClaims: [{ key: "her_id", value: "123" }], redirectUris: ["https://app.example.no/cb"] };
  const { enrolment, record, control } = await enrolled(t, {}, {}, draft);
  const client = await enrolment.client();
  const after = await client.update((settings) => {
    assert.deepEqual(settings.audienceSpecificClientClaims, [{ key: "her_id", value: "123" }]);
    return { ...settings, redirectUris: [...settings.redirectUris, "https://app.example.no/other"] };
  });
  assert.deepEqual(after.redirectUris, ["https://app.example.no/cb", "https://app.example.no/other"]);
  assert.deepEqual(after.audienceSpecificClientClaims[0].pendingClaimValue, "123", "what waits is still waiting");
  assert.deepEqual(control.violations(), []);
  // A value that waits beside one that holds: the newest wish is written back.
  control.approve(record.id);
  await client.update((settings) => ({ ...settings, audienceSpecificClientClaims: [{ key: "her_id", value: "456" }] }));
  await client.update((settings) => ({ ...settings, postLogoutRedirectUris: ["https://app.example.no/"] }));
  const [claim] = (await client.getClient()).audienceSpecificClientClaims;
  assert.deepEqual([claim.status, claim.activeClaimValue, claim.pendingClaimValue], ["updatePending", "123", "456"]);
  const refused = await client.update((settings) => ({ ...settings, redirectUris: null })).catch((error) => error);
  assert.deepEqual([refused.code, refused.provider.code], ["api_error", "RedirectUris"]);
});

test("an update from partial data, or past an unknown status, is not sent", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  const client = await enrolment.client();
  for (const change of [
    ({ apiScopes }) => ({ apiScopes }),
    ({ childOrganizationNumbers: _, ...rest }) => rest,
    (settings) => ({ ...settings, redirectUris: undefined }),
    (settings) => ({ ...settings, redirectUri: [] }),
    (settings) => ({ ...settings, redirectUris: "https://app.example.no/" }),
    (settings) => ({ ...settings, redirectUris: ["http://app.example.no/"] }),
    (settings) => ({ ...settings, childOrganizationNumbers: ["12345678"] }),
    () => undefined,
  ]) {
    await assert.rejects(client.update(change), code("invalid_parameter"), `${change}`);
  }
  record.apiScopes[0].status = "Suspended";
  await assert.rejects(
    client.update((settings) => settings),
    code("invalid_parameter"),
  );
  record.apiScopes[0].status = "ok";
  control.next("GET /v1/client", { status: 200, body: { apiScopes: [{ scope: "nhn:selvbetjening/client", status: "ok" }] } });
  await assert.rejects(
    client.update((settings) => settings),
    code("invalid_parameter"),
  );
  assert.equal(count(control, "PUT"), 0);
});

test("an update whose settings change underneath is made again from the new ones", async (t) => {
  const { enrolment, record, control } = await enrolled(t);
  const client = await enrolment.client();
  let asked = 0;
  await client.update((settings) => {
    if (++asked === 1) record.postLogoutRedirectUris = ["https://app.example.no/bye"];
    return { ...settings, redirectUris: ["https://app.example.no/cb"] };
  });
  assert.equal(asked, 2);
  assert.deepEqual(record.postLogoutRedirectUris, ["https://app.example.no/bye"], "not wiped");
  await assert.rejects(
    client.update((settings) => ((record.redirectUris = [`https://app.example.no/${asked++}`]), settings)),
    code("conflict"),
  );
  assert.equal(count(control, "PUT"), 1);
});

test("what the service says in words is told, whatever form they have", async (t) => {
  const { enrolment, control } = await enrolled(t);
  const client = await enrolment.client();
  for (const [body, said] of [
    ["Forbidden", "Forbidden"],
    ['"the client is unknown"', "the client is unknown"],
    [{ detail: "not now" }, "not now"],
    ["<html>", undefined],
    ["", undefined],
  ]) {
    control.next("GET /v1/client", { status: 403, body });
    await assert.rejects(client.getClient(), ({ code: found, actual, http }) => found === "unauthorized" && actual === said && http.status === 403);
  }
});

test("delegations are read; a token is kept while it is valid, and got anew when it is refused", async (t) => {
  const { enrolment, control } = await enrolled(t);
  const client = await enrolment.client();
  const [delegation] = await client.delegations();
  assert.deepEqual(
    [delegation.organizationNumber, delegation.isHelsenettMember, delegation.serviceTerms[0].signed, delegation.serviceTerms[0].scopes],
    ["999988887", true, false, ["nhn:phr/mhd"]],
  );
  await Promise.all([client.listKeys(), client.getClient(), client.getClient()]);
  assert.equal(count(control, "token"), 1);
  control.revokeTokens();
  assert.equal((await client.getClient()).ready, true);
  assert.equal(count(control, "token"), 2);
  control.next("GET /v1/client", { status: 200, body: "{}" });
  await assert.rejects(client.getClient(), code("api_response_malformed"));
  control.next("GET /v1/client", { status: 302, body: "", headers: { location: "https://evil.example/" } });
  await assert.rejects(client.getClient(), code("redirect_refused"));
  assert.deepEqual(control.violations(), []);
});

test("a login that fails once is tried again; one call's signal and time limit end that call", async (t) => {
  let broken = true;
  const { world, control, record, enrolment, service: _ } = await enrolled(t);
  const { Selvbetjening } = await import("samtykke/selvbetjening");
  const login = loginTo(world);
  const service = new Selvbetjening({
    environment: world.environment,
    timeout: 5,
    login: (identity) => {
      if (broken) throw new Error("no network yet");
      return login(identity);
    },
  });
  const client = service.as({ clientId: record.id, key: await enrolment.key() });
  await assert.rejects(client.getClient(), (error) => code("network_error")(error) && error.cause.message === "no network yet");
  broken = false;
  assert.equal((await client.getClient()).ready, true);
  await assert.rejects(client.getClient({ signal: AbortSignal.abort(new Error("stop")) }), (error) => code("aborted")(error) && error.cause.message === "stop");
  const silent = new Selvbetjening({
    environment: world.environment,
    timeout: 0.05,
    login: async () => ({ clientCredentials: async () => ({ accessToken: "x", tokenType: "DPoP" }), fetch: () => () => new Promise(() => {}) }),
  });
  await assert.rejects(silent.as({ clientId: record.id, key: await enrolment.key() }).getClient(), code("timeout"));
  assert.deepEqual(control.violations(), []);
});
