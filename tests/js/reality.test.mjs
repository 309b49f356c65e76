// Answers in the forms in which real servers send them (tests/reality), replayed through the public API: every row a case.
// What is asked goes through the package's clients; what is answered is the row, octet for octet.
// Refuses a row that asks a person's `restart` of a machine, or loses the server's words.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as full from "samtykke";
import * as browser from "samtykke/browser";
import { Client, SigningKey, clientSecretBasic, clientSecretJwt, clientSecretPost, discover, privateKeyJwt, provider } from "samtykke";
import { ElysApi, acmidm } from "samtykke/acmidm";
import { adfs } from "samtykke/adfs";
import { halland } from "samtykke/halland";
import { MaskinportenClient, maskinporten, problem } from "samtykke/maskinporten";
import { TokenSource } from "samtykke/tokens";

import { CERTIFICATE, KEY } from "./certificate.mjs";
import { fails, fetchOf } from "./support.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../reality/${name}.json`, import.meta.url), "utf8"));
const servers = read("servers").rows;

const OP = {
  issuer: "https://op.example",
  authorizationEndpoint: "https://op.example/authorize",
  tokenEndpoint: "https://op.example/token",
  userinfoEndpoint: "https://op.example/userinfo",
  introspectionEndpoint: "https://op.example/introspect",
  deviceAuthorizationEndpoint: "https://op.example/device",
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
};

/** A row as a response: an object is JSON, a text has the media type that is named. */
function answerOf(row) {
  const { status = 200, body = "" } = row;
  const json = typeof body === "object";
  const type = json ? "application/json" : row["content-type"];
  const headers = { ...(type && { "content-type": type }), ...(row["www-authenticate"] && { "www-authenticate": row["www-authenticate"] }) };
  return new Response(json ? JSON.stringify(body) : body, { status, headers });
}

const clientOf = (...answers) => new Client(provider(OP), clientSecretBasic("s"), fetchOf(...answers));

let count = 0;
const GRANTS = {
  authorization_code: (client) => {
    const { transaction, state } = client.begin({ scope: "read" });
    return client.exchange(client.finish(transaction, `${OP.redirectUri}?code=reality-${count++}&state=${state}`));
  },
  refresh_token: (client) => client.refresh(`r-${count++}`),
  client_credentials: (client) => client.clientCredentials({ scope: "read" }),
  "jwt-bearer": (client) => client.jwtBearer({ assertion: "a.b.c" }),
  "token-exchange": (client) => client.tokenExchange({ subjectToken: "t" }),
};
const PERSONAL = ["authorization_code", "refresh_token"];

test("what to do follows from code and grant", async () => {
  for (const row of read("grant_errors").rows) {
    const error = await fails(() => GRANTS[row.grant](clientOf(answerOf(row))), { action: row.action, phase: "token", retryable: false });
    assert.equal(error.oauth?.error, row["oauth.error"] ?? row.body.error, JSON.stringify(row));
    assert.ok(row.grant === "authorization_code" || !error.hint.includes("a code is never"), error.hint);
  }
});

test("a token source asks once where the server understood, with or without words", async () => {
  const rows = [
    ...read("grant_errors").rows.filter(({ grant }) => grant === "client_credentials"),
    ...servers.filter(({ at, action }) => at === "token" && action === "fix_configuration"),
  ];
  assert.ok(rows.length > 10);
  for (const row of rows) {
    const { fetch, requests } = fetchOf(answerOf(row));
    const source = new TokenSource({ client: new Client(provider(OP), clientSecretBasic("s"), { fetch }), retries: 3, patience: 5 });
    await fails(() => source.get({ scope: "read" }), { action: "fix_configuration" });
    assert.equal(requests.length, 1, JSON.stringify(row));
  }
});

test("token endpoints of real servers", async () => {
  const rows = servers.filter(({ at, status }) => at === "token" && status);
  assert.ok(rows.length > 12);
  for (const row of rows) {
    for (const grant of row.action === "restart" ? PERSONAL : Object.keys(GRANTS)) {
      const error = await fails(() => GRANTS[grant](clientOf(answerOf(row))), { action: row.action });
      assert.equal(error.oauth?.error, row.body.error, `${grant} ${JSON.stringify(row)}`);
      assert.equal(error.oauth?.description, row.body.error_description);
      if (row.hint) assert.match(error.hint, /clock/);
    }
  }
});

test("other endpoints of real servers", async () => {
  const tokens = { accessToken: "t", tokenType: "Bearer", requestedScope: "", others: {} };
  for (const row of servers) {
    const client = clientOf(answerOf(row));
    if (row.at === "userinfo") {
      const error = await fails(() => client.userinfo(tokens, { unchecked: true }), { code: row.code, phase: "api" });
      if (row.code === "unauthorized") assert.match(error.hint, /token/);
    } else if (row.at === "introspection") {
      await fails(() => client.introspect("t"), { action: row.action });
    } else if (row.at === "discovery" && row.action) {
      const { fetch, requests } = fetchOf(answerOf(row));
      await fails(() => discover(OP.issuer, { clientId: "c", fetch }), { code: "http_status_unexpected", action: row.action });
      assert.equal(requests.length, 2);
    } else if (row.at === "par") {
      const pushing = new Client(
        provider({ ...OP, pushedAuthorizationRequestEndpoint: "https://op.example/par" }),
        clientSecretBasic("s"),
        fetchOf(answerOf(row)),
      );
      const error = await fails(() => pushing.start({ scope: "read" }), { phase: "authorization", action: "fix_configuration" });
      assert.match(error.hint, /pushed authorization request/);
    }
  }
});

test("Maskinporten says why in link, words or both", async () => {
  const key = await SigningKey.fromPem(KEY, { alg: "RS256", kid: "k" });
  for (const row of read("maskinporten").token_errors) {
    const { fetch, requests } = fetchOf(answerOf(row));
    const client = new MaskinportenClient(maskinporten({ environment: "test", clientId: "c" }), key, { fetch });
    const error = await fails(() => client.token({ scope: "example:read" }), { code: "token_error", action: "fix_configuration" });
    const { expect } = row;
    const found = problem(error);
    if (expect["provider.code"]) assert.deepEqual([error.provider.code, found.id], [expect["provider.code"], expect["provider.code"]]);
    if (expect["provider.traceId"]) assert.equal(error.provider.traceId, expect["provider.traceId"]);
    if (expect["problem.kind"]) assert.equal(found.kind, expect["problem.kind"]);
    assert.notEqual(found.kind, "unknown", JSON.stringify(row));
    assert.equal(found.again, expect.again);
    assert.equal(requests.length, expect.requests ?? 1);
  }
});

test("AD FS says why in its description, whatever fetch is used", async () => {
  const key = await SigningKey.fromPem(KEY, { alg: "RS256", certificates: CERTIFICATE });
  for (const row of read("adfs").errors) {
    for (const made of [halland, adfs]) {
      const client = new Client(made({ issuer: "https://adfs.example.se/adfs", clientId: "c" }), privateKeyJwt(key), fetchOf(answerOf(row)));
      const error = await fails(() => client.clientCredentials({ resource: "api" }), { code: "token_error", action: row.expect.action });
      assert.equal(error.provider.code, row.expect["provider.code"]);
    }
  }
});

test("ping in either form", async () => {
  for (const row of read("acmidm").ping) {
    const provided = acmidm({ environment: "ti", clientId: "c-1" });
    const api = new ElysApi(provided, { environment: "beta", token: "t", ...fetchOf(answerOf(row)) });
    const ping = await api.ping({ organisationCode: "0316.380.841" });
    assert.deepEqual([ping.matches, ping.organisationCode, ping.clientId], [true, "0316380841", "c-1"], JSON.stringify(ping));
  }
});

test("ACM/IDM and Region Halland take the client authentication they document, and no other", async () => {
  const region = halland({ issuer: "https://adfs.example.se/adfs", clientId: "c" });
  const acm = acmidm({ environment: "ti", clientId: "c" });
  const secret = "a secret of at least thirty-two octets";
  for (const [made, authentication] of [
    [region, clientSecretBasic(secret)],
    [region, clientSecretPost(secret)],
    [region, clientSecretJwt(secret)],
    [acm, clientSecretJwt(secret)],
  ]) {
    const { fetch, requests } = fetchOf(new Response("{}"));
    const error = await fails(() => new Client(made, authentication, { fetch }).clientCredentials({ resource: "https://api.example" }), {
      code: "invalid_configuration",
    });
    assert.deepEqual([error.expected, error.actual, requests.length], ["private_key_jwt", authentication.method, 0]);
  }
  const { fetch, requests } = fetchOf(answerOf({ body: { access_token: "x", token_type: "Bearer" } }));
  await new Client(acm, clientSecretBasic(secret), { fetch }).clientCredentials({ scope: "vo_info" });
  assert.equal(requests.length, 1);
});

test("what a server lists never widens what it may sign with", async () => {
  const metadata = {
    issuer: OP.issuer,
    authorization_endpoint: OP.authorizationEndpoint,
    token_endpoint: OP.tokenEndpoint,
    jwks_uri: "https://op.example/jwks",
    id_token_signing_alg_values_supported: ["RS256", "ES256"],
  };
  const found = (settings) =>
    discover(OP.issuer, { clientId: "c", redirectUri: OP.redirectUri, fetch: fetchOf(answerOf({ body: metadata })).fetch, ...settings });
  assert.equal((await found()).server.signingAlgorithms, undefined, "RS256");
  assert.deepEqual((await found({ signingAlgorithms: ["ES256"] })).server.signingAlgorithms, ["ES256"]);
  const key = await SigningKey.generate({ alg: "ES256" });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${part({ alg: "ES256", typ: "logout+jwt" })}.${part({ iss: OP.issuer, aud: "c", sub: "u", jti: "j", iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60, events: { "http://schemas.openid.net/event/backchannel-logout": {} } })}`;
  const token = `${input}.${Buffer.from(await key.sign(input)).toString("base64url")}`;
  const jwks = { keys: [{ ...key.publicJwk, alg: "ES256" }] };
  await fails(async () => new Client(await found(), clientSecretBasic("s"), { jwks }).logoutToken(token), { code: "algorithm_refused" });
  const named = await new Client(await found({ signingAlgorithms: ["ES256"] }), clientSecretBasic("s"), { jwks }).logoutToken(token);
  assert.equal(named.sub, "u");
});

test("a person's no is user_declined everywhere", async () => {
  for (const entry of [full, browser]) {
    const norskgjeld = entry.norskgjeld({ environment: "preprod", clientId: "c", redirectUri: OP.redirectUri });
    const { issuer, authorizationEndpoint, clientId, redirectUri } = OP;
    for (const [made, request] of [
      [norskgjeld, { purpose: "presentation" }],
      [entry.provider({ issuer, authorizationEndpoint, clientId, redirectUri }), { scope: "read" }],
    ]) {
      const { state, transaction } = entry.begin(made, request);
      const answer = `${OP.redirectUri}?error=access_denied&error_description=no&state=${state}`;
      await fails(() => entry.finish(made, transaction, answer), { code: "authorization_error", action: "user_declined" });
    }
  }
});

test("norskgjeld's id_token is verified by the keys of the environment", async () => {
  const { jwks_uri, alg, kid } = read("norskgjeld").id_token;
  const [key, other] = [1, 2].map(() => generateKeyPairSync("rsa", { modulusLength: 2048 }));
  for (const { norskgjeld } of [full, await import("samtykke/norskgjeld")]) {
    const given = norskgjeld({ environment: "preprod", clientId: "c", redirectUri: OP.redirectUri });
    for (const signer of [key, other]) {
      const requests = [];
      let login;
      const fetch = async (url) => {
        requests.push(url);
        if (url === jwks_uri) return Response.json({ keys: [{ ...key.publicKey.export({ format: "jwk" }), alg, kid, use: "sig" }] });
        const now = Math.floor(Date.now() / 1000);
        const nonce = new URL(login.url).searchParams.get("nonce");
        const claims = { iss: given.issuer, aud: ["c"], sub: "s", pid: "14842249091", consent_id: "3649911c", nonce, iat: now, rat: now, exp: now + 60 };
        const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const input = `${part({ alg, kid })}.${part({ ...claims, auth_time: now, jti: "j", sid: "i" })}`;
        const id_token = `${input}.${sign("sha256", Buffer.from(input), signer.privateKey).toString("base64url")}`;
        return Response.json({ access_token: "t", token_type: "bearer", expires_in: 3599, id_token });
      };
      const client = new Client(given, clientSecretBasic("s"), { fetch });
      login = client.begin({ purpose: "presentation", openid: true });
      const exchange = () => client.exchange(client.finish(login.transaction, `${OP.redirectUri}?code=nid-${count++}&state=${login.state}`));
      if (signer === other) {
        await fails(exchange, { code: "signature_invalid" });
      } else {
        const { claims } = await exchange();
        assert.deepEqual([claims.consent_id, claims.pid, claims.sub], ["3649911c", "14842249091", "s"]);
      }
      assert.deepEqual(requests, [given.tokenEndpoint, jwks_uri]);
    }
  }
  // One made for a page has no keys: a login with openid is refused before its code is sent.
  const fetched = fetchOf(Response.json({}));
  const page = new Client(browser.norskgjeld({ environment: "preprod", clientId: "c", redirectUri: OP.redirectUri }), clientSecretBasic("s"), fetched);
  const { state, transaction } = page.begin({ purpose: "presentation", openid: true });
  await fails(() => page.exchange(page.finish(transaction, `${OP.redirectUri}?code=nid-page&state=${state}`)), { code: "invalid_configuration" });
  assert.equal(fetched.requests.length, 0);
});

test("Keycloak's signed answer, whose issuer stands twice, is taken", async () => {
  const { payload } = servers.find(({ server, at }) => server === "keycloak" && at === "callback");
  assert.equal(payload.match(/"iss":/g).length, 2);
  const key = await SigningKey.generate({ alg: "ES256" });
  const issuer = "https://kc.example/realms/a";
  const made = provider({ ...OP, issuer, clientId: "client", jwksUri: `${issuer}/jwks`, signingAlgorithms: ["ES256"] });
  const client = new Client(made, clientSecretBasic("s"), { jwks: { keys: [{ ...key.publicJwk, alg: "ES256" }] } });
  const { transaction, state } = client.begin({ scope: "read", responseMode: "jwt" });
  const now = Math.floor(Date.now() / 1000);
  const text = payload.replace('"state":"s"', `"state":"${state}"`).replace(/"exp":\d+/, `"exp":${now + 600}`);
  const part = (octets) => Buffer.from(octets).toString("base64url");
  const input = `${part('{"alg":"ES256"}')}.${part(text)}`;
  const answer = (token) => client.finishJarm(transaction, `${OP.redirectUri}?response=${token}`);
  const code = await answer(`${input}.${part(await key.sign(input))}`);
  assert.deepEqual([code.code, code.scope], ["c.d.e", "read"]);
  const { fetch, requests } = fetchOf(answerOf({ body: { access_token: "t", token_type: "Bearer" } }));
  await new Client(made, clientSecretBasic("s"), { fetch }).exchange(code);
  assert.equal(new URLSearchParams(requests[0].body).get("code"), "c.d.e");
});

test("Hydra's logout token is taken by option", async () => {
  const { claims } = servers.find(({ at }) => at === "backchannel");
  const key = await SigningKey.generate({ alg: "ES256" });
  const made = provider({ ...OP, issuer: claims.iss, clientId: "client", jwksUri: "https://hydra.example/jwks", signingAlgorithms: ["ES256"] });
  const part = (octets) => Buffer.from(octets).toString("base64url");
  const input = `${part('{"alg":"ES256"}')}.${part(JSON.stringify({ ...claims, iat: Math.floor(Date.now() / 1000) }))}`;
  const token = `${input}.${part(await key.sign(input))}`;
  const at = (options) => new Client(made, clientSecretBasic("s"), { ...options, jwks: { keys: [{ ...key.publicJwk, alg: "ES256" }] } });
  await fails(() => at({}).logoutToken(token), { code: "claim_refused" });
  assert.equal((await at({ logoutTokenWithoutExp: true }).logoutToken(token)).sid, claims.sid);
});

test("what the conformance suite and NAV's server send is taken", async () => {
  const row = (server, at, cause) => servers.find((one) => one.server === server && one.at === at && (!cause || one.cause === cause));
  const tokens = await GRANTS.authorization_code(clientOf(answerOf(row("suite", "token"))));
  assert.equal(tokens.refreshToken, "WgfZTAmErJMimzRbvWKT1878930919<? _?");
  const document = row("suite", "discovery");
  const found = await discover(document.body.issuer, { clientId: "c", redirectUri: OP.redirectUri, fetch: fetchOf(answerOf(document)).fetch });
  assert.equal(found.tokenEndpoint, document.body.token_endpoint);
  // An address that is not there is no answer: the other one is asked.
  const metadata = { issuer: OP.issuer, token_endpoint: OP.tokenEndpoint, authorization_endpoint: OP.authorizationEndpoint };
  const { fetch, requests } = fetchOf(answerOf(row("nav-mock", "discovery")), answerOf({ body: metadata }));
  assert.equal((await discover(OP.issuer, { clientId: "c", redirectUri: OP.redirectUri, fetch })).issuer, OP.issuer);
  assert.equal(requests.length, 2);
});

test("a debt answer is never lost: members that nobody demands, a number of another kind", async () => {
  const { DebtApi, norskgjeld } = await import("samtykke/norskgjeld");
  const made = norskgjeld({ environment: "preprod", clientId: "c", redirectUri: OP.redirectUri });
  for (const row of read("norskgjeld").debt) {
    const { fetch } = fetchOf(answerOf(row));
    assert.deepEqual(await new DebtApi(made, { token: "t", fetch }).debt(), row.body, row.why);
  }
});

test("no row is passed over", () => {
  const taken = ({ server, at, status, body, lengths }) =>
    (at === "token" && (status || body || lengths)) ||
    ["userinfo", "introspection", "par", "discovery"].includes(at) ||
    ["keycloak callback", "hydra backchannel"].includes(`${server} ${at}`);
  for (const row of servers) assert.ok(taken(row), JSON.stringify(row));
});

test("a debt answer that cannot be read stays on its error, and in no log", async () => {
  const { DebtApi } = await import("samtykke/norskgjeld");
  const given = full.norskgjeld({ environment: "preprod", clientId: "c", redirectUri: OP.redirectUri });
  const body = '{"ssn":14842249091,"loans":[]}';
  const api = new DebtApi(given, { token: "t", fetch: fetchOf(new Response(body, { headers: { "content-type": "application/json" } })).fetch });
  const error = await fails(() => api.debt(), { code: "api_response_malformed" });
  assert.equal(error.raw(), body);
  assert.ok(!`${error.stack} ${JSON.stringify(error)} ${error.message}`.includes("14842249091"));
});
