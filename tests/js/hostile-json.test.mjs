// What 1 MiB of the worst JSON takes in the package: memory of the wasm, and time by its growth, beside JSON.parse.
// Every judge of a server's answer that the package exports, and every shape that takes the most for what it weighs.
// Refuses more than 24 MiB, and more than two and a half times the time for twice the length, over three doublings.

import assert from "node:assert/strict";
import { test } from "node:test";

// Every instance that the package makes, so that its memory can be looked at.
const memories = [];
const Instance = WebAssembly.Instance;
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, args) {
    const instance = new target(...args);
    memories.push(instance.exports.memory);
    return instance;
  },
});
const { selectKey, serverMetadata } = await import("samtykke");
const { answering, clientFor } = await import("../lib/answering.mjs");

const MIB = 1 << 20;

/** A document of a size: `head`, and a member that is a list of one piece again and again. */
const of = (head, piece, size) => `{${head}"x":[${`${piece},`.repeat(Math.floor((size - head.length - 9) / (piece.length + 1))).slice(0, -1)}]}`;

const members = (count) => `{${Array.from({ length: count }, (_, at) => `"${at.toString(36)}":1`)}}`;
const PIECES = {
  "empty objects": "{}",
  "empty lists": "[]",
  numbers: "1",
  "objects of one": '{"":0}',
  "objects of two": '{"":0,"a":0}',
  "objects of five": members(5),
  "objects of 256": members(256),
  "lists of one": "[0]",
  "lists of five": "[0,0,0,0,0]",
  escapes: '"\\n"',
  "escaped names": '{"\\n":0}',
  "long escapes": `"${"\\u0041".repeat(1000)}"`,
  "deep lists": "[".repeat(29) + "]".repeat(29),
  "deep objects": `${'{"":'.repeat(29)}0${"}".repeat(29)}`,
  "white space": `[${" ".repeat(1000)}]`,
  "key operations": `{"key_ops":[${Array.from({ length: 100 }, () => '"a"')}]}`,
};

const answer = (body, status = 200) => ({ status, contentType: "application/json", body });
const OP = "https://a.example";
const KEY = `${Buffer.from('{"alg":"ES256"}').toString("base64url")}.e30.${"A".repeat(86)}`;
const METADATA = '"issuer":"https://a.example","authorization_endpoint":"https://a.example/a","token_endpoint":"https://a.example/t",';
const JUDGES = {
  tokens: ['"access_token":"a","token_type":"Bearer",', (body) => clientFor(answer(body)).clientCredentials()],
  "token errors": ['"error":"invalid_grant",', (body) => clientFor(answer(body, 400)).clientCredentials()],
  introspection: ['"active":true,', (body) => clientFor(answer(body)).introspect("t")],
  userinfo: ['"sub":"s",', (body) => clientFor(answer(body)).userinfo({ accessToken: "a", tokenType: "Bearer" }, { unchecked: true })],
  metadata: [METADATA, (body) => serverMetadata(OP, { wellKnown: "openid", fetch: answering(answer(body)) })],
  "key sets": ['"keys":[],', (body) => selectKey(KEY, body, ["ES256"])],
  "pushed requests": ['"request_uri":"urn:a:b","expires_in":60,', (body) => clientFor(answer(body)).start({ scope: "read" })],
};

/** Milliseconds of this process: what other programs on the machine do is not counted. */
const run = async (judge, body) => {
  const start = process.cpuUsage();
  try {
    await judge(body);
  } catch (error) {
    assert.match(error.code, /malformed|token_error|key_not_found|http_status_unexpected/);
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
};

test("1 MiB of the worst JSON takes at most 24 MiB, and time by its length alone", async (t) => {
  const worst = { memory: 0, ratio: 0 };
  for (const [kind, [head, judge]] of Object.entries(JUDGES)) {
    for (const [name, piece] of Object.entries(PIECES)) {
      const [part, whole] = [of(head, piece, MIB / 8), of(head, piece, MIB)];
      await run(judge, whole);
      const memory = Math.max(...memories.map(({ buffer }) => buffer.byteLength));
      assert.ok(memory <= 24 * MIB, `${kind}: ${name}: ${memory} octets`);
      let [short, long, theirs] = [Infinity, Infinity, Infinity];
      // The collector runs when it likes: the shortest runs count, and a growth that is none shows in one of some rounds.
      let linear = false;
      for (let round = 0; round < 20 && !linear; round++) {
        short = Math.min(short, await run(judge, part));
        long = Math.min(long, await run(judge, whole));
        // 2.5 times for each doubling. Over three of them, as one alone may be where the text no longer fits into a cache.
        linear = long < 1 || long <= 2.5 ** 3 * short;
      }
      assert.ok(linear, `${kind}: ${name}: ${short} ms, eight times as long ${long} ms`);
      for (let at = 0; at < 3; at++) theirs = Math.min(theirs, await run(JSON.parse, whole));
      if (memory > worst.memory) Object.assign(worst, { memory, most: `${kind}: ${name}` });
      if (long / theirs > worst.ratio) Object.assign(worst, { ratio: long / theirs, slowest: `${kind}: ${name}, ${long.toFixed(1)} ms` });
    }
  }
  t.diagnostic(`most memory ${(worst.memory / MIB).toFixed(1)} MiB (${worst.most}); ${worst.ratio.toFixed(1)} times JSON.parse (${worst.slowest})`);
});
