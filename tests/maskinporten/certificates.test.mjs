// Enterprise certificates and European eSeals in `x5c`: chains made for the test, judged by the local Maskinporten with node:crypto
// and `jose`; then the token at an API, where the two kinds of consumers are never taken for each other.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";

import { MaskinportenClient, SamtykkeError, SigningKey, caller, europeanCaller, maskinporten, problem } from "samtykke/maskinporten";
import { authorities } from "./chains.mjs";
import { CUSTOMER, OTHER, OWN, world } from "./support.mjs";

const norwegian = authorities("Buypass test");
const [plain, qualified, unknown] = ["Trust test", "Trust test qualified", "Nobody"].map((name) => authorities(name));
const mp = await world({ authorities: { norwegian: [norwegian.root.pem], european: [{ pem: plain.root.pem }, { pem: qualified.root.pem, qualified: true }] } });
after(() => mp.close());
const EUROPE = "difitest:europe";
mp.control.store.setScope(EUROPE, OWN, true, { name: EUROPE, visibility: "PUBLIC", description: EUROPE, supports_european_businesses: true });
const SWEDE = { C: "SE", O: "Exempel AB", organizationIdentifier: "NTRSE-5560001111", CN: "Exempel AB eSeal" };

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
/** A client that signs with a certificate's key, and names these certificates. */
const clientWith = async ({ keyPem }, certificates, clientId = mp.certified) =>
  new MaskinportenClient(maskinporten({ environment: mp.environment, clientId }), await SigningKey.fromPem(keyPem, { alg: "RS256", certificates }), {
    retries: 0,
  });
const refusedWith = async (id, made, certificates, request = { scope: "difitest:api3" }, clientId) => {
  const client = await clientWith(made, certificates, clientId);
  assert.equal(problem(await fails(() => client.token(request), "token_error")).id, id);
};
const keys = createRemoteJWKSet(new URL(`${mp.environment.issuer}jwk`));
const verified = async ({ accessToken }) => (await jwtVerify(accessToken, keys, { issuer: mp.environment.issuer })).payload;
const expected = (scope) => ({ provider: mp.provider, scope });

test("an enterprise certificate: the number in its subject, of either generation, and the chain as it was given", async () => {
  for (const subject of [
    { C: "NO", O: "Etaten", serialNumber: OWN, CN: "etat" },
    { C: "NO", O: "Etaten", organizationIdentifier: `NTRNO-${OWN}`, CN: "etat" },
  ]) {
    const made = norwegian.organisation(subject);
    const client = await clientWith(made, made.chain);
    const { x5c, kid, ...rest } = decodeProtectedHeader(await client.assertion({ scope: "difitest:api3" }));
    assert.deepEqual([x5c, kid, rest], [[made, norwegian.ca].map(({ read }) => read.raw.toString("base64")), undefined, { alg: "RS256" }]);
    const claims = await verified(await client.token({ scope: "difitest:api3" }));
    assert.deepEqual([claims.client_amr, caller(claims, expected("difitest:api3")).consumer.number], ["virksomhetssertifikat", OWN]);
    await fails(() => europeanCaller(claims, expected("difitest:api3")), "claim_refused");
    const whole = await clientWith(made, made.chain + norwegian.root.pem);
    assert.ok((await whole.token({ scope: "difitest:api3" })).accessToken, "with the root too");
  }
});

test("certificates that Maskinporten refuses, each with its id and what to do", async () => {
  const subject = { C: "NO", O: "Etaten", serialNumber: OWN, CN: "etat" };
  const made = norwegian.organisation(subject);
  await refusedWith("MP-120", made, made.pem); // the authority between it and the root is left out
  const strange = unknown.organisation(subject);
  await refusedWith("MP-120", strange, strange.chain);
  await refusedWith("MP-120", made, made.pem + unknown.ca.pem);
  for (const days of [
    { from: -20, to: -10 },
    { from: 10, to: 20 },
  ]) {
    // The server would say MP-120; the client says the dates, and asks nothing.
    const late = norwegian.organisation(subject, days);
    const before = mp.control.assertions.length;
    const error = await fails(async () => (await clientWith(late, late.chain)).token({ scope: "difitest:api3" }), "key_refused");
    assert.match(error.actual, /^one from 20/);
    assert.equal(mp.control.assertions.length, before);
  }
  const old = authorities("Buypass test", { from: -20, to: -10 });
  const under = old.organisation(subject);
  await refusedWith("MP-120", under, under.chain);
  // Issued by a certificate that may issue none.
  const { issued } = await import("./chains.mjs");
  const forged = issued(subject, { issuer: made });
  await refusedWith("MP-120", forged, forged.pem + made.chain);
  for (const organisation of [OTHER, CUSTOMER]) {
    const other = norwegian.organisation({ ...subject, serialNumber: organisation });
    await refusedWith("MP-122", other, other.chain);
  }
  const foreign = norwegian.organisation({ C: "SE", O: "x", organizationIdentifier: `NTRSE-${OWN}`, CN: "x" });
  await refusedWith("MP-122", foreign, foreign.chain);
  // A client with registered keys signs with those.
  const otherOwn = norwegian.organisation({ ...subject, serialNumber: OTHER });
  await refusedWith("MP-120", otherOwn, otherOwn.chain, { scope: "difitest:api3" }, mp.clientId);
});

test("chains that are none are refused before anything is signed", async () => {
  const made = norwegian.organisation({ C: "NO", O: "Etaten", serialNumber: OWN, CN: "etat" });
  const before = mp.control.assertions.length;
  for (const certificates of [norwegian.ca.pem, norwegian.root.pem, "", "text", made.keyPem, made.pem + made.keyPem]) {
    await fails(() => clientWith(made, certificates), "key_refused");
  }
  assert.equal(mp.control.assertions.length, before);
  const mixed = await clientWith(made, norwegian.root.pem + norwegian.ca.pem + made.pem);
  assert.ok(await mixed.token({ scope: "difitest:api3" }), "the chain in another order is put into its own");
});

test("a European eSeal: no registration, the whole chain, scopes that are open to it", async () => {
  for (const [authority, method] of [
    [plain, "CForESeal"],
    [qualified, "QCForESeal"],
  ]) {
    const made = authority.organisation(SWEDE);
    const client = await clientWith(made, made.chain, "exempel-ab");
    const claims = await verified(await client.token({ scope: EUROPE, resource: "https://api.example/" }));
    assert.deepEqual(
      [claims.client_amr, claims.consumer.authority, claims.consumer.ID, claims.aud],
      [method, "etsi-en-319-412", "NTRSE-5560001111", "https://api.example/"],
    );
    const who = europeanCaller(claims, { ...expected(EUROPE), audience: "https://api.example/" });
    assert.deepEqual(who, {
      id: "NTRSE-5560001111",
      register: "NTR",
      country: "SE",
      number: "5560001111",
      qualified: authority === qualified,
      name: "Exempel AB",
      clientId: `eidas-${made.read.serialNumber}`,
      scope: EUROPE,
    });
    await fails(() => caller(claims, { ...expected(EUROPE), audience: "https://api.example/" }), "claim_refused");
    await fails(() => europeanCaller(claims, expected(EUROPE)), "claim_refused");
    await refusedWith("MP-120", made, made.pem, { scope: EUROPE });
    const closed = await fails(async () => (await clientWith(made, made.chain)).token({ scope: "difitest:api3" }), "token_error");
    assert.deepEqual([closed.oauth.error, problem(closed).kind], ["forbidden", "access"]);
    await refusedWith("MP-011", made, made.chain, { scope: EUROPE, consumerOrg: CUSTOMER });
  }
  // A Norwegian number in a foreign list is not that organisation.
  const namesake = plain.organisation({ ...SWEDE, organizationIdentifier: `VATPT-${OWN}` });
  const claims = await verified(await (await clientWith(namesake, namesake.chain, mp.certified)).token({ scope: EUROPE }));
  await fails(() => caller(claims, expected(EUROPE)), "claim_refused");
  assert.deepEqual([europeanCaller(claims, expected(EUROPE)).id, europeanCaller(claims, expected(EUROPE)).country], [`VATPT-${OWN}`, "PT"]);
});

test("a European consumer that is none", async () => {
  const made = plain.organisation(SWEDE);
  const claims = await verified(await (await clientWith(made, made.chain)).token({ scope: EUROPE }));
  const judge = (consumer, more = {}) => europeanCaller({ ...claims, ...more, consumer: { ...claims.consumer, ...consumer } }, expected(EUROPE));
  for (const id of ["NTRSE-1", "VATBE-0876866142", "PSDES-BDE-3DFD21", "LEIXG-5493001KJTIIGC8Y1R12", "EI:SE-5567971433"])
    assert.equal(judge({ ID: id }).id, id);
  assert.equal(judge({ authority: "etsi_en_119_612" }).id, "NTRSE-5560001111", "as the documents' text has it");
  for (const consumer of [
    { authority: "iso6523-actorid-upis" },
    { authority: undefined },
    { ID: undefined },
    { ID: "" },
    { ID: `0192:${OWN}` },
    { ID: "NTRSE" },
    { ID: "NTRSE-" },
    { ID: "ntrse-1" },
    { ID: "NTRS-1" },
    { ID: "NTRSWE-1" },
    { ID: "NTRSE-1 2" },
    { ID: "NTRSE-1\n" },
    { ID: "5560001111" },
    { ID: 5 },
  ]) {
    await fails(() => judge(consumer), "claim_refused");
  }
  await fails(() => judge({}, { supplier: claims.consumer }), "claim_refused");
  await fails(() => judge({}, { scope: "difitest:api3" }), "claim_refused");
  await fails(() => judge({}, { exp: 1 }), "jwt_expired");
  assert.equal(judge({}, { client_amr: "QRForeSeals" }).qualified, false, "only the documented word says so");
  for (const wrong of [undefined, null, "x"]) await fails(() => europeanCaller(wrong, expected(EUROPE)), "invalid_parameter");
});
