// samtykke/maskinporten against the self-service API: the whole way of a provider of an API and of its consumer, keys that are
// merged and never private, odd answers, what is tried again and what is not.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { inspect } from "node:util";

import { MaskinportenClient, SamtykkeError, SelfService, SigningKey, keysDue, maskinporten, maskinportenClient } from "samtykke/maskinporten";
import { CUSTOMER, OTHER, OWN, publicPart, rsaJwk, world } from "./support.mjs";

const mp = await world();
after(() => mp.close());
const { control, admin } = mp;
const provider = maskinporten({ environment: mp.environment, clientId: admin.clientId });
const key = await SigningKey.fromJwk(admin.privateJwk);
const adminClient = new MaskinportenClient(provider, key);
const tokenFor = async (scope) => (await adminClient.token({ scope })).accessToken;
const ALL = "idporten:dcr.read idporten:dcr.write idporten:scopes.write idporten:dcr/onbehalfof:write";
const all = await tokenFor(ALL);
const api = new SelfService(provider, { token: all, retries: 0 });
const CLIENT = maskinportenClient("mine", ["difitest:api3"]);

const fails = async (run, code) => {
  const error = await Promise.resolve()
    .then(run)
    .then(
      () => assert.fail(`${code} was expected`),
      (error) => error,
    );
  assert.ok(error instanceof SamtykkeError, String(error.stack));
  assert.equal(error.code, code, error.message);
  return error;
};
const sent = async (run) => {
  const before = control.requests.length;
  await run();
  return control.requests.slice(before);
};

test("a scope is made, access to it granted and withdrawn, its name in the query", async () => {
  const scope = await api.createScope({
    prefix: "difitest",
    subscope: "pensjon/v3",
    description: "Third",
    "description#en": "Third API",
    delegation_source: "https://tt02.altinn.no/",
  });
  assert.equal(scope.name, "difitest:pensjon/v3");
  const requests = await sent(async () => {
    assert.equal((await api.grantAccess(CUSTOMER, scope.name)).state, "APPROVED");
    assert.equal((await api.withdrawAccess(CUSTOMER, scope.name)).state, "DENIED");
    assert.equal((await api.access(scope.name))[0].consumer_orgno, CUSTOMER);
  });
  assert.deepEqual(requests, [
    `PUT /scopes/access/${CUSTOMER}?scope=difitest%3Apensjon%2Fv3`,
    `DELETE /scopes/access/${CUSTOMER}?scope=difitest%3Apensjon%2Fv3`,
    "GET /scopes/access?scope=difitest%3Apensjon%2Fv3",
  ]);
  assert.equal(
    (await api.accessOf(CUSTOMER)).some((row) => row.scope === scope.name),
    true,
  );
  const changed = await api.updateScope(scope.name, (scope) => ({ ...scope, at_max_age: 30, future: ["kept"] }));
  assert.deepEqual([changed.at_max_age, changed.future, changed["description#en"]], [30, ["kept"], "Third API"]);
  await fails(() => api.updateScope(scope.name, (scope) => ({ ...scope, name: "difitest:other" })), "invalid_parameter");
  await api.deactivateScope(scope.name);
  assert.equal(
    (await api.scopes()).some(({ name }) => name === scope.name),
    false,
  );
  assert.equal((await api.scopes({ inactive: true, scope: scope.name })).length, 1);
  // What was deactivated is not made anew; it is set active again.
  await fails(() => api.createScope({ prefix: "difitest", subscope: "pensjon/v3", description: "x" }), "registration_conflict");
  assert.equal((await api.updateScope(scope.name, (scope) => ({ ...scope, active: true }))).active, true);
  assert.equal((await api.scope(scope.name)).name, scope.name);
});

test("lists that need no token are read without one", async () => {
  assert.equal((await api.delegationSources())[0].issuer, "https://tt02.altinn.no/");
  assert.ok((await api.allScopes({ integrationType: "MASKINPORTEN" })).length > 0);
  assert.deepEqual(await api.prefixes(), ["difitest"]);
  assert.equal((await api.organisation(OWN)).orgnr, OWN);
  assert.deepEqual(await api.myAccess(), []);
  assert.deepEqual(control.violations, []);
});

test("a client and its key are registered, and then it gets a token", async () => {
  const client = await api.createClient({ ...CLIENT, description: "example" });
  assert.deepEqual(await api.keys(client.client_id), [], "none is an empty list");
  const jwk = await rsaJwk();
  const [registered] = await api.addKey(client.client_id, publicPart(jwk));
  assert.deepEqual([registered.kid, registered.use], [jwk.kid, "sig"]);
  const mine = new MaskinportenClient(maskinporten({ environment: mp.environment, clientId: client.client_id }), await SigningKey.fromJwk(jwk));
  assert.ok((await mine.token({ scope: "difitest:api3" })).accessToken);

  const changed = await api.updateClient(client.client_id, (client) => ({ ...client, scopes: ["difitest:api3", "difitest:delegated"], future: 1 }));
  assert.deepEqual([changed.scopes.length, changed.future], [2, 1]);
  await fails(() => api.updateClient(client.client_id, (client) => ({ ...client, integration_type: "idporten" })), "invalid_parameter");
  assert.equal((await api.client(client.client_id)).client_name, "mine");
  assert.ok((await api.clients()).some(({ client_id }) => client_id === client.client_id));
  const secret = await api.newSecret(client.client_id);
  assert.ok(!inspect(secret).includes(secret.client_secret));
  await api.deactivateClient(client.client_id);
  assert.ok(!(await api.clients()).some(({ client_id }) => client_id === client.client_id));
  assert.ok((await api.clients({ inactive: true })).some(({ client_id }) => client_id === client.client_id));
  await fails(() => api.createClient({ ...CLIENT, client_id: client.client_id }), "registration_conflict");
});

test("keys are merged: none is lost, none is private, five at most", async () => {
  const { client_id: id } = await api.createClient(CLIENT);
  const keys = await Promise.all(Array.from({ length: 6 }, (_, at) => rsaJwk(`key-${at}`)));
  for (const jwk of keys.slice(0, 5)) await api.addKey(id, publicPart(jwk));
  assert.deepEqual(
    (await api.keys(id)).map(({ kid }) => kid),
    ["key-0", "key-1", "key-2", "key-3", "key-4"],
  );
  const none = await sent(async () => {
    await fails(() => api.addKey(id, publicPart(keys[5])), "invalid_parameter");
    await fails(() => api.addKey(id, publicPart(keys[0])), "registration_conflict");
    await fails(() => api.addKey(id, keys[5]), "key_refused");
    for (const name of ["d", "p", "q", "dp", "dq", "qi"]) await fails(() => api.addKey(id, { ...publicPart(keys[5]), [name]: keys[5][name] }), "key_refused");
    await fails(() => api.addKey(id, { ...publicPart(keys[5]), kid: "a:b" }), "key_refused");
    await fails(() => api.addKey(id, { ...publicPart(keys[5]), kid: "a/b" }), "key_refused");
    await fails(() => api.addKey(id, { ...publicPart(keys[5]), alg: "PS256" }), "key_refused");
    await fails(() => api.uploadKey(id, "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"), "key_refused");
    await fails(() => api.createClient({ ...CLIENT, jwks: { keys: [keys[5]] } }), "key_refused");
    await fails(() => api.replaceKey(id, "key-0", keys[0]), "key_refused");
  });
  assert.ok(
    none.every((request) => request.startsWith("GET ")),
    "nothing was written",
  );
  assert.deepEqual(control.violations, []);

  const { store } = control;
  const soon = Math.floor(Date.now() / 1000) + 10 * 86_400;
  const aged = store.client(id).jwks;
  store.setKeys(id, { ...aged, keys: aged.keys.map((key) => (key.kid === "key-1" || key.kid === "key-2" ? { ...key, exp: soon } : key)) });
  assert.deepEqual(
    keysDue(await api.keys(id), 30).map(({ kid }) => kid),
    ["key-1", "key-2"],
  );
  await api.renewKey(id, "key-1");
  const after = Object.fromEntries((await api.keys(id)).map((key) => [key.kid, key.exp]));
  assert.ok(after["key-1"] > soon + 300 * 86_400, "renewed for a year");
  assert.equal(after["key-2"], soon, "the others keep their end");
  await fails(() => api.renewKey(id, "nobody"), "not_found");
  for (const at of [0, 1, 2, 3]) await api.removeKey(id, `key-${at}`);
  assert.equal((await api.key(id, "key-4")).kid, "key-4");
  const last = await sent(async () => assert.deepEqual(await api.removeKey(id, "key-4"), []));
  assert.equal(last[1], `DELETE /clients/${id}/jwks`);
  await api.addKey(id, publicPart(keys[0]));
  await api.deleteKey(id, "key-0");
  assert.deepEqual(await api.keys(id), []);
});

test("someone who writes keys at the same time is noticed", async () => {
  const { client_id: id } = await api.createClient(CLIENT);
  const [mine, theirs] = [await rsaJwk("mine"), await rsaJwk("theirs")];
  const { store } = control;
  const racing = async (url, init) => {
    const response = await fetch(url, init);
    if (init.method === "POST") store.setKeys(id, { keys: [{ ...publicPart(theirs), use: "sig", posted: 1e12 }] });
    return response;
  };
  await fails(() => new SelfService(provider, { token: all, fetch: racing }).addKey(id, publicPart(mine)), "registration_conflict");
});

test("on behalf of", async () => {
  const { client_id: id } = await api.createClient(CLIENT);
  const made = await api.addOnBehalfOf(id, { onbehalfof: "customer-1", name: "Customer", orgno: CUSTOMER });
  assert.equal(made.onbehalfof, `${id}::customer-1`);
  assert.equal((await api.updateOnBehalfOf(id, made.onbehalfof, { ...made, name: "Changed" })).name, "Changed");
  assert.equal((await api.onBehalfOf(id))[0].name, "Changed");
  await api.deleteOnBehalfOf(id, made.onbehalfof);
  assert.deepEqual(await api.onBehalfOf(id), []);
});

test("odd arguments never reach a path", async () => {
  const none = await sent(async () => {
    for (const odd of ["..", "1/2", "", "88964078", "889640783", `0192:${CUSTOMER}`, undefined, +CUSTOMER]) {
      await fails(() => api.withdrawAccess(odd, "difitest:api3"), "invalid_parameter");
      await fails(() => api.accessOf(odd), "invalid_parameter");
    }
    for (const odd of ["", "a b", "a\nb", undefined]) {
      const error = await Promise.resolve()
        .then(() => api.deactivateScope(odd))
        .then(
          () => assert.fail(String(odd)),
          (error) => error,
        );
      assert.ok(["invalid_parameter", "invalid_scope"].includes(error.code), error.code);
    }
    for (const odd of ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb"]) await fails(() => api.client(odd), "invalid_parameter");
    for (const odd of [
      { application_type: "browser" },
      { scopes: [] },
      { token_endpoint_auth_method: "client_secret_basic" },
      { grant_types: ["jwt_bearer_token"] },
      { integration_type: undefined },
    ]) {
      await fails(() => api.createClient({ ...CLIENT, ...odd }), "invalid_parameter");
    }
  });
  assert.deepEqual(none, []);
  const [one] = await sent(() => fails(() => api.access("x&consumer_orgno=1"), "not_found"));
  assert.equal(one, "GET /scopes/access?scope=x%26consumer_orgno%3D1");
  const lenient = new SelfService(provider, { token: all, uncheckedOrganisationNumbers: true });
  assert.equal((await fails(() => lenient.grantAccess("999888777", "difitest:api3"), "api_error")).http.status, 400);
});

test("refusals are told apart, and what they ask for is said", async () => {
  const reader = new SelfService(provider, { token: await tokenFor("idporten:dcr.read"), retries: 0 });
  assert.ok((await reader.clients()).length > 0);
  const forbidden = await fails(() => reader.createClient(CLIENT), "unauthorized");
  assert.match(forbidden.expected, /idporten:dcr\.write/);
  assert.equal(forbidden.http.status, 403);
  await fails(() => api.client("nobody"), "not_found");
  const wrong = await fails(() => api.createScope({ prefix: "difitest", subscope: "x" }), "api_error");
  assert.deepEqual([wrong.provider.code, wrong.action], ["description is missing", "fix_configuration"]);
  assert.match(wrong.provider.traceId, /^[\da-f-]{36}$/);
  assert.equal(wrong.oauth, undefined);
  const { client_id: id } = await api.createClient(CLIENT);
  control.apiFault({ status: 404 });
  control.apiFault({ status: 409, type: "application/json", body: '"Conflict. Duplicate keys in request."' });
  const conflict = await fails(async () => api.addKey(id, publicPart(await rsaJwk())), "registration_conflict");
  assert.equal(conflict.provider.code, "Conflict. Duplicate keys in request.");
  // An error that says a list is empty is an empty list.
  await api.createScope({ prefix: "difitest", subscope: "empty", description: "nobody has it" });
  assert.deepEqual(await api.access("difitest:empty"), []);
  for (const body of ["", "<html>", "{", "[]", '"text"']) {
    control.apiFault({ status: 400, body });
    assert.equal((await fails(() => api.clients(), "api_error")).action, "fix_configuration");
    control.apiFault({ status: 200, body: body === "[]" ? "{}" : body });
    await fails(() => api.clients(), "api_response_malformed");
  }
  control.apiFault({ status: 302, headers: { location: "https://other.example/" } });
  await fails(() => api.clients(), "redirect_refused");
});

test("a token that is not taken is got anew, once", async () => {
  const asked = [];
  const renewing = new SelfService(provider, { token: (refused) => (asked.push(refused), refused ? all : "old"), retries: 0 });
  assert.ok((await renewing.createClient(CLIENT)).client_id, "also for what is made: nothing was done yet");
  assert.deepEqual(asked, [undefined, "old"]);
  let times = 0;
  const stubborn = new SelfService(provider, { token: () => (times++, "old") });
  assert.equal((await fails(() => stubborn.clients(), "token_invalid")).http.status, 401);
  assert.equal(times, 2);
  const [first, ...others] = await sent(() => fails(() => new SelfService(provider, { token: "old" }).clients(), "token_invalid"));
  assert.deepEqual([first, others], ["GET /clients", []]);
});

test("each call asks for a token of the scope it needs, and the public lists for none", async () => {
  const asked = [];
  const narrow = new SelfService(provider, { token: (_, scope) => (asked.push(scope), tokenFor(scope)), retries: 0 });
  const client = await narrow.createClient(CLIENT);
  await narrow.keys(client.client_id);
  await narrow.addOnBehalfOf(client.client_id, { onbehalfof: "customer-1", name: "Customer", orgno: CUSTOMER });
  await narrow.access("difitest:api3");
  await narrow.delegationSources();
  await narrow.allScopes();
  assert.deepEqual(asked, ["idporten:dcr.write", "idporten:dcr.read", "idporten:dcr/onbehalfof:write", "idporten:scopes.write"]);
  const denied = [];
  control.apiFault({ status: 401 });
  await fails(() => new SelfService(provider, { token: (...told) => (denied.push(told), "x"), retries: 0 }).allScopes(), "token_invalid");
  assert.deepEqual(denied, [], "a public list is not a matter of tokens");
  await fails(() => new SelfService(provider, { token: (...told) => (denied.push(told), denied.length > 1 ? "other" : "old") }).portalUser(), "token_invalid");
  assert.deepEqual(denied, [
    [undefined, "portal"],
    ["old", "portal"],
  ]);
});

test("what is read or set is tried again, what is made never is", async () => {
  const patient = new SelfService(provider, { token: all });
  for (const fault of [{ status: 503 }, { status: 429 }, { destroy: true }]) {
    control.apiFault(fault);
    assert.equal((await sent(() => patient.clients())).length, 2);
    control.apiFault(fault);
    assert.equal((await sent(() => patient.grantAccess(CUSTOMER, "difitest:api3"))).length, 2);
    control.apiFault(fault);
    assert.equal((await sent(() => fails(() => patient.createClient(CLIENT), fault.destroy ? "network_error" : "api_error"))).length, 1);
  }
});

test("values that are yet unknown survive", async () => {
  control.store.setAccess({ scope: "difitest:api3", consumer_orgno: OTHER, state: "PAUSED", owner_orgno: OWN, new_member: { a: [1] } });
  const row = (await api.access("difitest:api3")).find(({ consumer_orgno }) => consumer_orgno === OTHER);
  assert.deepEqual([row.state, row.new_member], ["PAUSED", { a: [1] }]);
  control.store.setAccess({ scope: "difitest:api3", consumer_orgno: OTHER, state: "APPROVED", owner_orgno: OWN });
  const saml = await api.createClient({ integration_type: "idporten_saml2", application_type: "new", scopes: ["x"], client_name: "s" });
  const kept = await api.updateClient(saml.client_id, (client) => ({ ...client, description: "changed" }));
  assert.deepEqual([kept.integration_type, kept.application_type], ["idporten_saml2", "new"]);
});

test("whoever may only change clients, or registers them for customers, is asked for that scope", async () => {
  const told = async (clientScope, ...runs) => {
    const scopes = [];
    const more = clientScope === undefined ? {} : { clientScope };
    const answer = async () => new Response("", { status: 403 });
    const one = new SelfService(provider, { ...more, token: (_, scope) => (scopes.push(scope), "t"), fetch: answer, retries: 0 });
    for (const run of runs) scopes.push((await fails(() => run(one), "unauthorized")).expected.replace("a token with the scope ", ""));
    return scopes;
  };
  const twice = (...scopes) => scopes.flatMap((scope) => [scope, scope]);
  const runs = [(one) => one.createClient(CLIENT), (one) => one.deactivateClient("c"), (one) => one.client("c"), (one) => one.access("a:b")];
  assert.deepEqual(await told(undefined, ...runs), twice("idporten:dcr.write", "idporten:dcr.write", "idporten:dcr.read", "idporten:scopes.write"));
  assert.deepEqual(await told("modify", ...runs), twice("idporten:dcr.write", "idporten:dcr.modify", "idporten:dcr.read", "idporten:scopes.write"));
  assert.deepEqual(await told("supplier", ...runs), twice("idporten:dcr.supplier", "idporten:dcr.supplier", "idporten:dcr.supplier", "idporten:scopes.write"));
  await fails(() => new SelfService(provider, { token: "t", clientScope: "idporten:dcr.write" }), "invalid_configuration");
});
