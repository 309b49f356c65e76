// Bodies of calls with a bound token: the same octets go out twice when the API asks for its nonce, or nothing goes out at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, SigningKey, clientSecretBasic, provider } from "samtykke";

import { fails, json } from "./support.mjs";

const OP = "https://op.example";
const API = "https://api.example";
const op = provider({ issuer: OP, tokenEndpoint: `${OP}/token`, clientId: "client-1" });
const octets = async (init) => Buffer.from(await new Response(init.body).arrayBuffer());

/** An API that asks each call for its nonce once, and what was sent to it. */
async function bound(tokenType = "DPoP") {
  const sent = [];
  const fetch = async (url, init) => {
    if (url === `${OP}/token`) return json({ access_token: "t", token_type: tokenType });
    const proof = new Headers(init.headers).get("dpop");
    const { nonce, jti } = proof ? JSON.parse(Buffer.from(proof.split(".")[1], "base64url")) : {};
    const body = init.body instanceof ReadableStream ? init.body : await octets(init);
    sent.push({ nonce, jti, body, type: new Headers(init.headers).get("content-type"), url });
    return proof && !nonce ? json({}, 401, { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": `n${new URL(url).port}` }) : json({ ok: true });
  };
  const client = new Client(op, clientSecretBasic("s"), { fetch, ...(tokenType === "DPoP" && { dpop: await SigningKey.generate() }) });
  const tokens = await client.clientCredentials();
  return { api: client.fetch(tokens, { origins: [API, `${API}:8443`] }), sent };
}

test("text, octets, blobs, forms and requests go out twice, octet for octet", async () => {
  const form = new FormData();
  form.set("file", new Blob(["æ"]), "a.txt");
  const bodies = [
    "tekst æøå",
    new Uint8Array([0, 1, 255]),
    new Uint8Array([9, 0, 1, 255]).subarray(1),
    new Uint8Array([1, 2]).buffer,
    new Blob(["blob"], { type: "text/x" }),
    form,
    new URLSearchParams({ a: "b c" }),
  ];
  for (const body of bodies) {
    const { api, sent } = await bound();
    await api(`${API}/`, { method: "POST", body });
    assert.equal(sent.length, 2);
    assert.deepEqual(sent[0].body, sent[1].body);
    assert.ok(sent[0].body.length > 0 && sent[0].type === sent[1].type);
    assert.notEqual(sent[0].jti, sent[1].jti);
    if (!(body instanceof FormData)) assert.deepEqual(sent[0].body, await octets({ body }));
  }
  const { api, sent } = await bound();
  await api(new Request(`${API}/r`, { method: "PUT", body: "whole", headers: { "content-type": "text/x" } }));
  assert.deepEqual(
    sent.map(({ body, type }) => [`${body}`, type]),
    [
      ["whole", "text/x"],
      ["whole", "text/x"],
    ],
  );
});

test("what a caller does to its octets meanwhile changes nothing", async () => {
  const { api, sent } = await bound();
  const body = new Uint8Array([1, 2, 3]);
  const called = api(`${API}/`, { method: "POST", body });
  // When the first of the two is on its way.
  while (!sent.length) await new Promise((done) => setImmediate(done));
  body.fill(9);
  await called;
  assert.deepEqual(
    sent.map(({ body }) => [...body]),
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  );
});

test("a stream is refused before anything is sent, where it might have to be sent twice; a bearer token sends it once", async () => {
  const stream = () => new Blob(["once"]).stream();
  const iterable = {
    async *[Symbol.asyncIterator]() {
      yield new Uint8Array([1]);
    },
  };
  const { api, sent } = await bound();
  for (const body of [stream(), iterable]) await fails(api(`${API}/`, { method: "POST", body }), { code: "invalid_parameter", phase: "api" });
  assert.equal(sent.length, 0);
  const bearer = await bound("Bearer");
  await bearer.api(`${API}/`, { method: "POST", body: stream() });
  assert.equal(await new Response(bearer.sent[0].body).text(), "once");
});

test("each origin has a nonce of its own, and the newest is used without being asked for", async () => {
  const { api, sent } = await bound();
  await api(`${API}/a`);
  await api(`${API}/b`);
  await api(`${API}:8443/a`);
  assert.deepEqual(
    sent.map(({ url, nonce }) => [url.slice(API.length), nonce]),
    [
      ["/a", undefined],
      ["/a", "n"],
      ["/b", "n"],
      [":8443/a", undefined],
      [":8443/a", "n8443"],
    ],
  );
});
