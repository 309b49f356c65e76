// What pages of other origins may read of a local server: metadata and keys all of them, the rest pages of a client that allows theirs.
// Refuses another client's page, a confidential client without a list, and a login by script.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { start } from "samtykke-local";

const [PAGE, OTHER] = ["https://page.example", "https://other.example"];
const clients = [
  { clientId: "page", redirectUris: [`${PAGE}/callback`] },
  { clientId: "listed", webOrigins: [OTHER], redirectUris: [`${PAGE}/callback`] },
  { clientId: "server", secret: "s", redirectUris: [`${PAGE}/callback`] },
];
const local = await start({ providers: ["mine", "idporten"], config: { providers: { mine: { clients } } } });
after(() => local.close());

async function allowed(path, { origin = PAGE, ...init } = {}, name = "mine") {
  const response = await fetch(`${local.origin}/${name}${path}`, { ...init, headers: { ...(origin && { origin }), ...init.headers } });
  return response.headers.get("access-control-allow-origin");
}
const asking = (client_id, origin) => ({ method: "POST", origin, body: new URLSearchParams({ client_id, grant_type: "refresh_token", refresh_token: "x" }) });

test("a page reads what its client's server answers it, refusals too", async () => {
  assert.equal(await allowed("/.well-known/openid-configuration"), "*");
  assert.equal(await allowed("/jwks", { origin: "https://anybody.example" }), "*");
  assert.equal(await allowed("/token", asking("page", PAGE)), PAGE);
  assert.equal(await allowed("/token", asking("listed", OTHER)), OTHER);
  assert.equal(await allowed("/userinfo", { headers: { authorization: "Bearer x" } }), PAGE);
  const preflight = await fetch(`${local.mine.issuer}/userinfo`, {
    method: "OPTIONS",
    headers: { origin: PAGE, "access-control-request-method": "GET", "access-control-request-headers": "authorization, dpop" },
  });
  const [headers, methods] = ["allow-headers", "allow-methods"].map((name) => preflight.headers.get(`access-control-${name}`));
  assert.deepEqual([preflight.status, headers, methods], [204, "Authorization, Content-Type, DPoP", "GET, POST"]);
  const answer = await fetch(`${local.mine.issuer}/token`, { ...asking("page"), headers: { origin: PAGE } });
  assert.deepEqual([answer.headers.get("vary"), answer.headers.get("access-control-expose-headers")], ["Origin", "DPoP-Nonce, WWW-Authenticate"]);
  // A client that is ready and has no addresses of its own: any page may try it.
  assert.equal(await allowed("/token", asking("local-page", OTHER), "idporten"), OTHER);
});

test("a page reads nothing of another client's, and no page a login", async () => {
  assert.equal(await allowed("/token", asking("page", OTHER)), null);
  assert.equal(await allowed("/token", asking("listed", PAGE)), null, "a list stands for itself");
  assert.equal(await allowed("/token", asking("server", PAGE)), null, "a confidential client's pages are no callers");
  assert.equal(await allowed("/token", asking("page", undefined)), PAGE);
  assert.equal(await allowed("/token", { ...asking("page"), origin: "" }), null, "no page asked");
  assert.equal(await allowed("/userinfo", { origin: "https://anybody.example", method: "OPTIONS" }), null);
  for (const path of ["/authorize?client_id=page", "/login/x", "/logout"]) assert.equal(await allowed(path), null, path);
});
