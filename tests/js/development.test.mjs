// Servers of a developer's: those of this machine by `development: true`, and any at origins that are named, in every entry but the
// page's, which has room for the first alone.
// Refuses them where they were not named, and what is no origin.

import assert from "node:assert/strict";
import { test } from "node:test";
import { adfs } from "samtykke/adfs";
import { HallandApi } from "samtykke/halland";
import { Client, JwksCache, discover, none, protectedResource, provider, serverMetadata } from "samtykke";
import { begin, finish, provider as pageProvider } from "samtykke/browser";
import { exchange } from "samtykke/exchange";
import { TokenSource } from "samtykke/tokens";

const ISSUER = "http://keycloak:8080/realms/x";
const ORIGIN = "http://keycloak:8080";
const OP = { issuer: ISSUER, authorizationEndpoint: `${ISSUER}/a`, tokenEndpoint: `${ISSUER}/t`, clientId: "c", redirectUri: "https://rp.example/cb" };
const LOCAL = { ...OP, issuer: "http://localhost:8080", authorizationEndpoint: "http://localhost:8080/a", tokenEndpoint: "http://localhost:8080/t" };
const DOCUMENT = { issuer: ISSUER, authorization_endpoint: OP.authorizationEndpoint, token_endpoint: OP.tokenEndpoint, jwks_uri: `${ISSUER}/jwks` };
const json = (value) => new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
const refused = (code) => (error) => error.code === code;
const TOKENS = { access_token: "a.b", token_type: "Bearer", expires_in: 60 };
const API = "http://api:9000/v1";
/** What answers at these addresses, and what was asked there. */
function servers() {
  const seen = [];
  const fetch = async (input) => {
    const url = String(input?.url ?? input);
    seen.push(url);
    if (url.includes("/.well-known/"))
      return json(url.startsWith(API) || url.includes("protected-resource") ? { resource: API, authorization_servers: [ISSUER] } : DOCUMENT);
    if (url === DOCUMENT.jwks_uri) return json({ keys: [] });
    return url === OP.tokenEndpoint ? json(TOKENS) : json({ ok: true });
  };
  return { seen, fetch };
}

/** Each call by which a server is named: what is done with it, by the option given. */
const CALLS = {
  provider: (development) => provider({ ...OP, development }),
  adfs: (development) => adfs({ issuer: `${ORIGIN}/adfs`, clientId: "c", redirectUri: OP.redirectUri, development }),
  discover: (development) => discover(ISSUER, { clientId: "c", redirectUri: OP.redirectUri, development, fetch: servers().fetch }),
  serverMetadata: (development) => serverMetadata(ISSUER, { development, fetch: servers().fetch }),
  protectedResource: (development) =>
    protectedResource(API, { development: Array.isArray(development) ? [...development, ORIGIN] : development, fetch: servers().fetch }),
  HallandApi: (development) =>
    new HallandApi({ origins: ["http://api:9000"], token: async () => "a.b", subscriberKey: "k", development, fetch: servers().fetch }).fetch(API),
  TokenSource: (development) =>
    new TokenSource({
      request: async () => ({ accessToken: "a", tokenType: "Bearer", expiresIn: 60 }),
      issuer: ISSUER,
      clientId: "c",
      development,
      fetch: servers().fetch,
    }).fetch(
      { scope: "read" },
      { origins: ["http://api:9000"] },
    )(API),
};

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}: http to a server that is named, and to no other`, async () => {
    const origins = [ORIGIN, "http://api:9000"];
    await call(origins);
    for (const other of [undefined, true, ["http://other:8080"], ["http://keycloak:8081", "http://api:9001"], ["https://keycloak:8080", "https://api:9000"]])
      await assert.rejects(
        async () => call(other),
        (error) => error.action === "fix_configuration" && error.phase !== "runtime",
        `${other}`,
      );
  });
}

test("what is no origin is refused by name where it is given", async () => {
  for (const odd of ["keycloak:8080", "http://keycloak:8080/realms", "http://keycloak:8080/", "ftp://keycloak", "true", ""]) {
    const named = (error) => error.code === "invalid_configuration" && /^development: origins/.test(error.expected);
    assert.throws(() => provider({ ...OP, development: [ORIGIN, odd] }), named, odd);
    await assert.rejects(serverMetadata(ISSUER, { development: [ORIGIN, odd] }), named, odd);
    await assert.rejects(protectedResource(API, { development: [ORIGIN, odd] }), named, odd);
  }
});

test("a server of this machine is 127.0.0.0/8, [::1], localhost or a name under it", () => {
  const at = (origin) => ({ ...OP, issuer: origin, authorizationEndpoint: `${origin}/a`, tokenEndpoint: `${origin}/t` });
  for (const origin of ["http://127.3.2.1:8080", "http://[::1]:8080", "http://localhost", "http://op.localhost:9"]) {
    assert.equal(provider({ ...at(origin), development: true }).issuer, origin);
    assert.equal(provider({ ...at(origin), development: [ORIGIN] }).issuer, origin);
    assert.throws(() => provider(at(origin)), refused("invalid_configuration"), origin);
  }
  for (const origin of ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:9"]) {
    assert.equal(pageProvider({ ...at(origin), development: true }).issuer, origin);
    assert.throws(() => pageProvider(at(origin)), refused("invalid_configuration"), origin);
  }
  for (const origin of ["http://127.evil.example", "http://notlocalhost", "http://10.0.0.1", "http://keycloak:8080"]) {
    for (const make of [provider, pageProvider]) assert.throws(() => make({ ...at(origin), development: true }), refused("invalid_configuration"), origin);
  }
});

test("a flow with a named server goes from its begin to the exchange, and calls its API", async () => {
  const op = provider({ ...OP, development: [ORIGIN, "http://api:9000"] });
  const begun = begin(op, { scope: "read" });
  assert.ok(begun.url.startsWith(`${ISSUER}/a?`));
  const code = finish(op, begun.transaction, `${OP.redirectUri}?code=${begun.state}&state=${begun.state}`);
  const page = servers();
  assert.equal((await exchange(op, code, { fetch: page.fetch })).accessToken, "a.b");
  assert.deepEqual(page.seen, [OP.tokenEndpoint]);
  const { seen, fetch } = servers();
  const client = new Client(provider({ ...OP, development: [ORIGIN, "http://api:9000"], freeResource: true }), none(), { fetch });
  const login = await client.start({ scope: "read" });
  const tokens = await client.exchange(client.finish(login.transaction, `${OP.redirectUri}?code=b&state=${login.state}`));
  assert.equal((await client.fetch(tokens, { origins: ["http://api:9000"] })(API)).status, 200);
  assert.deepEqual(seen, [OP.tokenEndpoint, API]);
});

test("keys of a named server are fetched, by the provider's word or the cache's", async () => {
  const token = `${Buffer.from('{"alg":"RS256","kid":"a"}').toString("base64url")}.e30.AAAA`;
  for (const [cache, marks] of [
    [{}, provider({ ...OP, development: [ORIGIN] }).flags],
    [{ development: [ORIGIN] }, undefined],
  ]) {
    const { seen, fetch } = servers();
    await assert.rejects(new JwksCache({ ...cache, fetch }).at(DOCUMENT.jwks_uri, marks).find(token, "RS256", "a"), refused("key_not_found"));
    assert.deepEqual(seen, [DOCUMENT.jwks_uri]);
  }
  const { fetch } = servers();
  await assert.rejects(new JwksCache({ development: true, fetch }).at(DOCUMENT.jwks_uri).find(token, "RS256", "a"), refused("invalid_configuration"));
});

test("an app's own scheme brings the answer back, in the page too", () => {
  for (const redirectUri of ["com.example.app:/cb", "app.x:///cb"]) {
    for (const make of [provider, pageProvider]) {
      const op = make({ ...LOCAL, redirectUri, development: true });
      const login = begin(op, { scope: "read" });
      assert.ok(login.url.includes(`redirect_uri=${encodeURIComponent(redirectUri)}`));
      assert.throws(() => finish(op, login.transaction, `com.example.other:/cb?code=a&state=${login.state}`), refused("callback_wrong_redirect_uri"));
      const again = begin(op, { scope: "read" });
      assert.ok(finish(op, again.transaction, `${redirectUri}?code=a&state=${again.state}`));
    }
  }
  for (const redirectUri of ["app:/cb", "javascript:alert(1)", "data:text/html,x", "com.example.app", "http://rp.example/cb", "a.b/c:d"])
    for (const make of [provider, pageProvider])
      assert.throws(() => make({ ...LOCAL, redirectUri, development: true }), refused("invalid_configuration"), redirectUri);
});
