// The examples that the RFCs print themselves (tests/vectors/rfc), by the package's public API where it has the function.
// RFC 7515, 7517, 7636, 7638, 8037, 9126, 9449, OIDC Core appendix A; signatures of our own keys are judged by npm `jose` or equal.
// RFC 6979 and the verification of bare signatures are the crate's alone: here WebCrypto signs and verifies.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as jose from "jose";
import { Client, KeySet, SigningKey, begin, challenges, clientSecretBasic, provider, publicJwkFromPem, selectKey, verifyIdToken } from "samtykke";
import { clientFor } from "../lib/answering.mjs";

const file = (name) => JSON.parse(readFileSync(new URL(`../vectors/rfc/${name}.json`, import.meta.url), "utf8"));
const text = (value) => Buffer.from(value).toString("base64url");
const publicOf = (jwk) => Object.fromEntries(Object.entries(jwk).filter(([name]) => ["kty", "crv", "x", "y", "n", "e"].includes(name)));
const code = (expected) => (error) => error.code === expected || assert.fail(`${error.code}, not ${expected}`);
/** A key whose private half is elsewhere. */
const custom = (publicJwk, alg) => SigningKey.custom({ alg, publicJwk, sign: () => new Uint8Array(64).fill(1) });

test("OIDC Core: hashes of access tokens and codes", async () => {
  for (const { alg, access_token: accessToken, code: sent, at_hash, c_hash } of file("oidc_core_hashes").vectors) {
    const { privateKey, publicKey } = await jose.generateKeyPair(alg, { ...(alg === "EdDSA" && { crv: "Ed25519" }) });
    const keys = new KeySet({ keys: [await jose.exportJWK(publicKey)] });
    const [name, hash] = at_hash ? ["at_hash", at_hash] : ["c_hash", c_hash];
    const verify = async (value) => {
      const token = await new jose.SignJWT({ [name]: value })
        .setProtectedHeader({ alg })
        .setIssuer("https://op.example")
        .setAudience("client-1")
        .setSubject("s")
        .setIssuedAt()
        .setExpirationTime("1 min")
        .sign(privateKey);
      return verifyIdToken(token, { issuer: "https://op.example", clientId: "client-1", algorithms: [alg], accessToken, code: sent }, keys);
    };
    assert.equal((await verify(hash))[name], hash);
    await assert.rejects(verify(hash.slice(1)), code("claim_refused"));
    await assert.rejects(verify((hash[0] === "A" ? "B" : "A") + hash.slice(1)), code("claim_refused"));
  }
});

test("RFC 7515: keys of the examples sign as they print it; what is no compact JWS of a known algorithm is refused", async () => {
  const expected = { issuer: "joe", clientId: "c", algorithms: ["RS256", "ES256"] };
  const keys = new KeySet({ keys: [] });
  const { vectors } = file("rfc7515_appendix_a");
  assert.equal(vectors.length, 8);
  for (const { id, alg, key: jwk, compact, json, expected: verdict } of vectors) {
    if (verdict !== "valid") {
      const wanted = alg === "none" ? "algorithm_refused" : "jws_malformed";
      await assert.rejects(verifyIdToken(compact ?? JSON.stringify(json), expected, keys), code(wanted), id);
    } else if (jwk.kty === "oct") {
      await assert.rejects(verifyIdToken(compact, expected, keys), code("algorithm_refused"), id);
      await assert.rejects(SigningKey.fromJwk(jwk, { alg }), (error) => /refused$/.test(error.code), id);
    } else {
      const key = await SigningKey.fromJwk(jwk, { alg });
      const input = compact.slice(0, compact.lastIndexOf("."));
      const made = `${input}.${text(await key.sign(input))}`;
      if (alg === "RS256") assert.equal(made, compact, id);
      await jose.compactVerify(made, await jose.importJWK(publicOf(jwk), alg));
    }
  }
});

test("RFC 7517: key sets, private and symmetric keys, a certificate", async () => {
  const { A1_public: open, A2_private: closed, A3_symmetric: symmetric, B_x5c: certified } = file("rfc7517_appendix");
  const token = (alg, kid) => `${text(JSON.stringify({ alg, kid }))}.e30.${"A".repeat(alg === "RS256" ? 342 : 86)}`;
  const chosen = selectKey(token("RS256", "2011-04-29"), { keys: open.keys }, ["RS256"]);
  assert.equal(chosen.thumbprint, open.thumbprints[1]);
  // A key for encryption verifies nothing.
  assert.throws(() => selectKey(token("ES256", "1"), { keys: open.keys }, ["ES256"]), code("key_not_found"));
  for (const { keys } of [closed, symmetric]) assert.throws(() => selectKey(token("RS256", "2011-04-29"), { keys }, ["RS256"]), code("jwks_malformed"));
  assert.equal((await custom({ ...publicOf(open.keys[0]) }, "ES256")).thumbprint, open.thumbprints[0]);
  await assert.rejects(SigningKey.fromJwk(closed.keys[0], { alg: "ES256" }), code("key_refused"));
  assert.equal((await SigningKey.fromJwk(closed.keys[1])).thumbprint, open.thumbprints[1]);
  const pem = `-----BEGIN CERTIFICATE-----\n${certified.x5c[0]}\n-----END CERTIFICATE-----\n`;
  assert.deepEqual(publicJwkFromPem(pem), publicOf(certified));
});

test("RFC 7636: the challenge of the example's verifier", () => {
  const { code_verifier: codeVerifier, code_challenge: challenge } = file("rfc7636_appendix_b");
  const op = provider({
    issuer: "https://op.example",
    authorizationEndpoint: "https://op.example/authorize",
    clientId: "client-1",
    redirectUri: "https://rp.example/cb",
  });
  assert.equal(new URL(begin(op, { scope: "read", codeVerifier }).url).searchParams.get("code_challenge"), challenge);
});

test("RFC 7638: thumbprints", async () => {
  for (const { jwk, sha256_thumbprint: thumbprint } of file("rfc7638_thumbprint").vectors) {
    const alg = { RSA: "RS256", EC: "ES256", OKP: "EdDSA" }[jwk.kty];
    assert.equal((await SigningKey.custom({ alg, publicJwk: jwk, sign: () => new Uint8Array(64) })).thumbprint, thumbprint);
  }
});

test("RFC 8037: Ed25519 signs as the appendix prints it", async () => {
  const { private: jwk, compact } = file("rfc8037_appendix_a");
  const input = compact.slice(0, compact.lastIndexOf("."));
  assert.equal(`${input}.${text(await (await SigningKey.fromJwk(jwk, { alg: "EdDSA" })).sign(input))}`, compact);
});

test("RFC 9126: the key signs its assertions and its request object; the answers are judged; the front channel is the example's", async () => {
  const { key: jwk, jwts, responses, authorization_request: address } = file("rfc9126_par");
  const key = await SigningKey.fromJwk(jwk, { alg: "RS256" });
  for (const { jwt, verified_with_k2bdc: own } of jwts) {
    const input = jwt.slice(0, jwt.lastIndexOf("."));
    if (own) assert.equal(`${input}.${text(await key.sign(input))}`, jwt);
  }
  const [pushed, refused] = responses.map(({ status, body }) => ({ status, contentType: "application/json", body: JSON.stringify(body) }));
  const login = await clientFor(pushed).start({ scope: "account-information" });
  assert.equal(new URL(login.url).searchParams.get("request_uri"), responses[0].body.request_uri);
  await assert.rejects(
    clientFor(refused).start({ scope: "account-information" }),
    (error) => error.oauth.error === "invalid_request" && error.oauth.description === responses[1].body.error_description,
  );
  const issuer = "https://server.example.com";
  const server = provider({
    issuer,
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    pushedAuthorizationRequestEndpoint: `${issuer}/as/par`,
    clientId: "s6BhdRkqt3",
    redirectUri: "https://client.example.org/cb",
  });
  const fetch = async () => new Response(pushed.body, { status: 201, headers: { "content-type": "application/json" } });
  const { url } = await new Client(server, clientSecretBasic("7Fjfp0ZBr1KtDRbnfVdmIw"), { fetch }).start({ scope: "account-information" });
  assert.equal(url, issuer + address);
});

test("RFC 9449: proofs, nonces of both servers, the token response and the challenges", async () => {
  const {
    proofs,
    token_response: granted,
    nonce_challenges: [ofServer, ofApi],
    ath,
    www_authenticate: headers,
  } = file("rfc9449_dpop");
  const dpop = await custom(proofs[0].header.jwk, "ES256");
  assert.equal(dpop.thumbprint, proofs[0].jkt);
  const sent = [];
  const answers = [ofServer, { status: 200, headers: {}, body: granted }, ofApi, { status: 200, headers: {}, body: {} }];
  const fetch = async (_, init) => {
    sent.push(
      new Headers(init.headers)
        .get("dpop")
        .split(".")
        .slice(0, 2)
        .map((part) => JSON.parse(Buffer.from(part, "base64url"))),
    );
    const { status, headers: more, body } = answers[sent.length - 1];
    return new Response(JSON.stringify(body ?? {}), { status, headers: { "content-type": "application/json", ...more } });
  };
  const server = provider({ issuer: "https://server.example.com", tokenEndpoint: "https://server.example.com/token", clientId: "s6BhdRkqt3" });
  const client = new Client(server, clientSecretBasic("7Fjfp0ZBr1KtDRbnfVdmIw"), { dpop, fetch });
  const tokens = await client.clientCredentials({ scope: "read" });
  assert.deepEqual([tokens.tokenType, tokens.expiresIn, tokens.refreshToken], ["DPoP", 2677, granted.refresh_token]);
  assert.equal(tokens.accessToken, granted.access_token);
  const { htu } = proofs[3].payload;
  await client.fetch(tokens, { origins: [new URL(htu).origin] })(htu);
  assert.equal(sent.length, 4);
  for (const [at, [header, claims]] of sent.entries()) {
    const example = proofs[at < 2 ? 0 : 3];
    assert.deepEqual(header, example.header);
    const { jti, iat, nonce, ...rest } = claims;
    const { jti: _, iat: __, nonce: ___, ...expected } = example.payload;
    assert.deepEqual(rest, expected);
    assert.equal(nonce, at % 2 ? answers[at - 1].headers["DPoP-Nonce"] : undefined);
    assert.equal(claims.ath, at < 2 ? undefined : ath);
    assert.ok(jti && Number.isInteger(iat));
  }
  const read = headers.map((header) => challenges(header).map(({ scheme, parameters }) => [scheme.toLowerCase(), parameters.error]));
  assert.deepEqual(read, [
    [["dpop", undefined]],
    [["dpop", "invalid_token"]],
    [
      ["bearer", undefined],
      ["dpop", undefined],
    ],
    [
      ["bearer", "invalid_token"],
      ["dpop", undefined],
    ],
    [
      ["bearer", "invalid_request"],
      ["dpop", "invalid_request"],
    ],
  ]);
});
