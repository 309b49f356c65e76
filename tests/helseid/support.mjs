// Shared by the tests of HelseID: a local HelseID, a client of it, a login walked to its end, a check of errors.
// Refuses an error that is no SamtykkeError, or that shows a token or a national identity number.

import assert from "node:assert/strict";
import { inspect } from "node:util";

import { HelseId, SamtykkeError, SigningKey } from "samtykke/helseid";
import { key } from "samtykke-local/internal/helseid/keys.mjs";
import { PEOPLE, REDIRECT_URI, browse, startApi, startHelseId } from "samtykke-local/helseid";

export const SCOPE = "openid profile offline_access helseid://scopes/identity/pid helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";

/** A local HelseID and its two APIs, closed after the test. */
export async function stage(t) {
  const server = await startHelseId();
  const [phr, kj] = [await startApi(server, "nhn:phr"), await startApi(server, "nhn:kj")];
  t.after(() => Promise.all([server, phr, kj].map((one) => one.close())));
  return { server, phr, kj };
}

export const clientKey = async (name = "client PS256") => SigningKey.fromJwk((await key(name)).privateJwk);

/** A client of a local HelseID. */
export async function connect({ issuer }, options = {}) {
  return HelseId.connect({
    environment: { issuer },
    clientId: "single",
    redirectUri: REDIRECT_URI,
    key: await clientKey(),
    dpop: await SigningKey.generate(),
    ...options,
  });
}

/** A store as a test sees it. */
export function store() {
  const saved = [];
  return { saved, save: (state) => void saved.push(state) };
}

/** Logs in, up to the callback. */
export async function loggedIn(helseid, request = { scope: SCOPE }) {
  const login = await helseid.login(request);
  return { ...login, back: await browse(login.url) };
}

/** Logs in to the end. */
export async function sessionOf(helseid, request, save = () => {}) {
  const { transaction, back } = await loggedIn(helseid, request);
  return helseid.finish(transaction, back, { save });
}

/** Checks that something fails with an error of these facts, and hands the error over. */
export async function fails(attempt, facts) {
  let error;
  try {
    await attempt();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error instanceof SamtykkeError, `expected ${facts.code}, got ${inspect(error)}`);
  assert.deepEqual(Object.fromEntries(Object.keys(facts).map((name) => [name, error[name]])), facts, error.message);
  const shown = inspect(error, { depth: 9 }) + JSON.stringify(error);
  for (const { sub } of PEOPLE) assert.ok(!shown.includes(sub), "an error shows a subject");
  assert.doesNotMatch(shown, /eyJ[A-Za-z0-9_-]{20,}\./, "an error shows a token");
  return error;
}

/** Requests to a path of the server's, in their order. */
export const requests = ({ log }, path) => log.filter((one) => one.path === path);
