// Encrypted id_tokens and userinfo: made by jose, decrypted by samtykke/jwe, verified by the core as any other.
// Refuses what the client did not register, what is not signed inside, and to say what was wrong with a token that it cannot decrypt.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CompactEncrypt, SignJWT, exportJWK, generateKeyPair } from "jose";
import { Client, KeySet, clientSecretBasic, provider, verifyIdToken } from "samtykke";
import { decrypter } from "samtykke/jwe";

import { fails, fetchOf, json } from "./support.mjs";

const OP = {
  issuer: "https://op.example",
  authorizationEndpoint: "https://op.example/authorize",
  tokenEndpoint: "https://op.example/token",
  userinfoEndpoint: "https://op.example/userinfo",
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
};
const server = await generateKeyPair("RS256");
const jwks = { keys: [{ ...(await exportJWK(server.publicKey)), kid: "s", alg: "RS256" }] };
const rsa = await generateKeyPair("RSA-OAEP-256", { extractable: true });
const curves = Object.fromEntries(
  await Promise.all(["P-256", "P-384", "P-521"].map(async (crv) => [crv, await generateKeyPair("ECDH-ES", { crv, extractable: true })])),
);
const sealed = (text, publicKey, header = { alg: "RSA-OAEP-256", enc: "A256GCM" }, more = (one) => one) =>
  more(new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader({ cty: "JWT", ...header })).encrypt(publicKey);
const signed = (claims, key = server.privateKey) =>
  new SignJWT({ sub: "user-1", ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "s" })
    .setIssuer(OP.issuer)
    .setAudience("client-1")
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(key);

let count = 0;
/** A login answered with the id_token that `made` makes of its nonce. */
async function login(options, made) {
  let nonce;
  const fetch = async () => json({ access_token: "t", token_type: "Bearer", id_token: await made(nonce) });
  const client = new Client(provider(OP), clientSecretBasic("s"), { jwks, fetch, ...options });
  const begun = client.begin({ scope: "openid" });
  nonce = new URL(begun.url).searchParams.get("nonce");
  return client.exchange(client.finish(begun.transaction, `${OP.redirectUri}?code=jwe-${count++}&state=${begun.state}`));
}

const decrypt = await decrypter(await exportJWK(rsa.privateKey));

test("each algorithm with each encoding, and whatever both parties are called", async () => {
  const keys = [["RSA-OAEP-256", rsa], ...Object.values(curves).map((pair) => ["ECDH-ES", pair])];
  const all = await decrypter(...(await Promise.all(keys.map(([, { privateKey }]) => exportJWK(privateKey)))));
  for (const [alg, { publicKey, privateKey }] of keys) {
    for (const enc of ["A256GCM", "A128CBC-HS256"]) {
      for (const own of [all, await decrypter(privateKey)]) {
        const named = (one) => (alg === "ECDH-ES" ? one.setKeyManagementParameters({ apu: new Uint8Array([1, 2]), apv: new Uint8Array([3]) }) : one);
        let inner;
        const tokens = await login({ decrypt: own }, async (nonce) => sealed((inner = await signed({ nonce })), publicKey, { alg, enc }, named));
        assert.deepEqual([tokens.claims.sub, tokens.idToken], ["user-1", inner], `${alg} ${enc}`);
      }
    }
  }
});

test("of several keys that fit the token's kid chooses", async () => {
  const [one, two] = await Promise.all([1, 2].map(() => generateKeyPair("RSA-OAEP-256", { extractable: true })));
  const jwk = async ({ privateKey }, kid) => ({ ...(await exportJWK(privateKey)), kid, use: "enc", alg: "RSA-OAEP-256" });
  const both = await decrypter(await jwk(one, "1"), await jwk(two, "2"));
  const header = (kid) => ({ alg: "RSA-OAEP-256", enc: "A256GCM", kid });
  assert.ok((await login({ decrypt: both }, async (nonce) => sealed(await signed({ nonce }), two.publicKey, header("2")))).claims);
  for (const kid of ["1", "3", undefined]) {
    await fails(() => login({ decrypt: both }, async (nonce) => sealed(await signed({ nonce }), two.publicKey, header(kid))), { code: "decryption_failed" });
  }
});

test("what was not registered is refused before the key is used", async () => {
  const asked = [];
  const own = async (...all) => {
    asked.push(all);
    return decrypt(...all);
  };
  const made = async (nonce) => sealed(await signed({ nonce }), rsa.publicKey);
  const other = (header) => async (nonce) => sealed(await signed({ nonce }), rsa.publicKey, { alg: "RSA-OAEP-256", enc: "A256GCM", ...header });
  for (const [options, token] of [
    [{}, other({ enc: "A256CBC-HS512" })],
    [{}, async (nonce) => sealed(await signed({ nonce }), (await generateKeyPair("RSA-OAEP")).publicKey, { alg: "RSA-OAEP", enc: "A256GCM" })],
    [{ encryptionAlgorithms: ["ECDH-ES"] }, made],
    [{ contentEncryption: ["A128CBC-HS256"] }, made],
  ]) {
    const error = await fails(() => login({ decrypt: own, ...options }, token), { code: "algorithm_refused", action: "fix_configuration" });
    assert.match(error.hint, /encrypts/);
  }
  for (const member of [{ zip: "DEF" }, { crit: ["exp"], exp: 1 }, { crit: [] }, { b64: false }]) {
    const marked = async (nonce) => {
      const [, ...rest] = (await made(nonce)).split(".");
      return [Buffer.from(JSON.stringify({ alg: "RSA-OAEP-256", enc: "A256GCM", ...member })).toString("base64url"), ...rest].join(".");
    };
    await fails(() => login({ decrypt: own }, marked), { code: "jws_malformed" });
  }
  assert.equal(asked.length, 0);
  for (const wrong of [{ encryptionAlgorithms: ["RSA1_5"] }, { encryptionAlgorithms: [] }, { encryptionAlgorithms: ["PBES2-HS256+A128KW"] }]) {
    await fails(() => login({ decrypt, ...wrong }, made), { code: "invalid_configuration" });
  }
  await fails(() => login({ decrypt: "x" }, made), { code: "invalid_configuration" });
});

test("one error for every failure to decrypt", async () => {
  const texts = new Set();
  const flipped =
    (at, enc = "A256GCM") =>
    async (nonce) => {
      const parts = (await sealed(await signed({ nonce }), rsa.publicKey, { alg: "RSA-OAEP-256", enc })).split(".");
      const octets = Buffer.from(parts[at], "base64url");
      octets[3] ^= 1;
      parts[at] = octets.toString("base64url");
      return parts.join(".");
    };
  const another = await generateKeyPair("RSA-OAEP-256");
  const short = async (nonce) => {
    const parts = (await sealed(await signed({ nonce }), rsa.publicKey)).split(".");
    parts[4] = Buffer.from(parts[4], "base64url").subarray(0, 12).toString("base64url");
    return parts.join(".");
  };
  const foreign = async (nonce) => sealed(await signed({ nonce }), another.publicKey);
  const curve = async (nonce) => sealed(await signed({ nonce }), curves["P-256"].publicKey, { alg: "ECDH-ES", enc: "A256GCM" });
  const cbc = "A128CBC-HS256";
  for (const token of [1, 2, 3, 4].flatMap((at) => [flipped(at), flipped(at, cbc)]).concat(short, foreign, curve)) {
    const error = await fails(() => login({ decrypt }, token), { code: "decryption_failed", phase: "token", action: "fix_configuration" });
    texts.add(`${error.message} ${error.cause}`);
  }
  const throwing = async () => {
    throw new Error("the service says why");
  };
  texts.add(`${(await fails(() => login({ decrypt: throwing }, foreign), { code: "decryption_failed" })).message} undefined`);
  assert.deepEqual(texts.size, 1, [...texts].join("\n"));
  const never = () => new Promise(() => {});
  await fails(() => login({ decrypt: never, timeout: 0.05 }, foreign), { code: "timeout" });
});

test("what is inside is signed, or nothing", async () => {
  const claims = { iss: OP.issuer, aud: "client-1", sub: "user-1", iat: 1, exp: 2 ** 31 };
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.AAAA`;
  const other = await generateKeyPair("RS256");
  for (const [made, code] of [
    [(nonce) => sealed(JSON.stringify({ ...claims, nonce }), rsa.publicKey), "jws_malformed"],
    [() => sealed(unsigned, rsa.publicKey), "algorithm_refused"],
    [async (nonce) => sealed(await sealed(await signed({ nonce }), rsa.publicKey), rsa.publicKey), "jws_malformed"],
    [async (nonce) => sealed(await signed({ nonce }, other.privateKey), rsa.publicKey), "signature_invalid"],
    [async () => sealed(await signed({ nonce: "another" }), rsa.publicKey), "nonce_mismatch"],
    [async (nonce) => sealed(await signed({ nonce, aud: "x" }), rsa.publicKey).then((text) => `${text}.`), "token_response_malformed"],
  ]) {
    await fails(() => login({ decrypt }, made), { code });
  }
  // A token that was not encrypted is verified as ever.
  assert.ok((await login({ decrypt }, (nonce) => signed({ nonce }))).claims);
});

test("without a key the error says what to give", async () => {
  const error = await fails(() => login({}, async (nonce) => sealed(await signed({ nonce }), rsa.publicKey)), {
    code: "token_response_malformed",
    action: "fix_configuration",
  });
  assert.match(error.hint, /registered for encrypted tokens.*decrypt/);
  const token = await sealed(await signed({}), rsa.publicKey);
  const bare = await fails(() => verifyIdToken(token, { issuer: OP.issuer, clientId: "client-1" }, { known() {}, find() {}, remember() {} }), {});
  assert.equal(bare.code, "jws_malformed");
});

test("userinfo: encrypted, signed or plain, by its media type", async () => {
  const tokens = { accessToken: "t", tokenType: "Bearer", requestedScope: "", others: {}, claims: { sub: "user-1" } };
  const ask = (text, options = {}, asked = {}) => {
    const body = typeof text === "string" ? new Response(text, { headers: { "content-type": "application/jwt" } }) : json(text);
    return new Client(provider(OP), clientSecretBasic("s"), { jwks, ...fetchOf(body), ...options }).userinfo(tokens, asked);
  };
  const encrypted = await sealed(await signed({ name: "Kari" }), rsa.publicKey);
  assert.equal((await ask(encrypted, { decrypt })).name, "Kari");
  assert.equal((await ask(encrypted, { decrypt }, { signed: true })).name, "Kari");
  assert.equal((await ask(await signed({ name: "Kari" }))).name, "Kari");
  assert.equal((await ask({ sub: "user-1", name: "Kari" }, { decrypt })).name, "Kari");
  await fails(() => ask({ sub: "user-1" }, { decrypt }, { signed: true }), { code: "content_type_unexpected" });
  await fails(async () => ask(await sealed('{"sub":"user-1"}', rsa.publicKey), { decrypt }), { code: "jws_malformed", phase: "api" });
  await fails(async () => ask(await signed({ name: "Kari" }, (await generateKeyPair("RS256")).privateKey)), { code: "signature_invalid" });
  await fails(async () => ask(await signed({ sub: "user-2" })), { code: "subject_mismatch" });
  assert.match((await fails(() => ask(encrypted), { action: "fix_configuration" })).hint, /decrypt/);
  const foreign = await sealed(await signed({}), (await generateKeyPair("RSA-OAEP-256")).publicKey);
  await fails(() => ask(foreign, { decrypt }), { code: "decryption_failed", phase: "api" });
});

test("a refresh token that came is stored though its id_token cannot be decrypted", async () => {
  const id_token = await sealed(await signed({}), (await generateKeyPair("RSA-OAEP-256")).publicKey);
  const client = new Client(provider(OP), clientSecretBasic("s"), {
    jwks,
    decrypt,
    ...fetchOf(json({ access_token: "t", token_type: "Bearer", refresh_token: "NEW", id_token })),
  });
  const stored = [];
  await fails(() => client.refresh("jwe-old", { store: (token) => void stored.push(token) }), { code: "decryption_failed" });
  assert.deepEqual(stored, ["NEW"]);
});

test("keys that decrypt nothing are refused when the decrypter is made", async () => {
  const small = await generateKeyPair("RSA-OAEP-256", { extractable: true });
  for (const wrong of [
    {},
    { kty: "oct", k: "AAAA" },
    await exportJWK(small.publicKey),
    small.publicKey,
    server.privateKey,
    { ...(await exportJWK(small.privateKey)), use: "sig" },
    { ...(await exportJWK(small.privateKey)), n: "AQAB" },
    { kty: "EC", crv: "secp256k1", d: "AA", x: "AA", y: "AA" },
    "x",
    null,
  ]) {
    await fails(() => decrypter(wrong), { code: "key_refused" });
  }
  await fails(() => decrypter(), { code: "key_refused" });
});

test("verifyIdToken decrypts a token that came by another way, and says what to give without", async () => {
  const expected = { issuer: OP.issuer, clientId: "client-1", nonce: "n-0123456789abcdef" };
  const keys = new KeySet(jwks);
  const token = await sealed(await signed({ nonce: expected.nonce }), rsa.publicKey);
  assert.equal((await verifyIdToken(token, { ...expected, decrypt }, keys)).sub, "user-1");
  const without = await fails(() => verifyIdToken(token, expected, keys), { code: "jws_malformed", action: "fix_configuration" });
  assert.match(without.hint, /decrypt/);
  await fails(() => verifyIdToken(token, { ...expected, decrypt, contentEncryption: ["A128CBC-HS256"] }, keys), { code: "algorithm_refused" });
  const other = await generateKeyPair("RSA-OAEP-256");
  await fails(() => verifyIdToken(token, { ...expected, decrypt: undefined }, keys), { code: "jws_malformed" });
  await fails(async () => verifyIdToken(await sealed(await signed({}), other.publicKey), { ...expected, decrypt }, keys), { code: "decryption_failed" });
  const unsigned = await sealed(JSON.stringify({ iss: OP.issuer, aud: "client-1", sub: "evil" }), rsa.publicKey);
  await fails(() => verifyIdToken(unsigned, { ...expected, decrypt }, keys), { code: "jws_malformed" });
});

test("an answer that is signed and then encrypted gives its code", async () => {
  const finish = async (options, made) => {
    const client = new Client(provider(OP), clientSecretBasic("s"), { jwks, fetch: async () => json({}), ...options });
    const begun = client.begin({ scope: "read", responseMode: "jwt" });
    const answer = await made({ state: begun.state, code: `jarm-${count++}` });
    return client.finishJarm(begun.transaction, `${OP.redirectUri}?response=${answer}`);
  };
  const nested = async (claims) => sealed(await signed(claims), rsa.publicKey);
  assert.match(String(await finish({ decrypt }, nested)), /jarm-/);
  assert.match(String(await finish({ decrypt }, signed)), /jarm-/);
  const without = await fails(() => finish({}, nested), { code: "jws_malformed", phase: "callback", action: "fix_configuration" });
  assert.match(without.hint, /decrypt/);
  await fails(() => finish({ decrypt }, async (claims) => sealed(JSON.stringify({ iss: OP.issuer, ...claims }), rsa.publicKey)), { code: "jws_malformed" });
  await fails(() => finish({ decrypt }, async (claims) => sealed(await signed({ ...claims, state: "x".repeat(43) }), rsa.publicKey)), {
    code: "state_mismatch",
  });
});
