// Private keys in PEM as OpenSSL, OpenSSH and secret managers write them, certificates in any order, and when they are valid.
// RFC 7468, RFC 5958, RFC 8017 appendix A.1.2, RFC 5915, RFC 8018 section 6.2; node:crypto reads the same files and judges.
// Refused, each with what was found and how to convert it: other encryptions and forms, a wrong passphrase, too many rounds.

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client, SigningKey, privateKeyJwt, provider, publicJwkFromPem } from "samtykke";
import { readKey } from "samtykke/keys";
import { fails } from "./support.mjs";

const read = (name) => readFileSync(new URL(`../vectors/keys/${name}`, import.meta.url), "utf8");
const passphrase = "samtykke";

/** The key of a file, as node:crypto reads it. */
const judged = (name) => createPublicKey(createPrivateKey({ key: read(name), passphrase })).export({ format: "jwk" });
const base64 = (pem) => pem.replace(/-----.*?-----|\s/g, "");

for (const [name, alg, whole] of [
  ["rsa.pk8.pem", "RS256"],
  ["rsa.pkcs1.pem", "PS256"],
  ["ec.pk8.pem", "ES256"],
  ["ec.sec1.pem", "ES256"],
  ["ec384.sec1.pem", "ES384"],
  ["ec521.sec1.pem", "ES512"],
  ["ed.pk8.pem", "EdDSA"],
  ["rsa.hmacWithSHA1.aes-128-cbc.pem", "RS256", true],
  ["rsa.hmacWithSHA256.aes-128-cbc.pem", "RS256", true],
  ["rsa.hmacWithSHA256.aes-256-cbc.pem", "RS256", true],
  ["rsa.hmacWithSHA384.aes-256-cbc.pem", "RS256", true],
  ["rsa.hmacWithSHA512.aes-256-cbc.pem", "RS256", true],
  ["ec.encrypted.pem", "ES256", true],
]) {
  test(`${name}: the key that node:crypto reads, and it signs`, async () => {
    const pem = await readKey(read(name), whole && { passphrase });
    const key = await SigningKey.fromPem(pem, { alg });
    const { kty, crv, x, y, n, e } = judged(name);
    assert.deepEqual({ ...key.publicJwk }, JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })));
    if (alg === "EdDSA") assert.ok(verify(null, Buffer.from("x"), createPublicKey({ key: key.publicJwk, format: "jwk" }), await key.sign("x")));
    if (whole) assert.equal(await readKey(read(name), { passphrase: new TextEncoder().encode(passphrase) }), pem);
  });
}

test("an RSA key for PSS alone", async () => {
  const key = await SigningKey.fromPem(await readKey(read("pss.pk8.pem")), { alg: "PS256" });
  const options = { key: createPublicKey({ key: key.publicJwk, format: "jwk" }), padding: 6, saltLength: 32 };
  assert.ok(verify("sha256", Buffer.from("x"), options, await key.sign("x")));
});

test("as secret managers, environment files and editors hand it on", async () => {
  for (const name of ["rsa.pk8.pem", "ec.sec1.pem", "rsa.pkcs1.pem"]) {
    const pem = read(name);
    const alg = name.startsWith("ec") ? "ES256" : "RS256";
    const { thumbprint } = await SigningKey.fromPem(await readKey(pem), { alg });
    for (const text of [
      pem.replaceAll("\n", "\\n"),
      pem.replaceAll("\n", "\\r\\n"),
      pem.replaceAll("\n", "\\\\n"),
      `"${pem.replaceAll("\n", "\\n")}"`,
      `'${pem.trim()}'`,
      JSON.stringify(pem),
      `\uFEFF${pem}`,
      pem.replaceAll("\n", "\r\n"),
      pem.replaceAll("\n", "\r"),
      pem.replaceAll("\n", " "),
      pem.replaceAll("\n", "\n    "),
      pem.replaceAll("\n", "\t\n"),
      `The key of 2026, made by hand\n${pem}\nand nothing else`,
    ])
      for (const plain of name.includes("pk8") ? [text, await readKey(text)] : [await readKey(text)])
        assert.equal((await SigningKey.fromPem(plain, { alg })).thumbprint, thumbprint, JSON.stringify(text.slice(0, 60)));
  }
});

test("one text with key, certificate and chain, in any order: the chain in its own", async () => {
  const [key, leaf, issuing, root, other] = ["rsa.pk8.pem", "leaf.pem", "issuing.pem", "root.pem", "other.pem"].map(read);
  const chain = [leaf, issuing, root].map(base64);
  const of = async (pem, options) => (await SigningKey.fromPem(pem, { alg: "RS256", ...options })).certificate;
  for (const parts of [
    [key, leaf, issuing, root],
    [root, issuing, key, leaf],
    [other, issuing, leaf, root, key, leaf],
  ])
    for (const pem of [parts.join(""), await readKey(parts.join(""))]) assert.deepEqual((await of(pem)).x5c, chain);
  assert.deepEqual((await of(read("rsa.nodes.pem"))).x5c, chain, "openssl pkcs12 -nodes");
  assert.deepEqual((await of(key, { certificates: [root, other, leaf, issuing].join("\\n") })).x5c, chain);
  assert.deepEqual((await of(key + leaf + root)).x5c, [base64(leaf)], "what leads nowhere is left out");
  assert.deepEqual((await of(key + root, { certificates: leaf + issuing })).x5c, chain.slice(0, 2), "certificates that are given count alone");
  assert.equal(await of(key), undefined);
  for (const wrong of [key + other, key + root + issuing]) await fails(of(wrong), { code: "key_refused" });
  for (const certificates of [other, issuing + root, key, "", leaf + key]) await fails(of(key, { certificates }), { code: "key_refused" });
});

test("what is not read says what it is and how to convert it", async () => {
  const secret = base64(read("rsa.pk8.pem")).slice(200, 240);
  const refused = async (pem, found, expected, options) => {
    const error = await fails(readKey(pem, options), { code: "key_refused", phase: "configuration", action: "fix_configuration" }, [secret]);
    assert.match(`${error.actual}`, found);
    assert.match(error.expected, expected);
    const plain = await fails(SigningKey.fromPem(pem, { alg: "RS256" }), { code: "key_refused" }, [secret]);
    assert.match(plain.expected, /PEM/);
  };
  const again = /openssl pkcs8 -topk8 -v2 aes-256-cbc/;
  await refused(read("rsa.pbe-3des.pem"), /PBE-SHA1-3DES/, again, { passphrase });
  await refused(read("rsa.pbes2-3des.pem"), /3DES/, again, { passphrase });
  await refused(read("rsa.scrypt.pem"), /scrypt/, again, { passphrase });
  await refused(read("rsa.dek.pem"), /RSA PRIVATE KEY, encrypted with DEK-Info/, again, { passphrase });
  await refused(read("rsa.rounds.pem"), /10000001/, /10000000 rounds/, { passphrase });
  await refused(read("ec.encrypted.pem"), /none/, /passphrase/);
  await refused(read("ec.encrypted.pem"), /none/, /passphrase/, { passphrase: "" });
  await refused(read("ec.encrypted.pem"), /another/, /passphrase/, { passphrase: "other" });
  await refused(read("openssh.pem"), /OPENSSH/, /ssh-keygen -p -m PKCS8/);
  await refused(read("leaf.pem"), /CERTIFICATE/, /PRIVATE KEY/);
  await refused(read("pss.pk8.pem").replace(/[A-Za-z0-9]{40}/, "MAA="), /damaged/, /base64/);
  await refused('{"kty":"RSA"}', /fromJwk/, /PRIVATE KEY/);
  await refused(base64(read("rsa.pk8.pem")), /base64 without.*openssl pkcs12 -nodes/, /PRIVATE KEY/);
  await refused(readFileSync(new URL("../vectors/keys/rsa.pbes2.p12", import.meta.url)), /PKCS#12.*openssl pkcs12 -nodes/, /PRIVATE KEY/);
  await refused("", /no -----BEGIN/, /PRIVATE KEY/);
  await refused(undefined, /no text/, /PRIVATE KEY/);
  await refused(read("rsa.pk8.pem") + read("ec.pk8.pem"), /2 private keys/, /one private key/);
  await refused(read("rsa.pk8.pem").slice(0, 800), /PRIVATE KEY that is cut off/, /-----END/);
  await refused("-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----", /other octets/, /curve/);
  await refused("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", /other octets/, /DER/);
  await refused("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----", /other octets/, again, { passphrase });
  await refused("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIP/////\n-----END ENCRYPTED PRIVATE KEY-----", /other octets/, again, { passphrase });
  for (const name of ["rsa.pkcs1.pem", "ec.sec1.pem", "ec.encrypted.pem"]) {
    const error = await fails(SigningKey.fromPem(read(name), { alg: "RS256" }), { code: "key_refused" });
    assert.match(error.expected, /readKey of samtykke\/keys/);
    assert.match(error.actual, /^(RSA|EC PARAMETERS, EC|ENCRYPTED) PRIVATE KEY$/);
  }
  await fails(SigningKey.fromPem(read("ec.pk8.pem"), { alg: "RS256" }), { code: "key_refused" });
  // What is inside is judged where the key is used.
  const empty = await readKey("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----");
  await fails(SigningKey.fromPem(empty, { alg: "RS256" }), { code: "key_refused" });
  const cut = await fails(() => publicJwkFromPem(read("rsa.pk8.pem")), { code: "key_refused" }, [secret]);
  assert.equal(cut.actual, "PRIVATE KEY");
});

test("a certificate out of its time is told with its dates, before any request", async (t) => {
  const pem = read("rsa.nodes.pem");
  const key = await SigningKey.fromPem(pem, { alg: "RS256" });
  const { notBefore, notAfter } = key.certificate;
  assert.equal(notBefore, Date.parse("2026-11-30T14:41:21Z") / 1000);
  let requests = 0;
  const fetch = async () => {
    requests++;
    return new Response('{"access_token":"a","token_type":"Bearer"}', { headers: { "content-type": "application/json" } });
  };
  const server = provider({ issuer: "https://as.example", tokenEndpoint: "https://as.example/token", clientId: "c" });
  const client = (rules) => new Client(server, privateKeyJwt(key, rules), { fetch });
  for (const [now, found] of [
    [notBefore - 1, /2026-11-30T14:41:20/],
    [notAfter + 1, /2126-/],
  ]) {
    t.mock.timers.enable({ apis: ["Date"], now: now * 1000 });
    for (const rules of [{ x5t: "always" }, { x5tS256: "if_known" }, { x5c: "always" }]) {
      const error = await fails(client(rules).clientCredentials(), { code: "key_refused", action: "fix_configuration" });
      assert.match(error.expected, found);
      assert.match(error.actual, /^one from 2026-11-30T14:41:21.000Z to 2126-/);
    }
    assert.equal(requests, 0);
    await client({}).clientCredentials();
    assert.equal(requests, 1, "where no certificate is named, its time is of no matter");
    requests = 0;
    t.mock.timers.reset();
  }
  for (const now of [notBefore, notAfter]) {
    t.mock.timers.enable({ apis: ["Date"], now: now * 1000 });
    await client({ x5c: "always" }).clientCredentials();
    t.mock.timers.reset();
  }
  assert.equal(requests, 2);
});
