// Node's own crypto signs and verifies where WebCrypto would wait for a thread: both must say the same of every signature.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";

import { CompactSign, compactVerify, exportJWK, exportPKCS8, generateKeyPair, importJWK } from "jose";
import { KeySet, SigningKey, verifyIdToken } from "samtykke";

const { subtle } = globalThis.crypto;
const USE = { ES256: { name: "ECDSA", hash: "SHA-256" }, RS256: { name: "RSASSA-PKCS1-v1_5" }, EdDSA: { name: "Ed25519" } };
/** Node 20.16, 22.3 and later give their own crypto without an import. */
const DOOR = !!process.getBuiltinModule;
const issuer = "https://op.example";
const clientId = "client-1";

/** How many calls of WebCrypto's a piece of work makes. */
async function counted(name, work) {
  const own = subtle[name];
  let calls = 0;
  subtle[name] = function (...rest) {
    calls++;
    return own.apply(this, rest);
  };
  try {
    return [await work(), calls];
  } finally {
    subtle[name] = own;
  }
}

for (const alg of ["ES256", "RS256", "EdDSA"]) {
  test(`${alg}: a signature is judged as WebCrypto judges it, whatever its octets and length`, async () => {
    const pair = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "1" };
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: "user-1", aud: clientId, iat: now, exp: now + 3600 };
    const token = await new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg, kid: "1" }).sign(pair.privateKey);
    const [header, payload, text] = token.split(".");
    const signature = Buffer.from(text, "base64url");
    const key = await subtle.importKey("jwk", { ...jwk, alg: undefined }, { ...USE[alg], namedCurve: "P-256", hash: "SHA-256" }, false, ["verify"]);
    const keys = new KeySet({ keys: [jwk] });
    const expected = { issuer, clientId, algorithms: [alg] };
    const zero = Buffer.alloc(signature.length);
    const half = signature.length / 2;
    const tried = [
      signature,
      zero,
      Buffer.alloc(signature.length, 255),
      signature.subarray(1),
      signature.subarray(0, half),
      Buffer.concat([signature, Buffer.from([0])]),
      Buffer.concat([Buffer.from([0]), signature]),
      Buffer.concat([signature.subarray(half), signature.subarray(0, half)]),
      Buffer.concat([zero.subarray(0, half), signature.subarray(half)]),
      Buffer.concat([signature.subarray(0, half), zero.subarray(half)]),
      Buffer.from([0x30, 0x44, 0x02, 0x20, ...signature.subarray(0, 32), 0x02, 0x20, ...signature.subarray(32, 64)]),
      ...Array.from({ length: 40 }, () => randomBytes(signature.length)),
      ...Array.from({ length: 64 }, (_, at) => Buffer.from(signature).fill(signature[at] ^ (1 << (at & 7)), at, at + 1)),
    ];
    let accepted = 0;
    for (const one of tried) {
      const valid = await subtle.verify(USE[alg], key, one, Buffer.from(`${header}.${payload}`));
      const [ours, calls] = await counted("verify", () =>
        verifyIdToken(`${header}.${payload}.${one.toString("base64url")}`, expected, keys).then(
          () => true,
          (error) => {
            assert.equal(error.code, "signature_invalid");
            return false;
          },
        ),
      );
      assert.equal(ours, valid, one.toString("hex"));
      assert.equal(calls, DOOR ? 0 : 1);
      accepted += ours;
    }
    assert.equal(accepted, 1);
  });
}

/** How a key comes by its private half, and what then signs it in Node. */
const WAYS = {
  "from a JWK": async (alg, pair) => SigningKey.fromJwk(await exportJWK(pair.privateKey), { alg }),
  "from PEM": async (alg, pair) => SigningKey.fromPem(await exportPKCS8(pair.privateKey), { alg }),
  "made here": (alg) => SigningKey.generate({ alg }),
  "made here, readable": (alg) => SigningKey.generate({ alg, extractable: true }),
};
for (const [way, make] of Object.entries(WAYS)) {
  for (const alg of ["ES256", "EdDSA", "RS256", "ES384", "PS256"]) {
    test(`${alg}: jose accepts what a key ${way} signs; RSA and the slow curves are left to a thread`, async () => {
      const key = await make(alg, await generateKeyPair(alg, { extractable: true }));
      const input = `${Buffer.from(JSON.stringify({ alg })).toString("base64url")}.${Buffer.from("ok").toString("base64url")}`;
      const [signature, calls] = await counted("sign", () => key.sign(input));
      assert.equal(calls, DOOR && (alg === "ES256" || alg === "EdDSA") ? 0 : 1);
      const { payload } = await compactVerify(`${input}.${Buffer.from(signature).toString("base64url")}`, await importJWK(key.publicJwk, alg));
      assert.equal(Buffer.from(payload).toString(), "ok");
      assert.doesNotMatch(JSON.stringify(key) + inspect(key, { showHidden: true, depth: 9 }), /"d"|\bd:/);
    });
  }
}

for (const alg of ["ES256", "EdDSA"]) {
  test(`${alg}: a key made here cannot be read out, and the octets it passed through are wiped`, async () => {
    const made = { generateKey: [], exportKey: [], importKey: [] };
    const own = Object.fromEntries(Object.keys(made).map((name) => [name, subtle[name]]));
    for (const name of Object.keys(made)) {
      subtle[name] = async function (...rest) {
        const answer = await own[name].apply(this, rest);
        made[name].push(answer);
        return answer;
      };
    }
    try {
      await SigningKey.generate({ alg });
    } finally {
      Object.assign(subtle, own);
    }
    const kept = DOOR ? made.importKey.find(({ type }) => type === "private") : made.generateKey[0].privateKey;
    assert.equal(kept.extractable, false);
    await assert.rejects(subtle.exportKey("pkcs8", kept), { name: /^InvalidAccess/ });
    const octets = made.exportKey.filter((answer) => answer instanceof ArrayBuffer);
    assert.equal(octets.length, DOOR ? 1 : 0);
    for (const one of octets) assert.ok(one.byteLength > 30 && new Uint8Array(one).every((octet) => octet === 0));
  });
}

test("a key that WebCrypto made for you stays there", async () => {
  const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const key = await SigningKey.fromCryptoKeys(pair, { alg: "ES256" });
  const [, calls] = await counted("sign", () => key.sign("text"));
  assert.equal(calls, 1);
});

test("an algorithm that is none is refused as such", async () => {
  for (const alg of ["none", "Ed448", "ES256K", "HS256"]) await assert.rejects(SigningKey.generate({ alg }), { code: "algorithm_refused" });
});
