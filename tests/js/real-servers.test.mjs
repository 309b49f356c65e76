// What real servers send and nobody can exploit is taken by the package too, each rule through its public API.
// The rules themselves are tested one by one in tests/core/leniency.rs; here a user meets them.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Client,
  KeySet,
  SamtykkeError,
  SigningKey,
  clientSecretBasic,
  clientSecretPost,
  discover,
  none,
  privateKeyJwt,
  provider,
  selectKey,
  serverMetadata,
  verifyLogoutToken,
} from "samtykke";

import { fails, fetchOf, json } from "./support.mjs";
import { clientFor, tokensFrom } from "../lib/answering.mjs";

const ISSUER = "https://op.example";
const settings = {
  issuer: ISSUER,
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  deviceAuthorizationEndpoint: `${ISSUER}/device`,
  revocationEndpoint: `${ISSUER}/revoke`,
  mtlsEndpointAliases: { tokenEndpoint: "https://mtls.op.example/token" },
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
};
const client = (options, more = {}, authentication = clientSecretBasic("s")) => new Client(provider({ ...settings, ...more }), authentication, options);
const answer = (body, status = 200, contentType = "application/json") => ({
  status,
  contentType,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const metadataOf = (document) => serverMetadata(ISSUER, { wellKnown: "openid", fetch: fetchOf(json(document)).fetch });
const tokens = (more) => ({ access_token: "a", token_type: "Bearer", ...more });
const refused = (code) => (error) => error instanceof SamtykkeError && error.code === code;

test("null is absent in answers, documents, keys and tokens", async () => {
  const bare = await tokensFrom(answer(tokens({ scope: null, refresh_token: null, id_token: null, expires_in: null, error: null })));
  assert.deepEqual([bare.scope, bare.refreshToken, bare.idToken, bare.expiresIn], [undefined, undefined, undefined, undefined]);
  await assert.rejects(tokensFrom(answer(tokens({ access_token: null }))), refused("token_response_malformed"));
  const document = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/a`,
    token_endpoint: `${ISSUER}/t`,
    introspection_endpoint: null,
    grant_types_supported: null,
  };
  const metadata = await metadataOf(document);
  assert.ok(!("introspection_endpoint" in metadata) && !("grant_types_supported" in metadata));
  const { fetch } = fetchOf(json({ sub: "s", name: null }));
  const found = await client({ fetch }, { userinfoEndpoint: `${ISSUER}/userinfo` }).userinfo({ accessToken: "a", tokenType: "Bearer" }, { subject: "s" });
  assert.equal(found.sub, "s");
});

test("an error in a 200 reaches the caller as data", async () => {
  const body = { error: "bad_verification_code", error_description: "The code passed is incorrect or expired.", access_token: "a", token_type: "Bearer" };
  const { fetch } = fetchOf(json(body));
  await assert.rejects(client({ fetch }).clientCredentials(), (error) => {
    assert.deepEqual([error.code, error.oauth.error, error.oauth.description], ["token_error", body.error, body.error_description]);
    return true;
  });
});

test("304, 204, a media type said twice and blanks in a scope are taken", async () => {
  const found = await tokensFrom(answer(tokens({ scope: " a   b " }), 200, "application/json, application/json"));
  assert.equal(found.scope, "a b");
  await assert.rejects(tokensFrom(answer(tokens(), 200, "application/json, text/html")), refused("content_type_unexpected"));
  await clientFor({ status: 204 }).revoke("t");
  const { fetch } = fetchOf(new Response(null, { status: 304, headers: { etag: '"x"' } }));
  const api = client({ fetch }).fetch({ accessToken: "a", tokenType: "Bearer" }, { origins: ["https://api.example"] });
  const response = await api("https://api.example/x", { headers: { "if-none-match": '"x"' } });
  assert.deepEqual([response.status, response.headers.get("etag")], [304, '"x"']);
});

test("Basic credentials travel as documented, and raw by option", async () => {
  const sent = async (options, id, secret) => {
    const { fetch, requests } = fetchOf(json(tokens()));
    await client({ ...options, fetch }, { clientId: id }, clientSecretBasic(secret)).clientCredentials();
    return Buffer.from(new Headers(requests[0].headers).get("authorization").slice(6), "base64").toString();
  };
  assert.equal(await sent({}, "00000000-5c20-4c13-bbff-db5dd8c4ae93", "Aa0-_BbCcDdEeFf"), "00000000-5c20-4c13-bbff-db5dd8c4ae93:Aa0-_BbCcDdEeFf");
  assert.equal(await sent({}, "eksempelbank-client", "a%b+c d:e/f~g"), "eksempelbank-client:a%25b%2Bc+d%3Ae%2Ff~g");
  assert.equal(await sent({ rawBasic: true }, "eksempelbank-client", "a%b+c d:e/f~g"), "eksempelbank-client:a%b+c d:e/f~g");
});

test("lifetimes as texts, a missing type and a scope as a list by option", async () => {
  const ask = (options, body) => client({ ...options, fetch: fetchOf(json(body)).fetch }).clientCredentials();
  for (const [option, body, found] of [
    [{ expiresInString: true }, tokens({ expires_in: "60" }), { expiresIn: 60 }],
    [{ defaultTokenType: "Bearer" }, { access_token: "a" }, { tokenType: "Bearer" }],
    [{ scopeList: true }, tokens({ scope: ["a", "b"] }), { scope: "a b" }],
  ]) {
    await assert.rejects(ask({}, body), refused("token_response_malformed"));
    const got = await ask(option, body);
    for (const name in found) assert.equal(got[name], found[name]);
  }
  assert.throws(() => client({ defaultTokenType: "mac" }), refused("invalid_configuration"));
  const codes = { device_code: "d", user_code: "u", verification_uri: `${ISSUER}/v`, expires_in: "60", interval: "7" };
  const device = (options) => client({ ...options, fetch: fetchOf(json(codes)).fetch }).deviceAuthorization();
  await assert.rejects(device({}), refused("device_response_malformed"));
  assert.equal((await device({ expiresInString: true })).interval, 7);
  const pushes = { pushedAuthorizationRequestEndpoint: `${ISSUER}/par` };
  const start = (options) =>
    client({ ...options, fetch: fetchOf(json({ request_uri: "urn:x:y", expires_in: "60" }, 201)).fetch }, pushes).start({ scope: "a" });
  await assert.rejects(start({}), refused("par_response_malformed"));
  assert.match((await start({ expiresInString: true })).url, /request_uri=urn%3Ax%3Ay$/);
});

test("tokens bound to a certificate go to its addresses", async () => {
  const to = async (options) => {
    const { fetch, requests } = fetchOf(json(tokens()));
    await client({ ...options, fetch }).clientCredentials();
    return requests[0].url;
  };
  assert.deepEqual([await to({}), await to({ certificateBound: true })], [settings.tokenEndpoint, settings.mtlsEndpointAliases.tokenEndpoint]);
});

test("metadata: what is not read is not judged", async () => {
  const document = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/a`,
    token_endpoint: `${ISSUER}/t`,
    registration_endpoint: "",
    custom_endpoint: {},
    kerberos_endpoint: "http://kdc.example/",
    request_parameter_supported: "true",
    scopes_supported: "openid",
    id_token_signing_alg_values_supported: ["PS256", "ES256"],
  };
  const { custom_endpoint: custom, registration_endpoint: registration } = await metadataOf(document);
  assert.deepEqual([custom, registration], [{}, ""]);
  await assert.rejects(metadataOf({ ...document, token_endpoint: "http://op.example/t" }), refused("endpoint_refused"));
  await assert.rejects(metadataOf({ ...document, dpop_signing_alg_values_supported: ["HS256", "none"] }), refused("metadata_malformed"));
});

test("discovery asks the second address where the first has no metadata", async () => {
  const document = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/a`, token_endpoint: `${ISSUER}/t` };
  const opaque = Object.defineProperty(new Response(null), "type", { value: "opaqueredirect" });
  opaque.clone = () => opaque;
  const html = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  for (const [first, code] of [
    [json({}), "metadata_issuer_mismatch"],
    [html(), "content_type_unexpected"],
    [new Response(null, { status: 302, headers: { location: "/x" } }), "redirect_refused"],
    [opaque, "redirect_refused"],
    [new Response(null, { status: 405 }), "http_status_unexpected"],
  ]) {
    const { fetch, requests } = fetchOf(first, json(document));
    assert.equal((await serverMetadata(ISSUER, { fetch })).token_endpoint, `${ISSUER}/t`, code);
    assert.match(requests[1].url, /oauth-authorization-server$/);
    // Where neither answers, the error is the first one's.
    const none = fetchOf(first, new Response(null, { status: 404 }));
    await assert.rejects(serverMetadata(ISSUER, { fetch: none.fetch }), refused(code));
  }
  const other = fetchOf(json({ ...document, issuer: "https://evil.example" }), json(document));
  await assert.rejects(serverMetadata(ISSUER, { fetch: other.fetch }), refused("metadata_issuer_mismatch"));
  assert.equal(other.requests.length, 1);
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("key sets: one key twice, names of Ed25519, private keys", async () => {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const key = { kty, crv, x, kid: "a" };
  const token = (alg) => `${part({ alg, kid: "a" })}.e30.${"A".repeat(86)}`;
  for (const named of ["EdDSA", "Ed25519"])
    for (const alg of ["EdDSA", "Ed25519"])
      assert.equal(
        selectKey(
          token(named),
          {
            keys: [
              { ...key, alg },
              { ...key, use: "sig" },
            ],
          },
          [alg],
        ).alg,
        "EdDSA",
      );
  const other = { kty: "oct", k: "AAAA" };
  assert.throws(() => selectKey(token("EdDSA"), { keys: [key, other] }, ["EdDSA"]), refused("jwks_malformed"));
  assert.throws(() => selectKey(token("EdDSA"), { keys: [key, null] }, ["EdDSA"]), refused("jwks_malformed"));
  // A token of either name verifies with a key of the other.
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    aud: "client-1",
    iat: now,
    exp: now + 60,
    jti: "j",
    sid: "s",
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
  };
  const input = `${part({ alg: "Ed25519", kid: "a" })}.${part(claims)}`;
  const signature = Buffer.from(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, Buffer.from(input))).toString("base64url");
  const keys = new KeySet({ keys: [{ ...key, alg: "EdDSA" }] });
  assert.equal((await verifyLogoutToken(`${input}.${signature}`, { issuer: ISSUER, clientId: "client-1", algorithms: ["EdDSA"] }, keys)).sid, "s");
});

test("a logout token without exp by option", async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwks = { keys: [{ kty, crv, x, y, kid: "a" }] };
  const token = async (iat) => {
    const claims = { iss: ISSUER, aud: ["client-1"], iat, jti: "j", sid: "s", events: { "http://schemas.openid.net/event/backchannel-logout": {} } };
    const input = `${part({ alg: "ES256", kid: "a" })}.${part(claims)}`;
    return `${input}.${Buffer.from(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, Buffer.from(input))).toString("base64url")}`;
  };
  const at = (options) => client({ ...options, jwks }, { jwksUri: `${ISSUER}/jwks`, signingAlgorithms: ["ES256"] });
  const now = Math.floor(Date.now() / 1000);
  await assert.rejects(at({}).logoutToken(await token(now)), (error) => {
    assert.deepEqual([error.code, error.phase], ["claim_refused", "session"]);
    assert.match(error.hint, /Back-Channel Logout 1\.0 section 2\.4.*logoutTokenWithoutExp/);
    return true;
  });
  assert.equal((await at({ logoutTokenWithoutExp: true }).logoutToken(await token(now))).sid, "s");
  await assert.rejects(at({ logoutTokenWithoutExp: true }).logoutToken(await token(now - 200)), refused("jwt_expired"));
});

test("ids, secrets and tokens may hold spaces", async () => {
  const { fetch, requests } = fetchOf(json(tokens({ access_token: "a b", refresh_token: "W <? _?" })));
  const spaced = client({ fetch }, { clientId: "my client" }, clientSecretPost("a secret"));
  const login = spaced.begin({ scope: "read" });
  const code = spaced.finish(login.transaction, `${settings.redirectUri}?code=a+code&state=${login.state}`);
  const got = await spaced.exchange(code);
  const form = new URLSearchParams(requests[0].body);
  assert.deepEqual([form.get("client_id"), form.get("client_secret"), form.get("code")], ["my client", "a secret", "a code"]);
  assert.deepEqual([got.accessToken, got.refreshToken], ["a b", "W <? _?"]);
  // Refused where it would go into a header, not where it came.
  const api = spaced.fetch(got, { origins: ["https://api.example"] });
  await assert.rejects(api("https://api.example/x"), refused("invalid_parameter"));
  assert.equal(requests.length, 1);
});

test("Retry-After as a date is a number of seconds from now", async () => {
  const at = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
  const wait = async (value) => {
    const { fetch } = fetchOf(new Response("", { status: 503, headers: { "retry-after": value } }));
    return client({ fetch })
      .clientCredentials()
      .catch(({ http }) => http.retryAfter);
  };
  assert.ok(Math.abs((await wait(at(90))) - 90) <= 2);
  assert.deepEqual([await wait("7"), await wait(at(-90)), await wait("soon")], [7, 0, undefined]);
});

test("what the server says it takes is heeded before anything is sent", async () => {
  const published = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    dpop_signing_alg_values_supported: ["PS256"],
    response_modes_supported: ["query"],
    token_endpoint_auth_signing_alg_values_supported: ["RS256"],
  };
  const found = (more = {}) => discover(ISSUER, { clientId: "c", redirectUri: settings.redirectUri, ...more, fetch: fetchOf(json(published)).fetch });
  const { server } = await found();
  assert.deepEqual([server.dpopAlgorithms, server.responseModes, server.assertion.algorithms], [["PS256"], ["query"], ["RS256"]]);
  const key = await SigningKey.generate({ alg: "ES256" });
  const dpop = await fails(async () => new Client(await found(), clientSecretBasic("s"), { dpop: key }), { code: "invalid_configuration" });
  assert.deepEqual([dpop.actual, dpop.action], ["ES256", "fix_configuration"]);
  assert.ok(new Client(await found({ dpopAlgorithms: ["ES256"] }), clientSecretBasic("s"), { dpop: key }));
  const plain = new Client(await found(), clientSecretBasic("s"));
  for (const begin of [(request) => plain.begin(request), (request) => plain.start(request)]) {
    const mode = await fails(async () => begin({ scope: "a", responseMode: "form_post" }), { code: "invalid_parameter" });
    assert.match(mode.message, /response_mode: one that the server has, of query/);
  }
  assert.ok(plain.begin({ scope: "a" }));
  const { fetch, requests } = fetchOf(json(tokens()));
  const signing = new Client(await found(), privateKeyJwt(key), { fetch });
  await fails(() => signing.clientCredentials({ scope: "a" }), { code: "invalid_configuration", actual: "ES256" });
  assert.equal(requests.length, 0);
  const own = new Client(await found({ assertion: { algorithms: ["ES256"] } }), privateKeyJwt(key), { fetch });
  assert.equal((await own.clientCredentials({ scope: "a" })).accessToken, "a");
});

test("an answer by another way says what was asked and how it came", async () => {
  const op = client({});
  const { transaction, state } = op.begin({ scope: "a", responseMode: "form_post" });
  const error = await fails(() => op.finish(transaction, `${settings.redirectUri}?code=a&state=${state}`), { code: "callback_malformed" });
  assert.deepEqual([error.action, error.actual], ["fix_configuration", "one in the query"]);
  assert.match(error.message, /form_post, the response_mode that was asked for/);
});

test("pushing is switched off by name, and an error of it names the step", async () => {
  const pushing = { pushedAuthorizationRequestEndpoint: `${ISSUER}/par` };
  const refusing = fetchOf(new Response("", { status: 401 }));
  const error = await fails(() => client(refusing, pushing, none()).start({ scope: "a" }), { phase: "authorization", action: "fix_configuration" });
  assert.match(error.hint, /pushed authorization request \(PAR\).*pushedRequests: false/);
  const off = fetchOf(json({}));
  const { url } = await client({ ...off, pushedRequests: false }, pushing, none()).start({ scope: "a" });
  assert.match(url, /^https:\/\/op\.example\/authorize\?client_id=client-1&response_type=code&scope=a&/);
  assert.equal(off.requests.length, 0);
  const both = client({ ...off, pushedRequests: false }, { ...pushing, requirePushedRequests: true });
  await fails(() => both.start({ scope: "a" }), { code: "invalid_configuration" });
});

test("max_age 0 with prompt none is a question to the server", async () => {
  const { url, transaction, state } = client({}).begin({ scope: "openid", extra: { max_age: 0, prompt: "none" } });
  assert.match(url, /&max_age=0&prompt=none$/);
  const answered = () => client({}).finish(transaction, `${settings.redirectUri}?error=login_required&state=${state}`);
  assert.equal((await fails(answered, { code: "authorization_error" })).oauth.error, "login_required");
});

test("response_type and scope stand beside a request object on demand", async () => {
  const key = await SigningKey.generate({ alg: "ES256" });
  const start = async (requestObject) => (await client({}).start({ scope: "openid a" }, { requestObject })).url;
  assert.deepEqual([...new URL(await start({ key })).searchParams.keys()], ["client_id", "request"]);
  const outer = new URL(await start({ key, outerParameters: true })).searchParams;
  assert.deepEqual([...outer.keys()], ["client_id", "request", "response_type", "scope"]);
  assert.deepEqual([outer.get("response_type"), outer.get("scope")], ["code", "openid a"]);
});

test("the address of metadata is taken for what it is, and a failure names the addresses", async () => {
  const published = { issuer: `${ISSUER}/`, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` };
  const found = fetchOf(json(published));
  const made = await discover(`${ISSUER}/.well-known/openid-configuration`, { clientId: "c", redirectUri: settings.redirectUri, fetch: found.fetch });
  assert.deepEqual([made.issuer, found.requests.map(({ url }) => url)], [`${ISSUER}/`, [`${ISSUER}/.well-known/openid-configuration`]]);
  const error = await fails(() => discover(ISSUER, { clientId: "c", fetch: fetchOf(new Response("", { status: 404 })).fetch }), {
    code: "http_status_unexpected",
    action: "fix_configuration",
  });
  assert.match(
    error.message,
    /metadata at https:\/\/op\.example\/\.well-known\/openid-configuration or https:\/\/op\.example\/\.well-known\/oauth-authorization-server/,
  );
});

test("what no URI holds is encoded, then judged, proved and sent", async () => {
  const key = await SigningKey.generate({ alg: "ES256" });
  const { fetch, requests } = fetchOf(json({}));
  const api = client({ fetch, dpop: key }).fetch(
    { accessToken: "t", tokenType: "DPoP", requestedScope: "", others: {} },
    { origins: ["https://fhir.example"] },
  );
  await api("https://fhir.example/a|b/Patient?identifier=urn:oid:2.16.578.1.12.4.1.4.1|123&x={y}^");
  const [{ url, headers }] = requests;
  assert.equal(url, "https://fhir.example/a%7Cb/Patient?identifier=urn:oid:2.16.578.1.12.4.1.4.1%7C123&x=%7By%7D%5E");
  const proof = JSON.parse(Buffer.from(new Headers(headers).get("dpop").split(".")[1], "base64url"));
  assert.equal(proof.htu, "https://fhir.example/a%7Cb/Patient");
});
