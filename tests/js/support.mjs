// Shared by the tests of the npm package: a client, flows that are begun and answered, a hostile server, a leak scan.
// Everything goes through the package's public entries; servers and decoders here are independent of it.
// Refuses an error that is no SamtykkeError, lacks hint, doc, phase or action, or shows a secret.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { inspect } from "node:util";

import { Client, SamtykkeError, clientSecretBasic, norskgjeld } from "samtykke";

export const ISSUER = "https://access-preprod.norskgjeld.no/";
export const TOKEN_URL = "https://access-preprod.norskgjeld.no/oauth2/token";
export const CLIENT_ID = "eksempelbank-client";
export const REDIRECT_URI = "https://app.example.no/callback";
/** Awkward on purpose: every character of it is damaged by some wrong encoding. */
export const SECRET = "a%b+c d:e/f~g";
export const CODE = "kode-9f3.Zt~7";
export const TOKEN = "hemmelig-token.ZX81";

export const settings = { environment: "preprod", clientId: CLIENT_ID, redirectUri: REDIRECT_URI };
export const preprod = norskgjeld(settings);

/** A client of norskgjeld's preprod, or of a server at `origin`. */
export function clientOf({ origin, secret = SECRET, redirectUri = REDIRECT_URI, ...transport } = {}) {
  const environment = origin ? { auth: origin, api: origin } : "preprod";
  return new Client(norskgjeld({ environment, clientId: CLIENT_ID, redirectUri }), clientSecretBasic(secret), transport);
}

let count = 0;
/** A code no other test has used. */
export const freshCode = () => `${CODE}${(count += 1)}.${process.pid}`;

/** A flow begun and answered with a code: what `client.exchange` takes. */
export function answered(client, { code = freshCode(), request = { purpose: "presentation" } } = {}) {
  const login = client.begin(request);
  const checked = client.finish(login.transaction, `${client.provider.redirectUri}?code=${encodeURIComponent(code)}&state=${login.state}`);
  return { login, checked, code, verifier: verifierOf(login) };
}

/** The verifier of a flow, found by its shape: the text that hashes to nothing else in the transaction. */
export const verifierOf = ({ transaction }) => transaction.split(" ")[5];

export const tokenBody = (more = {}) => ({ access_token: TOKEN, expires_in: 3599, scope: "debt.unsecured.presentation", token_type: "bearer", ...more });

export const json = (body, status = 200, headers = {}) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

/** A `fetch` that records requests and answers from a list; the last answer is given again. */
export function fetchOf(...answers) {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push({ url, ...init });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    const given = typeof answer === "function" ? await answer(url, init) : answer;
    return given instanceof Response ? given.clone() : given;
  };
  // Not with what is spread into options, which take no name that nobody reads.
  return Object.defineProperty({ fetch }, "requests", { value: requests });
}

/** Everything of a value that a log could show. */
export function shown(value) {
  const texts = [String(value), inspect(value, { depth: Infinity, showHidden: true, getters: true })];
  try {
    texts.push(JSON.stringify(value) ?? "");
  } catch {
    // Not everything serialises.
  }
  for (let at = value; at instanceof Error; at = at.cause) texts.push(at.message, at.stack ?? "", inspect(at, { depth: Infinity, showHidden: true }));
  return texts.join("\n");
}

/** Each spelling under which a secret could leak. */
const spellings = (secret) => [
  secret,
  encodeURIComponent(secret.toWellFormed()),
  Buffer.from(secret).toString("base64"),
  Buffer.from(secret).toString("base64url"),
];

export function assertNoSecret(value, secrets, where = "value") {
  const text = shown(value);
  for (const secret of secrets.filter(Boolean)) {
    for (const spelling of spellings(secret)) assert.ok(!text.includes(spelling), `${where} shows a secret: ${spelling.slice(0, 6)}…`);
  }
}

/** Checks that something fails with a complete SamtykkeError of these facts, and hands the error over. */
export async function fails(attempt, facts, secrets = []) {
  let error;
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (caught) {
    error = caught;
  }
  assert.ok(error, `expected ${facts.code}, but nothing was thrown`);
  assert.ok(error instanceof SamtykkeError, `expected a SamtykkeError, got ${inspect(error)}`);
  const found = Object.fromEntries(Object.keys(facts).map((name) => [name, error[name]]));
  assert.deepEqual(found, facts);
  for (const name of ["code", "phase", "action", "hint", "doc"]) assert.ok(typeof error[name] === "string" && error[name], `${error.code} has no ${name}`);
  assertNoSecret(error, [SECRET, TOKEN, ...secrets], `the error ${error.code}`);
  return error;
}

/** A server that answers as the test says, and what it was asked. Closed, with every connection, after the test. */
export async function hostile(t, handler) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    await handler(request, response, requests.length);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, requests, server };
}

/** A storage like `sessionStorage`. */
export function storageOf(entries = {}) {
  const map = new Map(Object.entries(entries));
  return {
    map,
    get length() {
      return map.size;
    },
    key: (at) => [...map.keys()][at] ?? null,
    getItem: (name) => map.get(name) ?? null,
    setItem: (name, value) => void map.set(name, String(value)),
    removeItem: (name) => void map.delete(name),
  };
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
