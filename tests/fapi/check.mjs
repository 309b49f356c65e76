// A FAPI 2.0 login against oidc-provider in every runtime, by the packed package: `node tests/fapi/check.mjs [runtime…]`.
// Judged by oidc-provider under its FAPI 2.0 profile, by an API that verifies with jose, and by what both of them saw.
// A runtime that is not there is a gap, told by name.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installTarball, pack } from "../lib/pack.mjs";
import { runSuite, runtimes } from "../runtimes/index.mjs";
import { ALGORITHMS, REDIRECT_URI, fapiServer } from "./server.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const FOLDER = join(dirname(dirname(HERE)), "target", "fapi");
const names = process.argv.slice(2);
const chosen = names.length ? names : runtimes.map(({ name }) => name);

const BODY = '{"ask":"æøå"}';
const called = (client) => ({ status: 200, answer: { client, person: "ola.nordmann", body: BODY } });
const expected = (issuer, client) => ({
  frontChannel: ["client_id", "request_uri"],
  stated: ["code", "iss", "state"],
  refusals: {
    otherIssuer: "issuer_mismatch",
    noIssuer: "issuer_missing",
    otherState: "state_mismatch",
    callbackAgain: "transaction_used",
    codeAgain: "transaction_used",
  },
  tokenType: "DPoP",
  claims: { iss: issuer, aud: client, sub: "ola.nordmann", nonce: "string" },
  person: { sub: "ola.nordmann", name: "Ola Nordmann" },
  first: called(client),
  renewed: { other: true, rotated: true, sub: "ola.nordmann" },
  second: called(client),
});

// One challenge for the server's endpoints, one for userinfo (an API, whose nonces are kept apart), one for each call of the
// API (its nonces are for one use); each challenge answered once.
const SENT = [
  ["par", 400, false],
  ["par", 201, true],
  ["token", 200, true, "authorization_code"],
  ["userinfo", 401, false],
  ["userinfo", 200, true],
  ["api", 401, false],
  ["api", 200, true],
  ["token", 200, true, "refresh_token"],
  ["api", 401, true],
  ["api", 200, true],
];

function judge(outcome, { issuer, seen }) {
  for (const alg of ALGORITHMS) assert.deepEqual(outcome[alg], expected(issuer, alg));
  assert.deepEqual(
    seen.map(({ route, status, nonce, grant }) => [route, status, nonce, ...(grant ? [grant] : [])]),
    ALGORITHMS.flatMap(() => SENT),
  );
  const jtis = seen.flatMap((entry) => entry.jtis);
  // An assertion and a proof for each of four forms, a proof for each of six calls.
  assert.equal(jtis.length, ALGORITHMS.length * (4 * 2 + 6));
  assert.equal(new Set(jtis).size, jtis.length, "an assertion or a proof was sent twice");
  for (const { route, aud, ath, body } of seen) {
    const isApi = route === "userinfo" || route === "api";
    assert.equal(aud, isApi ? undefined : issuer, "the assertion's audience is the issuer, as one string");
    assert.equal(ath, isApi, "a proof names the access token where there is one, and only there");
    if (route === "api") assert.equal(body, BODY, "the body is the same in the request that is sent once more");
  }
}

const packageDir = await installTarball(await pack(join(FOLDER, "tarball")), join(FOLDER, "project"));
let failed = false;
for (const runtime of chosen) {
  const server = await fapiServer();
  const { issuer, api, helper, keys, close } = server;
  try {
    const outcome = await runSuite({
      runtime,
      packageDir,
      suite: join(HERE, "suite.mjs"),
      input: { issuer, api, helper, keys, redirectUri: REDIRECT_URI },
      network: [issuer, api, helper],
      timeoutMs: 120_000,
    });
    if (outcome.unavailable) {
      console.log(`gap: the FAPI 2.0 login in ${runtime}: ${outcome.unavailable}`);
      continue;
    }
    if (!outcome.ok) throw new Error(`${outcome.error}\n${outcome.stack}\n${JSON.stringify(server.seen)}`);
    judge(outcome.output, server);
    console.log(`ran: FAPI 2.0 login in ${outcome.version}`);
  } catch (error) {
    failed = true;
    console.log(`FAILED in ${runtime}: ${error.stack}`);
  } finally {
    await close();
  }
}
process.exit(failed ? 1 : 0);
