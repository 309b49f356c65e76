// workerd, where a request that nobody waits for any more is over: a person who closes the tab during the callback spends no code for
// nothing, without a word of the application's about waitUntil.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Miniflare } from "miniflare";
import { bundleWorker } from "./workerd.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();

test("the exchange of a closed tab's code goes on to its session, by the runtime's own waitUntil", async (t) => {
  let [asked, told] = [];
  const isAsked = new Promise((done) => (asked = done));
  const isTold = new Promise((done) => (told = done));
  let answer;
  const isAnswered = new Promise((done) => (answer = done));
  let cut = false;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.url === "/session") {
      told(body);
      return void response.end();
    }
    response.once("close", () => (cut = !response.writableFinished));
    asked(new URLSearchParams(body).get("code"));
    await isAnswered;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ access_token: "a-token", token_type: "Bearer" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const worker = new Miniflare({
    modules: await bundleWorker(fileURLToPath(new URL("cut_off/edge.mjs", import.meta.url))),
    modulesRoot: "/",
    compatibilityDate: "2026-07-01",
    cf: false,
    outboundService: { network: { allow: ["local"] } },
    bindings: { OP: `http://127.0.0.1:${server.address().port}` },
  });
  t.after(async () => {
    await worker.dispose();
    server.closeAllConnections();
    server.close();
  });
  const at = await worker.ready;
  const away = await fetch(new URL("/login", at), { redirect: "manual" });
  assert.equal(away.status, 303, away.status === 303 ? "" : await away.text());
  const state = new URL(away.headers.get("location")).searchParams.get("state");
  const cookie = away.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const socket = connect(Number(at.port), at.hostname);
  await once(socket, "connect");
  socket.write(`GET /callback?code=c-1&state=${state} HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\n\r\n`);
  const answered = once(socket, "data").then(([octets]) => assert.fail(`answered: ${octets}`));
  answered.catch(() => {});
  assert.equal(await Promise.race([isAsked, answered]), "c-1");
  const closed = once(socket, "close");
  socket.resetAndDestroy();
  await closed;
  // Until workerd knows.
  await new Promise((next) => setTimeout(next, 300));
  assert.equal(cut, false, "the exchange ended with the tab");
  answer();
  assert.equal(await Promise.race([isTold, new Promise((late) => setTimeout(late, 5_000, "nothing"))]), "a-token");
});
