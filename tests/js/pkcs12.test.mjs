// PKCS#12 by OpenSSL 3 and 1.1 and by keytool, old and new: key and chain come out as from PEM. tests/vectors/pkcs12/make.sh made the
// files; tests/core/pkcs12.rs reads the same ones.

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SigningKey } from "samtykke";
import { readPkcs12 } from "samtykke/pkcs12";

import { fails } from "./support.mjs";

const PLAIN = "hunter2-hunter2";
const file = (name) => readFileSync(new URL(`../vectors/pkcs12/${name}`, import.meta.url));

/** Each file that is read, with its password. */
const FILES = ["rsa", "p256"].flatMap((kind) =>
  ["openssl3", "openssl3-legacy", "openssl11", "keytool", "keytool-legacy"].map((form) => ({
    kind,
    name: `${kind}-${form}.p12`,
    password: form === "openssl3" ? "grønn-bjørk 7" : PLAIN,
  })),
);

for (const { kind, name, password } of FILES) {
  test(`a key comes out with its chain, whoever wrote the file: ${name}`, async () => {
    const pem = await readPkcs12(file(name), { password });
    const own = createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "pem" });
    assert.equal(own, createPublicKey(file(`${kind}.pub.pem`)).export({ type: "spki", format: "pem" }));
    const key = await SigningKey.fromPem(pem, { alg: kind === "rsa" ? "RS256" : "ES256" });
    assert.equal(key.certificate.x5c.length, 3, "its own, its issuer's, the root");
    assert.ok(key.certificate.notAfter > Date.now() / 1000);
  });

  test(`another password is an error of its own: ${name}`, async () => {
    for (const other of ["", "another", password.slice(1)]) {
      await fails(readPkcs12(file(name), { password: other }), { code: "password_refused", phase: "configuration", action: "fix_configuration" }, [
        other || PLAIN,
      ]);
    }
  });
}

test("any other file is refused with the command that converts it", async () => {
  for (const [name, actual] of [
    ["refused-no-mac.p12", "a file without a MAC"],
    ["refused-camellia.p12", "PBES2 with 1.2.392.200011.61.1.1.1.4"],
    ["refused-rc4.p12", "PBE-SHA1-RC4-128 (PKCS#12)"],
    ["refused-rounds.p12", "1000001"],
  ]) {
    const error = await fails(readPkcs12(file(name), { password: PLAIN }), { code: "key_refused", actual });
    assert.match(error.expected, /openssl pkcs12 -in key\.p12 -nodes/, name);
  }
  await fails(readPkcs12(file("refused-no-key.p12"), { password: PLAIN }), { code: "key_refused", actual: "0" });
});

test("nor does a damaged file do harm, wherever it is cut off or changed", async () => {
  const whole = file("p256-openssl11.p12");
  for (let at = 0; at < whole.length; at += 97) {
    const changed = Buffer.from(whole);
    changed[at] ^= 0x55;
    for (const octets of [whole.subarray(0, at), changed]) {
      const { code } = await readPkcs12(octets, { password: PLAIN }).then(assert.fail, (error) => error);
      assert.ok(["key_refused", "password_refused"].includes(code), `${at}: ${code}`);
    }
  }
});

test("what is no file, and no password, is refused by name", async () => {
  for (const odd of ["MIIK", undefined, null, 7, {}]) await fails(readPkcs12(odd, { password: PLAIN }), { code: "key_refused" });
  for (const odd of [undefined, 7, null]) await fails(readPkcs12(file("rsa-openssl3.p12"), { password: odd }), { code: "key_refused" });
  await fails(readPkcs12(new Uint8Array(70_000), { password: PLAIN }), { code: "key_refused", actual: "70000" });
});
