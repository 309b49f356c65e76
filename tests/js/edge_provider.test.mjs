// The edge with oidc-provider: discovery, a level that is demanded, rotating refresh tokens, userinfo, revocation, logout both ways.
// OpenID Connect Core, RP-Initiated Logout 1.0, Back-Channel Logout 1.0; grants, tokens and logout tokens are oidc-provider's own.
// Refuses what oidc-provider refuses, such as a refresh token that comes twice.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { Client, clientSecretBasic, discover } from "samtykke";
import { createEdge } from "samtykke/edge";
import { storedSessions } from "samtykke/edge/store";
import { memoryStore } from "samtykke/tokens";

import { Jar, ORIGIN, key } from "./browser.mjs";

URL.parse ??= (input, base) => (URL.canParse(input, base) ? new URL(input, base) : null);

const SECRET = "a-secret-of-the-app-and-nobody-elses";
const ACR = "urn:example:loa:high";
const seen = [];
let issuer;
let server;
let backchannel = async () => new Response(null, { status: 404 });

before(async () => {
  const { warn } = console;
  console.warn = () => {};
  const { Provider } = await import("oidc-provider");
  server = createServer((request, response) =>
    request.url.startsWith("/interaction/") ? interact(request, response) : provider.callback()(request, response),
  );
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "app",
        client_secret: SECRET,
        redirect_uris: [`${ORIGIN}/callback`],
        post_logout_redirect_uris: [`${ORIGIN}/bye`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        backchannel_logout_uri: `${ORIGIN}/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    acrValues: [ACR, "urn:example:loa:low"],
    claims: { openid: ["sub", "acr", "sid"], profile: ["name"] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    conformIdTokenClaims: true,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      userinfo: { enabled: true },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form;
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = "out";
        },
      },
    },
    // How the server reaches the application.
    fetch: async (url, { method, body, headers }) => backchannel(new Request(url, { method, body, headers })),
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Ola Nordmann" }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: () => true,
    ttl: { AccessToken: 30, AuthorizationCode: 60, Grant: 600, IdToken: 300, Interaction: 600, RefreshToken: 600, Session: 600 },
  });
  console.warn = warn;
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.method === "POST") seen.push(`${ctx.path} ${ctx.status}`);
  });

  async function interact(request, response) {
    const { params, prompt, session, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") return provider.interactionFinished(request, response, { login: { accountId: "ola", acr: params.login_hint ?? ACR } });
    const grant = (grantId && (await provider.Grant.find(grantId))) || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** A person's browser: cookies of the server and of the application, links and forms. */
function person(edge) {
  const [own, theirs] = [new Jar(), new Map()];
  const request = (path, { headers, ...init } = {}) => new Request(new URL(path, ORIGIN), { ...init, headers: { cookie: own.header(), ...headers } });
  async function go(url, init) {
    for (let steps = 0; steps < 12; steps++) {
      if (url.startsWith(ORIGIN)) return url;
      const response = await fetch(url, {
        ...init,
        redirect: "manual",
        headers: { ...init?.headers, cookie: [...theirs].map((pair) => pair.join("=")).join("; ") },
      });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        theirs.set(name, value);
      }
      const next = response.headers.get("location");
      if (!next) return { status: response.status, text: await response.text() };
      url = new URL(next, url).href;
      init = undefined;
    }
    throw new Error("round and round");
  }
  async function signIn(what = {}) {
    const away = own.take(await edge.login(request("/login"), { scope: "openid profile offline_access", prompt: "consent", acrValues: [ACR], ...what }));
    return own.take(await edge.callback(request(await go(away.headers.get("location")))));
  }
  return { own, request, go, signIn };
}

async function edgeOf(options = {}) {
  const errors = [];
  const make = async () => {
    const provider = await discover(issuer, { clientId: "app", redirectUri: `${ORIGIN}/callback`, development: true });
    return createEdge({
      client: new Client(provider, clientSecretBasic(SECRET)),
      keys: KEYS,
      postLogoutRedirectUri: `${ORIGIN}/bye`,
      onError: (error) => errors.push(error),
      ...options,
    });
  };
  return { edges: await Promise.all([make(), make()]), errors };
}
const KEYS = key();

for (const [name, options] of [
  ["cookies", { refresh: "best-effort" }],
  ["a store", { store: storedSessions(memoryStore()) }],
]) {
  test(`oidc-provider: login at a level, refresh in two isolates at once, userinfo and logout, from ${name}`, async () => {
    const { edges, errors } = await edgeOf(options);
    const { own, request, go, signIn } = person(edges[0]);
    const home = await signIn();
    assert.deepEqual([home.status, home.headers.get("location")], [303, "/"], errors.join());
    const session = await edges[1].session(request("/"));
    assert.deepEqual([session.claims.sub, session.claims.acr], ["ola", ACR]);
    seen.length = 0;
    // The access token lives for 30 seconds, so that it is due.
    const both = await Promise.all([edges[0], edges[1], edges[0], edges[1]].map((edge) => edge.refresh(request("/"))));
    assert.deepEqual(seen, ["/token 200"]);
    for (const { cookies } of both) own.take(edges[0].answer(new Response(), cookies));
    const renewed = await edges[1].session(request("/"));
    assert.notEqual(renewed.tokens.accessToken, session.tokens.accessToken);
    const provider = await discover(issuer, { clientId: "app", redirectUri: `${ORIGIN}/callback`, development: true });
    assert.equal((await new Client(provider, clientSecretBasic(SECRET)).userinfo(renewed.tokens)).name, "Ola Nordmann");
    own.take(edges[0].answer(new Response(), (await edges[0].refresh(request("/"), { always: true })).cookies));
    assert.deepEqual(errors, []);
    const out = own.take(await edges[1].logout(request("/logout", { method: "POST", headers: { origin: ORIGIN } })));
    assert.equal(await edges[0].session(request("/")), null);
    const page = await go(out.headers.get("location"));
    assert.equal(page.status, 200, page.text);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)[1];
    const back = await go(new URL("/session/end/confirm", issuer).href, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ xsrf, logout: "yes" }).toString(),
    });
    assert.ok(`${back}`.startsWith(`${ORIGIN}/bye?state=`), `${JSON.stringify(back)}`);
    own.take(await edges[0].loggedOut(request(back)));
    assert.ok([...own.cookies.keys()].every((cookie) => cookie.endsWith("-over")));
    assert.deepEqual(errors, []);
    assert.ok(seen.includes("/token/revocation 200"));
  });
}

test("oidc-provider: a lower level than was demanded is no login", async () => {
  const { edges, errors } = await edgeOf({ errorPath: "/failed" });
  const { own, request, signIn } = person(edges[0]);
  const home = await signIn({ extra: { login_hint: "urn:example:loa:low" } });
  assert.equal(home.headers.get("location"), "/failed?error=claim_refused&action=restart");
  assert.match(errors[0].expected, /^acr/);
  assert.equal(await edges[0].session(request("/")), null);
  assert.equal(own.cookies.size, 0);
  const wish = person(edges[0]);
  await wish.signIn({ extra: { login_hint: "urn:example:loa:low" }, acrOptional: true });
  assert.equal((await edges[0].session(wish.request("/"))).claims.acr, "urn:example:loa:low");
});

test("oidc-provider: its logout token ends the session in every isolate", async () => {
  const { edges, errors } = await edgeOf({ store: storedSessions(memoryStore()), backchannelLogout: true });
  const first = person(edges[0]);
  const second = person(edges[1]);
  for (const { signIn } of [first, second]) await signIn();
  assert.ok(await edges[1].session(first.request("/")));
  const { claims, tokens } = await edges[0].session(first.request("/"));
  assert.ok(claims.sid, "no sid to tell sessions apart");
  let told;
  backchannel = async (request) => (told = await edges[1].backchannelLogout(request));
  const url = new Client(
    await discover(issuer, { clientId: "app", redirectUri: `${ORIGIN}/callback`, development: true }),
    clientSecretBasic(SECRET),
  ).logoutUrl({ idTokenHint: tokens.idToken, postLogoutRedirectUri: `${ORIGIN}/bye` }).url;
  const page = await first.go(url);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)[1];
  await first.go(new URL("/session/end/confirm", issuer).href, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ xsrf, logout: "yes" }).toString(),
  });
  for (let tries = 0; !told && tries < 100; tries++) await new Promise((done) => setTimeout(done, 20));
  assert.equal(told?.status, 200, errors.join());
  assert.equal(await edges[0].session(first.request("/")), null);
  assert.equal((await edges[0].session(second.request("/"))).claims.sub, "ola");
});
