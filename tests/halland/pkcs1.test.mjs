// RSA keys in PKCS#1 for both providers that sign with RSA: node:crypto writes either form of one key, and judges.
// RFC 8017 appendix A.1.2, RFC 5958 section 2. Refused: encrypted ones, other blocks, more than one, what is no DER.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { SigningKey } from "samtykke";
import { fromPkcs1 as acmidm } from "samtykke/acmidm";
import { fromPkcs1 } from "samtykke/halland";
import { fails } from "../js/support.mjs";

for (const modulusLength of [2048, 3072, 4096]) {
  test(`a key of ${modulusLength} bits, octet for octet as node:crypto writes it in PKCS#8`, async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength });
    const old = privateKey.export({ type: "pkcs1", format: "pem" });
    assert.equal(fromPkcs1(old), privateKey.export({ type: "pkcs8", format: "pem" }));
    const key = await SigningKey.fromPem(fromPkcs1(old.replaceAll("\n", "\r\n")), { alg: "RS256" });
    assert.equal(key.publicJwk.n, publicKey.export({ format: "jwk" }).n);
    assert.equal(acmidm, fromPkcs1);
  });
}

test("what is no such key", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const old = privateKey.export({ type: "pkcs1", format: "pem" });
  const encrypted = privateKey.export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
  const secret = old.split("\n")[3];
  for (const odd of [
    encrypted,
    privateKey.export({ type: "pkcs8", format: "pem" }),
    old + old,
    "",
    undefined,
    null,
    5,
    old.replace("-----END", ""),
    "-----BEGIN RSA PRIVATE KEY-----\n=\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
    `-----BEGIN RSA PRIVATE KEY-----\nMIIA${"A".repeat(20_000)}\n-----END RSA PRIVATE KEY-----`,
  ])
    await fails(() => fromPkcs1(odd), { code: "key_refused" }, [secret]);
  // What is inside is judged where the key is read.
  await fails(SigningKey.fromPem(fromPkcs1("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----"), { alg: "RS256" }), { code: "key_refused" });
});
