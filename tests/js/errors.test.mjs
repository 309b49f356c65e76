// Every error the package throws: complete, serialisable, one class for all entries, and without a secret.
// The table of codes is the core's; each code that a caller can provoke offline is provoked here.
// Refuses an input with a line end, a NUL or half a surrogate pair that ends in anything but a typed error.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as full from "samtykke";
import * as browser from "samtykke/browser";
import * as edge from "samtykke/edge";
import * as messages from "samtykke/messages";
import * as norskgjeldEntry from "samtykke/norskgjeld";

import { CODE, REDIRECT_URI, SECRET, TOKEN, answered, assertNoSecret, clientOf, fails, fetchOf, json, preprod, settings, tokenBody } from "./support.mjs";

const { SamtykkeError, begin, clientSecretBasic, finish, norskgjeld, provider } = full;
const generic = {
  issuer: "https://op.example",
  authorizationEndpoint: "https://op.example/a",
  tokenEndpoint: "https://op.example/t",
  clientId: "c",
  redirectUri: REDIRECT_URI,
};

const PHASES = ["configuration", "authorization", "callback", "token", "api", "session", "runtime"];
const ACTIONS = ["fix_configuration", "restart", "try_later", "user_declined", "user_cancelled", "none"];

/** Ways to each code that the front half can end in. */
function provoked() {
  const login = begin(preprod, { purpose: "presentation" });
  const answer = (query) => `${REDIRECT_URI}?${query}`;
  const named = provider({ ...generic, issParameterSupported: true });
  const other = begin(named, { scope: "read" });
  const old = begin(preprod, { purpose: "presentation", lifetime: 1 }).transaction.split(" ");
  old[6] = String(Number(old[6]) - 10);
  const spent = answered(clientOf());
  return {
    invalid_configuration: () => norskgjeld({ ...settings, redirectUri: "http://app.example.no/" }),
    secret_in_browser: () => browser.norskgjeld({ ...settings, clientSecret: SECRET }),
    invalid_parameter: () => begin(provider(generic), { scope: "a", extra: { prompt: "none login" } }),
    reserved_parameter: () => begin(provider(generic), { scope: "a", extra: { redirect_uri: "x" } }),
    invalid_scope: () => begin(preprod, { purpose: "processing", days: 29 }),
    transaction_missing: () => finish(preprod, "", answer(`code=c&state=${login.state}`)),
    transaction_malformed: () => finish(preprod, "not a transaction", answer(`code=c&state=${login.state}`)),
    transaction_expired: () => finish(preprod, old.join(" "), answer(`code=c&state=${old[0]}`)),
    transaction_used: () => finish(preprod, spent.login.transaction, answer(`code=c&state=${spent.login.state}`)),
    transaction_mismatch: () => finish(norskgjeld({ ...settings, clientId: "x" }), login.transaction, answer(`code=c&state=${login.state}`)),
    callback_malformed: () => finish(preprod, login.transaction, answer(`state=${login.state}&code=%f`)),
    callback_too_large: () => finish(preprod, login.transaction, answer(`state=${login.state}&code=${"x".repeat(40_000)}`)),
    callback_duplicate_parameter: () => finish(preprod, login.transaction, answer(`state=${login.state}&code=c&code=c`)),
    callback_wrong_redirect_uri: () => finish(preprod, login.transaction, `https://evil.example/?code=c&state=${login.state}`),
    callback_unexpected_parameter: () => finish(preprod, login.transaction, answer(`state=${login.state}&code=c&id_token=x`)),
    state_missing: () => finish(preprod, login.transaction, answer("code=c")),
    state_mismatch: () => finish(preprod, login.transaction, answer("code=c&state=abcdefgh")),
    issuer_missing: () => finish(named, other.transaction, answer(`code=c&state=${other.state}`)),
    issuer_mismatch: () => finish(named, other.transaction, answer(`code=c&state=${other.state}&iss=https://evil.example`)),
    code_missing: () => finish(preprod, login.transaction, answer(`state=${login.state}`)),
    code_malformed: () => finish(preprod, login.transaction, answer(`state=${login.state}&code=%0a`)),
    authorization_error: () => finish(preprod, login.transaction, answer(`state=${login.state}&error=server_error`)),
  };
}

test("each code can be met, is complete, and survives a round trip as JSON", async () => {
  for (const [code, attempt] of Object.entries(provoked())) {
    const error = await fails(attempt, { code, retryable: false }, [CODE]);
    assert.ok(PHASES.includes(error.phase) && ACTIONS.includes(error.action), code);
    assert.equal(error.name, "SamtykkeError");
    assert.ok(error.message.startsWith(`${code} in the ${error.phase} phase`) && error.message.endsWith(error.hint));
    const facts = JSON.parse(JSON.stringify(error));
    assert.equal(facts.stack, undefined);
    const again = new SamtykkeError(facts);
    assert.deepEqual(JSON.parse(JSON.stringify(again)), facts);
    assert.equal(again.message, error.message);
    for (const language of ["nb", "nn", "sv", "nl", "en"]) assert.ok(messages.userMessage(error, language).length > 10);
  }
});

test("all facts of an error survive the round trip, its cause and stack stay here", () => {
  const facts = {
    code: "token_error",
    phase: "token",
    action: "restart",
    retryable: true,
    oauth: { error: "invalid_grant", description: "d", uri: "https://op.example/e" },
    http: { status: 429, retryAfter: 3 },
    provider: { code: "p", traceId: "t" },
    expected: "e",
    actual: "a",
    hint: "h",
    doc: "https://docs.rs/samtykke/latest/samtykke/errors/#token_error",
  };
  const error = new SamtykkeError(facts, { cause: new Error(SECRET) });
  const { name, message, ...rest } = JSON.parse(JSON.stringify(error));
  assert.deepEqual(rest, facts);
  assert.equal(name, "SamtykkeError");
  assert.ok(!message.includes(SECRET) && !JSON.stringify(error).includes(SECRET));
  assert.equal(error.cause.message, SECRET);
});

test("each code of the core's table has a message for people or an action that has one", () => {
  const source = readFileSync(new URL("../../src/ground/error/codes.rs", import.meta.url), "utf8");
  const codes = [...source.matchAll(/^ {4}[A-Z_]+ "([a-z_]+)" /gm)].map((match) => match[1]);
  assert.ok(codes.length > 40 && codes.includes("wasm_unavailable"));
  const texts = new Set();
  for (const code of codes)
    for (const action of ACTIONS) {
      const text = messages.userMessage({ code, action }, "nb");
      assert.ok(text && !text.includes(code));
      texts.add(text);
    }
  assert.ok(texts.size > 5, "everything says the same");
});

test("all entries share one class", async () => {
  for (const entry of [browser, edge, norskgjeldEntry]) assert.equal(entry.SamtykkeError, SamtykkeError);
  assert.throws(
    () => browser.finish(preprod, null, REDIRECT_URI),
    (error) => error instanceof SamtykkeError && error instanceof Error,
  );
  assert.throws(() => edge.createEdge({ client: clientOf(), keys: [] }), browser.SamtykkeError);
  await assert.rejects(new norskgjeldEntry.DebtApi(preprod, { token: TOKEN }).status("?"), browser.SamtykkeError);
  assert.equal(browser.begin, begin);
});

test("no secret can be named in a provider, whatever it is called", async () => {
  for (const name of ["clientSecret", "client_secret", "secret", "SECRET", "privateKey", "private_key"]) {
    await fails(() => browser.norskgjeld({ ...settings, [name]: SECRET }), { code: "secret_in_browser", action: "fix_configuration" });
    await fails(() => browser.provider({ ...generic, [name]: SECRET }), { code: "secret_in_browser" });
  }
  for (const name of Object.keys(browser)) assert.doesNotMatch(name, /secret|exchange|Client$|Api$/i);
  assertNoSecret(preprod, [SECRET], "the provider");
  assert.ok(Object.isFrozen(preprod));
});

test("line ends, NUL and odd Unicode in any input give a typed error", async () => {
  const login = begin(preprod, { purpose: "presentation" });
  const { fetch, requests } = fetchOf(json(tokenBody()));
  const api = (options) => new norskgjeldEntry.DebtApi(preprod, { token: TOKEN, fetch, ...options });
  for (const odd of ["\n", "\r", "\r\n", "\0", "\ud800", "\udc00x"]) {
    const text = `a${odd}b`;
    const url = `https://op.example/${odd}`;
    const attempts = [
      () => norskgjeld({ ...settings, clientId: text }),
      () => norskgjeld({ ...settings, redirectUri: url }),
      () => norskgjeld({ ...settings, environment: text }),
      () => norskgjeld({ ...settings, environment: { auth: url, api: url } }),
      ...["issuer", "authorizationEndpoint", "clientId", "redirectUri"].map((name) => () => provider({ ...generic, [name]: url })),
      ...["scope", "state", "nonce", "codeVerifier", "responseMode", "lifetime"].map(
        (name) => () => begin(provider(generic), { scope: "read", [name]: text.repeat(30) }),
      ),
      () => begin(preprod, { purpose: text }),
      () => begin(preprod, { purpose: "presentation", days: text }),
      () => finish(preprod, text, `${REDIRECT_URI}?code=c&state=${login.state}`),
      () => finish(preprod, login.transaction, `${REDIRECT_URI}?code=c${odd}&state=${login.state}`),
      () => finish(preprod, login.transaction, `${REDIRECT_URI}${odd}?code=c&state=${login.state}`),
      () => finish(preprod, login.transaction, `${REDIRECT_URI}?code=c&state=${login.state}${odd}`),
      () => finish(preprod, login.transaction, { contentType: text, body: text }),
      () => clientSecretBasic(text),
      () => clientOf({ fetch }).exchange(text),
      () => clientOf({ fetch }).clientCredentials({ scope: text }),
      () => api().status(text),
      () => api({ token: text }).debt(),
      () => new norskgjeldEntry.AgreementApi(preprod, { token: TOKEN, fetch }).register({ nin: text, purpose: "presentation", days: 1, clientConsentId: "x" }),
      () => edge.seal(text, "session", "x"),
    ];
    for (const attempt of attempts) {
      const error = await fails(attempt, {});
      assert.ok(!/wasm_unavailable/.test(error.code), `${attempt}: ${error.code}`);
    }
  }
  assert.equal(requests.length, 0);
});

test("a scope with a line end cannot slip another parameter past the checks", async () => {
  const { fetch, requests } = fetchOf(json(tokenBody()));
  await fails(clientOf({ fetch }).clientCredentials({ audience: "https://api.example\nread", scope: "" }), { code: "invalid_parameter" });
  await fails(() => begin(provider(generic), { scope: "read\n600" }), { code: "invalid_parameter" });
  await fails(() => begin(provider(generic), { scope: "read", extra: { claims: "{}\nstate=x" } }), { code: "invalid_parameter" });
  assert.equal(requests.length, 0);
});

test("a message says what was expected, what was found, where and the server's words, whoever found it", async () => {
  const host = await fails(() => full.clientSecretBasic(""), {}).catch(() => undefined);
  const found = await fails(() => new full.Client(preprod, clientSecretBasic("s"), { timeout: -1 }), { code: "invalid_configuration" });
  for (const error of [host, found].filter(Boolean)) {
    assert.ok(error.expected && error.message.includes(`expected ${error.expected}`) && error.message.includes(`${error.phase} phase`), error.message);
  }
  const moved = await fails(() => new full.Client(preprod, clientSecretBasic("s")).refresh("", {}), { code: "invalid_parameter", phase: "token" });
  assert.match(moved.message, /^invalid_parameter in the token phase; expected /, "the phase is this error's, not the table's");
  const answer = json({ error: "invalid_client", error_description: `${"Client authentication failed. ".repeat(100)}` }, 401);
  const told = await fails(() => clientOf(fetchOf(answer)).clientCredentials(), { code: "token_error" });
  assert.match(told.message, /answered "invalid_client", "Client authentication failed\./);
  assert.ok(told.message.length < 900, "cut at 512 characters");
  // Facts that are taken over from another error keep the message their own.
  const other = new SamtykkeError({ ...told.toJSON(), action: "try_later", phase: "api" });
  assert.match(other.message, /^token_error in the api phase: the server answered/);
  assert.deepEqual([other.name, Object.keys(other).includes("message"), other.toJSON().message], ["SamtykkeError", false, other.message]);
});
