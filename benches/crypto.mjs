// Assertion, proof and id_token beside WebCrypto's bare signature and verification, in one run: what is not cryptography costs.
// Medians of rounds that take turns; read the ratios. Ceilings: assertion and proof 1.15, id_token 1.25 (goals 1.05 and 1.1).

import { KeySet, SigningKey, verifyIdToken } from "samtykke";
import { signing_assertion as assertion, signing_proof as proof } from "../pkg/dist/node/core.js";

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const ROUND = 100;
const encoder = new TextEncoder();

export async function measure() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.privateKey)), kid: "1" };
  const key = await SigningKey.fromJwk({ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, d: jwk.d }, { kid: "1" });
  const generated = await SigningKey.generate();
  const rules = { typ: "client-authentication+jwt" };
  const statement = { issuer: "client-1", subject: "client-1", server: "https://op.example", address: "https://op.example/token", offset: 0 };
  const input = encoder.encode((await assertion(key, rules, statement)).replace(/\.[^.]*$/, ""));
  const now = Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "ES256", kid: "1" })}.${encode({ iss: "https://op.example", sub: "user-1", aud: "client-1", iat: now, exp: now + 3600, nonce: "n".repeat(43), auth_time: now, acr: "Level4" })}`;
  const signature = new Uint8Array(await crypto.subtle.sign(ES256, pair.privateKey, encoder.encode(signed)));
  const token = `${signed}.${Buffer.from(signature).toString("base64url")}`;
  const keys = new KeySet({ keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: "1" }] });
  const expected = { issuer: "https://op.example", clientId: "client-1", algorithms: ["ES256"], nonce: "n".repeat(43) };
  const message = encoder.encode(signed);

  const work = {
    "bare signature": () => crypto.subtle.sign(ES256, pair.privateKey, input),
    "client assertion": () => assertion(key, rules, statement),
    "DPoP proof": () => proof(key, "POST", "https://op.example/token", "nonce-1", 0),
    "DPoP proof by a generated key": () => proof(generated, "POST", "https://op.example/token", "nonce-1", 0),
    "bare verification": () => crypto.subtle.verify(ES256, pair.publicKey, signature, message),
    id_token: () => verifyIdToken(token, expected, keys),
  };
  const times = Object.fromEntries(Object.keys(work).map((name) => [name, []]));
  for (let round = 0; round < 40; round++) {
    for (const [name, job] of Object.entries(work)) {
      const start = performance.now();
      for (let at = 0; at < ROUND; at++) await job();
      if (round >= 8) times[name].push(((performance.now() - start) / ROUND) * 1000);
    }
  }
  const rows = Object.entries(times).map(([name, values]) => {
    values.sort((a, b) => a - b);
    return { name, median_us: +values[values.length >> 1].toFixed(2), best_us: +values[0].toFixed(2) };
  });
  const of = (name) => rows.find((row) => row.name === name).median_us;
  const ratio = (one, other) => +(of(one) / of(other)).toFixed(3);
  return {
    rows,
    ratios: {
      assertion: ratio("client assertion", "bare signature"),
      proof: ratio("DPoP proof", "bare signature"),
      proof_generated: ratio("DPoP proof by a generated key", "bare signature"),
      id_token: ratio("id_token", "bare verification"),
    },
    ceilings: { assertion: 1.15, proof: 1.15, id_token: 1.25 },
  };
}
