// Every error by one table (tests/errors.json), which the crate reads too (tests/core/errors.rs): each code with the phases and actions
// it can have, the hint for each, its section and where its documentation is; and what each grant makes of a server's refusal.
// Refuses a code, a phase or an action that stands in the sources and not in the table, and a hint of another situation.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Client, JwksCache, SamtykkeError, clientSecretBasic, discover, none, provider, verifyIdToken } from "../../pkg/dist/index.js";
import { hostError } from "../../pkg/dist/lib/core/error.js";
import { json } from "./support.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { codes, refusals } = JSON.parse(readFileSync(join(ROOT, "tests", "errors.json"), "utf8"));
const PAGE = readFileSync(join(ROOT, "docs", "errors.md"), "utf8");
const snake = (name) => name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase();
const sources = (folder, end) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith(end))
    .map((file) => readFileSync(join(file.parentPath, file.name), "utf8").replace(/\/\/.*$/gm, ""));

/** Code, phase and action of each error that the sources make in one expression. */
function* made(known) {
  const of = ({ code, at }, phase, action) => ({ code, phase: phase ?? at[0].phase, action: action ?? at[0].action });
  for (const text of sources("src", ".rs")) {
    for (const [, name, rest] of text.matchAll(/&codes::([A-Z_]+)\b([^;{}]*)/g)) {
      const row = known.get(name.toLowerCase());
      assert.ok(row, name);
      yield of(row, snake(/\.at\(Phase::(\w+)\)/.exec(rest)?.[1] ?? "") || undefined, snake(/\.advise\(Action::(\w+)\)/.exec(rest)?.[1] ?? "") || undefined);
    }
  }
  for (const text of sources("pkg/src", ".ts")) {
    for (const [, code, rest] of text.matchAll(/hostError\(\s*"([a-z_]+)"([^;]*)/g)) {
      const row = known.get(code);
      assert.ok(row, code);
      yield of(row, /phase: "(\w+)"/.exec(rest)?.[1], /action: "(\w+)"/.exec(rest)?.[1]);
    }
  }
}

test("every code, phase and action of the sources has its row", () => {
  const known = new Map(codes.map((row) => [row.code, row]));
  assert.equal(known.size, codes.length);
  const missing = new Set();
  for (const { code, phase, action } of made(known)) {
    if (!known.get(code).at.some((one) => one.phase === phase && one.action === action)) missing.add(`${code} ${phase} ${action}`);
  }
  assert.deepEqual([...missing], []);
});

test("each row: message, phase, action, hint and doc are those of the table", () => {
  // Of the providers' own codes this entry has none; their own entries have them.
  for (const { code, section, retryable, at } of codes.filter(({ own }) => !own)) {
    assert.ok(PAGE.includes(`\n#### ${code}\n`) && section.length > 5, code);
    for (const { phase, action, hint } of at) {
      const error = hostError(code, { phase, action, expected: "this", actual: "that" });
      assert.ok(error instanceof SamtykkeError);
      const { message, doc, ...facts } = error.toJSON();
      assert.deepEqual(facts, { name: "SamtykkeError", code, phase, action, retryable, expected: "this", actual: "that", hint }, code);
      assert.equal(message, `${code} in the ${phase} phase; expected this; found "that". ${hint}`);
      assert.ok(doc.endsWith(`/errors/#${code}`), doc);
    }
  }
});

test("no hint is of another situation", () => {
  for (const { code, at } of codes) {
    for (const { phase, action, hint } of at) {
      const where = `${code}, ${phase}, ${action}: ${hint}`;
      assert.ok(hint.length > 10, where);
      // Nobody stands before an API, and what is to be set right is not mended by beginning again.
      if (phase === "api" && code !== "token_expired") assert.doesNotMatch(hint, /Start again|new flow|log in again/i, where);
      if (action === "fix_configuration") assert.doesNotMatch(hint, /^(Start|Begin|Try) (again|later)|new flow/, where);
      if (action === "try_later" && phase !== "token") assert.doesNotMatch(hint, /^Start again/, where);
      if (!/page|browser|origin|redirect_uri/.test(code) && code !== "callback_wrong_redirect_uri") assert.doesNotMatch(hint, /the page\b/, where);
    }
  }
});

const OP = {
  issuer: "https://op.example",
  authorizationEndpoint: "https://op.example/authorize",
  tokenEndpoint: "https://op.example/token",
  deviceAuthorizationEndpoint: "https://op.example/device",
  clientId: "client-1",
  redirectUri: "https://rp.example/cb",
};
let count = 0;
const flow = (client, code = `table-${count++}`) => {
  const { transaction, state } = client.begin({ scope: "read" });
  return { transaction, callback: `${OP.redirectUri}?code=${code}&state=${state}`, state };
};
const GRANTS = {
  authorization_code: (client) => {
    const { transaction, callback } = flow(client);
    return client.exchange(client.finish(transaction, callback));
  },
  refresh_token: (client) => client.refresh(`table-${count++}`),
  client_credentials: (client) => client.clientCredentials({ scope: "read" }),
  "jwt-bearer": (client) => client.jwtBearer({ assertion: "a.b.c" }),
  "token-exchange": (client) => client.tokenExchange({ subjectToken: "t" }),
};

const failure = async (run) => {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof SamtykkeError, error.stack);
    return error;
  }
  return assert.fail("an error");
};

test("what each grant makes of each refusal", async () => {
  for (const { grant, status, error: word, code, action, hint } of refusals) {
    if (!GRANTS[grant]) continue; // a device's poll, which the crate's test has
    const answer = async () => (word ? json({ error: word }, status) : new Response("", { status }));
    const error = await failure(() => GRANTS[grant](new Client(provider(OP), clientSecretBasic("s"), { fetch: answer })));
    assert.deepEqual([error.code, error.phase, error.action, error.hint], [code, "token", action, hint], `${grant} ${status} ${word}`);
  }
});

test("what differs, and what to call, is said", async () => {
  const client = new Client(provider(OP), none());
  const other = (more) => new Client(provider({ ...OP, ...more }), none());
  const { transaction, callback, state } = flow(client);
  for (const [more, expected, actual] of [
    [{ issuer: "https://op2.example" }, "issuer https://op2.example", "issuer https://op.example"],
    [{ clientId: "client-2" }, "client_id client-2", "client_id client-1"],
    [{ redirectUri: "https://rp.example/cb2" }, "redirect_uri https://rp.example/cb2", "redirect_uri https://rp.example/cb"],
  ]) {
    const error = await failure(() => other(more).finish(transaction, callback));
    assert.deepEqual([error.code, error.expected, error.actual], ["transaction_mismatch", expected, actual]);
    const begun = flow(client);
    const code = client.finish(begun.transaction, begun.callback);
    const late = await failure(() => other(more).exchange(code));
    assert.deepEqual([late.code, late.phase, late.expected, late.actual], ["transaction_mismatch", "token", expected, actual]);
  }
  const signed = await failure(() => client.finish(transaction, `${OP.redirectUri}?response=a.b.c`));
  assert.deepEqual([signed.code, signed.action], ["state_missing", "fix_configuration"]);
  assert.match(signed.message, /finishJarm/);
  const jarm = await failure(() => client.finish(client.begin({ responseMode: "query.jwt" }).transaction, `${OP.redirectUri}?response=a.b.c`));
  assert.match(jarm.message, /finishJarm/);
  assert.match((await failure(() => client.finishJarm(transaction, callback))).message, /goes to finish;/);
  const abc = await failure(() => client.exchange("abc"));
  assert.deepEqual([abc.code, abc.phase], ["code_malformed", "token"]);
  assert.match(abc.hint, /what finish gave/);
  assert.equal((await failure(() => client.finish(transaction, `${OP.redirectUri}?state=${state}x`))).code, "state_mismatch");
});

test("a server on this machine without development: the option is named", async () => {
  const local = "http://localhost:8080";
  const settings = { clientId: "c", redirectUri: "https://rp.example/cb" };
  const made = () => provider({ ...settings, issuer: local, authorizationEndpoint: `${local}/a`, tokenEndpoint: `${local}/t` });
  assert.match((await failure(made)).hint, /development/);
  assert.match((await failure(() => discover(local, { ...settings, fetch: async () => json({}) }))).hint, /development/);
  assert.match((await failure(() => discover("https://op.example", { ...settings, clientSecret: "s", fetch: async () => json({}) }))).hint, /new Client/);
});

test("a cache of key sets is told of its server's development, before a code is spent", async () => {
  const issuer = "http://localhost:8080";
  const asked = [];
  const fetch = async (url) => {
    asked.push(url);
    return url.endsWith("/jwks") ? json({ keys: [] }) : json({ access_token: "a", token_type: "Bearer", id_token: TOKEN(issuer) });
  };
  const local = provider({ ...OP, issuer, authorizationEndpoint: `${issuer}/a`, tokenEndpoint: `${issuer}/t`, jwksUri: `${issuer}/jwks`, development: true });
  const client = new Client(local, none(), { fetch, jwks: new JwksCache({ fetch }) });
  const { transaction, state } = client.begin({ scope: "openid", nonce: NONCE });
  const error = await failure(() => client.exchange(client.finish(transaction, `${OP.redirectUri}?code=local&state=${state}`)));
  assert.deepEqual(asked, [`${issuer}/t`, `${issuer}/jwks`], error.message);
});

const NONCE = "n-0123456789abcdef";
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = (issuer, kid = "k") => {
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: "RS256", kid })}.${part({ iss: issuer, aud: OP.clientId, sub: "u", nonce: NONCE, iat: now, exp: now + 60 })}.${"A".repeat(342)}`;
};

test("an unknown key id within the cooldown: the hint says that nothing was fetched", async () => {
  let fetched = 0;
  const jwks = new JwksCache({ fetch: async () => (fetched++, json({ keys: [{ kty: "RSA", kid: "k", e: "AQAB", n: `u${"7".repeat(340)}w` }] })) });
  const check = (kid) =>
    failure(() => verifyIdToken(TOKEN(OP.issuer, kid), { issuer: OP.issuer, clientId: OP.clientId, nonce: NONCE }, jwks.at("https://op.example/jwks")));
  await check("k");
  const first = await check("unknown-1");
  const again = await check("unknown-2");
  assert.equal(fetched, 2);
  assert.deepEqual([first.code, again.code], ["key_not_found", "key_not_found"]);
  assert.match(first.hint, /report it/);
  assert.match(again.hint, /not again/);
});
