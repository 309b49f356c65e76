// The native example against the local norskgjeld: a person made of code consents, the program exchanges and reads the debt.
// Everything it prints is checked: what it should say, and that no code, token, verifier, name or number of a person is in it.
// Refuses to skip: without cargo, or without a build, it fails.
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DEMO_CLIENT, approve, startNorskgjeld } from "samtykke-local/norskgjeld";
import { builtExample } from "../lib/example.mjs";
import { start } from "../lib/process.mjs";
import { freePort } from "../lib/server.mjs";
import { until } from "../lib/wait.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let program;
let provider;
let redirectUri;

before(async () => {
  program = await builtExample("native_reqwest");
  redirectUri = `http://localhost:${await freePort()}/callback`;
  provider = await startNorskgjeld({ authPort: 0, apiPort: 0, client: { ...DEMO_CLIENT, redirectUris: [redirectUri] } });
});
after(() => provider?.close());

/** Starts the program; gives the URL it asks a person to open. */
const launch = (extra = {}) =>
  start(program, [], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      SystemRoot: process.env.SystemRoot,
      ENVIRONMENT: `${provider.authUrl} ${provider.apiUrl}`,
      CLIENT_ID: DEMO_CLIENT.id,
      CLIENT_SECRET: DEMO_CLIENT.secret,
      REDIRECT_URI: redirectUri,
      NO_PROXY: "localhost",
      ...extra,
    },
    ready: (text) => text.match(/^open (\S+)$/m)?.[1],
    timeoutMs: 20_000,
  });

/** Waits for the program's last words. */
const ends = (running, word) => until(`the program to say "${word}"`, () => running.output().includes(word) && running.output(), 20_000);

function quiet(output, callback) {
  const answer = new URL(callback).searchParams;
  const personal = ["14842249091", "Fjellheim", "FJORDKREDITT", DEMO_CLIENT.secret, answer.get("code")].filter(Boolean);
  for (const one of personal) assert.ok(!output.includes(one), `the program prints ${one}`);
}

test("a person consents, the program reads the debt", async () => {
  const running = await launch();
  try {
    assert.equal(new URL(running.value).origin, provider.authUrl);
    // A browser asks for an icon first; the program goes on waiting.
    assert.equal((await fetch(new URL("/favicon.ico", redirectUri))).status, 404);
    const callback = await approve(running.value, { user: "14842249091", decision: "approve" });
    const page = await fetch(callback);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
    await page.text();
    const output = await ends(running, "loans:");
    assert.match(output, /^granted debt\.unsecured\.presentation$/m);
    assert.match(output, /^creditors that did not: 1$/m);
    assert.match(output, /^loans: [1-9]\d*$/m);
    quiet(output, callback);
    assert.deepEqual(provider.control.violations(), []);
  } finally {
    await running.stop();
  }
});

test("a person declines, the program says so and asks for nothing", async () => {
  const running = await launch({ DAYS: "100" });
  try {
    assert.match(running.value, /scope=debt\.unsecured\.presentation\.100&/);
    provider.control.clear();
    const callback = await approve(running.value, { decision: "deny" });
    await (await fetch(callback)).text();
    const output = await ends(running, "consent_denied");
    assert.match(output, /Say that nothing was shared/);
    quiet(output, callback);
    const { token, debt } = provider.control.requests();
    assert.deepEqual([token, debt], [undefined, undefined]);
  } finally {
    await running.stop();
  }
});

test("an answer with another state is refused", async () => {
  const running = await launch();
  try {
    provider.control.clear();
    await (await fetch(`${redirectUri}?code=stolen-code&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`)).text();
    const output = await ends(running, "state_mismatch");
    assert.ok(!output.includes("stolen-code"));
    assert.equal(provider.control.requests().token, undefined);
  } finally {
    await running.stop();
  }
});
