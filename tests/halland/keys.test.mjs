// id_tokens of the local AD FS whose header names the key by certificate: x5t, with or without a kid.
// RFC 7515 section 4.1.7, RFC 7517 sections 4.7 and 4.8; npm jose signs, node:crypto reads the certificates.
// Each refusal has a case: unknown names, two keys of one name, names that contradict each other, another's certificate.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { exportJWK } from "jose";
import { Client, JwksCache, SigningKey, privateKeyJwt, provider, verifyIdToken } from "samtykke";
import { adfsKeys, halland } from "samtykke/halland";
import { fails } from "../js/support.mjs";
import { certificate } from "samtykke-local/internal/adfs/certificate.mjs";
import { CALLBACK, CLIENT, HSA, startHalland } from "samtykke-local/halland";

let world, adfs, region, key, own, first;
before(async () => {
  world = await startHalland();
  ({ adfs } = world);
  region = halland({ issuer: adfs.issuer, clientId: CLIENT, redirectUri: CALLBACK, development: true });
  key = await SigningKey.fromPem(world.certificate.keyPem, { alg: "RS256", certificates: world.certificate.pem });
  own = await adfs.published();
  first = { ...adfs.settings };
});
beforeEach(() => Object.assign(adfs.settings, first));
after(() => world.close());

const cache = (options) => new JwksCache({ development: true, ...options });
const asked = () => adfs.requests.filter(({ path }) => path === "/adfs/discovery/keys").length;
/** A login whose id_token has this header, with the keys published meanwhile. */
async function login(jwks = cache(), { header, keys } = {}) {
  Object.assign(adfs.settings, header && { header }, keys && { keys });
  const client = new Client(region, privateKeyJwt(key), { jwks: adfsKeys(region, jwks) });
  const { url, transaction } = client.begin({ scope: "openid hsainfoapi.read", extra: { resource: HSA } });
  const back = (await fetch(url, { redirect: "manual" })).headers.get("location");
  return client.exchange(client.finish(transaction, back), { resource: HSA });
}
const refused = (options, expected, jwks) => fails(login(jwks, options), { phase: "token", ...expected });
const x5t = () => ({ x5t: own.x5t });

test("a token that names its key by x5t alone, among others", async () => {
  const others = [certificate(), certificate()];
  const keys = [others[0], adfs.signing, others[1]];
  assert.equal((await login(cache(), { header: x5t(), keys })).claims.sub, "person-1");
  assert.equal((await login(cache(), { header: { kid: own.kid, x5t: own.x5t }, keys })).claims.sub, "person-1");
  assert.equal((await login(cache(), { header: { kid: own.kid }, keys })).claims.sub, "person-1");
  assert.equal((await login({ keys: await Promise.all(keys.map(adfs.published)) }, { header: x5t() })).claims.sub, "person-1");
  // The usual rule knows one way alone to tell several keys from one another.
  const plain = new Client(region, privateKeyJwt(key), { jwks: cache() });
  const { url, transaction } = plain.begin({ scope: "openid hsainfoapi.read", extra: { resource: HSA } });
  const code = plain.finish(transaction, (await fetch(url, { redirect: "manual" })).headers.get("location"));
  await fails(plain.exchange(code, { resource: HSA }), { code: "key_ambiguous" });
});

test("a set that has the name as x5t alone, as kid alone, or without certificates", async () => {
  const { kid: _, x5c: __, x5t: ___, ...bare } = own;
  const other = certificate();
  for (const names of [{ x5t: own.x5t }, { kid: own.x5t }, { kid: "key-1", x5t: own.x5t }, { x5t: own.x5t, x5c: own.x5c }]) {
    assert.ok((await login(cache(), { header: x5t(), keys: [other, { ...bare, ...names }] })).claims, JSON.stringify(Object.keys(names)));
  }
  assert.ok((await login(cache(), { header: { kid: "key-1", x5t: own.x5t }, keys: [other, { ...bare, kid: "key-1" }] })).claims, "nothing contradicts it");
});

test("an unknown x5t has the set fetched once more, and is refused; after that not at once again", async () => {
  const unknown = { header: { x5t: certificate().x5t } };
  const jwks = cache();
  await login(jwks, { header: x5t() });
  const before = asked();
  await refused(unknown, { code: "key_not_found" }, jwks);
  assert.equal(asked() - before, 1, "at once, though the set came a moment ago: its keys may have changed since");
  await refused(unknown, { code: "key_not_found" }, jwks);
  assert.equal(asked() - before, 1, "an unknown name was asked for a moment ago");
  await refused(unknown, { code: "key_not_found" }, cache({ saved: jwks.save() }));
  assert.equal(asked() - before, 2);
  await refused(unknown, { code: "key_not_found" }, { keys: [own] });
  // Why the keys could not be had is what is told.
  const down = cache({ fetch: () => Promise.reject(new TypeError("refused")) });
  await refused({ header: x5t() }, { code: "network_error" }, down);
  // One key, and a name that is not its: no guess is made.
  await refused({ ...unknown, keys: [adfs.signing] }, { code: "key_not_found" });
});

test("a key that was rolled over is found by its new x5t", async (t) => {
  const jwks = cache({
    saved: { [region.server.jwksUri]: { jwks: JSON.stringify({ keys: [await adfs.published(certificate())] }), at: Math.floor(Date.now() / 1000) } },
  });
  const before = asked();
  assert.ok((await login(jwks, { header: x5t() })).claims);
  assert.equal(asked() - before, 1);
  assert.ok((await login(jwks, { header: x5t() })).claims);
  assert.equal(asked() - before, 1, "kept");
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 601_000 });
  assert.ok((await login(jwks, { header: x5t() })).claims);
  assert.equal(asked() - before, 2, "fetched anew when it is old");
});

test("two keys of one name", async () => {
  const twin = { ...(await adfs.published(certificate())), kid: own.kid, x5t: own.x5t, x5c: undefined };
  await refused({ header: x5t(), keys: [adfs.signing, twin] }, { code: "key_ambiguous" });
  const { kid: _, ...named } = own;
  assert.ok((await login(cache(), { header: x5t(), keys: [named, { ...named }] })).claims, "one key twice counts once");
});

test("an x5t that contradicts the kid", async () => {
  const other = certificate();
  const keys = [adfs.signing, other];
  await refused({ header: { kid: own.kid, x5t: other.x5t }, keys }, { code: "key_refused" });
  await refused({ header: { kid: other.x5t, x5t: own.x5t }, keys }, { code: "key_refused" });
  await refused({ header: { kid: own.kid, x5t: certificate().x5t }, keys }, { code: "key_refused" });
  const { x5t: _, x5c: __, ...bare } = own;
  await refused({ header: { kid: own.kid, x5t: other.x5t }, keys: [bare, other] }, { code: "key_refused" });
  await refused({ header: { kid: "unknown", x5t: own.x5t }, keys }, { code: "key_not_found" });
});

test("an x5t whose certificate is not the key's, or not the one named", async () => {
  const other = certificate();
  const [x5c] = [(await adfs.published(other)).x5c];
  const again = certificate({ keys: adfs.signing.keys });
  const { x5c: renewed } = await adfs.published(again);
  const says = (error) => assert.match(error.expected, /x5c|x5t/);
  says(await refused({ header: x5t(), keys: [{ ...own, x5c }] }, { code: "key_refused" }));
  says(await refused({ header: { x5t: other.x5t }, keys: [{ ...own, kid: other.x5t, x5t: other.x5t, x5c }] }, { code: "key_refused" }));
  // This key's, but another certificate than the one that is named.
  says(await refused({ header: x5t(), keys: [{ ...own, x5c: renewed }] }, { code: "key_refused" }));
  assert.ok((await login(cache(), { header: { x5t: again.x5t }, keys: [again] })).claims, "the key under its renewed certificate");
  assert.ok((await login(cache(), { header: x5t(), keys: [{ ...own, x5c: [] }] })).claims, "an empty list is none");
  for (const odd of ["x", [5], ["!!!!"], [`${own.x5c[0].slice(0, 40)}`], [""]])
    await refused({ header: x5t(), keys: [{ ...own, x5c: odd }] }, { code: "key_refused" });
});

test("an x5t that is none, and keys that may not be used", async () => {
  for (const odd of [5, "", null, {}]) {
    for (const jwks of [cache(), { keys: [own] }]) await refused({ header: { x5t: odd } }, { code: "jws_malformed" }, jwks);
  }
  await refused({ header: { x5t: world.certificate.x5tHex } }, { code: "key_not_found" });
  await refused({ header: { x5t: `${own.x5t}=` } }, { code: "key_not_found" });
  for (const wrong of [{ use: "enc" }, { alg: "PS256" }, { kty: "EC" }, { key_ops: ["sign"] }])
    await refused({ header: x5t(), keys: [{ ...own, ...wrong }] }, { code: "key_not_found" });
  const { d } = await exportJWK(adfs.signing.keys.privateKey);
  await refused({ header: x5t(), keys: [{ ...own, d }] }, { code: "jwks_malformed" });
  const forged = certificate();
  await refused({ header: { x5t: forged.x5t }, keys: [forged] }, { code: "signature_invalid" });
});

test("settings, and a key set by hand", async () => {
  const { idToken } = await login(cache(), { header: x5t() });
  const expected = { issuer: adfs.issuer, clientId: CLIENT };
  const nonce = JSON.parse(Buffer.from(idToken.split(".")[1], "base64url")).nonce;
  const keys = adfsKeys(region, JSON.stringify({ keys: [await adfs.published(certificate()), own] }));
  for (let again = 0; again < 2; again++) assert.equal((await verifyIdToken(idToken, { ...expected, nonce }, keys)).sub, "person-1");
  await fails(verifyIdToken(idToken, { ...expected, nonce }, adfsKeys(region, "[]")), { code: "jwks_malformed" });
  await fails(() => adfsKeys(undefined, cache()), { code: "invalid_configuration" });
  await fails(() => adfsKeys(region, undefined), { code: "invalid_configuration" });
  await fails(() => adfsKeys(provider({ issuer: adfs.issuer, tokenEndpoint: `${adfs.issuer}/oauth2/token/`, clientId: CLIENT, development: true }), cache()), {
    code: "invalid_configuration",
  });
});
