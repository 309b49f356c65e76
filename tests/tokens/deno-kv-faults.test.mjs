// Deno KV when it is in trouble itself: closed, damaged, removed, held by another program, or remote and out of reach; by
// processes of a real Deno.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import { after, afterEach, before, describe, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";
import { startDenos } from "./denos.mjs";
import { startProvider } from "./provider.mjs";

linkPackage();
const provider = await startProvider();
const denos = await startDenos(provider);
if (denos.gap) console.log(`gap: ${denos.gap}`);
after(() => provider.close());
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

describe("Deno KV in trouble", { skip: denos.gap }, () => {
  let processes = [];
  const { path, deno, all } = denos;
  const four = async (...task) => (processes = await denos.four(...task));
  before(() => assert.ok(denos.folder));
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.end()));
  });
  after(() => denos.close());
  const fresh = () => {
    Object.assign(provider, { fault: "", slow: 300, hanging: 0, answered: 0 });
    provider.asked.clear();
  };

  test("a database that was closed: each process asks for itself, once, and hears of it", async () => {
    fresh();
    await four({ path: path() });
    const { errors, heard, longest } = await all(processes, { close: true });
    assert.deepEqual(errors, {});
    assert.ok(provider.count() <= 4, `${provider.count()}`);
    assert.match(heard.join(), /BadResource/);
    assert.ok(longest < 1_500, `${longest}`);
  });

  test("a database file that is damaged: no caller without a token, one question for each process at most", async () => {
    fresh();
    const file = path();
    await four({ path: file });
    await all(processes, { scope: "before" });
    provider.asked.clear();
    // In place, as a disk does it: the processes have the files open.
    for (const end of ["", "-wal"]) writeFileSync(file + end, randomBytes(statSync(file + end).size), { flag: "r+" });
    const { errors, heard } = await all(processes, { scope: "damaged" });
    assert.deepEqual(errors, {});
    assert.ok(heard.length > 0);
    assert.ok(provider.count() <= 4, `${provider.count()}`);
  });

  test("a database file that was removed: a question for those who come later, and their own tokens for the others", async () => {
    fresh();
    const file = path();
    const before = await four({ path: file });
    const { tokens } = await all(before, { scope: "lost" });
    for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
    const later = await four({ path: file });
    try {
      assert.deepEqual((await all(before, { scope: "lost" })).tokens, tokens);
      const others = await all(later, { scope: "lost" });
      assert.deepEqual(others.errors, {});
      assert.equal(others.tokens["lost-0"].length, 1);
      assert.equal(provider.count(), 2);
    } finally {
      processes = [...before, ...later];
    }
  });

  test("a database that another program writes to for two seconds: its time limit at most, and nobody is held up afterwards", async () => {
    fresh();
    const file = path();
    await four({ path: file });
    const holder = deno({ path: file, hold: 2_000 });
    assert.deepEqual(await holder.next(), { holding: true });
    const { errors, heard, longest } = await all(processes);
    assert.deepEqual(errors, {});
    assert.ok(heard.length > 0);
    assert.ok(provider.count() <= 4, `${provider.count()}`);
    assert.ok(longest < 1_900, `${longest}`);
    assert.deepEqual(await holder.next(), { held: 2_000 });
    await sleep(1_500);
    provider.asked.clear();
    const well = await all(processes, { scope: "afterwards" });
    assert.equal(well.tokens["afterwards-0"].length, 1);
    assert.equal(provider.count(), 1);
    assert.ok(well.longest < 1_500, `${well.longest}`);
  });

  test("a remote database that refuses the connection is known when it is opened", async () => {
    const one = deno({ path: "http://127.0.0.1:1" });
    await assert.rejects(one.run(), /Could not open Deno KV database/);
  });

  // The protocol of remote databases: Deno asks where the data is, and then there. The first works here, the second is in trouble.
  for (const [what, data] of [
    ["drops connections", (request) => request.stream.session.destroy()],
    ["never answers", () => {}],
    ["answers 503", (_, response) => response.writeHead(503).end()],
  ]) {
    test(`a remote database that ${what}: each process asks for itself, after the time limit`, async () => {
      fresh();
      let asked = 0;
      const remote = createServer((request, response) => {
        if (request.url !== "/") return ((asked += 1), data(request, response));
        const address = `http://127.0.0.1:${remote.address().port}/data`;
        const metadata = {
          version: 2,
          databaseId: "7f9e4b8e-5b0c-4b57-9d1b-1d4c3f8f2a11",
          endpoints: [{ url: address, consistency: "strong" }],
          token: "t",
          expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(metadata));
      });
      const sessions = new Set();
      remote.on("session", (session) => sessions.add(session));
      await new Promise((done) => remote.listen(0, "127.0.0.1", done));
      try {
        await four({ path: `http://127.0.0.1:${remote.address().port}`, storeTimeout: 0.3 });
        const { errors, heard, longest } = await all(processes);
        assert.deepEqual(errors, {});
        assert.ok(asked > 0);
        assert.ok(heard.length >= 4);
        assert.equal(provider.count(), 4);
        assert.ok(longest < 1_500, `${longest}`);
      } finally {
        for (const session of sessions) session.destroy();
        remote.close();
      }
    });
  }
});
