// What an API says of itself and of a refusal: challenges as data, and metadata read where a challenge names it (RFC 9728, 9470, 6750).
// Refuses an address that is none for metadata, metadata of another resource, and a server that the API does not name.

import assert from "node:assert/strict";
import { test } from "node:test";

import { challenges, protectedResource } from "samtykke";

import { fails, fetchOf, json } from "./support.mjs";

const API = "https://api.example/v1/things";
const DOCUMENT = { resource: API, authorization_servers: ["https://op.example"], scopes_supported: ["read"], dpop_bound_access_tokens_required: true, x: [1] };

test("a challenge's members have types; what is not as it should be stays among the parameters", () => {
  const [bearer, dpop, basic, negotiate] = challenges(
    'Bearer error="insufficient_user_authentication", error_description="log in again", error_uri="https://api.example/help", scope="read write", realm="things", acr_values="Level4 Level3", max_age=300, resource_metadata="https://api.example/m", ' +
      'DPoP algs="ES256  PS256", error_uri="javascript:alert(1)", max_age="soon", Basic realm="x", Negotiate YWJj',
  );
  assert.deepEqual(
    { ...bearer, parameters: undefined },
    {
      scheme: "bearer",
      error: "insufficient_user_authentication",
      errorDescription: "log in again",
      errorUri: "https://api.example/help",
      scope: "read write",
      realm: "things",
      acrValues: ["Level4", "Level3"],
      maxAge: 300,
      resourceMetadata: "https://api.example/m",
      parameters: undefined,
    },
  );
  assert.deepEqual(
    [dpop.scheme, dpop.algorithms, dpop.errorUri, dpop.maxAge, dpop.parameters.max_age],
    ["dpop", ["ES256", "PS256"], undefined, undefined, "soon"],
  );
  assert.deepEqual([Object.keys(basic).sort(), basic.realm], [["parameters", "realm", "scheme"], "x"]);
  assert.deepEqual([negotiate.scheme, negotiate.token68, Object.getPrototypeOf(negotiate.parameters)], ["negotiate", "YWJj", null]);
});

test("an API's metadata is read where its challenge names it, or at the well-known address", async () => {
  const named = fetchOf(json(DOCUMENT));
  const found = await protectedResource(API, {
    fetch: named.fetch,
    wwwAuthenticate: 'Basic realm="x", DPoP resource_metadata="https://api.example/m"',
    issuer: "https://op.example",
  });
  assert.equal(named.requests[0].url, "https://api.example/m");
  assert.deepEqual([found.resource, found.authorizationServers, found.scopes, found.dpopRequired], [API, ["https://op.example"], ["read"], true]);
  assert.deepEqual([found.document.x, Object.getPrototypeOf(found.document)], [[1], null]);
  for (const wwwAuthenticate of [undefined, null, "", "Bearer"]) {
    const known = fetchOf(json({ resource: API }));
    const bare = await protectedResource(API, { fetch: known.fetch, wwwAuthenticate });
    assert.equal(known.requests[0].url, "https://api.example/.well-known/oauth-protected-resource/v1/things");
    assert.deepEqual([bare.authorizationServers, bare.scopes, bare.dpopRequired], [[], [], false]);
  }
  const local = fetchOf(json({ resource: "http://localhost:8080/v1" }));
  await protectedResource("http://localhost:8080/v1", { fetch: local.fetch, development: true });
  assert.equal(local.requests[0].url, "http://localhost:8080/.well-known/oauth-protected-resource/v1");
});

test("N111, N112: other addresses, other resources and other servers are refused; nothing is sent to a bad address", async () => {
  for (const address of ["http://api.example/m", "https://169.254.169.254/m", "https://[::1]/m", "javascript:alert(1)", "/m", "http://localhost:1/m"]) {
    const { fetch, requests } = fetchOf(json(DOCUMENT));
    await fails(protectedResource(API, { fetch, wwwAuthenticate: `Bearer resource_metadata="${address}"` }), { code: "endpoint_refused" });
    assert.equal(requests.length, 0, address);
  }
  for (const resource of ["http://api.example/v1", "https://10.0.0.1/", "things"]) {
    const { fetch, requests } = fetchOf(json({ resource }));
    await assert.rejects(protectedResource(resource, { fetch }), { name: "SamtykkeError" });
    assert.equal(requests.length, 0, resource);
  }
  const asked = (document, more = {}) => protectedResource(API, { fetch: fetchOf(document).fetch, ...more });
  for (const resource of [`${API}/`, "https://api.example", "https://evil.example/v1/things", null])
    await fails(asked(json({ ...DOCUMENT, resource })), { code: "resource_mismatch" });
  for (const issuer of ["https://op.example/", "https://evil.example"]) await fails(asked(json(DOCUMENT), { issuer }), { code: "resource_mismatch" });
  await fails(asked(json({ ...DOCUMENT, scopes_supported: "read" })), { code: "metadata_malformed" });
  await fails(asked(new Response("<html>", { headers: { "content-type": "text/html" } })), {});
  await fails(asked(new Response(null, { status: 302, headers: { location: "https://evil.example/" } })), { code: "redirect_refused" });
  await fails(asked(json(DOCUMENT), { wwwAuthenticate: 'Bearer error="x", error="y"' }), { code: "challenge_malformed" });
});
