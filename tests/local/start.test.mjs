// samtykke-local as a program uses it: started, logged in at, spoiled, its clock set, forgotten; each provider by the package's own client.
// Refuses a setting, a fault, an endpoint, a person that is not there; and, unless asked for, control over HTTP.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { SignJWT, createRemoteJWKSet, importJWK, jwtVerify } from "jose";
import { Client, SamtykkeError, SigningKey, clientSecretBasic, discover, privateKeyJwt } from "samtykke";
import { createEdge } from "samtykke/edge";
import { storedSessions } from "samtykke/edge/store";
import { HelseId } from "samtykke/helseid";
import { MaskinportenClient, maskinporten, problem } from "samtykke/maskinporten";
import { norskgjeld } from "samtykke/norskgjeld";
import { memoryStore } from "samtykke/tokens";
import { start } from "samtykke-local";
import { authorities } from "../maskinporten/chains.mjs";

const REDIRECT = "http://localhost:1337/callback";
const local = await start({ providers: ["maskinporten", "helseid", "idporten", "ansattporten", "norskgjeld", "acmidm", "halland", "any-name"], port: 0 });
after(() => local.close());

const fails = async (attempt, facts) => {
  const error = await Promise.resolve()
    .then(attempt)
    .then(
      () => assert.fail(`${JSON.stringify(facts)} was expected`),
      (found) => found,
    );
  assert.ok(error instanceof SamtykkeError, error.stack);
  assert.deepEqual(Object.fromEntries(Object.keys(facts).map((name) => [name, error[name]])), facts, error.message);
  return error;
};
const keyOf = ({ privateJwk }) => SigningKey.fromJwk(privateJwk);
/** A client of the package at a server that is discovered. */
async function clientAt(name, { dpop } = {}) {
  const { issuer, client } = local[name];
  const at = await discover(issuer, { clientId: client.clientId, redirectUri: REDIRECT, development: true });
  return new Client(at, privateKeyJwt(await keyOf(client)), { dpop });
}
async function loggedIn(client, provider, request, person) {
  const { url, transaction } = await client.start(request);
  const back = await provider.login(url, { person });
  return client.exchange(request.responseMode ? await client.finishJarm(transaction, back) : client.finish(transaction, back));
}

test("one port, each below its own path, and those that need the root at ports of their own", async () => {
  assert.deepEqual([local.issuers["any-name"], local.issuers.maskinporten], [`${local.origin}/any-name`, `${local.origin}/maskinporten/`]);
  assert.notEqual(new URL(local.norskgjeld.issuer).port, new URL(local.origin).port);
  assert.equal(await (await fetch(`${local.origin}/isalive`)).text(), "ok");
  for (const path of ["/nobody/token", "/control/idporten/requests", "/"]) assert.equal((await fetch(local.origin + path)).status, 404, path);
  const document = await (await fetch(`${local.origin}/.well-known/oauth-authorization-server/any-name`)).json();
  assert.equal(document.issuer, local.issuers["any-name"]);
});

test("Maskinporten: a token by the client that is ready, one without a client, and every documented error by its id", async () => {
  const { client, environment, issueToken, next, requests } = local.maskinporten;
  const ours = new MaskinportenClient(maskinporten({ environment, clientId: client.clientId }), await keyOf(client), { retries: 0 });
  const keys = createRemoteJWKSet(new URL(`${environment.issuer}jwk`));
  for (const token of [(await ours.token({ scope: "local:read" })).accessToken, await issueToken({ scope: "local:read", pid: "14842249091" })]) {
    const { payload } = await jwtVerify(token, keys, { issuer: environment.issuer });
    assert.deepEqual([payload.scope, payload.consumer.ID], ["local:read", `0192:${client.organisation}`]);
  }
  assert.equal(requests("token").at(-1).form.grant_type, "urn:ietf:params:oauth:grant-type:jwt-bearer");
  next({ endpoint: "token", fault: "MP-121" });
  const error = await fails(() => ours.token({ scope: "local:read" }), { code: "token_error" });
  assert.equal(problem(error).id, "MP-121");
  next({ fault: "MP-250" });
  assert.equal((await fails(() => ours.token({ scope: "local:read" }), { code: "token_error" })).oauth.error, "forbidden");
});

test("Maskinporten: a client without a key of its own shows an enterprise certificate, of an authority that is named", async () => {
  const authority = authorities("Buypass test");
  const organisation = "910753614";
  const made = authority.organisation({ C: "NO", O: "Bank AS", serialNumber: organisation, CN: "Bank AS" });
  const maskin = { clients: [{ clientId: "certified", organisation, scopes: ["my:api"], jwks: { keys: [] } }] };
  const tokenOf = async (config) => {
    const own = await start({ providers: ["maskinporten"], port: 0, config: { providers: { maskinporten: config } } });
    after(() => own.close());
    const { environment } = own.maskinporten;
    const key = await SigningKey.fromPem(made.keyPem, { alg: "RS256", certificates: made.chain });
    return new MaskinportenClient(maskinporten({ environment, clientId: "certified" }), key, { retries: 0 }).token({ scope: "my:api" });
  };
  assert.equal((await tokenOf({ ...maskin, authorities: { norwegian: [authority.root.pem] } })).scope, "my:api");
  assert.equal(problem(await fails(() => tokenOf(maskin), { code: "token_error" })).id, "MP-120");
});

test("ID-porten: a login with PAR, a level, an id_token with the number, refresh, logout", async () => {
  const { idporten } = local;
  const client = await clientAt("idporten");
  const tokens = await loggedIn(client, idporten, { scope: "openid profile", extra: { acr_values: "idporten-loa-high" } }, "Ingrid Fjellheim");
  const { claims } = tokens;
  assert.deepEqual([claims.pid, claims.acr, claims.amr], ["14842249091", "idporten-loa-high", ["BankID"]]);
  assert.deepEqual([idporten.requests("par").length, idporten.requests("authorization").length], [1, 1]);
  const { payload } = await jwtVerify(tokens.accessToken, createRemoteJWKSet(new URL(`${idporten.issuer}/jwks.json`)), { issuer: idporten.issuer });
  assert.deepEqual([payload.pid, payload.client_amr], ["14842249091", "private_key_jwt"]);
  assert.deepEqual({ ...(await client.userinfo(tokens)) }, { sub: claims.sub, pid: "14842249091", locale: "nb" });
  assert.ok((await client.refresh(tokens)).accessToken);
  await fails(() => client.clientCredentials({ scope: "x" }), { code: "token_error" });
  const { url, transaction } = await client.start({ scope: "openid" });
  const refused = await idporten.login(url, { decision: "cancel" });
  await fails(async () => client.finish(transaction, refused), { code: "authorization_error", action: "user_declined" });
  // A person whose level is below what was demanded is refused by the client.
  await fails(() => loggedIn(client, idporten, { scope: "openid", extra: { acr_values: "idporten-loa-high" } }, "Jonas Solbakken"), { code: "claim_refused" });
});

test("Ansattporten: state and nonce are demanded, and a person represents an organisation", async () => {
  const { ansattporten } = local;
  const document = await (await fetch(`${ansattporten.issuer}/.well-known/openid-configuration`)).json();
  assert.equal(document.userinfo_endpoint, undefined);
  const client = await clientAt("ansattporten");
  const details = [{ type: "ansattporten:altinn:service", resource: "urn:altinn:resource:2480:40" }];
  const tokens = await loggedIn(client, ansattporten, { scope: "openid", extra: { authorization_details: JSON.stringify(details) } });
  const [, payload] = tokens.accessToken.split(".");
  const said = JSON.parse(Buffer.from(payload, "base64url"));
  assert.equal(said.authorization_details[0].reportees[0].ID, "0192:991825827");
  const query = new URLSearchParams({
    client_id: "local-page",
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "openid",
    code_challenge: "x".repeat(43),
    code_challenge_method: "S256",
  });
  const back = await fetch(`${ansattporten.issuer}/authorize?${query}`, { redirect: "manual" });
  assert.equal(new URL(back.headers.get("location")).searchParams.get("error_description"), "state is missing");
});

test("HelseID, norskgjeld: logins by their own clients", async () => {
  const { helseid, norskgjeld: nogi } = local;
  const connected = await HelseId.connect({
    environment: helseid.environment,
    clientId: helseid.client.clientId,
    redirectUri: REDIRECT,
    key: await keyOf(helseid.client),
    dpop: await SigningKey.generate(),
  });
  const { url, transaction } = await connected.login({ scope: "openid profile helseid://scopes/identity/security_level nhn:kj/api" });
  const session = await connected.finish(transaction, await helseid.login(url, { person: 0 }), { save: () => {} });
  assert.ok(session);
  assert.deepEqual([...new Set(helseid.requests().map(({ endpoint }) => endpoint))].sort(), ["authorization", "discovery", "jwks", "login", "par", "token"]);

  const { clientId, secret, redirectUris } = nogi.client;
  const client = new Client(norskgjeld({ environment: nogi.environment, clientId, redirectUri: redirectUris[0] }), clientSecretBasic(secret));
  const login = await client.start({ purpose: "presentation" });
  const tokens = await client.exchange(client.finish(login.transaction, await nogi.login(login.url)));
  assert.equal(tokens.tokenType, "Bearer");
  assert.ok(await nogi.issueToken());
});

test("ACM/IDM and Region Halland: tokens without a client, and AD FS' own codes", async () => {
  assert.match(await local.acmidm.issueToken(), /^[\w-]{40,}$/);
  const { halland } = local;
  const [, payload] = (await halland.issueToken({ scope: "hsainfoapi.write" })).split(".");
  assert.equal(JSON.parse(Buffer.from(payload, "base64url")).scp, "hsainfoapi.write");
  halland.next({ fault: "MSIS9604" });
  const answer = await fetch(`${halland.issuer}/oauth2/token/`, { method: "POST", body: new URLSearchParams({}) });
  assert.match((await answer.json()).error_description, /^MSIS9604: /);
});

test("a server of any name: every grant, DPoP, JARM, userinfo, introspection, revocation", async () => {
  const server = local["any-name"];
  const dpop = await SigningKey.generate();
  const client = await clientAt("any-name", { dpop });
  const tokens = await loggedIn(client, server, { scope: "openid profile offline_access", responseMode: "query.jwt" }, "Ola Nordmann");
  assert.equal(tokens.tokenType, "DPoP");
  assert.equal((await client.userinfo(tokens)).name, "Ola Nordmann");
  const spent = tokens.refreshToken;
  const renewed = await client.refresh(tokens);
  assert.notEqual(renewed.refreshToken, spent);
  const { clientId, privateJwk } = server.client;
  const again = await fetch(`${server.issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: spent,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await new SignJWT({ iss: clientId, sub: clientId, aud: server.issuer, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: privateJwk.alg })
        .setExpirationTime("1m")
        .sign(await importJWK(privateJwk)),
    }),
  });
  assert.equal((await again.json()).error_description, "The refresh token was used before.");
  await fails(() => client.refresh(renewed), { code: "token_error", action: "restart" });
  const machine = await client.clientCredentials({ scope: "api", resource: "https://api.example" });
  assert.deepEqual([(await client.introspect(machine.accessToken)).active, machine.scope], [true, "api"]);
  await client.revoke(machine.accessToken);
  assert.equal((await client.introspect(machine.accessToken)).active, false);
  assert.ok((await client.tokenExchange({ subjectToken: await server.issueToken({ sub: "person-1" }) })).accessToken);
});

test("faults, the clock, and forgetting", async () => {
  const server = local["any-name"];
  const client = await clientAt("any-name");
  server.next({ endpoint: "token", fault: "truncated" });
  await fails(() => client.clientCredentials({}), { code: "network_error" });
  server.next({ endpoint: "token", fault: 503, retryAfter: 9, times: 2 });
  await fails(() => client.clientCredentials({}), { code: "http_status_unexpected", action: "try_later" });
  server.reset();
  assert.deepEqual(server.requests(), []);
  assert.ok((await client.clientCredentials({})).accessToken, "the second fault is forgotten");
  assert.equal(server.requests("token")[0].status, 200);
  for (const wrong of [
    { endpoint: "tokens", fault: "html" },
    { endpoint: "token", fault: "htm" },
  ])
    assert.throws(() => server.next(wrong), /there are /);
  const at = await discover(server.issuer, { clientId: "local-secret", redirectUri: REDIRECT, development: true });
  const other = new Client(at, clientSecretBasic(server.clients[1].secret));
  const login = await other.start({ scope: "openid" });
  const back = await server.login(login.url);
  server.setClock(120);
  await fails(() => other.exchange(other.finish(login.transaction, back)), { code: "token_error", action: "restart" });
  server.setClock(0);
  assert.throws(() => local.helseid.setClock(1), /the machine's/);
  await assert.rejects(server.login("http://localhost/", { person: "Nobody" }), /there are Kari Nordmann/);
});

test("pages speak the language that is asked for", async () => {
  const { issuer } = local.idporten;
  const query = {
    client_id: "local-page",
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "openid",
    code_challenge: "x".repeat(43),
    code_challenge_method: "S256",
  };
  const page = async (more, language) => {
    const answer = await fetch(`${issuer}/authorize?${new URLSearchParams({ ...query, ...more })}`, { headers: { "accept-language": language } });
    return `${answer.headers.get("content-language")} ${/<h1>(.*)<\/h1>/.exec(await answer.text())[1]}`;
  };
  assert.deepEqual(
    [
      await page({}, "*"),
      await page({}, "nl-BE,nl;q=0.9,en;q=0.5"),
      await page({ ui_locales: "nn" }, "en"),
      await page({ ui_locales: "fi" }, "de;q=0.9,sv;q=0.2"),
    ],
    ["nb Logg inn", "nl Inloggen", "nn Logg inn", "sv Logga in"],
  );
});

test("a session that ends at the server ends at the clients that took part, by a token that the edge takes", async () => {
  const ORIGIN = "http://localhost:1338";
  const told = [];
  let answer = async () => new Response(null, { status: 404 });
  const rp = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const answered = await answer(
      new Request(`${ORIGIN}${request.url}`, { method: request.method, headers: { "content-type": request.headers["content-type"] }, body }),
    );
    told.push(new URLSearchParams(body).get("logout_token"));
    response.writeHead(answered.status).end();
  });
  await new Promise((done) => rp.listen(0, "127.0.0.1", done));
  const backchannelLogoutUri = `http://127.0.0.1:${rp.address().port}/backchannel-logout`;
  const web = { clientId: "web", secret: "s", redirectUris: [`${ORIGIN}/callback`], backchannelLogoutUri };
  const servers = await start({
    providers: ["plain", "like-hydra"],
    port: 0,
    config: { providers: { plain: { clients: [web, { clientId: "quiet", secret: "q" }] }, "like-hydra": { like: "hydra", clients: [web] } } },
  });
  try {
    for (const [name, options, typ] of [
      ["plain", {}, "logout+jwt"],
      ["like-hydra", { logoutTokenWithoutExp: true }, "JWT"],
    ]) {
      const server = servers[name];
      const at = await discover(server.issuer, { clientId: "web", redirectUri: `${ORIGIN}/callback`, development: true });
      const client = new Client(at, clientSecretBasic("s"), options);
      const edge = createEdge({
        client,
        keys: "A".repeat(43),
        store: storedSessions(memoryStore()),
        backchannelLogout: true,
        insecureLocalhost: true,
      });
      answer = (request) => edge.backchannelLogout(request);
      const away = await edge.login(new Request(`${ORIGIN}/login`), { scope: "openid offline_access" });
      assert.equal(away.status, 303, away.status === 303 ? "" : await away.text());
      const cookies = (response) =>
        response.headers
          .getSetCookie()
          .map((line) => line.split(";", 1)[0])
          .filter((pair) => !pair.endsWith("="))
          .join("; ");
      const back = await server.login(away.headers.get("location"), { person: "Kari Nordmann" });
      const home = await edge.callback(new Request(back, { headers: { cookie: cookies(away) } }));
      const mine = () => new Request(`${ORIGIN}/`, { headers: { cookie: cookies(home) } });
      assert.equal((await edge.session(mine())).claims.sub, "person-1");
      const [{ status, ...whose }] = await server.endSessions({ sub: "person-1" });
      assert.deepEqual([status, whose.clientId, whose.uri], [200, "web", backchannelLogoutUri], name);
      assert.equal(await edge.session(mine()), null, `${name}: the session goes on`);
      const [header, claims] = told
        .at(-1)
        .split(".")
        .slice(0, 2)
        .map((part) => JSON.parse(Buffer.from(part, "base64url")));
      assert.deepEqual(
        [header.typ, claims.exp === undefined, Array.isArray(claims.aud), claims.sid],
        [typ, name === "like-hydra", name === "like-hydra", whose.sid],
      );
      assert.deepEqual(await server.endSessions(), [], "a session that is over");
    }
    // By the browser, at the server's own logout; a client that registered no address hears nothing, and nobody is told of another's.
    const { issuer, login, endSessions } = servers.plain;
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.deepEqual([metadata.backchannel_logout_supported, metadata.backchannel_logout_session_supported], [true, true]);
    const at = await discover(issuer, { clientId: "quiet", redirectUri: REDIRECT, development: true });
    const quiet = new Client(at, clientSecretBasic("q"));
    const { idToken, refreshToken } = await loggedIn(quiet, { login }, { scope: "openid offline_access" });
    const before = told.length;
    assert.equal((await fetch(`${metadata.end_session_endpoint}?${new URLSearchParams({ id_token_hint: idToken })}`)).status, 200);
    assert.equal(told.length, before);
    await fails(() => quiet.refresh(refreshToken), { code: "token_error" });
    assert.deepEqual(await endSessions(), []);
    await assert.rejects(local.norskgjeld.endSessions(), TypeError);
  } finally {
    await servers.close();
    rp.close();
  }
});
