// The edge handlers with a server that takes pushed requests alone, private_key_jwt and DPoP: oidc-provider under its FAPI profile.
// FAPI 2.0 Security Profile section 5.3.3; RFC 9126 section 4.
// Refuses a parameter of the request in the browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, SigningKey, discover, privateKeyJwt } from "samtykke";
import { createEdge } from "samtykke/edge";
import { start } from "samtykke-local";

import { REDIRECT_URI, fapiServer } from "../fapi/server.mjs";
import { Jar, assertSafe, key } from "./browser.mjs";

let world;
before(async () => {
  world = await fapiServer();
});
after(() => world.close());

test("a login from a worker: pushed before the person is sent away, then a session of tokens bound to the worker's key", async () => {
  const provider = await discover(world.issuer, {
    clientId: "ES256",
    redirectUri: REDIRECT_URI,
    development: true,
    requireDpop: true,
    signingAlgorithms: ["ES256"],
  });
  const client = new Client(provider, privateKeyJwt(await SigningKey.fromJwk(world.keys.ES256)), { dpop: await SigningKey.generate() });
  const errors = [];
  const edge = createEdge({ client, keys: [key()], returnTo: "/home", onError: (error) => errors.push(error) });
  const jar = new Jar();
  const request = (path) => new Request(new URL(path, REDIRECT_URI), { headers: { cookie: jar.header() } });

  const away = jar.take(await edge.login(request("/login"), { scope: "openid profile" }));
  assert.equal(away.status, 303, errors.join());
  const url = away.headers.get("location");
  assert.deepEqual([...new URL(url).searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const back = await (await fetch(`${world.helper}/walk?url=${encodeURIComponent(url)}`)).text();
  const home = jar.take(await edge.callback(request(back)));
  assertSafe(home);
  assert.deepEqual([home.status, home.headers.get("location")], [303, "/home"], errors.join());
  const { tokens } = await edge.session(request("/home"));
  assert.equal(tokens.tokenType, "DPoP");
  const things = await client.fetch(tokens, { origins: [world.api] })(`${world.api}/things`, { method: "POST", body: "x" });
  assert.equal((await things.json()).person, "ola.nordmann");
  assert.ok(world.seen.some(({ route, status }) => route === "par" && status === 201));
  // The same answer again is nobody's.
  const again = await edge.callback(request(back));
  assert.deepEqual([again.status, again.headers.get("content-type"), again.headers.getSetCookie()], [400, "text/html; charset=utf-8", []]);
});

test("a signed answer, which the callback could not read, is refused before anybody is sent away", async () => {
  const provider = await discover(world.issuer, { clientId: "ES256", redirectUri: REDIRECT_URI, development: true });
  const edge = createEdge({ client: new Client(provider, privateKeyJwt(await SigningKey.fromJwk(world.keys.ES256))), keys: [key()] });
  for (const responseMode of ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]) {
    const answer = await edge.login(new Request("https://rp.example/login"), { scope: "openid", responseMode });
    assert.deepEqual([answer.status, (await answer.json()).code], [400, "invalid_parameter"], responseMode);
  }
});

test("a server that cannot be reached, or refuses the request: the person is told, and no flow is left open", async () => {
  const provider = await discover(world.issuer, { clientId: "ES256", redirectUri: REDIRECT_URI, development: true, requireDpop: true });
  for (const [fetch, error] of [
    [() => Promise.reject(new TypeError("fetch failed")), "network_error"],
    [async () => Response.json({ error: "invalid_request" }, { status: 400 }), "oauth_error"],
  ]) {
    const client = new Client(provider, privateKeyJwt(await SigningKey.fromJwk(world.keys.ES256)), { dpop: await SigningKey.generate(), fetch });
    const edge = createEdge({ client, keys: [key()] });
    const answer = await edge.login(new Request("https://rp.example/login", { headers: { "sec-fetch-mode": "navigate" } }), { scope: "openid" });
    assert.ok(answer.status >= 400);
    assert.ok((await answer.text()).includes(`Error code: ${error}`));
    assert.deepEqual(answer.headers.getSetCookie(), []);
  }
});

test("each login decides whether its request is pushed and whether it is signed", async () => {
  const ORIGIN = "http://localhost:1338";
  const local = await start({ providers: ["mine"], port: 0 });
  try {
    const { issuer, client: registered, requests, login } = local.mine;
    const provider = await discover(issuer, { clientId: registered.clientId, redirectUri: `${ORIGIN}/callback`, development: true });
    const authentication = privateKeyJwt(await SigningKey.fromJwk(registered.privateJwk));
    const begun = async (options, more) => {
      const edge = createEdge({ client: new Client(provider, authentication, more), keys: [key()], insecureLocalhost: true });
      const before = requests("par").length;
      const away = await edge.login(new Request(`${ORIGIN}/login`), { scope: "openid" }, options);
      assert.equal(away.status, 303, away.status === 303 ? "" : await away.text());
      const url = away.headers.get("location");
      const cookie = away.headers
        .getSetCookie()
        .map((line) => line.split(";", 1)[0])
        .join("; ");
      const home = await edge.callback(new Request(await login(url), { headers: { cookie } }));
      assert.equal(home.status, 303, "the login came to nothing");
      return [requests("par").length - before, ["request_uri", "request", "scope"].filter((name) => new URL(url).searchParams.has(name)).join()];
    };
    assert.deepEqual(await begun(), [1, "request_uri"]);
    assert.deepEqual(await begun({ pushedRequests: false }), [0, "scope"]);
    assert.deepEqual(await begun({ pushedRequests: false, requestObject: true }), [0, "request"]);
    assert.deepEqual(await begun({ requestObject: true }), [1, "request_uri"]);
    assert.ok(requests("par").at(-1).form.request, "it was not signed");
    assert.deepEqual(await begun({}, { pushedRequests: false }), [0, "scope"]);
    assert.deepEqual(await begun({ pushedRequests: true }, { pushedRequests: false }), [1, "request_uri"]);
  } finally {
    await local.close();
  }
});
