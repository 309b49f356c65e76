// A refusal is the credential's that was refused: what one process learns by a secret, a key or a request of its own keeps no other still.

import assert from "node:assert/strict";
import { test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { TokenSource, memoryStore } = await import("samtykke/tokens");
const { answerError, failsWith } = await import("./support.mjs");

test("a refusal is the credential's: another secret is tried at once, the same one is not, and trouble is everybody's", async () => {
  const { Client, clientSecretPost, provider } = await import("samtykke");
  const op = provider({ issuer: "https://op.example", tokenEndpoint: "https://op.example/token", clientId: "client-1" });
  const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  for (const [status, error, code, tried] of [
    [401, "invalid_client", "token_error", 2],
    [503, "temporarily_unavailable", "http_status_unexpected", 1],
  ]) {
    const store = memoryStore();
    const kept = [];
    const watched = { ...store, write: (name, fence, text, ms) => (kept.push(name + text), store.write(name, fence, text, ms)) };
    const sent = [];
    const sourceWith = (secret) => {
      const fetch = async (_, { body }) => {
        sent.push(new URLSearchParams(body).get("client_secret"));
        return secret === "the new secret" ? json(200, { access_token: "good", token_type: "Bearer", expires_in: 60 }) : json(status, { error });
      };
      return new TokenSource({ client: new Client(op, clientSecretPost(secret), { fetch }), store: watched, retries: 0 });
    };
    await failsWith(sourceWith("the old secret").get(), code);
    await failsWith(sourceWith("the old secret").get(), code);
    assert.deepEqual(sent, ["the old secret"]);
    const next = sourceWith("the new secret").get();
    if (tried === 1) await failsWith(next, code);
    else assert.equal((await next).accessToken, "good");
    assert.equal(sent.length, tried);
    // What it brought is for both.
    if (tried === 2) assert.equal((await sourceWith("the old secret").get()).accessToken, "good");
    assert.equal(sent.length, tried);
    for (const text of kept) assert.ok(!text.includes("the old secret"), text);
  }
});

test("a refusal of a request of one's own is bound to what it names as its credential, and to its source where it names none", async () => {
  for (const [first, second, tried] of [
    [{}, {}, 2],
    [{ credentialId: "1" }, { credentialId: "1" }, 1],
    [{ credentialId: "1" }, { credentialId: "2" }, 2],
    [{ credentialId: "1" }, {}, 2],
    [{ keyId: "key-1" }, { keyId: "key-1" }, 1],
  ]) {
    const store = memoryStore();
    let asked = 0;
    const refused = async () => {
      asked += 1;
      throw await answerError(401);
    };
    const source = (more) => new TokenSource({ request: refused, issuer: "https://op.example", clientId: "c", store, retries: 0, ...more });
    const [one, other] = [source(first), source(second)];
    await failsWith(one.get(), "token_error");
    await failsWith(one.get(), "token_error"); // this one keeps still
    assert.equal(asked, 1);
    await failsWith(other.get(), "token_error");
    assert.equal(asked, tried, JSON.stringify([first, second]));
  }
});
