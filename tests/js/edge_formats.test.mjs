// What is sealed and stored, against docs/formats.md: vectors opened by the package, and by a reader made of the document alone.
// RFC 5869, NIST SP 800-38D, RFC 1951. `node tests/js/edge_formats.test.mjs --write` makes the vectors anew, for a new version.
// Refuses a format that changed without its version.

import assert from "node:assert/strict";
import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { inflateRawSync } from "node:zlib";

import { Client, clientSecretBasic, provider } from "samtykke";
import { createEdge, open } from "samtykke/edge";
import { storedSessions } from "samtykke/edge/store";
import { memoryStore } from "samtykke/tokens";

import { ENDPOINTS, ISSUER, keycloak } from "../lib/keycloak.mjs";
import { Jar, ORIGIN } from "./browser.mjs";

const FILE = new URL("../vectors/edge_formats.json", import.meta.url);
const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const BINDING = `${ISSUER} app /`;
const op = provider({ issuer: ISSUER, ...ENDPOINTS, clientId: "app", redirectUri: `${ORIGIN}/callback` });
const edgeOf = (fetch, options) =>
  createEdge({
    client: new Client(op, clientSecretBasic("s"), { fetch }),
    keys: KEY,
    postLogoutRedirectUri: `${ORIGIN}/bye`,
    onSession: () => ({ seen: ["æ", 1] }),
    ...options,
  });

async function made() {
  const server = await keycloak();
  const flow = async (options) => {
    const jar = new Jar();
    const edge = edgeOf(server.fetch, options);
    const request = (path) => new Request(new URL(path, ORIGIN), { headers: { cookie: jar.header() } });
    const away = jar.take(await edge.login(request("/login"), { scope: "openid offline_access" }, { returnTo: "/home", state: { items: 3 } }));
    const login = Object.fromEntries(jar.cookies);
    jar.take(await edge.callback(request(server.authorize(away.headers.get("location")).url)));
    const { tokens, ...rest } = await edge.session(request("/"));
    return {
      login,
      session: Object.fromEntries(jar.cookies),
      says: { ...rest, accessToken: tokens.accessToken, idToken: tokens.idToken, scope: tokens.scope },
    };
  };
  const records = {};
  const store = memoryStore();
  const { compareAndSet } = store;
  store.compareAndSet = (name, before, text, life) => ((records[name] = text), compareAndSet(name, before, text, life));
  return {
    at: Math.floor(Date.now() / 1000),
    key: KEY,
    binding: BINDING,
    cookies: await flow({}),
    store: { ...(await flow({ store: storedSessions(store) })), records },
  };
}
if (process.argv.includes("--write")) writeFileSync(FILE, `${JSON.stringify(await made(), null, 2)}\n`);

const vectors = JSON.parse(readFileSync(FILE, "utf8"));
const cookie = (all) =>
  Object.entries(all)
    .map((pair) => pair.join("="))
    .join("; ");

/** Opens what is sealed, as the document says. */
function unsealed(text, purpose) {
  const octets = Buffer.from(text, "base64url");
  assert.equal(octets[0], 1);
  const key = Buffer.from(hkdfSync("sha256", Buffer.from(vectors.key, "base64url"), "", `samtykke 1 ${purpose.split(" ", 1)[0]}`, 32));
  const decipher = createDecipheriv("aes-256-gcm", key, octets.subarray(1, 13));
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(octets.subarray(-16));
  return Buffer.concat([decipher.update(octets.subarray(13, -16)), decipher.final()]);
}

/** Unpacks a session, as the document says. */
function unpacked(octets) {
  let at = 2 + octets.readUInt16BE();
  const { f, t, z } = JSON.parse(octets.subarray(2, at));
  const sum = t.flatMap((lengths) => (lengths?.length === 3 ? lengths.slice(0, 2) : [])).reduce((one, two) => one + two, 0);
  const readable = z === undefined ? octets.subarray(at, at + sum) : inflateRawSync(octets.subarray(at, at + z));
  at += z ?? sum;
  let read = 0;
  const tokens = t.map((lengths) => {
    if (!lengths) return null;
    const last = octets.subarray(at, (at += lengths.at(-1)));
    if (lengths.length === 1) return last.toString();
    return [...lengths.slice(0, 2).map((length) => readable.subarray(read, (read += length))), last].map((part) => part.toString("base64url")).join(".");
  });
  assert.equal(at, octets.length);
  return { facts: f, tokens };
}

const hash = (text) => createHash("sha256").update(text).digest();
const PREFIX = `__Host-samtykke-${hash(BINDING).subarray(0, 6).toString("base64url")}`;

function sameSession({ facts, tokens }, says) {
  const [accessToken, refreshToken, idToken] = tokens;
  assert.deepEqual([accessToken, idToken], [says.accessToken, says.idToken]);
  assert.match(refreshToken, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  const { begun, ends, idle, turn, data, token, claims, ...rest } = facts;
  assert.deepEqual([begun, ends, idle, turn, data, rest], [says.begunAt, says.expiresAt, says.idleAt, 0, says.data, {}]);
  assert.deepEqual([token.tokenType, token.scope, token.requestedScope], ["Bearer", says.scope, "openid offline_access"]);
  const payload = JSON.parse(Buffer.from(idToken.split(".")[1], "base64url"));
  assert.deepEqual({ ...payload, ...claims }, says.claims);
}

test("cookies of a session and a login, read by the document", () => {
  const { session, login, says } = vectors.cookies;
  const [[name, value]] = Object.entries(session);
  assert.equal(name, `${PREFIX}-session-0`);
  assert.equal(value[8], "1");
  sameSession(unpacked(unsealed(value.slice(9), `session ${BINDING} ${value.slice(0, 8)}`)), says);
  const [[loginName, sealed]] = Object.entries(login);
  const { transaction, ...carried } = JSON.parse(unsealed(sealed, `login ${BINDING}`));
  assert.deepEqual(carried, { state: { items: 3 }, returnTo: "/home" });
  assert.ok(loginName.startsWith(`${PREFIX}-login-`) && transaction.startsWith(loginName.slice(-16)));
});

test("a record of a session in a store, read by the document", () => {
  const { session, records, says } = vectors.store;
  const [[, number]] = Object.entries(session);
  const name = hash(JSON.stringify(["session", BINDING, number])).toString("base64url");
  sameSession(unpacked(unsealed(records[name], `record ${BINDING} ${name}`)), says);
  const claim = Object.keys(records).find((other) => other !== name);
  assert.equal(records[claim], "1");
});

test("the package opens the vectors", async (t) => {
  t.mock.method(Date, "now", () => vectors.at * 1000 + 1000);
  const fetch = () => assert.fail("nothing is asked");
  const shown = ({ tokens, claims, ...rest }) => ({
    ...rest,
    claims: { ...claims },
    accessToken: tokens.accessToken,
    idToken: tokens.idToken,
    scope: tokens.scope,
  });
  const fromCookies = await edgeOf(fetch).session(new Request(ORIGIN, { headers: { cookie: cookie(vectors.cookies.session) } }));
  assert.deepEqual(shown(fromCookies), vectors.cookies.says);
  const store = memoryStore();
  for (const [name, text] of Object.entries(vectors.store.records)) await store.compareAndSet(name, undefined, text, 60_000);
  const fromStore = await edgeOf(fetch, { store: storedSessions(store) }).session(new Request(ORIGIN, { headers: { cookie: cookie(vectors.store.session) } }));
  assert.deepEqual(shown(fromStore), vectors.store.says);
  assert.match(await open(KEY, `login ${BINDING}`, Object.values(vectors.cookies.login)[0]), /"returnTo":"\/home"/);
});

test("the package opens what the crate wrote", async (t) => {
  // Made by tests/native/edge_formats.rs.
  const crate = JSON.parse(readFileSync(new URL("../vectors/edge_formats_rust.json", import.meta.url), "utf8"));
  t.mock.method(Date, "now", () => crate.at * 1000 + 1000);
  assert.equal(crate.binding, BINDING);
  const store = memoryStore();
  for (const [name, text] of Object.entries(crate.store.records)) await store.compareAndSet(name, undefined, text, 60_000);
  const fetch = () => assert.fail("nothing is asked");
  for (const [part, options] of [
    ["cookies", {}],
    ["store", { store: storedSessions(store) }],
  ]) {
    const { session, login } = crate[part];
    const { tokens, begunAt, expiresAt, idleAt } = await edgeOf(fetch, options).session(new Request(ORIGIN, { headers: { cookie: cookie(session) } }));
    assert.deepEqual([begunAt, expiresAt, idleAt], [crate.at, crate.at + 43_200, crate.at + 3_600]);
    assert.deepEqual([tokens.accessToken, tokens.scope, tokens.expiresAt], ["eyJhIjoxfQ.eyJiIjoyfQ.AAAA", "read", crate.at + 300]);
    const [[name, sealed]] = Object.entries(login);
    const { transaction, ...carried } = JSON.parse(await open(KEY, `login ${BINDING}`, sealed));
    assert.deepEqual(carried, { returnTo: "/home" });
    assert.ok(transaction.startsWith(name.slice(-16)));
  }
});
