// Makes tests/wasm/encrypted.json anew, by jose: `node tests/wasm/make_vectors.mjs`. Private keys, and for each algorithm, encoding and
// curve a token that was signed and then encrypted, as a server does it.

import { writeFileSync } from "node:fs";
import { CompactEncrypt, SignJWT, exportJWK, generateKeyPair } from "jose";

const NOW = 1_800_000_000;
const server = await generateKeyPair("ES256");
const jwks = { keys: [{ ...(await exportJWK(server.publicKey)), kid: "server-1", alg: "ES256", use: "sig" }] };
const pairs = { rsa: await generateKeyPair("RSA-OAEP-256", { extractable: true }) };
for (const crv of ["P-256", "P-384", "P-521"]) pairs[crv] = await generateKeyPair("ECDH-ES", { crv, extractable: true });
const keys = {};
for (const [kid, { privateKey }] of Object.entries(pairs)) keys[kid] = { ...(await exportJWK(privateKey)), kid, use: "enc" };

const inner = await new SignJWT({ sub: "user-1" })
  .setProtectedHeader({ alg: "ES256", kid: "server-1" })
  .setIssuer("https://op.example")
  .setAudience("client-1")
  .setIssuedAt(NOW)
  .setExpirationTime(NOW + 300)
  .sign(server.privateKey);
const tokens = [];
for (const [kid, { publicKey }] of Object.entries(pairs)) {
  for (const enc of ["A256GCM", "A128CBC-HS256"]) {
    const alg = kid === "rsa" ? "RSA-OAEP-256" : "ECDH-ES";
    const sealing = new CompactEncrypt(new TextEncoder().encode(inner)).setProtectedHeader({ alg, enc, kid, cty: "JWT" });
    if (kid === "P-384") sealing.setKeyManagementParameters({ apu: new Uint8Array([1, 2]), apv: new Uint8Array([3]) });
    tokens.push({ alg, enc, kid, token: await sealing.encrypt(publicKey) });
  }
}
writeFileSync(new URL("encrypted.json", import.meta.url), `${JSON.stringify({ now: NOW, jwks, keys, inner, tokens }, null, 1)}\n`);
