// The local providers say what the real ones were seen to say: each row of tests/reality that one of them can give, given by it.
// Ids of requests are made up anew each time, so they are taken out before words are compared.
// Refuses a copy of the rows that differs from the tests' own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { SignJWT, exportJWK, generateKeyPair, importJWK } from "jose";
import { start } from "samtykke-local";
import { SERVERS } from "samtykke-local/internal/generic/like.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../reality/${name}.json`, import.meta.url), "utf8"));
const { rows } = read("servers");
const likes = SERVERS.filter((like) => like !== "suite");
const providers = Object.fromEntries(likes.map((like) => [like, { like }]));
const local = await start({ providers: ["maskinporten", "halland", ...likes], config: { providers } });
after(() => local.close());

const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const post = async (url, form, headers = {}) => {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form).toString(), headers: { ...FORM, ...headers }, redirect: "manual" });
  return { status: response.status, headers: response.headers, text: await response.text() };
};
/** Without the ids that are new each time, and without what a scope or an organisation is called. */
const words = (text) =>
  text
    .replace(/\((trace_id|correlation id): [\w-]+\)/, "($1)")
    .replace(/(scope|client,) [a-z]\w*:\w+(?:\/\w+)?/, "$1 …")
    .replace(/Consumer \d{9}/, "Consumer …")
    .replace(/supplier \d{9}/, "supplier …");

test("the package's copy of the rows is the tests' own", () => {
  const copy = readFileSync(fileURLToPath(import.meta.resolve("samtykke-local/internal/generic/servers.json")), "utf8");
  assert.equal(copy, readFileSync(new URL("../reality/servers.json", import.meta.url), "utf8"));
});

test("each recorded error of Maskinporten's token endpoint comes in its recorded form", async () => {
  const { environment, clients, next, control } = local.maskinporten;
  const [{ clientId, privateJwk }] = clients;
  const assertion = async (claims = {}, header = {}) =>
    new SignJWT({ aud: environment.issuer, iss: clientId, scope: "local:read", jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: "RS256", kid: privateJwk.kid, ...header })
      .setIssuedAt()
      .setExpirationTime("100s")
      .sign(await importJWK(privateJwk, "RS256"));
  control.store.setScope("local:closed", "991825827", true, { name: "local:closed", delegation_source: "https://tt02.altinn.no/" });
  control.store.setScope("local:asked", "991825827", true, { name: "local:asked", delegation_source: "https://tt02.altinn.no/" });
  control.store.setAccess({ scope: "local:asked", consumer_orgno: "889640782", state: "APPROVED", owner_orgno: "991825827" });
  const { jwks, ...client } = control.store.client(clientId);
  control.store.setClient(clientId, client.org, true, { ...client, scopes: [...client.scopes, "local:closed", "local:asked"] });
  const used = await assertion();
  await post(environment.tokenEndpoint, { grant_type: GRANT, assertion: used });
  const causes = [
    async () => (next({ fault: "MP-121" }), assertion()),
    () => assertion({ scope: "local:unknown" }),
    async () => used,
    () => assertion({}, { kid: "another" }),
    () => assertion({ scope: "local:closed" }),
    () => assertion({ scope: "local:asked", consumer_org: "889640782" }),
    () => assertion({ aud: "https://other.example/" }),
  ];
  const recorded = read("maskinporten").token_errors;
  assert.equal(recorded.length, causes.length);
  for (const [at, row] of recorded.entries()) {
    const { status, text } = await post(environment.tokenEndpoint, { grant_type: GRANT, assertion: await causes[at]() });
    const body = JSON.parse(text);
    assert.deepEqual([status, body.error], [row.status, row.body.error], text);
    assert.equal(words(body.error_description), words(row.body.error_description));
    // The row of the audience was seen without its link.
    const id = row.body.error_uri?.split("/").at(-1);
    if (id) assert.equal(body.error_uri.split("/").at(-1), id);
  }
});

test("each recorded error of AD FS comes in its recorded form", async () => {
  const { issuer, next } = local.halland;
  for (const { status, body } of read("adfs").errors) {
    next({ endpoint: "token", fault: body.error_description.split(":")[0] });
    const answer = await post(`${issuer}/oauth2/token/`, {});
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [status, body]);
  }
});

test("each recorded answer of another server is one that can be asked for, octet for octet", async () => {
  let seen = 0;
  for (const like of likes) {
    for (const row of rows.filter(({ server, status, at }) => server === like && status && at !== "callback")) {
      const { issuer, next } = local[like];
      next({ endpoint: row.at, fault: row.cause });
      const paths = { discovery: "/.well-known/openid-configuration", introspection: "/introspect" };
      const url = issuer + (paths[row.at] ?? `/${row.at}`);
      const response = await (row.at === "discovery" || row.at === "userinfo" ? fetch(url) : fetch(url, { method: "POST" }));
      const { body = "" } = row;
      assert.equal(response.status, row.status, row.cause);
      assert.equal(await response.text(), typeof body === "object" ? JSON.stringify(body) : body, row.cause);
      assert.equal(response.headers.get("www-authenticate"), row["www-authenticate"] ?? null);
      seen += 1;
    }
  }
  assert.ok(seen > 20, `${seen} rows`);
});

test("and comes by itself where its cause is real", async () => {
  const told = (like, cause) => rows.find((row) => row.server === like && row.cause === cause);
  const asked = async (like, path, form, headers) => {
    const { status, text } = await post(local[like].issuer + path, form, headers);
    return { status, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const same = (answer, { status, body }, what) => assert.deepEqual(answer, { status, body }, what);
  const wrong = { grant_type: "client_credentials", client_id: "local-secret", client_secret: "wrong" };
  for (const like of ["keycloak", "spring", "hydra"]) same(await asked(like, "/token", wrong), told(like, "wrong secret"), like);
  same(await asked("keycloak", "/token", { ...wrong, client_id: "nobody" }), told("keycloak", "unknown or disabled client"));
  same(await asked("keycloak", "/nowhere", {}), told("keycloak", "wrong address"));
  same(await asked("hydra", "/nowhere", {}), told("hydra", "wrong path"));
  same(await asked("spring", "/par", { client_id: "local-page" }), told("spring", "public client"));
  const basic = { authorization: `Basic ${Buffer.from(`local-secret:${encodeURIComponent(local.zitadel.clients[1].secret)}`).toString("base64")}` };
  same(await asked("zitadel", "/introspect", { token: "t", client_id: "local-secret", client_secret: "s" }), told("zitadel", "client_secret_post"));
  assert.deepEqual(await asked("zitadel", "/introspect", { token: "t" }, basic), { status: 200, body: { active: false } });
  const exchange = { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", subject_token: "rubbish", subject_token_type: "x" };
  same(await asked("nav-mock", "/token", { ...exchange, client_id: "local-page" }), told("nav-mock", "token exchange of rubbish"));
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  assert.ok(await exportJWK(publicKey));
  const now = Math.floor(Date.now() / 1000);
  const client_assertion = (iat) =>
    new SignJWT({ iss: "local-client", sub: "local-client", aud: local.keycloak.issuer, jti: crypto.randomUUID(), iat, exp: iat + 60 })
      .setProtectedHeader({ alg: "ES256" })
      .sign(privateKey);
  const byKey = async (iat) =>
    asked("keycloak", "/token", {
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await client_assertion(iat),
    });
  same(await byKey(now), told("keycloak", "key not registered"));
  same(await byKey(now + 3600), told("keycloak", "clock an hour ahead"));
  const dead = await fetch(`${local.hydra.issuer}/userinfo`, { headers: { authorization: "Bearer dead" } });
  assert.equal(dead.headers.get("www-authenticate"), told("hydra", "dead token")["www-authenticate"]);
  const head = await fetch(`${local["nav-mock"].issuer}/.well-known/oauth-authorization-server`);
  assert.equal(head.status, 405);
});
