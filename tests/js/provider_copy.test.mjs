// A provider is checked once when it is made here; a copy, which anyone could have changed, is checked each time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SamtykkeError, begin, norskgjeld } from "samtykke/browser";
import { Client, clientSecretBasic } from "samtykke";

const made = norskgjeld({ environment: "preprod", clientId: "eksempelbank-client", redirectUri: "https://app.example.no/callback" });
const code = (name) => (error) => error instanceof SamtykkeError && error.code === name;

test("a copy that says the same works", () => {
  assert.ok(begin(JSON.parse(JSON.stringify(made)), { purpose: "presentation" }).url.startsWith(made.authorizationEndpoint));
});

test("a copy cannot vouch for itself", () => {
  for (const flags of ["", "c", "ic", "dc", "c\u0000"]) {
    for (const wrong of [
      { redirectUri: "http://evil.example/" },
      { authorizationEndpoint: "http://evil.example/auth" },
      { issuer: "javascript:x" },
      { clientId: "a\tb" },
    ]) {
      assert.throws(() => begin({ ...made, flags, ...wrong }, { purpose: "presentation" }), code("invalid_configuration"));
    }
  }
});

test("a copy's token endpoint is judged before a secret is sent there", async () => {
  const sent = [];
  const client = new Client({ ...made, flags: "c", tokenEndpoint: "https://169.254.169.254/token" }, clientSecretBasic("s"), {
    fetch: async (url) => sent.push(url),
  });
  await assert.rejects(client.clientCredentials({ scope: "x" }), code("invalid_configuration"));
  assert.deepEqual(sent, []);
});
