// One client through both services: drafted and confirmed at the local Selvbetjening, it logs a person in at the local HelseID,
// gets a token for each audience, calls APIs that are as strict as NHN's template, and goes on after its key was replaced.
// Refuses a login with access that is not granted yet, and a key that was dropped.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SigningKey } from "samtykke";
import { HelseId } from "samtykke/helseid";
import { Enrolment, Selvbetjening } from "samtykke/selvbetjening";
import { browse, startApi, startHelseId } from "samtykke-local/helseid";
import { TEMPLATE, decide, startSelvbetjening } from "samtykke-local/selvbetjening";
import { QUICK, REDIRECT, code, memoryStore } from "./support.mjs";

const CALLBACK = "http://localhost:4407/callback";
const SCOPE = "openid offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";

async function joined(t) {
  const helseid = await startHelseId();
  const world = await startSelvbetjening({ helseid, refusals: 2 });
  const apis = [await startApi(helseid, "nhn:phr"), await startApi(helseid, "nhn:kj")];
  t.after(() => Promise.all([world, helseid, ...apis].map((one) => one.close())));
  const environment = { issuer: helseid.issuer };
  const service = new Selvbetjening({ environment: world.environment, login: (identity) => HelseId.connect({ environment, ...identity }) });
  const draft = {
    organizationNumber: TEMPLATE.organizations[0],
    apiScopes: ["nhn:selvbetjening/client", "nhn:phr/mhd/read", "nhn:kj/api"],
    redirectUris: [CALLBACK],
  };
  const enrolment = await Enrolment.begin(service, draft, { apiKey: TEMPLATE.apiKey, store: memoryStore(), redirectUri: REDIRECT });
  const dpop = await SigningKey.generate();
  const connect = async (key) =>
    HelseId.connect({ environment, clientId: enrolment.clientId, redirectUri: CALLBACK, key: key ?? (await enrolment.key()), dpop });
  return { helseid, world, apis, enrolment, connect };
}

test("a client that Selvbetjening made logs a person in at HelseID, once its access is granted", async (t) => {
  const { world, apis, enrolment, connect } = await joined(t);
  const login = async () => (await connect()).login({ scope: SCOPE });
  await assert.rejects(login(), (error) => error.oauth?.error === "invalid_client", "a draft is no client");
  await enrolment.confirm(await decide(enrolment.confirmUrl));
  let pauses = 0;
  const current = await enrolment.waitUntilUsable({ ...QUICK, onWait: () => pauses++ });
  assert.deepEqual([pauses, current.pending], [2, ["nhn:phr/mhd/read"]]);
  await assert.rejects(login(), (error) => error.oauth?.error === "invalid_scope", "pending access");
  world.control.approve(enrolment.clientId);

  const helseid = await connect();
  const { url, transaction } = await helseid.login({ scope: SCOPE });
  const session = await helseid.finish(transaction, await browse(url, CALLBACK), { save() {} });
  const asked = [
    ["nhn:phr", "nhn:phr/mhd/read"],
    ["nhn:kj", "nhn:kj/api"],
  ];
  for (const [at, [resource, scope]] of asked.entries()) {
    const response = await session.fetch({ resource }, { origins: [apis[at].origin] })(`${apis[at].origin}/documents`);
    const claims = await response.json();
    assert.deepEqual([claims.aud, claims.scope.includes(scope), claims.client_id], [resource, true, enrolment.clientId]);
    assert.deepEqual(apis[at].refused, []);
  }
  assert.deepEqual(world.control.violations(), []);
});

test("a session goes on with the new key after a rotation, and the old key opens nothing at HelseID", async (t) => {
  const { world, enrolment, connect } = await joined(t);
  await enrolment.confirm(await decide(enrolment.confirmUrl));
  await enrolment.waitUntilUsable(QUICK);
  world.control.approve(enrolment.clientId);
  const old = await enrolment.key();
  const before = await connect(old);
  const { url, transaction } = await before.login({ scope: SCOPE });
  const session = await before.finish(transaction, await browse(url, CALLBACK), { save() {} });

  world.control.state.settings.keyPropagation = 300;
  await enrolment.rotateKey(QUICK);
  world.control.clients()[0].keys.shift();
  await assert.rejects(before.machine({ scope: "nhn:kj/api" }), (error) => code("token_error")(error) && error.oauth.error === "invalid_client");
  await assert.rejects(session.tokens({ resource: "nhn:kj" }), (error) => error.oauth?.error === "invalid_client");
  const after = await connect();
  const { accessToken } = await after.session(session.state, { save() {} }).tokens({ resource: "nhn:kj" });
  assert.ok(accessToken);
  assert.deepEqual(world.control.violations(), []);
});
