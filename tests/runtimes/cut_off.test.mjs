// workerd, where nothing goes on for a request whose connection was cut: the one that happened to begin what others share ends,
// and they wait for what never comes. Repeatable work is taken over, a refresh has an end. Each request and each store of an exchange,
// a refresh and a session is one at which a connection is reset.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as jose from "jose";
import { Miniflare } from "miniflare";
import { bundleWorker } from "./workerd.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();

/** The servers of cases: each under its own path, and each holds one of the requests that reach it, its store's among them. */
class Plays {
  #cases = new Map();

  constructor(privateKey, jwk) {
    Object.assign(this, { privateKey, jwk });
  }

  /** A case whose `at`th request is held; `held` settles when it is there. */
  begin(name, at) {
    const one = { at, asked: [], spent: [], stored: [], given: undefined };
    one.held = new Promise((done) => (one.hold = done));
    this.#cases.set(name, one);
    return one;
  }

  async answer(request, response) {
    const [, name, ...rest] = request.url.split("/");
    const path = rest.join("/");
    const issuer = `http://${request.headers.host}/${name}`;
    const one = this.#cases.get(name);
    const json = (value, status = 200, more = {}) => response.writeHead(status, { "content-type": "application/json", ...more }).end(JSON.stringify(value));
    if (path.startsWith(".well-known")) {
      const at = (path) => `${issuer}/${path}`;
      const endpoints = {
        authorization_endpoint: at("authorize"),
        token_endpoint: at("token"),
        pushed_authorization_request_endpoint: at("par"),
        jwks_uri: at("jwks"),
      };
      return json({ issuer, ...endpoints });
    }
    const body = (await request.toArray()).join("");
    const form = new URLSearchParams(body);
    const proof = request.headers.dpop && jose.decodeJwt(request.headers.dpop);
    const challenged = path === "token" && proof && !proof.nonce;
    const spends = form.get("code") ?? form.get("refresh_token");
    if (path === "token" && !challenged) one.spent.push(spends);
    if (path === "store") one.stored.push(body);
    one.asked.push(path);
    if (one.asked.length === one.at) return one.hold();
    if (path === "jwks") return json({ keys: [this.jwk] });
    if (path === "store") return json({});
    if (challenged) return json({ error: "use_dpop_nonce" }, 400, { "dpop-nonce": "n-1" });
    const now = Math.floor(Date.now() / 1000);
    const id_token = await new jose.SignJWT({ nonce: form.get("code") ?? undefined, sub: "somebody" })
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setIssuer(issuer)
      .setAudience("client-1")
      .setIssuedAt(now)
      .setExpirationTime(now + 3600)
      .sign(this.privateKey);
    one.given = `refresh token of ${name}`;
    return json({ access_token: "new", token_type: proof ? "DPoP" : "Bearer", refresh_token: one.given, id_token });
  }
}

/** A server that never answers the first request to each held path. */
async function startServer(t) {
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256");
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: "1" };
  const seen = new Map();
  const waiting = new Map();
  const plays = new Plays(privateKey, jwk);
  const metadata = (issuer) => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
  });
  const server = createServer(async (request, response) => {
    const { url } = request;
    if (url.startsWith("/case-")) return plays.answer(request, response);
    const count = (seen.get(url) ?? 0) + 1;
    seen.set(url, count);
    const json = (value) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (url.startsWith("/open/.well-known")) return json(metadata(`${origin}/open`));
    if (count === 1) return waiting.get(url)?.();
    if (url === "/keys") return json({ keys: [jwk] });
    if (url.startsWith("/held/.well-known")) return json(metadata(`${origin}/held`));
    json({ access_token: `token ${count}`, token_type: "Bearer" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const now = Math.floor(Date.now() / 1000);
  const token = await new jose.SignJWT({})
    .setProtectedHeader({ alg: "RS256", kid: "1" })
    .setIssuer(origin)
    .setAudience("client-1")
    .setSubject("somebody")
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(privateKey);
  return { origin, token, seen, plays, held: (path) => new Promise((done) => waiting.set(path, done)) };
}

async function startWorker(t) {
  const modules = await bundleWorker(fileURLToPath(new URL("cut_off/worker.mjs", import.meta.url)));
  const worker = new Miniflare({ modules, modulesRoot: "/", compatibilityDate: "2026-07-01", cf: false });
  t.after(() => worker.dispose());
  return worker.ready;
}

/** A request whose client resets the connection as soon as the server has what the worker asked it. */
async function cutOff(at, path, held) {
  const socket = connect(Number(at.port), at.hostname);
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  const answered = once(socket, "data").then(([octets]) => assert.fail(`answered: ${octets}`));
  await Promise.race([held, answered]);
  const closed = once(socket, "close");
  answered.catch(() => {});
  socket.resetAndDestroy();
  await closed;
  // Until workerd knows.
  await new Promise((next) => setTimeout(next, 300));
}

/** What a request got, and after how many milliseconds. */
async function ask(at, path) {
  const began = performance.now();
  const answer = await fetch(new URL(path, at), { signal: AbortSignal.timeout(20_000) }).then(
    (response) => response.json(),
    (error) => ({ hung: error.name }),
  );
  return { ...answer, took: performance.now() - began };
}

const three = (at, path) => Promise.all(["B", "C", "D"].map(() => ask(at, path)));
const what = (answers) => answers.map(({ took: _, ...facts }) => facts);

test("requests that wait for one which was cut off: key set, metadata, a refresh, a session's", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const at = await startWorker(t);
  const query = `origin=${encodeURIComponent(server.origin)}&token=${encodeURIComponent(server.token)}`;
  assert.equal((await ask(at, `/ready?${query}`)).value, "ready");

  await t.test("a key set is fetched by whoever waits", async () => {
    await cutOff(at, `/keys?${query}`, server.held("/keys"));
    const answers = await three(at, `/keys?${query}`);
    assert.deepEqual(what(answers), Array(3).fill({ value: "somebody" }));
    assert.ok(answers.every(({ took }) => took < 6_000));
    assert.equal(server.seen.get("/keys"), 2, "once for all who waited");
  });

  await t.test("so is metadata", async () => {
    const path = "/held/.well-known/openid-configuration";
    await cutOff(at, `/metadata?${query}`, server.held(path));
    const answers = await three(at, `/metadata?${query}`);
    assert.deepEqual(what(answers), Array(3).fill({ value: "function" }));
    assert.ok(answers.every(({ took }) => took < 6_000));
    assert.equal(server.seen.get(path), 2);
  });

  await t.test("a refresh is never sent again: a timeout after its lease, and at once from then on", async () => {
    await cutOff(at, `/refresh?${query}`, server.held("/refresh"));
    const late = Array(3).fill({ code: "timeout", action: "restart" });
    const answers = await three(at, `/refresh?${query}`);
    assert.deepEqual(what(answers), late);
    assert.ok(answers.every(({ took }) => took < 6_000));
    const later = await three(at, `/refresh?${query}`);
    assert.deepEqual(what(later), late);
    assert.ok(
      later.every(({ took }) => took < 1_000),
      `${later.map(({ took }) => took)}`,
    );
    assert.equal(server.seen.get("/refresh"), 1);
  });

  await t.test("nor is a session's, whose other tokens end with it", async () => {
    await cutOff(at, `/session?${query}`, server.held("/open/token"));
    const late = Array(3).fill({ code: "timeout", action: "restart" });
    const [same, others] = await Promise.all([three(at, `/session?${query}`), three(at, `/session?resource=nhn:b&${query}`)]);
    assert.deepEqual(what(same), late);
    assert.deepEqual(what(others), late);
    assert.ok([...same, ...others].every(({ took }) => took < 12_000));
    const later = await three(at, `/session?resource=nhn:b&${query}`);
    assert.deepEqual(what(later), late);
    assert.ok(later.every(({ took }) => took < 1_000));
    assert.equal(server.seen.get("/open/token"), 1);
  });
});

/** What each flow asks of its server and its store, in turn. */
const ASKED = {
  exchange: ["token", "token", "jwks"],
  refresh: ["token", "token", "store", "jwks"],
  session: ["token", "token", "store", "jwks", "store"],
};

test("connections reset at each request and each store of an exchange, a refresh and a session", { timeout: 240_000, concurrency: true }, async (t) => {
  const server = await startServer(t);
  const at = await startWorker(t);
  const began = performance.now();
  let points = 0;
  const made = async (flow, point) => {
    const name = `case-${flow}-${point}`;
    const one = server.plays.begin(name, point);
    const query = new URLSearchParams({ origin: server.origin, name, flow });
    assert.equal((await ask(at, `/play?${query}`)).value, "made");
    return { one, path: `/flow?${query}` };
  };
  for (const flow of Object.keys(ASKED)) {
    // The list of points is what a run that nothing befalls has asked.
    const { one, path } = await made(flow, 0);
    assert.deepEqual(what([await ask(at, path)]), [{ value: "new" }]);
    assert.deepEqual(one.asked, ASKED[flow]);
    // All at once: each has a server, a client and a store of its own.
    const each = [...one.asked.keys()].map((point) =>
      t.test(`${flow}: at its request ${point + 1}, ${one.asked[point]}`, async () => {
        const { one, path } = await made(flow, point + 1);
        await cutOff(at, path, one.held);
        const answers = [...(await three(at, path)), await ask(at, path)];
        // What is spent is not sent again; who waits or comes later is told so, and in time.
        for (const { code, action, took } of answers) {
          assert.ok(["timeout", "transaction_used"].includes(code), `${code}`);
          assert.equal(action, "restart");
          assert.ok(took < 12_000, `${took}`);
        }
        assert.ok(answers.at(-1).took < 2_000, "at once from then on");
        assert.ok(one.spent.length <= 1, `${one.spent}`);
        // A refresh token that came whole is stored before anything else.
        if (one.given && flow !== "exchange") assert.deepEqual([...new Set(one.stored)], [one.given]);
        points += 1;
      }),
    );
    await Promise.all(each);
  }
  console.log(`connections reset in workerd: 3 flows, ${points} points, ${((performance.now() - began) / 1000).toFixed(1)} s`);
});
