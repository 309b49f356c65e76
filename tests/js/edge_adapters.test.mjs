// The edge in Node's own server over real HTTP, in Next's parts and in SvelteKit's hook: login, refresh, logout, errors.
// Next and SvelteKit are stood in for by what they call and are called with.
// Refuses to lose a cookie line, to read a body that is the application's, and to hang a login on a visitor's connection.

import assert from "node:assert/strict";
import { createServer, request as send } from "node:http";
import { test } from "node:test";

import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge } from "samtykke/edge";
import { nextEdge } from "samtykke/edge/next";
import { edgeMiddleware, toRequest } from "samtykke/edge/node";
import { edgeHandle } from "samtykke/edge/sveltekit";

import { ENDPOINTS, ISSUER, keycloak } from "../lib/keycloak.mjs";
import { Jar, key } from "./browser.mjs";

async function world(origin, options = {}) {
  const server = await keycloak();
  server.next.life = 30;
  const op = provider({ issuer: ISSUER, ...ENDPOINTS, clientId: "app", redirectUri: `${origin}/callback` });
  const errors = [];
  const edge = createEdge({
    client: new Client(op, clientSecretBasic("s"), { fetch: server.fetch }),
    keys: key(),
    login: { scope: "openid" },
    refresh: "best-effort",
    onError: (error) => errors.push(error),
    ...options,
  });
  return { server, edge, errors };
}

async function listening(t, handler) {
  const server = createServer(handler);
  await new Promise((done) => server.listen(0, "localhost", done));
  t.after(() => (server.closeAllConnections(), server.close()));
  return `http://localhost:${server.address().port}`;
}

test("Node: login, a renewed session with the application's own cookies, logout and an error, over HTTP", async (t) => {
  let middleware;
  const seen = [];
  const origin = await listening(t, (request, response) => {
    response.setHeader("set-cookie", "own=1; Path=/");
    response.setHeader("vary", "Accept");
    middleware(request, response, async (error) => {
      if (error) return response.writeHead(500).end(String(error));
      let body = "";
      for await (const chunk of request) body += chunk;
      seen.push(request.edge);
      return response.end(`${request.edge.session?.claims.sub ?? "nobody"} ${body}`);
    });
  });
  const { server, edge, errors } = await world(origin, { insecureLocalhost: true });
  middleware = edgeMiddleware(edge);
  const jar = new Map();
  const ask = async (path, init = {}) => {
    const response = await fetch(new URL(path, origin), {
      redirect: "manual",
      ...init,
      headers: { cookie: [...jar].map((pair) => pair.join("=")).join("; "), ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split("=");
      if (/Max-Age=0/.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  assert.equal(await (await ask("/")).text(), "nobody ");
  const away = await ask("/login?returnTo=/inside");
  assert.equal(away.status, 303);
  const back = server.authorize(away.headers.get("location"));
  const home = await ask(back.url);
  assert.deepEqual([home.status, home.headers.get("location")], [303, "/inside"], errors.join());
  // A body is the application's, unless the path is the edge's.
  const page = await ask("/inside", { method: "POST", body: "its body" });
  assert.equal(await page.text(), "kari its body");
  assert.equal(server.requests.refresh, 1);
  const lines = page.headers.getSetCookie();
  assert.equal(lines.filter((line) => line.startsWith("samtykke-")).length, 3);
  assert.equal(lines[0], "own=1; Path=/");
  assert.deepEqual([page.headers.get("cache-control"), page.headers.get("vary")], ["private, no-store", "Accept, Cookie"]);
  const got = await ask("/logout");
  assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"]);
  const out = await ask("/logout", { method: "POST", headers: { origin } });
  assert.deepEqual([out.status, out.headers.get("location")], [303, "/"]);
  assert.equal(await (await ask("/")).text(), "nobody ");
  const failed = await ask(back.url, { headers: { "accept-language": "fr, nl-BE;q=0.8, en;q=0.5" } });
  assert.deepEqual([failed.status, failed.headers.get("content-language")], [400, "nl"]);
  assert.match(await failed.text(), /^<!doctype html>[\s\S]*<a href="\/login">Opnieuw beginnen<\/a>[\s\S]*Foutcode: transaction_/);
  assert.ok(seen.length >= 3);
});

test("Node: a visitor who leaves during the login has spent the code for nothing no more", async (t) => {
  let middleware;
  const origin = await listening(t, (request, response) => middleware(request, response, () => response.end("page")));
  const { server, edge } = await world(origin, { insecureLocalhost: true });
  middleware = edgeMiddleware(edge);
  const away = await fetch(`${origin}/login`, { redirect: "manual" });
  const cookie = away.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  let kept;
  const { handle } = edge;
  middleware = edgeMiddleware({ ...edge, handle: async (...given) => (kept = await handle(...given)) });
  let go;
  server.next.wait = new Promise((done) => {
    go = done;
  });
  const leaving = send(server.authorize(away.headers.get("location")).url, { headers: { cookie } });
  leaving.on("error", () => {});
  leaving.end();
  await new Promise((done) => setTimeout(done, 100));
  leaving.destroy();
  await new Promise((done) => setTimeout(done, 50));
  go();
  for (let tries = 0; !kept && tries < 100; tries++) await new Promise((done) => setTimeout(done, 20));
  assert.equal(kept.status, 303);
  assert.equal(kept.headers.getSetCookie().length, 4);
});

test("Node: a body that a parser read, a mounted router, several values of a header", async () => {
  const response = { once: () => {}, writableFinished: true };
  const socket = { encrypted: true };
  const base = {
    method: "POST",
    url: "/callback",
    originalUrl: "/app/callback?x=1",
    socket,
    headers: { host: "a.example", "content-type": "application/x-www-form-urlencoded", "x-two": ["1", "2"], cookie: "a=b" },
  };
  const form = toRequest({ ...base, body: { code: "a b", state: ["s", "t"] } }, response);
  assert.deepEqual(
    [form.url, await form.text(), form.headers.get("x-two"), form.headers.get("cookie")],
    ["https://a.example/app/callback?x=1", "code=a+b&state=s&state=t", "1, 2", "a=b"],
  );
  const json = toRequest({ ...base, headers: { ...base.headers, "content-type": "application/json" }, body: "a code" }, response);
  assert.equal(await json.text(), "a code");
  const octets = toRequest({ ...base, body: Buffer.from("raw") }, response);
  assert.equal(await octets.text(), "raw");
  // No forwarded header is read, and no path makes another origin.
  const plain = toRequest(
    {
      ...base,
      originalUrl: undefined,
      url: "//evil.example/x",
      socket: {},
      headers: { ...base.headers, "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" },
      method: "GET",
    },
    response,
  );
  assert.equal(plain.url, "http://a.example/evil.example/x");
});

test("Next: the proxy renews before anything is rendered, handlers answer the edge's paths, components read", async () => {
  const origin = "https://app.example.no";
  const waited = [];
  const { server, edge } = await world(origin);
  let rendered;
  const NextResponse = { next: (init) => ((rendered = init?.request?.headers.get("cookie")), new Response(null, { headers: { "x-next": "1" } })) };
  let cookie = "";
  const jar = new Jar();
  const headers = async () => new Headers({ cookie });
  const { handlers, proxy, session } = nextEdge(edge, { NextResponse, headers, after: (work) => waited.push(work) });
  const request = (path, init = {}) => new Request(new URL(path, origin), { ...init, headers: { cookie: jar.header(), ...init.headers } });
  const away = jar.take(await handlers.GET(request("/login")));
  jar.take(await handlers.GET(request(server.authorize(away.headers.get("location")).url)));
  assert.ok(waited.length > 0);
  cookie = jar.header();
  const old = cookie;
  assert.equal((await session()).claims.sub, "kari");
  const next = jar.take(await proxy(request("/page")));
  assert.deepEqual([next.headers.get("x-next"), next.headers.get("cache-control"), next.headers.get("vary")], ["1", "private, no-store", "Cookie"]);
  assert.equal(server.requests.refresh, 1);
  assert.notEqual(rendered, old);
  assert.equal(rendered, jar.header());
  cookie = rendered;
  assert.equal((await session()).claims.sub, "kari");
  assert.equal((await handlers.GET(request("/nowhere"))).status, 404);
  jar.take(await proxy(request("/logout", { method: "POST", headers: { "sec-fetch-site": "same-origin" } })));
  cookie = jar.header();
  assert.equal(await session(), null);
});

test("SvelteKit: the hook fills locals, keeps the worker alive and adds its cookies to the page", async () => {
  const origin = "https://app.example.no";
  const { server, edge } = await world(origin);
  const jar = new Jar();
  const handle = edgeHandle(edge);
  const waited = [];
  const ask = async (path, init = {}) => {
    const event = {
      request: new Request(new URL(path, origin), { ...init, headers: { cookie: jar.header(), ...init.headers } }),
      locals: {},
      platform: { ctx: { waitUntil: (work) => waited.push(work) } },
    };
    const response = jar.take(await handle({ event, resolve: async ({ locals }) => new Response(locals.session?.claims.sub ?? "nobody") }));
    return { response, locals: event.locals };
  };
  assert.equal(await (await ask("/")).response.text(), "nobody");
  const away = await ask("/login");
  await ask(server.authorize(away.response.headers.get("location")).url);
  assert.equal(waited.length, 1);
  const page = await ask("/");
  assert.equal(await page.response.text(), "kari");
  assert.equal(server.requests.refresh, 1);
  assert.equal(page.response.headers.getSetCookie().length, 3);
  server.next.fail = "invalid_grant";
  const stale = await ask("/");
  assert.deepEqual([stale.locals.session.claims.sub, stale.locals.sessionError.code], ["kari", "session_stale"]);
});
