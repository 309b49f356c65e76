// What real servers send and nobody can exploit is taken; what could mix two parties up is not: rules of tests/leniency.json that no
// other file of this folder shows through the package. Tokens are signed here, by WebCrypto.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, KeySet, challenges, clientSecretBasic, none, provider, serverMetadata, verifyIdToken } from "samtykke";
import { fetchOf, json } from "./support.mjs";

const ISSUER = "https://op.example";
const OP = { issuer: ISSUER, authorizationEndpoint: `${ISSUER}/a`, tokenEndpoint: `${ISSUER}/t`, clientId: "client-1", redirectUri: "https://rp.example/cb" };
const part = (text) => Buffer.from(typeof text === "string" ? text : JSON.stringify(text)).toString("base64url");
const now = Math.floor(Date.now() / 1000);
const CLAIMS = { iss: ISSUER, aud: "client-1", sub: "user-1", iat: now, exp: now + 60 };

const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
const PUBLIC = { kty, crv, x, y };

async function verified({ header = {}, payload = CLAIMS, jwk = { ...PUBLIC, kid: "a" }, ...more } = {}) {
  const input = `${part({ alg: "ES256", kid: "a", ...header })}.${part(payload)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, Buffer.from(input));
  const token = `${input}.${Buffer.from(signature).toString("base64url")}`;
  return verifyIdToken(token, { issuer: ISSUER, clientId: "client-1", algorithms: ["ES256"], ...more }, new KeySet({ keys: [jwk] }));
}

const refused = (code, action) => (error) => error.code === code && (action === undefined || error.action === action);

test("keys that a header brings are not looked at; what changes its meaning is refused", async () => {
  const evil = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { d: _, ...other } = await crypto.subtle.exportKey("jwk", evil.publicKey);
  for (const header of [{ jku: "https://evil.example/jwks" }, { x5u: "https://evil.example/c" }, { jwk: other }, { x5c: ["AAAA"] }, { cty: "JWT" }]) {
    assert.equal((await verified({ header })).sub, "user-1", JSON.stringify(header));
  }
  for (const header of [{ crit: ["exp"] }, { b64: false }, { zip: "DEF" }]) {
    await assert.rejects(verified({ header }), refused("jws_malformed"), JSON.stringify(header));
  }
});

test("a key id is any text, and an empty one is none; a kid that is no text is refused", async () => {
  for (const kid of [" å\n", "x".repeat(300)]) assert.equal((await verified({ header: { kid }, jwk: { ...PUBLIC, kid } })).sub, "user-1");
  assert.equal((await verified({ header: { kid: "" }, jwk: { ...PUBLIC, kid: "" } })).sub, "user-1");
  await assert.rejects(verified({ header: { kid: 5 } }), refused("jws_malformed"));
  await assert.rejects(verified({ header: { kid: "b" } }), refused("key_not_found"));
});

test("empty lists in a key are absent; lists that say otherwise are heeded", async () => {
  const jwk = { ...PUBLIC, kid: "a" };
  assert.equal((await verified({ jwk: { ...jwk, key_ops: [], x5c: [], use: null, alg: null } })).sub, "user-1");
  await assert.rejects(verified({ jwk: { ...jwk, key_ops: ["encrypt"] } }), refused("key_not_found"));
  await assert.rejects(verified({ jwk: { ...jwk, use: "enc" } }), refused("key_not_found"));
});

test("a claim twice with one value is taken; with two, or deeper down, it is refused", async () => {
  const text = JSON.stringify(CLAIMS);
  const twice = (more) => `${text.slice(0, -1)},${more}}`;
  assert.equal((await verified({ payload: twice('"sub":"user\\u002d1"') })).sub, "user-1");
  await assert.rejects(verified({ payload: twice('"sub":"another"') }), refused("claim_refused", "fix_configuration"));
  await assert.rejects(verified({ payload: twice('"address":{"a":1,"a":1}') }), refused("claim_refused"));
  const answer = (body) => new Client(provider(OP), clientSecretBasic("s"), fetchOf(json(body))).clientCredentials();
  await assert.rejects(answer('{"access_token":"a","access_token":"a","token_type":"Bearer"}'), refused("token_response_malformed"));
  await assert.rejects(answer('{"access_token":"a","token_type":"Bearer","x":{"y":1,"y":1}}'), refused("token_response_malformed"));
});

test("several audiences are of one login only where the others are trusted; times that cannot be are refused", async () => {
  const audiences = { ...CLAIMS, aud: ["client-1", "api"], azp: "client-1" };
  await assert.rejects(verified({ payload: audiences }), refused("claim_refused"));
  for (const payload of [
    { ...CLAIMS, exp: now * 1000 },
    { ...CLAIMS, iat: now - 90_000, exp: now + 60 },
  ])
    await assert.rejects(verified({ payload }), (error) => ["claim_refused", "jwt_expired"].includes(error.code));
});

test("a pushed request may be answered 200, by any absolute URI that no browser runs", async () => {
  const pushed = (status, uri) => {
    const answer = json({ request_uri: uri, expires_in: 60 }, status);
    return new Client(provider({ ...OP, pushedAuthorizationRequestEndpoint: `${ISSUER}/par` }), none(), fetchOf(answer)).start({ scope: "read" });
  };
  for (const status of [200, 201])
    for (const uri of ["urn:x&a=b", "https://op.example/r?x=1"]) {
      assert.equal(new URL((await pushed(status, uri)).url).searchParams.get("request_uri"), uri);
    }
  for (const uri of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "relative", "urn:a b", ""])
    await assert.rejects(pushed(201, uri), refused("par_response_malformed"), uri);
});

test("challenges with commas that lead, trail or are doubled are read; two of one parameter are not", () => {
  for (const header of [', Bearer error="invalid_token",', 'Bearer , error="invalid_token"', 'Basic realm="x",, Bearer error="invalid_token"']) {
    assert.equal(challenges(header).find(({ scheme }) => scheme.toLowerCase() === "bearer").error, "invalid_token", header);
  }
  assert.throws(() => challenges('Bearer error="a", error="b"'), refused("challenge_malformed"));
});

test("metadata without PKCE's methods is taken and S256 sent; one that lists others alone is refused", async () => {
  const document = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/a`, token_endpoint: `${ISSUER}/t`, response_types_supported: ["code"] };
  assert.equal((await serverMetadata(ISSUER, fetchOf(json(document)))).issuer, ISSUER);
  await assert.rejects(
    serverMetadata(ISSUER, fetchOf(json({ ...document, code_challenge_methods_supported: ["plain"] }))),
    (error) => error.code === "metadata_malformed" || error.code === "invalid_configuration",
  );
});

test("addresses: http and private hosts are refused, endpoints on another origin are taken unless they are pinned", async () => {
  const document = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/a`, token_endpoint: "https://login.example/t", response_types_supported: ["code"] };
  assert.equal((await serverMetadata(ISSUER, fetchOf(json(document)))).token_endpoint, "https://login.example/t");
  await assert.rejects(serverMetadata(ISSUER, { origins: [], ...fetchOf(json(document)) }), refused("endpoint_refused"));
  for (const host of ["http://login.example/t", "https://10.0.0.1/t", "https://169.254.169.254/t"]) {
    await assert.rejects(serverMetadata(ISSUER, fetchOf(json({ ...document, token_endpoint: host }))), refused("endpoint_refused"), host);
  }
  const settings = { issuer: ISSUER, authorizationEndpoint: `${ISSUER}/a`, tokenEndpoint: `${ISSUER}/t`, clientId: "c" };
  for (const redirectUri of ["com.example.app:/cb", "app.x:///cb", "http://127.0.0.1:9/cb"])
    assert.equal(provider({ ...settings, redirectUri }).redirectUri, redirectUri);
  for (const redirectUri of ["http://rp.example/cb", "javascript:alert(1)", "app:/cb", "https:///cb", "app.x:////cb/../x"])
    assert.throws(() => provider({ ...settings, redirectUri }), refused("invalid_configuration"), redirectUri);
});
