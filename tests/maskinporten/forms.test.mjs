// The three forms in which the self-service was or is addressed, each over real HTTP with one SQLite state behind it; and what
// only some of them have: a single key replaced, a key uploaded as text, the portal's own calls.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { MaskinportenClient, SamtykkeError, SelfService, SigningKey, maskinporten, maskinportenClient } from "samtykke/maskinporten";
import { startMaskinporten } from "samtykke-local/maskinporten";
import { OTHER, OWN, publicPart, rsaJwk, world } from "./support.mjs";

const ISSUER = "https://test.maskinporten.no/";
const mp = await world({ issuer: ISSUER });
after(() => mp.close());
const { control, admin } = mp;
const HOSTS = { "https://test.maskinporten.no": mp.origin, "https://api.test.samarbeid.digdir.no": mp.origin, "https://integrasjon-ver2.difi.no": mp.guide };
const ALL = "idporten:dcr.read idporten:dcr.write idporten:scopes.write";
/** The real addresses, which are served from here. */
const fetch = (url, init) => {
  const { origin } = new URL(url);
  assert.ok(HOSTS[origin], `${origin} is none of Maskinporten's`);
  return globalThis.fetch(HOSTS[origin] + url.slice(origin.length), init);
};
const key = await SigningKey.fromJwk(admin.privateJwk);
const at = (selfService) => maskinporten({ environment: "test", clientId: admin.clientId, ...(selfService && { selfService }) });
const token = (await new MaskinportenClient(at(), key, { fetch }).token({ scope: ALL })).accessToken;
const apiAt = (selfService, more = {}) => new SelfService(at(selfService), { token, fetch, retries: 0, ...more });
const FORMS = ["current", "unversioned", "guide"];

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

/** What a provider of an API does: a scope, access to it, a client, its keys. */
async function walk(api, name) {
  const scope = await api.createScope({ prefix: "difitest", subscope: `form/${name}`, description: name });
  assert.equal((await api.grantAccess(OTHER, scope.name)).state, "APPROVED");
  const { client_id: id } = await api.createClient(maskinportenClient(name, [scope.name]));
  assert.ok((await api.clients()).some(({ client_id }) => client_id === id));
  const [first, second] = [await rsaJwk("first"), await rsaJwk("first")];
  await api.addKey(id, publicPart(first));
  await api.addKey(id, publicPart(await rsaJwk("other")));
  const replaced = await api.replaceKey(id, "first", publicPart(second));
  assert.deepEqual([replaced.kid, replaced.n, replaced.use], ["first", second.n, "sig"]);
  assert.deepEqual(
    (await api.keys(id)).map(({ kid, n }) => [kid, n === second.n]),
    [
      ["first", true],
      ["other", false],
    ],
    "the other key stays",
  );
  assert.equal((await api.key(id, "first")).n, second.n);
  return { id, scope: scope.name, jwk: second, replaced: first };
}

test("the three forms serve the whole way, by the addresses that the environment names", async () => {
  for (const form of FORMS) {
    const from = control.bases.length;
    const { id, scope } = await walk(apiAt(form), `named-${form}`);
    assert.deepEqual([...new Set(control.bases.slice(from))], [form]);
    // One state behind all of them.
    for (const other of FORMS) {
      assert.equal((await apiAt(other).client(id)).client_name, `named-${form}`);
      assert.equal((await apiAt(other).access(scope))[0].consumer_orgno, OTHER);
    }
  }
  assert.deepEqual(control.violations, []);
});

test("a server of one's own takes each form at its own origin, and keeps its state over a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "samtykke-mp-forms-"));
  try {
    const made = [];
    let server = await startMaskinporten({ file: join(folder, "state.db") });
    const local = async (form) => {
      const environment = { ...server.environment, selfService: form === "guide" ? `${server.guide}/api/v1` : server.environment.selfService };
      const provider = maskinporten({ environment, clientId: server.admin.clientId, selfService: form });
      const client = new MaskinportenClient(provider, await SigningKey.fromJwk(server.admin.privateJwk));
      return new SelfService(provider, { token: (await client.token({ scope: ALL })).accessToken, retries: 0 });
    };
    for (const form of FORMS) {
      made.push({ form, ...(await walk(await local(form), `own-${form}`)) });
      assert.equal(server.control.bases.at(-1), form);
    }
    assert.deepEqual(server.control.violations, []);
    await server.close();
    server = await startMaskinporten({ file: join(folder, "state.db") });
    for (const { form, id, jwk, scope } of made) {
      const provider = maskinporten({ environment: server.environment, clientId: id });
      server.control.store.setAccess({ scope, consumer_orgno: OWN, state: "APPROVED", owner_orgno: OWN });
      const { accessToken } = await new MaskinportenClient(provider, await SigningKey.fromJwk(jwk)).token({ scope });
      assert.ok(accessToken, form);
      assert.deepEqual(
        (await (await local(form)).keys(id)).map(({ kid }) => kid),
        ["first", "other"],
      );
    }
    await server.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("each form has its own address of the collection, and the others' are not there", async () => {
  const from = control.requests.length;
  for (const address of [
    `${mp.guide}/clients`,
    `${mp.guide}/api/v1/clients`,
    `${mp.guide}/api/v2/clients/c/key`,
    `${mp.origin}/clients/`,
    `${mp.origin}/api/v1/clients/`,
  ]) {
    assert.equal((await globalThis.fetch(address, { headers: { authorization: `Bearer ${token}` } })).status, 404, address);
  }
  assert.equal((await globalThis.fetch(`${mp.guide}/clients/`, { headers: { authorization: `Bearer ${token}` } })).status, 200);
  assert.ok(control.requests.length > from);
});

test("a key is replaced alone, and only by a public one of its own id", async () => {
  const api = apiAt();
  const { id, jwk, replaced, scope } = await walk(api, "replaced");
  const tokenBy = async (jwk) =>
    new MaskinportenClient(maskinporten({ environment: "test", clientId: id }), await SigningKey.fromJwk(jwk), { fetch }).token({ scope });
  control.store.setAccess({ scope, consumer_orgno: OWN, state: "APPROVED", owner_orgno: OWN });
  assert.ok((await tokenBy(jwk)).accessToken);
  await fails(() => tokenBy(replaced), "token_error");
  await fails(() => api.replaceKey(id, "first", jwk), "key_refused");
  await fails(() => api.replaceKey(id, "a:b", publicPart(jwk)), "invalid_parameter");
  await fails(() => api.replaceKey(id, "nobody", publicPart({ ...jwk, kid: "nobody" })), "not_found");
  const other = await fails(async () => api.replaceKey(id, "first", publicPart(await rsaJwk("third"))), "api_error");
  assert.match(other.provider.code, /kid/);
  // What is set is sent again after trouble; what is made is not.
  control.apiFault({ status: 503 });
  const from = control.requests.length;
  await apiAt("current", { retries: 1 }).replaceKey(id, "first", publicPart(jwk));
  assert.equal(control.requests.length - from, 2);
  assert.deepEqual(control.violations, []);
});

test("all keys are set at once, repeatably", async () => {
  const api = apiAt("current", { retries: 1 });
  const { id, jwk } = await walk(api, "set");
  control.apiFault({ status: 503 });
  const from = control.requests.length;
  await api.setKeys(id, [publicPart(jwk)]);
  assert.deepEqual(control.requests.slice(from), [`PUT /clients/${id}/jwks`, `PUT /clients/${id}/jwks`]);
  assert.deepEqual(
    (await api.keys(id)).map(({ kid }) => kid),
    ["first"],
  );
  await fails(() => api.setKeys(id, []), "invalid_parameter");
  await fails(() => api.setKeys(id, [jwk]), "key_refused");
  await fails(() => api.setKeys(id, [publicPart(jwk), publicPart(jwk)]), "registration_conflict");
  await fails(
    () =>
      api.setKeys(
        id,
        Array.from({ length: 6 }, (_, at) => publicPart({ ...jwk, kid: `k${at}` })),
      ),
    "invalid_parameter",
  );
});

test("a key is uploaded as text, PEM or JWK, where the base has a second version", async () => {
  for (const form of ["current", "unversioned"]) {
    const api = apiAt(form);
    const { client_id: id } = await api.createClient(maskinportenClient(form, ["difitest:api3"]));
    const from = control.requests.length;
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const uploaded = await api.uploadKey(id, publicKey.export({ type: "spki", format: "pem" }));
    assert.deepEqual([uploaded.kty, uploaded.n, uploaded.use], ["RSA", publicKey.export({ format: "jwk" }).n, "sig"]);
    assert.deepEqual(control.requests.slice(from), [`POST /v2/clients/${id}/key`]);
    const jwk = await rsaJwk("as-jwk");
    assert.equal((await api.uploadKey(id, JSON.stringify(publicPart(jwk)))).kid, "as-jwk");
    assert.deepEqual(
      (await api.keys(id)).map(({ kid }) => kid),
      [uploaded.kid, "as-jwk"],
    );
    const conflict = await fails(() => api.uploadKey(id, JSON.stringify(publicPart(jwk))), "registration_conflict");
    assert.equal(conflict.provider.code, "Conflict. Duplicate keys in request.");
    const sent = control.requests.length;
    await fails(() => api.uploadKey(id, JSON.stringify(jwk)), "key_refused");
    await fails(() => api.uploadKey(id, privateKey.export({ type: "pkcs8", format: "pem" })), "key_refused");
    await fails(() => api.uploadKey(id, privateKey.export({ type: "pkcs1", format: "pem" })), "key_refused");
    assert.equal(control.requests.length, sent);
    control.apiFault({ status: 503 });
    await fails(() => apiAt(form, { retries: 2 }).uploadKey(id, publicKey.export({ type: "spki", format: "pem" })), "api_error");
    assert.equal(control.requests.length, sent + 1, "an upload is not sent again");
  }
  const sent = control.requests.length;
  await fails(() => apiAt("guide").uploadKey("c", JSON.stringify({})), "invalid_parameter");
  assert.equal(control.requests.length, sent);
  assert.deepEqual(control.violations, []);
});

test("the portal's own calls take a person's session, and say so to a machine's token", async () => {
  const SYNTHETIC = "310000000";
  const session = control.portalSession(OTHER, [SYNTHETIC]);
  for (const form of FORMS) {
    const portal = apiAt(form, { token: session });
    assert.deepEqual(await portal.portalUser(), { name: "Kari Nordmann", orgno: OTHER, synthetic: [SYNTHETIC] });
  }
  const portal = apiAt("current", { token: session });
  assert.equal(await portal.switchSyntheticOrganisation({ orgno: SYNTHETIC }), undefined, "an empty answer");
  assert.equal((await portal.portalUser()).orgno, SYNTHETIC);
  assert.equal((await fails(() => portal.switchSyntheticOrganisation({ orgno: OWN }), "api_error")).http.status, 400);
  await fails(() => portal.switchSyntheticOrganisation({ key: { ...admin.privateJwk } }), "key_refused");
  await fails(() => portal.switchSyntheticOrganisation("x"), "invalid_parameter");
  // The session also acts in the rest of the API, for its organisation.
  assert.deepEqual(await portal.myAccess(), []);
  assert.match((await fails(() => apiAt().portalUser(), "unauthorized")).expected, /person's session/);
  assert.match((await fails(() => apiAt("current", { token: "unknown" }).portalUser(), "token_invalid")).expected, /person's session/);
  assert.match((await fails(() => apiAt("current", { token: "eyJ.x.y" }).clients(), "token_invalid")).expected, /not expired/);
  control.apiFault({ status: 503 });
  const from = control.requests.length;
  await fails(() => apiAt("current", { token: session, retries: 2 }).switchSyntheticOrganisation({ orgno: OTHER }), "api_error");
  assert.equal(control.requests.length, from + 1, "a POST is not sent again");
});
