// The local API judges as strictly as NHN's template: each rule, broken alone, is refused under its own name.
// RFC 9449 section 4.3; HelseID "Formatering av DPoP-bevis". Tokens and proofs are made by npm `jose`, not by the library.
// Refuses a validator that accepts more than the template does: it would prove nothing.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { SignJWT, calculateJwkThumbprint, createLocalJWKSet, exportJWK } from "jose";

import { key } from "samtykke-local/internal/helseid/keys.mjs";
import { validator } from "samtykke-local/internal/helseid/proof.mjs";

const ISSUER = "http://localhost:1";
const ORIGIN = "http://localhost:2";
const NOW = 1_700_000_000;

const ath = (token) => createHash("sha256").update(token).digest("base64url");

test("each rule, broken alone", async () => {
  const server = await key("server RS256");
  const own = await key("proof ES256");
  const jwk = await exportJWK(own.publicKey);
  const jkt = await calculateJwkThumbprint(jwk);
  const access = (claims = {}, typ = "at+jwt") =>
    new SignJWT({ iss: ISSUER, aud: "nhn:phr", cnf: { jkt }, exp: Math.floor(Date.now() / 1000) + 600, ...claims })
      .setProtectedHeader({ alg: "RS256", kid: server.kid, typ })
      .sign(server.privateKey);
  const token = await access();
  let count = 0;
  const proof = (claims = {}, header = {}, signer = own) =>
    new SignJWT({ htm: "GET", htu: `${ORIGIN}/x`, iat: NOW, jti: `${(count += 1)}`, ath: ath(token), ...claims })
      .setProtectedHeader({ typ: "dpop+jwt", alg: signer.alg, jwk, ...header })
      .sign(signer.privateKey);
  const judge = validator({ issuer: ISSUER, audience: "nhn:phr", keys: createLocalJWKSet({ keys: [server.publicJwk] }), now: () => NOW });
  const call = async ({ authorization = `DPoP ${token}`, dpop, url = "/x?y=z" } = {}) => {
    const proofs = [dpop ?? (await proof())].flat();
    return judge({ method: "GET", url, headers: { authorization, dpop: proofs[0] }, rawHeaders: proofs.flatMap((one) => ["DPoP", one]) }, ORIGIN);
  };

  assert.equal((await call()).aud, "nhn:phr");
  for (const iat of [NOW - 6, NOW + 5]) assert.ok(await call({ dpop: await proof({ iat }) }), `${iat - NOW}`);
  const other = await key("other ES256");
  const ed = await key("proof Ed25519");
  const again = await proof();
  await call({ dpop: again });
  for (const [name, request, rule] of [
    ["Bearer", { authorization: `Bearer ${token}` }, /scheme DPoP/],
    ["two proofs", { dpop: [await proof(), await proof()] }, /exactly one/],
    ["no proof", { dpop: [] }, /exactly one/],
    ["used before", { dpop: again }, /never used before/],
    ["seven seconds old", { dpop: await proof({ iat: NOW - 7 }) }, /six seconds/],
    ["six seconds ahead", { dpop: await proof({ iat: NOW + 6 }) }, /six seconds|iat/],
    ["another method", { dpop: await proof({ htm: "POST" }) }, /htm/],
    ["htu with query", { dpop: await proof({ htu: `${ORIGIN}/x?y=z` }) }, /htu/],
    ["htu with a slash", { dpop: await proof({ htu: `${ORIGIN}/x/` }) }, /htu/],
    ["no ath", { dpop: await proof({ ath: undefined }) }, /ath/],
    ["no jti", { dpop: await proof({ jti: undefined }) }, /jti/],
    ["another key", { dpop: await proof({}, { jwk: await exportJWK(other.publicKey) }, other) }, /cnf\.jkt/],
    ["a private member", { dpop: await proof({}, { jwk: { ...jwk, d: "AA" } }) }, /public members/],
    ["EdDSA", { dpop: await proof({}, { jwk: await exportJWK(ed.publicKey) }, { ...ed, alg: "EdDSA" }) }, /alg of the profile/],
    ["typ", { dpop: await proof({}, { typ: "JWT" }) }, /typ/],
    ["wrong signature", { dpop: await proof({}, {}, other) }, /signature/],
    ["another audience", { authorization: `DPoP ${await access({ aud: "nhn:kj" })}` }, /aud/],
    ["two audiences", { authorization: `DPoP ${await access({ aud: ["nhn:phr", "nhn:kj"] })}` }, /aud/],
    ["no access token", { authorization: `DPoP ${await access({}, "JWT")}` }, /typ/],
    ["another issuer", { authorization: `DPoP ${await access({ iss: "http://localhost:9" })}` }, /iss/],
    ["expired", { authorization: `DPoP ${await access({ exp: 1 })}` }, /exp/],
  ]) {
    await assert.rejects(call(request), ({ message }) => rule.test(message), name);
  }
});
