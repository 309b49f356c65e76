// Machines at the local ACM/IDM: assertions, audiences, default scopes, opaque tokens, introspection, faults.
// Facts of authenticatie.vlaanderen.be/docs; oidc-provider judges. Each refusal of the server's has a case.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SignJWT, decodeJwt, decodeProtectedHeader, importJWK } from "jose";
import { Client, SigningKey, clientSecretBasic, clientSecretPost, discover, privateKeyJwt, provider } from "samtykke";
import { acmidm, elys, grantedAudience } from "samtykke/acmidm";
import { TokenSource } from "samtykke/tokens";
import { fails } from "../js/support.mjs";
import { API, CLIENT, startAcmIdm } from "samtykke-local/acmidm";

let world;
before(async () => (world = await startAcmIdm()));
after(() => world.close());

const RS256 = { alg: "RS256" };
async function clientOf(id = CLIENT, { jwk = world.key, rules, ...options } = {}) {
  return new Client(acmidm({ environment: { issuer: world.issuer }, clientId: id }), privateKeyJwt(await SigningKey.fromJwk(jwk, RS256), rules), options);
}
const sent = () => new URLSearchParams(world.tokenRequests().at(-1).body);

test("a token for a machine: the assertion as documented, a scope in one text, an opaque token", async () => {
  const tokens = await (await clientOf()).clientCredentials({ scope: "vo_info elys_depzorg", audience: API });
  assert.match(tokens.accessToken, /^[A-Za-z0-9_-]{43}$/);
  assert.deepEqual([tokens.tokenType, tokens.scope, tokens.expiresIn, tokens.refreshToken], ["Bearer", "vo_info elys_depzorg", 3600, undefined]);
  const form = sent();
  assert.deepEqual(
    [form.get("grant_type"), form.get("scope"), form.get("audience"), form.has("scope[]")],
    ["client_credentials", "vo_info elys_depzorg", API, false],
  );
  const assertion = form.get("client_assertion");
  assert.deepEqual(decodeProtectedHeader(assertion), { alg: "RS256", typ: "JWT" });
  const { iss, sub, aud, iat, exp, jti, ...rest } = decodeJwt(assertion);
  assert.deepEqual([iss, sub, aud, exp - iat, rest], [CLIENT, CLIENT, world.issuer, 300, {}]);
  assert.match(jti, /^[0-9a-f-]{36}$/);
});

test("each request has an assertion of its own", async () => {
  const client = await clientOf();
  const seen = new Set();
  for (let at = 0; at < 3; at++) {
    await client.clientCredentials({ scope: "vo_info" });
    seen.add(decodeJwt(sent().get("client_assertion")).jti);
  }
  assert.equal(seen.size, 3);
});

test("default scopes come unasked, beside those asked for or alone; what was asked is kept apart", async () => {
  const client = await clientOf("defaults");
  const wider = await client.clientCredentials({ scope: "vo_info" });
  assert.deepEqual([wider.requestedScope, wider.scope], ["vo_info", "vo_info elys_depzorg"]);
  const unasked = await client.clientCredentials();
  assert.deepEqual([unasked.requestedScope, unasked.scope, sent().has("scope")], ["", "vo_info elys_depzorg", false]);
});

test("an unknown audience is no error at the token endpoint, and shows at introspection", async () => {
  const client = await clientOf();
  const aim = async (target) => {
    const { accessToken } = await client.clientCredentials({ scope: "vo_info elys_depzorg", ...target });
    return grantedAudience(await client.introspect(accessToken), CLIENT);
  };
  assert.deepEqual(await aim({ audience: API }), { kind: "apis", apis: [API] });
  assert.deepEqual(await aim({ resource: "https://elys.api.beta-athumi.eu" }), { kind: "apis", apis: [API] });
  assert.deepEqual(await aim({ audience: ["no-such-api", API] }), { kind: "apis", apis: [API] });
  for (const target of [{}, { audience: "no-such-api" }, { resource: "https://no-such.example" }])
    assert.deepEqual(await aim(target), { kind: "client", apis: [] });
  assert.deepEqual(grantedAudience({ audience: [] }, CLIENT), { kind: "unknown", apis: [] });
});

test("introspection: with a key and with either secret, provider's members kept, vo_info alone names the organisation", async () => {
  const client = await clientOf();
  const { accessToken } = await client.clientCredentials({ scope: "vo_info elys_depzorg", audience: API });
  const acm = (id) => acmidm({ environment: { issuer: world.issuer }, clientId: id });
  const bySecret = new Client(acm("by-secret"), clientSecretBasic("a%b+c d:e/f~g"));
  const byPost = new Client(acm("by-secret"), clientSecretPost("a%b+c d:e/f~g"));
  for (const asks of [client, bySecret, byPost]) {
    const found = await asks.introspect(accessToken, { hint: "access_token" });
    assert.deepEqual([found.active, found.clientId, found.subject, found.tokenType, found.scope], [true, CLIENT, CLIENT, "bearer", "vo_info elys_depzorg"]);
    assert.deepEqual([found.others.vo_orgcode, found.others.setbyapi_note, typeof found.others.jwt], ["0123456749", "for the API alone", "string"]);
    assert.equal(found.expiresAt - found.issuedAt, 3600);
  }
  const { accessToken: bare } = await client.clientCredentials({ scope: "elys_depzorg" });
  assert.equal((await client.introspect(bare)).others.vo_orgcode, undefined);
  const unknown = await client.introspect("no-such-token");
  assert.deepEqual([unknown.active, unknown.audience, Object.keys(unknown.others)], [false, [], []]);
});

test("assertions the server refuses", async () => {
  const asks = async (options, id) => (await clientOf(id, options)).clientCredentials({ scope: "vo_info" });
  const literal = (audience) => ({ rules: { audience: { literal: audience } } });
  const refused = (name, attempt) =>
    fails(attempt, { code: "token_error", phase: "token" }).then(({ oauth }) => assert.equal(oauth.error, "invalid_client", name));
  await refused("the other environment's issuer", asks(literal("https://authenticatie.vlaanderen.be/op")));
  await refused("a slash at the end", asks(literal(`${world.issuer}/`)));
  await refused("the token endpoint", asks({ rules: { audience: "endpoint" } }));
  await refused("a key nobody registered", asks({ jwk: world.unregistered }));
  await refused("a clock that is behind", asks({ clockOffset: -3600 }));
  await refused("the API's id as one's own", asks({}, API));
  await refused("an unknown client", asks({}, "nobody"));
  world.settings.takesTokenEndpoint = true;
  assert.ok(await asks({ rules: { audience: "endpoint" } }));
  world.settings.takesTokenEndpoint = false;
});

test("assertions the library does not make", async () => {
  const before = world.tokenRequests().length;
  const asks = async (rules, id) => (await clientOf(id, { rules })).clientCredentials({ scope: "vo_info" });
  await fails(asks({ lifetime: 601 }), { code: "invalid_configuration" });
  await fails(asks({ lifetime: 0 }), { code: "invalid_configuration" });
  await fails(asks({ audience: ["a", "b"] }), { code: "invalid_parameter" });
  const es256 = await SigningKey.generate({ alg: "ES256" });
  const acm = acmidm({ environment: { issuer: world.issuer }, clientId: CLIENT });
  await fails(new Client(acm, privateKeyJwt(es256)).clientCredentials({}), { code: "invalid_configuration" });
  const ps256 = await SigningKey.fromJwk({ ...world.key, alg: "PS256" }, { alg: "PS256" });
  await fails(new Client(acm, privateKeyJwt(ps256)).clientCredentials({}), { code: "invalid_configuration" });
  assert.equal(world.tokenRequests().length, before);
});

test("what others send and the server refuses: it is as strict as these tests need", async () => {
  const key = await importJWK(world.key, "RS256");
  const now = Math.floor(Date.now() / 1000);
  const sign = (claims, header = RS256) =>
    new SignJWT({ iss: CLIENT, sub: CLIENT, aud: world.issuer, iat: now, exp: now + 300, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader(header)
      .sign(key);
  const post = async (pairs, query = "") => {
    const form = new URLSearchParams([
      ["grant_type", "client_credentials"],
      ["client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
      ...pairs,
    ]);
    const response = await fetch(`${world.issuer}/v1/token${query}`, { method: "POST", body: form });
    return { status: response.status, ...(await response.json()) };
  };
  const once = await sign({});
  assert.equal(
    (
      await post([
        ["client_assertion", once],
        ["scope", "vo_info"],
      ])
    ).status,
    200,
  );
  assert.equal((await post([["client_assertion", once]])).error, "invalid_client", "a jti twice");
  for (const [name, claims] of [
    ["an array", { aud: [world.issuer] }],
    ["too long", { exp: now + 601 }],
    ["iss is not sub", { iss: "other" }],
    ["no jti", { jti: undefined }],
  ]) {
    assert.equal((await post([["client_assertion", await sign(claims)]])).error, "invalid_client", name);
  }
  assert.equal(
    (
      await post([
        ["client_assertion", await sign({})],
        ["client_assertion", await sign({})],
      ])
    ).error,
    "invalid_request",
    "two assertions",
  );
  const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${once.split(".")[1]}.`;
  assert.equal((await post([["client_assertion", none]])).error, "invalid_client", "alg none");
  assert.equal((await post([["client_id", "by-secret"]], "?client_secret=x")).error, "invalid_request", "a secret in the query");
  const brackets = await post([
    ["client_assertion", await sign({})],
    ["scope[]", "vo_info"],
  ]);
  assert.deepEqual([brackets.status, brackets.scope], [200, undefined], "scope[] is no scope");
});

test("scopes that are not approved, and clients that are not", async () => {
  const refused = async (id, scope) => {
    const error = await fails((await clientOf(id)).clientCredentials({ scope }), { code: "token_error" });
    assert.equal(error.oauth.error, "invalid_scope", `${id} ${scope}`);
  };
  await refused(CLIENT, "vo_info elys_arts");
  await refused(CLIENT, "vo_info dao_depzorg");
  await refused("unapproved", "vo_info");
  await fails((await clientOf()).clientCredentials({ scope: "vo_info  elys_depzorg" }), { code: "invalid_scope" });
});

test("answers of gateways, and answers that say little", async () => {
  const client = await clientOf();
  const asks = () => client.clientCredentials({ scope: "vo_info" });
  const fault = (status, body, type) => world.faults.push({ path: "/v1/token", status, body, type });
  fault(502, "<html>Bad Gateway</html>", "text/html");
  await fails(asks(), { code: "http_status_unexpected", action: "try_later" });
  fault(503, "");
  await fails(asks(), { code: "http_status_unexpected" });
  fault(200, "<html>", "text/html");
  await fails(asks(), { code: "content_type_unexpected" });
  fault(400, "", "text/html");
  await fails(asks(), { code: "http_status_unexpected" });
  fault(400, '{"error":"invalid_scope"}');
  const short = await fails(asks(), { code: "token_error" });
  assert.deepEqual(short.oauth, { error: "invalid_scope", description: undefined, uri: undefined });
  world.faults.push({ path: "/v1/token", change: ({ expires_in: _, scope: __, ...rest }) => rest });
  const bare = await asks();
  assert.deepEqual([bare.expiresIn, bare.expiresAt, bare.scope, bare.requestedScope], [undefined, undefined, undefined, "vo_info"]);
  world.faults.push({ path: "/v1/token", change: (body) => ({ ...body, token_type: "bearer" }) });
  assert.equal((await asks()).tokenType, "Bearer");
});

test("a token without expires_in is for those who wait for it, and kept for nobody", async () => {
  const client = await clientOf();
  const lifeless = () => world.faults.push({ path: "/v1/token", change: ({ expires_in: _, ...rest }) => rest });
  const source = new TokenSource({ client });
  lifeless();
  const before = world.tokenRequests().length;
  const [one, other] = await Promise.all([source.get({ scope: "vo_info" }), source.get({ scope: "vo_info" })]);
  assert.deepEqual([one.expiresIn, other.accessToken, world.tokenRequests().length - before], [undefined, one.accessToken, 1]);
  lifeless();
  assert.notEqual((await source.get({ scope: "vo_info" })).accessToken, one.accessToken);
  // Unless whoever runs the source knows better.
  const kept = new TokenSource({ client, unknownLife: 60 });
  lifeless();
  assert.equal((await kept.get({ scope: "vo_info" })).accessToken, (await kept.get({ scope: "vo_info" })).accessToken);
  assert.equal(world.tokenRequests().length - before, 3);
});

test("discovery, which omits what the server does, and a set-up without any of it", async () => {
  const found = await discover(world.issuer, { clientId: CLIENT, development: true, assertion: { lifetime: 300 } });
  const key = await SigningKey.fromJwk(world.key, RS256);
  assert.ok((await new Client(found, privateKeyJwt(key)).clientCredentials({ scope: "vo_info" })).accessToken);
  assert.ok(world.requests.some(({ path }) => path === "/op/.well-known/openid-configuration"));
  const bare = provider({ issuer: world.issuer, tokenEndpoint: `${world.issuer}/v1/token`, clientId: CLIENT, development: true });
  assert.ok((await new Client(bare, privateKeyJwt(key)).clientCredentials({ scope: "vo_info" })).accessToken);
});

test("the profile's data", async () => {
  const ti = acmidm({ environment: "ti", clientId: "c" });
  assert.deepEqual(
    [ti.issuer, ti.tokenEndpoint, ti.server.jwksUri],
    ["https://authenticatie-ti.vlaanderen.be/op", "https://authenticatie-ti.vlaanderen.be/op/v1/token", "https://authenticatie-ti.vlaanderen.be/op/v1/keys"],
  );
  assert.deepEqual(
    [ti.flags, acmidm({ environment: { issuer: world.issuer }, clientId: "c" }).flags],
    ["", "d"],
    "http to loopback is for a server of one's own",
  );
  const production = acmidm({ environment: "production", clientId: "c", redirectUri: "https://app.example.be/callback" });
  assert.equal(production.authorizationEndpoint, "https://authenticatie.vlaanderen.be/op/v1/auth");
  for (const environment of ["TI", "", undefined, null, "paths", { issuer: "https://op.example/op/" }, { issuer: 5 }]) {
    await fails(() => acmidm({ environment, clientId: "c" }), { code: "invalid_configuration" });
  }
  await fails(() => acmidm({ environment: "ti", clientId: "c", clientSecret: "s" }), { code: "secret_in_browser" });
  await fails(() => acmidm(), { code: "invalid_configuration" });
  const beta = elys("beta");
  assert.deepEqual(
    [beta.acm, beta.origin, beta.scope("depzorg"), beta.apiClientId],
    ["ti", "https://elys.api.beta-athumi.eu", "vo_info elys_depzorg", undefined],
  );
  assert.deepEqual([elys("dao-beta").scope("lbbs"), elys("dao-beta").apiClientId], ["vo_info dao_lbbs", API]);
  await fails(() => elys("dao-beta").scope("arts"), { code: "invalid_scope" });
  await fails(() => beta.scope("nobody"), { code: "invalid_scope" });
  await fails(() => elys("gamma"), { code: "invalid_configuration" });
});
