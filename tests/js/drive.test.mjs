// Driving a flow on bad days: what was won is not lost, what was spent is not sent again, and every wait ends.
// RFC 9700 section 4.14.2 (rotation), RFC 6749 section 4.1.2 (a code once), RFC 9110 section 9.2.2 (what may be repeated).

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { inspect } from "node:util";
import * as jose from "jose";
import { Client, SigningKey, clientSecretBasic, none, privateKeyJwt, provider } from "samtykke";

import { TOKEN, fails, fetchOf, json } from "./support.mjs";

const OP = "https://op.example";
const settings = {
  issuer: OP,
  authorizationEndpoint: `${OP}/authorize`,
  tokenEndpoint: `${OP}/token`,
  userinfoEndpoint: `${OP}/userinfo`,
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
  jwksUri: `${OP}/jwks`,
};
const op = provider(settings);
const secret = clientSecretBasic("correct horse");
const body = (more = {}) => ({ access_token: TOKEN, token_type: "Bearer", expires_in: 60, ...more });
const tokens = (more) => json(body(more));
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

// One process remembers what it has spent, so each test has tokens of its own.
let count = 0;
const fresh = (name) => `${name}-${process.pid}-${(count += 1)}`;

function code(client) {
  const login = client.begin({ scope: "read" });
  return client.finish(login.transaction, `${settings.redirectUri}?code=${fresh("code")}&state=${login.state}`);
}

/** A server on this machine, and a provider of it. */
async function serverOf(t, handler) {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => (server.closeAllConnections(), server.close()));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const local = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value.replace(OP, origin)]));
  return provider({ ...local, development: true });
}

test("a refresh token that came is stored first, whatever is wrong with the rest of its answer", async () => {
  const next = fresh("new");
  const odd = {
    "a lifetime as text": tokens({ refresh_token: next, expires_in: "sixty" }),
    "an id_token that is none": tokens({ refresh_token: next, id_token: "x" }),
    "an id_token of no algorithm": tokens({ refresh_token: next, id_token: `${part({ alg: "none" })}.${part({})}.AAAA` }),
    "an encrypted id_token": tokens({ refresh_token: next, id_token: `${part({ alg: "RSA-OAEP-256", enc: "A256GCM" })}.AA.AA.AA.AA` }),
    "no access token": json({ refresh_token: next, token_type: "Bearer" }),
    "another token type": tokens({ refresh_token: next, token_type: "mac" }),
    "another media type": new Response(JSON.stringify(body({ refresh_token: next })), { headers: { "content-type": "text/plain" } }),
    "no media type": new Response(new TextEncoder().encode(JSON.stringify(body({ refresh_token: next })))),
    "a member twice": json(`{"access_token":"${TOKEN}","token_type":"Bearer","scope":"a","scope":"b","refresh_token":"${next}"}`),
    "a member twice further in": json(`{"access_token":"${TOKEN}","x":{"a":1,"a":2},"token_type":"Bearer","refresh_token":"${next}"}`),
    "itself twice": json(`{"access_token":"${TOKEN}","refresh_token":"${next}","token_type":"Bearer","refresh_token":"${next}"}`),
    "an error beside it": tokens({ refresh_token: next, error: "server_error" }),
  };
  for (const [what, answer] of Object.entries(odd)) {
    const old = fresh("old");
    const { fetch, requests } = fetchOf(answer, tokens());
    const client = new Client(op, secret, { fetch });
    const stored = [];
    const error = await fails(client.refresh(old, { store: (token) => void stored.push(token) }), {}, [next]);
    assert.deepEqual(stored, [next], what);
    assert.ok(error.raw().includes(next), what);
    // And the one that was sent is spent, for every client of this process.
    await fails(new Client(op, secret, { fetch }).refresh(old), { code: "transaction_used", phase: "token" });
    assert.equal(requests.length, 1, what);
  }
});

test("a refresh token that stands twice with unequal values is not stored, nor one in an answer that is no success", async () => {
  const [one, two] = [fresh("new"), fresh("new")];
  const wrong = [
    json(`{"access_token":"${TOKEN}","token_type":"Bearer","refresh_token":"${one}","refresh_token":"${two}"}`),
    json({ error: "invalid_grant", refresh_token: one }, 400),
    json(`{"refresh_token":"${one}"`),
    json(["refresh_token", one]),
  ];
  for (const answer of wrong) {
    const client = new Client(op, secret, { fetch: fetchOf(answer).fetch });
    await fails(client.refresh(fresh("old"), { store: () => assert.fail("stored") }), {}, [one, two]);
  }
});

test("a store that fails or never ends: an error that holds what came, unseen", async () => {
  const next = fresh("new");
  const { fetch } = fetchOf(tokens({ refresh_token: next }));
  const thrown = await fails(
    new Client(op, secret, { fetch }).refresh(fresh("old"), {
      store: () => {
        throw new Error("disk full");
      },
    }),
    { code: "store_failed", phase: "session", action: "try_later", retryable: false },
    [next],
  );
  assert.equal(thrown.cause.message, "disk full");
  assert.ok(thrown.raw().includes(next));
  assert.ok(!inspect(thrown, { showHidden: true, depth: 9 }).includes(next));
  const never = await fails(new Client(op, secret, { fetch, timeout: 0.05 }).refresh(fresh("old"), { store: () => new Promise(() => {}) }), {
    code: "timeout",
  }).catch((error) => error);
  assert.ok(never instanceof Error && never.raw?.().includes(next));
});

test("a refresh belongs to none of those who wait for it: a signal ends its own caller's wait, and every store hears", async () => {
  let release;
  const held = new Promise((done) => (release = done));
  const next = fresh("new");
  const { fetch, requests } = fetchOf(async () => (await held, tokens({ refresh_token: next })));
  const old = fresh("old");
  const stored = [];
  const ended = new AbortController();
  const first = new Client(op, secret, { fetch }).refresh(old, { signal: ended.signal, store: (token) => void stored.push(`a ${token}`) });
  const second = new Client(op, secret, { fetch }).refresh(old, { store: (token) => void stored.push(`b ${token}`) });
  ended.abort(new Error("left"));
  const error = await fails(first, { code: "aborted", phase: "token" });
  assert.equal(error.cause.message, "left");
  release();
  assert.equal((await second).refreshToken, next);
  assert.equal(requests.length, 1);
  assert.deepEqual(stored.sort(), [`a ${next}`, `b ${next}`]);
});

test("a store hears of a refresh that somebody without one began, though the rest of its answer is refused", async () => {
  for (const more of [{}, { expires_in: "sixty" }]) {
    let release;
    const held = new Promise((done) => (release = done));
    const [old, next] = [fresh("old"), fresh("new")];
    const { fetch, requests } = fetchOf(async () => (await held, tokens({ refresh_token: next, ...more })));
    const stored = [];
    const both = [
      new Client(op, secret, { fetch }).refresh(old),
      new Client(op, secret, { fetch }).refresh(old, { store: (token) => void stored.push(token) }),
    ];
    release();
    await Promise.allSettled(both);
    assert.deepEqual(stored, [next]);
    assert.equal(requests.length, 1);
  }
});

test("a refresh whose answer breaks off after its head is not sent again; one that no answer came to may be", async (t) => {
  let how = "cut";
  let asked = 0;
  const local = await serverOf(t, (request, response) => {
    asked += 1;
    request.resume();
    if (how === "cut") {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"access_token":');
      setTimeout(() => response.destroy(), 20);
    } else if (how === "reset") request.socket.destroy();
    else response.setHeader("content-type", "application/json").end(JSON.stringify(body()));
  });
  const client = new Client(local, secret);
  const cut = fresh("old");
  await fails(client.refresh(cut), { code: "network_error", phase: "token", action: "restart", retryable: false });
  await fails(client.refresh(cut), { code: "transaction_used", phase: "token" });
  assert.equal(asked, 1);
  how = "reset";
  const reset = fresh("old");
  await fails(client.refresh(reset), { code: "network_error", phase: "token" });
  how = "well";
  assert.equal((await client.refresh(reset)).refreshToken, reset, "it stays where no other comes");
  assert.equal((await client.refresh(reset)).refreshToken, reset);
});

test("a code counts as used when it is sent: not by a signer that failed before, nor by a signal that had ended", async () => {
  const key = await SigningKey.generate();
  let down = true;
  const kms = await SigningKey.custom({
    publicJwk: key.publicJwk,
    alg: key.alg,
    sign: (octets) => (down ? Promise.reject(new Error("throttled")) : key.sign(octets)),
  });
  const { fetch, requests } = fetchOf(tokens());
  const client = new Client(op, privateKeyJwt(kms), { fetch });
  const checked = code(client);
  assert.equal((await fails(client.exchange(checked), { code: "signing_failed" })).cause.message, "throttled");
  await fails(client.exchange(checked, { signal: AbortSignal.abort(new Error("gone")) }), {});
  assert.equal(requests.length, 0);
  down = false;
  assert.equal((await client.exchange(checked)).accessToken, TOKEN);
  await fails(client.exchange(checked), { code: "transaction_used", phase: "token" });
  await fails(new Client(op, privateKeyJwt(kms), { fetch }).exchange(String(checked)), { code: "transaction_used", phase: "token" });
  assert.equal(requests.length, 1);
});

test("a signer that never ends: the time limit ends it", async () => {
  const key = await SigningKey.generate();
  const kms = await SigningKey.custom({ publicJwk: key.publicJwk, alg: key.alg, sign: () => new Promise(() => {}) });
  const client = new Client(op, privateKeyJwt(kms), { fetch: fetchOf(tokens()).fetch, timeout: 0.05 });
  await fails(client.clientCredentials({ scope: "read" }), { code: "timeout" });
});

test("headers that come and a body that stalls or drips: the time limit holds for all of the answer", { timeout: 10_000 }, async (t) => {
  let drip;
  const local = await serverOf(t, (request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "application/json" });
    response.write("{");
    if (drip) {
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    }
  });
  const client = new Client(local, none(), { timeout: 0.3 });
  for (drip of [false, true]) {
    await fails(client.userinfo({ accessToken: TOKEN, tokenType: "Bearer" }, { subject: "s" }), { code: "timeout", phase: "api" });
    await fails(client.refresh(fresh("old")), { code: "timeout", phase: "token" });
    const ended = new AbortController();
    setTimeout(() => ended.abort(new Error("left")), 50);
    const error = await fails(client.userinfo({ accessToken: TOKEN, tokenType: "Bearer" }, { subject: "s", signal: ended.signal }), {
      code: "aborted",
      phase: "api",
    });
    assert.equal(error.cause.message, "left");
  }
});

test("a thousand finished calls with one signal leave no listener on it", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (...args) {
    listeners += 1;
    return addEventListener.apply(this, args);
  };
  signal.removeEventListener = function (...args) {
    listeners -= 1;
    return removeEventListener.apply(this, args);
  };
  const client = new Client(op, secret, { fetch: fetchOf(tokens()).fetch });
  for (let at = 0; at < 1000; at += 1) await client.clientCredentials({ scope: "read", signal });
  assert.equal(listeners, 0);
});

test("a thousand exchanges at once keep apart, and leave the memory as it was", async () => {
  const client = new Client(op, secret, {
    fetch: async (_, { body }) => (await new Promise((done) => setTimeout(done, 5)), tokens({ access_token: new URLSearchParams(body).get("scope") })),
  });
  const scopes = Array.from({ length: 1000 }, (_, at) => `s${at}`);
  const got = await Promise.all(scopes.map((scope) => client.clientCredentials({ scope })));
  assert.deepEqual(
    got.map(({ accessToken }) => accessToken),
    scopes,
  );
});

test("hashes of an id_token that is signed with SHA-384 or SHA-512 are those of the access token, the code and the state", async () => {
  const { createHash } = await import("node:crypto");
  const half = (bits, value) =>
    createHash(`sha${bits}`)
      .update(value)
      .digest()
      .subarray(0, bits / 16)
      .toString("base64url");
  for (const [alg, bits] of [
    ["ES256", 256],
    ["ES384", 384],
    ["RS512", 512],
  ]) {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg);
    const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "k1", alg }] };
    const strict = provider({ ...settings, signingAlgorithms: [alg] });
    const exchange = async (wrong) => {
      let answer;
      const client = new Client(strict, secret, { jwks, fetch: async () => answer });
      const login = client.begin({ scope: "openid" });
      const value = fresh("code");
      const at = Math.floor(Date.now() / 1000);
      const [, , , , nonce] = login.transaction.split(" ");
      const claims = {
        iss: OP,
        aud: "client-1",
        sub: "s",
        iat: at,
        exp: at + 60,
        nonce: nonce.split(",")[0],
        at_hash: half(bits, TOKEN),
        c_hash: half(bits, value),
        s_hash: half(bits, login.state),
        ...wrong,
      };
      answer = tokens({ id_token: await new jose.SignJWT(claims).setProtectedHeader({ alg, kid: "k1" }).sign(privateKey) });
      return client.exchange(client.finish(login.transaction, `${settings.redirectUri}?code=${value}&state=${login.state}`));
    };
    assert.equal((await exchange()).claims.sub, "s", alg);
    for (const name of ["at_hash", "c_hash", "s_hash"]) {
      const { expected } = await fails(exchange({ [name]: half(bits, "another") }), { code: "claim_refused" });
      assert.match(expected, new RegExp(name), alg);
    }
  }
});
