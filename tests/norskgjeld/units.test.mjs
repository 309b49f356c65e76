// The small rules of the local Norsk Gjeldsinformasjon, each with the values that break a careless copy of it.
// Go's net/url, RFC 6749 2.3.1, the scope grammar of a consent, Hydra's audience rule, the shape of a handle.
// Refuses to trust the whole flow alone for these: here one wrong character fails.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createAudiences } from "samtykke-local/internal/norskgjeld/audiences.mjs";
import { queryUnescape, readBasic } from "samtykke-local/internal/norskgjeld/basic.mjs";
import { callbackUrl, queryEscape } from "samtykke-local/internal/norskgjeld/callback.mjs";
import { Clients } from "samtykke-local/internal/norskgjeld/clients.mjs";
import { createHandles } from "samtykke-local/internal/norskgjeld/handles.mjs";
import { maskParams, maskPath } from "samtykke-local/internal/norskgjeld/mask.mjs";
import { parseConsentScope } from "samtykke-local/internal/norskgjeld/scopes.mjs";

test("queryUnescape reads plus, escapes and raw characters as Go does", () => {
  const read = (text) => queryUnescape(Buffer.from(text));
  assert.equal(read("a%25b%2Bc+d%3Ae%2Ff%7Eg"), "a%b+c d:e/f~g");
  assert.equal(read("a:b/c~"), "a:b/c~");
  assert.equal(read("%C3%B8"), "ø");
  for (const broken of ["%", "%2", "a%zz", "100%"]) assert.equal(read(broken), undefined, broken);
});

test("readBasic knows the documented header and its bare-tilde twin", () => {
  const both = ["Basic ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmJTdFZw==", "basic ZWtzZW1wZWxiYW5rLWNsaWVudDphJTI1YiUyQmMrZCUzQWUlMkZmfmc="];
  for (const header of both) {
    const { id, secret } = readBasic(header);
    assert.deepEqual({ id, secret }, { id: "eksempelbank-client", secret: "a%b+c d:e/f~g" });
  }
  assert.equal(readBasic("Basic ZWtzZW1wZWxiYW5rLWNsaWVudDphJWIrYyBkOmUvZn5n").broken, "client_secret");
  for (const header of [undefined, "", "Bearer x", "Basic !!!", "Basic YWJj", "Basic"]) {
    assert.deepEqual(readBasic(header), { absent: true }, header);
  }
});

test("queryEscape writes what Go's QueryEscape writes", () => {
  assert.equal(queryEscape("a b&c=d/~*'()!ø+"), "a+b%26c%3Dd%2F~%2A%27%28%29%21%C3%B8%2B");
});

test("callbackUrl sorts, keeps the registered bytes and adds no slash", () => {
  const params = { state: "s", code: "c", scope: "a b" };
  assert.equal(callbackUrl("http://localhost:1", params), "http://localhost:1?code=c&scope=a+b&state=s");
  assert.equal(callbackUrl("https://x.no/cb?z=1&app=2", params), "https://x.no/cb?app=2&code=c&scope=a+b&state=s&z=1");
  assert.equal(callbackUrl("https://x.no/cb", { code: "c" }, "fragment"), "https://x.no/cb#code=c");
});

test("the scope grammar", () => {
  const ok = (text) => {
    const { ok: good, base, days, openid, granted, clamped } = parseConsentScope(text);
    assert.ok(good, text);
    return { base, days, openid, granted, clamped };
  };
  const plain = "debt.unsecured.presentation";
  assert.deepEqual(ok(plain), { base: plain, days: null, openid: false, granted: plain, clamped: false });
  assert.deepEqual(ok(`${plain}.100 openid`), { base: plain, days: 100, openid: true, granted: `${plain} openid`, clamped: false });
  assert.equal(ok(`${plain}.365`).clamped, false);
  assert.deepEqual([ok(`${plain}.366`).days, ok(`${plain}.366`).clamped], [365, true]);
  assert.deepEqual([ok("debt.unsecured.processing.28").days, ok("debt.unsecured.processing.29").days], [28, 28]);
  const broken = [
    undefined,
    "",
    "openid",
    `openid ${plain}`,
    `${plain} ${plain}`,
    `${plain} debt.unsecured.processing`,
    `${plain} openid openid`,
    `${plain} profile`,
    `${plain}.0`,
    `${plain}.`,
    `${plain}.1x`,
    `${plain}.-1`,
    "debt.unsecured",
    "debt.unsecured.other",
    `${plain}\topenid`,
    "consent.create",
    `${plain.toUpperCase()}`,
  ];
  for (const text of broken) assert.equal(parseConsentScope(text).ok, false, String(text));
});

test("audiences: scheme and host equal, path equal or below", () => {
  const { allowed, services } = createAudiences("http://localhost:4401");
  for (const good of [services.debt, `${services.debt}/x`, services.feed, `${services.agreement}`]) assert.ok(allowed(good), good);
  const bad = [
    "https://localhost:4401/v1/debt",
    "http://localhost:4400/v1/debt",
    "http://localhost:4401/v1/debts",
    "http://localhost:4401/v1",
    "https://api.norskgjeld.no/v1/debt",
    "urn:x",
    "",
  ];
  for (const audience of bad) assert.equal(allowed(audience), false, audience);
});

test("handles have the shape of Hydra's, decode to 32 octets twice, and cannot be made up", () => {
  const { seal, open } = createHandles();
  const id = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
  const handle = seal(id);
  const [first, second] = handle.split(".");
  for (const part of [first, second]) {
    assert.equal(part.length, 43);
    assert.equal(Buffer.from(part, "base64url").toString("base64url"), part);
    assert.equal(Buffer.from(part, "base64url").length, 32);
  }
  assert.equal(open(handle), id);
  assert.equal(open(handle.replace(/^a/, "b")), undefined);
  assert.equal(open(`${handle}A`), undefined);
  assert.equal(createHandles().open(handle), undefined, "another instance's handle");
  for (const odd of [undefined, "", id, `${id}.${id}`]) assert.equal(open(odd), undefined);
});

test("a client's redirect URIs: https, or http on loopback, never with a fragment", () => {
  const make = (uri) => () => new Clients([{ id: "a", secret: "b", redirectUris: [uri] }]);
  for (const uri of ["https://app.example.no/cb", "http://localhost:1/cb", "http://a.localhost/cb", "http://127.0.0.1:9/", "http://[::1]:9/"]) {
    assert.doesNotThrow(make(uri), uri);
  }
  for (const uri of ["http://app.example.no/cb", "http://localhost.example.no/", "https://x.no/#a", "com.app:/cb"]) assert.throws(make(uri), TypeError, uri);
  assert.throws(() => new Clients([{ id: "a", secret: "b", scopes: ["debt.unsecured.other"] }]), /unknown scope/);
});

test("masks hide every value that is not known to be harmless", () => {
  const secrets = ["code", "code_verifier", "access_token", "id_token", "client_secret", "nin", "ssn", "refresh_token", "whatever"];
  const masked = maskParams(Object.fromEntries(secrets.map((name) => [name, "SENSITIVE"])));
  assert.doesNotMatch(JSON.stringify(masked), /SENSITIVE/);
  assert.deepEqual(Object.keys(masked), secrets);
  assert.deepEqual(maskParams({ scope: "s", state: "0123456789" }), { scope: "s", state: "0123…" });
  assert.equal(maskPath("/login/abc"), "/login/…");
});
