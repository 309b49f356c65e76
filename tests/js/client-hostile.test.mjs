// The client against a server that misbehaves, over real sockets: endless, slow, broken, lying and redirecting answers.
// RFC 6749 sections 5.1 and 5.2, RFC 9700 section 4.12; the body is capped at 1 MiB while it streams.
// Refuses a call that hangs, a second request, and an error that shows a secret.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { TOKEN, answered, clientOf, fails, hostile, json, pause, tokenBody } from "./support.mjs";

const JSON_TYPE = { "content-type": "application/json;charset=UTF-8" };
/** Restart is never offered where the same code would go out again. */
const spent = { phase: "token", retryable: false };

/** An exchange against a server that answers so, and what it failed with; one request must have gone out. */
async function exchangeFails(t, handler, facts, { signal, ...options } = {}) {
  const server = await hostile(t, handler);
  const client = clientOf({ origin: server.origin, redirectUri: "http://localhost:4402/callback", timeout: 20, ...options });
  const { checked, code, verifier } = answered(client);
  const error = await fails(client.exchange(checked, { signal }), { ...spent, ...facts }, [code, verifier]);
  await fails(client.exchange(checked), { code: "transaction_used" }, [code, verifier]);
  assert.equal(server.requests.length, 1);
  assert.equal(server.requests[0].url, "/oauth2/token");
  return { error, server };
}

const writes = (status, headers, body) => (_, response) => {
  response.writeHead(status, headers);
  response.end(body);
};

test("a good answer is taken, whatever its spelling", async (t) => {
  const server = await hostile(t, writes(200, JSON_TYPE, `\ufeff ${JSON.stringify(tokenBody())}\n`));
  const client = clientOf({ origin: server.origin });
  assert.equal((await client.exchange(answered(client).checked)).accessToken, TOKEN);
  assert.equal(server.requests[0].headers.cookie, undefined);
  assert.equal(server.requests[0].headers.referer, undefined);
});

test("an endless body is cut off at 1 MiB, and its connection closed", async (t) => {
  let written = 0;
  let closed;
  const { server } = await exchangeFails(
    t,
    (_, response) => {
      closed = once(response, "close");
      response.writeHead(200, JSON_TYPE);
      const chunk = Buffer.alloc(1 << 16, " ");
      const more = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", more);
      more();
    },
    { code: "token_response_too_large" },
  );
  await closed;
  assert.ok(written < 16 << 20, `the server could write ${written} octets`);
  assert.equal(server.requests.length, 1);
});

test("a small answer that inflates to a large one is cut off too", async (t) => {
  const bomb = gzipSync(Buffer.alloc(8 << 20, " "));
  assert.ok(bomb.length < 1 << 20);
  await exchangeFails(t, writes(200, { ...JSON_TYPE, "content-encoding": "gzip" }, bomb), { code: "token_response_too_large" });
});

test("exactly 1 MiB is read, one octet more is not", async (t) => {
  const answer = JSON.stringify(tokenBody());
  for (const [size, fits] of [
    [1 << 20, true],
    [(1 << 20) + 1, false],
  ]) {
    const server = await hostile(t, writes(200, JSON_TYPE, answer.padEnd(size, " ")));
    const attempt = clientOf({ origin: server.origin }).clientCredentials();
    if (fits) assert.equal((await attempt).accessToken, TOKEN);
    else await fails(attempt, { code: "token_response_too_large", phase: "token" });
  }
});

test("a server that is silent, stops, or dribbles runs into the timeout", async (t) => {
  const ways = {
    silent: () => {},
    "stops after the head": (_, response) => response.writeHead(200, JSON_TYPE).flushHeaders(),
    "dribbles for ever": (_, response) => {
      response.writeHead(200, JSON_TYPE);
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    },
  };
  for (const [name, handler] of Object.entries(ways)) {
    const start = Date.now();
    await exchangeFails(t, handler, { code: "timeout", action: "restart" }, { timeout: 0.3 });
    const took = Date.now() - start;
    assert.ok(took >= 250 && took < 5000, `${name}: ${took} ms`);
  }
});

test("a fetch that heeds no signal is given up all the same", async () => {
  const client = clientOf({ fetch: () => new Promise(() => {}), timeout: 0.05 });
  await fails(client.clientCredentials(), { code: "timeout", phase: "token", retryable: true });
  const stuck = new ReadableStream({ pull: () => new Promise(() => {}), cancel: () => new Promise(() => {}) }, { highWaterMark: 0 });
  await fails(clientOf({ fetch: async () => new Response(stuck, { headers: JSON_TYPE }), timeout: 0.05 }).clientCredentials(), { code: "timeout" });
  const endless = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1 << 18)), cancel: () => new Promise(() => {}) });
  await fails(clientOf({ fetch: async () => new Response(endless, { headers: JSON_TYPE }) }).clientCredentials(), { code: "token_response_too_large" });
});

test("a time limit is an hour at most: more are milliseconds, or no limit at all", async () => {
  const client = clientOf({ timeout: 3_600, fetch: () => pause(30).then(() => json(tokenBody())) });
  assert.equal((await client.clientCredentials()).accessToken, TOKEN);
  for (const timeout of [3_600.1, 30_000, 1e9, Infinity]) await fails(() => clientOf({ timeout }), { code: "invalid_configuration" });
});

test("broken connections are network errors that keep their cause", async (t) => {
  const ways = [
    (_, response) => response.socket.destroy(),
    (_, response) => {
      response.writeHead(200, { ...JSON_TYPE, "content-length": 500 });
      response.write('{"access_token":');
      setTimeout(() => response.socket.destroy(), 20);
    },
    (_, response) => response.socket.end("this is not HTTP\r\n\r\n"),
  ];
  for (const handler of ways) {
    const { error } = await exchangeFails(t, handler, { code: "network_error", action: "restart" });
    assert.ok(error.cause instanceof Error);
  }
  const gone = await hostile(t, () => {});
  await new Promise((done) => gone.server.close(done));
  const error = await fails(clientOf({ origin: gone.origin }).clientCredentials(), { code: "network_error", phase: "token", retryable: true });
  assert.ok(error.cause);
});

test("what is no token answer is refused by name", async (t) => {
  const body = JSON.stringify(tokenBody());
  const answers = [
    ["HTML with 200", 200, { "content-type": "text/html" }, "<!doctype html>", { code: "content_type_unexpected" }],
    ["no media type", 200, {}, body, { code: "content_type_unexpected" }],
    ["a suffix type", 200, { "content-type": "application/foo+json" }, body, { code: "content_type_unexpected" }],
    [
      "a foreign page of a proxy, in Latin 1",
      500,
      { "content-type": "text/html" },
      Buffer.from("<p>\xe6\xf8\xe5", "latin1"),
      { code: "http_status_unexpected" },
    ],
    [
      "JSON that is not UTF-8",
      200,
      JSON_TYPE,
      Buffer.from(`{"access_token":"${TOKEN}","token_type":"bearer","x":"\xe6"}`, "latin1"),
      { code: "token_response_malformed" },
    ],
    ["UTF-8 cut in a character", 200, JSON_TYPE, Buffer.concat([Buffer.from(body), Buffer.from([0xc3])]), { code: "token_response_malformed" }],
    ["truncated JSON", 200, JSON_TYPE, body.slice(0, -1), { code: "token_response_malformed" }],
    ["nothing", 200, JSON_TYPE, "", { code: "token_response_malformed" }],
    ["an array", 200, JSON_TYPE, `[${body}]`, { code: "token_response_malformed" }],
    ["two answers", 200, JSON_TYPE, body + body, { code: "token_response_malformed" }],
    ["a member twice", 200, JSON_TYPE, body.replace("{", `{"access_token":"x",`), { code: "token_response_malformed" }],
    ["error with 200", 200, JSON_TYPE, JSON.stringify(tokenBody({ error: "x" })), { code: "token_error" }],
    ["201", 201, JSON_TYPE, body, { code: "http_status_unexpected" }],
    ["204", 204, {}, undefined, { code: "http_status_unexpected" }],
    ["HTML with 404", 404, { "content-type": "text/html" }, "<html>", { code: "http_status_unexpected" }],
    ["an error without a word", 400, JSON_TYPE, "{}", { code: "http_status_unexpected" }],
    [
      "a token of another type",
      200,
      JSON_TYPE,
      JSON.stringify(tokenBody({ token_type: "DPoP" })),
      { code: "token_type_unexpected", action: "fix_configuration" },
    ],
    ["a token with a line end", 200, JSON_TYPE, JSON.stringify(tokenBody({ access_token: "a\nb" })), { code: "token_response_malformed" }],
    ["a lifetime as text", 200, JSON_TYPE, JSON.stringify(tokenBody({ expires_in: "3599" })), { code: "token_response_malformed" }],
    ["a negative lifetime", 200, JSON_TYPE, JSON.stringify(tokenBody({ expires_in: -1 })), { code: "token_response_malformed" }],
    ["deep nesting", 200, JSON_TYPE, `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, { code: "token_response_malformed" }],
  ];
  for (const [name, status, headers, text, facts] of answers) {
    await t.test(name, (inner) => exchangeFails(inner, writes(status, headers, text), facts));
  }
});

test("an OAuth error comes through as data, made harmless", async (t) => {
  const body = {
    error: "invalid_client",
    error_description: `line\r\nend \u202e${"x".repeat(5000)}`,
    error_uri: "javascript:alert(1)",
    error_hint: "h",
    status_code: 401,
  };
  const { error } = await exchangeFails(t, writes(401, JSON_TYPE, JSON.stringify(body)), { code: "token_error" });
  assert.equal(error.oauth.error, "invalid_client");
  assert.equal(error.oauth.uri, undefined);
  assert.ok(error.oauth.description.length <= 512);
  assert.doesNotMatch(error.oauth.description, /[\u0000-\u001f\u202e]/);
  assert.equal(error.http.status, 401);
});

test("a redirect is not followed: the other server hears nothing", async (t) => {
  const other = await hostile(t, writes(200, JSON_TYPE, JSON.stringify(tokenBody())));
  for (const status of [301, 302, 303, 307, 308]) {
    await exchangeFails(t, writes(status, { location: `${other.origin}/oauth2/token` }), { code: "redirect_refused", action: "fix_configuration" });
  }
  assert.equal(other.requests.length, 0);
});

test("the caller's signal ends a request before it starts, while it waits, and while it reads", async (t) => {
  const reasons = [new Error("the person left"), null, "a text"];
  for (const reason of reasons) {
    const server = await hostile(t, () => {});
    const client = clientOf({ origin: server.origin });
    const { checked, code, verifier } = answered(client);
    const early = AbortSignal.abort(reason);
    const error = await fails(client.exchange(checked, { signal: early }), { ...spent, code: "aborted", action: "none" }, [code, verifier]);
    assert.equal(error.cause, reason, "the caller's own reason is the cause");
    assert.equal(server.requests.length, 0);
  }
  const waits = [() => {}, (_, response) => response.writeHead(200, JSON_TYPE).write("{")];
  for (const handler of waits) {
    const controller = new AbortController();
    // From when the request has come, so that a slow machine changes nothing.
    const reached = (request, response) => {
      handler(request, response);
      setTimeout(() => controller.abort(), 60);
    };
    const { error } = await exchangeFails(t, reached, { code: "aborted", action: "none" }, { signal: controller.signal });
    assert.equal(error.cause, controller.signal.reason);
  }
  // Also a request that could go out again is not called retryable once its caller gave it up.
  const server = await hostile(t, () => {});
  const attempt = clientOf({ origin: server.origin }).clientCredentials({ signal: AbortSignal.timeout(60) });
  await fails(attempt, { code: "aborted", phase: "token", retryable: false });
});

test("a signal that outlives its request is let go", async () => {
  const { getEventListeners } = await import("node:events");
  const { signal } = new AbortController();
  const client = clientOf({ fetch: async () => json(tokenBody()) });
  for (let round = 0; round < 3; round++) await client.clientCredentials({ signal });
  assert.equal(getEventListeners(signal, "abort").length, 0);
});
