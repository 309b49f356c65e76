// A token of the client's own, request built and answer judged without a network, beside oauth4webapi's same work; and an id_token
// beside WebCrypto's bare verification. Medians of rounds that take turns; read the ratios.

import * as peer from "oauth4webapi";
import { Client, KeySet, SigningKey, clientSecretBasic, privateKeyJwt, provider, verifyIdToken } from "samtykke";

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const ROUND = 100;
const OP = "https://op.example";
const encoder = new TextEncoder();
const SECRET = "correct horse battery staple, 32 octets";

/** The same answer to both, bound to a key or not. */
const answer = (token_type) => {
  const body = JSON.stringify({ access_token: "a".repeat(900), token_type, expires_in: 600, scope: "read" });
  return async () => new Response(body, { headers: { "content-type": "application/json" } });
};

/** What asks for a token: ours and the peer's, by a secret, and by a signed assertion with a proof. */
async function asking(pair, key) {
  const settings = { issuer: OP, authorizationEndpoint: `${OP}/a`, tokenEndpoint: `${OP}/token`, clientId: "client-1", redirectUri: "https://rp.example/cb" };
  const op = provider(settings);
  const [bearer, bound] = [answer("Bearer"), answer("DPoP")];
  const plain = new Client(op, clientSecretBasic(SECRET), { fetch: bearer });
  const strict = new Client(op, privateKeyJwt(key), { fetch: bound, dpop: key });
  const server = { issuer: OP, token_endpoint: `${OP}/token` };
  const client = { client_id: "client-1" };
  const grant = async (authentication, options) => {
    const response = await peer.clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams({ scope: "read" }), options);
    return peer.processClientCredentialsResponse(server, client, response);
  };
  const secret = peer.ClientSecretBasic(SECRET);
  const signed = peer.PrivateKeyJwt({ key: pair.privateKey, kid: "1" });
  const DPoP = peer.DPoP(client, pair);
  return {
    "token by secret": () => plain.clientCredentials({ scope: "read" }),
    "oauth4webapi token by secret": () => grant(secret, { [peer.customFetch]: bearer }),
    "token by private_key_jwt and DPoP": () => strict.clientCredentials({ scope: "read" }),
    "oauth4webapi token by private_key_jwt and DPoP": () => grant(signed, { [peer.customFetch]: bound, DPoP }),
  };
}

export async function measure() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.privateKey)), kid: "1" };
  const key = await SigningKey.fromJwk({ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, d: jwk.d }, { kid: "1" });
  const now = Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "ES256", kid: "1" })}.${encode({ iss: "https://op.example", sub: "user-1", aud: "client-1", iat: now, exp: now + 3600, nonce: "n".repeat(43), auth_time: now, acr: "Level4" })}`;
  const signature = new Uint8Array(await crypto.subtle.sign(ES256, pair.privateKey, encoder.encode(signed)));
  const token = `${signed}.${Buffer.from(signature).toString("base64url")}`;
  const keys = new KeySet({ keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: "1" }] });
  const expected = { issuer: "https://op.example", clientId: "client-1", algorithms: ["ES256"], nonce: "n".repeat(43) };
  const message = encoder.encode(signed);

  const work = {
    ...(await asking(pair, key)),
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
      token_by_secret: ratio("token by secret", "oauth4webapi token by secret"),
      token_by_key: ratio("token by private_key_jwt and DPoP", "oauth4webapi token by private_key_jwt and DPoP"),
      id_token: ratio("id_token", "bare verification"),
    },
    ceilings: { token_by_secret: 2, token_by_key: 1.1, id_token: 1.25 },
  };
}
