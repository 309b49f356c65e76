// The local Maskinporten judged without us: assertions made by `jose`, requests by plain fetch, a restart of its file.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";

import { startMaskinporten } from "samtykke-local/maskinporten";
import { CUSTOMER, OTHER, OWN, PERSON, rsaJwk, world } from "./support.mjs";

const mp = await world();
after(() => mp.close());
const now = Math.floor(Date.now() / 1000);

test("a right assertion gets a token that its published keys verify", async () => {
  const answer = await mp.send(await mp.foreign({ claims: { resource: ["https://api.example/"], pid: PERSON } }));
  assert.deepEqual([answer.token_type, answer.expires_in, answer.scope], ["Bearer", 60, "difitest:api3"]);
  const metadata = await (await fetch(`${mp.environment.issuer}.well-known/oauth-authorization-server`)).json();
  const { payload } = await jwtVerify(answer.access_token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: mp.environment.issuer,
    audience: "https://api.example/",
  });
  assert.deepEqual(payload.consumer, { authority: "iso6523-actorid-upis", ID: `0192:${OTHER}` });
  assert.equal(payload.pid, PERSON);
  assert.equal(payload.supplier, undefined);
});

test("each documented fault is found", async () => {
  const stranger = await rsaJwk();
  const systemuser = { type: "urn:altinn:systemuser", systemuser_org: { authority: "iso6523-actorid-upis", ID: `0192:${CUSTOMER}` } };
  const used = await mp.foreign();
  await mp.send(used);
  for (const [what, expected, made] of [
    ["reused", /^MP-012/, used],
    ["unknown client", /^MP-100/, { claims: { iss: "nobody" } }],
    ["aud of the token endpoint", /^MP-110/, { claims: { aud: mp.environment.tokenEndpoint } }],
    ["aud without slash", /^MP-110/, { claims: { aud: mp.environment.issuer.slice(0, -1) } }],
    ["two audiences", /^MP-110/, { claims: { aud: [mp.environment.issuer, "https://other.example"] } }],
    ["PS256", /^MP-011/, { header: { alg: "PS256" } }],
    ["kid and x5c", /^MP-011/, { header: { x5c: ["MIIB"] } }],
    ["neither", /^MP-011/, { header: { kid: undefined } }],
    ["x5c as text", /^MP-123/, { header: { x5c: "MIIB" } }],
    ["another key", /^MP-124/, { key: stranger }],
    ["unknown kid", /Unknown key identifier/, { header: { kid: "other" } }],
    ["121 seconds", /too long lifetime/, { claims: { iat: now, exp: now + 121 } }],
    ["from the future", /in the future/, { claims: { iat: now + 40, exp: now + 100 } }],
    ["late", /^MP-130/, { claims: { iat: now - 140, exp: now - 60 } }],
    ["nbf", /Invalid assertion/, { claims: { nbf: now } }],
    ["sub", /Invalid assertion/, { claims: { sub: "x" } }],
    ["no scope", /^MP-200/, { claims: { scope: "" } }],
    ["unknown scope", /^MP-200/, { claims: { scope: "difitest:none" } }],
    ["ID-porten's scope", /^MP-201/, { claims: { scope: "difitest:idporten" } }],
    [
      "scope not granted",
      /^forbidden 403 .* granted access to the scope difitest:ungranted\. \(correlation id: [\w-]{36}\)$/,
      { claims: { scope: "difitest:ungranted" } },
    ],
    ["not delegated", /^forbidden 403 .* granted access/, { claims: { scope: "difitest:delegated", consumer_org: OWN.replace("7", "8") } }],
    ["own organisation", /consumer_org/, { claims: { scope: "difitest:delegated", consumer_org: OTHER } }],
    ["prefixed organisation", /^MP-011/, { claims: { scope: "difitest:delegated", consumer_org: `0192:${CUSTOMER}` } }],
    ["odd pid", /^MP-011/, { claims: { pid: "1" } }],
    ["unknown details", /^MP-301/, { claims: { authorization_details: [{ type: "x" }] } }],
    ["undocumented member", /^MP-302/, { claims: { authorization_details: [{ ...systemuser, systemuserid: "1" }] } }],
    ["no such system user", /^MP-303/, { claims: { authorization_details: [systemuser] } }],
    ["two system users", /^MP-303/, { claims: { authorization_details: [systemuser, systemuser] } }],
  ]) {
    const { status, error, error_description: words, error_uri: uri, access_token } = await mp.send(typeof made === "string" ? made : await mp.foreign(made));
    assert.equal(access_token, undefined, what);
    const id = uri?.match(/^https:.*\/errors\/(MP-\d{3})$/)?.[1];
    assert.match(`${id ?? error} ${status} ${words}`, expected, what);
    assert.match(words, id ? / \(trace_id: [0-9a-f]{32}\)$/ : / \(correlation id: [\w-]{36}\)$/, what);
  }
  assert.equal((await mp.send(await mp.foreign(), { scope: "difitest:api3" })).error, "invalid_request", "a further parameter");
});

test("what was registered survives a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "samtykke-mp-"));
  const file = join(folder, "state.db");
  try {
    const first = await startMaskinporten({ file });
    first.control.store.setScope("difitest:kept", OWN, true, { name: "difitest:kept", description: "kept" });
    const { admin } = first;
    await first.close();
    const second = await startMaskinporten({ file });
    assert.deepEqual(second.admin, admin);
    assert.equal(second.control.store.scope("difitest:kept").description, "kept");
    await second.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
