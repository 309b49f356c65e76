// The client of samtykke/norskgjeld, whose wasm has what norskgjeld has and no more: no other entry is imported until the end.

import assert from "node:assert/strict";
import { test } from "node:test";

import { start } from "samtykke-local";
import { Client, DebtApi, audiences, clientSecretBasic, norskgjeld } from "samtykke/norskgjeld";

test("a consent, a lookup and a token of its own by one entry; what norskgjeld has not is named", async (t) => {
  const local = await start({ providers: ["norskgjeld"], port: 0 });
  t.after(() => local.close());
  const { environment, client: known, people } = local.norskgjeld;
  const provider = norskgjeld({ environment, clientId: known.clientId, redirectUri: known.redirectUris[0] });
  const client = new Client(provider, clientSecretBasic(known.secret));

  const { url, transaction } = await client.start({ purpose: "presentation", days: 100, openid: true });
  const back = await local.norskgjeld.login(url, { person: people[0].name });
  const tokens = await client.exchange(client.finish(transaction, back));
  assert.ok(tokens.claims.sub, "its id_token is verified");
  const { loans } = await new DebtApi(provider, { token: tokens.accessToken }).debt();
  assert.ok(loans.length > 0);
  assert.ok((await client.clientCredentials({ audience: audiences(provider).consentEvents, scope: "client.access.consent.events" })).accessToken);

  for (const work of [() => client.refresh("r0"), () => client.introspect("t"), () => client.revoke("t")])
    await assert.rejects(work, ({ code, action, hint }) => code === "wasm_unavailable" && action === "fix_configuration" && /import "samtykke"/.test(hint));
});

test("a key that another entry made is refused, and not left out", async () => {
  const { SigningKey } = await import("samtykke/maskinporten");
  const provider = norskgjeld({ environment: "preprod", clientId: "c", redirectUri: "https://app.example.no/callback" });
  const fetch = () => assert.fail("sent");
  const client = new Client(provider, clientSecretBasic("s"), { fetch, dpop: await SigningKey.generate({ alg: "ES256" }) });
  await assert.rejects(client.clientCredentials({ audience: "a" }), ({ code, expected }) => code === "invalid_parameter" && expected.startsWith("no DPoP key"));
});

test("it works for no client that has a key, where another entry can", async () => {
  const { Client, SigningKey, privateKeyJwt, provider } = await import("samtykke");
  const at = "https://op.example";
  const server = provider({ issuer: at, authorizationEndpoint: `${at}/a`, tokenEndpoint: `${at}/t`, clientId: "c", redirectUri: `${at}/cb` });
  let form;
  const fetch = async (_, { body }) => {
    form = new URLSearchParams(body);
    return Response.json({ access_token: "x", token_type: "Bearer" });
  };
  const client = new Client(server, privateKeyJwt(await SigningKey.generate({ alg: "ES256" })), { fetch });
  assert.equal((await client.clientCredentials()).accessToken, "x");
  assert.equal(form.get("client_assertion").split(".").length, 3);
});
