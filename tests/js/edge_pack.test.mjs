// A session as octets where the runtime cannot deflate: without a CompressionStream, or with Next's, which is there and throws.
// Refuses octets that do not inflate, without a rejection that nobody handles.

import assert from "node:assert/strict";
import { test } from "node:test";

const { pack, unpack } = await import("../../pkg/dist/lib/edge/pack.js");

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = [part({ alg: "RS256", kid: "k" }), part({ sub: "s", text: "aaaa".repeat(200) }), "c2lnbmF0dXJl"].join(".");
const session = [{ begun: 1 }, [jwt, undefined, "opaque"]];
const same = async (octets) => assert.deepEqual(await unpack(octets), { facts: session[0], tokens: session[1] });

test("where there is no deflating, or it throws, a session is packed as it is", async (t) => {
  const deflated = await pack(...session);
  await same(deflated);
  const none = [
    undefined,
    class {
      constructor() {
        throw new Error("not supported in this runtime");
      }
    },
  ];
  for (const CompressionStream of none) {
    const before = globalThis.CompressionStream;
    t.after(() => Object.assign(globalThis, { CompressionStream: before }));
    Object.assign(globalThis, { CompressionStream });
    const plain = await pack(...session);
    Object.assign(globalThis, { CompressionStream: before });
    assert.ok(plain.length > deflated.length + 500, `${plain.length} and ${deflated.length} octets`);
    await same(plain);
  }
});

test("octets that do not inflate are an error, and the only one", async (t) => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const octets = await pack(...session);
  const at = 2 + ((octets[0] << 8) | octets[1]);
  octets.fill(255, at, at + 8);
  await assert.rejects(unpack(octets));
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(unhandled, []);
});
