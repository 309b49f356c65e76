// API calls with a source's tokens: headers, origins, one repetition, and a gateway's refusal told from the token's.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, beforeEach, describe, test } from "node:test";

import { linkPackage } from "../verdicts/run.mjs";
import { clientOf, startProvider } from "./provider.mjs";

linkPackage();
const { SigningKey } = await import("samtykke");
const { HallandApi } = await import("samtykke/halland");
const { TokenSource } = await import("samtykke/tokens");
const { failsWith, sourceOf, tokensOf } = await import("./support.mjs");

describe("fetch", () => {
  let provider;
  let source;
  before(async () => {
    provider = await startProvider();
  });
  after(() => provider.close());
  beforeEach(async () => {
    Object.assign(provider, { fault: "", api: [] });
    provider.asked.clear();
    source = new TokenSource({ client: await clientOf(provider) });
  });
  const target = { scope: "read", resource: "https://api.example" };
  const apiOf = (more = {}) => source.fetch(target, { origins: [provider.origin], ...more });
  const subscriber = { "Ocp-Apim-Subscription-Key": "subscriber-1" };
  const gateway = { gateway: ["subscription key"] };

  test("a call carries the target's token and the provider's headers; two calls make one question", async () => {
    const api = apiOf({ headers: subscriber });
    for (let at = 0; at < 2; at++) assert.equal((await (await api(`${provider.origin}/gateway`)).json()).target, "read|https://api.example|");
    assert.equal(provider.count(), 1);
    assert.equal(provider.api[0].key, "subscriber-1");
    await (await apiOf({ headers: async () => subscriber })(new URL(`${provider.origin}/gateway`))).text();
    assert.equal(provider.api[2].key, "subscriber-1");
  });

  test("a token that the API refuses is replaced, and the call repeated once, body and all", async () => {
    const api = apiOf();
    await api(`${provider.origin}/things`);
    const bodies = ["text", new TextEncoder().encode("octets"), new Blob(["blob"]), new URLSearchParams({ a: "b" })];
    for (const [at, body] of bodies.entries()) {
      source = new TokenSource({ client: await clientOf(provider) });
      const again = apiOf();
      await again(`${provider.origin}/things`);
      provider.revoke();
      provider.api = [];
      const answer = await again(`${provider.origin}/things`, { method: "POST", body });
      assert.equal(answer.status, 200);
      assert.equal((await answer.json()).body, ["text", "octets", "blob", "a=b"][at]);
      assert.equal(provider.api.length, 2);
      assert.notEqual(provider.api[0].token, provider.api[1].token);
      assert.deepEqual(
        provider.api.map(({ method }) => method),
        ["POST", "POST"],
      );
    }
    provider.revoke();
    source = new TokenSource({ client: await clientOf(provider) });
    await source.get(target);
    provider.revoke();
    assert.equal((await apiOf()(new Request(`${provider.origin}/things`, { method: "PUT", body: "of a Request" }))).status, 200);
  });

  test("many calls that see the refusal make one question", async () => {
    const api = apiOf();
    await api(`${provider.origin}/things`);
    provider.revoke();
    const answers = await Promise.all(Array.from({ length: 50 }, () => api(`${provider.origin}/things`)));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(provider.count(), 2);
  });

  test("an API that refuses every token gets two calls and no loop, then one call each", async () => {
    const api = apiOf();
    const answer = await api(`${provider.origin}/broken`);
    assert.equal(answer.status, 401);
    assert.equal(await answer.text(), "{}");
    assert.equal(provider.api.length, 2);
    assert.equal(provider.count(), 2);
    for (let at = 0; at < 10; at++) assert.equal((await api(`${provider.origin}/broken`)).status, 401);
    assert.equal(provider.count(), 2);
    assert.equal(provider.api.length, 12);
  });

  test("a provider's own API takes its tokens from a source: one question for many calls, one more for a refused token", async () => {
    let refuse = false;
    const { source, asked, clock } = sourceOf();
    const sent = [];
    const fetch = async (_, { headers }) => {
      sent.push(new Headers(headers).get("authorization"));
      return refuse && sent.at(-1) === "Bearer t1" ? new Response(null, { status: 401 }) : new Response("{}");
    };
    const api = new HallandApi({ origins: ["https://api.example.se"], subscriberKey: "k", token: source.bearer(target), fetch });
    await Promise.all([1, 2, 3].map(() => api.fetch("https://api.example.se/units")));
    assert.deepEqual([asked.length, new Set(sent)], [1, new Set(["Bearer t1"])]);
    refuse = true;
    assert.equal((await api.fetch("https://api.example.se/units")).status, 200);
    assert.deepEqual([asked.length, sent.slice(3)], [2, ["Bearer t1", "Bearer t2"]]);
    // A second refusal within half a minute is the API's own trouble: the same token again ends the call.
    const get = source.bearer(target);
    assert.deepEqual([await get("t2"), await get(), asked.length], ["t2", "t2", 2]);
    clock.add(31_000);
    assert.deepEqual([await get("t2"), asked.length], ["t3", 3]);
    const bound = sourceOf(async () => ({ ...(await tokensOf("t")), tokenType: "DPoP" })).source.bearer(target);
    await failsWith(bound(), "token_type_unexpected");
  });

  test("a gateway's refusal starts no question, a token's behind the same gateway does", async () => {
    const without = apiOf({ refusal: gateway });
    const refused = await without(`${provider.origin}/gateway`);
    assert.equal(refused.status, 401);
    assert.match((await refused.json()).message, /missing subscription key/, "the body is the caller's to read");
    assert.equal(provider.count(), 1);
    assert.equal(provider.api.length, 1);
    const api = apiOf({ refusal: gateway, headers: subscriber });
    provider.revoke();
    assert.equal((await api(`${provider.origin}/gateway`)).status, 200);
    assert.equal(provider.count(), 2);
  });

  test("a judge of the caller's decides as it likes, and insufficient scope is no reason for a new token", async () => {
    const seen = [];
    const judge = async (answer) => (seen.push(answer), !answer.body.includes("subscription key"));
    assert.equal((await apiOf({ refusal: judge })(`${provider.origin}/gateway`)).status, 401);
    assert.equal(provider.count(), 1);
    assert.deepEqual(Object.keys(seen[0]), ["status", "challenge", "body"]);
    assert.equal((await apiOf()(`${provider.origin}/narrow`)).status, 401);
    assert.equal(provider.count(), 1);
  });

  test("a provider that refuses tokens with 403 and words is heeded by rule", async () => {
    const refusal = { statuses: [401, 403], token: ["invalid access token"] };
    const api = apiOf({ refusal });
    assert.equal((await (await api(`${provider.origin}/forbidding`)).json()).error, "no valid consent");
    assert.equal(provider.count(), 1);
    provider.revoke();
    assert.equal((await (await api(`${provider.origin}/forbidding`)).json()).error, "no valid consent");
    assert.equal(provider.count(), 2);
  });

  test("a body that is there once is sent once, so its refusal is the answer", async () => {
    const parts = async function* () {
      yield new TextEncoder().encode("iterated");
    };
    for (const [body, read] of [
      [new Blob(["stream"]).stream(), "stream"],
      [parts(), "iterated"],
      [Readable.from(["readable"]), "readable"],
    ]) {
      source = new TokenSource({ client: await clientOf(provider) });
      const [asked] = [provider.count()];
      await apiOf()(`${provider.origin}/things`);
      provider.revoke();
      provider.api = [];
      const answer = await apiOf()(`${provider.origin}/things`, { method: "POST", body });
      assert.equal(answer.status, 401);
      assert.deepEqual(
        provider.api.map((call) => call.body),
        [read],
      );
      assert.equal(provider.count(), asked + 1);
      const halland = new HallandApi({ origins: [provider.origin], token: () => "unknown", subscriberKey: "k", development: true });
      provider.api = [];
      await failsWith(halland.fetch(`${provider.origin}/things`, { method: "POST", body: parts() }), "token_invalid");
      assert.deepEqual(
        provider.api.map((call) => call.body),
        ["iterated"],
      );
    }
  });

  test("token and headers go to the named origins alone", async () => {
    const api = apiOf({ headers: subscriber });
    for (const url of [provider.origin.replace("127.0.0.1", "localhost"), "https://evil.example/", `${provider.origin}@evil.example/`, "/things"])
      await failsWith(api(url), "resource_refused");
    assert.equal(provider.api.length, 0);
    await failsWith(api(`${provider.origin}/things`, { headers: { authorization: "Bearer x" } }), "reserved_parameter");
    await failsWith(apiOf({ headers: { authorization: "Bearer x" } })(`${provider.origin}/things`), "reserved_parameter");
    for (const bad of [
      undefined,
      {},
      { origins: [] },
      { origins: "https://api.example" },
      { origins: ["https://api.example"], headers: "x" },
      { origins: ["https://api.example"], refusal: "401" },
    ]) {
      assert.throws(() => source.fetch(target, bad), { code: "invalid_configuration" });
    }
  });

  test("a caller's signal ends the call, and a server in trouble is said to be", async () => {
    provider.fault = "hang";
    const controller = new AbortController();
    const call = apiOf()(`${provider.origin}/things`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await failsWith(call, "aborted");
    provider.fault = "500";
    source = new TokenSource({ client: await clientOf(provider), retries: 0 });
    await failsWith(apiOf()(`${provider.origin}/things`), "http_status_unexpected");
    assert.equal(provider.api.length, 0);
  });

  test("each question of a client has an assertion of its own, and targets that the grant has no place for are refused", async () => {
    provider.fault = "500";
    source = new TokenSource({ client: await clientOf(provider) });
    await failsWith(source.get(target), "http_status_unexpected");
    assert.equal(provider.count(), 3);
    assert.deepEqual(provider.refusals, []);
    for (const one of [{ organisation: "974761076" }, { subject: "12345678901" }]) await failsWith(source.get(one), "invalid_parameter");
    await failsWith(source.get({ scope: "forbidden" }), "token_error", { oauth: { error: "invalid_scope" } });
  });

  test("a statement as a grant carries the target's claims and no form parameters", async () => {
    const key = await SigningKey.fromJwk(provider.jwk);
    const forms = [];
    const { Client, provider: providerOf, none } = await import("samtykke");
    const client = new Client(providerOf({ issuer: "https://op.example/", tokenEndpoint: "https://op.example/token", clientId: "client-1" }), none(), {
      fetch: async (_, { body }) => (
        forms.push(new URLSearchParams(body)),
        new Response('{"access_token":"t","token_type":"Bearer","expires_in":120}', { headers: { "content-type": "application/json" } })
      ),
    });
    const claims = ({ scope, organisation, subject }) => ({ scope, consumer_org: organisation, pid: subject });
    const bearer = new TokenSource({ client, grant: { key, rules: { claims: { fixed: 1 } }, claims } });
    await bearer.get({ scope: "a b", organisation: "974761076", subject: "12345678901" });
    await bearer.get({ scope: "a b", organisation: "974761076" });
    assert.equal(forms.length, 2);
    const { iss, jti, aud, iat, exp, ...rest } = JSON.parse(Buffer.from(forms[0].get("assertion").split(".")[1], "base64url"));
    assert.deepEqual(rest, { scope: "a b", consumer_org: "974761076", pid: "12345678901", fixed: 1 });
    assert.equal(iss, "client-1");
    assert.deepEqual([...forms[0].keys()].sort(), ["assertion", "grant_type"]);
    const plain = new TokenSource({ client, grant: { key } });
    await plain.get({ scope: "a b" });
    assert.equal(forms[2].get("scope"), "a b");
    await failsWith(plain.get({ subject: "12345678901" }), "invalid_parameter");
    assert.throws(() => new TokenSource({ client, grant: { key: "x" } }), { code: "invalid_configuration" });
    assert.throws(() => new TokenSource({ client, grant: "password" }), { code: "invalid_configuration" });
  });

  test("a bound token goes with a proof, of a client's key or of one that was given", async () => {
    const dpop = await SigningKey.generate();
    const sent = [];
    const fetch = async (url, { headers }) => (sent.push(new Headers(headers)), new Response("{}"));
    const { source: own } = sourceOf(async () => ({ ...(await tokensOf("bound")), tokenType: "DPoP" }), { dpop, fetch });
    await own.fetch({ scope: "a" }, { origins: ["https://api.example"] })("https://api.example/x");
    assert.equal(sent[0].get("authorization"), "DPoP bound");
    assert.equal(sent[0].get("dpop").split(".").length, 3);
  });
});
