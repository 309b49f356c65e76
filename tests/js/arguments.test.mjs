// Arguments that TypeScript would have refused, and what is printed of what a flow begins with.
// Refuses a bare TypeError, and a flow that is used up by a wrong call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { Client, SamtykkeError, SigningKey, begin, clientSecretBasic, discover, finish, provider as full } from "samtykke";
import { norskgjeld } from "samtykke/norskgjeld";
import { TokenSource } from "samtykke/tokens";

import { REDIRECT_URI, SECRET, clientOf, fails, freshCode, verifierOf } from "./support.mjs";

test("arguments that are missing or another's are typed errors, and a request is taken where an answer is meant", async () => {
  const client = clientOf();
  const login = client.begin({ purpose: "presentation" });
  const { provider } = client;
  const url = `${REDIRECT_URI}?code=${freshCode()}&state=${login.state}`;
  for (const attempt of [
    () => norskgjeld(),
    () => begin(),
    () => begin(provider),
    () => client.begin(),
    () => finish(provider, login, url),
    () => finish(provider, login.transaction),
    () => finish(provider, login.transaction, new Request(url, { method: "POST", body: "x" })),
    () => client.finish(login, url),
    () => client.finish(login.transaction),
    () => client.finish(login.transaction, { body: 5 }),
    () => client.refresh(),
    () => client.refresh(null),
    () => SigningKey.fromPem("x"),
    () => SigningKey.fromPem(Buffer.from("x"), { alg: "RS256" }),
    () => SigningKey.custom(),
    () => discover("https://op.example"),
  ]) {
    const error = await Promise.resolve()
      .then(attempt)
      .then(
        () => undefined,
        (caught) => caught,
      );
    assert.ok(error instanceof SamtykkeError, `${attempt}: ${error}`);
    assert.notEqual(error.code, "wasm_unavailable", `${attempt}`);
  }
  // The flow is not used up by any of these.
  assert.equal((await client.finish(login.transaction, new Request(url))).redirectUri, REDIRECT_URI);
  const other = new Client(
    full({
      issuer: "https://op.example",
      authorizationEndpoint: "https://op.example/a",
      tokenEndpoint: "https://op.example/t",
      clientId: "c",
      redirectUri: REDIRECT_URI,
    }),
    clientSecretBasic(SECRET),
  );
  const flow = other.begin({ scope: "read", responseMode: "form_post" });
  const body = new URLSearchParams({ code: "a-code", state: flow.state });
  assert.equal((await other.finish(flow.transaction, new Request(REDIRECT_URI, { method: "POST", body }))).code, "a-code");
  const large = new Request(REDIRECT_URI, { method: "POST", body: "x".repeat(33 * 1024) });
  await fails(() => other.finish(flow.transaction, large), { code: "callback_too_large" });
});

test("a login that is printed shows no verifier", () => {
  const login = clientOf().begin({ purpose: "presentation" });
  assert.ok(!inspect(login, { depth: 9 }).includes(verifierOf(login)));
  assert.equal(JSON.parse(JSON.stringify(login)).transaction, login.transaction, "it is kept all the same");
});

test("what is undefined among further parameters is not there", async () => {
  const op = full({
    issuer: "https://op.example",
    authorizationEndpoint: "https://op.example/a",
    tokenEndpoint: "https://op.example/t",
    endSessionEndpoint: "https://op.example/out",
    clientId: "c",
    redirectUri: REDIRECT_URI,
  });
  const sent = [];
  const fetch = async (_, { body }) => {
    sent.push(new URLSearchParams(body));
    return Response.json({ access_token: "t", token_type: "Bearer", expires_in: 60 });
  };
  const client = new Client(op, clientSecretBasic(SECRET), { fetch });
  const extra = { custom: "nb", absent: undefined };
  const asked = new URL(client.begin({ scope: "read", extra }).url).searchParams;
  await client.clientCredentials({ extra });
  const source = new TokenSource({ client });
  const one = await source.get({ extra });
  assert.equal(one, await source.get({ extra: { custom: "nb" } }));
  for (const found of [asked, ...sent, new URL(client.logoutUrl({ extra }).url).searchParams]) {
    assert.equal(found.get("custom"), "nb");
    assert.ok(!found.has("absent"), `${found}`);
  }
  assert.equal(sent.length, 2);
});
