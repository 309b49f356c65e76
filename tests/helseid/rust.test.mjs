// The Rust client against the local HelseID: the example program gets a machine's token, logs in, and asks for each audience.
// The same server as the package's tests, so that crate and package are judged alike; nothing secret is printed.
// Refuses to skip: without cargo, or without a build, it fails.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { builtExample } from "../lib/example.mjs";
import { start } from "../lib/process.mjs";
import { freePort } from "../lib/server.mjs";
import { until } from "../lib/wait.mjs";
import { key } from "samtykke-local/internal/helseid/keys.mjs";
import { browse, startHelseId } from "samtykke-local/helseid";
import { requests } from "./support.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

test("the crate logs in with native keys: machine, code, refresh for the next audience", { timeout: 20 * 60_000 }, async (t) => {
  const program = await builtExample("helseid", "aws-lc-rs", "reqwest");
  const redirectUri = `http://localhost:${await freePort()}/callback`;
  const { privateJwk, publicJwk } = await key("native ES256");
  const server = await startHelseId({
    clients: [{ clientId: "native", redirectUris: [redirectUri], publicJwk, tenancy: "single", organization: "994598759", children: [] }],
  });
  t.after(() => server.close());
  const running = await start(program, [], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      SystemRoot: process.env.SystemRoot,
      ENVIRONMENT: server.issuer,
      CLIENT_ID: "native",
      CLIENT_JWK: JSON.stringify(privateJwk),
      REDIRECT_URI: redirectUri,
      MACHINE_SCOPE: "nhn:selvbetjening/client",
      NO_PROXY: "localhost",
    },
    ready: (text) => text.match(/^open (\S+)$/m)?.[1],
    timeoutMs: 20_000,
  });
  t.after(() => running.stop());
  assert.equal((await fetch(new URL("/favicon.ico", redirectUri))).status, 404);
  const callback = await browse(running.value, redirectUri);
  assert.equal((await fetch(callback)).status, 200);
  const output = await until("the program to be done", () => /^done$/m.test(running.output()) && running.output(), 20_000);
  assert.match(output, /^machine nhn:selvbetjening\/client$/m);
  assert.match(output, /^level 4$/m);
  assert.match(output, /^granted .*nhn:phr\/mhd\/read/m);
  assert.match(output, /^granted .*nhn:kj\/api/m);
  assert.ok(!output.includes("eyJ") && !output.includes(privateJwk.d) && !output.includes(new URL(callback).searchParams.get("code")), "nothing secret");
  const grants = requests(server, "/connect/token").map(({ form }) => form.get("grant_type"));
  assert.deepEqual(grants, ["client_credentials", "client_credentials", "authorization_code", "refresh_token"], "one nonce round for all of them");
});
