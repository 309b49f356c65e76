// Signing keys by the package's public API, judged by npm `jose` and by Node's own crypto.

import assert from "node:assert/strict";
import { X509Certificate, createHash, createPublicKey } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import * as jose from "jose";
import { SigningKey, publicJwkFromPem } from "samtykke";

import { CERTIFICATE, KEY } from "./certificate.mjs";
import { fails } from "./support.mjs";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const text = (value) => Buffer.from(value).toString("base64url");

/** A JWS as others read it. */
async function signed(key, header = {}) {
  const input = `${text(JSON.stringify({ alg: key.alg, ...header }))}.${text('{"a":1}')}`;
  return `${input}.${Buffer.from(await key.sign(input)).toString("base64url")}`;
}

const pairOf = (alg) => jose.generateKeyPair(alg, { extractable: true, ...(alg === "EdDSA" && { crv: "Ed25519" }) });

test("a key from its JWK signs what jose verifies, for every algorithm", async () => {
  for (const alg of ALGORITHMS) {
    const { privateKey, publicKey } = await pairOf(alg);
    const jwk = await jose.exportJWK(privateKey);
    const key = await SigningKey.fromJwk(jwk, { alg });
    assert.equal(key.alg, alg);
    assert.equal(key.thumbprint, await jose.calculateJwkThumbprint(await jose.exportJWK(publicKey)), alg);
    assert.equal(new TextDecoder().decode((await jose.compactVerify(await signed(key), publicKey)).payload), '{"a":1}', alg);
  }
});

test("a generated key cannot be read out, and is ES256", async () => {
  const key = await SigningKey.generate();
  assert.equal(key.alg, "ES256");
  assert.deepEqual(Object.keys(key.publicJwk).sort(), ["crv", "kty", "x", "y"]);
  await jose.compactVerify(await signed(key), await jose.importJWK(key.publicJwk, "ES256"));
  assert.notEqual((await SigningKey.generate()).thumbprint, key.thumbprint);
  for (const alg of ["RS256", "PS256"]) {
    const { n } = (await SigningKey.generate({ alg })).publicJwk;
    assert.equal(Buffer.from(n, "base64url").length * 8, 3072, alg);
  }
});

test("no key id is made up: one is there when the caller gave it", async () => {
  const jwk = await jose.exportJWK((await pairOf("ES256")).privateKey);
  assert.equal((await SigningKey.fromJwk(jwk)).kid, undefined);
  assert.equal((await SigningKey.generate()).kid, undefined);
  assert.equal((await SigningKey.fromJwk({ ...jwk, kid: "own" })).kid, "own");
  assert.equal((await SigningKey.fromJwk({ ...jwk, kid: "own" }, { kid: "other" })).kid, "other");
});

test("a key and its certificate from PEM: thumbprints and chain as Node computes them", async () => {
  const key = await SigningKey.fromPem(KEY, { alg: "RS256", certificates: CERTIFICATE });
  const { raw, publicKey } = new X509Certificate(CERTIFICATE);
  assert.equal(key.certificate.x5t, createHash("sha1").update(raw).digest("base64url"));
  assert.equal(key.certificate.x5tS256, createHash("sha256").update(raw).digest("base64url"));
  assert.deepEqual(key.certificate.x5c, [raw.toString("base64")]);
  await jose.compactVerify(await signed(key), publicKey);
  const { n, e } = publicKey.export({ format: "jwk" });
  const spki = createPublicKey(KEY).export({ type: "spki", format: "pem" });
  for (const pem of [spki, CERTIFICATE]) {
    const found = await publicJwkFromPem(pem);
    assert.deepEqual([found.n, found.e], [n, e]);
  }
});

test("a certificate of another key, PEM that is none, and more than one key are refused", async () => {
  const other = await jose.exportPKCS8((await pairOf("RS256")).privateKey);
  await fails(SigningKey.fromPem(other, { alg: "RS256", certificates: CERTIFICATE }), { code: "key_refused" });
  for (const pem of ["", "not PEM", CERTIFICATE, KEY + KEY, KEY.replace("MII", "AAA"), KEY.replaceAll("PRIVATE KEY", "RSA PRIVATE KEY")]) {
    await fails(SigningKey.fromPem(pem, { alg: "RS256" }), { code: "key_refused" });
  }
});

test("a signer that keeps its key is used as it is, and checked before", async () => {
  const { privateKey, publicKey } = await pairOf("ES256");
  const publicJwk = await jose.exportJWK(publicKey);
  const sign = async (octets) => new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, octets));
  const key = await SigningKey.custom({ alg: "ES256", kid: "kms", publicJwk, sign });
  assert.equal(key.kid, "kms");
  await jose.compactVerify(await signed(key), publicKey);
  const broken = await SigningKey.custom({
    alg: "ES256",
    publicJwk,
    sign: async () => {
      throw new Error("the module is away");
    },
  });
  const error = await fails(broken.sign("x"), { code: "signing_failed" });
  assert.equal(error.cause.message, "the module is away");
  // A signature in DER, or of another length, would be refused by every server.
  for (const wrong of [new Uint8Array(70), new Uint8Array(0), "text", null]) {
    const bad = await SigningKey.custom({ alg: "ES256", publicJwk, sign: async () => wrong });
    await fails(bad.sign("x"), { code: "signing_failed" });
  }
});

test("private members where a public key belongs, small and odd RSA keys, points off the curve, shared secrets: refused", async () => {
  const ec = await jose.exportJWK((await pairOf("ES256")).privateKey);
  const { d, ...publicEc } = ec;
  const rsa = await jose.exportJWK((await pairOf("RS256")).publicKey);
  const sign = async () => new Uint8Array(64);
  const small = { kty: "RSA", e: "AQAB", n: Buffer.alloc(128, 0xc5).toString("base64url") };
  // Of the form that a broken generator gave its moduli (CVE-2017-15361): a power of 65537, 2049 bits long.
  const broken = { ...rsa, n: Buffer.from((65537n ** 128n).toString(16).padStart(514, "0"), "hex").toString("base64url") };
  for (const publicJwk of [
    ec,
    { kty: "oct", k: "c2VjcmV0" },
    { ...publicEc, y: publicEc.x },
    { ...publicEc, crv: "P-384" },
    { ...publicEc, crv: "secp256k1" },
    {},
    null,
  ]) {
    await fails(SigningKey.custom({ alg: "ES256", publicJwk, sign }), { code: "key_refused" }, [d]);
  }
  for (const publicJwk of [small, broken, { ...rsa, e: "AQ" }, { ...rsa, e: "Ag" }, { ...rsa, alg: "PS512" }, { ...rsa, use: "enc" }]) {
    await fails(SigningKey.custom({ alg: "RS256", publicJwk, sign }), { code: "key_refused" });
  }
  await fails(SigningKey.fromJwk(publicEc), { code: "key_refused" });
  await fails(SigningKey.fromJwk(rsa), { code: "algorithm_refused" });
  await fails(SigningKey.fromJwk(rsa, { alg: "RS256" }), { code: "key_refused" });
  for (const alg of ["none", "HS256", "RS1", "ES256K", ""]) await fails(SigningKey.fromJwk(ec, { alg }), { code: "algorithm_refused" });
});

test("a pair whose halves are of two keys is refused before anything is signed with it", async () => {
  const make = (parameters) => crypto.subtle.generateKey(parameters, false, ["sign", "verify"]);
  for (const [alg, parameters] of [
    ["ES256", { name: "ECDSA", namedCurve: "P-256" }],
    ["EdDSA", { name: "Ed25519" }],
  ]) {
    const [one, other] = [await make(parameters), await make(parameters)];
    assert.equal((await SigningKey.fromCryptoKeys(one, { alg })).alg, alg);
    await fails(SigningKey.fromCryptoKeys({ privateKey: one.privateKey, publicKey: other.publicKey }, { alg }), { code: "key_refused" });
  }
  const [one, other] = await Promise.all([1, 2].map(async () => jose.exportJWK((await pairOf("ES256")).privateKey)));
  await fails(SigningKey.fromJwk({ ...one, d: other.d }), { code: "key_refused" });
});

test("nothing that a key shows is private", async () => {
  const jwk = await jose.exportJWK((await pairOf("ES256")).privateKey);
  const key = await SigningKey.fromJwk(jwk, { kid: "k" });
  for (const shown of [inspect(key, { showHidden: true, depth: 9 }), JSON.stringify(key), String(key)]) assert.ok(!shown.includes(jwk.d), shown);
  assert.deepEqual(JSON.parse(JSON.stringify(key)).publicJwk, { kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y });
});
