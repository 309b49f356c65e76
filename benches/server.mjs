// An authorization server for times alone, in a process of its own: it judges nothing, signs id_tokens and answers at once.
// A code is the login's nonce, so that whoever has the URL of a login knows the code that would come back.
// POST /token, /par, /refused (400 invalid_grant); GET /jwks. It prints its origin, and the public key's JWK.

import { createServer } from "node:http";
import { SignJWT, exportJWK, generateKeyPair } from "jose";

const { publicKey, privateKey } = await generateKeyPair("ES256");
const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "ES256", use: "sig" };
let origin;

async function tokens(form, dpop) {
  const nonce = form.get("code");
  const claims = new SignJWT({ nonce }).setProtectedHeader({ alg: "ES256", kid: "1" }).setIssuer(origin).setSubject("user-1").setAudience("client-1");
  const id_token = await claims.setIssuedAt().setExpirationTime("5m").sign(privateKey);
  return { access_token: "a".repeat(900), token_type: dpop ? "DPoP" : "Bearer", expires_in: 600, scope: "openid", refresh_token: "r".repeat(200), id_token };
}

const ROUTES = {
  "/jwks": async () => [200, { keys: [jwk] }],
  "/token": async (form, dpop) => [200, await tokens(form, dpop)],
  "/par": async (form) => [201, { request_uri: `urn:ietf:params:oauth:request_uri:${form.get("nonce")}`, expires_in: 60 }],
  "/refused": async () => [400, { error: "invalid_grant", error_description: "The code has expired." }],
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const [status, body] = await ROUTES[request.url](new URLSearchParams(Buffer.concat(chunks).toString()), request.headers.dpop);
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(body));
  });
}).listen(0, "127.0.0.1", () => {
  origin = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ origin, jwk }));
});
process.stdin.on("end", () => process.exit()).resume();
