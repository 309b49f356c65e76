// Client authentication by assertion, every grant, and calls of APIs: what is sent, judged by npm `jose`.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as jose from "jose";
import { Client, SigningKey, begin, clientSecretJwt, none, privateKeyJwt, provider, tlsClientAuth, verifyIdToken, KeySet } from "samtykke";

import { CERTIFICATE, KEY } from "./certificate.mjs";
import { TOKEN, fails, fetchOf, json } from "./support.mjs";

const OP = "https://op.example";
const settings = {
  issuer: OP,
  authorizationEndpoint: `${OP}/authorize`,
  tokenEndpoint: `${OP}/token`,
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
  jwksUri: `${OP}/jwks`,
};
const op = provider(settings);
const tokens = (more = {}) => json({ access_token: TOKEN, token_type: "Bearer", expires_in: 60, ...more });
const form = (request) => Object.fromEntries(new URLSearchParams(request.body));
const text = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const SHARED = "a shared secret of at least 32 octets";

/** The assertion of a request, verified, and its parts. */
async function assertionOf(request, key) {
  const { client_assertion: jwt, client_assertion_type: type } = form(request);
  assert.equal(type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  const { payload, protectedHeader } = await jose.jwtVerify(jwt, key, { issuer: "client-1", subject: "client-1" });
  return { payload, header: protectedHeader };
}

const publicOf = (key) => jose.importJWK(key.publicJwk, key.alg);

test("private_key_jwt: iss, sub, aud, one minute, a new jti for every request, no nbf", async () => {
  const key = await SigningKey.generate();
  const { fetch, requests } = fetchOf(tokens());
  const client = new Client(op, privateKeyJwt(key), { fetch });
  await client.clientCredentials({ scope: "read" });
  await client.clientCredentials({ scope: "read" });
  const [one, two] = await Promise.all(requests.map(async (request) => assertionOf(request, await publicOf(key))));
  assert.deepEqual(Object.keys(one.payload).sort(), ["aud", "exp", "iat", "iss", "jti", "sub"]);
  assert.equal(one.payload.aud, OP);
  assert.equal(one.payload.exp - one.payload.iat, 60);
  assert.notEqual(one.payload.jti, two.payload.jti);
  assert.deepEqual(one.header, { alg: "ES256", typ: "JWT" });
  assert.equal(form(requests[0]).client_id, "client-1");
});

test("what a provider's assertions look like is data: typ, audience, key names, lifetime, nbf, further claims", async () => {
  const key = await SigningKey.fromPem(KEY, { alg: "RS256", kid: "k1", certificates: CERTIFICATE });
  const sent = async (rules) => {
    const { fetch, requests } = fetchOf(tokens());
    await new Client(op, privateKeyJwt(key, rules), { fetch }).clientCredentials();
    return assertionOf(requests[0], await publicOf(key));
  };
  const helseid = await sent({ typ: "client-authentication+jwt", kid: "always", lifetime: 10, claims: { assertion_details: [{ type: "x" }] } });
  assert.deepEqual(helseid.header, { alg: "RS256", typ: "client-authentication+jwt", kid: "k1" });
  assert.equal(helseid.payload.exp - helseid.payload.iat, 10);
  assert.deepEqual(helseid.payload.assertion_details, [{ type: "x" }]);
  const adfs = await sent({ audience: "endpoint", kid: "never", x5t: "always", notBefore: true });
  assert.equal(adfs.payload.aud, `${OP}/token`);
  assert.equal(adfs.payload.nbf, adfs.payload.iat);
  assert.deepEqual(adfs.header, { alg: "RS256", typ: "JWT", x5t: key.certificate.x5t });
  const literal = await sent({ audience: { literal: "https://maskinporten.no/" }, typ: null, x5c: "always", x5tS256: "always" });
  assert.equal(literal.payload.aud, "https://maskinporten.no/");
  assert.deepEqual(literal.header, { alg: "RS256", kid: "k1", "x5t#S256": key.certificate.x5tS256, x5c: [...key.certificate.x5c] });
});

test("an assertion for several audiences, for a day, or without the key's certificate is refused before anything is sent", async () => {
  const key = await SigningKey.generate();
  const { fetch, requests } = fetchOf(tokens());
  for (const rules of [
    { audience: [OP, "https://evil.example"] },
    { audience: {} },
    { audience: { literal: "" } },
    { audience: "issuers" },
    { lifetime: 86_400 },
    { lifetime: 0 },
    { lifetime: 601 },
    { x5t: "always" },
    { x5c: "always" },
    { kid: "always" },
    { algorithms: ["RS256"] },
    { claims: { aud: "x" } },
    { claims: { jti: "x" } },
  ]) {
    await assert.rejects(new Client(op, privateKeyJwt(key, rules), { fetch }).clientCredentials(), { name: "SamtykkeError" }, JSON.stringify(rules));
  }
  assert.equal(requests.length, 0);
});

test("client_secret_jwt: HS256 under the secret; a short secret is refused", async () => {
  const { fetch, requests } = fetchOf(tokens());
  await new Client(op, clientSecretJwt(SHARED), { fetch }).clientCredentials();
  const { payload, header } = await assertionOf(requests[0], new TextEncoder().encode(SHARED));
  assert.equal(header.alg, "HS256");
  assert.equal(payload.aud, OP);
  assert.ok(!requests[0].body.includes("shared"));
  await fails(() => clientSecretJwt("short"), { code: "key_refused" });
});

test("tls_client_auth goes to the alias for certificates, with the client id alone", async () => {
  const { fetch, requests } = fetchOf(tokens());
  const aliased = provider({ ...settings, mtlsEndpointAliases: { tokenEndpoint: "https://mtls.op.example/token" } });
  await new Client(aliased, tlsClientAuth(), { fetch }).clientCredentials({ scope: "read" });
  assert.equal(requests[0].url, "https://mtls.op.example/token");
  assert.deepEqual(form(requests[0]), { grant_type: "client_credentials", scope: "read", client_id: "client-1" });
});

test("parameters of the provider's go with every grant, and none in the place of ours", async () => {
  const whole = provider({ ...settings, jwksUri: undefined, deviceAuthorizationEndpoint: `${OP}/device` });
  const device = { deviceCode: "d", requestedScope: "read", interval: 0, expiresAt: Math.floor(Date.now() / 1000) + 60 };
  const codes = json({ device_code: "d", user_code: "A", verification_uri: `${OP}/d`, expires_in: 60 });
  const calls = {
    exchange: (client, target) => {
      const { state, transaction } = client.begin({ scope: "read" });
      return client.exchange(client.finish(transaction, `${settings.redirectUri}?code=${state}&state=${state}`), target);
    },
    refresh: (client, target) => client.refresh(`r${Math.random()}`, target),
    clientCredentials: (client, target) => client.clientCredentials({ scope: "read", ...target }),
    jwtBearer: (client, target) => client.jwtBearer({ assertion: "a.b.c", ...target }),
    tokenExchange: (client, target) => client.tokenExchange({ subjectToken: "t", subjectTokenType: "urn:ietf:params:oauth:token-type:jwt", ...target }),
    deviceAuthorization: (client, target) => client.deviceAuthorization({ scope: "read", ...target }),
    devicePoll: (client, target) => client.devicePoll(device, target),
  };
  for (const [name, call] of Object.entries(calls)) {
    const issued = tokens({ issued_token_type: "urn:ietf:params:oauth:token-type:access_token" });
    const { fetch, requests } = fetchOf(name === "deviceAuthorization" ? codes : issued);
    const client = new Client(whole, clientSecretJwt(SHARED), { fetch });
    await call(client, { extra: { tenant: "a b" }, resource: "https://api.example" });
    assert.deepEqual([form(requests[0]).tenant, form(requests[0]).resource, requests.length], ["a b", "https://api.example", 1], name);
    for (const own of ["grant_type", "client_assertion", "device_code", "code_verifier", "scope"])
      await fails(call(client, { extra: { [own]: "x" } }), { code: "reserved_parameter" });
    assert.equal(requests.length, 1, name);
  }
});

test("resource, audience and authorization_details go with a token request; invalid_target comes back as data", async () => {
  const { fetch, requests } = fetchOf(tokens(), json({ error: "invalid_target" }, 400));
  const client = new Client(op, clientSecretJwt(SHARED), { fetch });
  const details = [{ type: "urn:altinn:systemuser", systemuser_org: { ID: "0192:123456785" } }];
  await client.clientCredentials({
    scope: "read",
    resource: ["https://a.example", "https://b.example/x?y=1"],
    audience: ["one", "two"],
    authorizationDetails: details,
  });
  const sent = new URLSearchParams(requests[0].body);
  assert.deepEqual(sent.getAll("resource"), ["https://a.example", "https://b.example/x?y=1"]);
  assert.deepEqual(sent.getAll("audience"), ["one", "two"]);
  assert.deepEqual(JSON.parse(sent.get("authorization_details")), details);
  const error = await fails(client.clientCredentials({ resource: "https://c.example" }), { code: "token_error" });
  assert.equal(error.oauth.error, "invalid_target");
  for (const resource of ["relative", "https://a.example/#f", ""])
    await fails(client.clientCredentials({ resource }), { code: "invalid_parameter", phase: "token" });
  assert.equal(requests.length, 2);
  // Where a provider's resources are names of its own, it says so.
  const free = provider({ ...settings, freeResource: true });
  await new Client(free, clientSecretJwt(SHARED), { fetch: fetchOf(tokens()).fetch }).clientCredentials({ resource: "nhn:phr" });
});

test("the jwt-bearer grant signs a statement anew for each request, with the claims of the provider", async () => {
  const key = await SigningKey.generate({ alg: "RS256" });
  const { fetch, requests } = fetchOf(tokens());
  const client = new Client(op, none(), { fetch });
  const statement = { key, rules: { lifetime: 120, kid: "if_known", claims: { scope: "nav:read", resource: "https://api.example" } } };
  await client.jwtBearer(statement);
  await client.jwtBearer(statement);
  const jtis = new Set();
  for (const request of requests) {
    const { grant_type, assertion, ...rest } = form(request);
    assert.equal(grant_type, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert.deepEqual(
      Object.keys(rest).filter((name) => name !== "client_id"),
      [],
    );
    const { payload, protectedHeader } = await jose.jwtVerify(assertion, await publicOf(key), { issuer: "client-1", audience: OP });
    assert.deepEqual([payload.scope, payload.resource, payload.exp - payload.iat, payload.sub], ["nav:read", "https://api.example", 120, undefined]);
    assert.deepEqual(protectedHeader, { alg: "RS256" });
    jtis.add(payload.jti);
  }
  assert.equal(jtis.size, 2);
  await client.jwtBearer({ assertion: "a.b.c", scope: "read" });
  assert.equal(form(requests[2]).assertion, "a.b.c");
});

test("token exchange sends what it is given, and the answer must name what was issued", async () => {
  const issued = { issued_token_type: "urn:ietf:params:oauth:token-type:access_token" };
  const { fetch, requests } = fetchOf(tokens(issued), tokens());
  const client = new Client(op, clientSecretJwt(SHARED), { fetch });
  const exchanged = await client.tokenExchange({
    subjectToken: "subject",
    actor: { token: "actor", type: "urn:ietf:params:oauth:token-type:jwt" },
    audience: "api",
    scope: "read",
  });
  const sent = form(requests[0]);
  assert.equal(sent.grant_type, "urn:ietf:params:oauth:grant-type:token-exchange");
  assert.deepEqual([sent.subject_token, sent.subject_token_type], ["subject", "urn:ietf:params:oauth:token-type:access_token"]);
  assert.deepEqual([sent.actor_token, sent.actor_token_type, sent.audience, sent.scope], ["actor", "urn:ietf:params:oauth:token-type:jwt", "api", "read"]);
  assert.equal(exchanged.others.issued_token_type, issued.issued_token_type);
  await fails(client.tokenExchange({ subjectToken: "subject" }), { code: "token_response_malformed" });
});

test("a refresh keeps the old token when none comes back, shares one request, and never sends a replaced one", async () => {
  let release;
  const held = new Promise((done) => (release = done));
  const { fetch, requests } = fetchOf(tokens({ refresh_token: "r1" }), async () => (await held, tokens({ refresh_token: "r2" })), tokens());
  const client = new Client(op, clientSecretJwt(SHARED), { fetch });
  const first = await client.refresh("r0");
  const both = [client.refresh(first), client.refresh(first)];
  release();
  const [one, two] = await Promise.all(both);
  assert.equal(requests.length, 2);
  assert.deepEqual([one.refreshToken, two.refreshToken], ["r2", "r2"]);
  await fails(client.refresh("r1"), { code: "transaction_used", phase: "token" });
  assert.equal((await client.refresh(one)).refreshToken, "r2");
  assert.equal(requests.length, 3);
});

test("a refresh token that was replaced is not sent again, though the id_token that came with the new one is refused", async () => {
  const { fetch, requests } = fetchOf(tokens({ refresh_token: "q1", id_token: `${text({ alg: "none" })}.${text({})}.AAAA` }), tokens());
  const client = new Client(op, clientSecretJwt(SHARED), { fetch });
  const stored = [];
  await fails(client.refresh("q0", { unchecked: true, store: (next) => void stored.push(next) }), { code: "algorithm_refused" });
  assert.deepEqual(stored, ["q1"]);
  await fails(client.refresh("q0"), { code: "transaction_used", phase: "token" });
  assert.equal(requests.length, 1);
  assert.equal((await client.refresh("q1")).refreshToken, "q1");
});

test("a request object carries no sub, and no parameter of another's making", async () => {
  const key = await SigningKey.generate();
  const client = new Client(op, privateKeyJwt(key), { fetch: fetchOf(tokens()).fetch });
  for (const claims of [{ sub: "client-1" }, { iss: "x" }, { request: "x" }, { request_uri: "urn:x" }]) {
    await assert.rejects(client.start({ scope: "read" }, { requestObject: { claims } }), { name: "SamtykkeError" }, JSON.stringify(claims));
  }
  const { url } = await client.start({ scope: "read" }, { requestObject: true });
  const { payload, protectedHeader } = await jose.jwtVerify(new URL(url).searchParams.get("request"), await publicOf(key), {
    issuer: "client-1",
    audience: OP,
  });
  assert.equal(protectedHeader.typ, "oauth-authz-req+jwt");
  assert.equal(payload.sub, undefined);
  assert.equal(payload.scope, "read");
  await fails(() => begin(op, { extra: { request_uri: "urn:x" } }), { code: "reserved_parameter" });
});

test("a pushed request goes out once for each flow, and its answer is used in that flow alone", async () => {
  const pushing = provider({ ...settings, pushedAuthorizationRequestEndpoint: `${OP}/par`, requirePushedRequests: true });
  let count = 0;
  const { fetch, requests } = fetchOf(() => json({ request_uri: `urn:ietf:params:oauth:request_uri:${(count += 1)}`, expires_in: 60 }, 201));
  const client = new Client(pushing, clientSecretJwt(SHARED), { fetch });
  const logins = [await client.start({ scope: "read" }), await client.start({ scope: "read" })];
  assert.deepEqual(
    logins.map(({ url }) => new URL(url).searchParams.get("request_uri")),
    [1, 2].map((n) => `urn:ietf:params:oauth:request_uri:${n}`),
  );
  assert.deepEqual([...new URL(logins[0].url).searchParams.keys()].sort(), ["client_id", "request_uri"]);
  assert.equal(requests.length, 2);
  await fails(() => client.begin({ scope: "read" }), { code: "invalid_configuration", phase: "authorization" });
});

test("a token goes in the header to named origins alone, never by http, in a query, or twice with a body that cannot be read twice", async () => {
  const key = await SigningKey.generate();
  const { fetch, requests } = fetchOf(tokens({ token_type: "DPoP" }), json({}));
  const client = new Client(op, clientSecretJwt(SHARED), { fetch, dpop: key });
  const bound = await client.clientCredentials();
  const api = client.fetch(bound, { origins: ["https://api.example"] });
  for (const url of [
    "http://api.example/",
    "https://api.example.evil.example/",
    "https://api.example:8443/",
    "https://evil.example/",
    "https://api.example/?access_token=x",
    "https://u:p@api.example/",
    "relative",
  ]) {
    await fails(api(url), { code: "resource_refused", phase: "api" });
  }
  for (const headers of [{ authorization: "Bearer x" }, { DPoP: "x" }])
    await fails(api("https://api.example/", { headers }), { code: "reserved_parameter", phase: "api" });
  await fails(api("https://api.example/", { method: "POST", body: new ReadableStream() }), { code: "invalid_parameter", phase: "api" });
  await fails(() => client.fetch(bound, { origins: [] }), { code: "invalid_parameter" });
  assert.equal(requests.length, 1);
  await api("https://api.example/r?foo#bar", { method: "PUT", body: "text" });
  const { headers, url } = requests[1];
  assert.equal(url, "https://api.example/r?foo");
  assert.equal(headers.get("authorization"), `DPoP ${TOKEN}`);
  const { payload, protectedHeader } = await jose.jwtVerify(headers.get("dpop"), await publicOf(key), { typ: "dpop+jwt" });
  assert.deepEqual([payload.htm, payload.htu], ["PUT", "https://api.example/r"]);
  assert.deepEqual(protectedHeader.jwk, key.publicJwk);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(TOKEN));
  assert.equal(payload.ath, Buffer.from(digest).toString("base64url"));
});

test("a client without a key takes no bound token, and one with a key no other", async () => {
  const { fetch } = fetchOf(tokens({ token_type: "DPoP" }), tokens());
  await fails(new Client(op, clientSecretJwt(SHARED), { fetch }).clientCredentials(), { code: "token_type_unexpected" });
  await fails(new Client(op, clientSecretJwt(SHARED), { fetch, dpop: await SigningKey.generate() }).clientCredentials(), { code: "token_type_unexpected" });
  await fails(new Client(provider({ ...settings, requireDpop: true }), clientSecretJwt(SHARED), { fetch }).clientCredentials(), {
    code: "invalid_configuration",
  });
});

test("an id_token must have one of the acr values that were demanded", async () => {
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const keys = new KeySet({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: "1" }] });
  const token = (claims) =>
    new jose.SignJWT({ nonce: "n".repeat(43), ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setIssuer(OP)
      .setAudience("client-1")
      .setSubject("s")
      .setIssuedAt()
      .setExpirationTime("1m")
      .sign(privateKey);
  const expected = { issuer: OP, clientId: "client-1", nonce: "n".repeat(43), acrValues: ["Level4", "Level3"] };
  assert.equal((await verifyIdToken(await token({ acr: "Level3" }), expected, keys)).acr, "Level3");
  for (const acr of ["Level2", "", undefined, "Level4 Level3"]) await fails(verifyIdToken(await token({ acr }), expected, keys), { code: "claim_refused" });
});

test("what a login asked for binds its id_token: max_age, nonce, code and state; audiences and skew are the client's", async () => {
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "1" }] };
  const at = Math.floor(Date.now() / 1000);
  const hash = (value) => createHash("sha256").update(value).digest().subarray(0, 16).toString("base64url");
  /** A login whose id_token has these claims besides. */
  const login = async (claimsOf, { extra, acrOptional, acrValues, idToken } = {}) => {
    let answer;
    const client = new Client(op, clientSecretJwt(SHARED), { fetch: async () => answer, jwks, ...(idToken && { idToken }) });
    const { url, state, transaction } = client.begin({ scope: "openid", acrOptional, ...(extra && { extra }) });
    const nonce = new URL(url).searchParams.get("nonce");
    const code = `c${state.slice(0, 9)}`;
    const claims = { iss: OP, aud: "client-1", sub: "s", iat: at, exp: at + 60, nonce, ...claimsOf({ code, state }) };
    answer = tokens({ id_token: await new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "1" }).sign(privateKey) });
    return client.exchange(client.finish(transaction, `${settings.redirectUri}?code=${code}&state=${state}`), { acrValues });
  };
  const level = { code: "claim_refused", expected: "acr: one of those demanded" };
  const essential = (acr) => ({ extra: { claims: JSON.stringify({ id_token: { acr: { essential: true, ...acr } } }) } });
  for (const asked of [{ extra: { acr_values: "Level4 urn:x:high,+" } }, essential({ values: ["Level4", "urn:x:high,+"] })]) {
    for (const acr of ["Level4", "urn:x:high,+"]) assert.equal((await login(() => ({ acr }), asked)).claims.acr, acr);
    for (const acr of ["Level3", undefined]) {
      await fails(
        login(() => ({ acr }), asked),
        level,
      );
      assert.equal((await login(() => ({ acr }), { ...asked, acrOptional: true })).claims.acr, acr);
    }
    // The exchange can narrow what the login demanded, and cannot widen it.
    await fails(
      login(() => ({ acr: "Level4" }), { ...asked, acrValues: ["urn:x:high,+", "Level3"] }),
      level,
    );
    await fails(
      login(() => ({ acr: "Level3" }), { ...asked, acrValues: ["Level3"] }),
      { code: "invalid_parameter" },
    );
  }
  const maxAge = { extra: { max_age: "60" } };
  assert.equal((await login(() => ({}))).claims.sub, "s");
  assert.equal((await login(() => ({ auth_time: at - 50 }), maxAge)).claims.auth_time, at - 50);
  await fails(
    login(() => ({ auth_time: at - 90 }), maxAge),
    { code: "claim_refused", expected: "auth_time: within max_age" },
  );
  await fails(
    login(() => ({}), maxAge),
    { code: "claim_refused", expected: "auth_time: within max_age" },
  );
  await fails(
    login(() => ({ nonce: "n".repeat(43) })),
    { code: "nonce_mismatch" },
  );
  assert.ok(await login(({ code, state }) => ({ c_hash: hash(code), s_hash: hash(state) })));
  await fails(
    login(({ state }) => ({ c_hash: hash(state) })),
    { code: "claim_refused" },
  );
  await fails(
    login(({ code }) => ({ s_hash: hash(code) })),
    { code: "claim_refused" },
  );
  const two = () => ({ aud: ["client-1", "api-1"], azp: "client-1" });
  await fails(login(two), { code: "claim_refused" });
  assert.ok(await login(two, { idToken: { trustedAudiences: ["api-1"] } }));
  const ahead = () => ({ iat: at + 30 });
  await fails(login(ahead), { code: "claim_refused" });
  assert.ok(await login(ahead, { idToken: { skew: 45 } }));
});

test("a signed answer stands alone: JARM and plain parameters together, or the plain ones in its place, are refused", async () => {
  const client = new Client(op, clientSecretJwt(SHARED), { fetch: fetchOf(tokens()).fetch });
  const { transaction, state } = await client.start({ scope: "read", responseMode: "jwt" });
  const back = (query) => client.finishJarm(transaction, `${settings.redirectUri}?${query}`);
  await fails(back(`response=a.b.c&code=x&state=${state}`), { code: "callback_unexpected_parameter", phase: "callback" });
  await fails(back(`response=a.b.c&access_token=x`), { code: "callback_unexpected_parameter" });
  await fails(back(`response=a.b.c&response=a.b.c`), { code: "callback_duplicate_parameter" });
  await fails(back(`code=x&state=${state}`), { code: "callback_malformed" });
  await fails(() => client.finish(transaction, `${settings.redirectUri}?code=x&state=${state}`), { code: "callback_malformed" });
});
